"""What tests are called, and what becomes of those that a machine lacks something for."""

import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NEEDS_ENGINE = "tests/adapters/builders/test_docker_engine.py::test_an_image_that_is_not_there_has_no_id"
CONTRACT = "tests/adapters/builders/test_contract.py::test_an_output_that_was_not_made_is_said_so"
REASON = (
    "no Docker engine answers: there is no /nowhere/docker.sock. "
    "To get one and run all tests, as root: .ci/run"
)


def _pytest(*arguments: str, ci: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
        cwd=ROOT,
        env=os.environ | {"DOCKER_HOST": "unix:///nowhere/docker.sock", "CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_without_an_engine_its_tests_are_skipped_with_one_line_that_says_how_to_get_one() -> None:
    ran = _pytest(NEEDS_ENGINE, CONTRACT)
    assert ran.returncode == 0
    assert ran.stdout.count(REASON) == 1
    assert f"\n2 skipped: {REASON}\n1 passed, 2 skipped" in ran.stdout


@pytest.mark.slow
def test_in_ci_they_fail() -> None:
    ran = _pytest(NEEDS_ENGINE, CONTRACT, ci="1")
    assert ran.returncode == 1
    assert f"Failed: {REASON}" in ran.stdout
    assert "1 passed, 2 errors" in ran.stdout


@pytest.mark.slow
def test_the_quick_set_asks_for_no_engine_and_makes_no_whole_run() -> None:
    ran = _pytest(
        "-m", "not slow and not docker and not e2e", "--collect-only", "tests/e2e", NEEDS_ENGINE, CONTRACT
    )
    collected = [line for line in ran.stdout.splitlines() if "::" in line]
    assert collected == [f"{CONTRACT}[local]"]


@pytest.mark.parametrize("contents", [gzip.compress(b"made now"), bytes(5)])
def test_bytes_give_a_test_the_same_name_at_any_time(contents: bytes, request: pytest.FixtureRequest) -> None:
    assert request.node.name.partition("[")[2] in ("contents0]", "contents1]")
