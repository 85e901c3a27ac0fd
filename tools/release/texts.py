"""What of the project's texts changes with a release. All functions are pure: a text becomes another."""

import re
from datetime import date

from packaging.version import InvalidVersion, Version

from tools.release.errors import ReleaseError

UNRELEASED = "## Unreleased"

_PROJECT_VERSION = re.compile(r'^version = "(.*)"$', re.MULTILINE)
_CITED_VERSION = re.compile(r"^version: .*\n(date-released: .*\n)?", re.MULTILINE)


def project_version(pyproject: str) -> str:
    """The version that a pyproject.toml says. Raises ReleaseError: it says none."""
    return _the_only(_PROJECT_VERSION, pyproject, "pyproject.toml")[1]


def with_project_version(pyproject: str, version: str) -> str:
    """A pyproject.toml of another version. Raises ReleaseError: it says none."""
    found = _the_only(_PROJECT_VERSION, pyproject, "pyproject.toml")
    return f'{pyproject[: found.start()]}version = "{version}"{pyproject[found.end() :]}'


def with_cited_version(citation: str, version: str, day: date) -> str:
    """A CITATION.cff of a version that is released on a day. Raises ReleaseError: it says no version."""
    found = _the_only(_CITED_VERSION, citation, "CITATION.cff")
    released = f"version: {version}\ndate-released: {day.isoformat()}\n"
    return f"{citation[: found.start()]}{released}{citation[found.end() :]}"


def with_released_section(changelog: str, version: str, day: date) -> str:
    """A changelog in which what was unreleased is of a version; what comes next has an empty section.

    Raises:
        ReleaseError: there is nothing unreleased, or a section of that version.
    """
    if re.search(rf"^## {re.escape(version)}\b", changelog, re.MULTILINE):
        raise ReleaseError(
            f"CHANGELOG.md has a section {version} already", "Choose a version that is not released."
        )
    if not unreleased(changelog):
        raise ReleaseError(
            f"CHANGELOG.md has nothing under {UNRELEASED!r}",
            "A release says what has changed: write it there.",
        )
    return changelog.replace(f"{UNRELEASED}\n", f"{UNRELEASED}\n\n## {version} - {day.isoformat()}\n", 1)


def unreleased(changelog: str) -> str:
    """What a changelog has under its heading of what is not released, without blank lines around it."""
    _, heading, below = changelog.partition(f"{UNRELEASED}\n")
    return re.split(r"^## ", below, maxsplit=1, flags=re.MULTILINE)[0].strip() if heading else ""


def require_newer(version: str, present: str) -> None:
    """Raises:
    ReleaseError: a version is none of PEP 440 in its normal form, or not newer than the present one.
    """
    try:
        wanted = Version(version)
    except InvalidVersion as error:
        raise ReleaseError(f"{version!r} is no version", "As in: ./dev release 0.2.0") from error
    if str(wanted) != version:
        raise ReleaseError(f"{version!r} is not how indexes write it", f"Write {wanted}.")
    if wanted <= Version(present):
        raise ReleaseError(f"{version} is not newer than {present}", "Choose a newer version.")


def _the_only(pattern: re.Pattern[str], text: str, name: str) -> re.Match[str]:
    found = list(pattern.finditer(text))
    if len(found) != 1:
        raise ReleaseError(f"{name} says its version {len(found)} times, and not once", f"Mend {name}.")
    return found[0]
