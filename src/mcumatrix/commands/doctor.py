"""`doctor`: what this machine has and lacks for builds and runs, and what to do next."""

import grp
import json
import os
import platform
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from packaging.requirements import Requirement

from mcumatrix import registry
from mcumatrix.errors import ExitCode, McuMatrixError
from mcumatrix.matrix.catalogues import load_boards, load_catalogues
from mcumatrix.model.attached import Attached
from mcumatrix.model.engine_room import EngineRoom
from mcumatrix.project import Project

_SCHEMA = 1
_OLDEST_PYTHON = (3, 11)
_LEAST_FREE_BYTES = 2_000_000_000
"""What images and libraries of a matrix of some dozen variants take, with some to spare."""
_LEAST_MEMORY_BYTES = 1 << 30
"""What a C++ compiler may take for the largest sources of TensorFlow Lite Micro, with some to spare."""
_RULES = ("/etc/udev/rules.d", "/run/udev/rules.d", "/usr/lib/udev/rules.d", "/lib/udev/rules.d")
_ST_VENDOR = "0483"
"""The USB vendor of ST-LINK probes, as rules of udev name it."""


class State(StrEnum):
    """What came of a look: all well, worth knowing, or something that every run needs is missing."""

    OK = "ok"
    NOTE = "note"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at and found, and what to do next; `to_do` is empty where nothing is to be done."""

    what: str
    state: State
    found: str
    to_do: str = ""


def doctor(project: Project, json_file: str, say: Callable[[str], None]) -> ExitCode:
    """Looks at this machine, says it, and writes it as JSON where a file is named.

    Raises:
        MatrixError: the catalogues of the project are wrong.
        OSError: the file cannot be written.
    """
    from mcumatrix.commands.outputs import write_outputs
    from mcumatrix.report.content.tables import Table
    from mcumatrix.report.render.terminal import parts_text

    checks = tuple(_checks(project))
    rows = tuple((check.what, check.state.value, check.found) for check in checks)
    say(parts_text((Table(("what", "state", "found"), rows),)))
    for check in checks:
        if check.to_do:
            say(f"{check.what}: {check.to_do}")
    write_outputs({"json": json_file}, lambda _: _document(checks), say)
    return exit_code(checks)


def exit_code(checks: tuple[Check, ...]) -> ExitCode:
    """ENVIRONMENT where something is missing."""
    return ExitCode.ENVIRONMENT if any(check.state is State.MISSING for check in checks) else ExitCode.OK


def _document(checks: tuple[Check, ...]) -> bytes:
    document = {"schema": _SCHEMA, "checks": [asdict(check) for check in checks]}
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


def _checks(project: Project) -> Iterator[Check]:
    yield Check("mcumatrix", State.OK, f"{version('mcumatrix')} on {platform.platform()}")
    yield _python()
    yield from packages(requires("mcumatrix") or [])
    yield from _builders(project)
    yield _hooks()
    # Of no other board: a flasher that is not there would leave all else unsaid.
    placed = [board for board in load_boards(project.matrix_folders).values() if board.coordinator]
    attached = registry.boards.attached(boards=placed)
    yield from hardware(attached, Path("/"), os.geteuid(), os.getgroups())
    yield from places(attached)
    yield _disk(project.root)
    yield clock(time.time(), Path(__file__).stat().st_mtime)
    yield _cache(os.environ)


def _python() -> Check:
    found = platform.python_version()
    if sys.version_info < _OLDEST_PYTHON:
        return Check("Python", State.MISSING, found, "Install Python 3.11 or newer.")
    return Check("Python", State.OK, found)


def packages(required: list[str]) -> Iterator[Check]:
    """One check for all packages that an installation must have, and one for those of the extra `golden`."""
    wanted = [Requirement(text) for text in required]
    names = [
        requirement.name
        for requirement in wanted
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
    ]
    missing = [name for name in names if _version_of(name) is None]
    if missing:
        lacking = ", ".join(missing)
        yield Check("packages", State.MISSING, f"without {lacking}", f"pip install {' '.join(missing)}")
    else:
        yield Check("packages", State.OK, ", ".join(f"{name} {_version_of(name)}" for name in names))
    golden = _version_of("tflite-micro")
    yield (
        Check("tflite-micro", State.OK, golden)
        if golden
        else Check(
            "tflite-micro",
            State.NOTE,
            "not installed",
            "Only golden answers of models of your own need it: pip install 'mcumatrix[golden]'.",
        )
    )


def _version_of(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _builders(project: Project) -> Iterator[Check]:
    """The compiler on PATH and the Docker engine: one of them is enough."""
    toolchains = load_catalogues(project.matrix_folders).toolchains.values()
    on_path = next((one for one in toolchains if one.dockerfile is None), None)
    found: list[Check] = []
    for what, wanted in (("compiler on PATH", "local"), ("Docker engine", "docker")):
        try:
            builder = registry.builders.builders(wanted, project.build / "cache", lambda _line: None).chosen
            if wanted == "docker" and (room := registry.builders.engine_room()):
                found.append(engine(room))
            else:
                said = builder.identity(on_path, ()).version if on_path else "there"
                found.append(Check(what, State.OK, said))
        except McuMatrixError as error:
            found.append(Check(what, State.MISSING, error.message, error.hint))
    if any(check.state is State.OK for check in found):
        found = [
            check if check.state is State.OK else Check(check.what, State.NOTE, check.found, check.to_do)
            for check in found
        ]
    yield from found
    tools = [tool for tool in ("cmake", "ninja") if shutil.which(tool) is None]
    if tools and found[0].state is State.OK:
        packages = " ".join({"ninja": "ninja-build"}.get(tool, tool) for tool in tools)
        state = State.NOTE if found[1].state is State.OK else State.MISSING
        yield Check("build tools", state, f"without {', '.join(tools)}", f"apt-get install {packages}")


def engine(room: EngineRoom) -> Check:
    """Whether an engine has room for the compilers of a matrix."""
    found = f"{room.version}, {room.processors} processors, {room.memory_bytes / 1e9:.1f} GB of memory, " + (
        "a disk not seen from here" if room.free_bytes is None else f"{room.free_bytes / 1e9:.1f} GB free"
    )
    short = [
        what
        for what, is_short in (
            ("memory", room.memory_bytes < _LEAST_MEMORY_BYTES),
            ("disk", room.free_bytes is not None and room.free_bytes < _LEAST_FREE_BYTES),
        )
        if is_short
    ]
    if short:
        to_do = f"Compilers may run out of {' and '.join(short)}: give the engine more."
        return Check("Docker engine", State.NOTE, found, to_do)
    return Check("Docker engine", State.OK, found)


def _hooks() -> Check:
    if (system := platform.system()) != "Linux":
        found = f"they run on Linux alone, and this is {system}"
        to_do = "Plans, reports and real boards work here; a container with Linux runs virtual boards."
        return Check("virtual boards", State.NOTE, found, to_do)
    problem, _, to_do = registry.boards.hooks_missing().partition("\n")
    if problem:
        return Check("virtual boards", State.MISSING, problem, to_do.strip())
    return Check("virtual boards", State.OK, "their hooks are compiled")


def hardware(attached: Attached, root: Path, user: int, groups: list[int]) -> Iterator[Check]:
    """What real boards need; without any, the virtual ones do. `root` is where the machine's files are."""
    probes = [probe for probe in attached.probes if probe.uid and not probe.problem]
    yield Check(
        "debug probes",
        State.OK if probes else State.NOTE,
        ", ".join(probe.description for probe in probes) or "none is attached",
        "" if probes else "For a real board: attach it by its ST-LINK's USB connector; see docs/boards.md.",
    )
    ports = [port.device for port in attached.ports]
    yield Check(
        "serial ports",
        State.OK if ports else State.NOTE,
        ", ".join(ports) or "none",
        "" if ports else "For a real board: a USB-to-serial adapter on its USART; see docs/boards.md.",
    )
    if user == 0 or platform.system() != "Linux":
        return
    rules = [path for folder in _RULES for path in (root / folder.lstrip("/")).glob("*.rules")]
    if not any(_ST_VENDOR in _text_of(path) for path in rules):
        to_do = "For a real board: docs/boards.md has a rule of udev that opens ST-LINK probes to you."
        yield Check("udev rules", State.NOTE, "none is about ST-LINK probes", to_do)
    else:
        yield Check("udev rules", State.OK, "for ST-LINK probes")
    yield _dialout(groups)


