"""Images with a toolchain: made when they are missing, and known by all that went into them."""

import re
import tarfile
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import IO

from mcumatrix.adapters.builders.docker.base_image import base_of
from mcumatrix.adapters.builders.docker.engine import Engine
from mcumatrix.adapters.builders.docker.proxies import proxies_of_machine
from mcumatrix.adapters.builders.memory import Memory
from mcumatrix.errors import ToolError
from mcumatrix.hashing import fingerprint, hash_bytes
from mcumatrix.model.catalogue import Archive, Toolchain

_DIGITS = 16
_LINES_SHOWN = 15
_RETRY_S = 3600.0
"""For how long nobody tries again to fetch an image that could not be fetched, unless it is insisted on."""


class Images:
    """The toolchain images of an engine.

    `bases` names images that they are to begin with, by the suite whose place they take; for another suite it
    is the one that is there. `unpacked` gives the folder with the contents of an archive; `say` gets a line
    when something will take long. With `insists`, an image that could not be fetched is tried at once again.
    """

    def __init__(
        self,
        engine: Engine,
        memory: Memory,
        *,
        folder: Path,
        bases: Mapping[str, str],
        unpacked: Callable[[Archive], Path],
        say: Callable[[str], None],
        insists: bool = False,
    ) -> None:
        self._engine = engine
        self._insists = insists
        self._memory = memory
        self._folder = folder
        self._bases = bases
        self._unpacked = unpacked
        self._say = say
        self._known: dict[Toolchain, str] = {}
        self._lock = threading.Lock()

    def image_id(self, toolchain: Toolchain) -> str:
        """The id of a toolchain's image, which is made if there is none; the same one for as long as we live.

        Raises:
            ToolError: it cannot be made, or its tag stands for another image than it did before.
        """
        with self._lock:
            if toolchain not in self._known:
                self._known[toolchain] = self._find(toolchain)
            return self._known[toolchain]

    def _find(self, toolchain: Toolchain) -> str:
        if toolchain.dockerfile is None:
            raise ToolError(
                f"Toolchain {toolchain.name} is the compiler on PATH, which no container has.",
                hint="Choose one with a Dockerfile, such as debian-12, or build without Docker.",
            )
        try:
            dockerfile = toolchain.dockerfile.read_bytes()
        except OSError as error:
            raise ToolError(
                f"The Dockerfile of toolchain {toolchain.name} cannot be read: {toolchain.dockerfile} "
                f"({error.strerror}).",
                hint="Correct the key dockerfile of the toolchain's file.",
            ) from error
        base_id = self._base_id(toolchain.suite)
        tag = tag_of(toolchain, dockerfile, base_id)
        found = self._engine.image_id(tag)
        if found is None:
            found = self._make(toolchain, dockerfile, base_id, tag)
        else:
            self._check_not_moved(tag, found)
        if self._recall(tag) != found:
            self._keep(tag, found)
        return found

    def _names(self, suite: str) -> tuple[str, ...]:
        """What the base image of a suite may be called; the last one is that which is fetched."""
        base = base_of(suite)
        return (self._bases[suite],) if suite in self._bases else (base.tag, base.public)

    def _base_id(self, suite: str) -> str:
        """The id of the base image; an image that was removed counts as long as nothing has to be made."""
        names = self._names(suite)
        for name in names:
            found = self._engine.image_id(name)
            if found is not None:
                if self._recall(name) != found:
                    self._keep(name, found)
                return found
        for name in names:
            kept = self._recall(name)
            if kept is not None:
                return kept
        pulled = self._pull(names[-1], suite)
        self._keep(names[-1], pulled)
        return pulled

    def _pull(self, name: str, suite: str) -> str:
        """Fetches an image, unless that went wrong within the last hour: then the same is said at once.

        Raises:
            ToolError: it is not to be had.
        """
        key = ("unfetched", str(self._engine.socket_path), name)
        match self._memory.recall(*key):
            case [float(at_s), str(message), str(hint)] if not self._insists:
                # A clock that was set back is no reason to wait for it.
                if 0 <= time.time() - at_s < _RETRY_S:
                    raise ToolError(message, hint=f"{hint}. To fetch it again: --builder docker")
        try:
            return pull(self._engine, name, suite, self._say)
        except ToolError as error:
            self._memory.keep([time.time(), error.message, error.hint], *key)
            raise

    def _check_not_moved(self, tag: str, found: str) -> None:
        kept = self._recall(tag)
        if kept is not None and kept != found:
            raise ToolError(
                f"The Docker tag {tag} has moved: it was image {kept}, and is {found} now.",
                hint=f"Somebody changed it. To have the image made again: docker image rm --force {tag}",
            )

    def _make(self, toolchain: Toolchain, dockerfile: bytes, base_id: str, tag: str) -> str:
        from docker.errors import DockerException

        if self._engine.image_id(base_id) is None:  # remembered, and removed since
            name = self._names(toolchain.suite)[-1]
            if self._pull(name, toolchain.suite) != base_id:
                raise ToolError(
                    f"The base image {name} is another one than before, and the former is gone.",
                    hint="Run again: images are made from the one that is there now.",
                )
        tree = self._unpacked(toolchain.archive) if toolchain.archive else None
        self._say(f"Making the Docker image of toolchain {toolchain.name}, once; this takes a minute.")
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=self._folder) as context:
            write_context(context, dockerfile, tree)
            context.seek(0)
            try:
                made = self._build(toolchain, context, base_id)
                # Another process may have been faster; then its image is the one.
                found = self._engine.image_id(tag)
                if found is None:
                    repository, _, name = tag.partition(":")
                    self._engine.client.api.tag(made, repository, name)
            except (DockerException, OSError) as error:
                raise self._engine.failed(f"could not make the image of {toolchain.name}", error) from error
        return found or made

    def _build(self, toolchain: Toolchain, context: IO[bytes], base_id: str) -> str:
        printed: list[str] = []
        image_id = ""
        # The host's network, because a mirror or a proxy may be known to this machine alone.
        for event in self._engine.client.api.build(
            fileobj=context,
            custom_context=True,
            buildargs={"BASE": base_id} | proxies_of_machine(),
            network_mode="host",
            rm=True,
            forcerm=True,
            decode=True,
            use_config_proxy=False,
        ):
            printed.append(event.get("stream", ""))
            image_id = event.get("aux", {}).get("ID", image_id)
            if "error" in event:
                lines = [line for line in "".join(printed).splitlines() if line.strip()]
                shown = "\n".join([*lines[-_LINES_SHOWN:], event["error"]])
                raise ToolError(
                    f"The image of toolchain {toolchain.name} could not be made:\n{shown}",
                    hint=f"Check the network and the Dockerfile: {toolchain.dockerfile}",
                )
        return image_id

    def _recall(self, name: str) -> str | None:
        kept = self._memory.recall("image", str(self._engine.socket_path), name)
        return kept if isinstance(kept, str) else None

    def _keep(self, name: str, image_id: str) -> None:
        self._memory.keep(image_id, "image", str(self._engine.socket_path), name)


