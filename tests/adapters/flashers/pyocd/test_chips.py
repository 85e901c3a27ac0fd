"""The chips that pyOCD has not built in, as data."""

import subprocess
import sys
from itertools import pairwise

import pyocd  # noqa: F401  before our modules, which are loaded by it
import pytest
from pyocd.target import TARGET

from mcumatrix.adapters.flashers.pyocd.algorithm import flash_algo
from mcumatrix.adapters.flashers.pyocd.chip import Chip
from mcumatrix.adapters.flashers.pyocd.chips import chips
from mcumatrix.adapters.flashers.pyocd.target import DEVICES, target_class


@pytest.fixture(params=chips(), ids=lambda chip: chip.part)
def chip(request: pytest.FixtureRequest) -> Chip:
    return request.param


def test_every_file_of_a_chip_makes_its_targets_known_to_pyocd(chip):
    assert chip.targets
    for name in chip.targets:
        assert TARGET[name] is target_class(chip)


def test_no_chip_takes_a_name_from_another_or_from_pyocd(chip):
    ours = [name for other in chips() for name in other.targets]
    assert len(set(ours)) == len(ours)
    from pyocd.target import builtin

    assert not set(chip.targets) & set(builtin.BUILTIN_TARGETS)


def test_a_chip_that_answers_is_named_by_its_device_id(chip):
    assert chip.device_id in DEVICES


def test_the_sectors_of_a_chip_follow_each_other_and_hold_whole_pages(chip):
    for one, next_one in pairwise(chip.sectors):
        assert one.start + one.count * one.size_bytes == next_one.start
    assert all(sectors.size_bytes % chip.controller.page_size_bytes == 0 for sectors in chip.sectors)
    assert chip.flash.start == chip.sectors[0].start


def test_the_algorithm_lies_in_the_first_ram_of_a_chip_with_all_that_it_uses(chip):
    algorithm, ram = flash_algo(chip.controller), chip.ram[0]
    used = [
        *(algorithm["end_stack"], algorithm["begin_stack"], algorithm["load_address"]),
        *(buffer + chip.controller.page_size_bytes for buffer in algorithm["page_buffers"]),
    ]
    assert ram.start <= min(used)
    assert max(used) <= ram.start + ram.size_bytes


def test_a_chip_is_data_that_needs_nothing_of_pyocd():
    script = (
        "import sys; from mcumatrix.adapters.flashers.pyocd.chips import chips; chips(); "
        "print(any(name.partition('.')[0] == 'pyocd' for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
