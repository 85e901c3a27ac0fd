"""Images of toolchains: what makes one another, and what is said where one cannot be made."""

import dataclasses
import os
import shutil
import tarfile
import time
import uuid
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest

from mcumatrix.adapters.builders.docker import base_image
from mcumatrix.adapters.builders.docker.base_image import Base, base_of, machine_sources, make_base_image
from mcumatrix.adapters.builders.docker.builder import DockerBuilder
from mcumatrix.adapters.builders.docker.engine import Engine
from mcumatrix.adapters.builders.docker.images import tag_of, write_context
from mcumatrix.adapters.builders.docker.proxies import proxies_of_machine
from mcumatrix.adapters.builders.local import LocalBuilder
from mcumatrix.errors import ToolError
from mcumatrix.model.catalogue import DEFAULT_SUITE, Archive, Toolchain
from support.docker_images import no_archive

ARCHIVE = Archive("https://example.org/fake-1.2.3.tar.xz", "a" * 64)
FAKE_GCC = """\
#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
case "$*" in
  --version) echo "fake-gcc (made up) 1.2.3" ;;
  -dumpfullversion) echo 1.2.3 ;;
  *-print-prog-name=*) echo "$here/as" ;;
  *) echo unknown ;;
esac
"""


@pytest.fixture
def toolchain(tmp_path: Path, own_name: str) -> Toolchain:
    """A small toolchain of nobody else's that is copied from an archive."""
    dockerfile = tmp_path / "docker" / "Dockerfile"
    dockerfile.parent.mkdir()
    dockerfile.write_text(
        "ARG BASE\nFROM ${BASE}\nCOPY toolchain /opt/toolchain\n"
        "ENV PATH=/opt/toolchain/bin:/usr/bin:/bin\n"
        f"LABEL {own_name}=1\n"
    )
    return Toolchain(own_name, "fake-", "1.2.3", dockerfile, ARCHIVE)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The contents of its archive, below a folder as archives have it."""
    folder = tmp_path / "tree" / "fake-1.2.3" / "bin"
    folder.mkdir(parents=True)
    (folder / "fake-gcc-1").write_text(FAKE_GCC)
    (folder / "fake-gcc-1").chmod(0o755)
    (folder / "fake-gcc").symlink_to("fake-gcc-1")
    (folder / "as").write_text("an assembler")
    return tmp_path / "tree"


@pytest.fixture
def make(engine: Engine, docker_cache: Path, tmp_path: Path, tree: Path) -> Callable[..., DockerBuilder]:
    """Makes builders with a cache of their own, which they share, and remembers what they said."""

    def make_one(said: list[str] | None = None) -> DockerBuilder:
        say = [].append if said is None else said.append
        return DockerBuilder(tmp_path / "cache", engine, unpacked=lambda _: tree, say=say, bases={})

    return make_one


def test_a_compiler_from_an_archive_is_the_same_in_an_image_and_out_of_it(
    make: Callable[..., DockerBuilder],
    toolchain: Toolchain,
    tree: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    inside = make(said).identity(toolchain)
    assert said == [f"Making the Docker image of toolchain {toolchain.name}, once; this takes a minute."]
    monkeypatch.setenv("PATH", f"{tree}/fake-1.2.3/bin:{os.environ['PATH']}")
    outside = LocalBuilder(tmp_path / "local").identity(toolchain)
    assert inside.version == outside.version == "fake-gcc (made up) 1.2.3"
    assert inside.sha256 == outside.sha256
    assert inside.image_id.startswith("sha256:")
    assert outside.image_id == ""


def test_an_image_is_made_once(make: Callable[..., DockerBuilder], toolchain: Toolchain) -> None:
    said: list[str] = []
    first = make(said).identity(toolchain)
    assert make(said).identity(toolchain) == first
    assert len(said) == 1


def test_an_image_that_was_removed_is_made_again(
    make: Callable[..., DockerBuilder], toolchain: Toolchain, engine: Engine, docker_cache: Path
) -> None:
    said: list[str] = []
    first = make(said).identity(toolchain)
    engine.client.images.remove(first.image_id, force=True)
    assert make(said).identity(toolchain).sha256 == first.sha256
    assert len(said) == 2


def test_a_tag_that_has_moved_is_an_error(
    make: Callable[..., DockerBuilder], toolchain: Toolchain, engine: Engine
) -> None:
    before = make().identity(toolchain).image_id
    [tag] = engine.client.images.get(before).tags
    other = engine.image_id(base_of(DEFAULT_SUITE).tag)
    assert other is not None
    engine.client.images.get(other).tag(tag)
    with pytest.raises(ToolError) as error:
        make().identity(toolchain)
    assert str(error.value) == (
        f"The Docker tag {tag} has moved: it was image {before}, and is {other} now.\n"
        f"  Somebody changed it. To have the image made again: docker image rm --force {tag}"
    )
    engine.client.images.remove(tag, force=True)
    assert make().identity(toolchain).version == "fake-gcc (made up) 1.2.3"


def test_a_comment_in_a_dockerfile_makes_another_image_and_a_readme_beside_it_does_not(
    make: Callable[..., DockerBuilder], toolchain: Toolchain, engine: Engine
) -> None:
    assert toolchain.dockerfile is not None
    first = make().identity(toolchain).image_id
    (toolchain.dockerfile.parent / "README.md").write_text("About this.")
    assert make().identity(toolchain).image_id == first
    with toolchain.dockerfile.open("a") as file:
        file.write("# About this.\n")
    said: list[str] = []
    make(said).identity(toolchain)
    assert len(said) == 1
    tags = {tag for image in engine.client.images.list() for tag in image.tags}
    assert len({tag for tag in tags if tag.startswith(f"mcumatrix/toolchain-{toolchain.name}:")}) == 2


def test_everything_that_goes_in_is_in_the_tag() -> None:
    toolchain = Toolchain("GCC_9+x", "fake-", "1.2.3", Path("Dockerfile"), ARCHIVE)
    tag = tag_of(toolchain, b"FROM x", "sha256:1")
    assert tag.startswith("mcumatrix/toolchain-gcc-9-x:")
    assert tag == tag_of(dataclasses.replace(toolchain, dockerfile=Path("/elsewhere")), b"FROM x", "sha256:1")
    other = dataclasses.replace(toolchain, archive=dataclasses.replace(ARCHIVE, sha256="b" * 64))
    others = {
        tag_of(toolchain, b"FROM x #", "sha256:1"),
        tag_of(toolchain, b"FROM x", "sha256:2"),
        tag_of(other, b"FROM x", "sha256:1"),
        tag_of(dataclasses.replace(toolchain, archive=None), b"FROM x", "sha256:1"),
    }
    assert len(others | {tag}) == 5


@pytest.mark.parametrize("is_wrapped", [True, False])
def test_a_dockerfile_sees_itself_and_the_archive_without_times_and_owners(
    tree: Path, is_wrapped: bool
) -> None:
    context = BytesIO()
    (tree / "fake-1.2.3" / "share").mkdir(mode=0o700)
    (tree / "fake-1.2.3" / "bin" / "as").chmod(0o600)
    write_context(context, b"FROM x", tree if is_wrapped else tree / "fake-1.2.3")
    context.seek(0)
    with tarfile.open(fileobj=context) as tar:
        members = tar.getmembers()
    assert {"Dockerfile", "toolchain", "toolchain/bin/as"} <= {member.name for member in members}
    modes = {member.name: member.mode for member in members}
    assert (modes["toolchain/share"], modes["toolchain/bin/as"]) == (0o755, 0o644)
    assert modes["toolchain/bin/fake-gcc-1"] == 0o755
    assert {(member.mtime, member.uid, member.gid, member.uname) for member in members} == {(0, 0, 0, "")}


def test_the_compiler_on_path_is_not_for_containers(make_builder: Callable[..., DockerBuilder]) -> None:
    with pytest.raises(ToolError) as error:
        make_builder().identity(Toolchain("path", "arm-none-eabi-"))
    assert str(error.value) == (
        "Toolchain path is the compiler on PATH, which no container has.\n"
        "  Choose one with a Dockerfile, such as debian-12, or build without Docker."
    )


def test_a_dockerfile_that_is_missing_is_said_so(
    make_builder: Callable[..., DockerBuilder], tmp_path: Path
) -> None:
    with pytest.raises(ToolError) as error:
        make_builder().identity(Toolchain("lost", "arm-none-eabi-", "1.2.3", tmp_path / "Dockerfile"))
    assert str(error.value) == (
        "The Dockerfile of toolchain lost cannot be read: "
        f"{tmp_path}/Dockerfile (No such file or directory).\n"
        "  Correct the key dockerfile of the toolchain's file."
    )


def test_a_dockerfile_that_fails_is_said_with_its_last_lines(
    make: Callable[..., DockerBuilder], toolchain: Toolchain
) -> None:
    assert toolchain.dockerfile is not None
    toolchain.dockerfile.write_text("ARG BASE\nFROM ${BASE}\nRUN echo no such package; exit 7\n")
    with pytest.raises(ToolError) as error:
        make().identity(toolchain)
    assert error.value.message.startswith(
        f"The image of toolchain {toolchain.name} could not be made:\nStep 1/3 : ARG BASE\n"
    )
    assert "\nno such package\n" in error.value.message
    assert "returned a non-zero code: 7" in error.value.message
    assert error.value.hint == f"Check the network and the Dockerfile: {toolchain.dockerfile}"


def test_an_archive_that_is_not_there_is_said_by_who_looks_for_it(
    toolchain: Toolchain, engine: Engine, docker_cache: Path
) -> None:
    def missing(archive: Archive) -> Path:
        raise ToolError(f"{archive.file_name} is not there.")

    builder = DockerBuilder(docker_cache, engine, unpacked=missing, say=print, bases={})
    with pytest.raises(ToolError, match=r"^fake-1\.2\.3\.tar\.xz is not there\.$"):
        builder.identity(toolchain)


def test_an_image_with_another_version_or_without_a_compiler_is_refused(
    make: Callable[..., DockerBuilder], toolchain: Toolchain
) -> None:
    with pytest.raises(ToolError) as error:
        make().identity(dataclasses.replace(toolchain, version="9.2.1"))
    assert str(error.value) == (
        f"Toolchain {toolchain.name} is gcc 9.2.1, and the one in its image is 1.2.3.\n"
        f"  Correct the Dockerfile or the version: {toolchain.dockerfile}"
    )
    with pytest.raises(ToolError) as error:
        make().identity(dataclasses.replace(toolchain, prefix="riscv-none-elf-"))
    assert error.value.message.startswith(
        f"The image of toolchain {toolchain.name} has no riscv-none-elf-gcc that works"
    )


def test_a_base_image_that_cannot_be_fetched_is_said_with_the_way_out(
    engine: Engine, tmp_path: Path, debian_12: Toolchain
) -> None:
    builder = DockerBuilder(
        tmp_path, engine, unpacked=no_archive, say=print, bases={DEFAULT_SUITE: "127.0.0.1:1/none:1"}
    )
    with pytest.raises(ToolError) as error:
        builder.identity(debian_12)
    assert error.value.message.startswith(
        "The Docker engine has no base image, and cannot fetch 127.0.0.1:1/none:1: "
    )
    assert error.value.hint == "Make one, as root on a Debian machine: doit base-image bookworm"


def test_what_could_not_be_fetched_is_not_tried_by_every_command(
    engine: Engine, tmp_path: Path, debian_12: Toolchain, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetching = "Fetching the base image 127.0.0.1:1/none:1, once."
    way_out = "Make one, as root on a Debian machine: doit base-image bookworm"

    def ask(*, insists: bool = False) -> tuple[list[str], str]:
        """What a command of its own says, and the hint of its error."""
        said: list[str] = []
        builder = DockerBuilder(
            tmp_path,
            engine,
            unpacked=no_archive,
            say=said.append,
            bases={DEFAULT_SUITE: "127.0.0.1:1/none:1"},
            insists=insists,
        )
        with pytest.raises(ToolError, match=r"cannot fetch 127\.0\.0\.1:1/none:1: ") as error:
            builder.identity(debian_12)
        return said, error.value.hint

    assert ask() == ([fetching], way_out)
    assert ask() == ([], f"{way_out}. To fetch it again: --builder docker")
    assert ask(insists=True) == ([fetching], way_out)
    an_hour_later = time.time() + 3601
    monkeypatch.setattr(time, "time", lambda: an_hour_later)
    assert ask() == ([fetching], way_out)


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a program in the place of mmdebstrap, and makes us root."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    def put(script: str) -> None:
        path = tmp_path / "bin" / "mmdebstrap"
        path.parent.mkdir()
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setenv("PATH", f"{path.parent}:{os.environ['PATH']}")

    return put


@pytest.fixture
def own_base(engine: Engine) -> Iterator[Base]:
    """A base image of Debian 12 under a tag that nobody else has."""
    base = dataclasses.replace(base_of(DEFAULT_SUITE), tag=f"mcumatrix/base:test-{uuid.uuid4().hex}")
    yield base
    if engine.image_id(base.tag):
        engine.client.images.remove(base.tag)


def test_a_base_image_is_what_mmdebstrap_made(
    engine: Engine, program: Callable[[str], None], own_base: Base, tmp_path: Path
) -> None:
    program(
        f'echo "$@" >{tmp_path}/arguments; cd {tmp_path}; mkdir root; echo made >root/file\n'
        'for argument; do case $argument in *.tar) tar -C root -cf "$argument" . ;; esac; done'
    )
    said: list[str] = []
    assert make_base_image(engine, said.append, own_base) == engine.image_id(own_base.tag)
    assert said == [f"Making the base image {own_base.tag} from Debian's packages; this takes half a minute."]
    arguments = (tmp_path / "arguments").read_text()
    assert "--variant=minbase" in arguments
    for line in machine_sources(DEFAULT_SUITE):
        assert line in arguments


def test_mmdebstrap_that_fails_is_said_with_its_last_lines(
    engine: Engine, program: Callable[[str], None], own_base: Base
) -> None:
    program("echo 'E: no network' >&2; exit 1")
    with pytest.raises(ToolError) as error:
        make_base_image(engine, print, own_base)
    assert str(error.value) == (
        "mmdebstrap could not make a base image of bookworm:\nE: no network\n"
        "  Check the network and the sources of apt (apt-get update); "
        "or name an image that the engine can fetch, such as debian:bookworm-slim."
    )
    assert engine.image_id(own_base.tag) is None


def test_a_base_image_takes_mmdebstrap_and_root(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_base: Base
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(tmp_path))
        with pytest.raises(ToolError) as error:
            make_base_image(engine, print, own_base)
    assert str(error.value) == (
        "mmdebstrap is not on PATH.\n  Install it: apt-get install mmdebstrap; "
        "or name an image that the engine can fetch, such as debian:bookworm-slim."
    )
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    with pytest.raises(ToolError) as error:
        make_base_image(engine, print, own_base)
    assert str(error.value) == (
        "Only root can make a base image.\n  Run this with sudo; "
        "or name an image that the engine can fetch, such as debian:bookworm-slim."
    )


def test_certificates_go_along_where_packages_come_encrypted() -> None:
    arguments = base_image.arguments(
        "bookworm", ["deb https://mirror.test/debian bookworm main"], [], Path("base.tar")
    )
    made, copied = (argument for argument in arguments if argument.startswith("--essential-hook="))
    assert made == '--essential-hook=mkdir -p "$1/etc/ssl/certs"'
    assert copied == "--essential-hook=copy-in /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs"
    arguments = base_image.arguments(
        "bookworm", ["deb http://mirror.test/debian bookworm main"], ['A "b";'], Path("x")
    )
    assert not any("ca-certificates.crt" in argument for argument in arguments)
    assert '--aptopt=A "b";' in arguments


def apt_get(folder: Path, *lines: str) -> None:
    """A program apt-get that answers with these lines of its index targets."""
    program = folder / "apt-get"
    program.write_text("#!/bin/sh\ncat <<'END'\n" + "".join(f"{line}\n" for line in lines) + "END\n")
    program.chmod(0o755)


def test_a_suite_comes_from_where_this_machine_gets_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    apt_get(
        tmp_path,
        "Debian bookworm http://mirror.test/debian/ bookworm main",
        "Debian bookworm http://mirror.test/debian/ bookworm contrib",
        "Debian bookworm-security http://mirror.test/security/ bookworm-security main",
        "Others bookworm http://others.test/ bookworm main",
    )
    assert machine_sources("bookworm") == [
        "deb http://mirror.test/debian/ bookworm main contrib",
        "deb http://mirror.test/security/ bookworm-security main",
    ]
    assert machine_sources("trixie") == ["deb http://mirror.test/debian/ trixie main"]
    apt_get(tmp_path, "Ubuntu noble http://ubuntu.test/ noble main")
    assert machine_sources("trixie") == []


def test_the_proxy_of_the_environment_comes_before_that_of_apt(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    apt = tmp_path / "apt-config"
    apt.write_text(
        "#!/bin/sh\nfor last; do :; done\ncase $last in *:http:*) echo http://apt.test:1 ;; esac\n"
    )
    apt.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert proxies_of_machine() == {"http_proxy": "http://apt.test:1"}
    monkeypatch.setenv("https_proxy", "http://own.test:2")
    assert proxies_of_machine() == {"https_proxy": "http://own.test:2"}
