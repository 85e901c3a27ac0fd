"""Traces of current probes, as a board would make them: idle, a window for each inference, idle."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from mcumatrix.model.current import EnergySetup, Trace
from mcumatrix.model.record import Measurement

SETUP = EnergySetup(
    "ppk2", "/dev/ttyPPK", 3.3, limit_a=1.0, accuracy_percent=3.0, accuracy_source="certificate 7"
)


@dataclass(frozen=True)
class Drawn:
    """What a board draws, in amperes: idle, and `active_a` plus a ripple within windows, in seconds."""

    windows_s: tuple[float, ...] = ()
    rate_hz: float = 100_000.0
    idle_a: float = 0.09
    active_a: float = 0.15
    ripple_a: float = 0.004
    apart_s: float = 0.0021

    def during(self, measurement: Measurement) -> Self:
        """The same with a window for each inference of a measurement, the one that warms up among them."""
        clock_hz = measurement.clock.measured_hz
        timed = tuple(cycles / clock_hz for cycles in measurement.total_cycles)
        return replace(self, windows_s=(timed[0],) * measurement.warmup + timed)

    def trace(self, voltage_v: float = 3.3) -> Trace:
        marked: list[bool] = []
        for window_s in self.windows_s:
            marked += [False] * round(self.apart_s * self.rate_hz) + [True] * round(window_s * self.rate_hz)
        marked += [False] * round(self.apart_s * self.rate_hz)
        high = np.array(marked)
        time_s = np.arange(len(high)) / self.rate_hz
        current_a = np.where(
            high, self.active_a + self.ripple_a * np.sin(2 * np.pi * 3000 * time_s), self.idle_a
        )
        return Trace(time_s, current_a, np.full(len(high), voltage_v), high)
