"""The thread in which the core runs, when it does not run in its caller's."""

import threading
from collections.abc import Callable

from vstm32.base.errors import VirtualBoardError
from vstm32.board.gate import Gate
from vstm32.board.run_loop import RunLoop


class CpuThread:
    """Runs slices whenever the gate lets it, and keeps what goes wrong in it for who asks."""

    def __init__(
        self, gate: Gate, loop: RunLoop, look: Callable[[], None], flush: Callable[[], None]
    ) -> None:
        """`look` is called after each slice, `flush` at its end."""
        self._gate = gate
        self._loop = loop
        self._look = look
        self._flush = flush
        self._thread: threading.Thread | None = None
        self._crash: BaseException | None = None

    @property
    def has_failed(self) -> bool:
        """Whether something went wrong in it, which nothing of the firmware can cause."""
        return self._crash is not None

    @property
    def is_there(self) -> bool:
        """Whether it was started, and not stopped."""
        return self._thread is not None

    def check(self) -> None:
        """Raises what went wrong."""
        if self._crash is not None:
            raise self._crash

    def require_none(self) -> None:
        """Somebody wants to run the core. Raises VirtualBoardError if it runs already."""
        if self._thread is not None:
            raise VirtualBoardError("The virtual board is running already.", hint="Call stop() first.")
        self._loop.is_to_end = False

    def start(self) -> None:
        """Begins. Raises VirtualBoardError if it runs already."""
        self.require_none()
        self._gate.open()
        self._thread = threading.Thread(target=self._run, name="virtual-board-cpu", daemon=True)
        self._thread.start()

    def stop(self, disturb: Callable[[], None]) -> None:
        """Ends after its slice, which `disturb` makes short. Raises what went wrong in it."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._loop.is_to_end = True
            self._gate.end()
            disturb()
            thread.join()
        if self._crash is not None:
            crash, self._crash = self._crash, None
            raise crash

    def _run(self) -> None:
        gate = self._gate
        try:
            while gate.begin_slice():
                try:
                    self._loop.run_slice(None)
                    self._look()
                finally:
                    gate.end_slice()
        except BaseException as error:
            self._crash = error
        finally:
            self._flush()
