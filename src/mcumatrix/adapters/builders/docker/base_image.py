"""The images that toolchain images begin with, made from Debian's packages where no registry is in reach."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mcumatrix.adapters.builders.docker.engine import Engine
from mcumatrix.adapters.builders.docker.proxies import apt_options, proxies_of_machine
from mcumatrix.errors import ToolError

_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
_LINES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Base:
    """What begins the images of the toolchains that want a release of Debian.

    `suite` is its code name, `tag` that of an image that was made here, `public` names the one that is
    fetched where nobody has made one.
    """

    suite: str
    tag: str
    public: str


def base_of(suite: str) -> Base:
    """What begins the images of toolchains that want a suite, such as `bookworm`."""
    return Base(suite, tag=f"mcumatrix/base:{suite}", public=f"debian:{suite}-slim")


def make_base_image(engine: Engine, say: Callable[[str], None], base: Base) -> str:
    """Makes a small Debian with mmdebstrap, gives it to the engine under its tag, and returns its id.

    Packages come from where this machine's apt gets its own.

    Raises:
        ToolError: there are no rights, no mmdebstrap, or no packages.
    """
    from docker.errors import DockerException

    other = f"or name an image that the engine can fetch, such as {base.public}."
    program = shutil.which("mmdebstrap")
    if program is None:
        raise ToolError("mmdebstrap is not on PATH.", hint=f"Install it: apt-get install mmdebstrap; {other}")
    if os.geteuid() != 0:
        raise ToolError("Only root can make a base image.", hint=f"Run this with sudo; {other}")
    say(f"Making the base image {base.tag} from Debian's packages; this takes half a minute.")
    with tempfile.TemporaryDirectory() as folder:
        tarball = Path(folder, "base.tar")
        made = subprocess.run(
            [program, *arguments(base.suite, machine_sources(base.suite), apt_options(), tarball)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=os.environ | proxies_of_machine(),
            check=False,
        )
        if made.returncode != 0:
            shown = "\n".join(made.stderr.strip().splitlines()[-_LINES_SHOWN:])
            raise ToolError(
                f"mmdebstrap could not make a base image of {base.suite}:\n{shown}",
                hint=f"Check the network and the sources of apt (apt-get update); {other}",
            )
        repository, _, name = base.tag.partition(":")
        try:
            engine.client.api.import_image_from_file(str(tarball), repository=repository, tag=name)
        except (DockerException, OSError) as error:
            raise engine.failed(f"could not import {base.tag}", error) from error
    found = engine.image_id(base.tag)
    assert found is not None
    return found


def machine_sources(suite: str) -> list[str]:
    """Where a suite is to be had, as lines of sources.list(5), from what this machine's apt is told.

    Where it gets another suite of Debian, the one that is wanted is taken from the same mirror, without its
    updates: an older release may have none any more. Empty where this machine has no mirror of Debian.
    """
    asked = subprocess.run(
        [
            *(
                "apt-get",
                "indextargets",
                "--format",
                "$(ORIGIN) $(CODENAME) $(REPO_URI) $(RELEASE) $(COMPONENT)",
            ),
            "Identifier: Packages",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    components: dict[tuple[str, str], list[str]] = {}
    others: dict[str, None] = {}
    for line in asked.stdout.splitlines():
        match line.split():
            case ["Debian", codename, uri, release, component] if codename.partition("-")[0] == suite:
                components.setdefault((uri, release), []).append(component)
            case ["Debian", codename, uri, release, "main"] if codename == release and "-" not in release:
                others[uri] = None
    own = [f"deb {uri} {release} {' '.join(found)}" for (uri, release), found in components.items()]
    return own or [f"deb {uri} {suite} main" for uri in others]


def arguments(suite: str, sources: list[str], options: list[str], tarball: Path) -> list[str]:
    """What mmdebstrap is to do; without sources, it has a mirror of its own."""
    # Nobody needs an image that survives a power cut in mid-making; without that, dpkg is twice as fast.
    given = ["--variant=minbase", "--format=tar", "--dpkgopt=force-unsafe-io"]
    given += [*(f"--aptopt={option}" for option in options)]
    if any(" https://" in line for line in sources) and Path(_CERTIFICATES).exists():
        # What this machine trusts, so that apt in the image can reach the same mirrors.
        given += [
            f'--essential-hook=mkdir -p "$1{Path(_CERTIFICATES).parent}"',
            f"--essential-hook=copy-in {_CERTIFICATES} {Path(_CERTIFICATES).parent}",
        ]
    return [*given, suite, str(tarball), *sources]
