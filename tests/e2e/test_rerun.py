"""What got slower is run again before there is an alarm, on a real virtual board."""

import shutil

from e2e.conftest import TWO_VARIANTS, MakeWorkplace
from support.made import Made


def test_a_regression_is_measured_again_and_gets_a_history(make_workplace: MakeWorkplace) -> None:
    workplace = make_workplace()
    one_clock = TWO_VARIANTS.replace("[216 MHz, 288 MHz]", "216 MHz")
    workplace.write_matrix("fast", one_clock)
    workplace.write_matrix("slow", one_clock.replace("simd", "reference"))
    for name in ("fast", "slow"):
        ran = workplace.doit("matrix", name)
        assert ran.returncode == 0, ran.stdout + ran.stderr
    ran = workplace.doit("compare", "fast", "slow", "--rerun", "--job-summary", GITHUB_STEP_SUMMARY="said.md")
    assert ran.returncode == 3, ran.stdout + ran.stderr
    assert "slower again." in ran.stdout
    assert len(workplace.records("fast")) == len(workplace.records("slow")) == 2
    assert "not passed" in (workplace.root / "said.md").read_text()
    ran = workplace.doit("history", "slow")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "builtin_reference_216MHz_mnist-int8: 2 runs, " in ran.stdout
    assert "; no change." in ran.stdout
    # Without its image a variant cannot be run again, and who asks is told what to do.
    shutil.rmtree(workplace.root / "build" / "images")
    ran = workplace.doit("compare", "fast", "slow", "--rerun")
    assert ran.returncode == 2, ran.stdout + ran.stderr
    assert "cannot be run again: its image is not in " in ran.stderr
    assert "`doit build:builtin_simd_216MHz_mnist-int8 matrix=fast` builds it" in ran.stderr


def test_a_job_summary_is_for_github_actions(make_workplace: MakeWorkplace) -> None:
    ran = make_workplace(Made.NOTHING).doit("compare", "two", "two", "--job-summary", GITHUB_STEP_SUMMARY="")
    assert ran.returncode == 2
    assert ran.stderr.splitlines() == [
        "error: --job-summary is for GitHub Actions, which says in GITHUB_STEP_SUMMARY where it goes",
        "  Elsewhere: --markdown FILE",
    ]
