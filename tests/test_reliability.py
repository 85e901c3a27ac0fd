"""docs/reliability.md names a test for each promise, and each of them is there."""

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "docs" / "reliability.md").read_text()
ROWS = re.findall(r"^\| (\d+) \| (.+?) \| (.+?) \| (.+?) \|$", PAGE, re.MULTILINE)
NAMED = [
    (number, *name.split("::")) for number, *_, tests in ROWS for name in re.findall(r"`([^`]+)`", tests)
]


def _functions(file: Path) -> set[str]:
    return {node.name for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(("number", "file", "test"), NAMED)
def test_each_named_test_is_there(number: str, file: str, test: str) -> None:
    assert test in _functions(TESTS / file), f"promise {number} names a test that is not there"


def test_promises_are_numbered_and_those_that_hold_name_a_test() -> None:
    assert [int(number) for number, *_ in ROWS] == list(range(1, len(ROWS) + 1))
    assert len(ROWS) >= 30
    for number, _, state, tests in ROWS:
        assert state.startswith(("holds", "does not hold")), number
        assert state.startswith("does not hold") is (tests == "-"), number
