"""A smoke of each fuzzer; `python -m fuzz TARGET --minutes 10` is the real thing."""

import pytest

from fuzz.__main__ import NAMES, fuzz, load
from fuzz.target import Target

ELSEWHERE = {"inference_server_board"}
"""Its image takes seconds to build: tests/firmware/test_inference_server.py has one, and a smoke."""


@pytest.mark.parametrize("name", sorted(set(NAMES) - ELSEWHERE))
def test_what_comes_from_outside_is_understood_or_refused(name: str) -> None:
    target = load(name)
    assert target.name == name
    assert all(target.read(data) for data in target.corpus())
    assert fuzz(target, inputs=target.smoke_inputs, start=0) > 0


def test_a_finding_names_its_input() -> None:
    def read(data: bytes) -> bool:
        assert b"\xff" not in data
        return True

    with pytest.raises(AssertionError) as error:
        fuzz(Target("some", lambda: [b"abc"], read), inputs=2000, start=0)
    assert "\\xff" in error.value.__notes__[0]
