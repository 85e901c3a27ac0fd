"""What the core is doing apart from running: asleep, waiting for an event, or locked up."""

from dataclasses import dataclass


@dataclass(slots=True)
class CoreState:
    """Shared by those who run the core and those who reset or halt it; changed while it stands still."""

    asleep: bool = False
    awaits_event: bool = False
    """Whether WFE made it sleep, and not WFI."""

    locked_up: bool = False

    def clear(self) -> None:
        """Awake, and not locked up."""
        self.asleep = self.awaits_event = self.locked_up = False
