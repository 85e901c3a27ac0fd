"""Both implementations, started once for all tests. Without QEMU the tests fail: they never skip."""

from collections.abc import Iterator

import pytest

from conformance.running import Bench, bench
from vstm32.base.chip import CoreModel
from vstm32.chips import chips


@pytest.fixture(scope="session")
def both() -> Iterator[Bench]:
    with bench() as started:
        yield started


@pytest.fixture(scope="session")
def both_double() -> Iterator[Bench]:
    """The same with a chip whose FPU has double precision, as QEMU's has."""
    name = next(chip.name for chip in chips() if chip.core.has_double_precision)
    with bench(name) as started:
        yield started


@pytest.fixture(scope="session")
def both_m4() -> Iterator[Bench]:
    """The same with a chip whose core is a Cortex-M4, and QEMU's."""
    name = next(chip.name for chip in chips() if chip.core.model is CoreModel.CORTEX_M4)
    with bench(name) as started:
        yield started
