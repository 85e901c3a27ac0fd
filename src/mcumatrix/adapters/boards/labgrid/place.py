"""What `labgrid-client show` says of a place: who has it, and what belongs to it.

The text is for people, and the only one in which the client gives the parameters of resources: as Python
writes them (pprint), read here by `ast.literal_eval`. Seen with labgrid 26.0 (`labgrid/remote/client.py`).
"""

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mcumatrix.errors import FlashError, FlashFault, ToolError
from mcumatrix.model.attached import REMOTE_PROBE

CONSOLE, PROBE = "console", "probe"
"""What the serial line and the debug probe are called in a place that has several ports or services."""

_PLACE = re.compile(r"Place '(?P<name>[^']+)':")
_RESOURCE = re.compile(r"(?:Acquired|Matching) resource '(?P<name>[^']+)' \((?P<path>\S+)\):")
_SERIAL, _SERVICE = "NetworkSerialPort", "NetworkService"
_SSH = 22
"""The port of a service for which none is given: its host's own, and no debug probe's."""


@dataclass(frozen=True, slots=True)
class Resource:
    """Something that an exporter offers. `path` is EXPORTER/GROUP/CLASS/NAME."""

    name: str
    path: str
    kind: str
    is_there: bool
    parameters: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """A place as its coordinator knows it. `holder` is HOST/USER, empty if nobody has acquired it."""

    name: str
    aliases: tuple[str, ...] = ()
    holder: str = ""
    resources: tuple[Resource, ...] = ()

    def is_called(self, name: str) -> bool:
        """Whether a name is exactly one of its names: labgrid itself takes a part of one."""
        return name == self.name or name in (alias.rpartition(":")[2] for alias in self.aliases)

    def serial_port(self) -> str:
        """The URL of its serial line for pyserial. Raises FlashError."""
        found = self._only(_SERIAL, CONSOLE, [one for one in self.resources if one.kind == _SERIAL])
        scheme = "socket" if found.parameters.get("protocol") == "raw" else "rfc2217"
        return f"{scheme}://{self._address(found, 'host')}"

    def probe(self) -> str:
        """The id of its debug probe for pyOCD. Raises FlashError."""
        services = [
            one for one in self.resources if one.kind == _SERVICE and one.parameters.get("port") != _SSH
        ]
        return f"{REMOTE_PROBE}{self._address(self._only(_SERVICE, PROBE, services), 'address')}"

    def _only(self, kind: str, called: str, resources: Sequence[Resource]) -> Resource:
        """The one that is called so, or else the only one there is."""
        named = [one for one in resources if one.name == called]
        if len(found := named or resources) != 1:
            there = ", ".join(one.name for one in resources) or "none"
            raise self._lacking(
                f"has no one {kind} as its {called}; there: {there}",
                f"Where there are several, let the right one be called {called}: "
                f"labgrid-client -p {self.name} add-named-match EXPORTER/GROUP/{kind}/NAME {called}",
            )
        return found[0]

    def _address(self, resource: Resource, key: str) -> str:
        extra = resource.parameters.get("extra")
        if isinstance(extra, dict) and extra.get("proxy_required"):
            raise self._lacking(
                f"has its {resource.name} behind SSH alone, which is not supported",
                "Start its exporter without --isolated, in a network that this machine reaches.",
            )
        host, port = resource.parameters.get(key), resource.parameters.get("port")
        if not resource.is_there or not host or not isinstance(port, int):
            raise self._lacking(
                f"has a {resource.name} that is not there at the moment ({resource.path})",
                "Look at its exporter's machine: is it plugged in?",
            )
        return f"{f'[{host}]' if ':' in str(host) else host}:{port}"

    def _lacking(self, what: str, hint: str) -> FlashError:
        return FlashError(f"the place {self.name} of labgrid {what}", hint=hint, fault=FlashFault.NO_PROBE)


def read_place(text: str) -> Place:
    """The place that a text of `labgrid-client show` is about.

    Raises:
        ToolError: it is none.
    """
    name, said, resources = "", {"acquired": "", "aliases": ""}, []
    blocks = re.split(r"\n(?=\S)", text.strip())
    for block in blocks:
        head, _, body = block.partition("\n")
        if place := _PLACE.fullmatch(head):
            name = place["name"]
            said |= dict(re.findall(r"^  (acquired|aliases): (.*)$", body, re.MULTILINE))
        elif resource := _RESOURCE.fullmatch(head):
            resources.append(_resource(resource["name"], resource["path"], body))
    if not name:
        raise _not_understood(text)
    holder = "" if said["acquired"] == "None" else said["acquired"]
    aliases = tuple(said["aliases"].split(", ")) if said["aliases"] else ()
    return Place(name, aliases, holder, tuple(resources))


def _resource(name: str, path: str, body: str) -> Resource:
    try:
        said = ast.literal_eval(body.strip())
        return Resource(name, path, str(said["cls"]), bool(said["avail"]), dict(said["params"]))
    except (ValueError, SyntaxError, KeyError, TypeError, MemoryError, RecursionError) as error:
        raise _not_understood(body) from error


def _not_understood(text: str) -> ToolError:
    first = text.strip().partition("\n")[0][:100]
    return ToolError(
        f"labgrid-client describes a place in a way that is not understood: {first!r}",
        hint="docs/labgrid.md names the versions of labgrid that were tried.",
    )
