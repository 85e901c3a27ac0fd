"""The benchmark of reports keeps records by the product's own writer, of logs as a board writes them."""

import sys
from pathlib import Path

import pytest

from mcumatrix.commands.report import made_report
from mcumatrix.project import Project

BENCH = Path(__file__).parents[2] / "bench"


def test_the_records_that_it_makes_agree_with_their_logs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(BENCH))
    monkeypatch.delitem(sys.modules, "reports", raising=False)
    import reports

    reports.copy_project(tmp_path)
    reports.allow_every_clock(tmp_path)
    reports.make_results(Project(tmp_path), "few", 4)
    # A report holds records against their logs, and leaves out what does not agree.
    assert len(made_report(Project(tmp_path), "few").records) == 4
