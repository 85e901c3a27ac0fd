"""What floating-point instructions do, from their definitions (Armv7-M ARM, section A7.7)."""

from collections.abc import Callable, Mapping

from conformance.float_arithmetic import AWAY, DOWN, NEAREST, SIGN, UP, ZERO, Float
from conformance.float_instructions import FLOAT
from conformance.machine import Machine, signed

Values = Mapping[str, int]
Definition = Callable[[Machine, Values], None]
DEFINITIONS: dict[str, Definition] = {}


def _single(values: Values, letter: str) -> int:
    """The number of an S register; patterns collect D:Vd and M:Vm, but Vn:N."""
    field = values[letter]
    return field if letter == "N" else (field & 15) << 1 | field >> 4


def _operation(compute: Callable[[Float, int, int, int], int]) -> Definition:
    """An operation of d, n and m, in this order, whose result goes to d."""

    def run(machine: Machine, values: Values) -> None:
        unit = Float(machine.fpscr)
        d, n, m = (machine.floats[_single(values, letter)] if letter in values else 0 for letter in "DNM")
        machine.floats[_single(values, "D")] = compute(unit, d, n, m)
        machine.fpscr = unit.fpscr

    return run


_COMPUTED: dict[str, Callable[[Float, int, int, int], int]] = {
    "VADD": lambda unit, d, n, m: unit.add(n, m),
    "VSUB": lambda unit, d, n, m: _subtract(unit, n, m),
    "VMUL": lambda unit, d, n, m: unit.multiply(n, m),
    "VNMUL": lambda unit, d, n, m: unit.multiply(n, m) ^ SIGN,
    "VDIV": lambda unit, d, n, m: unit.divide(n, m),
    "VMLA": lambda unit, d, n, m: unit.add(d, unit.multiply(n, m)),
    "VMLS": lambda unit, d, n, m: unit.add(d, unit.multiply(n, m) ^ SIGN),
    "VNMLA": lambda unit, d, n, m: unit.add(d ^ SIGN, unit.multiply(n, m) ^ SIGN),
    "VNMLS": lambda unit, d, n, m: unit.add(d ^ SIGN, unit.multiply(n, m)),
    "VFMA": lambda unit, d, n, m: unit.multiply_add(d, n, m),
    "VFMS": lambda unit, d, n, m: unit.multiply_add(d, n ^ SIGN, m),
    "VFNMA": lambda unit, d, n, m: unit.multiply_add(d ^ SIGN, n ^ SIGN, m),
    "VFNMS": lambda unit, d, n, m: unit.multiply_add(d ^ SIGN, n, m),
    "VMOV reg": lambda unit, d, n, m: m,
    "VABS": lambda unit, d, n, m: m & ~SIGN,
    "VNEG": lambda unit, d, n, m: m ^ SIGN,
    "VSQRT": lambda unit, d, n, m: unit.square_root(m),
    "VMAXNM": lambda unit, d, n, m: unit.extreme_number(n, m, largest=True),
    "VMINNM": lambda unit, d, n, m: unit.extreme_number(n, m, largest=False),
    "VRINTA": lambda unit, d, n, m: unit.to_integral(m, AWAY),
    "VRINTN": lambda unit, d, n, m: unit.to_integral(m, NEAREST),
    "VRINTP": lambda unit, d, n, m: unit.to_integral(m, UP),
    "VRINTM": lambda unit, d, n, m: unit.to_integral(m, DOWN),
    "VRINTZ": lambda unit, d, n, m: unit.to_integral(m, ZERO),
    "VRINTR": lambda unit, d, n, m: unit.to_integral(m, unit.rounding),
    "VRINTX": lambda unit, d, n, m: unit.to_integral(m, unit.rounding, exact=True),
    "VCVTB half to single": lambda unit, d, n, m: unit.half_to_single(m & 0xFFFF),
    "VCVTT half to single": lambda unit, d, n, m: unit.half_to_single(m >> 16),
    "VCVTB single to half": lambda unit, d, n, m: d & 0xFFFF_0000 | unit.single_to_half(m),
    "VCVTT single to half": lambda unit, d, n, m: d & 0xFFFF | unit.single_to_half(m) << 16,
    "VCVT from unsigned": lambda unit, d, n, m: _from_integer(unit, m),
    "VCVT from signed": lambda unit, d, n, m: _from_integer(unit, signed(m)),
    "VCVTR to unsigned": lambda unit, d, n, m: _to_integer(unit, m, False, unit.rounding),
    "VCVT to unsigned": lambda unit, d, n, m: _to_integer(unit, m, False, ZERO),
    "VCVTR to signed": lambda unit, d, n, m: _to_integer(unit, m, True, unit.rounding),
    "VCVT to signed": lambda unit, d, n, m: _to_integer(unit, m, True, ZERO),
}


