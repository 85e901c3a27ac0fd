"""The SBOM of a release: what an installation of the wheel has in it, by the versions of the lock file."""

import re
import sys
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.release.distribution import call
from tools.release.errors import ReleaseError

_LOCKED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==.*\n(?:[ \t]+--hash=.*\n)*", re.MULTILINE)


def needed(package: str) -> set[str]:
    """The names of all packages that an installation of a package brings, in this environment."""
    found: set[str] = set()
    waiting = [package]
    while waiting:
        for text in requires(waiting.pop()) or ():
            requirement = Requirement(text)
            name = canonicalize_name(requirement.name)
            wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
            if wanted and name not in found:
                found.add(name)
                waiting.append(name)
    return found


def locked(lock: str, names: set[str]) -> str:
    """Of a lock file's text, the entries of some packages with their hashes.

    Raises:
        ReleaseError: one of them is not in it.
    """
    entries = {str(canonicalize_name(found["name"])): found[0] for found in _LOCKED.finditer(lock)}
    if missing := sorted(names - entries.keys()):
        raise ReleaseError(
            f"requirements.lock lacks {', '.join(missing)}", "Make it anew; CONTRIBUTING.md says how."
        )
    return "".join(entries[name] for name in sorted(names))


def write_sbom(project: Path, package: str, path: Path) -> None:
    """Writes it in CycloneDX's JSON, held against its schema, the same bytes each time.

    Raises:
        ReleaseError: it cannot be made.
    """
    requirements = path.with_name("requirements.txt")
    text = re.sub(r" \\\n", "\n", locked((project / "requirements.lock").read_text(), needed(package)))
    requirements.write_text(re.sub(r"\n\s+--hash", " --hash", text))
    command: list[str | Path] = [
        *(Path(sys.executable).with_name("cyclonedx-py"), "requirements", requirements),
        *("--pyproject", project / "pyproject.toml", "--output-reproducible", "--validate"),
        *("--of", "JSON", "--output-file", path),
    ]
    call(command, project, "There is no SBOM", "Mend what it says.")
    requirements.unlink()
