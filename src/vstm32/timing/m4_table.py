"""Every number of the timing model m4-1, and where it comes from. None was chosen because of a time on
hardware.

T  Arm's Cortex-M4 Processor Technical Reference Manual r0p1, ARM 100166: section 3.3.1, table 3-1, "Cortex-M4
   instruction set summary", and section 3.3.2, "Load/store timings"
F  the same, section 7.2.3, table 7-1, "FPU instruction set", and its notes
R  RM0432, the reference manual of the STM32L4Rxxx and STM32L4Sxxx, sections 3.3.3 and 3.3.4
D  derived here; see each

A cycle is one of the core clock.
"""

from vstm32.timing.m7_data_table import Latency
from vstm32.timing.m7_table import Kind

REFILL_CYCLES = 2
"""T: "P", the number of cycles to refill the pipeline after a branch: 1 to 3, "depending on the alignment
and width of
the target instruction, and whether the processor manages to speculate the address early". D: the middle."""

LOAD_PC_REFILL_CYCLES = 3
"""T, 3.3.2: a load to the PC is "two cycles for the load, and three cycles for the pipeline reload"."""

LOAD_CYCLES = 2
"""T: a load takes 2, or 1 where it is pipelined behind a load."""

STORE_CYCLES = 1
"""T, 3.3.2: "STR Rx,[Ry,#imm] is always one cycle"; the buffer takes what it stores."""

STORE_WITH_INDEX_CYCLES = 2
"""T: 2 for a store; 3.3.2 has one cycle for those with an immediate offset alone."""

MULTIPLE_FIRST_CYCLES = 1
"""T: LDM, STM, PUSH, POP take 1 + N, LDRD and STRD 1 + 2."""

DIVIDE_CYCLES = 7
"""T: 2 to 12, "division operations use early termination"; operands are not known here. D: the middle."""

TABLE_BRANCH_CYCLES = 3
"""T, 3.3.2: TBB and TBH take "at least two cycles for the load, one cycle for the add, and three cycles for
the pipeline reload"; the reload is LOAD_PC_REFILL_CYCLES."""

UNALIGNED_CYCLES = 1
"""T, 3.3.2: a load or store that is not aligned takes one cycle more, or two for a word at an odd address.
D: one."""

SYSTEM_CYCLES = {"mrs": 2, "msr": 2, "cps": 1, "dmb": 1, "dsb": 1, "isb": 1}
"""T: MRS and MSR 1 to 2, CPS 1 to 2; barriers 1 + B, where B is what they wait for. Everything else is 1."""

FP_CYCLES = {
    Kind.FP_FUSED: 3,
    Kind.FP_CHAINED: 3,
    Kind.FP_DIVIDE: 14,
    Kind.FP_SQUARE_ROOT: 14,
}
"""F. All other arithmetic, comparisons, conversions and moves of one register take 1."""

FP_MOVE_OF_TWO_CYCLES = 2
"""F: VMOV of two core registers to or from the FPU."""

FP_RESULT_LATER = 1
"""F, note: arithmetic takes "one cycle longer if their result is consumed by the following instruction".
The addend of a multiply-accumulate is consumed one cycle later, so that it does not wait."""

EXCEPTION_CYCLES = 12
"""Arm gives 12 cycles as the interrupt latency with memory that does not wait; a return is taken to last as
long."""

INSTRUCTION_BYTES_PER_READ = 8
"""R: flash is read 64 bits at a time where it has two banks."""


def flash(wait_states: int) -> Latency:
    """R: a load that the data cache has not waits for a read of 64 bits, which then is in a cache line.

    A line of four reads is filled read by read here: the manual does not say that more than what was asked
    for comes.
    """
    return Latency(
        first=wait_states,
        line=wait_states + 1,
        beat_bytes=INSTRUCTION_BYTES_PER_READ,
        write=wait_states,
    )
