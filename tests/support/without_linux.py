"""What macOS does not have, taken away from the process that imports this: for tests of what works there.

The libraries of others are imported before, with what they have for this system: theirs for macOS are not
installed here. What is ours finds `platform.system()` saying Darwin, none of the functions and constants that
Python has on Linux alone (docs.python.org, "Availability"), and neither /proc nor /sys nor folders of udev.
"""

import fcntl
import os
import platform
import select
import signal
import socket
import sys
from pathlib import Path
from types import FrameType
from typing import Any

# Imported for what they ask of this system.
import psutil
import pyocd.probe.aggregator  # noqa: F401
import serial.tools.list_ports  # noqa: F401

_LINUX_ALONE = {
    os: (
        *("O_PATH", "O_TMPFILE", "O_DIRECT", "O_NOATIME", "posix_fallocate", "posix_fadvise", "pipe2"),
        *(
            "copy_file_range",
            "splice",
            "eventfd",
            "memfd_create",
            "pidfd_open",
            "setns",
            "unshare",
            "getrandom",
        ),
        *(
            "sched_getaffinity",
            "sched_setaffinity",
            "sched_setscheduler",
            "getxattr",
            "setxattr",
            "listxattr",
        ),
        *("fdatasync", "getresuid", "setresuid", "timerfd_create", "posix_openpt"),
    ),
    select: ("epoll", "EPOLLIN"),
    signal: (
        *("SIGRTMIN", "SIGRTMAX", "SIGPWR", "SIGSTKFLT", "SIGPOLL", "SIGCLD"),
        *("sigtimedwait", "sigwaitinfo", "pidfd_send_signal"),
    ),
    socket: (
        "AF_NETLINK",
        "AF_PACKET",
        "AF_VSOCK",
        "SOCK_CLOEXEC",
        "SOCK_NONBLOCK",
        "SO_PEERCRED",
        "MSG_NOSIGNAL",
    ),
    fcntl: ("F_SETPIPE_SZ", "F_ADD_SEALS", "F_SETLEASE", "F_NOTIFY"),
}
_FOLDERS = tuple(
    f"{folder}/"
    for folder in ("/proc", "/sys", "/dev/serial", "/etc/udev", "/run/udev", "/lib/udev", "/usr/lib/udev")
)
_OPENING = {"open", "os.listdir", "os.scandir"}
_OTHERS = str(Path(psutil.__file__).parents[1])
"""Where the libraries of others lie, which may look into these: on macOS they ask elsewhere."""
_stat = os.stat


def _is_asked_by_others() -> bool:
    frame: FrameType | None = sys._getframe(2)
    while frame:
        if frame.f_code.co_filename.startswith(_OTHERS):
            return True
        if "/src/mcumatrix/" in frame.f_code.co_filename or "/src/vstm32/" in frame.f_code.co_filename:
            return False
        frame = frame.f_back
    return False


def _refuse(path: object) -> None:
    if isinstance(path, str | Path) and f"{path}/".startswith(_FOLDERS) and not _is_asked_by_others():
        raise FileNotFoundError(2, "No such file or directory", str(path))


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if event in _OPENING:
        _refuse(arguments[0])


def _checked_stat(path: Any, *arguments: Any, **named: Any) -> os.stat_result:
    _refuse(path)
    return _stat(path, *arguments, **named)


for module, names in _LINUX_ALONE.items():
    for name in names:
        if hasattr(module, name):
            delattr(module, name)
platform.system = lambda: "Darwin"
# No hook of Python's is told of it.
os.stat = _checked_stat
sys.addaudithook(_hook)
