"""How the current that a board draws is told, and what was told."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class EnergySetup:
    """How the energy of a board's inferences is measured: the key `energy` of its file.

    `probe` is the name under which the registry knows the adapter, `port` what that opens: a serial port or a
    file. `voltage_v` is what the board is supplied with, in volts, and `source` whether the probe supplies
    it. `channel` is the probe's digital input, 0 to 7, that the board's pin is wired to. `limit_a` is the
    largest current that the probe can tell, in amperes. `accuracy_percent` is the limit of error of what it
    tells, in per cent of it, and `accuracy_source` who says so; None where nobody said.
    """

    probe: str
    port: str
    voltage_v: float
    source: bool = False
    channel: int = 0
    limit_a: float = 1.0
    accuracy_percent: float | None = None
    accuracy_source: str = ""


@dataclass(frozen=True, slots=True)
class Trace:
    """What a probe told, sample by sample; the arrays are equally long.

    `time_s` is in seconds from any moment on, `current_a` in amperes, `voltage_v` in volts, `marked` whether
    the board's pin was high.
    """

    time_s: "NDArray[np.float64]"
    current_a: "NDArray[np.float64]"
    voltage_v: "NDArray[np.float64]"
    marked: "NDArray[np.bool_]"
