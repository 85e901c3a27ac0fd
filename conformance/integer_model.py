"""What instructions on core registers do, from their definitions (Armv7-M ARM, section A7.7).

`DEFINITIONS` maps the name of an encoding to a function that changes a machine, given the fields.
"""

from collections.abc import Callable, Mapping

from conformance.instructions import INTEGER
from conformance.machine import (
    WORD,
    Machine,
    add_with_carry,
    byte,
    expand_immediate,
    half,
    immediate_shift,
    rotate_right,
    saturate_signed,
    saturate_unsigned,
    shift_with_carry,
    signed,
)

Values = Mapping[str, int]
Definition = Callable[[Machine, Values], None]
DEFINITIONS: dict[str, Definition] = {}


def _define(*names: str) -> Callable[[Definition], Definition]:
    def keep(function: Definition) -> Definition:
        DEFINITIONS.update(dict.fromkeys(names, function))
        return function

    return keep


# --- data processing

_LOGICAL: dict[str, Callable[[int, int], int]] = {
    "AND": lambda one, other: one & other,
    "TST": lambda one, other: one & other,
    "BIC": lambda one, other: one & ~other,
    "ORR": lambda one, other: one | other,
    "ORN": lambda one, other: one | ~other & WORD,
    "EOR": lambda one, other: one ^ other,
    "TEQ": lambda one, other: one ^ other,
    "MOV": lambda _, other: other,
    "MVN": lambda _, other: ~other & WORD,
}


def _arithmetic(name: str, one: int, other: int, carry: int) -> tuple[int, int, int]:
    if name in ("ADD", "CMN"):
        return add_with_carry(one, other, 0)
    if name in ("SUB", "CMP"):
        return add_with_carry(one, ~other & WORD, 1)
    if name == "RSB":
        return add_with_carry(~one & WORD, other, 1)
    return add_with_carry(one, other if name == "ADC" else ~other & WORD, carry)


def _data_processing(name: str, by_immediate: bool) -> Definition:
    def run(machine: Machine, values: Values) -> None:
        if by_immediate:
            operand, carry = expand_immediate(values["i"], machine.carry)
        else:
            kind, amount = immediate_shift(values["k"], values["i"])
            operand, carry = shift_with_carry(machine.r(values["m"]), kind, amount, machine.carry)
        first = machine.r(values["n"]) if "n" in values else 0
        overflow: int | None = None
        if name in _LOGICAL:
            result = _LOGICAL[name](first, operand)
        else:
            result, carry, overflow = _arithmetic(name, first, operand, machine.carry)
        if "d" in values:
            machine.set_r(values["d"], result)
        if values.get("S", 1):
            machine.set_flags(result, carry, overflow)

    return run


for _name in (*_LOGICAL, "ADD", "ADC", "SUB", "SBC", "RSB", "CMP", "CMN"):
    DEFINITIONS[f"{_name} reg"] = _data_processing(_name, by_immediate=False)
    DEFINITIONS[f"{_name} imm"] = _data_processing(_name, by_immediate=True)


def _shift_by_register(kind: int) -> Definition:
    def run(machine: Machine, values: Values) -> None:
        amount = machine.r(values["m"]) & 0xFF
        result, carry = shift_with_carry(machine.r(values["n"]), kind, amount, machine.carry)
        machine.set_r(values["d"], result)
        if values["S"]:
            machine.set_flags(result, carry)

    return run


for _kind, _name in enumerate(("LSL", "LSR", "ASR", "ROR")):
    DEFINITIONS[f"{_name} reg"] = _shift_by_register(_kind)


# --- bits and bytes


@_define("REV")
def _rev(machine: Machine, values: Values) -> None:
    machine.set_r(values["d"], int.from_bytes(machine.r(values["m"]).to_bytes(4, "little"), "big"))


@_define("RBIT")
def _rbit(machine: Machine, values: Values) -> None:
    machine.set_r(values["d"], int(f"{machine.r(values['m']):032b}"[::-1], 2))


@_define("REV16")
def _rev16(machine: Machine, values: Values) -> None:
    value = machine.r(values["m"])
    machine.set_r(values["d"], (value & 0x00FF_00FF) << 8 | value >> 8 & 0x00FF_00FF)


