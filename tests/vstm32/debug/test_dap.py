"""The debug port and its access port, register by register."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.debug_fakes import RAM, RAM_BYTES, FakeBus
from vstm32.debug.dap import (
    ABORT,
    BASE,
    BD0,
    CDBGPWRUPREQ,
    CSW,
    CSW_INCREMENT_SINGLE,
    CSW_RESET,
    CSYSPWRUPREQ,
    CTRL_STAT,
    DPIDR,
    DRW,
    IDR,
    INCREMENT_WRAP_BYTES,
    RDBUFF,
    RESEND,
    SELECT,
    STICKYERR,
    STKERRCLR,
    TAR,
    BusFaultError,
    DebugPort,
    TransferFaultError,
)

POWER_UP = CSYSPWRUPREQ | CDBGPWRUPREQ
STICKY_TEXT = "an earlier error has not been cleared in ABORT (CTRL/STAT.STICKYERR)"
NOWHERE = 0x6000_0000
WORD_BY_WORD = 0x2 | CSW_INCREMENT_SINGLE
words = st.integers(0, 0xFFFF_FFFF)
places = st.integers(0, RAM_BYTES // 4 - 1).map(lambda index: RAM + 4 * index)


class Debugger:
    """Reads and writes registers of access port 0 by their whole offset."""

    def __init__(self, bus: FakeBus | None = None) -> None:
        self.bus = bus or FakeBus()
        self.port = DebugPort(self.bus)
        self.port.write_dp(CTRL_STAT, POWER_UP)

    def read(self, register: int) -> int:
        self.port.write_dp(SELECT, register & 0xF0)
        return self.port.read_ap(register)

    def write(self, register: int, value: int) -> None:
        self.port.write_dp(SELECT, register & 0xF0)
        self.port.write_ap(register, value)


def fault(access: object, *arguments: object) -> str:
    with pytest.raises(TransferFaultError) as caught:
        access(*arguments)  # type: ignore[operator]
    return str(caught.value)


def test_the_debug_port_names_itself_as_that_of_a_real_stm32f746() -> None:
    assert DebugPort(FakeBus()).read_dp(DPIDR) == 0x5BA0_2477


@pytest.mark.parametrize(
    ("requested", "status"),
    [
        (0, 0),
        (CDBGPWRUPREQ, 0x3000_0000),
        (POWER_UP, 0xF000_0000),
        (POWER_UP | 0xF00, 0xF000_0F00),
        (0xFFFF_FFFF, 0xF000_0F00),
    ],
)
def test_power_is_acknowledged_as_soon_as_it_is_requested(requested: int, status: int) -> None:
    port = DebugPort(FakeBus())
    port.write_dp(CTRL_STAT, requested)
    assert port.read_dp(CTRL_STAT) == status


def test_without_power_an_access_port_answers_with_a_fault() -> None:
    port = DebugPort(FakeBus())
    no_power = "the debug domain has no power (CTRL/STAT.CDBGPWRUPREQ is 0)"
    assert fault(port.read_ap, CSW) == no_power
    assert port.read_dp(CTRL_STAT) == STICKYERR
    assert fault(port.read_memory, RAM, 4) == no_power
    assert fault(port.write_memory_block, RAM, b"abcd") == no_power


@pytest.mark.parametrize("access", ["read", "write"])
def test_a_bus_error_sticks_until_abort_clears_it(access: str) -> None:
    debugger = Debugger()
    port = debugger.port
    debugger.write(TAR, NOWHERE)
    arguments = (DRW,) if access == "read" else (DRW, 1)
    assert fault(getattr(port, f"{access}_ap"), *arguments) == "the bus gives an error at 0x60000000"
    assert port.read_dp(CTRL_STAT) == 0xF000_0000 | STICKYERR
    assert fault(port.read_ap, CSW) == STICKY_TEXT
    assert fault(port.write_ap, TAR, RAM) == STICKY_TEXT
    port.write_dp(ABORT, 0x1A)
    assert fault(port.read_ap, CSW) == STICKY_TEXT
    port.write_dp(CTRL_STAT, POWER_UP)
    assert fault(port.read_ap, CSW) == STICKY_TEXT
    port.write_dp(ABORT, STKERRCLR)
    assert port.read_dp(CTRL_STAT) == 0xF000_0000
    assert port.read_ap(TAR) == NOWHERE


def test_the_sticky_error_holds_up_absent_access_ports_too() -> None:
    debugger = Debugger()
    debugger.write(TAR, NOWHERE)
    fault(debugger.port.read_ap, DRW)
    debugger.port.write_dp(SELECT, 0x0100_00F0)
    assert fault(debugger.port.read_ap, IDR) == STICKY_TEXT
    assert fault(debugger.port.write_ap, CSW, 0) == STICKY_TEXT


@pytest.mark.parametrize("bank", range(1, 16))
def test_other_banks_of_the_debug_port_read_as_zero_and_ignore_writes(bank: int) -> None:
    port = Debugger().port
    port.write_dp(SELECT, bank)
    assert port.read_dp(CTRL_STAT) == 0
    port.write_dp(CTRL_STAT, 0)
    assert port.read_dp(DPIDR) == 0x5BA0_2477
    port.write_dp(SELECT, 0)
    assert port.read_dp(CTRL_STAT) == 0xF000_0000


def test_what_was_read_last_can_be_read_once_more() -> None:
    debugger = Debugger()
    assert debugger.port.read_dp(RDBUFF) == 0
    debugger.read(IDR)
    assert debugger.port.read_dp(RDBUFF) == debugger.port.read_dp(RESEND) == 0x7477_0001


def test_there_is_one_access_port_an_ahb_ap_with_a_rom_table() -> None:
    debugger = Debugger()
    assert debugger.read(IDR) == 0x7477_0001
    assert debugger.read(BASE) == 0xE00F_D003
    assert debugger.read(0xF4) == 0
    for number in range(1, 256):
        debugger.port.write_dp(SELECT, number << 24 | 0xF0)
        assert debugger.port.read_ap(IDR) == 0
        assert debugger.port.read_ap_repeated(IDR, 3) == [0, 0, 0]
        debugger.port.write_ap(TAR, 1)
    assert debugger.read(TAR) == 0


def test_a_fault_can_take_the_access_port_away_and_bring_it_back() -> None:
    debugger = Debugger()
    debugger.write(TAR, RAM)
    debugger.port.access_port_absent = True
    debugger.write(TAR, 0)
    assert debugger.read(IDR) == 0
    debugger.port.access_port_absent = False
    assert debugger.read(IDR) == 0x7477_0001
    assert debugger.read(TAR) == RAM


@pytest.mark.parametrize("register", [*range(0x20, 0xF8, 4)])
def test_registers_that_are_not_there_read_as_zero_and_ignore_writes(register: int) -> None:
    debugger = Debugger()
    debugger.write(register, 0xFFFF_FFFF)
    assert debugger.read(register) == 0


@pytest.mark.parametrize("register", [0xF4, BASE, IDR])
def test_identification_cannot_be_written(register: int) -> None:
    debugger = Debugger()
    before = debugger.read(register)
    debugger.write(register, ~before & 0xFFFF_FFFF)
    assert debugger.read(register) == before


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (0x0300_0012, 0x0300_0052),
        (0x0000_0000, 0x0000_0040),
        (0x7F00_0011, 0x7F00_0051),
        (0xFFFF_FF00, 0x7F00_0040),
        # 64 bits are not supported, nor is a packed or a reserved increment.
        (0x0000_0003, 0x0000_0042),
        (0x0000_0007, 0x0000_0042),
        (0x0000_0022, 0x0000_0042),
        (0x0000_0032, 0x0000_0042),
    ],
)
def test_csw_reads_back_what_is_supported(written: int, read: int) -> None:
    debugger = Debugger()
    assert debugger.read(CSW) == CSW_RESET == 0x0300_0042
    debugger.write(CSW, written)
    assert debugger.read(CSW) == read


@given(
    size=st.sampled_from([0, 1, 2]),
    index=st.integers(0, RAM_BYTES - 4),
    value=words,
    before=st.binary(min_size=4),
)
def test_a_narrow_datum_stands_in_the_byte_lanes_of_its_address(
    size: int, index: int, value: int, before: bytes
) -> None:
    size_bytes = 1 << size
    index &= ~(size_bytes - 1)
    word, lane = index & ~3, index & 3
    debugger = Debugger()
    debugger.bus.ram[word : word + 4] = before[:4]
    debugger.write(CSW, size)
    debugger.write(TAR, RAM + index)
    lanes = ((1 << 8 * size_bytes) - 1) << 8 * lane
    assert debugger.read(DRW) == int.from_bytes(before[:4], "little") & lanes
    debugger.write(DRW, value)
    merged = int.from_bytes(before[:4], "little") & ~lanes | value & lanes
    assert int.from_bytes(debugger.bus.ram[word : word + 4], "little") == merged
    assert debugger.read(TAR) == RAM + index


def test_the_address_wraps_where_pyocd_and_arm_expect_it() -> None:
    assert INCREMENT_WRAP_BYTES == 1024


@given(size=st.sampled_from([0, 1, 2]), start=places, count=st.integers(1, 600), is_write=st.booleans())
def test_the_address_counts_up_by_the_size_and_wraps_within_one_kilobyte(
    size: int, start: int, count: int, is_write: bool
) -> None:
    debugger = Debugger()
    debugger.write(CSW, size | CSW_INCREMENT_SINGLE)
    debugger.write(TAR, start)
    if is_write:
        debugger.port.write_ap_repeated(DRW, [0] * count)
    else:
        debugger.port.read_ap_repeated(DRW, count)
    page = start - start % INCREMENT_WRAP_BYTES
    assert debugger.read(TAR) == page + (start - page + count * (1 << size)) % INCREMENT_WRAP_BYTES


@given(start=places, values=st.lists(words, min_size=1, max_size=600), broken=st.none() | st.integers(0, 9))
def test_many_accesses_at_once_do_what_as_many_single_ones_do(
    start: int, values: list[int], broken: int | None
) -> None:
    once, singly = Debugger(), Debugger()
    for debugger in (once, singly):
        debugger.bus.broken = set() if broken is None else {start + 4 * broken}
        debugger.write(CSW, WORD_BY_WORD)
        debugger.write(TAR, start)

    def outcome(access: object, *arguments: object) -> object:
        try:
            return access(*arguments)  # type: ignore[operator]
        except TransferFaultError as error:
            return str(error)

    def write_singly() -> None:
        for value in values:
            singly.port.write_ap(DRW, value)

    assert outcome(once.port.write_ap_repeated, DRW, values) == outcome(write_singly)
    assert once.bus.ram == singly.bus.ram
    for debugger in (once, singly):
        debugger.port.write_dp(ABORT, STKERRCLR)
    assert once.read(TAR) == singly.read(TAR)
    for debugger in (once, singly):
        debugger.write(TAR, start)
    assert outcome(once.port.read_ap_repeated, DRW, len(values)) == outcome(
        lambda: [singly.port.read_ap(DRW) for _ in values]
    )
    for debugger in (once, singly):
        debugger.port.write_dp(ABORT, STKERRCLR)
    assert once.read(TAR) == singly.read(TAR)


def test_without_increment_one_address_is_read_and_written_again_and_again() -> None:
    debugger = Debugger()
    debugger.write(CSW, 0x2)
    debugger.write(TAR, RAM)
    debugger.port.write_ap_repeated(DRW, [1, 2, 3])
    assert debugger.port.read_ap_repeated(DRW, 3) == [3, 3, 3]
    assert debugger.bus.ram[:8] == struct.pack("<II", 3, 0)


def test_the_banked_registers_reach_four_words_without_moving_the_address() -> None:
    debugger = Debugger()
    debugger.write(TAR, RAM + 0x124)
    for index in range(4):
        debugger.write(BD0 + 4 * index, 0x1111_1111 * (index + 1))
    assert [debugger.read(BD0 + 4 * index) for index in range(4)] == [
        0x1111_1111,
        0x2222_2222,
        0x3333_3333,
        0x4444_4444,
    ]
    assert struct.unpack("<4I", debugger.bus.ram[0x120:0x130]) == (
        0x1111_1111,
        0x2222_2222,
        0x3333_3333,
        0x4444_4444,
    )
    assert debugger.read(TAR) == RAM + 0x124


@pytest.mark.parametrize(("size", "address"), [(1, RAM + 1), (2, RAM + 1), (2, RAM + 2)])
def test_an_address_that_is_not_aligned_to_the_size_is_a_fault(size: int, address: int) -> None:
    debugger = Debugger()
    debugger.write(CSW, size | CSW_INCREMENT_SINGLE)
    debugger.write(TAR, address)
    assert fault(debugger.port.read_ap, DRW) == f"the bus gives an error at {address:#010x}"
    debugger.port.write_dp(ABORT, STKERRCLR)
    assert fault(debugger.port.write_ap_repeated, DRW, [1, 2]) == f"the bus gives an error at {address:#010x}"


def test_memory_is_reached_past_all_registers() -> None:
    debugger = Debugger()
    debugger.write(TAR, RAM + 0x80)
    port = debugger.port
    port.write_memory(RAM, 4, 0x1234_5678)
    port.write_memory(RAM + 1, 1, 0xAB)
    port.write_memory_block(RAM + 4, b"hello")
    assert port.read_memory(RAM, 4) == 0x1234_AB78
    assert port.read_memory(RAM + 2, 2) == 0x1234
    assert port.read_memory_block(RAM + 1, 8) == b"\xab\x34\x12hello"
    assert fault(port.read_memory, NOWHERE, 4) == "the bus gives an error at 0x60000000"
    assert fault(port.write_memory, NOWHERE, 4, 0) == "the bus gives an error at 0x60000000"
    assert fault(port.read_memory_block, RAM + RAM_BYTES - 4, 8) == "the bus gives an error at 0x20010000"
    assert port.read_dp(CTRL_STAT) == 0xF000_0000
    assert debugger.read(CSW) == CSW_RESET
    assert debugger.read(TAR) == RAM + 0x80


def test_memory_is_reached_also_while_an_error_sticks_and_leaves_it_so() -> None:
    debugger = Debugger()
    debugger.write(TAR, NOWHERE)
    fault(debugger.port.read_ap, DRW)
    assert debugger.port.read_memory(RAM, 4) == 0
    assert debugger.port.read_dp(CTRL_STAT) & STICKYERR


def test_a_block_does_not_go_around_the_end_of_the_address_space() -> None:
    port = Debugger().port
    beyond = "32 bytes at 0xfffffff0 go beyond the end of the address space"
    assert fault(port.read_memory_block, 0xFFFF_FFF0, 32) == beyond
    assert fault(port.write_memory_block, 0xFFFF_FFF0, bytes(32)) == beyond


def test_power_on_forgets_everything() -> None:
    debugger = Debugger()
    debugger.write(CSW, WORD_BY_WORD)
    debugger.write(TAR, NOWHERE)
    debugger.read(IDR)
    debugger.port.write_dp(SELECT, 0)
    fault(debugger.port.read_ap, DRW)
    debugger.port.reset()
    assert debugger.port.read_dp(CTRL_STAT) == debugger.port.read_dp(RDBUFF) == 0
    debugger.port.write_dp(CTRL_STAT, POWER_UP)
    assert debugger.port.read_ap(CSW) == CSW_RESET
    assert debugger.port.read_ap(TAR) == 0


def test_a_bus_error_says_where() -> None:
    error = BusFaultError(0x1000)
    assert (str(error), error.address) == ("the bus gives an error at 0x00001000", 0x1000)
