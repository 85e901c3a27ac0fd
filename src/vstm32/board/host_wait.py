"""While the firmware waits for the host the board sleeps, in wall-clock time, until it must not."""

from collections.abc import Callable

from vstm32.base.serial_line import Wakeup

LONGEST_WAIT_SECONDS = 0.05


class HostWait:
    """Lets the thread of the core sleep, and knows that the firmware waits."""

    def __init__(self, wakeup: Wakeup, is_disturbed: Callable[[], bool]) -> None:
        """`is_disturbed` tells whether somebody wants the core to stop; he notifies `wakeup`."""
        self._wakeup = wakeup
        self._is_disturbed = is_disturbed
        self._writes_seen = 0
        self._waits = self._waited = False
        self.sleeps = True
        """Whether waiting takes time of the wall clock. If not, it is only noted."""
        self.holds_time = False
        """Whether virtual time stands still until the host writes: there is more input to come."""

    def wait(self, seconds: float) -> bool:
        """Sleeps until the host writes, or somebody wants the core to stop, or the time is over; whether that
        much virtual time may pass now.
        """
        self._waited = True
        if not self.sleeps:
            return True
        wakeup = self._wakeup
        self._waits = True
        with wakeup.condition:
            if self.holds_time:
                wakeup.condition.wait_for(lambda: self._is_over() or not self.holds_time)
            else:
                wakeup.condition.wait_for(self._is_over, min(seconds, LONGEST_WAIT_SECONDS))
            has_come = wakeup.writes != self._writes_seen
            self._writes_seen = wakeup.writes
        self._waits = False
        return has_come or not self.holds_time

    def _is_over(self) -> bool:
        return self._is_disturbed() or self._wakeup.writes != self._writes_seen

    def take_waited(self) -> bool:
        """Whether the firmware waits for the host, or has done so since this was asked before."""
        waited, self._waited = self._waited, False
        return waited or self._waits
