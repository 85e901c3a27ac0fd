"""What is attached to this machine: debug probes, serial ports, and virtual boards that run."""

from dataclasses import dataclass

REMOTE_PROBE = "remote:"
"""How pyOCD marks the ids of probes that its own server on another machine has."""


@dataclass(frozen=True, slots=True)
class AttachedProbe:
    """A debug probe. `problem` is a sentence about why it cannot be used; then `uid` may be empty."""

    uid: str
    description: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class AttachedPort:
    """A serial port. `by_id` is its name under /dev/serial/by-id, which survives replugging, if it has one.

    `aliases` are further paths of the same device that somebody has asked for. `problem` is a sentence about
    why this user cannot open it.
    """

    device: str
    by_id: str = ""
    description: str = ""
    aliases: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class RunningVirtualBoard:
    """A virtual board that runs: the unique id of its debug probe, its serial port, its process."""

    uid: str
    name: str
    serial_port: str
    pid: int


@dataclass(frozen=True, slots=True)
class Attached:
    """All of it; `probes` are those of hardware only."""

    probes: tuple[AttachedProbe, ...] = ()
    ports: tuple[AttachedPort, ...] = ()
    virtual_boards: tuple[RunningVirtualBoard, ...] = ()
