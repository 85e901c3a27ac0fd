"""The instructions that work on core registers, 16 and 32 bits wide (Armv7-M ARM, chapters A5 and A7)."""

from collections.abc import Mapping

from conformance.encoding import Encoding


def _immediate_is_defined(values: Mapping[str, int]) -> bool:
    """ThumbExpandImm: the three patterns with an immediate of 0 are UNPREDICTABLE (section A5.3.2)."""
    immediate = values["i"]
    return not (0 < immediate >> 8 < 4 and immediate & 0xFF == 0)


def _shift_is_not_a_halfword_operation(values: Mapping[str, int]) -> bool:
    """SSAT and USAT with ASR #0 are SSAT16 and USAT16."""
    return values["k"] == 0 or values["i"] != 0


def _halves_differ(values: Mapping[str, int]) -> bool:
    return values["l"] != values["h"]


def _some_high(values: Mapping[str, int]) -> bool:
    return values["n"] >= 8 or values["m"] >= 8


def _narrow() -> list[Encoding]:
    return [
        Encoding("MOVS T2", "0000000000 mmm ddd", in_it=False),
        Encoding("LSL imm T1", "00000 iiiii mmm ddd", lambda values: values["i"] != 0),
        Encoding("LSR imm T1", "00001 iiiii mmm ddd"),
        Encoding("ASR imm T1", "00010 iiiii mmm ddd"),
        Encoding("ADD reg T1", "0001100 mmm nnn ddd"),
        Encoding("SUB reg T1", "0001101 mmm nnn ddd"),
        Encoding("ADD imm T1", "0001110 iii nnn ddd"),
        Encoding("SUB imm T1", "0001111 iii nnn ddd"),
        Encoding("MOV imm T1", "00100 ddd iiiiiiii"),
        Encoding("CMP imm T1", "00101 nnn iiiiiiii"),
        Encoding("ADD imm T2", "00110 ddd iiiiiiii"),
        Encoding("SUB imm T2", "00111 ddd iiiiiiii"),
        # AND EOR LSL LSR ASR ADC SBC ROR TST RSB CMP CMN ORR MUL BIC MVN (section A5.2.2)
        *(Encoding(f"data processing {op:04b}", f"010000 {op:04b} mmm ddd") for op in range(16)),
        Encoding("ADD reg T2", "01000100 d mmmm ddd"),
        Encoding("CMP reg T2", "01000101 n mmmm nnn", _some_high),
        Encoding("MOV reg T1", "01000110 d mmmm ddd"),
        Encoding("SXTH T1", "1011001000 mmm ddd"),
        Encoding("SXTB T1", "1011001001 mmm ddd"),
        Encoding("UXTH T1", "1011001010 mmm ddd"),
        Encoding("UXTB T1", "1011001011 mmm ddd"),
        Encoding("REV T1", "1011101000 mmm ddd"),
        Encoding("REV16 T1", "1011101001 mmm ddd"),
        Encoding("REVSH T1", "1011101011 mmm ddd"),
        Encoding("ADR T1", "10100 ddd iiiiiiii"),
        Encoding("ADD SP T1", "10101 ddd iiiiiiii"),
        Encoding("NOP T1", "10111111 00000000"),
    ]


_OPERATIONS = {
    "AND": 0b0000,
    "BIC": 0b0001,
    "ORR": 0b0010,
    "ORN": 0b0011,
    "EOR": 0b0100,
    "ADD": 0b1000,
    "ADC": 0b1010,
    "SBC": 0b1011,
    "SUB": 0b1101,
    "RSB": 0b1110,
}
_TESTS = {"TST": 0b0000, "TEQ": 0b0100, "CMN": 0b1000, "CMP": 0b1101}
_MOVES = {"MOV": 0b0010, "MVN": 0b0011}


