"""The instructions that access memory, in all addressing modes (Armv7-M ARM, chapters A5 to A7)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from conformance.encoding import Encoding

Values = Mapping[str, int]
Span = Callable[[Values], tuple[int, int]]


@dataclass(frozen=True)
class Access(Encoding):
    """An access to memory through the base register `n`, plus the index register `m` where there is one.

    `span` gives the first byte relative to base plus index, and how many bytes are accessed; the address has
    to be a multiple of `alignment`.
    """

    span: Span = lambda _: (0, 4)
    alignment: int = 1


def _scaled(size_bytes: int, scale: int = 1) -> Span:
    return lambda values: (values["i"] * scale, size_bytes)


def _signed(size_bytes: int, scale: int = 1) -> Span:
    """An immediate with a sign (U) that counts before the access (P) or after it."""

    def span(values: Values) -> tuple[int, int]:
        immediate = values["i"] * scale * (1 if values["U"] else -1)
        return (immediate if values.get("P", 1) else 0), size_bytes

    return span


def _fixed(size_bytes: int) -> Span:
    return lambda _: (0, size_bytes)


def _core_list(values: Values) -> tuple[int, int]:
    return 0, 4 * values["r"].bit_count()


def _core_list_below(values: Values) -> tuple[int, int]:
    length = 4 * values["r"].bit_count()
    return -length, length


def _float_list(values: Values) -> tuple[int, int]:
    return 0, 4 * values["i"]


def _float_list_below(values: Values) -> tuple[int, int]:
    return -4 * values["i"], 4 * values["i"]


def _base_is_kept(values: Values) -> bool:
    """No write-back into a register that is transferred."""
    return values["W"] == 0 or values["n"] not in (values["t"], values.get("u", -1))


def _single(values: Values) -> bool:
    """P=0 needs W=1; P=1, U=1, W=0 is LDRT, which has an encoding of its own."""
    mode = values["P"], values["U"], values["W"]
    return mode not in ((0, 0, 0), (0, 1, 0), (1, 1, 0)) and _base_is_kept(values)


def _pair(values: Values) -> bool:
    return (values["P"], values["W"]) != (0, 0) and values["t"] != values["u"] and _base_is_kept(values)


def _list(values: Values) -> bool:
    """At least two registers, and no write-back into one of them."""
    return values["r"].bit_count() >= 2 and not (values["W"] and values["r"] >> values["n"] & 1)


def _low_list(values: Values) -> bool:
    return values["r"] != 0 and not values["r"] >> values["n"] & 1


def _floats_exist(values: Values) -> bool:
    """D is D:Vd here; up to 32 registers, up to s31."""
    first = (values["D"] & 15) << 1 | values["D"] >> 4
    return 1 <= values["i"] <= 32 - first


def _doubles_exist(values: Values) -> bool:
    """`i` is twice the number of D registers, up to d15."""
    return values["i"] % 2 == 0 and 2 <= values["i"] <= 32 - 2 * values["E"]


def _index_is_not_base(values: Values) -> bool:
    return values["m"] != values["n"]


def _exclusive_store(values: Values) -> bool:
    return values["d"] not in (values["n"], values["t"])


_SIZES = {"B": ("00", 1), "H": ("01", 2), "": ("10", 4)}


def _wide() -> list[Access]:
    found: list[Access] = []
    for letter, (bits, size) in _SIZES.items():
        kinds = [(f"STR{letter}", "0", f"{bits}0"), (f"LDR{letter}", "0", f"{bits}1")]
        if size < 4:
            kinds.append((f"LDRS{letter}", "1", f"{bits}1"))
        for name, sign, op in kinds:
            head = f"1111100{sign}"
            found += [
                Access(f"{name} imm12", f"{head} 1{op} nnnn tttt iiiiiiiiiiii", span=_scaled(size)),
                Access(f"{name} imm8", f"{head} 0{op} nnnn tttt 1PUW iiiiiiii", _single, span=_signed(size)),
                Access(f"{name}T", f"{head} 0{op} nnnn tttt 1110 iiiiiiii", span=_scaled(size)),
                Access(
                    f"{name} reg",
                    f"{head} 0{op} nnnn tttt 000000 kk mmmm",
                    _index_is_not_base,
                    span=_fixed(size),
                ),
            ]
    return found


_NARROW_BY_REGISTER = {"STR": 4, "STRH": 2, "STRB": 1, "LDRSB": 1, "LDR": 4, "LDRH": 2, "LDRB": 1, "LDRSH": 2}
_NARROW_BY_IMMEDIATE = {"STR": 4, "LDR": 4, "STRB": 1, "LDRB": 1, "STRH": 2, "LDRH": 2}


def _narrow() -> list[Access]:
    found = [
        Access(f"{name} reg T1", f"0101 {op:03b} mmm nnn ttt", _index_is_not_base, span=_fixed(size))
        for op, (name, size) in enumerate(_NARROW_BY_REGISTER.items())
    ]
    found += [
        Access(f"{name} imm T1", f"{0b01100 + op:05b} iiiii nnn ttt", span=_scaled(size, size))
        for op, (name, size) in enumerate(_NARROW_BY_IMMEDIATE.items())
    ]
    return [
        *found,
        Access("STM T1", "11000 nnn rrrrrrrr", _low_list, span=_core_list, alignment=4),
        Access("LDM T1", "11001 nnn rrrrrrrr", _low_list, span=_core_list, alignment=4),
    ]


def _several() -> list[Access]:
    found = []
    for letter, load in (("LD", 1), ("ST", 0)):
        pair = f"1110100 P U 1 W {load} nnnn tttt uuuu iiiiiiii"
        found.append(Access(f"{letter}RD", pair, _pair, span=_signed(8, 4), alignment=4))
        # The list has r0 to r12.
        for mode, op, span in (("IA", "010", _core_list), ("DB", "100", _core_list_below)):
            pattern = f"1110100{op} W {load} nnnn 000 rrrrrrrrrrrrr"
            found.append(Access(f"{letter}M{mode}", pattern, _list, span=span, alignment=4))
        single = f"11101101 UD0{load} nnnn DDDD 1010 iiiiiiii"
        found.append(Access(f"V{letter}R S", single, span=_signed(4, 4), alignment=4))
        double = f"11101101 U00{load} nnnn DDDD 1011 iiiiiiii"
        found.append(Access(f"V{letter}R D", double, span=_signed(8, 4), alignment=4))
        for kind, first, coprocessor, exist in (
            ("S", "D", "DDDD 1010", _floats_exist),
            ("D", "0", "EEEE 1011", _doubles_exist),
        ):
            after = f"1110110 01 {first} W {load} nnnn {coprocessor} iiiiiiii"
            found.append(Access(f"V{letter}MIA {kind}", after, exist, span=_float_list, alignment=4))
            before = f"1110110 10 {first} 1 {load} nnnn {coprocessor} iiiiiiii"
            found.append(Access(f"V{letter}MDB {kind}", before, exist, span=_float_list_below, alignment=4))
    return found


MEMORY = (*_narrow(), *_wide(), *_several())

EXCLUSIVE = (
    (
        Access("LDREX", "111010000101 nnnn tttt 1111 iiiiiiii", span=_scaled(4, 4), alignment=4),
        Access(
            "STREX", "111010000100 nnnn tttt dddd iiiiiiii", _exclusive_store, span=_scaled(4, 4), alignment=4
        ),
    ),
    (
        Access("LDREXB", "111010001101 nnnn tttt 1111 0100 1111", span=_fixed(1)),
        Access("STREXB", "111010001100 nnnn tttt 1111 0100 dddd", _exclusive_store, span=_fixed(1)),
    ),
    (
        Access("LDREXH", "111010001101 nnnn tttt 1111 0101 1111", span=_fixed(2), alignment=2),
        Access(
            "STREXH", "111010001100 nnnn tttt 1111 0101 dddd", _exclusive_store, span=_fixed(2), alignment=2
        ),
    ),
)
"""Load and store exclusive of each size."""
CLREX = Encoding("CLREX", "1111001110111111 1000111100101111")

# By SP: 64 bytes below it and 192 from it on are scratch memory.
STACK = (
    Encoding("STR SP", "10010 ttt 00 iiiiii", lambda values: values["i"] < 48),
    Encoding("LDR SP", "10011 ttt 00 iiiiii", lambda values: values["i"] < 48),
)
PUSH = Encoding("PUSH T1", "1011010 0 rrrrrrrr", lambda values: values["r"] != 0)
POP = Encoding("POP T1", "1011110 0 rrrrrrrr", lambda values: values["r"] != 0)
LITERAL = tuple(
    Encoding(name, f"1111100{sign} U{op} 1111 tttt 0000 iiiiiiii")
    for name, sign, op in (
        ("LDR literal", "0", "101"),
        ("LDRB literal", "0", "001"),
        ("LDRH literal", "0", "011"),
        ("LDRSB literal", "1", "001"),
        ("LDRSH literal", "1", "011"),
    )
)
"""From the code itself; LDR T1 is 16 bits wide."""
LITERAL_T1 = Encoding("LDR literal T1", "01001 ttt 00 iiiiii")
