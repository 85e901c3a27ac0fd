"""Every number of the timing model m7-block-1, and where it comes from.

Sources, by their letters:

J  measurements of a Cortex-M7 (STM32H743) by jnk0le, github.com/jnk0le/random,
   "pipeline cycle test/doc/cortex_m7.md"
L  LLVM's scheduling model for the Cortex-M7, llvm/lib/Target/ARM/ARMScheduleM7.td
S  SLOTHY's model of the Cortex-M7, github.com/slothy-optimizer/slothy
Q  Cortex-M7 instruction timings, quinapalus.com/cm7cycles.html
R  RM0385, the reference manual of the chip whose board the times were calibrated on
P  PM0253, the programming manual of its core
D  derived here from the widths of the buses; see each
C  calibrated: the one number of each model that was chosen because of a time on hardware, see docs/timing.md

A cycle is one of the core clock. "Late" is the cycle in which most instructions use their operands, "early"
the one before it, in which addresses are made and operands are shifted (J: an early and a late ALU).
"""

from dataclasses import dataclass
from enum import IntEnum, auto


class Kind(IntEnum):
    """Instruction classes that the pipeline tells apart. Integers, because their hash costs nothing."""

    EARLY_ALU = auto()
    SHIFT = auto()
    ALU = auto()
    BITFIELD = auto()
    EARLY_BITFIELD = auto()
    MULTIPLY = auto()
    DIVIDE = auto()
    LOAD = auto()
    LOAD_NARROW = auto()
    STORE = auto()
    LOAD_MULTIPLE = auto()
    STORE_MULTIPLE = auto()
    BRANCH = auto()
    TABLE_BRANCH = auto()
    IT = auto()
    SYSTEM = auto()
    FP_ARITHMETIC = auto()
    FP_ADD = auto()
    FP_FUSED = auto()
    FP_CHAINED = auto()
    FP_DIVIDE = auto()
    FP_SQUARE_ROOT = auto()
    FP_COMPARE = auto()
    FP_FLAGS = auto()
    FP_LOAD = auto()
    FP_STORE = auto()
    FP_LOAD_MULTIPLE = auto()
    FP_STORE_MULTIPLE = auto()
    FP_MOVE = auto()
    FP_MOVE_CONSTANT = auto()
    FP_TO_CORE = auto()
    FP_FROM_CORE = auto()


MNEMONICS: dict[Kind, str] = {
    # J: these can execute in the early ALU, if their operands are there early.
    Kind.EARLY_ALU: "add addw adr mov movw movt sub subw",
    Kind.SHIFT: "asr lsl lsr ror",
    Kind.ALU: "adc and bic cmn cmp eor mvn orn orr rrx rsb sbc teq tst",
    # J: "bitfield and DSP instructions except multiplication".
    Kind.BITFIELD: (
        "bfc bfi clz pkhbt pkhtb qadd qadd16 qadd8 qasx qdadd qdsub qsax qsub qsub16 qsub8 sadd16 "
        "sadd8 sasx sel shadd16 shadd8 shasx shsax shsub16 shsub8 ssat ssat16 ssax ssub16 ssub8 "
        "sxtab sxtab16 sxtah sxtb sxtb16 sxth uadd16 uadd8 uasx uhadd16 uhadd8 uhasx uhsax "
        "uhsub16 uhsub8 uqadd16 uqadd8 uqasx uqsax uqsub16 uqsub8 usad8 usada8 usat usat16 usax "
        "usub16 usub8 uxtab uxtab16 uxtah uxtb uxtb16 uxth"
    ),
    # J: these execute in the early ALU, and take their operand a cycle earlier.
    Kind.EARLY_BITFIELD: "rbit rev rev16 revsh sbfx ubfx",
    Kind.MULTIPLY: (
        "mla mls mul smlabb smlabt smlad smladx smlal smlalbb smlalbt smlald smlaldx smlaltb "
        "smlaltt smlatb smlatt smlawb smlawt smlsd smlsdx smlsld smlsldx smmla smmlar smmls "
        "smmlsr smmul smmulr smuad smuadx smulbb smulbt smull smultb smultt smulwb smulwt smusd "
        "smusdx umaal umlal umull"
    ),
    Kind.DIVIDE: "sdiv udiv",
    Kind.LOAD: "ldr ldrex ldrt",
    Kind.LOAD_NARROW: "ldrb ldrbt ldrexb ldrexh ldrh ldrht ldrsb ldrsbt ldrsh ldrsht",
    Kind.STORE: "str strb strbt strex strexb strexh strh strht strt",
    Kind.LOAD_MULTIPLE: "ldm ldmdb ldrd pop",
    Kind.STORE_MULTIPLE: "push stm stmdb strd",
    Kind.BRANCH: "b bl blx bx cbnz cbz",
    Kind.TABLE_BRANCH: "tbb tbh",
    Kind.IT: (
        "it ite itee iteee iteet itet itete itett itt itte ittee ittet ittt ittte itttt nop pld pli yield"
    ),
    Kind.FP_ARITHMETIC: (
        "vabs vcvt vcvta vcvtb vcvtm vcvtn vcvtp vcvtr vcvtt vmaxnm vminnm vmul vneg vnmul vrinta "
        "vrintm vrintn vrintp vrintr vrintx vrintz vseleq vselge vselgt vselvs"
    ),
    Kind.FP_ADD: "vadd vsub",
    Kind.FP_FUSED: "vfma vfms vfnma vfnms",
    Kind.FP_CHAINED: "vmla vmls vnmla vnmls",
    Kind.FP_DIVIDE: "vdiv",
    Kind.FP_SQUARE_ROOT: "vsqrt",
    Kind.FP_COMPARE: "vcmp vcmpe",
    Kind.FP_FLAGS: "vmrs vmsr",
    Kind.FP_LOAD: "vldr",
    Kind.FP_STORE: "vstr",
    Kind.FP_LOAD_MULTIPLE: "vldmdb vldmia vpop",
    Kind.FP_STORE_MULTIPLE: "vpush vstmdb vstmia",
}
"""Which instructions are in which class. FP moves are told apart by their operands; the rest is SYSTEM."""


