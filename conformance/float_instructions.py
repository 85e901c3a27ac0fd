"""The instructions of FPv5, with single precision alone and with double (Armv7-M ARM, chapter A6).

Registers are S registers in two parts. `M`, `N` and `D` stand for all five bits of one; the order of the
parts does not matter where any register will do.
"""

from collections.abc import Mapping
from dataclasses import replace

from conformance.encoding import Encoding

_ARITHMETIC = {
    "VMLA": ("00", "0"),
    "VMLS": ("00", "1"),
    "VNMLS": ("01", "0"),
    "VNMLA": ("01", "1"),
    "VMUL": ("10", "0"),
    "VNMUL": ("10", "1"),
    "VADD": ("11", "0"),
    "VSUB": ("11", "1"),
}
_FUSED = {"VFNMS": ("01", "0"), "VFNMA": ("01", "1"), "VFMA": ("10", "0"), "VFMS": ("10", "1")}
_UNARY = {
    "VMOV reg": ("0000", "01"),
    "VABS": ("0000", "11"),
    "VNEG": ("0001", "01"),
    "VSQRT": ("0001", "11"),
    "VCVTB half to single": ("0010", "01"),
    "VCVTT half to single": ("0010", "11"),
    "VCVTB single to half": ("0011", "01"),
    "VCVTT single to half": ("0011", "11"),
    "VCMP": ("0100", "01"),
    "VCMPE": ("0100", "11"),
    "VRINTR": ("0110", "01"),
    "VRINTZ": ("0110", "11"),
    "VRINTX": ("0111", "01"),
    "VCVT from unsigned": ("1000", "01"),
    "VCVT from signed": ("1000", "11"),
    "VCVTR to unsigned": ("1100", "01"),
    "VCVT to unsigned": ("1100", "11"),
    "VCVTR to signed": ("1101", "01"),
    "VCVT to signed": ("1101", "11"),
}
_ROUNDINGS = "ANPM"


def _has_fraction_bits(values: Mapping[str, int]) -> bool:
    """Fixed point: 16 or 32 less imm4:i fraction bits, which must not be negative; `i` is i:imm4 here."""
    return values["s"] == 1 or ((values["i"] & 15) << 1 | values["i"] >> 4) <= 16


def _float() -> list[Encoding]:
    found = [
        Encoding(name, f"11101110 0D{op} NNNN DDDD 1010 N{low}M0 MMMM")
        for name, (op, low) in _ARITHMETIC.items()
    ]
    found += [
        Encoding(name, f"11101110 1D{op} NNNN DDDD 1010 N{low}M0 MMMM") for name, (op, low) in _FUSED.items()
    ]
    found += [
        Encoding(name, f"11101110 1D11 {op} DDDD 1010 {high}M0 MMMM") for name, (op, high) in _UNARY.items()
    ]
    for number, rounding in enumerate(_ROUNDINGS):
        found.append(
            Encoding(f"VRINT{rounding}", f"11111110 1D11 10{number:02b} DDDD 1010 01M0 MMMM", in_it=False)
        )
        found.append(
            Encoding(f"VCVT{rounding}", f"11111110 1D11 11{number:02b} DDDD 1010 U1M0 MMMM", in_it=False)
        )
    return [
        *found,
        Encoding("VDIV", "11101110 1D00 NNNN DDDD 1010 N0M0 MMMM"),
        Encoding("VMOV imm", "11101110 1D11 iiii DDDD 1010 0000 iiii"),
        Encoding("VCMP zero", "11101110 1D11 0101 DDDD 1010 e100 0000"),
        Encoding("VCVT from fixed", "11101110 1D11 101U DDDD 1010 s1i0 iiii", _has_fraction_bits),
        Encoding("VCVT to fixed", "11101110 1D11 111U DDDD 1010 s1i0 iiii", _has_fraction_bits),
        Encoding("VSEL", "11111110 0Dkk NNNN DDDD 1010 N0M0 MMMM", in_it=False),
        Encoding("VMAXNM", "11111110 1D00 NNNN DDDD 1010 N0M0 MMMM", in_it=False),
        Encoding("VMINNM", "11111110 1D00 NNNN DDDD 1010 N1M0 MMMM", in_it=False),
    ]


