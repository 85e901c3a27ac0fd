"""Whose container it is, and whether that process is still alive."""

import os
import platform
from pathlib import Path

LABEL = "mcumatrix"
"""The label of every container of ours; its value is made by `own_mark`."""


def own_mark() -> str:
    """What tells this process from every other: boot, process namespace, number, and time of start."""
    return ".".join((*_place(), str(os.getpid()), _start_time(os.getpid())))


def is_left_behind(mark: str, state: str) -> bool:
    """Whether nobody can still want a container that was labelled with `mark` and is in `state` now.

    A process in another namespace, or of another machine that shares the engine, cannot be looked up from
    here: its containers are taken for wanted until they have ended.
    """
    parts = mark.split(".")
    if len(parts) != len(own_mark().split(".")) or not parts[-2].isdecimal():
        return False  # not a mark of ours
    if tuple(parts[:-2]) != _place():
        return state in {"exited", "dead"}
    return _start_time(int(parts[-2])) != parts[-1]


def _place() -> tuple[str, str]:
    """Which boot and namespace of processes this is: numbers of processes mean something within them alone.

    Where there is no proc(5), as on macOS, the time of the boot, in seconds, stands for both. It moves when
    the clock is set, and what was marked before is then somebody else's.
    """
    if platform.system() != "Linux":
        import psutil

        return str(round(psutil.boot_time())), ""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return boot, str(Path("/proc/self/ns/pid").stat().st_ino)


def _start_time(pid: int) -> str:
    """In clock ticks since boot, proc(5): numbers of processes are used again, with another time of start.

    It is empty where there is no such process. Without proc(5), it is in milliseconds since 1970.
    """
    if platform.system() != "Linux":
        import psutil

        try:
            process = psutil.Process(pid)
            ended = process.status() == psutil.STATUS_ZOMBIE
            return "" if ended else str(round(process.create_time() * 1000))
        except psutil.NoSuchProcess:
            return ""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    # The second field is a name in parentheses, which may have spaces and parentheses in it.
    fields = status.rpartition(")")[2].split()
    return "" if fields[0] in {"Z", "X"} else fields[19]