@dataclass(frozen=True, slots=True)
class Latency:
    """Cycles from issue until a result in a core register can be used: by the late ALU, and early."""

    late: int
    early: int


IN_EARLY_ALU = Latency(0, 1)
"""J: "result of early alu can be forwarded to late alu in 0 cycles, or early alu next cycle"."""

LATENCIES: dict[Kind, Latency] = {
    Kind.EARLY_ALU: Latency(1, 2),  # J, L: when it did not get into the early ALU
    Kind.SHIFT: Latency(1, 2),  # J, L
    Kind.ALU: Latency(1, 2),  # J, L
    Kind.BITFIELD: Latency(1, 2),  # J: not as an address in the next cycle
    Kind.EARLY_BITFIELD: Latency(1, 2),  # J
    Kind.MULTIPLY: Latency(2, 3),  # J: "1 additional cycle of result latency"
    Kind.LOAD: Latency(1, 3),  # J, S: consumed by the late ALU in the next cycle
    Kind.LOAD_NARROW: Latency(2, 3),  # J: "1 extra cycle", "third in early ALU"
    Kind.FP_TO_CORE: Latency(1, 2),  # J: "1 cycle of result latency into late ALU"
}
WRITE_BACK = Latency(1, 1)
"""J, S: the updated base of a load or store; not for the early ALU in the next cycle, but for addresses."""

LOADED_WORD_TO_MULTIPLIER = 2
"""J: multiplications, and what uses another operand early, cannot consume a loaded word one cycle later."""

ACCUMULATE_LATER = 1
"""J: the accumulator of a multiply-accumulate is consumed a cycle after the late ALU."""

DIVIDE_CYCLES = 8
"""Q: 7 to 8 for operands of usual size. The pipeline stands still."""

TABLE_BRANCH_CYCLES = 2
"""S, Q: a table branch takes an extra cycle for its load."""


@dataclass(frozen=True, slots=True)
class FpLatency:
    """Cycles from issue until a result in an FP register can be used, by who uses it."""

    arithmetic: int
    fused_accumulator: int
    chained_accumulator: int
    store: int
    to_core: int


# J: the table "fpu (single precision)" and the sentences below it.
FP_LATENCIES: dict[Kind, FpLatency] = {
    Kind.FP_ARITHMETIC: FpLatency(3, 3, 2, 1, 3),
    Kind.FP_ADD: FpLatency(3, 3, 2, 1, 3),
    Kind.FP_FUSED: FpLatency(5, 3, 2, 3, 5),
    Kind.FP_CHAINED: FpLatency(6, 6, 3, 4, 6),
    Kind.FP_DIVIDE: FpLatency(16, 16, 16, 15, 16),
    Kind.FP_SQUARE_ROOT: FpLatency(14, 14, 14, 13, 14),
    Kind.FP_LOAD: FpLatency(1, 3, 2, 0, 2),
    Kind.FP_MOVE: FpLatency(3, 3, 3, 1, 3),
    Kind.FP_MOVE_CONSTANT: FpLatency(3, 3, 3, 1, 3),
    Kind.FP_FROM_CORE: FpLatency(3, 3, 3, 1, 3),
}
FP_DIVIDE_CYCLES = 16
FP_SQUARE_ROOT_CYCLES = 14
"""J: "execute in 16/14 cycles", and the pipeline stands still."""

