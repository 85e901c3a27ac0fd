"""Every chip is whole and agrees with itself, with pyOCD's data and with the firmware's."""

import itertools
from collections import Counter

import pytest

from mcumatrix.adapters.flashers.pyocd.chips import chips as known_to_pyocd
from vstm32 import BoardOptions, VirtualBoardError
from vstm32.base.chip import Chip
from vstm32.base.memory_map import Storage
from vstm32.chips import DEFAULT_CHIP, chips, find_chip, module_names
from vstm32.timing import TIMING_MODELS

KB = 1024
EVERY_CHIP = pytest.mark.parametrize("chip", chips(), ids=lambda chip: chip.name)


def test_each_file_has_a_chip_and_each_name_stands_for_one():
    assert len(chips()) == len(module_names())
    assert max(Counter(name for chip in chips() for name in chip.names).values()) == 1
    for chip in chips():
        assert all(find_chip(name) is chip for name in chip.names)
    assert BoardOptions().of_chip is find_chip(DEFAULT_CHIP)


def test_an_unknown_chip_is_refused_with_those_that_there_are():
    with pytest.raises(VirtualBoardError) as caught:
        BoardOptions(chip="stm32f999zz")
    assert caught.value.message == "There is no virtual board with a chip 'stm32f999zz'."
    assert all(name in caught.value.hint for chip in chips() for name in chip.names)


@EVERY_CHIP
def test_memory_does_not_overlap_and_aliases_are_as_large_as_what_they_show(chip: Chip):
    regions = sorted(chip.memory.regions, key=lambda region: region.base)
    assert all(first.end <= second.base for first, second in itertools.pairwise(regions))
    assert chip.memory.flash.size_bytes == chip.memory.flash_itcm.size_bytes
    assert chip.memory.sizes_bytes[Storage.RAM] == sum(region.size_bytes for region in chip.memory.ram)
    assert all(size % 4096 == 0 for size in chip.memory.sizes_bytes.values())


@EVERY_CHIP
def test_each_layout_of_the_flash_covers_all_of_it_without_a_gap(chip: Chip):
    for layout in chip.flash.layouts:
        ends = [0, *(sector.offset + sector.size_bytes for sector in layout.sectors)]
        assert [sector.offset for sector in layout.sectors] == ends[:-1]
        assert ends[-1] == chip.memory.flash.size_bytes
        numbers = [sector.number for sector in layout.sectors]
        assert len(set(numbers)) == len(numbers)
        assert max(numbers) < 1 << chip.flash.sector_number_bits
        bits = sum(bank.mass_erase for bank in layout.banks)
        assert bits & chip.flash.control.writable == bits


@EVERY_CHIP
def test_uarts_have_each_their_own_register_and_pins(chip: Chip):
    for what in ("name", "base", "interrupt", "clock_field"):
        assert len({getattr(usart, what) for usart in chip.usarts}) == len(chip.usarts)
    pins = [(pin, usart.name) for usart in chip.usarts for pin in (*usart.transmit, *usart.receive)]
    assert len({pin for pin, _ in pins}) == len(pins)
    assert chip.kit.serial in {usart.name for usart in chip.usarts if usart.led_out}


@EVERY_CHIP
def test_each_timing_model_that_fits_exists_and_says_how_far_it_is_right(chip: Chip):
    assert chip.expected_errors.keys() <= TIMING_MODELS.keys()
    assert all(chip.expected_errors.values())


@EVERY_CHIP
def test_pyocd_is_told_the_same(chip: Chip):
    """The data in `mcumatrix` are for debuggers of real chips too, so there are two files."""
    [told] = [each for each in known_to_pyocd() if chip.name in each.targets]
    assert told.device_id == chip.signature.device_id
    assert [(memory.start, memory.size_bytes) for memory in told.ram] == [
        (region.base, region.size_bytes) for region in chip.memory.ram
    ]
    first, *_ = chip.flash.layouts
    sectors = [
        (part.start + number * part.size_bytes - chip.memory.flash.base, part.size_bytes)
        for part in told.sectors
        for number in range(part.count)
    ]
    assert sectors == [(sector.offset, sector.size_bytes) for sector in first.sectors]


def test_banks_that_a_chip_has_not_are_refused():
    with pytest.raises(VirtualBoardError) as caught:
        BoardOptions(flash_banks=7)
    assert "cannot be divided into 7 banks" in caught.value.message