def _wide_data_processing() -> list[Encoding]:
    found = []
    for name, op in _OPERATIONS.items():
        found.append(Encoding(f"{name} reg", f"1110101 {op:04b} S nnnn 0iii dddd iikk mmmm"))
        found.append(
            Encoding(f"{name} imm", f"11110 i 0 {op:04b} S nnnn 0iii dddd iiiiiiii", _immediate_is_defined)
        )
    for name, op in _TESTS.items():
        found.append(Encoding(f"{name} reg", f"1110101 {op:04b} 1 nnnn 0iii 1111 iikk mmmm"))
        found.append(
            Encoding(f"{name} imm", f"11110 i 0 {op:04b} 1 nnnn 0iii 1111 iiiiiiii", _immediate_is_defined)
        )
    for name, op in _MOVES.items():
        found.append(Encoding(f"{name} reg", f"1110101 {op:04b} S 1111 0iii dddd iikk mmmm"))
        found.append(
            Encoding(f"{name} imm", f"11110 i 0 {op:04b} S 1111 0iii dddd iiiiiiii", _immediate_is_defined)
        )
    for number, name in enumerate(("LSL", "LSR", "ASR", "ROR")):
        found.append(Encoding(f"{name} reg", f"11111010 0 {number:02b} S nnnn 1111 dddd 0000 mmmm"))
    return found


def _wide_immediate() -> list[Encoding]:
    return [
        Encoding("ADDW", "11110 i 100000 nnnn 0iii dddd iiiiiiii"),
        Encoding("SUBW", "11110 i 101010 nnnn 0iii dddd iiiiiiii"),
        Encoding("ADR T2", "11110 i 101010 1111 0iii dddd iiiiiiii"),
        Encoding("ADR T3", "11110 i 100000 1111 0iii dddd iiiiiiii"),
        Encoding("MOVW", "11110 i 100100 jjjj 0iii dddd iiiiiiii"),
        Encoding("MOVT", "11110 i 101100 jjjj 0iii dddd iiiiiiii"),
        Encoding("SSAT", "1111001100 k 0 nnnn 0iii dddd ii0 sssss", _shift_is_not_a_halfword_operation),
        Encoding("USAT", "1111001110 k 0 nnnn 0iii dddd ii0 sssss", _shift_is_not_a_halfword_operation),
        Encoding("SSAT16", "111100110010 nnnn 0000 dddd 0000 ssss"),
        Encoding("USAT16", "111100111010 nnnn 0000 dddd 0000 ssss"),
        Encoding("SBFX", "111100110100 nnnn 0iii dddd ii0 wwwww", lambda v: v["i"] + v["w"] <= 31),
        Encoding("UBFX", "111100111100 nnnn 0iii dddd ii0 wwwww", lambda v: v["i"] + v["w"] <= 31),
        Encoding("BFI", "111100110110 nnnn 0iii dddd ii0 bbbbb", lambda v: v["b"] >= v["i"]),
        Encoding("BFC", "111100110110 1111 0iii dddd ii0 bbbbb", lambda v: v["b"] >= v["i"]),
        Encoding("MRS APSR", "1111001111101111 1000 dddd 00000000"),
        Encoding("MSR APSR_nzcvq", "111100111000 nnnn 1000 1000 00000000"),
        Encoding("MSR APSR_g", "111100111000 nnnn 1000 0100 00000000"),
        Encoding("MSR APSR_nzcvqg", "111100111000 nnnn 1000 1100 00000000"),
        Encoding("DSB", "1111001110111111 1000111101001111"),
        Encoding("DMB", "1111001110111111 1000111101011111"),
        Encoding("ISB", "1111001110111111 1000111101101111"),
        Encoding("NOP T2", "1111001110101111 1000000000000000"),
    ]


_PARALLEL_PREFIXES = {"S": 0b000, "Q": 0b001, "SH": 0b010, "U": 0b100, "UQ": 0b101, "UH": 0b110}
_PARALLEL = {"ADD8": 0b000, "ADD16": 0b001, "ASX": 0b010, "SUB8": 0b100, "SUB16": 0b101, "SAX": 0b110}
_EXTENDS = {"XTAH": (0b000, 0b001), "XTAB16": (0b010, 0b011), "XTAB": (0b100, 0b101)}


