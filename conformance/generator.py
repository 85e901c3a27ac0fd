"""Makes random blocks and states, the same ones for the same seed."""

import random
import struct
from collections.abc import Callable, Sequence

from conformance import float_instructions, instructions, memory_instructions
from conformance.batch import (
    APSR_BITS,
    CORE_REGISTERS,
    FLOAT_REGISTERS,
    FPSCR_BITS,
    NOP,
    SCRATCH,
    SCRATCH_BYTES,
    Batch,
    State,
    Unit,
)
from conformance.encoding import LOW_REGISTERS, REGISTERS, Encoding
from conformance.memory_instructions import Access

SPECIAL_WORDS = (
    *(0, 1, 2, 0x7FFF_FFFF, 0x8000_0000, 0x8000_0001, 0xFFFF_FFFE, 0xFFFF_FFFF, 0x7FFF, 0x8000, 0xFFFF),
    *(0x7FFF_8000, 0x8000_7FFF, 0x8000_8000, 0x7F80_7F80, 0x8080_8080, 0xFF00_FF00, 0x1F, 0x20, 0x21, 0xFF),
)
SPECIAL_FLOATS = (
    *(0x0000_0000, 0x8000_0000),  # zeros
    *(0x0000_0001, 0x8000_0001, 0x007F_FFFF, 0x807F_FFFF, 0x0040_0000),  # denormals
    *(0x0080_0000, 0x8080_0000, 0x0080_0001, 0x0100_0000),  # the smallest normal numbers
    *(
        0x3F80_0000,
        0xBF80_0000,
        0x3F00_0000,
        0x3FC0_0000,
        0x4020_0000,
        0xC020_0000,
    ),  # 1, -1, 0.5, 1.5, 2.5, -2.5
    *(0x3F7F_FFFF, 0x3F80_0001, 0x4B00_0000, 0x4B00_0001, 0x4AFF_FFFF),  # near 1, and where fractions end
    *(0x4EFF_FFFF, 0x4F00_0000, 0xCF00_0000, 0xCF00_0001, 0x4F7F_FFFF, 0x4F80_0000),  # near 2**31, 2**32
    *(
        0x477F_E000,
        0x477F_F000,
        0x3880_0000,
        0x387F_E000,
        0x3300_0000,
        0x3300_0001,
    ),  # limits of half precision
    *(0x7F7F_FFFF, 0xFF7F_FFFF, 0x7F80_0000, 0xFF80_0000),  # largest, infinities
    *(0x7FC0_0000, 0xFFC0_0000, 0x7FC1_2345, 0xFFFF_FFFF),  # quiet NaNs
    *(0x7F80_0001, 0xFF80_0001, 0x7FA0_0000, 0xFFBF_FFFF),  # signalling NaNs
)
SPECIAL_DOUBLES = (
    *(0x0000_0000_0000_0000, 0x8000_0000_0000_0000),  # zeros
    *(0x0000_0000_0000_0001, 0x800F_FFFF_FFFF_FFFF, 0x0008_0000_0000_0000),  # denormals
    *(0x0010_0000_0000_0000, 0x8010_0000_0000_0000, 0x0020_0000_0000_0001),  # the smallest normal numbers
    *(0x3FF0_0000_0000_0000, 0xBFF8_0000_0000_0000, 0x4004_0000_0000_0000),  # 1, -1.5, 2.5
    *(0x3FEF_FFFF_FFFF_FFFF, 0x4330_0000_0000_0001, 0x432F_FFFF_FFFF_FFFF),  # near 1, and where fractions end
    *(
        0x41DF_FFFF_FFFF_FFFF,
        0x41E0_0000_0000_0000,
        0xC1E0_0000_0000_0001,
        0x41F0_0000_0000_0000,
    ),  # 2**31, 2**32
    *(
        0x47EF_FFFF_E000_0000,
        0x47EF_FFFF_F000_0000,
        0x3810_0000_0000_0000,
        0x3690_0000_0000_0000,
    ),  # limits of single
    *(0x40EF_FC00_0000_0000, 0x3F10_0000_0000_0000, 0x3E60_0000_0000_0001),  # limits of half precision
    *(0x7FEF_FFFF_FFFF_FFFF, 0x7FF0_0000_0000_0000, 0xFFF0_0000_0000_0000),  # largest, infinities
    *(0x7FF8_0000_0000_0000, 0xFFF8_1234_5678_9ABC),  # quiet NaNs
    *(0x7FF0_0000_0000_0001, 0xFFF4_0000_0000_0000),  # signalling NaNs
)
HALF_WORDS = (0x0001, 0x03FF, 0x0400, 0x3C00, 0x7BFF, 0x7C00, 0x7C01, 0x7E00, 0xFC00, 0xFE00, 0x8000, 0xFDFF)

