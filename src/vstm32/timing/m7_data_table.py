"""Every number of the timing model m7-cache-2 that m7-block-1 has not, and where it comes from.

Sources are those of m7_table.py, and

T  Arm's Cortex-M7 Processor Technical Reference Manual, DDI 0489F
A  assumed; said where it stands

None is fitted to a time, but for those marked C.
"""

from dataclasses import dataclass

from vstm32.timing import m7_table as m7

DATA_CACHE_WAYS = 4
"""P section 4.5 (CCSIDR), read-allocate and write-allocate (T section 5.9). The line that was used longest
ago gives way (A: Arm does not say)."""

_SRAM_BEAT_BYTES = 4
"""R section 2.1: SRAM1 and SRAM2 are on a bus of 32 bits."""

_FLASH_BEAT_BYTES = 8
"""R section 2.1: flash is on the 64-bit AXI bus."""


@dataclass(frozen=True, slots=True)
class Latency:
    """Cycles of a memory on AXI: until a load has its word, and until a line is there; and for how long a
    store past the cache keeps the next one.

    T section 5.9: the word that was asked for comes first, what else of the line is asked for as it comes.
    """

    first: int
    line: int
    beat_bytes: int
    write: int


UNCACHED_STORE_CYCLES = 4
"""A: a store to SRAM past the cache, over the bridge between AXI and AHB, of which the store buffer has
several in flight."""

SRAM = Latency(
    first=m7.SRAM_LINE_CYCLES - m7.LINE_BYTES // _SRAM_BEAT_BYTES + 1,
    line=m7.SRAM_LINE_CYCLES,
    beat_bytes=_SRAM_BEAT_BYTES,
    write=UNCACHED_STORE_CYCLES,
)


def flash(wait_states: int) -> Latency:
    """Flash over AXI: as in m7_table.py, and its first word comes with the first beat."""
    line = m7.flash_line_cycles(wait_states)
    return Latency(line - m7.FLASH_BEATS_PER_LINE + 1, line, _FLASH_BEAT_BYTES, 1)


@dataclass(frozen=True, slots=True)
class SdramTiming:
    """How FMC is set up for an SDRAM: times in its clocks, which are `clock_divider` cycles each, but for
    `read_pipe_cycles`."""

    clock_divider: int
    cas_latency: int
    data_bits: int
    active_to_read: int
    precharge: int
    reads_ahead: bool
    read_pipe_cycles: int

    def __post_init__(self) -> None:
        assert self.clock_divider > 0


@dataclass(frozen=True, slots=True)
class SdramCycles:
    """What SDRAM takes in cycles: as a `Latency` where its row is open, and to close and to open a row."""

    first: int
    line: int
    beats: int
    write: int
    precharge: int
    activate: int


def sdram(timing: SdramTiming) -> SdramCycles:
    """SDRAM by how it is set up; never compared with a board.

    R section 13.7.3: a read is a command, the CAS latency and the data, one transfer in a clock, and RPIPE.
    Where FMC reads ahead (RBURST), the words of a line follow each other; else each is a read of its own. A
    row that is not open is to be opened first (TRCD), after the one that is has been closed (TRP). A: the way
    to FMC and back is as long as that to SRAM, and a refresh, which takes 1 % of the time at most, costs
    nothing.
    """
    way = SRAM.first - 1
    word = timing.clock_divider * -(-32 // timing.data_bits)
    start = timing.clock_divider * (1 + timing.cas_latency) + timing.read_pipe_cycles
    words = m7.LINE_BYTES // 4
    beats = words * word if timing.reads_ahead else words * (start + word)
    first = way + start + word
    return SdramCycles(
        first=first,
        line=first + beats * (words - 1) // words,
        beats=beats,
        write=word,
        precharge=timing.clock_divider * timing.precharge,
        activate=timing.clock_divider * timing.active_to_read,
    )


@dataclass(frozen=True, slots=True)
class SerialReadTiming:
    """How QUADSPI reads a serial flash that is mapped into memory, in its clocks, which are `clock_divider`
    cycles each: before the first byte (chip select high, instruction, address, alternate bytes, dummy
    cycles), and for each byte."""

    clock_divider: int
    command_clocks: int
    byte_clocks: int


SERIAL_READ_AHEAD_BYTES = 32
"""R section 14.3.3: the FIFO."""

SERIAL_PATH_CYCLES = SRAM.first - 1
"""A: the way to QUADSPI and back is as long as that to SRAM."""


FETCH_BYTES = 8
"""T, overview of the prefetch unit: 64 bits at a time, into a queue of four of them that runs ahead of the
pipeline. R section 3.3: a read of flash gives a line of 256 bits, so that wait states come once in each."""

UNALIGNED_LOAD_CYCLES = 3
"""J: "+3 as older op, +4 as younger op"."""

STORE_CYCLES = 1.0
NARROW_STORE_CYCLES = 2.4
"""J: what the store buffer gives away: a word a cycle, and "2.4 cycles for unit stride advancing strb"."""

STORE_BUFFER_CYCLES = 9.6
"""J: "until store buffer clogs up (5 consecutive stores)": four of less than a word are behind."""

AHB_CYCLES = 5
APB_CYCLES = 12
"""A: a load from a peripheral: the bus matrix, and for APB a bridge to a bus at a quarter of the clock."""

HISTORY_OUTCOMES = 3
"""C: a branch is foreseen by what the three before it did, as far as they have ever been taken. Arm says that
the branch target address cache has a "branch predictor state" (T, overview of the prefetch unit), and not
which; the Cortex-R5 has a history of eight outcomes of all branches. Chosen by the calibrating layers, see
docs/timing.md: with three, DEPTHWISE_CONV_2D of either version, whose loops have three turns, is within 3 %
of hardware, where none or two give +11 %; with four and more MAX_POOL_2D of 1.14.0, whose loops have two, is
too fast by 12 % and more."""

FP_COMPARE_TO_FLAGS = 3
"""C: cycles from a comparison until VMRS can read its flags. J does not have it; there a VMOV to the core
waits as long for the FPU's arithmetic. Chosen by the two MAX_POOL_2D of 2.1.0, 21 % too fast with 1."""
