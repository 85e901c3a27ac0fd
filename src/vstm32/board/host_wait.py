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

    def wait(self, seconds: float) -> None:
        """Sleeps until the host writes, or somebody wants the core to stop, or the time is over."""
        self._waited = True
        if not self.sleeps:
            return
        wakeup = self._wakeup
        self._waits = True
        with wakeup.condition:
            wakeup.condition.wait_for(
                lambda: self._is_disturbed() or wakeup.writes != self._writes_seen,
                min(seconds, LONGEST_WAIT_SECONDS),
            )
            self._writes_seen = wakeup.writes
        self._waits = False

    def take_waited(self) -> bool:
        """Whether the firmware waits for the host, or has done so since this was asked before."""
        waited, self._waited = self._waited, False
        return waited or self._waits
