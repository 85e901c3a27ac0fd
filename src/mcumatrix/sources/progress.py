"""What a person sees of long work; how it is shown is up to who listens."""

from typing import Protocol


class Progress(Protocol):
    """Hears how far the work is. Called from the thread that works, often: it must be quick."""

    def begin(self, activity: str, name: str, total_bytes: int | None) -> None:
        """Work on a file begins, or begins again; `activity` is `fetch` or `unpack`.

        `total_bytes` is None where nobody knows.
        """
        ...

    def advance(self, done_bytes: int) -> None:
        """So much is done in all; less than before where the work had to begin again."""
        ...

    def note(self, message: str) -> None:
        """Something that a person who waits should know, as a sentence: a retry, a lock that is held."""
        ...


class Quiet:
    """Shows nothing."""

    def begin(self, activity: str, name: str, total_bytes: int | None) -> None:
        """Is not shown."""

    def advance(self, done_bytes: int) -> None:
        """Is not shown."""

    def note(self, message: str) -> None:
        """Is not shown."""


QUIET = Quiet()
