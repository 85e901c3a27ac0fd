"""What is attached to this machine: probes, serial ports, virtual boards that run, and places of labgrid."""

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
class AttachedPlace:
    """A place of a coordinator of labgrid, that a board names. `holder` is HOST/USER, empty if nobody has it.

    `probe` and `serial_port` are what it would be used with. `problem` is a sentence about why it cannot be.
    """

    coordinator: str
    name: str
    holder: str = ""
    probe: str = ""
    serial_port: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Attached:
    """All of it; `probes` are those of hardware only, and `places` those of boards that were asked about."""

    probes: tuple[AttachedProbe, ...] = ()
    ports: tuple[AttachedPort, ...] = ()
    virtual_boards: tuple[RunningVirtualBoard, ...] = ()
    places: tuple[AttachedPlace, ...] = ()
