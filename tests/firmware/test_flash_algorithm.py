"""The flash algorithm: what is packaged is what the sources give, and does to a controller what it should.

To package it after a change: MCUMATRIX_WRITE_GOLDEN=1 ./dev test tests/firmware/test_flash_algorithm.py
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from unicorn import UC_ARCH_ARM, UC_HOOK_CODE, UC_MODE_MCLASS, UC_MODE_THUMB, Uc
from unicorn.arm_const import (
    UC_ARM_REG_LR,
    UC_ARM_REG_PC,
    UC_ARM_REG_PRIMASK,
    UC_ARM_REG_R0,
    UC_ARM_REG_R1,
    UC_ARM_REG_R2,
    UC_ARM_REG_SP,
    UC_CPU_ARM_CORTEX_M7,
)

from mcumatrix.adapters.flashers.pyocd.algorithm import (
    STM32F7,
    STM32L4,
    Algorithm,
    Controller,
    load_algorithm,
)
from mcumatrix.hashing import hash_tree
from support.firmware_images import FIRMWARE, run
from support.flash_algorithms import build_algorithm, require_packaged

SOURCES = FIRMWARE / "flash_algorithm"
CONTROLLERS = (STM32F7, STM32L4)

FLASH, FLASH_SIZE_BYTES, LARGEST_BYTES = 0x0800_0000, 0x10_0000, 0x20_0000
SIGNATURE, FLASH_SIZE_KB = 0x1FF0_F000, 0x442
REGISTERS, KEYR, SR, CR = 0x4002_3000, 0xC04, 0xC0C, 0xC10
RAM, RAM_SIZE_BYTES = 0x2000_0000, 0x1_0000
STACK_SIZE_BYTES, CODE_ADDRESS, BUFFER = 0x400, RAM + 0x400, RAM + 0x1000

PG, SER, MER, PSIZE_X32, STRT, LOCK = 1 << 0, 1 << 1, 1 << 2, 2 << 8, 1 << 16, 1 << 31
OPERR, WRPERR, PGAERR, PGPERR, ERSERR, BSY = 1 << 1, 1 << 4, 1 << 5, 1 << 6, 1 << 7, 1 << 16
KEYS = [0x4567_0123, 0xCDEF_89AB]
ERASE, PROGRAM, VERIFY = 1, 2, 3
LOCKED, BUSY, REFUSED, RANGE = 1 << 8, 2 << 8, 3 << 8, 4 << 8
FOR_EVER = 1 << 40
DSB = bytes.fromhex("bff34f8f")  # DSB SY, PM0253 3.12.4


@pytest.fixture(scope="module", params=CONTROLLERS, ids=lambda controller: controller.name)
def controller(request: pytest.FixtureRequest) -> Controller:
    """Each controller that there is code for."""
    return request.param


@pytest.fixture(scope="module")
def built(controller: Controller, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The algorithm, built from its sources by the firmware's CMake."""
    return build_algorithm(SOURCES, tmp_path_factory.mktemp("algorithm"), f"CONTROLLER={controller.name}")


def test_what_is_packaged_is_what_the_sources_give(controller, built):
    require_packaged(controller, built, hash_tree(SOURCES, [SOURCES]))


def test_nothing_is_outside_of_the_code(built):
    with (built / "algorithm.elf").open("rb") as file:
        elf = ELFFile(file)
        in_memory = [section.name for section in elf.iter_sections() if section["sh_flags"] & 2]
        undefined = [
            symbol.name
            for symbol in elf.get_section_by_name(".symtab").iter_symbols()
            if symbol.name and symbol["st_shndx"] == "SHN_UNDEF"
        ]
        relocations = [s.name for s in elf.iter_sections() if s["sh_type"] in ("SHT_REL", "SHT_RELA")]
    assert (in_memory, undefined, relocations) == ([".algorithm"], [], [])


def test_no_instruction_needs_the_fpu(built):
    listing = run("arm-none-eabi-objdump", "-d", "--no-show-raw-insn", built / "algorithm.elf")
    instructions = set(re.findall(r"^ +[0-9a-f]+:\t(\S+)", listing, re.MULTILINE))
    assert "dsb" in instructions
    assert [name for name in instructions if name.startswith("v")] == []