@_define("REVSH")
def _revsh(machine: Machine, values: Values) -> None:
    value = machine.r(values["m"])
    machine.set_r(values["d"], signed(byte(value, 0) << 8 | byte(value, 1), 16))


@_define("CLZ")
def _clz(machine: Machine, values: Values) -> None:
    machine.set_r(values["d"], 32 - machine.r(values["m"]).bit_length())


@_define("UBFX")
def _extract(machine: Machine, values: Values) -> None:
    machine.set_r(values["d"], machine.r(values["n"]) >> values["i"] & ((2 << values["w"]) - 1))


@_define("SBFX")
def _extract_signed(machine: Machine, values: Values) -> None:
    _extract(machine, values)
    machine.set_r(values["d"], signed(machine.r(values["d"]), values["w"] + 1))


@_define("BFI", "BFC")
def _insert(machine: Machine, values: Values) -> None:
    mask = ((2 << (values["b"] - values["i"])) - 1) << values["i"]
    source = machine.r(values["n"]) << values["i"] if "n" in values else 0
    machine.set_r(values["d"], machine.r(values["d"]) & ~mask | source & mask)


@_define("PKHBT/PKHTB")
def _pack(machine: Machine, values: Values) -> None:
    kind, amount = immediate_shift(values["k"] * 2, values["i"])
    shifted, _ = shift_with_carry(machine.r(values["m"]), kind, amount, 0)
    one, other = (shifted, machine.r(values["n"])) if values["k"] else (machine.r(values["n"]), shifted)
    machine.set_r(values["d"], one & 0xFFFF | other & 0xFFFF_0000)


@_define("SEL")
def _select(machine: Machine, values: Values) -> None:
    one, other = machine.r(values["n"]), machine.r(values["m"])
    chosen = (byte(one if machine.ge >> lane & 1 else other, lane) << 8 * lane for lane in range(4))
    machine.set_r(values["d"], sum(chosen))


def _extend(is_signed: bool, kind: str, adds: bool) -> Definition:
    def run(machine: Machine, values: Values) -> None:
        rotated = rotate_right(machine.r(values["m"]), 8 * values["r"])
        first = machine.r(values["n"]) if adds else 0
        if kind == "B16":
            parts = ((byte(rotated, 2 * lane), half(first, lane)) for lane in (0, 1))
            sums = [(signed(part, 8) if is_signed else part) + base for part, base in parts]
            machine.set_r(values["d"], sums[0] & 0xFFFF | (sums[1] & 0xFFFF) << 16)
            return
        bits = 16 if kind == "H" else 8
        part = rotated & ((1 << bits) - 1)
        machine.set_r(values["d"], (signed(part, bits) if is_signed else part) + first)

    return run


for _kind_of_extend in ("H", "B", "B16"):
    for _sign in "SU":
        DEFINITIONS[f"{_sign}XT{_kind_of_extend}"] = _extend(_sign == "S", _kind_of_extend, adds=False)
        DEFINITIONS[f"{_sign}XTA{_kind_of_extend}"] = _extend(_sign == "S", _kind_of_extend, adds=True)


# --- saturation


@_define("USAT")
def _unsigned_saturate(machine: Machine, values: Values) -> None:
    kind, amount = immediate_shift(2 * values["k"], values["i"])
    operand, _ = shift_with_carry(machine.r(values["n"]), kind, amount, 0)
    result, saturated = saturate_unsigned(signed(operand), values["s"])
    machine.set_r(values["d"], result)
    machine.set_q(saturated)


@_define("SSAT")
def _signed_saturate(machine: Machine, values: Values) -> None:
    kind, amount = immediate_shift(2 * values["k"], values["i"])
    operand, _ = shift_with_carry(machine.r(values["n"]), kind, amount, 0)
    result, saturated = saturate_signed(signed(operand), values["s"] + 1)
    machine.set_r(values["d"], result)
    machine.set_q(saturated)


