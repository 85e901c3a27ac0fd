"""Which virtual boards run on this machine: each announces itself by a file in a folder of its user.

A board is announced by `<uid>.json`; its control port is the socket `<uid>.control`. Beside is `<uid>.lock`,
which its process keeps locked (flock) as long as it lives, however it ends. Whoever looks into the folder
removes what the dead have left. The folder has a lock of its own, `folder.lock`, which is held for moments: a
look must not be taken for a second board.
"""

import fcntl
import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from io import FileIO
from pathlib import Path

from vstm32.base.errors import VirtualBoardError

FOLDER_VARIABLE = "VSTM32_BOARDS"
"""Names the folder; boards and those who look for them must agree on it."""

_UID = re.compile(r"[A-Za-z0-9]{1,64}", re.ASCII)
_FOLDER_LOCK = "folder.lock"
_ROOT = 0


@dataclass(frozen=True, slots=True)
class RunningBoard:
    """A virtual board that runs.

    `uid` is the unique id of its debug probe: letters and digits. The probe listens on `debug_port`, TCP on
    127.0.0.1, the board's control at `control_port`, the path of a Unix socket. `serial_port` is a device,
    or "" when the board's own terminal has it; `name` is for people. `part` is its chip, for people, and
    `target` what debuggers call that.
    """

    uid: str
    pid: int
    debug_port: int
    serial_port: str
    control_port: str
    name: str
    part: str
    target: str


def boards_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where boards announce themselves; it need not exist.

    That is `$VSTM32_BOARDS`, else `$XDG_RUNTIME_DIR/vstm32/boards`, else
    `/tmp/vstm32-<user id>/boards`.
    """
    if named := environment.get(FOLDER_VARIABLE):
        return Path(named).absolute()
    runtime = environment.get("XDG_RUNTIME_DIR", "")
    if runtime.startswith("/"):
        return Path(runtime) / "vstm32" / "boards"
    return Path(f"/tmp/vstm32-{os.getuid()}/boards")


def control_port(uid: str, folder: Path | None = None) -> Path:
    """Where the control port of a board belongs, once it is announced."""
    return (folder or boards_folder()) / f"{uid}.control"


@contextmanager
def announce(board: RunningBoard, folder: Path | None = None) -> Iterator[None]:
    """Lets others find a board of this process, until the end of the block or of the process.

    Raises:
        VirtualBoardError: a board with this uid runs already, or the folder cannot be used.
    """
    if not _UID.fullmatch(board.uid):
        raise VirtualBoardError(
            f"{board.uid!r} is no uid for a virtual board.", hint="A uid is 1 to 64 letters and digits."
        )
    folder = folder or boards_folder()
    with _usable(folder):
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    _require_ours(folder)
    entry, lock = _entry(folder, board.uid), _lock(folder, board.uid)
    with _usable(folder), _exclusively(folder):
        held = FileIO(lock, "a", opener=_private)
        if not _try_to_lock(held):
            held.close()
            raise _runs_already(entry, board.uid)
        _write(entry, board)
    try:
        yield
    finally:
        # Who removes the folder while a board runs has removed the announcement too.
        with suppress(OSError), _exclusively(folder):
            entry.unlink(missing_ok=True)
            lock.unlink(missing_ok=True)
        held.close()


def running_boards(folder: Path | None = None) -> list[RunningBoard]:
    """The boards that run now, ordered by uid. The files of those whose process is gone are removed.

    Raises:
        VirtualBoardError: the folder belongs to somebody else, or cannot be used.
    """
    folder = folder or boards_folder()
    if not folder.exists():
        return []
    _require_ours(folder)
    boards = []
    with _usable(folder), _exclusively(folder):
        for entry in sorted(folder.glob("*.json")):
            if _is_free(_lock(folder, entry.stem)):
                entry.unlink()
                control_port(entry.stem, folder).unlink(missing_ok=True)
                _lock(folder, entry.stem).unlink(missing_ok=True)
            elif board := _read(entry):
                boards.append(board)
    return boards


def _entry(folder: Path, uid: str) -> Path:
    return folder / f"{uid}.json"


def _lock(folder: Path, uid: str) -> Path:
    return folder / f"{uid}.lock"


@contextmanager
def _usable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise VirtualBoardError(
            f"The folder {folder} for virtual boards that run cannot be used: {error.strerror or error}.",
            hint=f"Name another one in {FOLDER_VARIABLE}.",
        ) from error


def _require_ours(folder: Path) -> None:
    """Announcements say where to connect to: nobody else may have made them, or put another folder there."""
    with _usable(folder):
        itself, parent = folder.lstat(), folder.parent.stat()
    if not stat.S_ISDIR(itself.st_mode):
        what = "is no folder"
    elif itself.st_uid != os.getuid():
        what = f"belongs to user {itself.st_uid}, not to user {os.getuid()}"
    elif parent.st_uid not in (os.getuid(), _ROOT):
        what = f"lies in a folder of user {parent.st_uid}, not of user {os.getuid()}"
    else:
        return
    raise VirtualBoardError(
        f"{folder} is to have the virtual boards that run, and {what}.",
        hint=f"Remove it, or name another folder in {FOLDER_VARIABLE}.",
    )


@contextmanager
def _exclusively(folder: Path) -> Iterator[None]:
    with FileIO(folder / _FOLDER_LOCK, "a", opener=_private) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _private(name: str, flags: int) -> int:
    return os.open(name, flags | os.O_NOFOLLOW, mode=0o600)


def _try_to_lock(file: FileIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_free(lock: Path) -> bool:
    try:
        with FileIO(lock, "r") as file:
            return _try_to_lock(file)
    except FileNotFoundError:
        return True


def _write(entry: Path, board: RunningBoard) -> None:
    aside = entry.with_suffix(".new")
    with open(aside, "w", opener=_private) as file:
        json.dump(asdict(board), file)
    aside.replace(entry)


def _read(entry: Path) -> RunningBoard | None:
    """None for a board of a version that says other things of itself."""
    try:
        return RunningBoard(**json.loads(entry.read_text()))
    except (ValueError, TypeError):
        return None


def _runs_already(entry: Path, uid: str) -> VirtualBoardError:
    other = _read(entry)
    process = f"process {other.pid}" if other else "another process"
    return VirtualBoardError(
        f"The virtual board {uid} runs already, in {process}.", hint="End that one, or use another board."
    )
