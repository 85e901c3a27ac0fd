"""One holder at a time for what cannot be shared: a probe, a serial port, a project's folder.

A lock is the kernel's lock on a file (flock): it ends with its process, however that ends; the file stays.
Who has the lock is written into the file, for those who wait. Not beside it: in a folder with the sticky bit
nobody could replace what a killed process of another user has left.
"""

import hashlib
import json
import os
import pwd
import re
import shlex
import socket
import stat
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from mcumatrix.errors import LockedError, StoppedError
from mcumatrix.storage import reason_of, remedy_of

if TYPE_CHECKING:
    from filelock import BaseFileLock

FOLDER_VARIABLE = "MCUMATRIX_LOCKS"
"""Names the folder for the locks of boards; all users of a machine must agree on it."""

_FOLDER = Path("/tmp/mcumatrix-locks")
_POLL_S = 0.1
_PATIENCE_S = 1.0
"""How long somebody else may need between making a file and giving it its permissions or its contents."""
_MAXIMUM_BYTES = 4096
_MAXIMUM_TEXT = 100
_SAFE_NAME = re.compile(r"[A-Za-z0-9._-]{1,80}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that has a lock; `since` is the time as its host's clock shows it."""

    pid: int
    host: str
    user: str
    command: str
    since: str

    def __str__(self) -> str:
        process = f"process {self.pid} of {self.user} on host {self.host}"
        return f"{process} has it since {self.since} ({self.command})"


@contextmanager
def held(
    path: Path, what: str, *, wait: bool, say: Callable[[str], None], stop: Event | None = None
) -> Iterator[None]:
    """Holds the lock `path`; threads of one process exclude each other too.

    Where another has it, and `wait` is true, `say` gets one line that names `what` and who has it. Waiting
    ends when the lock is free, with Ctrl-C, or when `stop` is set. The folder of `path` is made if need be.

    Raises:
        LockedError: another has it and `wait` is false, or the file cannot be used.
        StoppedError: `stop` was set while waiting.
    """
    from filelock import FileLock

    lock = FileLock(path, mode=0o666)
    refused = False
    while not _acquired(lock, path):
        if not refused:
            refused = True
            _say_or_refuse(path, what, wait=wait, say=say)
        if stop is None:
            time.sleep(_POLL_S)
        elif stop.wait(_POLL_S):
            raise StoppedError(f"Stopped while waiting for {what}.")
    try:
        with _signed(path):
            yield
    finally:
        lock.release()


def lock_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """The folder for the locks of boards, made if need be: all users of this machine share it.

    Who owns a folder can remove what others have in it, and so can all who may write to it, unless it is
    sticky. Whose lock was removed would share a board with the next who comes, and not know it.

    Raises:
        LockedError: it cannot be made, something else has its name, or others could remove locks in it.
    """
    folder = Path(environment.get(FOLDER_VARIABLE) or _FOLDER)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            folder.mkdir()
            # Not with mkdir's mode, from which the umask is taken away.
            folder.chmod(0o1777)
        status = folder.lstat()
    except OSError as error:
        raise LockedError(
            f"The folder {folder} for the locks of boards cannot be made: {error.strerror or error}.",
            hint=f"Name another one in {FOLDER_VARIABLE}, the same for all users.",
        ) from error
    if not stat.S_ISDIR(status.st_mode):
        raise LockedError(
            f"{folder} is to have the locks of boards, and is no folder.",
            hint=f"Remove it, or name another one in {FOLDER_VARIABLE}, the same for all users.",
        )
    if why := _why_not_safe(status):
        raise LockedError(
            f"The folder {folder} for the locks of boards {why}, who could remove locks that others hold.",
            hint=f"Let root make it anew: rm -r {shlex.quote(str(folder))}; install -d -m 1777 -o root "
            f"{shlex.quote(str(folder))}; or name another one in {FOLDER_VARIABLE}, the same for all users.",
        )
    return folder


def _why_not_safe(status: os.stat_result) -> str:
    """Who besides root and us could remove what is in a folder, as in "belongs to anna"; empty if nobody."""
    if status.st_uid not in {0, os.getuid()}:
        return f"belongs to {_user_name(status.st_uid)}"
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not status.st_mode & stat.S_ISVTX:
        return "is not sticky and can be written by others"
    return ""


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def lock_name(kind: str, identifier: str) -> str:
    """The name of the lock of one thing, such as the `probe` with a unique id; fit for a file.

    However a thing is spelled, it has one lock: links to devices are followed, and the unique ids of probes
    are the same in upper and lower case, as they are to pyOCD.
    """
    if identifier.startswith("/"):
        identifier = os.path.realpath(identifier)
    elif kind == "probe":
        identifier = identifier.lower()
    if not _SAFE_NAME.fullmatch(identifier):
        digest = hashlib.sha256(identifier.encode()).hexdigest()[:16]
        identifier = f"{re.sub('[^A-Za-z0-9._-]+', '-', identifier)[:60]}-{digest}"
    return f"{kind}-{identifier}.lock"


@contextmanager
def _signed(path: Path) -> Iterator[None]:
    """Says in the lock's file who has it."""
    _write(path, json.dumps(asdict(_this_process())).encode())
    try:
        yield
    finally:
        _write(path, b"")


def _acquired(lock: "BaseFileLock", path: Path) -> bool:
    from filelock import Timeout

    give_up_at = time.monotonic() + _PATIENCE_S
    while True:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return False
        except PermissionError as error:
            # Another user has made the file a moment ago, and has not opened it to all yet.
            if time.monotonic() > give_up_at:
                raise _unusable(path, error) from error
            time.sleep(_POLL_S)
        except OSError as error:
            raise _unusable(path, error) from error
        else:
            return True


def _say_or_refuse(path: Path, what: str, *, wait: bool, say: Callable[[str], None]) -> None:
    holder = _holder(path)
    who = str(holder) if holder else "an unknown process has it"
    if wait:
        say(f"Waiting for {what}: {who}.")
        return
    raise LockedError(
        f"{what} is in use: {who}.",
        hint="Try again when that has ended."
        if holder
        else f"`fuser -v {shlex.quote(str(path))}` names the process; try again when it has ended.",
    )


def _holder(path: Path) -> Holder | None:
    """Who has the lock, as far as it is known; it may have it since this moment, and not have written yet."""
    give_up_at = time.monotonic() + _PATIENCE_S / 4
    while True:
        holder = _read(path)
        if holder or time.monotonic() > give_up_at:
            return holder
        time.sleep(_POLL_S / 10)


def _read(path: Path) -> Holder | None:
    # Anybody can have written anything there.
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            said = json.loads(file.read(_MAXIMUM_BYTES))
        texts = [str(said[key]) for key in ("host", "user", "command", "since")]
        holder = Holder(
            int(said["pid"]), *("".join(filter(str.isprintable, t))[:_MAXIMUM_TEXT] for t in texts)
        )
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
    return holder if holder.host != socket.gethostname() or _is_alive(holder.pid) else None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return pid > 0


def _write(path: Path, data: bytes) -> None:
    """Changes what the lock's file says; a lock without it is still a lock."""
    # Never with O_CREAT: fs.protected_regular forbids that for other users' files in folders such as /tmp.
    with suppress(OSError):
        descriptor = os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            os.write(descriptor, data)
        finally:
            os.close(descriptor)


def _this_process() -> Holder:
    return Holder(
        pid=os.getpid(),
        host=socket.gethostname(),
        user=_user_name(os.getuid()),
        command=shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])[:_MAXIMUM_TEXT],
        since=datetime.now().strftime("%Y-%m-%d %H:%M:%S"),
    )


def _unusable(path: Path, error: OSError) -> LockedError:
    return LockedError(
        f"The lock {path} cannot be used, because {reason_of(error)}.",
        hint=f"{remedy_of(error)} {FOLDER_VARIABLE} can name another folder for the locks of boards.",
    )
