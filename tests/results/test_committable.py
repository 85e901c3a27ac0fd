"""Results can be committed, as the README says."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def _is_ignored(path: str) -> bool:
    done = subprocess.run(["git", "check-ignore", "-q", path], cwd=ROOT, check=False, capture_output=True)
    if done.returncode not in (0, 1):
        pytest.skip(f"this is no git checkout: {done.stderr.decode()}")
    return done.returncode == 0


@pytest.mark.parametrize(
    "name",
    [
        *("manifest.json", "report.md", "report.csv", "report.html", "report.json", "charts/times-1.svg"),
        f"inputs/{'f' * 64}.json",
        *("records/chain.jsonl", "records/v/20260102T030405.000000Z-ffffffffffff.json"),
        *("records/v/20260102T030405.000000Z-ffffffffffff.log", "reproductions/v/20260102T030405Z-f.json"),
    ],
)
def test_what_belongs_to_results_is_not_ignored(name: str) -> None:
    assert not _is_ignored(f"results/mine/{name}")


@pytest.mark.parametrize("name", [".report.md.x8f3k2", "records/v/20260102T030405Z-f.json.new"])
def test_what_a_write_that_was_cut_short_has_left_is_ignored(name: str) -> None:
    assert _is_ignored(f"results/mine/{name}")