def tag_of(toolchain: Toolchain, dockerfile: bytes, base_id: str) -> str:
    """The tag of a toolchain's image, with a hash over everything that goes into it."""
    inputs = {
        "dockerfile": hash_bytes(dockerfile),
        "base": base_id,
        "archive": toolchain.archive.sha256 if toolchain.archive else None,
    }
    name = re.sub("[^a-z0-9]+", "-", toolchain.name.lower()).strip("-")
    return f"mcumatrix/toolchain-{name}:{fingerprint('toolchain-image', inputs)[:_DIGITS]}"


def write_context(context: IO[bytes], dockerfile: bytes, tree: Path | None) -> None:
    """Writes what a Dockerfile may copy from: itself, and `toolchain/` with the contents of the archive.

    Times, owners and all rights but executable bits are left out. An archive that holds a single folder
    stands for that folder.
    """

    def plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.mtime = member.uid = member.gid = 0
        member.uname = member.gname = ""
        # Builds run as somebody else, who must be able to read it.
        member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
        return member

    with tarfile.open(fileobj=context, mode="w") as tar:
        member = tarfile.TarInfo("Dockerfile")
        member.size = len(dockerfile)
        tar.addfile(member, BytesIO(dockerfile))
        if tree is not None:
            entries = list(tree.iterdir())
            is_wrapped = len(entries) == 1 and entries[0].is_dir()
            tar.add(entries[0] if is_wrapped else tree, "toolchain", filter=plain)


def pull(engine: Engine, name: str, suite: str, say: Callable[[str], None]) -> str:
    """Fetches an image from its registry, and returns its id.

    Raises:
        ToolError: it is not to be had.
    """
    from docker.errors import DockerException

    say(f"Fetching the base image {name}, once.")
    repository, at, digest = name.partition("@")
    try:
        if at:
            engine.client.api.pull(repository, tag=digest)
        else:
            head, colon, tag = name.rpartition(":")
            has_tag = bool(colon) and "/" not in tag
            engine.client.api.pull(head if has_tag else name, tag=tag if has_tag else "latest")
    except (DockerException, OSError) as error:
        said = str(getattr(error, "explanation", None) or error)
        raise ToolError(
            f"The Docker engine has no base image, and cannot fetch {name}: {said}",
            hint=f"Make one, as root on a Debian machine: doit base-image {suite}",
        ) from error
    found = engine.image_id(name)
    assert found is not None
    return found
