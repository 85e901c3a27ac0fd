"""`./dev release VERSION`: all of a release but the upload.

It wants a clean tree whose tests have passed. In a clone, it turns what is unreleased into the version's
section, commits that, builds sdist and wheel twice and compares their bytes, checks them, and writes the SBOM
and the checksums. Only then the commit is taken over and tagged, and it says how the files are uploaded. With
--dry-run, nothing is taken over.
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from mcumatrix.hashing import hash_file
from tools.release.distribution import Distribution, build, call, check, require_same, unpack
from tools.release.errors import ReleaseError
from tools.release.sbom import write_sbom
from tools.release.texts import (
    project_version,
    require_newer,
    with_cited_version,
    with_project_version,
    with_released_section,
)

PACKAGE = "mcumatrix"
CHANGED = ("pyproject.toml", "CHANGELOG.md", "CITATION.cff")


@dataclass(frozen=True, slots=True)
class Release:
    """A version that is to be released from a repository, and the day."""

    repository: Path
    version: str
    day: date

    @property
    def tag(self) -> str:
        """Its name in git."""
        return f"v{self.version}"

    def git(self, *arguments: str) -> str:
        """What git prints, without the end of its line. Raises ReleaseError with what it says."""
        command: list[str | Path] = ["git", *arguments]
        failing = f"git {arguments[0]} fails"
        return call(command, self.repository, failing, "Mend what it says.").rstrip("\n")


def require_ready(release: Release) -> None:
    """Raises ReleaseError: something is not committed, or the version is there or no newer one."""
    pyproject = (release.repository / "pyproject.toml").read_text()
    require_newer(release.version, project_version(pyproject))
    if release.git("tag", "--list", release.tag):
        raise ReleaseError(f"there is a tag {release.tag}", "A release is made once: choose a newer version.")
    if changed := release.git("status", "--porcelain"):
        raise ReleaseError(f"something is not committed:\n{changed}", "Commit it, or put it aside.")


def require_tested(release: Release, tested: str) -> None:
    """Raises ReleaseError: the tests are not said to have passed at the present commit."""
    present = release.git("rev-parse", "HEAD")
    if tested and release.git("rev-parse", "--verify", f"{tested}^{{commit}}") == present:
        return
    raise ReleaseError(
        f"the tests are not said to have passed at {present[:12]}",
        f"Run `.ci/run`, `.ci/bare` and `.ci/bare-wheel` there, then add: --tested {present[:12]}",
    )


def write_version(release: Release) -> None:
    """Says the version in the project's texts, and commits that."""
    pyproject, changelog, citation = (release.repository / name for name in CHANGED)
    texts = {
        pyproject: with_project_version(pyproject.read_text(), release.version),
        changelog: with_released_section(changelog.read_text(), release.version, release.day),
        citation: with_cited_version(citation.read_text(), release.version, release.day),
    }
    for path, text in texts.items():
        path.write_text(text)
    release.git("commit", "--quiet", "--message", f"Release {release.version}", "--", *CHANGED)


def make_files(release: Release, into: Path, scratch: Path) -> Distribution:
    """Builds what is committed, twice, checks it, and puts it into a folder with SBOM and checksums.

    Raises:
        ReleaseError: it cannot be built, differs the second time, or would be refused.
    """
    archive = scratch / "tree.tar"
    release.git("archive", "--output", str(archive), "HEAD")
    made: list[Distribution] = []
    for name in ("once", "again"):
        tree = scratch / name / "tree"
        unpack(archive, tree)
        if made:
            _as_elsewhere(tree)
        made.append(build(tree, scratch / name / "dist"))
    require_same(*made)
    check(made[0], release.repository)
    into.mkdir(parents=True, exist_ok=True)
    for file in made[0].files:
        shutil.copy2(file, into / file.name)
    sbom = into / f"{PACKAGE}-{release.version}.cdx.json"
    write_sbom(scratch / "once" / "tree", PACKAGE, sbom)
    files = sorted(path for path in (*(into / file.name for file in made[0].files), sbom))
    sums = "".join(f"{hash_file(path)}  {path.name}\n" for path in files)
    (into / f"{PACKAGE}-{release.version}.sha256").write_text(sums)
    return Distribution(*(into / file.name for file in made[0].files))


def _as_elsewhere(tree: Path) -> None:
    """Gives files the times and rights that another machine may give them."""
    for path in tree.rglob("*"):
        if path.is_file() and not path.is_symlink():
            os.utime(path, (0, 0))
            path.chmod(0o600)


def make(release: Release, into: Path, tested: str, say: Callable[[str], None]) -> Distribution:
    """A release's files in a folder, and its commit in a clone, from which `take_over` takes it.

    Raises:
        ReleaseError: something keeps it from being made.
    """
    require_tested(release, tested)
    write_version(release)
    say(f"committed: Release {release.version}")
    with tempfile.TemporaryDirectory() as scratch:
        made = make_files(release, into, Path(scratch))
    for path in sorted(into.glob(f"{PACKAGE}-{release.version}*")):
        say(f"{path.name}  {path.stat().st_size:,} bytes")
    return made


def take_over(made: Release, repository: Path, *, signed: bool) -> None:
    """Brings the commit of a clone into the repository and tags it there.

    Raises:
        ReleaseError: somebody has committed meanwhile, or git cannot make the tag.
    """
    here = Release(repository, made.version, made.day)
    here.git("fetch", "--quiet", str(made.repository), "HEAD")
    here.git("merge", "--quiet", "--ff-only", "FETCH_HEAD")
    here.git("tag", "--sign" if signed else "--annotate", "--message", f"{PACKAGE} {made.version}", made.tag)


def clone(repository: Path, into: Path) -> Path:
    """A clone in which the same person commits. Raises ReleaseError."""
    here = Release(repository, "", date.min)
    person = [f"{name}={here.git('config', name)}" for name in ("user.name", "user.email")]
    settings = [part for setting in person for part in ("--config", setting)]
    here.git("clone", "--quiet", *settings, str(repository), str(into))
    return into


def main(arguments: Sequence[str] | None = None) -> int:
    """Reads the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="./dev release", description=__doc__)
    parser.add_argument("version", metavar="VERSION", help="as in 0.2.0")
    parser.add_argument("--tested", default="", metavar="COMMIT", help="where the tests have passed: HEAD's")
    parser.add_argument("--out", type=Path, default=Path("build/release"), help="where the files go")
    parser.add_argument("--sign", action="store_true", help="sign the tag, with git's own settings")
    parser.add_argument(
        "--dry-run", action="store_true", help="in a clone; what is not committed is left out"
    )
    given = parser.parse_args(arguments)
    here, out = Path.cwd(), Path.cwd() / given.out
    day = datetime.now(UTC).date()
    try:
        require_ready(Release(here, given.version, day))
        with tempfile.TemporaryDirectory() as folder:
            release = Release(clone(here, Path(folder) / "clone"), given.version, day)
            made = make(release, out, given.tested, print)
            if given.dry_run:
                print("A dry run: nothing is committed, tagged or uploaded.")
                return 0
            take_over(release, here, signed=given.sign)
        print(f"tagged: {release.tag}")
        print("Nothing is uploaded. To do so:")
        print(f"  git push --atomic origin HEAD {release.tag}")
        print(f"  python -m twine upload {made.sdist} {made.wheel}")
    except ReleaseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