def test_the_first_instruction_halts_the_core(controller):
    assert load_algorithm(controller).instructions[0] & 0xFFFF == 0xBE00  # BKPT #0, PM0253 3.12.1


# --- on a core, with a flash controller


@dataclass
class Simulated:
    """The flash controller of an STM32F7 as RM0385 section 3.3 describes it, and the flash behind it.

    An operation keeps it busy for `busy_reads` readings of SR. `refuse` has the error flags with which it
    answers a store, by the number of the store. What the reference manual forbids is an error of the
    algorithm.
    """

    flash_size_bytes: int = FLASH_SIZE_BYTES
    busy_reads: int = 2
    refuse: dict[int, int] = field(default_factory=dict)
    refuse_erasing: int = 0
    accepts_keys: bool = True
    stored: Callable[[], None] = lambda: None
    wants_barriers: bool = False
    barrier_due: bool = False
    flash: bytearray = field(default_factory=lambda: bytearray(FLASH_SIZE_BYTES))
    cr: int = LOCK
    flags: int = 0
    erased: list[str] = field(default_factory=list)
    stores: list[tuple[int, int]] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)
    _busy: int = 0

    def start(self) -> None:
        self._busy = self.busy_reads

    def _access(self, needs_barrier: bool) -> None:
        if self.wants_barriers:
            assert not self.barrier_due
            self.barrier_due = needs_barrier

    def read(self, _core: Uc, offset: int, _size: int, _data: object) -> int:
        self._access(False)
        if offset == CR:
            return self.cr
        assert offset == SR
        busy = self._busy > 0
        self._busy -= busy
        return self.flags | (BSY if busy else 0)

    def write(self, _core: Uc, offset: int, _size: int, value: int, _data: object) -> None:
        self._access(offset == CR)
        if offset == KEYR:
            assert self.cr & LOCK, "a key for a controller that is open locks it until the next reset"
            self.keys.append(value)
            if self.accepts_keys and self.keys[-2:] == KEYS:
                self.cr &= ~LOCK
        elif offset == SR:
            self.flags &= ~value
        else:
            assert offset == CR
            assert not self._busy, "a write to CR while BSY is set stands still"
            if not self.cr & LOCK:
                self.cr = value
                if value & STRT:
                    self._erase(value)

    def _erase(self, control: int) -> None:
        assert control & PSIZE_X32
        self.cr &= ~STRT
        self.start()
        if self.refuse_erasing:
            self.flags |= self.refuse_erasing
        elif control & MER:
            assert not control & SER, "with MER and SER both set nothing is erased"
            self.erased.append("all")
        else:
            assert control & SER
            self.erased.append(str(control >> 3 & 0xF))

    def store(self, _core: Uc, offset: int, size: int, value: int, _data: object) -> None:
        self._access(True)
        number = len(self.stores)
        self.stores.append((offset, value))
        self.stored()
        assert not self._busy, "a word comes while the one before is being programmed"
        if not self.cr & PG:
            self.flags |= ERSERR
        elif size != 4 or self.cr >> 8 & 3 != 2:
            self.flags |= PGPERR
        elif number in self.refuse:
            self.flags |= self.refuse[number]
        else:
            for index, byte in enumerate(value.to_bytes(4, "little")):
                self.flash[offset + index] &= byte
            self.start()

    def load(self, _core: Uc, offset: int, size: int, _data: object) -> int:
        return int.from_bytes(self.flash[offset : offset + size], "little")


