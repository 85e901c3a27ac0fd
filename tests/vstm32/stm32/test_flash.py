"""The FLASH controller by its registers, and as a debugger uses it while the core stands still."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vstm32.chips.stm32f746 import CHIP
from vstm32.cortex_m.clock import VirtualClock
from vstm32.cortex_m.core import Core
from vstm32.stm32 import flash
from vstm32.stm32.flash import FlashFaults, FlashInterface

LOCK, STRT, EOPIE, ERRIE = 1 << 31, 1 << 16, 1 << 24, 1 << 25
PG, SER, MER = 1, 2, 4
X8, X16, X32, X64 = (size << 8 for size in range(4))
BSY, ERSERR, PGPERR, PGAERR, WRPERR, OPERR, EOP = 1 << 16, 1 << 7, 1 << 6, 1 << 5, 1 << 4, 1 << 1, 1
START = 0x0800_0000
CLOCK_HZ = 16_000_000


class Controller:
    """A FLASH controller with a core that stands still."""

    def __init__(self):
        self.core = Core(CHIP)
        self.findings = []
        self.interrupts = []
        self.block = FlashInterface(
            self.core,
            VirtualClock(self.core),
            CHIP.flash.layouts[0],
            core_clock_hz=lambda: CLOCK_HZ,
            interrupt=self.interrupts.append,
            report=self.findings.append,
        )

    def unlock(self, *keys):
        for key in keys or flash.KEYS:
            self.block.write_register(flash.KEYR, key)
        return self

    def control(self, value):
        self.block.write_register(flash.CR, value)

    def program(self, address, data, size_bytes=4):
        self.control(X32 | PG if size_bytes == 4 else {1: X8, 2: X16, 8: X64}[size_bytes] | PG)
        self.block.program(address, data, size_bytes)

    @property
    def status(self):
        return self.block.read_register(flash.SR)

    def wait(self):
        """Polls until flash is ready; returns the flags and the cycles that have passed."""
        before = self.core.cycles
        while self.status & BSY:
            pass
        return self.status, self.core.cycles - before

    def erase(self, sector=None):
        command = MER if sector is None else SER | sector << 3
        self.control(command)
        self.control(command | STRT)
        return self.wait()


@pytest.fixture
def controller():
    return Controller()


# --- the lock


def test_two_right_keys_unlock_and_lock_can_be_set_again(controller):
    controller.unlock()
    assert not controller.block.read_register(flash.CR) & LOCK
    controller.control(LOCK)
    assert controller.block.read_register(flash.CR) & LOCK
    controller.unlock()
    assert not controller.block.read_register(flash.CR) & LOCK


def test_a_wrong_key_locks_flash_until_reset(controller):
    block = controller.block
    controller.unlock(0x4567_0123, 0, 0x4567_0123, 0xCDEF_89AB)
    assert block.read_register(flash.CR) & LOCK
    block.reset()
    controller.unlock()
    assert not block.read_register(flash.CR) & LOCK


def test_a_locked_control_register_ignores_writes(controller):
    controller.control(X32 | PG)
    assert controller.block.read_register(flash.CR) == LOCK


def test_wait_states_and_accelerator_read_back(controller):
    controller.block.write_register(flash.ACR, 0x307)
    assert controller.block.read_register(flash.ACR) == 0x307


# --- erasing


@pytest.mark.parametrize("number", range(8))
def test_a_sector_is_erased_with_its_neighbours_untouched(controller, number):
    controller.block.load(bytes(1 << 20))
    controller.unlock().erase(number)
    sizes = [32, 32, 32, 32, 128, 256, 256, 256]
    first, size = 1024 * sum(sizes[:number]), 1024 * sizes[number]
    contents = controller.block.contents()
    assert contents[first : first + size] == b"\xff" * size
    assert contents.count(0) == (1 << 20) - size


def test_a_mass_erase_leaves_nothing(controller):
    controller.block.load(bytes(1 << 20))
    controller.unlock().erase()
    assert controller.block.contents() == b"\xff" * (1 << 20)


@pytest.mark.parametrize(("sector", "seconds"), [(0, 0.5), (3, 0.5), (4, 1), (5, 2), (7, 2), (None, 8)])
def test_erasing_takes_its_time(controller, sector, seconds):
    assert controller.unlock().erase(sector) == (0, seconds * CLOCK_HZ)


def test_strt_reads_back_until_erasing_has_ended(controller):
    controller.unlock().control(SER | STRT)
    assert controller.block.read_register(flash.CR) == SER | STRT
    assert controller.status & BSY
    assert controller.block.read_register(flash.CR) == SER


def test_a_write_to_the_control_register_waits_for_the_end_of_an_operation(controller):
    controller.unlock().control(SER | STRT)
    controller.control(0)
    assert controller.core.cycles == CLOCK_HZ // 2
    assert controller.status == 0


def test_erasing_comes_first_when_pg_is_set_as_well(controller):
    controller.block.load(bytes(1 << 20))
    controller.unlock().control(PG | SER | STRT)
    assert controller.block.contents()[:0x8000] == b"\xff" * 0x8000


@pytest.mark.parametrize(
    ("command", "flags"),
    [
        (SER | 8 << 3, ERSERR),
        (SER | 15 << 3, ERSERR),
        (SER | MER, ERSERR),
        (0, ERSERR),
        (PG, ERSERR),
        (SER | MER | ERRIE, ERSERR | OPERR),
    ],
)
def test_an_erase_that_makes_no_sense_is_a_sequence_error(controller, command, flags):
    controller.block.load(bytes(1 << 20))
    controller.unlock().control(command | STRT)
    assert controller.status == flags
    assert controller.block.contents() == bytes(1 << 20)


def test_strt_together_with_lock_erases_nothing(controller):
    controller.block.load(bytes(1 << 20))
    controller.unlock().control(MER | STRT | LOCK)
    assert controller.status == 0
    assert controller.block.contents() == bytes(1 << 20)


# --- programming


def test_programming_clears_bits_and_never_sets_them(controller):
    controller.unlock().program(START + 8, struct.pack("<I", 0xFF00_F0F0))
    controller.program(START + 8, struct.pack("<I", 0x0FFF_FF00))
    assert struct.unpack_from("<I", controller.block.contents(), 8) == (0x0F00_F000,)


@pytest.mark.parametrize("size_bytes", [1, 2, 4, 8])
def test_every_piece_takes_the_time_of_a_word(controller, size_bytes):
    controller.unlock().program(START, bytes(16), size_bytes)
    assert controller.wait()[0] == 0
    assert controller.core.cycles == 16 // size_bytes * 16e-6 * CLOCK_HZ


@pytest.mark.parametrize("size_bytes", [1, 2, 4, 8])
@pytest.mark.parametrize("parallelism", [X8, X16, X32, X64])
def test_the_size_of_a_store_must_be_that_of_psize(controller, size_bytes, parallelism):
    controller.unlock().control(parallelism | PG)
    controller.block.program(START, bytes(size_bytes), size_bytes)
    right = size_bytes == 1 << (parallelism >> 8)
    assert controller.wait()[0] == (0 if right else PGPERR)
    assert controller.block.contents()[:8] == (bytes(size_bytes) if right else b"").ljust(8, b"\xff")


@pytest.mark.parametrize(("offset", "size_bytes"), [(1, 2), (2, 4), (4, 8), (14, 4)])
def test_a_store_must_be_aligned(controller, offset, size_bytes):
    controller.unlock().program(START + offset, bytes(size_bytes), size_bytes)
    assert controller.wait() == (PGAERR, 0)
    assert controller.block.contents()[:32] == b"\xff" * 32


def test_what_a_debugger_does_wrong_is_no_finding_about_the_firmware(controller):
    controller.unlock().control(STRT)
    controller.block.program(START, bytes(4), 4)
    assert controller.status == ERSERR
    assert controller.findings == []


@pytest.mark.parametrize("control", [LOCK, LOCK | PG, 0, X32, X32 | PG | SER, X32 | PG | MER])
def test_a_store_that_was_not_prepared_is_a_sequence_error(controller, control):
    controller.unlock().control(control)
    controller.block.program(START, bytes(4), 4)
    assert controller.status == ERSERR
    assert controller.block.contents()[:4] == b"\xff" * 4


def test_error_flags_stay_until_a_one_is_written_to_them(controller):
    controller.unlock().program(START + 2, bytes(4))
    controller.control(X8 | PG)
    controller.block.program(START, bytes(4), 4)
    assert controller.status == PGAERR | PGPERR
    controller.block.write_register(flash.SR, 0)
    controller.block.write(flash.SR, 1, PGAERR)
    assert controller.status == PGPERR
    controller.block.write_register(flash.SR, 0xFFFF_FFFF)
    assert controller.status == 0


def test_operr_is_set_with_the_error_interrupt_only(controller):
    controller.unlock().control(X8 | PG | ERRIE)
    controller.block.program(START, bytes(4), 4)
    assert controller.status == PGPERR | OPERR
    assert controller.interrupts[-1] is True
    controller.block.write_register(flash.SR, OPERR)
    assert controller.status == PGPERR
    assert controller.interrupts[-1] is False


def test_eop_is_set_with_its_interrupt_only(controller):
    controller.unlock().control(X32 | PG | EOPIE)
    controller.block.program(START, bytes(4), 4)
    assert controller.interrupts[-1] is False
    assert controller.status == BSY
    assert controller.interrupts[-1] is True
    assert controller.status == EOP
    controller.block.write_register(flash.SR, EOP)
    assert controller.interrupts[-1] is False


def test_a_reset_ends_what_is_under_way_and_keeps_what_was_programmed(controller):
    controller.unlock().program(START, bytes(4))
    controller.program(START + 2, bytes(4))
    controller.block.reset()
    assert controller.status == 0
    assert controller.block.read_register(flash.CR) == LOCK
    assert controller.block.contents()[:6] == bytes(4) + b"\xff\xff"


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.sampled_from([1, 2, 4, 8]), st.integers(0, 40), st.integers(0, (1 << 64) - 1)),
        max_size=30,
    )
)
def test_whatever_is_programmed_flash_holds_the_and_of_it(stores):
    controller = Controller().unlock()
    expected = bytearray(b"\xff" * 64)
    for size_bytes, offset, value in stores:
        data = value.to_bytes(8, "little")[:size_bytes]
        controller.program(START + offset, data, size_bytes)
        if offset % size_bytes == 0:
            for index, byte in enumerate(data):
                expected[offset + index] &= byte
    assert controller.block.contents()[:64] == expected


# --- for a debugger


@pytest.mark.parametrize(
    ("address", "length", "size_bytes", "message"),
    [
        (START - 4, 8, 4, "8 bytes at 0x07fffffc are not inside of flash"),
        (START + 0x10_0000 - 4, 8, 4, "8 bytes at 0x080ffffc are not inside of flash"),
        (0x0020_0000, 4, 4, "4 bytes at 0x00200000 are not inside of flash"),
        (START, 6, 4, "6 bytes cannot be stored 4 at a time"),
        (START, 6, 3, "6 bytes cannot be stored 3 at a time"),
    ],
)
def test_what_cannot_be_stored_is_refused_with_the_reason(controller, address, length, size_bytes, message):
    with pytest.raises(ValueError, match=message):
        controller.unlock().block.program(address, bytes(length), size_bytes)


def test_contents_can_be_kept_and_loaded_again(controller):
    controller.unlock().program(START + 0x8_0000, b"kept")
    kept = controller.block.contents()
    other = Controller()
    other.block.load(kept)
    assert other.block.contents() == kept
    assert other.core.memory.read(START + 0x8_0000, 4) == b"kept"
    with pytest.raises(ValueError, match="flash has 1048576 bytes, and not 4"):
        other.block.load(b"kept")


def test_a_change_is_told_once(controller):
    block = controller.block
    block.load(bytes(1 << 20))
    assert not block.changed()
    controller.unlock()
    block.program(START, bytes(4), 4)
    assert not block.changed()
    controller.program(START, bytes(4))
    assert block.changed()
    assert not block.changed()
    controller.erase(7)
    assert block.changed()


# --- faults on purpose


def test_with_refuse_unlock_the_right_keys_do_not_unlock(controller):
    controller.block.set_faults(FlashFaults(refuse_unlock=True))
    controller.unlock()
    assert controller.block.read_register(flash.CR) == LOCK
    controller.block.set_faults(FlashFaults())
    controller.unlock()
    assert controller.block.read_register(flash.CR) == 0


@pytest.mark.parametrize("command", [X32 | PG, X32 | PG | EOPIE, SER | STRT])
def test_with_stay_busy_an_operation_never_ends(controller, command):
    controller.block.set_faults(FlashFaults(stay_busy=True))
    assert controller.unlock().status == 0
    controller.control(command)
    if command & PG:
        controller.block.program(START, bytes(4), 4)
    assert all(controller.status == BSY for _ in range(10))
    controller.block.set_faults(FlashFaults())
    assert controller.status == (EOP if command & EOPIE else 0)


def test_with_fail_erase_nothing_is_erased(controller):
    controller.block.load(bytes(1 << 20))
    controller.block.set_faults(FlashFaults(fail_erase=True))
    assert controller.unlock().erase(2) == (OPERR, 0)
    assert controller.block.contents() == bytes(1 << 20)


def test_with_fail_program_nothing_is_programmed(controller):
    controller.block.set_faults(FlashFaults(fail_program=True))
    controller.unlock().program(START, bytes(4))
    assert controller.wait() == (WRPERR, 0)
    assert controller.block.contents()[:4] == b"\xff" * 4


def test_flip_spoils_one_bit_of_one_byte_once(controller):
    controller.block.set_faults(FlashFaults(flip=START + 6))
    controller.unlock().program(START, bytes(16))
    assert controller.block.contents()[:16] == bytes(6) + b"\x01" + bytes(9)
    assert controller.block.faults == FlashFaults()
    controller.program(START, bytes(16))
    assert controller.block.contents()[:16] == bytes(16)


def test_faults_stay_through_a_reset(controller):
    faults = FlashFaults(refuse_unlock=True, stay_busy=True, fail_erase=True, fail_program=True, flip=START)
    controller.block.set_faults(faults)
    controller.block.reset()
    assert controller.block.faults == faults
    controller.unlock()
    assert controller.block.read_register(flash.CR) == LOCK
