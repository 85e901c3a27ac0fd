"""Retry: whether a run is worth another attempt, and after which pause."""

from collections.abc import Callable
from dataclasses import dataclass

from mcumatrix.defaults import DEFAULT_ATTEMPTS
from mcumatrix.model.record import Cause, Record, Status

_LASTING = {Status.WRONG_PROBE, Status.WRONG_DEVICE, Status.UNLOCK_REFUSED, Status.BLOCKED}
"""Of infrastructure, what somebody has to mend: it is the same after any pause."""


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a run is tried that infrastructure spoils, and how long is waited before each further time.

    Pauses begin with `pause_s` and double each time, up to `longest_pause_s`.
    """

    attempts: int = DEFAULT_ATTEMPTS
    pause_s: float = 1.0
    longest_pause_s: float = 30.0

    def pause_after_s(self, record: Record) -> float | None:
        """How long to wait before the next attempt after one that ended so; None if it is not worth one."""
        if record.blame is not Cause.INFRASTRUCTURE:
            return None
        return self.pause_after_test_s(record)

    def pause_after_test_s(self, record: Record) -> float | None:
        """The same for a test whether a unit is fit, after which nobody but the unit is to blame."""
        is_worth_it = record.status is not Status.OK and record.status not in _LASTING
        if not is_worth_it or record.attempt >= self.attempts:
            return None
        return float(min(self.pause_s * 2 ** (record.attempt - 1), self.longest_pause_s))


Wait = Callable[[float], bool]
"""Waits for some seconds; true if everything is to end meanwhile, as `threading.Event.wait` does it."""
