"""What the header says of Unicorn and of the MPU is what they say themselves."""

import re

import pytest
import unicorn
from unicorn import arm_const

from vstm32.cortex_m import mpu
from vstm32.native.library import ffi, lib
from vstm32.native.sources import FOLDER

HEADER = (FOLDER / "layout.h").read_text()
OF_UNICORN = re.findall(r"\b(UC_[A-Z0-9_]+) = \d+", HEADER)
HOST_CACHE_LINE = 64


@pytest.mark.parametrize("name", OF_UNICORN)
def test_a_number_of_unicorn_is_unicorns(name: str) -> None:
    module = arm_const if name.startswith("UC_ARM_") else unicorn
    assert getattr(lib, name) == getattr(module, name)


def test_permissions_are_those_of_the_mpu_and_of_unicorn() -> None:
    permits = (lib.PERMIT_READ, lib.PERMIT_WRITE, lib.PERMIT_EXECUTE)
    assert permits == (mpu.PERMIT_READ, mpu.PERMIT_WRITE, mpu.PERMIT_EXECUTE)
    assert permits == (unicorn.UC_PROT_READ, unicorn.UC_PROT_WRITE, unicorn.UC_PROT_EXEC)


def test_a_record_fills_cache_lines_of_the_host() -> None:
    assert ffi.sizeof("struct record") == 2 * HOST_CACHE_LINE
    assert ffi.offsetof("struct record", "after", 1) == HOST_CACHE_LINE
