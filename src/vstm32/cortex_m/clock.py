"""Virtual time: the cycle counter of the core, and alarms that stand at a cycle.

Nothing here looks at a wall clock. A peripheral that has something to happen later owns an `Alarm`;
the run loop lets the core run up to the nearest one. A peripheral that sees the firmware wait may
skip the time to it.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vstm32.cortex_m.core import Core


class Alarm:
    """Calls `action` when the cycle counter reaches `at`; None means it does not stand."""

    def __init__(self, clock: "VirtualClock", action: Callable[[], None], number: int) -> None:
        """Of two alarms at the same cycle, the one with the lower number fires first."""
        self._clock = clock
        self._action = action
        self.number = number
        self.at: int | None = None

    def set(self, at: int) -> None:
        """Stands at a cycle from now on, instead of where it stood."""
        self.at = at
        self._clock.standing[self.number] = self
        self._clock.hurry(at)

    def clear(self) -> None:
        """Does not stand any more."""
        self.at = None
        self._clock.standing.pop(self.number, None)

    def fire(self) -> None:
        """Falls, then acts; the action may set it again."""
        self.clear()
        self._action()


class VirtualClock:
    """The cycle counter as peripherals see it. All times are core clock cycles since power-on."""

    def __init__(self, core: "Core") -> None:
        self._core = core
        self._alarms = 0
        self.standing: dict[int, Alarm] = {}
        """The few alarms that stand, by their numbers: looked through after each slice and each wait."""

    def alarm(self, action: Callable[[], None]) -> Alarm:
        """A new alarm that does not stand yet."""
        self._alarms += 1
        return Alarm(self, action, self._alarms)

    @property
    def now(self) -> int:
        """The cycle of the access being served, or of the run loop between two slices."""
        return self._core.now

    def hurry(self, at: int) -> None:
        """Makes the running slice end at a cycle at the latest."""
        self._core.hurry(at)

    def next_alarm(self) -> int | None:
        """The nearest cycle at which something is due."""
        return min((alarm.at for alarm in self.standing.values() if alarm.at is not None), default=None)

    def fire_due(self) -> None:
        """Fires what is due, in order of time."""
        while True:
            now = self.now
            due = [alarm for alarm in self.standing.values() if alarm.at is not None and alarm.at <= now]
            if not due:
                return
            min(due, key=lambda alarm: (alarm.at, alarm.number)).fire()

    def skip_to(self, at: int) -> None:
        """Lets virtual time pass while the core waits, then fires what is due."""
        passed = at - self.now
        if passed > 0:
            self._core.pass_cycles(passed)
        self.fire_due()
        self._core.renew_deadline(self.next_alarm())
