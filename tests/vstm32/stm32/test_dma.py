"""DMA1 and DMA2, alone on a bus of bytes, and as firmware sees them with a UART."""

import random
from itertools import cycle, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.hand_clock import HandClock
from vstm32.stm32 import dma
from vstm32.stm32.dma import (
    CIRC,
    CR,
    CYCLES_PER_ITEM,
    DBM,
    EN,
    FCR,
    HTIE,
    M0AR,
    MINC,
    NDTR,
    PAR,
    PINC,
    TCIE,
)

BETWEEN_MEMORIES, FROM_MEMORY = 2 << 6, 1 << 6
SOURCE, TARGET, SECOND, SPACE, DATA_REGISTER = 0x1000, 0x2000, 0x2800, 0x3000, 0x4000_4428
TEIF, HTIF, TCIF = 8, 16, 32


class Memory:
    """12 KB from address 0, a data register that is written byte by byte, and nothing else."""

    def __init__(self):
        self.bytes = bytearray(SPACE)
        self.sent = bytearray()
        self.comes = b""

    def read(self, address, size_bytes):
        if address == DATA_REGISTER:
            taken, self.comes = self.comes[0], self.comes[1:]
            return taken
        data = self.bytes[address : address + size_bytes]
        return int.from_bytes(data, "little") if len(data) == size_bytes else None

    def write(self, address, size_bytes, value):
        if address == DATA_REGISTER:
            self.sent.append(value)
        elif address + size_bytes > SPACE:
            return False
        else:
            self.bytes[address : address + size_bytes] = value.to_bytes(size_bytes, "little")
        return True


class Alone:
    """A controller with its memory, clock and interrupts in the test's hands."""

    def __init__(self, name="DMA2"):
        self.clock, self.memory = HandClock(), Memory()
        self.interrupts, self.complaints = set(), []
        self.dma = dma.Dma(
            name,
            dma.REGISTERS,
            master=self.memory,
            clock=self.clock,
            set_interrupt=lambda number, level: (
                self.interrupts.add(number) if level else self.interrupts.discard(number)
            ),
            complain=self.complaints.append,
        )

    def write(self, stream, **values):
        for name, value in values.items():
            self.dma.write_register(0x10 + 0x18 * stream + getattr(dma, name), value)

    def read(self, stream, offset):
        return self.dma.read_register(0x10 + 0x18 * stream + offset)

    def flags(self, stream):
        return self.dma.read_register(0 if stream < 4 else 4) >> (0, 6, 16, 22)[stream % 4] & 0x3F

    def clear(self, stream):
        self.dma.write_register(8 if stream < 4 else 12, 0x3D << (0, 6, 16, 22)[stream % 4])


SIZES = st.sampled_from([0, 1, 2])
MOVES = st.sampled_from([PINC, MINC])


@given(st.integers(0, 7), st.tuples(SIZES, SIZES), st.integers(1, 300), st.sets(MOVES), st.integers())
def test_bytes_go_from_memory_to_memory_in_order_whatever_the_sizes(stream, sizes, items, moves, seed):
    alone = Alone()
    item, memory_item = sizes
    alone.memory.bytes[SOURCE:TARGET] = random.Random(seed).randbytes(TARGET - SOURCE)
    source = bytes(alone.memory.bytes[SOURCE:TARGET])
    size, target_size = 1 << item, 1 << memory_item
    control = BETWEEN_MEMORIES | item << 11 | memory_item << 13
    control |= sum(moves)
    alone.write(stream, PAR=SOURCE, M0AR=TARGET, NDTR=items, CR=control, FCR=7)
    alone.write(stream, CR=control | EN)
    alone.clock.wait(items * CYCLES_PER_ITEM)
    moved = source[: items * size] if PINC in moves else bytes(islice(cycle(source[:size]), items * size))
    if MINC in moves:
        assert bytes(alone.memory.bytes[TARGET : TARGET + len(moved)]) == moved
        assert not any(alone.memory.bytes[TARGET + len(moved) :])
    elif len(moved) % target_size == 0:
        assert bytes(alone.memory.bytes[TARGET : TARGET + target_size]) == moved[-target_size:]
    assert (alone.read(stream, NDTR), alone.read(stream, CR) & EN, alone.flags(stream)) == (0, 0, HTIF | TCIF)
    assert alone.complaints == []


