"""A page in a real browser: Debian's Chromium, without a window."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = shutil.which("chromium")

needs_chromium = pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("CI"),
    reason="there is no chromium; to have it: apt-get install chromium",
)
"""With `CI` set they fail without it, as those that need an engine do."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser, which is ended at the end."""
    assert CHROMIUM, "there is no chromium; to have it: apt-get install chromium"
    with sync_playwright() as playwright:
        # Its sandbox needs rights that containers do not give; the pages are our own.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: Browser, page: Path, **settings: object) -> Iterator[Page]:
    """A page that was loaded; what its script complains of is an error, and so is whatever it loads."""
    shown = browser.new_page(**settings)  # type: ignore[arg-type]
    wrong: list[str] = []
    shown.on("pageerror", lambda error: wrong.append(str(error)))
    shown.on("console", lambda message: wrong.append(message.text))
    shown.on("request", lambda request: wrong.append(request.url) if request.url != address else None)
    address = page.as_uri()
    try:
        shown.goto(address)
        yield shown
        assert wrong == []
    finally:
        shown.close()
