"""The definitions, against results that can be worked out by hand or from Python's own floating point."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.batch import State
from conformance.definitions import ENCODINGS, defined
from conformance.float_arithmetic import IDC, IOC, IXC, OFC, UFC, Float
from conformance.float_instructions import FLOAT
from conformance.instructions import INTEGER

UP, DOWN, ZERO = 1 << 22, 2 << 22, 3 << 22
FZ, DN, AHP = 1 << 24, 1 << 25, 1 << 26
BY_NAME = {encoding.name: encoding for encoding in ENCODINGS}
finite = st.floats(width=32, allow_nan=False, allow_infinity=False)


def _word(value: float) -> int:
    return int(struct.unpack("<I", struct.pack("<f", value))[0])


def _run(name: str, values: dict[str, int], **state: object) -> State:
    return defined(BY_NAME[name], values, State(**state))  # type: ignore[arg-type]


def _core(**registers: int) -> tuple[int, ...]:
    return tuple(registers.get(f"r{number}", 0) for number in range(14))


@pytest.mark.parametrize(
    ("name", "n", "m", "result", "apsr"),
    [
        ("QADD", 1, 0x7FFF_FFFF, 0x7FFF_FFFF, 1 << 27),
        ("QSUB", 1, 0x8000_0000, 0x8000_0000, 1 << 27),
        ("QDADD", 0x4000_0000, 0, 0x7FFF_FFFF, 1 << 27),
        ("SADD8", 0x7F80_01FF, 0x0180_FF01, 0x8000_0000, 0b1011 << 16),
        ("UADD8", 0xFF01_80FF, 0x0101_8000, 0x0002_00FF, 0b1010 << 16),
        ("USUB16", 0x0001_0002, 0x0002_0001, 0xFFFF_0001, 0b0011 << 16),
        ("SHADD16", 0x7FFF_8000, 0x7FFF_8000, 0x7FFF_8000, 0),
        ("SASX", 0x0001_0002, 0x0003_0004, 0x0005_FFFF, 0b1100 << 16),
        ("SDIV", 0x8000_0000, 0xFFFF_FFFF, 0x8000_0000, 0),
        ("SDIV", 0xFFFF_FFF9, 2, 0xFFFF_FFFD, 0),
        ("UDIV", 7, 0, 0, 0),
    ],
)
def test_integer_results_by_hand(name: str, n: int, m: int, result: int, apsr: int) -> None:
    after = _run(name, {"n": 1, "m": 2, "d": 3}, core=_core(r1=n, r2=m))
    assert (after.core[3], after.apsr) == (result, apsr)


def test_smlad_sets_q_for_the_whole_sum_only() -> None:
    values = {"n": 1, "m": 1, "a": 2, "d": 0, "x": 0}
    assert _run("SMLAD", values, core=_core(r1=0x8000_8000, r2=0xFFFF_FFFF)).apsr == 0
    assert _run("SMLAD", values, core=_core(r1=0x8000_8000, r2=0)).apsr == 1 << 27


@given(finite, finite)
def test_sums_and_products_round_as_the_host_rounds_them(one: float, other: float) -> None:
    # Double precision holds a sum or product of two singles well enough for it to be rounded once more.
    for compute, exact in ((Float.multiply, one * other), (Float.add, one + other)):
        try:
            expected = _word(exact)
        except OverflowError:
            continue
        if compute is Float.multiply or abs(one) < 2**30 * abs(other) < 2**60 * abs(one):
            assert compute(Float(0), _word(one), _word(other)) == expected


@pytest.mark.parametrize(
    ("fpscr", "result"), [(0, 0x3F80_0000), (UP, 0x3F80_0001), (DOWN, 0x3F80_0000), (ZERO, 0x3F80_0000)]
)
def test_half_a_unit_goes_where_the_mode_says(fpscr: int, result: int) -> None:
    unit = Float(fpscr)
    assert unit.add(_word(1.0), _word(2.0**-24)) == result
    assert unit.fpscr == fpscr | IXC


def test_denormals_are_flushed_where_the_manual_says() -> None:
    unit = Float(FZ)
    assert unit.add(1, 0x8000_0002) == 0
    assert unit.fpscr & (IDC | UFC) == IDC
    unit = Float(FZ)
    assert unit.multiply(0x0080_0000, _word(-0.5)) == 0x8000_0000
    assert unit.fpscr & (IDC | UFC | IXC) == UFC


def test_signalling_nans_come_first_and_become_quiet() -> None:
    unit = Float(0)
    assert unit.add(0x7FC0_0001, 0x7F80_0002) == 0x7FC0_0002
    assert unit.fpscr == IOC
    assert Float(DN).add(0x7FC0_0001, 0) == 0x7FC0_0000


def test_a_number_wins_over_a_quiet_nan_only() -> None:
    assert Float(0).extreme_number(0x7FC0_0000, _word(-3.0), largest=True) == _word(-3.0)
    assert Float(0).extreme_number(0x7F80_0001, _word(-3.0), largest=True) == 0x7FC0_0001
    assert Float(0).extreme_number(0x8000_0000, 0, largest=True) == 0


def test_half_precision_has_an_alternative_without_infinity() -> None:
    unit = Float(0)
    assert unit.single_to_half(_word(65520.0)) == 0x7C00
    assert unit.fpscr == OFC | IXC
    unit = Float(AHP)
    assert unit.single_to_half(_word(65536.0)) == 0x7C00
    assert unit.fpscr == AHP
    assert Float(AHP).half_to_single(0x7C00) == _word(65536.0)


@given(finite)
def test_conversion_to_integer_saturates(value: float) -> None:
    unit = Float(0)
    whole = unit.to_fixed(_word(value), bits=32, fraction_bits=0, is_signed=True, rounding=3)
    assert whole == max(-(1 << 31), min((1 << 31) - 1, int(value)))
    assert bool(unit.fpscr & IOC) == (whole != int(value))


def test_what_has_no_definition_is_on_this_list() -> None:
    without = {encoding.name for encoding in (*INTEGER, *FLOAT)} - set(BY_NAME)
    wide = {name for name in without if not name.endswith(("T1", "T2", "T3")) and "processing" not in name}
    assert wide == {
        *("ADDW", "SUBW", "MOVW", "MOVT", "MRS APSR", "MSR APSR_nzcvq", "MSR APSR_g", "MSR APSR_nzcvqg"),
        *("DSB", "DMB", "ISB"),
        *("VMOV core to S", "VMOV S to core", "VMOV core to 2S", "VMOV 2S to core", "VMOV core to D"),
        *("VMOV D to core", "VMOV core to D[x]", "VMOV D[x] to core", "VMRS", "VMSR"),
    }
