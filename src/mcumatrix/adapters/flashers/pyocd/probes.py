"""Which debug probes pyOCD sees."""

import logging
from typing import TYPE_CHECKING

from mcumatrix.adapters.flashers.pyocd.finding import VIRTUAL
from mcumatrix.model.attached import AttachedProbe

if TYPE_CHECKING:
    from pyocd.probe.debug_probe import DebugProbe


def attached_probes() -> tuple[AttachedProbe, ...]:
    """All debug probes but those of virtual boards. What cannot be read is there with its problem.

    One kind of probe after the other, not by pyOCD's own sum of them: a kind that fails hides no other.
    """
    from pyocd.probe.aggregator import PROBE_CLASSES

    found: list[AttachedProbe] = []
    warnings = _Warnings()
    # pyOCD leaves out what this user may not open, and all of USB without libusb, with a warning only.
    logger = logging.getLogger("pyocd")
    logger.addHandler(warnings)
    try:
        for name, kind in PROBE_CLASSES.items():
            if name == VIRTUAL:
                continue
            try:
                found += [_describe(probe, name) for probe in kind.get_all_connected_probes()]
            except Exception as error:  # Drivers raise what they like.
                found.append(_unreadable(name, error))
    finally:
        logger.removeHandler(warnings)
    return (*found, *(AttachedProbe("", "", said) for said in warnings.said))


class _Warnings(logging.Handler):
    """Keeps what is said once or more, once."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: dict[str, None] = {}

    def emit(self, record: logging.LogRecord) -> None:
        self.said[record.getMessage()] = None


def _describe(probe: "DebugProbe", kind: str) -> AttachedProbe:
    try:
        return AttachedProbe(str(probe.unique_id), str(probe.description))
    except Exception as error:  # As above.
        return _unreadable(kind, error)


def _unreadable(kind: str, error: Exception) -> AttachedProbe:
    return AttachedProbe("", kind, f"{type(error).__name__}: {error}")
