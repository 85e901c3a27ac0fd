"""Inputs that many things have in common: the same fingerprint, whichever way they are written."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcumatrix.hashing import Shared
from mcumatrix.model.common_inputs import CommonInputs
from mcumatrix.model.inputs import Inputs

SOURCES = Shared({"app/main.c": "a" * 64, "böard.c": "b" * 64})
NAMES = ("aaa", "clock_hz", "zzz")
"""Before, among and behind the names of the others."""

texts = st.text() | st.integers()


@given(st.dictionaries(st.text(), texts), st.text(), texts)
def test_the_fingerprint_is_that_of_the_same_inputs_written_one_by_one(
    parts: dict[str, str | int], name: str, value: str | int
) -> None:
    common = {**parts, "sources": SOURCES} if name != "sources" else parts
    common.pop(name, None)
    alone = Inputs("image", {**common, name: value})
    together = CommonInputs("image", common, name).with_one(value)
    assert (together.data, together.fingerprint) == (alone.data, alone.fingerprint)


@pytest.mark.parametrize("name", NAMES)
def test_their_parts_are_all_of_them_by_name(name: str) -> None:
    common = CommonInputs("image", {"flags": ["-O2"], "sources": SOURCES}, name)
    one, other = common.with_one(1), common.with_one(2)
    assert dict(one.parts) == {"flags": ["-O2"], "sources": SOURCES, name: 1}
    assert other.parts[name] == 2
    assert len(other.parts) == 3
    assert "nothing" not in one.parts


def test_they_can_be_sent_to_another_process() -> None:
    one = CommonInputs("image", {"sources": SOURCES}, "clock_hz").with_one(216_000_000)
    assert pickle.loads(pickle.dumps(one)).data == one.data
