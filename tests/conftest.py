"""How tests run, wherever they are started."""

import compileall
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import cast

import pytest

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
LONGEST = ("e2e", "docker", "slow")
"""What marks files that take long, in the order in which they begin."""

# As `./dev test` does; the virtual boards of the tests cannot start without.
build()
# Where PYTHONDONTWRITEBYTECODE is set, each of some hundred processes that the tests start would compile all
# that it imports, and each worker all tests.
compileall.compile_dir(TESTS.parent / "src", quiet=1)
sys.dont_write_bytecode = False

# A shell that starts something in the background lets it ignore SIGINT, and all that it starts as well. Tests
# that interrupt processes need them to listen.
signal.signal(signal.SIGINT, signal.default_int_handler)
# So do nohup and some servers with SIGHUP.
signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_configure() -> None:
    """Chooses how Hypothesis tries: without deadlines, as tests never measure time; in CI, fixed examples."""
    # Not before: pytest rewrites all of Hypothesis for its asserts, and that is to be kept.
    from hypothesis import settings

    settings.register_profile("explore", deadline=None)
    settings.register_profile("ci", deadline=None, derandomize=True)
    settings.load_profile("ci" if os.environ.get("CI") else "explore")


@pytest.fixture(autouse=True, scope="session")
def _reports_keep_to_their_schema() -> Iterator[None]:
    """Whatever a test is about: each report.json that is made in it is what the published schema says."""
    render_json = FORMATS["report.json"]

    def checked(report: Report, templates: Path) -> bytes:
        made = render_json(report, templates)
        require_valid(json.loads(made))
        return made

    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(cast(dict[str, object], FORMATS), "report.json", checked)
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what can be told from a test's folder and fixtures; some are marked as slow where they stand.

    Files with whole runs come first, and then those with slow tests: the last file of several workers is then
    a short one. Tests stay in the order of their file.
    """
    for path, tests in groupby(items, lambda item: item.path):
        places = {path, *path.parents}
        by_folder = [
            *([pytest.mark.e2e] if END_TO_END in places else []),
            *([pytest.mark.slow] if not places.isdisjoint(SLOW) else []),
        ]
        for item in tests:
            for mark in by_folder:
                item.add_marker(mark)
            if not DOCKER_FIXTURES.isdisjoint(getattr(item, "fixturenames", ())):
                item.add_marker(pytest.mark.docker)
    begins: dict[Path, int] = {}
    for item in items:
        at = next((at for at, mark in enumerate(LONGEST) if item.get_closest_marker(mark)), len(LONGEST))
        begins[item.path] = min(at, begins.get(item.path, at))
    items.sort(key=lambda item: begins[item.path])


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