def _text_of(rules: Path) -> str:
    """A file of rules, empty where it cannot be read: udev passes over it as well."""
    try:
        return rules.read_text(errors="replace")
    except OSError:
        return ""


def places(attached: Attached) -> Iterator[Check]:
    """What the coordinators of labgrid say of the places that boards name; nothing where none does."""
    for place in attached.places:
        what = f"place {place.name}"
        if place.problem:
            to_do = "For boards of labgrid: docs/labgrid.md says what belongs to a place."
            yield Check(what, State.NOTE, place.problem, to_do)
        else:
            holder = f"{place.holder} has it" if place.holder else "nobody has it"
            yield Check(what, State.OK, f"{holder}, at {place.coordinator}")


def _dialout(groups: list[int]) -> Check:
    try:
        group = grp.getgrnam("dialout").gr_gid
    except KeyError:
        return Check("group dialout", State.NOTE, "there is none here")
    if group in groups:
        return Check("group dialout", State.OK, "you are in it")
    to_do = "For a real board, as root: usermod -aG dialout YOU; then log in again."
    return Check("group dialout", State.NOTE, "you are not in it", to_do)


def _disk(folder: Path) -> Check:
    free = shutil.disk_usage(folder).free
    found = f"{free / 1e9:.1f} GB free for {folder}"
    if free < _LEAST_FREE_BYTES:
        return Check("disk", State.NOTE, found, "Make room: images of a matrix may take some GB.")
    return Check("disk", State.OK, found)


def clock(now_s: float, installed_s: float) -> Check:
    """Whether this machine's clock can be right; both in seconds since 1970."""
    found = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now_s))
    if now_s < installed_s:
        to_do = (
            "It is before the day on which mcumatrix was installed: records would be dated wrongly. Set it."
        )
        return Check("clock", State.NOTE, found, to_do)
    return Check("clock", State.OK, found)


def _cache(environment: Mapping[str, str]) -> Check:
    from mcumatrix.sources.cache import cache_from

    try:
        folder = cache_from(environment, Path.home()).root
    except McuMatrixError as error:
        return Check("cache", State.MISSING, error.message, error.hint)
    above = next(path for path in (folder, *folder.parents) if path.exists())
    if not os.access(above, os.W_OK):
        return Check(
            "cache", State.MISSING, f"{folder} cannot be written", "Name another in MCUMATRIX_CACHE."
        )
    return Check("cache", State.OK, str(folder))
