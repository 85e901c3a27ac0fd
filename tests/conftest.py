"""How tests run, wherever they are started."""

import json
import os
import signal
from collections import Counter
from pathlib import Path
from typing import cast

import pytest
from hypothesis import settings

from mcumatrix.report.content.report import Report
from mcumatrix.report.render.formats import FORMATS
from support.report_schema import require_valid
from vstm32.native.build import build

TESTS = Path(__file__).parent
END_TO_END = TESTS / "e2e"
SLOW = tuple(
    TESTS / name
    for name in (
        *("adapters/boards", "adapters/flashers", "adapters/models", "firmware"),
        *("vstm32/app", "vstm32/board", "vstm32/debug", "vstm32/look", "vstm32/stm32"),
        *("test_dev.py", "test_wire_contract.py"),
    )
)
"""What compiles firmware, starts boards or tries many examples: each test takes a second or so."""
DOCKER_FIXTURES = {"engine", "toolchain_image"}
"""Whoever asks for one of these needs a Docker engine."""

# Without deadlines, for tests never measure time, and in CI with fixed examples.
settings.register_profile("explore", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
# As `./dev test` does; the virtual boards of the tests cannot start without.
build()

settings.load_profile("ci" if os.environ.get("CI") else "explore")

# A shell that starts something in the background lets it ignore SIGINT, and all that it starts as well. Tests
# that interrupt processes need them to listen.
signal.signal(signal.SIGINT, signal.default_int_handler)
# So do nohup and some servers with SIGHUP.
signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(autouse=True)
def _reports_keep_to_their_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a test is about: each report.json that is made in it is what the published schema says."""
    render_json = FORMATS["report.json"]

    def checked(report: Report, templates: Path) -> bytes:
        made = render_json(report, templates)
        require_valid(json.loads(made))
        return made

    monkeypatch.setitem(cast(dict[str, object], FORMATS), "report.json", checked)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what can be told from a test's folder and fixtures; some are marked as slow where they stand.

    Whole runs come first: the last file of several workers is then a short one.
    """
    for item in items:
        if END_TO_END in item.path.parents:
            item.add_marker(pytest.mark.e2e)
        if any(place == item.path or place in item.path.parents for place in SLOW):
            item.add_marker(pytest.mark.slow)
        if DOCKER_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.docker)
    items.sort(key=lambda item: END_TO_END not in item.path.parents)


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Names bytes by their argument instead of by their contents, which may hold the time of their making.

    All workers of a run have to find the same names.
    """
    return argname if isinstance(val, bytes) else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says in one line for each reason how many tests were skipped for it, where pytest has one for each."""
    reasons = Counter(
        str(report.longrepr[-1]).removeprefix("Skipped: ")
        for report in terminalreporter.stats.get("skipped", ())
        if isinstance(report.longrepr, tuple)
    )
    for reason, count in reasons.items():
        terminalreporter.write_line(f"{count} skipped: {reason}", yellow=True)