def _subtract(unit: Float, one: int, other: int) -> int:
    """FPSub: a NaN keeps its sign, so this is not the sum with the second operand negated."""
    one, other = unit.flush(one), unit.flush(other)
    nan = unit.first_nan(one, other)
    return unit.add(one, other ^ SIGN) if nan is None else nan


def _from_integer(unit: Float, number: int) -> int:
    return unit.from_fixed(number, fraction_bits=0, rounding=unit.rounding)


def _to_integer(unit: Float, word: int, is_signed: bool, rounding: int) -> int:
    whole = unit.to_fixed(word, bits=32, fraction_bits=0, is_signed=is_signed, rounding=rounding)
    return whole & 0xFFFF_FFFF


DEFINITIONS |= {name: _operation(compute) for name, compute in _COMPUTED.items()}


def _convert_with_rounding(rounding: int) -> Definition:
    def run(machine: Machine, values: Values) -> None:
        unit = Float(machine.fpscr)
        word = machine.floats[_single(values, "M")]
        machine.floats[_single(values, "D")] = _to_integer(unit, word, bool(values["U"]), rounding)
        machine.fpscr = unit.fpscr

    return run


for _letter, _rounding in zip("ANPM", (AWAY, NEAREST, UP, DOWN), strict=True):
    DEFINITIONS[f"VCVT{_letter}"] = _convert_with_rounding(_rounding)


def _compare(with_zero: bool, name_is_exact: bool) -> Definition:
    def run(machine: Machine, values: Values) -> None:
        unit = Float(machine.fpscr)
        exact = bool(values.get("e", name_is_exact))
        other = 0 if with_zero else machine.floats[_single(values, "M")]
        flags = unit.compare(machine.floats[_single(values, "D")], other, quiet_nan_is_invalid=exact)
        machine.fpscr = unit.fpscr & 0x0FFF_FFFF | flags

    return run


DEFINITIONS["VCMP"] = _compare(with_zero=False, name_is_exact=False)
DEFINITIONS["VCMPE"] = _compare(with_zero=False, name_is_exact=True)
DEFINITIONS["VCMP zero"] = _compare(with_zero=True, name_is_exact=False)


def _from_fixed(machine: Machine, values: Values) -> None:
    unit = Float(machine.fpscr)
    bits, fraction_bits = _fixed_format(values)
    place = _single(values, "D")
    number = machine.floats[place] & ((1 << bits) - 1)
    number = number if values["U"] else signed(number, bits)
    # To nearest, whatever FPSCR says (VCVT, between floating-point and fixed-point: round_nearest).
    machine.floats[place] = unit.from_fixed(number, fraction_bits=fraction_bits, rounding=NEAREST)
    machine.fpscr = unit.fpscr


def _to_fixed(machine: Machine, values: Values) -> None:
    unit = Float(machine.fpscr)
    bits, fraction_bits = _fixed_format(values)
    place = _single(values, "D")
    whole = unit.to_fixed(
        machine.floats[place],
        bits=bits,
        fraction_bits=fraction_bits,
        is_signed=not values["U"],
        rounding=ZERO,
    )
    machine.floats[place] = whole & 0xFFFF_FFFF
    machine.fpscr = unit.fpscr


def _fixed_format(values: Values) -> tuple[int, int]:
    """Bits of the number and of its fraction; field `i` is i:imm4, what counts is imm4:i."""
    bits = 32 if values["s"] else 16
    return bits, bits - ((values["i"] & 15) << 1 | values["i"] >> 4)


def _select(machine: Machine, values: Values) -> None:
    n, z, v = (machine.apsr >> bit & 1 for bit in (31, 30, 28))
    holds = (z == 1, v == 1, n == v, z == 0 and n == v)[values["k"]]
    machine.floats[_single(values, "D")] = machine.floats[_single(values, "N" if holds else "M")]


def _immediate(machine: Machine, values: Values) -> None:
    """VFPExpandImm."""
    immediate = values["i"]
    exponent = 0x7C if immediate & 0x40 else 0x80
    word = (immediate & 0x80) << 24 | (exponent | immediate >> 4 & 3) << 23 | (immediate & 15) << 19
    machine.floats[_single(values, "D")] = word


DEFINITIONS |= {
    "VCVT from fixed": _from_fixed,
    "VCVT to fixed": _to_fixed,
    "VSEL": _select,
    "VMOV imm": _immediate,
    "VMRS APSR_nzcv": lambda machine, _: setattr(
        machine, "apsr", machine.apsr & 0x0FFF_FFFF | machine.fpscr & 0xF000_0000
    ),
}

ENCODINGS = tuple(encoding for encoding in FLOAT if encoding.name in DEFINITIONS)