AFTER_MULTIPLY_ACCUMULATE = 4
"""J: for the 3 next cycles no FP addition, FP load or store multiple or FP constant, and no FP load, store or
move as the younger of two instructions."""

FP_COMPARE_TO_FLAGS = 1
"""S: cycles from a comparison until VMRS can read its flags; m7-cache-2 has another number."""

# --- which two instructions are issued together

ALONE = frozenset(
    {
        Kind.LOAD_MULTIPLE, Kind.STORE_MULTIPLE,  # J: nothing before or after goes with them
        Kind.FP_LOAD_MULTIPLE, Kind.FP_STORE_MULTIPLE,  # J: as those
        Kind.FP_FLAGS, Kind.SYSTEM, Kind.DIVIDE, Kind.TABLE_BRANCH,  # S
    }
)  # fmt: skip

_FP_MAC = frozenset({Kind.FP_FUSED, Kind.FP_CHAINED})
_FP_MOVES = frozenset({Kind.FP_MOVE, Kind.FP_MOVE_CONSTANT, Kind.FP_TO_CORE, Kind.FP_FROM_CORE})
_FP_ALU = _FP_MAC | {
    Kind.FP_ARITHMETIC,
    Kind.FP_ADD,
    Kind.FP_DIVIDE,
    Kind.FP_SQUARE_ROOT,
    Kind.FP_COMPARE,
}
_STORES = frozenset({Kind.STORE, Kind.FP_STORE})
_BRANCHES = frozenset({Kind.BRANCH})
_MULTIPLY = frozenset({Kind.MULTIPLY})
_FP_TRANSFERS = frozenset({Kind.FP_LOAD, Kind.FP_STORE}) | _FP_MOVES
_BITFIELDS = frozenset({Kind.BITFIELD, Kind.EARLY_BITFIELD})

NEVER_TOGETHER = (
    (_FP_ALU, _FP_ALU),  # J: "arithmetic instructions cannot be dual issued"
    (_FP_MAC, _FP_TRANSFERS),  # J: "cannot be dual issued with vldr, vstr or any vmov"
    (_FP_MOVES, _FP_MOVES),  # J, S
    (_STORES, _STORES),  # J: "cannot dual issue two stores"
    (_MULTIPLY, _MULTIPLY),  # J: "can't dual issue wrt each other"
    (_MULTIPLY, _STORES),  # J: "can't dual issue with stores"
    (_BRANCHES, _BRANCHES),  # S
)
"""Classes of which no two instructions are issued in one cycle, in either order."""

OLDER_ONLY = _BITFIELDS
"""J: "must be placed in older op"."""

# --- branches

MISPREDICTED_CYCLES = 8
"""J: 8, or 6 if the flags were there 3 cycles before, which is rare. How the core predicts is not published:
it is taken to have a counter of two bits for each branch, and to remember where it went. A branch that was
predicted and taken costs nothing, but its target begins a new pair (J)."""

FIRST_COUNTER = 1
"""Of a branch that has not run yet: it is foreseen, weakly, as not taken."""

# --- memory

LINE_BYTES = 32
"""P section 4.5 (CCSIDR): a line of either cache."""

INSTRUCTION_CACHE_SETS, INSTRUCTION_CACHE_WAYS = 64, 2
"""P section 4.5 (CCSIDR): 4 KB in 2 ways."""

FLASH_BEATS_PER_LINE = 4
"""D: 32 bytes over the 64-bit bus to flash (R section 2.1)."""

BRIDGE_CYCLES = 8
"""D: from the core over the bridge between AXI and AHB to flash and back; assumed. With 7 wait states a line
is there after 8 + 4 + 8 = 20 cycles."""

SRAM_LINE_CYCLES = 14
"""D: 8 beats over the 32-bit bus to SRAM1 and SRAM2 (R section 2.1), and 6 on the way; assumed."""

SHARE_OF_LOADS_THAT_STREAM = 0.35
"""C: this share of what is loaded is taken to come out of flash, in order, so that it waits for its share of
each line; the rest hits the data cache. Loads from the stack and of literals always hit. In a dot product of
weights and activations one would expect a half; chosen so that one layer, the first CONV_2D of 1.14.0, takes
what it takes on hardware."""

ART_LINES, ART_WAYS = 64, 2
"""R section 3.3: the ART accelerator keeps 64 lines of 256 bits. Two ways are assumed."""


def flash_line_cycles(wait_states: int) -> int:
    """Cycles until a line of flash is in a cache; one access takes wait states + 1 (R section 3.3.2)."""
    return wait_states + 1 + FLASH_BEATS_PER_LINE + BRIDGE_CYCLES


# --- exceptions

EXCEPTION_CYCLES = 12
"""Arm gives 12 cycles as the Cortex-M7's interrupt latency; a return is taken to last as long."""
