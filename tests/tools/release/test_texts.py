"""What a release changes in texts, and what it refuses."""

from datetime import date

import pytest

from tools.release.errors import ReleaseError
from tools.release.texts import (
    project_version,
    require_newer,
    unreleased,
    with_cited_version,
    with_project_version,
    with_released_section,
)

DAY = date(2026, 11, 27)
CHANGELOG = """\
# Changelog

## Unreleased

### Added

- A thing.

## 0.1.0 - 2026-01-02

- The first.
"""


def test_what_was_unreleased_becomes_the_section_of_the_version_below_an_empty_one() -> None:
    assert with_released_section(CHANGELOG, "0.2.0", DAY) == CHANGELOG.replace(
        "## Unreleased\n", "## Unreleased\n\n## 0.2.0 - 2026-11-27\n"
    )
    assert unreleased(CHANGELOG) == "### Added\n\n- A thing."
    assert unreleased(with_released_section(CHANGELOG, "0.2.0", DAY)) == ""


def test_the_version_is_changed_where_it_is_said() -> None:
    pyproject = '[project]\nname = "a"\nversion = "0.1.0"\n[tool.x]\npython_version = "3.11"\n'
    changed = with_project_version(pyproject, "0.2.0")
    assert project_version(changed) == "0.2.0"
    assert changed == pyproject.replace("0.1.0", "0.2.0")
    citation = "cff-version: 1.2.0\nversion: 0.1.0\nlicense: Apache-2.0\n"
    once = with_cited_version(citation, "0.2.0", DAY)
    assert once == ("cff-version: 1.2.0\nversion: 0.2.0\ndate-released: 2026-11-27\nlicense: Apache-2.0\n")
    assert with_cited_version(once, "0.3.0", date(2027, 1, 1)) == (
        "cff-version: 1.2.0\nversion: 0.3.0\ndate-released: 2027-01-01\nlicense: Apache-2.0\n"
    )


@pytest.mark.parametrize(
    ("refuse", "message"),
    [
        (
            lambda: with_released_section("## Unreleased\n\n## 0.1.0\n", "0.2.0", DAY),
            "CHANGELOG.md has nothing under '## Unreleased'\n"
            "  A release says what has changed: write it there.",
        ),
        (
            lambda: with_released_section(CHANGELOG, "0.1.0", DAY),
            "CHANGELOG.md has a section 0.1.0 already\n  Choose a version that is not released.",
        ),
        (
            lambda: require_newer("two", "0.1.0"),
            "'two' is no version\n  As in: ./dev release 0.2.0",
        ),
        (
            lambda: require_newer("v0.2.0", "0.1.0"),
            "'v0.2.0' is not how indexes write it\n  Write 0.2.0.",
        ),
        (
            lambda: require_newer("0.1.0", "0.1.0"),
            "0.1.0 is not newer than 0.1.0\n  Choose a newer version.",
        ),
        (
            lambda: project_version("[project]\n"),
            "pyproject.toml says its version 0 times, and not once\n  Mend pyproject.toml.",
        ),
    ],
)
def test_what_cannot_be_released_is_said(refuse: object, message: str) -> None:
    with pytest.raises(ReleaseError) as caught:
        refuse()  # type: ignore[operator]
    assert str(caught.value) == message
