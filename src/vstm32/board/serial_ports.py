"""The serial lines of a board, and the pseudo terminals on those that somebody wants."""

from collections.abc import Iterable
from pathlib import Path

from vstm32.base.serial_line import SerialLine, Wakeup
from vstm32.board.pty_port import PtyPort


class SerialPorts:
    """A line for each UART; one of them is the board's serial port."""

    def __init__(self, names: Iterable[str], main: str, link: Path | None) -> None:
        """`names` are those of the UARTs, `main` the one of the serial port, `link` where its pty gets a
        symbolic link.
        """
        self._main = main
        self._link = link
        self.wakeup = Wakeup()
        self.lines = {name: SerialLine(self.wakeup) for name in names}
        self._ptys: dict[str, PtyPort] = {}

    def line(self, usart: str | None) -> SerialLine:
        """The host's end of a UART in process; of the serial port if None."""
        return self.lines[usart or self._main]

    def path(self, usart: str | None) -> str:
        """Path of the pty of a UART, of the serial port if None; made at the first use."""
        usart = usart or self._main
        if usart not in self._ptys:
            self._ptys[usart] = PtyPort(self.lines[usart], self._link if usart == self._main else None)
        return self._ptys[usart].path

    def mute(self, silent: bool) -> None:
        """A fault: nothing that the firmware sends leaves the board."""
        for line in self.lines.values():
            line.muted = silent

    def forget_unread(self) -> None:
        """Drops what the board has sent to ptys that nobody had open."""
        for pty in self._ptys.values():
            pty.forget_unread()

    def close(self) -> None:
        """Gives the ptys back; nobody waits for the board any more."""
        while self._ptys:
            self._ptys.popitem()[1].close()
        self.wakeup.end()
