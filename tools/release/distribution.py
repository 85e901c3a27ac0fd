"""The files of a release: built twice from what is committed, and checked as indexes check them."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from mcumatrix.hashing import hash_file
from tools.release.errors import ReleaseError


@dataclass(frozen=True, slots=True)
class Distribution:
    """An sdist, and the wheel that was built from it."""

    sdist: Path
    wheel: Path

    @property
    def files(self) -> tuple[Path, ...]:
        """Both."""
        return self.sdist, self.wheel


def call(command: list[str | Path], folder: Path, failing: str, hint: str) -> str:
    """What a command prints. Raises ReleaseError with that, as `failing` says it, where it fails."""
    ran = subprocess.run(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if ran.returncode:
        raise ReleaseError(f"{failing}:\n{ran.stdout.strip()}", hint)
    return ran.stdout


def unpack(archive: Path, into: Path) -> None:
    """Unpacks a tar archive into a folder that is not there yet. Raises ReleaseError: it cannot be."""
    into.mkdir(parents=True)
    call(
        ["tar", "--extract", "--file", archive],
        into,
        f"{archive.name} cannot be unpacked",
        "Mend what it says.",
    )


def build(tree: Path, into: Path) -> Distribution:
    """Builds an sdist of a tree, and a wheel from that sdist, into a folder that is not there yet.

    Raises:
        ReleaseError: one of them cannot be built.
    """
    into.mkdir(parents=True)
    command: list[str | Path] = [sys.executable, "-m", "hatchling", "build", "--directory", into, "--target"]
    failing, hint = "The distribution cannot be built", "Mend what it says, and commit that."
    call([*command, "sdist"], tree, failing, hint)
    (sdist,) = into.glob("*.tar.gz")
    unpacked = into / "unpacked"
    unpack(sdist, unpacked)
    (inside,) = unpacked.iterdir()
    call([*command, "wheel"], inside, failing, hint)
    (wheel,) = into.glob("*.whl")
    return Distribution(sdist, wheel)


def require_same(one: Distribution, other: Distribution) -> None:
    """Raises ReleaseError: two builds of the same sources gave other bytes."""
    for first, second in zip(one.files, other.files, strict=True):
        if hash_file(first) != hash_file(second):
            raise ReleaseError(
                f"{first.name} has other bytes when it is built again",
                f"Compare {first} with {second}; diffoscope shows how they differ.",
            )


def check(made: Distribution, project: Path) -> None:
    """Holds a distribution against what indexes and installers want of it; `project` has the settings.

    Raises:
        ReleaseError: one of them would refuse it.
    """
    scripts = Path(sys.executable).parent
    hint = "Mend what it says, and commit that."
    call([sys.executable, "-m", "twine", "check", "--strict", *made.files], project, "twine refuses it", hint)
    call(
        [scripts / "check-wheel-contents", made.wheel],
        project,
        "check-wheel-contents refuses the wheel",
        hint,
    )