def _saturate_halves(is_signed: bool) -> Definition:
    def run(machine: Machine, values: Values) -> None:
        result = 0
        for lane in (0, 1):
            number = signed(half(machine.r(values["n"]), lane), 16)
            kept, saturated = (
                saturate_signed(number, values["s"] + 1)
                if is_signed
                else saturate_unsigned(number, values["s"])
            )
            result |= (kept & 0xFFFF) << 16 * lane
            machine.set_q(saturated)
        machine.set_r(values["d"], result)

    return run


DEFINITIONS["SSAT16"] = _saturate_halves(True)
DEFINITIONS["USAT16"] = _saturate_halves(False)


def _saturating(doubles: bool, sign: int) -> Definition:
    def run(machine: Machine, values: Values) -> None:
        second, first_saturated = saturate_signed(signed(machine.r(values["n"])) * (2 if doubles else 1), 32)
        result, saturated = saturate_signed(signed(machine.r(values["m"])) + sign * second, 32)
        machine.set_r(values["d"], result)
        machine.set_q(first_saturated or saturated)

    return run


for _name, _doubles, _factor in (("QADD", 0, 1), ("QSUB", 0, -1), ("QDADD", 1, 1), ("QDSUB", 1, -1)):
    DEFINITIONS[_name] = _saturating(bool(_doubles), _factor)


# --- parallel addition and subtraction

# For each lane of the result: the sign, and the lane of the second operand.
_LANES = {
    "ADD16": ((1, 0), (1, 1)),
    "SUB16": ((-1, 0), (-1, 1)),
    "ASX": ((-1, 1), (1, 0)),
    "SAX": ((1, 1), (-1, 0)),
    "ADD8": tuple((1, lane) for lane in range(4)),
    "SUB8": tuple((-1, lane) for lane in range(4)),
}


