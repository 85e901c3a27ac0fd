"""How tests run, wherever they are started."""

import os
import signal
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import settings

from vstm32.native.build import build

END_TO_END = Path(__file__).parent / "e2e"
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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what can be told from a test's folder and fixtures; `slow` is written where it is true."""
    for item in items:
        if END_TO_END in item.path.parents:
            item.add_marker(pytest.mark.e2e)
        if DOCKER_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.docker)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says in one line for each reason how many tests were skipped for it, where pytest has one for each."""
    reasons = Counter(
        str(report.longrepr[-1]).removeprefix("Skipped: ")
        for report in terminalreporter.stats.get("skipped", ())
        if isinstance(report.longrepr, tuple)
    )
    for reason, count in reasons.items():
        terminalreporter.write_line(f"{count} skipped: {reason}", yellow=True)
