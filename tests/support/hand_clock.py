"""A virtual clock without a core, for peripherals alone."""

from typing import Any

import pytest

from vstm32.cortex_m.clock import VirtualClock


class StandingCore:
    """What a clock needs of a core: time that passes only when somebody says so."""

    def __init__(self) -> None:
        self.now = 0

    def hurry(self, at: int) -> None:
        pass

    def renew_deadline(self, next_alarm: int | None) -> None:
        pass

    def pass_cycles(self, count: int) -> None:
        self.now += count


class HandClock(VirtualClock):
    """Lets time pass with `wait`."""

    def __init__(self) -> None:
        core: Any = StandingCore()
        super().__init__(core)

    def wait(self, cycles: int) -> None:
        """From alarm to alarm, as the run loop of a board does."""
        end = self.now + cycles
        while (due := self.next_alarm()) is not None and due <= end:
            self.skip_to(due)
        self.skip_to(end)


@pytest.fixture
def hand_clock() -> HandClock:
    return HandClock()