_MOVW = instructions.BY_NAME["MOVW"]
_MOVT = instructions.BY_NAME["MOVT"]
UNITS_PER_BLOCK = 32
BLOCKS_PER_BATCH = 28
STATES_PER_BATCH = 16


def load_constant(register: int, value: int) -> bytes:
    """MOVW and MOVT."""
    halves = []
    for encoding, half in ((_MOVW, value & 0xFFFF), (_MOVT, value >> 16 & 0xFFFF)):
        halves.append(encoding.encode({"d": register, "j": half >> 12, "i": half & 0xFFF}))
    return b"".join(halves)


class Generator:
    """Random blocks and states of one seed; with `doubles`, for an FPU with double precision, and without
    `fpv5` for that of a Cortex-M4.
    """

    def __init__(self, seed: int, *, doubles: bool = False, fpv5: bool = True) -> None:
        self._random = random.Random(seed)
        self._doubles = doubles
        all_of_them = (*float_instructions.FLOAT, *(float_instructions.DOUBLE if doubles else ()))
        self._float_encodings = tuple(
            encoding for encoding in all_of_them if fpv5 or float_instructions.is_in_fpv4(encoding)
        )
        self._makers: tuple[tuple[Callable[[], Unit], int], ...] = (
            (self._integer, 40),
            (self._float, 32),
            (self._access, 12),
            (self._it_block, 8),
            (self._branch, 3),
            (self._stack, 2),
            (self._literal, 2),
            (self._exclusive, 1),
            (self._float_mode, 2),
            (self._table_branch, 1),
            (self._branch_to_register, 1),
        )

    def batch(self) -> Batch:
        """The next batch."""
        states = tuple(self.state() for _ in range(STATES_PER_BATCH))
        return Batch(tuple(self.block() for _ in range(BLOCKS_PER_BATCH)), states)

    def block(self) -> tuple[Unit, ...]:
        """UNITS_PER_BLOCK units, of which most are one instruction."""
        makers, weights = zip(*self._makers, strict=True)
        chosen = self._random.choices(makers, weights, k=UNITS_PER_BLOCK)
        return tuple(maker() for maker in chosen)

    # --- states

    def state(self) -> State:
        """A state with numbers at random, and many that are special."""
        source = self._random
        return State(
            core=tuple(self._word() for _ in range(CORE_REGISTERS)),
            apsr=source.getrandbits(32) & APSR_BITS,
            fpscr=self._fpscr(),
            floats=self._floats(),
            memory=source.randbytes(SCRATCH_BYTES),
        )

    def _word(self) -> int:
        source = self._random
        kind = source.randrange(8)
        if kind < 3:
            return source.choice(SPECIAL_WORDS)
        if kind == 3:
            return source.getrandbits(source.randrange(1, 32))
        if kind == 4:
            return -source.getrandbits(source.randrange(1, 31)) & 0xFFFF_FFFF
        return source.getrandbits(32)

    def _floats(self) -> tuple[int, ...]:
        if not self._doubles:
            return tuple(self._float_word() for _ in range(FLOAT_REGISTERS))
        pairs = (self._float_pair() for _ in range(FLOAT_REGISTERS // 2))
        return tuple(word for pair in pairs for word in pair)

    def _float_pair(self) -> tuple[int, int]:
        """A D register as two S registers, the lower half first."""
        source = self._random
        kind = source.randrange(4)
        if kind < 2:
            return self._float_word(), self._float_word()
        double = source.choice(SPECIAL_DOUBLES)
        if kind == 3:
            # Numbers of like size, so that sums cancel and round.
            exponent = source.randrange(1010, 1045)
            double = source.getrandbits(1) << 63 | exponent << 52 | source.getrandbits(52)
        return double & 0xFFFF_FFFF, double >> 32

    def _float_word(self) -> int:
        source = self._random
        kind = source.randrange(8)
        if kind < 3:
            return source.choice(SPECIAL_FLOATS)
        if kind < 6:
            # Numbers of like size, so that sums cancel and round.
            return source.getrandbits(1) << 31 | source.randrange(110, 145) << 23 | source.getrandbits(23)
        if kind == 6:
            return source.choice(HALF_WORDS) | source.choice(HALF_WORDS) << 16
        return source.getrandbits(32)

    def _fpscr(self) -> int:
        # The default mode half of the time: it is what firmware uses.
        bits = self._random.getrandbits(32) & FPSCR_BITS
        return bits & 0xF000_009F if self._random.getrandbits(1) else bits

    # --- units

    def _integer(self) -> Unit:
        encoding = self._random.choice(instructions.INTEGER)
        return Unit(encoding.random(self._random), 1, encoding.name)

    def _float(self) -> Unit:
        encoding = self._random.choice(self._float_encodings)
        return Unit(self._float_code(encoding), self._float_length(encoding), encoding.name)

    def _float_length(self, encoding: Encoding) -> int:
        return 3 if encoding.name == "VMSR" else 1

    def _float_code(self, encoding: Encoding) -> bytes:
        values = encoding.random_values(self._random)
        code = encoding.encode(values)
        # A VMSR of whatever stands in a register would set reserved bits.
        return load_constant(values["t"], self._fpscr()) + code if encoding.name == "VMSR" else code

    def _float_mode(self) -> Unit:
        return Unit(self._float_code(float_instructions.BY_NAME["VMSR"]), 3, "VMSR")

    def _access(self) -> Unit:
        encoding = self._random.choice(memory_instructions.MEMORY)
        address, access = self._access_code(encoding)
        return Unit(address + access, 1 + len(address) // 4, encoding.name)

    def _access_code(self, encoding: Access) -> tuple[bytes, bytes]:
        """The instructions that set the base register and the index register, and the access."""
        source = self._random
        while True:
            values = encoding.random_values(source)
            offset, length = encoding.span(values)
            if length <= SCRATCH_BYTES:
                break
        target = SCRATCH + source.randrange(0, SCRATCH_BYTES - length + 1, encoding.alignment)
        base = target - offset
        setup = b""
        if "m" in values:
            index = source.choice((0, 1, 4, 17, 255, 0x7FFF_FFFF, 0xFFFF_FFFC, source.getrandbits(32)))
            base -= index << values.get("k", 0)
            setup = load_constant(values["m"], index)
        setup += load_constant(values["n"], base & 0xFFFF_FFFF)
        return setup, encoding.encode(values)

    def _it_block(self) -> Unit:
        """IT and one to four instructions, with 'then' and 'else' at random."""
        source = self._random
        count = source.randrange(1, 5)
        condition = source.randrange(14)
        mask = 1 << (4 - count)
        for place in range(count - 1):
            mask |= (source.getrandbits(1) ^ (condition & 1)) << (3 - place)
        if count == 1:
            mask = 0b1000
        first = struct.pack("<H", 0xBF00 | condition << 4 | mask)
        setup, code, names = b"", b"", []
        for _ in range(count):
            if not setup and source.randrange(4) == 0:
                encoding: Encoding = source.choice(memory_instructions.MEMORY)
                assert isinstance(encoding, Access)
                # Base and index are set before the IT: the first access only, so that nothing changes them.
                if not code:
                    setup, access = self._access_code(encoding)
                    code += access
                    names.append(encoding.name)
                    continue
            pool = source.choice((instructions.INTEGER, self._float_encodings))
            encoding = source.choice([each for each in pool if each.in_it and each.name != "VMSR"])
            code += encoding.random(source)
            names.append(encoding.name)
        return Unit(setup + first + code, count + 1 + len(setup) // 4, "IT " + ", ".join(names))

    def _body(self) -> tuple[bytes, int]:
        """What a branch jumps over: one to four instructions, an even number of bytes."""
        source = self._random
        count = source.randrange(1, 5)
        chosen = source.choices(instructions.INTEGER, k=count)
        return b"".join(encoding.random(source) for encoding in chosen), count

    def _branch(self) -> Unit:
        source = self._random
        body, count = self._body()
        kind = source.choice(("B T1", "B T2", "B T3", "B T4", "CBZ", "CBNZ", "BL"))
        # From the branch to behind the body, less the four bytes by which PC is ahead.
        distance = len(body) - (2 if kind in ("B T1", "B T2", "CBZ", "CBNZ") else 0)
        half = distance >> 1
        if kind == "B T1":
            head = struct.pack("<H", 0xD000 | source.randrange(14) << 8 | half & 0xFF)
        elif kind == "B T2":
            head = struct.pack("<H", 0xE000 | half & 0x7FF)
        elif kind == "B T3":
            head = struct.pack("<2H", 0xF000 | source.randrange(14) << 6, 0x8000 | half)
        elif kind == "B T4":
            head = struct.pack("<2H", 0xF000, 0xB800 | half)
        elif kind == "BL":
            head = struct.pack("<2H", 0xF000, 0xF800 | half)
        else:
            if half < 0:
                body, count = body + NOP, count + 1
                half += 1
            op = 0xB900 if kind == "CBNZ" else 0xB100
            head = struct.pack("<H", op | half << 3 | source.choice(LOW_REGISTERS))
        return Unit(head + body, count + 1, kind)

    def _table_branch(self) -> Unit:
        """TBB or TBH through a table of two that follows it, to one of two places in the code behind."""
        source = self._random
        body, count = self._body()
        index = source.choice(REGISTERS)
        wide = source.getrandbits(1)
        # The table is four bytes long: two halfwords, or two bytes and two that nobody reads.
        entries = source.choice(((2, 2 + len(body) // 2), (2 + len(body) // 2, 2)))
        table = struct.pack("<2H", *entries) if wide else bytes((*entries, 0, 0))
        set_index = instructions.BY_NAME["AND imm"].encode({"S": 0, "n": index, "d": index, "i": 1})
        branch = struct.pack("<2H", 0xE8DF, 0xF000 | wide << 4 | index)
        return Unit(set_index + branch + table + body, count + 2, "TBH" if wide else "TBB")

    def _branch_to_register(self) -> Unit:
        """BX or BLX to behind the body."""
        source = self._random
        body, count = self._body()
        register = source.choice(REGISTERS)
        links = source.getrandbits(1)
        branch = struct.pack("<H", 0x4700 | links << 7 | register << 3)
        # MOV register, PC reads the address of the instruction plus 4; ADDW adds the rest and the Thumb bit.
        move = instructions.BY_NAME["MOV reg T1"].encode({"d": register, "m": 15})
        add = instructions.BY_NAME["ADDW"].encode({"d": register, "n": register, "i": len(body) + 4 + 1})
        return Unit(move + add + branch + body, count + 3, "BLX" if links else "BX")

    def _stack(self) -> Unit:
        source = self._random
        kind = source.choice((memory_instructions.STACK, memory_instructions.PUSH))
        if isinstance(kind, tuple):
            encoding = source.choice(kind)
            return Unit(encoding.random(source), 1, encoding.name)
        # As many are popped as were pushed, into registers that may be others.
        count = source.randrange(1, 9)
        lists = [sum(1 << bit for bit in source.sample(LOW_REGISTERS, count)) for _ in range(2)]
        code = memory_instructions.PUSH.encode({"r": lists[0]}) + memory_instructions.POP.encode(
            {"r": lists[1]}
        )
        return Unit(code, 2, "PUSH, POP")

    def _literal(self) -> Unit:
        """A load from 16 bytes that stand in the unit itself, and are jumped over."""
        source = self._random
        data = source.randbytes(16)
        skip = struct.pack("<H", 0xE000 | (len(data) - 2) // 2)
        encoding: Encoding = source.choice((memory_instructions.LITERAL_T1, *memory_instructions.LITERAL))
        # Counted from the aligned PC: these offsets are right wherever the unit stands.
        if encoding is memory_instructions.LITERAL_T1:
            offset = {"i": source.choice((1, 2))}
        else:
            up = source.getrandbits(1)
            offset = {"U": up, "i": source.randrange(4, 13) if up else source.randrange(8, 19)}
        load = encoding.encode(encoding.random_values(source, offset))
        parts = (load, skip, data) if offset.get("U", 1) else (skip, data, load)
        return Unit(b"".join(parts), 2, encoding.name)

    def _exclusive(self) -> Unit:
        """Load and store exclusive at the same address, sometimes with a CLREX in between."""
        source = self._random
        load, store = source.choice(memory_instructions.EXCLUSIVE)
        base = source.choice(REGISTERS)
        fixed = {"n": base, "i": source.getrandbits(8)}
        taken = [register for register in REGISTERS if register != base]
        loaded, stored, status = source.sample(taken, 3)
        offset, length = load.span(fixed)
        target = SCRATCH + source.randrange(0, SCRATCH_BYTES - length + 1, load.alignment)
        code = load_constant(base, target - offset) + load.encode({**fixed, "t": loaded})
        between = source.randrange(3)
        if between == 0:
            code += memory_instructions.CLREX.encode({})
        code += store.encode({**fixed, "t": stored, "d": status})
        return Unit(code, 4 + (between == 0), f"{load.name}, {store.name}")


def disassemble(code: bytes, address: int = 0) -> Sequence[str]:
    """The instructions of a unit, by capstone."""
    import capstone

    engine = capstone.Cs(
        capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS | capstone.CS_MODE_V8
    )
    engine.skipdata = True
    return [f"{each.mnemonic} {each.op_str}".strip() for each in engine.disasm(code, address)]