def _parallel(prefix: str, operation: str) -> Definition:
    lanes = _LANES[operation]
    bits = 32 // len(lanes)
    is_signed = prefix in ("S", "Q", "SH")

    def lane_of(value: int, lane: int) -> int:
        part = value >> bits * lane & ((1 << bits) - 1)
        return signed(part, bits) if is_signed else part

    def run(machine: Machine, values: Values) -> None:
        result = ge = 0
        for lane, (sign, other) in enumerate(lanes):
            total = lane_of(machine.r(values["n"]), lane) + sign * lane_of(machine.r(values["m"]), other)
            at_least = total >= 0 if is_signed or sign < 0 else total >= 1 << bits
            ge |= ((1 << bits // 8) - 1) * at_least << lane * bits // 8
            if prefix == "Q":
                total, _ = saturate_signed(total, bits)
            elif prefix == "UQ":
                total, _ = saturate_unsigned(total, bits)
            elif prefix.endswith("H"):
                total >>= 1
            result |= (total & ((1 << bits) - 1)) << bits * lane
        machine.set_r(values["d"], result)
        if prefix in ("S", "U"):
            machine.set_ge(ge)

    return run


for _prefix in ("S", "Q", "SH", "U", "UQ", "UH"):
    for _operation in _LANES:
        DEFINITIONS[_prefix + _operation] = _parallel(_prefix, _operation)


# --- multiplication and division


def _products(machine: Machine, values: Values) -> tuple[int, int]:
    """The products of the low and of the high halves; `x` exchanges those of the second operand."""
    first = machine.r(values["n"])
    second = rotate_right(machine.r(values["m"]), 16 * values["x"])
    low, high = (signed(half(first, lane), 16) * signed(half(second, lane), 16) for lane in (0, 1))
    return low, high


def _word_result(machine: Machine, values: Values, product: int, *, sets_q: bool = True) -> None:
    total = product + (signed(machine.r(values["a"])) if "a" in values else 0)
    machine.set_r(values["d"], total)
    machine.set_q(sets_q and signed(total) != total)


@_define("MLA", "MUL")
def _multiply(machine: Machine, values: Values) -> None:
    _word_result(machine, values, machine.r(values["n"]) * machine.r(values["m"]), sets_q=False)


@_define("MLS")
def _multiply_subtract(machine: Machine, values: Values) -> None:
    _word_result(machine, values, -machine.r(values["n"]) * machine.r(values["m"]), sets_q=False)


@_define("SMLAxy", "SMULxy")
def _multiply_halves(machine: Machine, values: Values) -> None:
    first = signed(half(machine.r(values["n"]), values["x"]), 16)
    _word_result(machine, values, first * signed(half(machine.r(values["m"]), values["y"]), 16))


@_define("SMLAWy", "SMULWy")
def _multiply_word_by_half(machine: Machine, values: Values) -> None:
    second = signed(half(machine.r(values["m"]), values["y"]), 16)
    _word_result(machine, values, signed(machine.r(values["n"])) * second >> 16)


@_define("SMLAD", "SMUAD")
def _multiply_both_and_add(machine: Machine, values: Values) -> None:
    _word_result(machine, values, sum(_products(machine, values)))


@_define("SMLSD", "SMUSD")
def _multiply_both_and_subtract(machine: Machine, values: Values) -> None:
    low, high = _products(machine, values)
    _word_result(machine, values, low - high, sets_q="a" in values)


@_define("SMMLA", "SMMUL")
def _multiply_most_significant(machine: Machine, values: Values) -> None:
    total = signed(machine.r(values["n"])) * signed(machine.r(values["m"]))
    total += (signed(machine.r(values["a"])) if "a" in values else 0) << 32
    machine.set_r(values["d"], total + (values["x"] << 31) >> 32)


@_define("SMMLS")
def _multiply_most_significant_subtract(machine: Machine, values: Values) -> None:
    total = (signed(machine.r(values["a"])) << 32) - signed(machine.r(values["n"])) * signed(
        machine.r(values["m"])
    )
    machine.set_r(values["d"], total + (values["x"] << 31) >> 32)


@_define("USADA8", "USAD8")
def _absolute_differences(machine: Machine, values: Values) -> None:
    one, other = machine.r(values["n"]), machine.r(values["m"])
    total = sum(abs(byte(one, lane) - byte(other, lane)) for lane in range(4))
    _word_result(machine, values, total, sets_q=False)


def _long(product: Callable[[Machine, Values], int], *, adds: bool = True, twice: bool = False) -> Definition:
    def run(machine: Machine, values: Values) -> None:
        low, high = machine.r(values["l"]), machine.r(values["h"])
        total = product(machine, values)
        if twice:
            total += low + high
        elif adds:
            total += high << 32 | low
        machine.set_r(values["l"], total)
        machine.set_r(values["h"], total >> 32)

    return run


def _signed_product(machine: Machine, values: Values) -> int:
    return signed(machine.r(values["n"])) * signed(machine.r(values["m"]))


def _unsigned_product(machine: Machine, values: Values) -> int:
    return machine.r(values["n"]) * machine.r(values["m"])


def _difference_of_products(machine: Machine, values: Values) -> int:
    low, high = _products(machine, values)
    return low - high


def _half_product(machine: Machine, values: Values) -> int:
    first = signed(half(machine.r(values["n"]), values["x"]), 16)
    return first * signed(half(machine.r(values["m"]), values["y"]), 16)


DEFINITIONS |= {
    "SMULL": _long(_signed_product, adds=False),
    "UMULL": _long(_unsigned_product, adds=False),
    "SMLAL": _long(_signed_product),
    "UMLAL": _long(_unsigned_product),
    "UMAAL": _long(_unsigned_product, twice=True),
    "SMLALxy": _long(_half_product),
    "SMLALD": _long(lambda machine, values: sum(_products(machine, values))),
    "SMLSLD": _long(_difference_of_products),
}


@_define("SDIV")
def _divide_signed(machine: Machine, values: Values) -> None:
    one, other = signed(machine.r(values["n"])), signed(machine.r(values["m"]))
    quotient = 0 if other == 0 else abs(one) // abs(other) * (1 if (one < 0) == (other < 0) else -1)
    machine.set_r(values["d"], quotient)


@_define("UDIV")
def _divide_unsigned(machine: Machine, values: Values) -> None:
    one, other = machine.r(values["n"]), machine.r(values["m"])
    machine.set_r(values["d"], one // other if other else 0)


ENCODINGS = tuple(encoding for encoding in INTEGER if encoding.name in DEFINITIONS)