def test_a_transfer_takes_its_time_and_tells_how_much_is_left():
    alone = Alone()
    alone.write(0, PAR=SOURCE, M0AR=TARGET, NDTR=256, CR=BETWEEN_MEMORIES | PINC | MINC | HTIE | EN)
    seen = []
    for _ in range(5):
        seen.append((alone.read(0, NDTR), alone.flags(0), set(alone.interrupts)))
        alone.clock.wait(64 * CYCLES_PER_ITEM)
    assert seen == [
        (256, 0, set()), (192, 0, set()), (128, HTIF, {56}), (64, HTIF, {56}), (0, HTIF | TCIF, {56}),
    ]  # fmt: skip
    alone.clear(0)
    assert (alone.flags(0), alone.interrupts) == (0, set())


def test_a_stream_that_runs_keeps_its_settings_and_begins_anew_with_the_count_that_was_set():
    alone = Alone()
    alone.write(3, PAR=SOURCE, M0AR=TARGET, NDTR=100, CR=BETWEEN_MEMORIES | PINC | MINC | EN)
    alone.write(3, PAR=0, M0AR=0, NDTR=7, CR=EN | TCIE | CIRC, FCR=0)
    assert [alone.read(3, offset) for offset in (PAR, M0AR, NDTR)] == [SOURCE, TARGET, 100]
    assert alone.read(3, CR) == BETWEEN_MEMORIES | PINC | MINC | EN | TCIE
    assert alone.read(3, FCR) == 0x21
    alone.write(3, CR=0)
    assert (alone.flags(3), alone.interrupts) == (TCIF, set())
    alone.clear(3)
    alone.write(3, CR=BETWEEN_MEMORIES | PINC | MINC | EN)
    assert alone.read(3, NDTR) == 100


@pytest.mark.parametrize(("source", "target"), [(SPACE, TARGET), (SOURCE, SPACE)])
def test_an_address_where_nothing_answers_ends_a_transfer_with_an_error(source, target):
    alone = Alone()
    alone.write(1, PAR=source, M0AR=target, NDTR=4, CR=BETWEEN_MEMORIES | PINC | MINC | dma.TEIE | EN)
    alone.clock.wait(1000)
    assert (alone.flags(1), alone.read(1, CR) & EN, alone.interrupts) == (TEIF, 0, {57})


def test_an_item_goes_for_each_request_and_no_longer():
    alone = Alone("DMA1")
    alone.memory.bytes[SOURCE : SOURCE + 3] = b"abc"
    alone.write(6, PAR=DATA_REGISTER, M0AR=SOURCE, NDTR=3, CR=4 << 25 | FROM_MEMORY | MINC | TCIE | EN)
    written = alone.memory.write

    def busy_after_one(*args):
        alone.dma.request("USART2_TX", False)
        return written(*args)

    alone.memory.write = busy_after_one
    for count in 1, 2, 3, 3:
        alone.dma.request("USART3_TX", True)
        alone.dma.request("USART2_TX", True)
        assert len(alone.memory.sent) == count
    assert (alone.memory.sent, alone.read(6, NDTR), alone.interrupts) == (b"abc", 0, {17})


