"""A virtual board as a machine of its own: power, flash that outlives it, serial ports, a debug port.

debug port     pyOCD's remote-probe protocol on a port of 127.0.0.1   debug/attached_probe.py
serial ports   one pseudo terminal for each USART that is led out     pty_port.py
control port   switch, reset button, a look at it, faults             control.py
folder         flash.bin, and the board's unique id                   flash_file.py
"""

import os
import re
import secrets
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from threading import Event
from typing import Any

from vstm32.app.control import ControlServer
from vstm32.app.options import DaemonOptions
from vstm32.app.running import RunningBoard, announce, control_port
from vstm32.base.errors import VirtualBoardError
from vstm32.base.findings import Finding
from vstm32.base.symbols import Functions
from vstm32.board.board import Board
from vstm32.board.firmware import Firmware
from vstm32.board.injection import read_injection
from vstm32.debug.attached_probe import AttachedProbe
from vstm32.look.trace import Trace

_UID = re.compile(r"VB[0-9A-F]{22}")


def _external_flash(options: DaemonOptions) -> Path | None:
    """The file that is named, else one in the folder, if the board has such a flash."""
    has_one = options.board.of_chip.kit.serial_flash is not None
    if options.board.external_flash is not None or options.folder is None or not has_one:
        return options.board.external_flash
    return options.folder / "external-flash.bin"


class Daemon:
    """A board with its ports open, from the moment it is made until `close`."""

    def __init__(
        self,
        firmware: Firmware | None = None,
        options: DaemonOptions | None = None,
        *,
        on_finding: Callable[[Finding], None] | None = None,
        trace: Trace | None = None,
        profile: Functions | None = None,
    ) -> None:
        """A `firmware` is put into flash at once. The last three are as for `Board`.

        Raises:
            VirtualBoardError: another process has the folder, or a port or a file cannot be had.
        """
        options = options or DaemonOptions()
        folder, serial, in_process = options.folder, options.board.serial_port, options.in_process
        self.ended = Event()
        """Set when somebody has asked at the control port for the end."""
        with ExitStack() as stack:
            self.uid = _unique_id(folder)
            of_board = replace(
                options.board,
                flash=folder / "flash.bin" if folder else options.board.flash,
                external_flash=_external_flash(options),
                # 96 bits as those of the probe, which has 88: with its first letter.
                unique_id=self.uid[:1].encode() + bytes.fromhex(self.uid[2:]),
            )
            self.board = stack.enter_context(
                Board(firmware, of_board, on_finding=on_finding, trace=trace, profile=profile)
            )
            self.serial_ports = {
                wiring.name: self.board.serial_port_of(wiring.name)
                for wiring in options.board.of_chip.usarts
                if (wiring.led_out or wiring.name == serial) and not (in_process and wiring.name == serial)
            }
            probe = stack.enter_context(AttachedProbe(self.board, options.debug_port))
            self.board.inject(options.injection, once=True)
            for pin, level in options.pins:
                self.board.drive_pin(pin, level)
            self.description = RunningBoard(
                uid=self.uid,
                pid=os.getpid(),
                debug_port=probe.port,
                serial_port="" if in_process else self.board.serial_port,
                control_port=str(control_port(self.uid)),
                name=folder.name if folder else "",
                part=options.board.of_chip.part,
                target=options.board.of_chip.name,
            )
            # Announced first: from then on no other board has this unique id, nor the place of its socket.
            stack.enter_context(announce(self.description))
            control = ControlServer(
                control_port(self.uid),
                {
                    "status": self._status,
                    "power": self._power,
                    "reset": self._reset,
                    "pin": self._pin,
                    "button": self._button,
                    "inject": self._inject,
                    "end": self._end,
                },
            )
            stack.callback(control.close)
            self.board.hold_time_for_input(options.holds_time_for_input)
            self.board.start()
            self._stack = stack.pop_all()

    def close(self) -> None:
        """Ends everything; flash contents are kept."""
        self._stack.close()

    # --- the control port

    def _status(self, _request: Mapping[str, Any]) -> Mapping[str, Any]:
        board = self.board
        with board.standing_still():
            fault = board.fault
            return {
                **asdict(self.description),
                "serial_ports": self.serial_ports,
                "timing_model": board.timing_model,
                "powered": board.powered,
                "in_reset": board.in_reset,
                "halted": board.system.debug.halted,
                "locked_up": not board.running,
                "cycles": board.cycles,
                "fault": str(fault) if fault else "",
                "loop": str(board.loop or ""),
                "findings": [_counted(finding) for finding in board.findings],
                "faults": asdict(board.injection),
            }

    def _power(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        on = request.get("on")
        if not isinstance(on, bool):
            raise VirtualBoardError("Power is on or off.", hint='Say {"do": "power", "on": true} or false.')
        self.board.switch_power(on)
        return {"powered": on}

    def _reset(self, _request: Mapping[str, Any]) -> Mapping[str, Any]:
        self.board.press_reset()
        return {}

    def _pin(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        pin, level = request.get("pin"), request.get("level")
        if not isinstance(pin, str) or "level" not in request or isinstance(level, bool):
            raise VirtualBoardError(
                "A pin and its level are missing.", hint='Say {"do": "pin", "pin": "PI11", "level": 1}.'
            )
        self.board.drive_pin(pin, level)
        return {pin: level}

    def _button(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        pressed = request.get("pressed")
        if not isinstance(pressed, bool):
            raise VirtualBoardError(
                "The button is pressed or not.", hint='Say {"do": "button", "pressed": true} or false.'
            )
        self.board.press_button(pressed)
        return {"pressed": pressed}

    def _inject(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        faults = request.get("faults")
        if not isinstance(faults, dict):
            raise VirtualBoardError(
                "The faults are missing.", hint='Say {"do": "inject", "faults": {"silent": true}}.'
            )
        self.board.inject(read_injection(faults), once=request.get("once") is True)
        return {"faults": asdict(self.board.injection)}

    def _end(self, _request: Mapping[str, Any]) -> Mapping[str, Any]:
        self.ended.set()
        return {}


def _counted(finding: Finding) -> str:
    return f"{finding} ({finding.times:,} times)" if finding.times > 1 else str(finding)


def _unique_id(folder: Path | None) -> str:
    """A board keeps its unique id in its folder, as a probe does in its memory."""
    new = f"VB{secrets.token_hex(11).upper()}"
    if folder is None:
        return new
    path = folder / "uid"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_text(f"{new}\n")
        uid = path.read_text(errors="replace").strip()
    except OSError as error:
        raise VirtualBoardError(
            f"The folder {folder} of a virtual board cannot be used: {error.strerror}.",
            hint="Name one that you may write to.",
        ) from error
    if not _UID.fullmatch(uid):
        raise VirtualBoardError(
            f"{path} holds {uid[:40]!r}, which is no unique id of a virtual board.",
            hint="Remove the file, and the board gets a new one.",
        )
    return uid
