"""From a unique id, or none, to the debug probe that is meant."""

from typing import TYPE_CHECKING

from mcumatrix.errors import FlashError, FlashFault
from mcumatrix.model.attached import REMOTE_PROBE

if TYPE_CHECKING:
    from pyocd.probe.debug_probe import DebugProbe

VIRTUAL = "vboard"
"""What pyOCD calls the probes of virtual boards, before the colon of a unique id; see plugin.py."""

_PLUG_IN = "Plug it in; `doit boards` shows what is attached, and docs/boards.md has the rights it needs."


def find_probe(unique_id: str) -> "DebugProbe":
    """The probe with a unique id, as pyOCD writes it, or the only one that is attached for "".

    Raises:
        FlashError: it is not attached, or several are and nothing says which. One behind a network is not
            asked before somebody opens it.
    """
    from pyocd.core import exceptions
    from pyocd.probe.aggregator import PROBE_CLASSES, DebugProbeAggregator

    if unique_id.lower().startswith(REMOTE_PROBE):
        return _network_probe(unique_id)
    try:
        if unique_id:
            found = DebugProbeAggregator.get_probe_with_id(unique_id)
            if found is not None:
                return found
        kind, colon, _ = unique_id.partition(":")
        # A virtual board is never meant by "whatever is attached".
        kinds = [kind] if colon else [name for name in PROBE_CLASSES if name != VIRTUAL]
        attached = [probe for name in kinds for probe in PROBE_CLASSES[name].get_all_connected_probes()]
    except (exceptions.Error, OSError) as error:
        raise FlashError(
            f"debug probes cannot be looked for: {error}", hint=_PLUG_IN, fault=FlashFault.NO_PROBE
        ) from error
    if unique_id:
        # pyOCD takes a part of an id too.
        attached_ids = [str(probe.unique_id) for probe in attached]
        matching = [probe for probe in attached if unique_id.lower() in str(probe.unique_id).lower()]
        if len(matching) == 1:
            return matching[0]
        raise _not_attached(unique_id, attached_ids)
    if len(attached) == 1:
        return attached[0]
    ids = ", ".join(str(probe.unique_id) for probe in attached)
    if not attached:
        raise FlashError("no debug probe is attached", hint=_PLUG_IN, fault=FlashFault.NO_PROBE)
    raise FlashError(
        f"{len(attached)} debug probes are attached, and the board's file names none: {ids}",
        hint="Add `probe:` with the unique id of the right one.",
        fault=FlashFault.WRONG_PROBE,
    )


def is_virtual_probe(probe: "DebugProbe") -> bool:
    """Whether a probe is that of a virtual board on this machine, found by whichever of its names."""
    from pyocd.probe.aggregator import PROBE_CLASSES

    return isinstance(probe, PROBE_CLASSES[VIRTUAL])


def give_up(probe: "DebugProbe") -> None:
    """Ends what another thread does with a probe that answers too late, where that can be done.

    A server would keep a probe behind a network for this thread. Drivers of USB are left alone.
    """
    from mcumatrix.adapters.flashers.pyocd.network_probe import NetworkProbe

    if isinstance(probe, NetworkProbe):
        probe.give_up()


def _network_probe(unique_id: str) -> "DebugProbe":
    """That of a server: pyOCD's own client of it waits without end for one that is gone."""
    from mcumatrix.adapters.flashers.pyocd.network_probe import NetworkProbe

    host, _, port = unique_id[len(REMOTE_PROBE) :].rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 1 << 16:
        raise FlashError(
            f"the probe {unique_id} names no host and port",
            hint=f"Write it as in '{REMOTE_PROBE}lab1:5555', with the port of `pyocd server`.",
            fault=FlashFault.NO_PROBE,
        )
    return NetworkProbe(host.strip("[]"), int(port))


def _not_attached(unique_id: str, attached: list[str]) -> FlashError:
    if not attached:
        return FlashError(
            f"the probe {unique_id} is not attached, nor is any other",
            hint=_PLUG_IN,
            fault=FlashFault.NO_PROBE,
        )
    return FlashError(
        f"the probe {unique_id} is not attached; attached: {', '.join(attached)}",
        hint="Plug in the right one, or name this one in the board's file.",
        fault=FlashFault.WRONG_PROBE,
    )