def _dsp() -> list[Encoding]:
    found = [
        Encoding(f"{prefix}{name}", f"11111010 1{op:03b} nnnn 1111 dddd 0{bits:03b} mmmm")
        for prefix, bits in _PARALLEL_PREFIXES.items()
        for name, op in _PARALLEL.items()
    ]
    for name, ops in _EXTENDS.items():
        for sign, op in zip("SU", ops, strict=True):
            found.append(Encoding(f"{sign}{name}", f"11111010 0{op:03b} nnnn 1111 dddd 10rr mmmm"))
            plain = name.replace("A", "", 1)
            found.append(Encoding(f"{sign}{plain}", f"11111010 0{op:03b} 1111 1111 dddd 10rr mmmm"))
    saturating = ("QADD", "QDADD", "QSUB", "QDSUB")
    found += [
        Encoding(name, f"111110101000 nnnn 1111 dddd 10{number:02b} mmmm")
        for number, name in enumerate(saturating)
    ]
    found += [
        Encoding(name, f"111110101001 cccc 1111 dddd 10{number:02b} mmmm")
        for number, name in enumerate(("REV", "REV16", "RBIT", "REVSH"))
    ]
    return [
        *found,
        Encoding("PKHBT/PKHTB", "111010101100 nnnn 0iii dddd ii k 0 mmmm"),
        Encoding("SEL", "111110101010 nnnn 1111 dddd 1000 mmmm"),
        Encoding("CLZ", "111110101011 cccc 1111 dddd 1000 mmmm"),
    ]


_MULTIPLIES = {
    ("MLA", "MUL"): "000 nnnn aaaa dddd 0000 mmmm",
    ("SMLAxy", "SMULxy"): "001 nnnn aaaa dddd 00xy mmmm",
    ("SMLAD", "SMUAD"): "010 nnnn aaaa dddd 000x mmmm",
    ("SMLAWy", "SMULWy"): "011 nnnn aaaa dddd 000y mmmm",
    ("SMLSD", "SMUSD"): "100 nnnn aaaa dddd 000x mmmm",
    ("SMMLA", "SMMUL"): "101 nnnn aaaa dddd 000x mmmm",
    ("USADA8", "USAD8"): "111 nnnn aaaa dddd 0000 mmmm",
}
_LONG_MULTIPLIES = {
    "SMULL": "000 nnnn llll hhhh 0000 mmmm",
    "UMULL": "010 nnnn llll hhhh 0000 mmmm",
    "SMLAL": "100 nnnn llll hhhh 0000 mmmm",
    "SMLALxy": "100 nnnn llll hhhh 10xy mmmm",
    "SMLALD": "100 nnnn llll hhhh 110x mmmm",
    "SMLSLD": "101 nnnn llll hhhh 110x mmmm",
    "UMLAL": "110 nnnn llll hhhh 0000 mmmm",
    "UMAAL": "110 nnnn llll hhhh 0110 mmmm",
}


def _multiply() -> list[Encoding]:
    found = []
    for (with_sum, without), pattern in _MULTIPLIES.items():
        found.append(Encoding(with_sum, "111110110" + pattern))
        found.append(Encoding(without, "111110110" + pattern.replace("aaaa", "1111")))
    found += [
        Encoding(name, "111110111" + pattern, _halves_differ) for name, pattern in _LONG_MULTIPLIES.items()
    ]
    return [
        *found,
        Encoding("MLS", "111110110000 nnnn aaaa dddd 0001 mmmm"),
        Encoding("SMMLS", "111110110110 nnnn aaaa dddd 000x mmmm"),
        Encoding("SDIV", "111110111001 nnnn 1111 dddd 1111 mmmm"),
        Encoding("UDIV", "111110111011 nnnn 1111 dddd 1111 mmmm"),
    ]


INTEGER = (*_narrow(), *_wide_data_processing(), *_wide_immediate(), *_dsp(), *_multiply())
BY_NAME = {encoding.name: encoding for encoding in INTEGER}
