"""The serial port of a virtual board in the terminal that it was started from.

On a terminal every key goes to the firmware, Ctrl-C too, except for two that are those of pyserial's
miniterm: Ctrl-] ends, Ctrl-T comes before a command. The terminal is as before when this ends, however it
does. When standard input is a pipe or a file, its bytes go to the firmware; after them it ends when the
firmware is done.
"""

import os
import select
import sys
import termios
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from enum import Enum, auto
from types import TracebackType
from typing import IO, Any, Self

from vstm32.base.serial_line import SerialLine

END_KEY, MENU_KEY = 0x1D, 0x14  # Ctrl-], Ctrl-T
_HELP_KEY, _RESET_KEY, _ECHO_KEY, _BUTTON_KEY = 0x08, 0x12, 0x05, 0x02  # Ctrl-H, Ctrl-R, Ctrl-E, Ctrl-B
_CHUNK_BYTES = 4096
_LOOK_SECONDS = 0.05
_FEED_SECONDS = 0.005
IMPATIENCE_SECONDS = 5.0
"""A firmware that is never idle gets its next line of input after that long without a word."""
BUSY_SILENCE_SECONDS = 60.0
"""When input has ended, a firmware that neither speaks nor waits for anything is given up after this."""

HELP = """\
Ctrl-]          end
Ctrl-T Ctrl-R   press the board's reset button
Ctrl-T Ctrl-B   press the user button, or let it go
Ctrl-T Ctrl-E   show what is typed, or no longer (the firmware may do so itself)
Ctrl-T Ctrl-H   this help
Ctrl-T Ctrl-]   send Ctrl-] to the firmware; Ctrl-T Ctrl-T sends Ctrl-T
Every other key goes to the firmware, Ctrl-C too."""


class Ending(Enum):
    """Why a console has ended."""

    ASKED = auto()
    """By a key, a signal, the control port, or because the terminal is gone."""
    DONE = auto()
    """Input has ended, and the firmware waits for more."""
    SILENT = auto()
    """Input has ended, and the firmware runs without a word."""


