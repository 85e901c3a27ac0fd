"""A terminal is a serial port while a console runs in it, and a terminal again afterwards."""

import os
import select
import termios
import threading
import time
from contextlib import suppress

import pytest

from vstm32.app import console as module
from vstm32.app.console import HELP, Console, Ending
from vstm32.base.serial_line import SerialLine, Wakeup


class Terminal:
    """A pseudo terminal with a console that serves a line in a thread."""

    def __init__(self, **options):
        self.master, self.slave = os.openpty()
        self.before = termios.tcgetattr(self.slave)
        self.errors = open(self.slave, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        self.console = Console(keyboard=self.slave, screen=self.slave, errors=self.errors, **options)
        self.line = SerialLine(Wakeup())
        self.over = threading.Event()
        self.ending = None
        self.seen = b""
        self.thread = None

    def start(self):
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()
        self.wait(lambda: not termios.tcgetattr(self.slave)[3] & termios.ICANON)

    def _serve(self):
        with self.console:
            self.ending = self.console.serve(self.line, is_over=self.over.is_set, is_idle=lambda: True)

    def type(self, data):
        os.write(self.master, data)

    def wait(self, condition, seconds=60):
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, self.seen
            time.sleep(0.01)

    def shows(self, text):
        def found():
            if select.select([self.master], [], [], 0)[0]:
                self.seen += os.read(self.master, 4096)
            return text in self.seen

        self.wait(found)

    def gets(self, data):
        taken = bytearray()

        def all_there():
            while (byte := self.line.take()) is not None:
                taken.append(byte)
            return len(taken) >= len(data)

        self.wait(all_there)
        assert bytes(taken) == data

    def end(self):
        self.over.set()
        self.thread.join(60)
        assert not self.thread.is_alive()
        assert termios.tcgetattr(self.slave) == self.before

    def close(self):
        self.over.set()
        if self.thread is not None:
            self.thread.join(60)
        with suppress(OSError):
            self.errors.close()
        for descriptor in (self.master, self.slave):
            with suppress(OSError):
                os.close(descriptor)


@pytest.fixture
def terminal():
    made = []

    def make(**options):
        made.append(Terminal(**options))
        made[-1].start()
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_every_key_goes_to_the_firmware_as_it_is(terminal):
    screen = terminal()
    keys = b"CMD=2\r\x03\x04\x1a\x11\x13\x7f\xc3\xa4"
    screen.type(keys)
    screen.gets(keys)
    screen.end()


def test_what_the_firmware_says_is_shown_and_a_line_feed_begins_a_line(terminal):
    screen = terminal()
    screen.line.put(b"one\ntwo")
    screen.shows(b"one\r\ntwo")
    screen.end()


def test_typed_keys_are_not_shown_unless_wanted(terminal):
    screen = terminal()
    screen.type(b"secret")
    screen.gets(b"secret")
    screen.line.put(b"said")
    screen.shows(b"said")
    assert screen.seen == b"said"
    screen.type(b"\x14\x05A\r")
    screen.shows(b"What is typed is shown.\r\nA\r\n")
    screen.end()


def test_echo_from_the_start(terminal):
    screen = terminal(echo=True)
    screen.type(b"ab\r")
    screen.shows(b"ab\r\n")
    screen.end()


def test_the_end_key_ends_and_what_was_typed_before_it_is_sent(terminal):
    screen = terminal()
    screen.type(b"bye\x1dnever")
    screen.thread.join(60)
    assert screen.ending is Ending.ASKED
    screen.gets(b"bye")
    assert not screen.line.has_input
    screen.end()


def test_the_two_keys_can_be_sent(terminal):
    screen = terminal()
    screen.type(b"\x14\x1d\x14\x14")
    screen.gets(b"\x1d\x14")
    screen.end()


def test_the_reset_button(terminal):
    pressed = []
    screen = terminal(press_reset=lambda: pressed.append(True))
    screen.type(b"\x14\x12")
    screen.wait(lambda: pressed)
    screen.end()


def test_the_user_button_stays_pressed_until_its_key_comes_again(terminal):
    pressed = []
    screen = terminal()
    screen.console.press_button = pressed.append
    screen.type(b"\x14\x02\x14\x02")
    screen.wait(lambda: pressed == [True, False])
    screen.shows(b"The button is pressed.\r\nThe button is let go.\r\n")
    screen.end()


def test_help_is_a_key_away_and_comes_for_a_wrong_one_too(terminal):
    screen = terminal()
    screen.type(b"\x14\x08")
    screen.shows(HELP.encode().replace(b"\n", b"\r\n"))
    screen.type(b"\x14\x01")
    screen.shows(b"Ctrl-T Ctrl-A is no command.\r\n")
    assert not screen.line.has_input
    screen.end()


def test_a_finding_never_stands_in_the_middle_of_a_line(terminal):
    screen = terminal()
    screen.line.put(b"half a line")
    screen.shows(b"half a line")
    screen.console.say("USART6 sends garbage.")
    screen.shows(b"half a line\r\nUSART6 sends garbage.\r\n")
    screen.line.put(b"whole\n")
    screen.shows(b"whole\r\n")
    screen.console.say("Again.")
    screen.shows(b"whole\r\nAgain.\r\n")
    screen.end()


def test_the_prompt_after_the_end_begins_on_a_line_of_its_own(terminal):
    screen = terminal()
    screen.line.put(b"> ")
    screen.shows(b"> ")
    screen.end()
    screen.shows(b"> \r\n")


def test_the_terminal_is_restored_after_an_error():
    screen = Terminal()

    def is_over():
        assert not termios.tcgetattr(screen.slave)[3] & termios.ICANON
        raise RuntimeError("the board broke")

    try:
        with pytest.raises(RuntimeError, match="the board broke"), screen.console:
            screen.console.serve(screen.line, is_over=is_over, is_idle=lambda: True)
        assert termios.tcgetattr(screen.slave) == screen.before
    finally:
        screen.close()


def test_a_terminal_that_goes_away_ends_the_console():
    screen = Terminal()
    screen.start()
    os.close(screen.master)
    screen.thread.join(60)
    assert screen.ending is Ending.ASKED
    screen.close()


# --- pipes


@pytest.fixture
def pipes():
    """A console between two pipes: (console, line, end to write input to, end to read output from)."""
    (keyboard, typing), (reading, screen) = os.pipe(), os.pipe()
    with open(os.devnull, "w", encoding="utf-8") as errors:  # noqa: PTH123
        yield Console(keyboard=keyboard, screen=screen, errors=errors), SerialLine(Wakeup()), typing, reading
    for descriptor in (keyboard, typing, reading, screen):
        with suppress(OSError):
            os.close(descriptor)


def test_after_the_end_of_a_pipe_the_firmware_may_finish(pipes):
    console, line, typing, reading = pipes
    os.write(typing, b"CMD=2\n\x1d\x14")
    os.close(typing)
    asked = []

    def is_idle():
        asked.append(True)
        if len(asked) == 3:
            line.put(b"late")
        return len(asked) > 6

    with console:
        ending = console.serve(line, is_over=lambda: False, is_idle=is_idle, silence_seconds=0.2)
    assert ending is Ending.DONE
    assert os.read(reading, 100) == b"late"
    assert len(asked) > 6
    assert bytes(iter(line.take, None)) == b"CMD=2\n\x1d\x14"


def test_the_firmware_gets_a_line_when_it_has_answered_the_one_before(pipes):
    console, line, typing, _ = pipes
    os.write(typing, b"one\ntwo\nthree")
    os.close(typing)
    got, busy = [], 0

    def is_idle():
        nonlocal busy
        piece = bytes(iter(line.take, None))
        if piece:
            got.append(piece)
            busy = 5
        busy -= 1
        return busy < 0

    with console:
        console.serve(line, is_over=lambda: False, is_idle=is_idle, silence_seconds=0.1)
    assert got == [b"one\n", b"two\n", b"three"]


def test_a_firmware_that_is_never_idle_gets_its_input_all_the_same(pipes, monkeypatch):
    monkeypatch.setattr(module, "IMPATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(module, "BUSY_SILENCE_SECONDS", 0.1)
    console, line, typing, _ = pipes
    os.write(typing, b"one\ntwo\n")
    os.close(typing)
    with console:
        console.serve(line, is_over=lambda: False, is_idle=lambda: False)
    assert bytes(iter(line.take, None)) == b"one\ntwo\n"


def test_a_firmware_that_never_waits_is_given_up(pipes, monkeypatch):
    monkeypatch.setattr(module, "BUSY_SILENCE_SECONDS", 0.3)
    console, line, typing, _ = pipes
    os.close(typing)
    with console:
        ending = console.serve(line, is_over=lambda: False, is_idle=lambda: False, silence_seconds=0.1)
    assert ending is Ending.SILENT


def test_a_reader_that_goes_away_ends_the_console(pipes):
    console, line, _, reading = pipes
    os.close(reading)
    line.put(b"nobody reads this")
    with console:
        assert console.serve(line, is_over=lambda: False, is_idle=lambda: True) is Ending.ASKED