def _transfers() -> list[Encoding]:
    return [
        Encoding("VMOV core to S", "11101110 0000 NNNN tttt 1010 N001 0000"),
        Encoding("VMOV S to core", "11101110 0001 NNNN tttt 1010 N001 0000"),
        # M is M:Vm here, so 31 is S31, of which there is no next register.
        Encoding("VMOV core to 2S", "11101100 0100 uuuu tttt 1010 00M1 MMMM", lambda v: v["M"] != 31),
        Encoding(
            "VMOV 2S to core",
            "11101100 0101 uuuu tttt 1010 00M1 MMMM",
            lambda v: v["M"] != 31 and v["t"] != v["u"],
        ),
        Encoding("VMOV core to D", "11101100 0100 uuuu tttt 1011 0001 MMMM"),
        Encoding("VMOV D to core", "11101100 0101 uuuu tttt 1011 0001 MMMM", lambda v: v["t"] != v["u"]),
        Encoding("VMOV core to D[x]", "11101110 00x0 NNNN tttt 1011 0001 0000"),
        Encoding("VMOV D[x] to core", "11101110 00x1 NNNN tttt 1011 0001 0000"),
        Encoding("VMRS", "11101110 1111 0001 tttt 1010 0001 0000"),
        Encoding("VMRS APSR_nzcv", "11101110 1111 0001 1111 1010 0001 0000"),
        Encoding("VMSR", "11101110 1110 0001 tttt 1010 0001 0000"),
    ]


# Where the part of a register's number stands that an instruction on D registers has as 0, since there are 16
# of them, and the bit that says double: positions in a pattern from its first character on.
_D_BIT, _N_BIT, _M_BIT, _SIZE_BIT = 9, 24, 26, 23
_ONE_SINGLE = {
    "VCVTB half to single": "D",
    "VCVTT half to single": "D",
    "VCVTB single to half": "M",
    "VCVTT single to half": "M",
    "VCVT from unsigned": "D",
    "VCVT from signed": "D",
    **dict.fromkeys((f"VCVT{how} to {kind}" for how in ("R", "") for kind in ("signed", "unsigned")), "M"),
    **dict.fromkeys((f"VCVT{rounding}" for rounding in _ROUNDINGS), "M"),
}
"""Of those that have one S register besides: which register is a D register."""


def _as_double(single: Encoding) -> Encoding:
    bits = list(single.bits)
    bits[_SIZE_BIT] = "1"
    doubles = _ONE_SINGLE.get(single.name, "DNM")
    for position, letter in ((_D_BIT, "D"), (_N_BIT, "N"), (_M_BIT, "M")):
        if bits[position] == letter and letter in doubles:
            bits[position] = "0"
    return replace(single, name=f"{single.name} (double)", pattern="".join(bits))


FLOAT = (*_float(), *_transfers())
DOUBLE = (
    *(_as_double(encoding) for encoding in _float()),
    Encoding("VCVT single to double", "11101110 1011 0111 DDDD 1010 11M0 MMMM"),
    Encoding("VCVT double to single", "11101110 1D11 0111 DDDD 1011 1100 MMMM"),
)
"""What only an FPU with double precision has; transfers of D registers are in `FLOAT`."""


def is_in_fpv4(encoding: Encoding) -> bool:
    """Whether the FPU of a Cortex-M4 has an instruction: not what FPv5 has added (section A2.5)."""
    return not encoding.pattern.startswith("1111111") and not encoding.name.startswith("VRINT")


BY_NAME = {encoding.name: encoding for encoding in FLOAT}