class Console:
    """Standard input and output, or other files, as the host's end of a serial line.

    Inside of a `with` block a terminal is raw: keys come one by one and are not shown.
    """

    def __init__(
        self,
        *,
        keyboard: int = 0,
        screen: int = 1,
        errors: IO[str] = sys.stderr,
        echo: bool = False,
        press_reset: Callable[[], None] = lambda: None,
    ) -> None:
        """`keyboard` and `screen` are file descriptors; what is said goes to `errors`."""
        self._line: SerialLine | None = None
        self._keyboard, self._screen, self._errors = keyboard, screen, errors
        self._echo = echo
        self.press_reset = press_reset
        self.input_has_ended: Callable[[], None] = lambda: None
        self.press_button: Callable[[bool], None] = lambda _pressed: None
        self._button_is_pressed = False
        self.is_interactive = os.isatty(keyboard)
        self._shares_screen = os.isatty(screen) and errors.isatty()
        self._saved: Any = None
        self._line_is_open = False
        self._screen_is_gone = False
        self._in_menu = False
        self._lock = threading.RLock()
        self._last_event = time.monotonic()

    def __enter__(self) -> Self:
        if self.is_interactive:
            self._saved = termios.tcgetattr(self._keyboard)
            termios.tcsetattr(self._keyboard, termios.TCSADRAIN, _raw(self._saved))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._saved is not None:
            # What was typed and not read is dropped. A terminal that is gone cannot be restored.
            with suppress(termios.error):
                termios.tcsetattr(self._keyboard, termios.TCSAFLUSH, self._saved)
            self._saved = None
        with self._lock:
            self._show()
            self._end_line()

    # --- what is written

    def say(self, text: str) -> None:
        """Lines for a person, on the error output: after what the firmware has said before, and never in the
        middle of a line of it.
        """
        with self._lock:
            self._show()
            self._end_line()
            with suppress(OSError, ValueError):
                print(text, file=self._errors, flush=True)

    def _end_line(self) -> None:
        if self._shares_screen and self._line_is_open:
            with suppress(OSError):
                os.write(self._screen, b"\n")
            self._line_is_open = False

    def _show(self) -> None:
        with self._lock:
            if self._line is not None:
                self._put(self._line.read())

    def _put(self, data: bytes) -> None:
        if not data:
            return
        self._last_event = time.monotonic()
        self._line_is_open = data[-1] != 0x0A
        while data and not self._screen_is_gone:
            try:
                data = data[os.write(self._screen, data) :]
            except BlockingIOError:
                select.select([], [self._screen], [], _LOOK_SECONDS)
            except OSError:
                self._screen_is_gone = True

    # --- the way between

    def serve(
        self,
        line: SerialLine,
        *,
        is_over: Callable[[], bool],
        is_idle: Callable[[], bool],
        silence_seconds: float = 1.0,
    ) -> Ending:
        """Moves bytes in both directions until the end.

        `is_over` is asked often, and may raise. `is_idle` tells whether the firmware has taken all input and
        waits for more. Without a terminal the firmware gets a line of input when it is idle, as from a person
        who waits for the answer, and after the end of input it is done when it is idle for `silence_seconds`
        without a word.
        """
        self._line = line
        over = threading.Event()
        writer = threading.Thread(
            target=self._write_output, args=(line, over), name="console-output", daemon=True
        )
        writer.start()
        try:
            if self.is_interactive:
                self._read_keys(line, is_over)
                return Ending.ASKED
            ending = self._feed(line, is_over, is_idle)
            self.input_has_ended()
            return ending or self._finish(is_over, is_idle, silence_seconds)
        finally:
            over.set()
            writer.join(timeout=1)

    def _write_output(self, line: SerialLine, over: threading.Event) -> None:
        while not over.is_set():
            if line.wait_for_output(_LOOK_SECONDS):
                self._show()

    def _read(self, poller: select.poll) -> bytes | None:
        """What has come from the keyboard: None for nothing yet, no bytes for the end."""
        if not poller.poll(1000 * _LOOK_SECONDS):
            return None
        try:
            return os.read(self._keyboard, _CHUNK_BYTES)
        except OSError:
            return b""

    def _read_keys(self, line: SerialLine, is_over: Callable[[], bool]) -> None:
        poller = select.poll()
        poller.register(self._keyboard, select.POLLIN)
        while not is_over() and not self._screen_is_gone:
            data = self._read(poller)
            if data is not None and (not data or not self._type(line, data)):
                return

    def _feed(
        self, line: SerialLine, is_over: Callable[[], bool], is_idle: Callable[[], bool]
    ) -> Ending | None:
        """Gives the firmware its input line by line; None at the end of it."""
        poller = select.poll()
        poller.register(self._keyboard, select.POLLIN)
        rest = b""
        while not is_over() and not self._screen_is_gone:
            if not rest:
                data = self._read(poller)
                if data == b"":
                    return None
                rest = data or b""
            elif is_idle() or time.monotonic() - self._last_event > IMPATIENCE_SECONDS:
                end = rest.find(b"\n") + 1 or len(rest)
                self._last_event = time.monotonic()
                line.write(rest[:end])
                rest = rest[end:]
            else:
                time.sleep(_FEED_SECONDS)
        return Ending.ASKED

    def _finish(
        self, is_over: Callable[[], bool], is_idle: Callable[[], bool], silence_seconds: float
    ) -> Ending:
        idle_since = busy_since = time.monotonic()
        while not is_over() and not self._screen_is_gone:
            time.sleep(_LOOK_SECONDS)
            now = time.monotonic()
            if is_idle():
                busy_since = now
                if now - max(idle_since, self._last_event) >= silence_seconds:
                    return Ending.DONE
            else:
                idle_since = now
                if now - max(busy_since, self._last_event) >= max(BUSY_SILENCE_SECONDS, silence_seconds):
                    return Ending.SILENT
        return Ending.ASKED

    # --- keys

    def _type(self, line: SerialLine, data: bytes) -> bool:
        """What came from the keyboard; False when it asks for the end."""
        menu: Mapping[int, Callable[[], None]] = {
            _HELP_KEY: lambda: self.say(HELP),
            _RESET_KEY: self._reset,
            _BUTTON_KEY: self._button,
            _ECHO_KEY: self._toggle_echo,
        }
        send = bytearray()
        for key in data:
            if self._in_menu:
                self._in_menu = False
                if key in (END_KEY, MENU_KEY):
                    send.append(key)
                elif key in menu:
                    menu[key]()
                else:
                    self.say(f"Ctrl-T {_key_name(key)} is no command.\n{HELP}")
            elif key == MENU_KEY:
                self._in_menu = True
            elif key == END_KEY:
                self._send(line, bytes(send))
                return False
            else:
                send.append(key)
        self._send(line, bytes(send))
        return True

    def _send(self, line: SerialLine, data: bytes) -> None:
        if data:
            line.write(data)
            if self._echo:
                with self._lock:
                    self._put(data.replace(b"\r", b"\n"))

    def _reset(self) -> None:
        self.say("Reset.")
        self.press_reset()

    def _button(self) -> None:
        self._button_is_pressed = not self._button_is_pressed
        self.say("The button is pressed." if self._button_is_pressed else "The button is let go.")
        self.press_button(self._button_is_pressed)

    def _toggle_echo(self) -> None:
        self._echo = not self._echo
        self.say("What is typed is shown." if self._echo else "What is typed is not shown.")


def _key_name(key: int) -> str:
    if key < 0x20:
        return f"Ctrl-{chr(key + 0x40)}"
    return chr(key) if key < 0x7F else f"key {key:#04x}"


def _raw(attributes: Any) -> Any:
    """Terminal attributes for raw input. Output stays as it is: a line feed alone begins a new line."""
    flags_in, flags_out, control, local, speed_in, speed_out, characters = attributes
    flags_in &= ~(
        termios.IGNBRK
        | termios.BRKINT
        | termios.PARMRK
        | termios.ISTRIP
        | termios.INLCR
        | termios.IGNCR
        | termios.ICRNL
        | termios.IXON
    )
    local &= ~(termios.ECHO | termios.ECHONL | termios.ICANON | termios.ISIG | termios.IEXTEN)
    characters = list(characters)
    characters[termios.VMIN], characters[termios.VTIME] = 1, 0
    return [flags_in, flags_out, control, local, speed_in, speed_out, characters]