def test_two_buffers_take_turns_and_the_one_that_waits_may_be_moved():
    alone = Alone("DMA1")
    alone.write(5, PAR=DATA_REGISTER, M0AR=TARGET, M1AR=SECOND, NDTR=2, CR=4 << 25 | MINC | DBM | EN)

    def receive(byte):
        alone.memory.comes = byte
        read = alone.memory.read

        def once(*args):
            alone.dma.request("USART2_RX", False)
            return read(*args)

        alone.memory.read = once
        alone.dma.request("USART2_RX", True)
        alone.memory.read = read

    for byte in (b"a", b"b"):
        receive(byte)
    alone.write(5, M0AR=TARGET + 0x100, M1AR=0)
    for byte in (b"c", b"d", b"e"):
        receive(byte)
    memory = alone.memory.bytes
    assert (memory[TARGET : TARGET + 2], memory[SECOND : SECOND + 2]) == (b"ab", b"cd")
    assert memory[TARGET + 0x100] == ord("e")


@pytest.mark.parametrize(
    ("name", "control", "peripheral", "count", "why"),
    [
        ("DMA1", BETWEEN_MEMORIES, SOURCE, 1, "only DMA2 moves from memory to memory"),
        ("DMA1", 4 << 25, 0x4001_1424, 1, "its peripheral port does not reach 0x40011424, only APB1"),
        ("DMA2", 3 << 6, SOURCE, 1, "DIR is 3, which is reserved"),
        ("DMA2", BETWEEN_MEMORIES, SOURCE, 0, "NDTR is 0"),
        ("DMA2", BETWEEN_MEMORIES | CIRC, SOURCE, 1, "memory to memory has no circular mode"),
        ("DMA2", 3 << 25, DATA_REGISTER, 1, "the virtual board has no request for it on channel 3"),
    ],
)
def test_what_cannot_start_says_why_and_ends_with_an_error(name, control, peripheral, count, why):
    alone = Alone(name)
    alone.write(2, PAR=peripheral, M0AR=TARGET, NDTR=count, CR=control | EN)
    assert alone.complaints == [f"{name} stream 2 does not start: {why}."]
    assert (alone.flags(2), alone.read(2, CR) & EN) == (TEIF, 0)


def test_flags_of_the_last_transfer_are_to_be_cleared_before_the_next():
    alone = Alone()
    for _ in range(2):
        alone.write(0, PAR=SOURCE, M0AR=TARGET, NDTR=1, CR=BETWEEN_MEMORIES | EN)
        alone.clock.wait(100)
    assert alone.complaints == [
        "DMA2 stream 0 is switched on while flags of its last transfer stand: silicon may not start it. "
        "Clear them in LIFCR or HIFCR first."
    ]


FIRMWARE = """
#define DMA2 0x40026400u
#define STREAM(n) (DMA2 + 0x10u + 0x18u * (n))
static volatile char buffer[16];
void dma2_stream6_handler(void)
{
    REG(DMA2 + 12) = 0x3Du << 16; seen[0]++;
}
static void on(void)
{
    clock_216(); serial_on(938);
    REG(RCC_AHB1ENR) |= 1u << 22; (void)REG(RCC_AHB1ENR);
    REG(NVIC_ISER + 8) = 1u << (69 - 64);
}
"""


def test_a_uart_sends_and_receives_by_dma_while_the_core_sleeps(bench):
    source = """
    static const char text[] = "by DMA: ";
    static void send(const volatile char *from, uint32_t count)
    {
        REG(STREAM(6) + 8) = USART6_TDR; REG(STREAM(6) + 12) = (uint32_t)from; REG(STREAM(6) + 4) = count;
        REG(STREAM(6)) = 5u << 25 | 1u << 10 | 1u << 6 | 1u << 4 | 1;
    }
    int main(void)
    {
        on();
        REG(0x40011408u) = 1u << 6 | 1u << 7;
        REG(STREAM(1) + 8) = USART6_RDR; REG(STREAM(1) + 12) = (uint32_t)buffer; REG(STREAM(1) + 4) = 4;
        REG(STREAM(1)) = 5u << 25 | 1u << 10 | 1u << 8 | 1;
        send(text, 8);
        while (seen[0] < 1) __asm volatile("wfi");
        seen[1] = 1;
        while (REG(STREAM(1) + 4) != 2 || !(REG(DMA2) & 1u << 11)) { }
        send(buffer, 4);
        while (seen[0] < 2) __asm volatile("wfi");
        while (!(REG(USART6_ISR) & 1u << 6)) { }
        seen[63] = 1; return 0;
    }
    """
    made = bench(FIRMWARE + source)
    made.board.run(until=lambda: made.seen(1) == 1, timeout_seconds=60)
    line = made.board.line()
    line.write(b"123456")
    made.run()
    assert line.read() == b"by DMA: 5634"
    assert made.board.findings == ()


