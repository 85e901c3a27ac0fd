"""The process of a virtual board: started here, and ended with whoever started it."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from mcumatrix.errors import BoardError
from vstm32.app.control import ask
from vstm32.app.starting import read_ready
from vstm32.board.options import BoardOptions

SILENCE_S = 30.0
"""How long a board that starts may say nothing. One that is at work says so every second."""
END_TIMEOUT_S = 5.0


class Machine:
    """A virtual board that runs, with its flash contents in a folder.

    It ends when its standard input does: a run that is killed leaves none behind.
    """

    def __init__(self, folder: Path, options: BoardOptions, *, firmware: Path | None = None) -> None:
        """Starts it, with the chip and the timing model of `options`; it can be used once it is ready. It is
        off at first, unless there is a `firmware`: that is put into its flash and runs.

        Raises:
            OSError: its folder cannot be used.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._log = folder / "board.log"
        self._by_hand = f"python -m vstm32 --chip {options.chip} --folder {folder}"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "vstm32"),
                    *((str(firmware),) if firmware else ("--off",)),
                    *("--folder", str(folder), "--json", "--end-with-stdin"),
                    *("--chip", options.chip, "--timing", options.timing_model),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                # Ctrl-C is for who asked for the run; the board ends when that has let go of it.
                start_new_session=True,
            )
        self.uid = self.serial_port = self._control_port = ""

    def wait_until_ready(self) -> None:
        """Waits until it says who it is. As long as it says that it is at work, it has time.

        Raises:
            BoardError: it does not start.
        """
        ready = self._ready()
        self.uid = ready["uid"]
        self.serial_port = ready["serial_port"]
        self._control_port = ready["control_port"]

    def _ready(self) -> dict[str, Any]:
        is_late = threading.Event()
        try:
            return read_ready(self._lines(is_late))
        except ValueError as error:
            self.end()
            said = self._log.read_text(errors="replace").strip()
            silence = f"it ended with code {self._process.returncode} and said nothing"
            if is_late.is_set():
                silence = f"it said nothing for {SILENCE_S:g} s"
            raise BoardError(
                f"The virtual board does not start: {said or silence}",
                hint=f"Try it by hand: {self._by_hand}",
            ) from error

    def _lines(self, is_late: threading.Event) -> Iterator[bytes]:
        """What it says, line by line. One that is silent for too long is killed, and `is_late` set."""
        assert self._process.stdout

        def give_up() -> None:
            is_late.set()
            self._process.kill()

        while True:
            watchdog = threading.Timer(SILENCE_S, give_up)
            watchdog.start()
            try:
                line = self._process.stdout.readline()
            finally:
                watchdog.cancel()
            if not line:
                return
            yield line

    @property
    def runs(self) -> bool:
        """Whether its process is there."""
        return self._process.poll() is None

    def ask(self, do: str, **arguments: object) -> dict[str, Any]:
        """Asks its control port; see `vstm32.app.control`. Raises vstm32's VirtualBoardError."""
        return ask(self._control_port, do, **arguments)

    def end(self) -> None:
        """Ends it; its flash contents are kept."""
        assert self._process.stdin
        with suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
