"""The tables of encodings, read back by a disassembler that is not ours."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.encoding import Encoding
from conformance.float_instructions import DOUBLE, FLOAT
from conformance.generator import Generator, disassemble
from conformance.instructions import BY_NAME, INTEGER
from conformance.memory_instructions import CLREX, EXCLUSIVE, LITERAL, LITERAL_T1, MEMORY, POP, PUSH, STACK

ALL = (*INTEGER, *FLOAT, *DOUBLE, *MEMORY, *STACK, *LITERAL, LITERAL_T1, PUSH, POP, CLREX)


@pytest.mark.parametrize(
    "encoding", (*ALL, *(each for pair in EXCLUSIVE for each in pair)), ids=lambda each: each.name
)
def test_every_encoding_is_one_instruction_for_capstone(encoding: Encoding) -> None:
    source = random.Random(encoding.name)
    for _ in range(40):
        code = encoding.random(source)
        (instruction,) = disassemble(code)
        assert not instruction.startswith("."), f"{code.hex()} is no instruction"


@pytest.mark.parametrize(
    ("name", "values", "text"),
    [
        ("SMLAD", {"n": 4, "m": 0, "a": 3, "d": 1, "x": 0}, "smlad r1, r4, r0, r3"),
        ("UQSAX", {"n": 1, "m": 2, "d": 3}, "uqsax r3, r1, r2"),
        ("SMLALxy", {"n": 1, "m": 2, "l": 3, "h": 4, "x": 0, "y": 1}, "smlalbt r3, r4, r1, r2"),
        ("SSAT", {"n": 1, "d": 2, "k": 1, "i": 5, "s": 7}, "ssat r2, #8, r1, asr #5"),
        ("BFI", {"n": 1, "d": 2, "i": 5, "b": 9}, "bfi r2, r1, #5, #5"),
        ("ADD reg", {"n": 1, "d": 2, "m": 3, "i": 31, "k": 3, "S": 1}, "adds.w r2, r1, r3, ror #31"),
    ],
)
def test_fields_go_where_the_manual_has_them(name: str, values: dict[str, int], text: str) -> None:
    (instruction,) = disassemble(BY_NAME[name].encode(values))
    assert instruction.replace("0x1f", "31").replace("#0x5", "#5") == text


@given(st.sampled_from(MEMORY), st.integers(0))
def test_no_access_writes_back_into_a_register_that_it_transfers(encoding: Encoding, seed: int) -> None:
    values = encoding.random_values(random.Random(seed))
    if values.get("W"):
        assert values["n"] not in (values.get("t"), values.get("u"))
        assert not values.get("r", 0) >> values["n"] & 1


@given(st.integers(0, 1 << 32))
def test_the_same_seed_makes_the_same_batches(seed: int) -> None:
    one, other = Generator(seed), Generator(seed)
    assert [one.block() for _ in range(3)] == [other.block() for _ in range(3)]
    assert one.state() == other.state()
    assert one.state() != Generator(seed + 1).state()