class Chip:
    """A core with the algorithm in RAM, and a flash controller."""

    def __init__(
        self,
        controller: Simulated | None = None,
        *,
        algorithm: Algorithm | None = None,
        code_address: int = CODE_ADDRESS,
    ) -> None:
        self.controller = controller or Simulated()
        self.algorithm = algorithm or load_algorithm()
        self.code_address = code_address
        self.core = Uc(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS)
        self.core.ctl_set_cpu_model(UC_CPU_ARM_CORTEX_M7)
        self.core.mem_map(RAM, RAM_SIZE_BYTES)
        self.core.mem_write(RAM, b"\xa5" * STACK_SIZE_BYTES)
        code = b"".join(word.to_bytes(4, "little") for word in self.algorithm.instructions)
        self.core.mem_write(code_address, code)
        c = self.controller
        self.core.mmio_map(REGISTERS, 0x1000, c.read, None, c.write, None)
        self.core.mmio_map(FLASH, c.flash_size_bytes, c.load, None, c.store, None)
        self.core.mem_map(SIGNATURE, 0x1000)
        self.core.mem_write(SIGNATURE + FLASH_SIZE_KB, (c.flash_size_bytes // 1024).to_bytes(2, "little"))

    def call(self, name: str, *arguments: int, instructions: int = 0) -> int | None:
        """The result, or None if the function is not at its end after so many instructions."""
        for register, value in zip((UC_ARM_REG_R0, UC_ARM_REG_R1, UC_ARM_REG_R2), arguments, strict=False):
            self.core.reg_write(register, value)
        self.core.reg_write(UC_ARM_REG_SP, RAM + STACK_SIZE_BYTES)
        self.core.reg_write(UC_ARM_REG_LR, self.code_address | 1)
        entry = self.code_address + self.algorithm.entries[name]
        self.core.emu_start(entry | 1, self.code_address, count=instructions)
        if self.core.reg_read(UC_ARM_REG_PC) != self.code_address:
            return None
        assert self.core.reg_read(UC_ARM_REG_SP) == RAM + STACK_SIZE_BYTES
        return int(self.core.reg_read(UC_ARM_REG_R0))

    def program(self, address: int, data: bytes) -> int | None:
        self.core.mem_write(BUFFER, data)
        return self.call("ProgramPage", address, len(data), BUFFER)


def opened(controller: Simulated | None = None, function: int = PROGRAM) -> Chip:
    chip = Chip(controller)
    assert chip.call("Init", FLASH, 0, function) == 0
    return chip


def blank(**behaviour: object) -> Simulated:
    return Simulated(flash=bytearray(b"\xff" * FLASH_SIZE_BYTES), **behaviour)


def large(**behaviour: object) -> Simulated:
    """As `blank`, with as much flash as a chip of the family can have."""
    return Simulated(LARGEST_BYTES, flash=bytearray(b"\xff" * LARGEST_BYTES), **behaviour)


def pattern(size_bytes: int) -> bytes:
    return bytes((7 * index + index // 256) & 0x7F for index in range(size_bytes))


def test_init_unlocks_with_the_keys_and_masks_interrupts():
    chip = opened()
    assert chip.controller.keys == KEYS
    assert not chip.controller.cr & LOCK
    assert chip.core.reg_read(UC_ARM_REG_PRIMASK) == 1


def test_init_leaves_a_controller_that_is_open_alone():
    chip = opened(Simulated(cr=0))
    assert chip.controller.keys == []


def test_init_for_reading_does_not_unlock():
    chip = opened(function=VERIFY)
    assert chip.controller.keys == []
    assert chip.controller.cr & LOCK


def test_init_says_that_the_keys_were_refused():
    chip = Chip(Simulated(accepts_keys=False))
    assert chip.call("Init", FLASH, 0, ERASE) == LOCKED


def test_init_says_that_the_controller_is_busy_and_touches_nothing():
    chip = Chip(Simulated(busy_reads=FOR_EVER))
    chip.controller.start()
    assert chip.call("Init", FLASH, 0, ERASE) == BUSY
    assert chip.controller.keys == []


def test_uninit_locks():
    chip = opened()
    assert chip.call("UnInit", PROGRAM) == 0
    assert chip.controller.cr & LOCK


def test_uninit_does_not_stand_still_at_a_controller_that_stays_busy():
    chip = opened(Simulated(busy_reads=FOR_EVER))
    chip.controller.start()
    assert chip.call("UnInit", PROGRAM) == BUSY


@pytest.mark.parametrize(
    ("address", "sector"),
    [
        (0x0800_0000, 0),
        (0x0800_8000, 1),
        (0x0801_0000, 2),
        (0x0801_8000, 3),
        (0x0801_FFFF, 3),
        (0x0802_0000, 4),
        (0x0803_FFFF, 4),
        (0x0804_0000, 5),
        (0x0808_0000, 6),
        (0x080C_0000, 7),
        (0x080F_FFFF, 7),
    ],
)
def test_an_address_erases_the_sector_that_it_is_in(address, sector):
    chip = opened(function=ERASE)
    assert chip.call("EraseSector", address) == 0
    assert chip.controller.erased == [str(sector)]
    assert chip.controller.cr == PSIZE_X32


@pytest.mark.parametrize("address", [0x0000_0000, 0x07FF_FFFF, 0x0810_0000, 0x2000_0000, 0xFFFF_FFFF])
def test_an_address_that_is_not_in_flash_erases_and_programs_nothing(address):
    chip = opened(blank())
    assert chip.call("EraseSector", address) == RANGE
    assert chip.program(address & ~3, pattern(8)) == RANGE
    assert (chip.controller.erased, chip.controller.stores) == ([], [])


@pytest.mark.parametrize(
    ("address", "sector"),
    [
        (0x0800_0000, 0),
        (0x0801_FFFF, 3),
        (0x0802_0000, 4),
        (0x080F_FFFF, 7),
        (0x0810_0000, 8),
        (0x0814_0000, 9),
        (0x0818_0000, 10),
        (0x081C_0000, 11),
        (0x081F_FFFF, 11),
    ],
)
def test_a_chip_with_twice_the_flash_has_four_sectors_more(address, sector):
    chip = opened(large(), ERASE)
    assert chip.call("EraseSector", address) == 0
    assert chip.controller.erased == [str(sector)]
    assert chip.call("EraseSector", 0x0820_0000) == RANGE


def test_a_chip_with_twice_the_flash_is_programmed_to_its_end():
    chip, data = opened(large()), pattern(1024)
    assert chip.program(FLASH + LARGEST_BYTES - 1024, data) == 0
    assert chip.controller.flash[-1024:] == data
    assert chip.program(FLASH + LARGEST_BYTES - 4, pattern(8)) == RANGE


def test_the_whole_chip_is_erased_at_once():
    chip = opened(function=ERASE)
    assert chip.call("EraseChip") == 0
    assert chip.controller.erased == ["all"]


@pytest.mark.parametrize("flags", [OPERR, WRPERR, WRPERR | ERSERR])
@pytest.mark.parametrize("call", [("EraseChip",), ("EraseSector", FLASH)])
def test_error_flags_of_erasing_are_the_result(call, flags):
    chip = opened(Simulated(refuse_erasing=flags), ERASE)
    assert chip.call(*call) == REFUSED | flags
    assert chip.controller.cr == PSIZE_X32


def test_old_error_flags_are_no_errors():
    for call in (("EraseChip",), ("EraseSector", FLASH), ("ProgramPage", FLASH, 4, BUFFER)):
        chip = opened(blank(flags=OPERR | WRPERR | PGAERR | PGPERR | ERSERR))
        chip.core.mem_write(BUFFER, pattern(4))
        assert chip.call(*call) == 0, call


def test_erasing_waits_for_as_long_as_the_debugger_lets_it():
    chip = opened(Simulated(busy_reads=FOR_EVER), ERASE)
    assert chip.call("EraseSector", FLASH, instructions=2_000_000) is None


@pytest.mark.parametrize("size_bytes", [4, 1024, 16 * 1024])
@pytest.mark.parametrize("address", [FLASH, FLASH + 0x4000, FLASH + FLASH_SIZE_BYTES - 16 * 1024])
def test_a_page_is_programmed(address, size_bytes):
    chip, data = opened(blank()), pattern(size_bytes)
    assert chip.program(address, data) == 0
    offset = address - FLASH
    assert chip.controller.flash == bytes(offset).replace(b"\0", b"\xff") + data + b"\xff" * (
        FLASH_SIZE_BYTES - offset - size_bytes
    )
    assert chip.controller.cr == PSIZE_X32


@pytest.mark.parametrize("size_bytes", [1, 2, 3, 5, 6, 7, 1021])
def test_what_is_missing_of_the_last_word_stays_erased(size_bytes):
    chip, data = opened(blank()), pattern(size_bytes)
    chip.core.mem_write(BUFFER, b"\0" * 2048)
    assert chip.program(FLASH, data) == 0
    assert chip.controller.flash[: size_bytes + 16] == data + b"\xff" * 16


def test_a_buffer_may_be_at_any_address():
    chip, data = opened(blank()), pattern(16)
    chip.core.mem_write(BUFFER + 1, data)
    assert chip.call("ProgramPage", FLASH, len(data), BUFFER + 1) == 0
    assert chip.controller.flash[:16] == data


def test_words_that_stay_erased_cost_no_programming():
    chip = opened(blank())
    assert chip.program(FLASH, b"\xff" * 8 + b"\x12\x34\x56\x78" + b"\xff" * 8) == 0
    assert chip.controller.stores == [(8, 0x7856_3412)]


def test_an_address_between_words_is_refused():
    chip = opened(blank())
    assert chip.program(FLASH + 2, pattern(4)) == RANGE


def test_a_page_across_the_end_of_flash_is_refused():
    chip = opened(blank())
    assert chip.program(FLASH + FLASH_SIZE_BYTES - 4, pattern(8)) == RANGE
    assert chip.controller.stores == []


@pytest.mark.parametrize("flags", [OPERR, WRPERR, PGAERR, PGPERR, ERSERR, PGAERR | PGPERR])
@pytest.mark.parametrize("number", [0, 1, 300, 4095])
def test_programming_ends_at_the_word_that_raises_error_flags_and_says_where(number, flags):
    chip = opened(blank(refuse={number: flags}))
    data = pattern(16 * 1024)
    assert chip.program(FLASH, data) == number << 12 | REFUSED | flags
    assert len(chip.controller.stores) == number + 1
    assert chip.controller.flash[: 4 * number + 4] == data[: 4 * number] + b"\xff" * 4
    assert chip.controller.cr == PSIZE_X32


def test_programming_without_unlocking_is_an_error_of_the_first_word():
    chip = Chip(blank())
    assert chip.program(FLASH, pattern(64)) == REFUSED | ERSERR


def test_a_word_that_never_ends_is_an_error_and_says_where():
    chip = opened(blank())

    def third_is_stuck() -> None:
        if len(chip.controller.stores) == 3:
            chip.controller.busy_reads = FOR_EVER

    chip.controller.stored = third_is_stuck
    assert chip.program(FLASH, pattern(16)) == 2 << 12 | BUSY


@pytest.mark.parametrize("call", [("EraseChip",), ("EraseSector", FLASH), ("ProgramPage", FLASH, 4, BUFFER)])
def test_nothing_is_started_while_the_controller_is_busy(call):
    chip = opened(blank(busy_reads=FOR_EVER))
    chip.controller.start()
    assert chip.call(*call) == BUSY
    assert (chip.controller.erased, chip.controller.stores) == ([], [])


@pytest.mark.parametrize("call", [("EraseChip",), ("EraseSector", FLASH), ("ProgramPage", FLASH, 64, BUFFER)])
def test_a_barrier_is_between_a_word_or_a_command_and_the_next_access(call):
    chip = opened(blank())
    chip.core.mem_write(BUFFER, pattern(64))
    chip.controller.wants_barriers = True
    barriers = 0

    def executed(core: Uc, address: int, size: int, _data: object) -> None:
        nonlocal barriers
        if core.mem_read(address, size) == DSB:
            barriers += 1
            chip.controller.barrier_due = False

    chip.core.hook_add(UC_HOOK_CODE, executed)
    assert chip.call(*call) == 0
    assert barriers >= 3


def test_the_code_runs_at_any_address():
    for address in (RAM + 0x8000, RAM + 0x8124, RAM + 0xF000):
        chip, data = Chip(blank(), code_address=address), pattern(1024)
        assert [chip.call("Init", FLASH, 0, PROGRAM), chip.program(FLASH, data)] == [0, 0]
        assert chip.controller.flash[:1024] == data


def test_all_of_it_needs_little_of_its_stack():
    chip = opened(blank())
    calls = [("EraseChip",), ("EraseSector", FLASH), ("ProgramPage", FLASH, 64, BUFFER), ("UnInit", PROGRAM)]
    assert [chip.call(*call) for call in calls] == [0, 0, 0, 0]
    stack = bytes(chip.core.mem_read(RAM, STACK_SIZE_BYTES))
    assert 0 < len(stack.lstrip(b"\xa5")) <= 64