def test_code_that_dma_puts_into_ram_is_what_runs(bench):
    source = """
    static const uint16_t one[] = {0x2001, 0x4770}, two[] = {0x2002, 0x4770};
    static uint16_t code[2] __attribute__((aligned(4)));
    static void copy(const uint16_t *from)
    {
        REG(DMA2 + 8) = 0x3D;
        REG(STREAM(0) + 8) = (uint32_t)from; REG(STREAM(0) + 12) = (uint32_t)code; REG(STREAM(0) + 4) = 2;
        REG(STREAM(0)) = 1u << 13 | 1u << 11 | 1u << 10 | 1u << 9 | 2u << 6 | 1;
        while (!(REG(DMA2) & 1u << 5)) { }
        __asm volatile("dsb\\n isb");
    }
    int main(void)
    {
        on();
        uint32_t (*run)(void) = (uint32_t (*)(void))((uint32_t)code | 1);
        copy(one); seen[1] = run();
        copy(two); seen[2] = run();
        seen[63] = 1; return buffer[0];
    }
    """
    made = bench(FIRMWARE + source).run()
    assert (made.seen(1), made.seen(2)) == (1, 2)


def test_code_that_comes_by_a_uart_into_ram_is_what_runs(bench):
    source = """
    static uint16_t code[2] __attribute__((aligned(4)));
    static void receive(void)
    {
        REG(DMA2 + 8) = 0x3D << 6;
        REG(STREAM(1) + 8) = USART6_RDR; REG(STREAM(1) + 12) = (uint32_t)code; REG(STREAM(1) + 4) = 4;
        REG(STREAM(1)) = 5u << 25 | 1u << 10 | 1;
        while (!(REG(DMA2) & 1u << 11)) { }
        __asm volatile("dsb\\n isb");
    }
    int main(void)
    {
        on();
        REG(0x40011408u) = 1u << 6 | 1u << 7;
        uint32_t (*run)(void) = (uint32_t (*)(void))((uint32_t)code | 1);
        seen[10] = 1;
        receive(); seen[1] = run();
        seen[11] = 1;
        receive(); seen[2] = run();
        seen[63] = 1; return buffer[0];
    }
    """
    made = bench(FIRMWARE + source)
    made.board.run(until=lambda: made.seen(10) == 1, timeout_seconds=60)
    line = made.board.line()
    line.write(b"\x01\x20\x70\x47")
    made.board.run(until=lambda: made.seen(11) == 1, timeout_seconds=60)
    line.write(b"\x02\x20\x70\x47")
    made.run()
    assert (made.seen(1), made.seen(2)) == (1, 2)


@pytest.mark.parametrize("address", ["0", "0x00200000", "0xE000ED08"], ids=["ITCM RAM", "flash", "VTOR"])
def test_what_stands_on_the_buses_of_the_core_alone_is_out_of_reach(bench, address):
    source = """
    int main(void)
    {
        on();
        REG(STREAM(0) + 8) = ADDRESS; REG(STREAM(0) + 12) = (uint32_t)buffer; REG(STREAM(0) + 4) = 1;
        REG(STREAM(0)) = 2u << 13 | 2u << 11 | 2u << 6 | 1;
        while (!(REG(DMA2) & 0x28)) { }
        seen[1] = REG(DMA2); seen[63] = 1; return 0;
    }
    """.replace("ADDRESS", address)
    assert bench(FIRMWARE + source).run().seen(1) == TEIF
