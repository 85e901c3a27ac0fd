"""A virtual board as a machine of its own: power, flash that outlives it, serial ports, a debug port.

debug port     pyOCD's remote-probe protocol on a port of 127.0.0.1   debug/probe_server.py
serial ports   one pseudo terminal for each USART that is led out     pty_port.py
control port   switch, reset button, a look at it, faults             control.py
folder         flash.bin, and the board's unique id                   flash_file.py
"""

import os
import re
import secrets
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from threading import Event
from typing import Any

from vstm32.app.control import ControlServer
from vstm32.app.running import RunningBoard, announce, control_port
from vstm32.base.errors import VirtualBoardError
from vstm32.base.findings import Finding
from vstm32.base.symbols import Functions
from vstm32.board.board import Board
from vstm32.board.firmware import Firmware
from vstm32.board.injection import Injection, read_injection
from vstm32.debug.board_probe import BoardProbe
from vstm32.debug.probe_server import ProbeServer
from vstm32.look.trace import Trace
from vstm32.stm32.flash import FlashFaults
from vstm32.stm32.wiring import USARTS
from vstm32.timing import DEFAULT_TIMING_MODEL

_UID = re.compile(r"VB[0-9A-F]{22}")


class Daemon:
    """A board with its ports open, from the moment it is made until `close`."""

    def __init__(
        self,
        *,
        folder: Path | None = None,
        firmware: Firmware | None = None,
        serial: str = "USART6",
        host_baud: int = 115_200,
        link: Path | None = None,
        debug_port: int = 0,
        powered: bool = True,
        timing: str = DEFAULT_TIMING_MODEL,
        injection: Injection | None = None,
        on_finding: Callable[[Finding], None] | None = None,
        in_process: bool = False,
        trace: Trace | None = None,
        profile: Functions | None = None,
        random_seed: int = 0,
    ) -> None:
        """`folder` keeps flash contents and unique id; without it the board is a new one each time. A
        `firmware` is put into flash at once. The faults of `injection` end when the board is switched off for
        the first time. With `in_process` the serial port has no pseudo terminal: it is `board.line()`. The
        rest is as for `Board`.

        Raises:
            VirtualBoardError: another process has the folder, or a port or a file cannot be had.
        """
        self.ended = Event()
        """Set when somebody has asked at the control port for the end."""
        self._injection = Injection()
        self._injected_once = False
        with ExitStack() as stack:
            self.uid = _unique_id(folder)
            self.board = stack.enter_context(
                Board(
                    firmware,
                    serial=serial,
                    host_baud=host_baud,
                    link=link,
                    flash=folder / "flash.bin" if folder else None,
                    timing=timing,
                    on_finding=on_finding,
                    trace=trace,
                    profile=profile,
                    random_seed=random_seed,
                    # 96 bits as those of the probe, which has 88: with its first letter.
                    unique_id=self.uid[:1].encode() + bytes.fromhex(self.uid[2:]),
                )
            )
            self.serial_ports = {
                wiring.name: self.board.serial_port_of(wiring.name)
                for wiring in USARTS
                if (wiring.led_out or wiring.name == serial) and not (in_process and wiring.name == serial)
            }
            self._probe = BoardProbe(self.board)
            self._probe_server = ProbeServer(self._probe, debug_port, self._probe.lose_client)
            stack.callback(self._probe_server.close)
            self.description = RunningBoard(
                uid=self.uid,
                pid=os.getpid(),
                debug_port=self._probe_server.port,
                serial_port="" if in_process else self.board.serial_port,
                control_port=str(control_port(self.uid)),
                name=folder.name if folder else "",
            )
            # Announced first: from then on no other board has this unique id, nor the place of its socket.
            stack.enter_context(announce(self.description))
            control = ControlServer(
                control_port(self.uid),
                {
                    "status": self._status,
                    "power": self._power,
                    "reset": self._reset,
                    "inject": self._inject,
                    "end": self._end,
                },
            )
            stack.callback(control.close)
            self.board.switch_power(powered)
            self._set_faults(injection or Injection(), once=True)
            self.board.start()
            self._probe_server.start()
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
                "findings": [str(finding) for finding in board.findings],
                "faults": asdict(self._injection),
            }

    def _power(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        on = request.get("on")
        if not isinstance(on, bool):
            raise VirtualBoardError("Power is on or off.", hint='Say {"do": "power", "on": true} or false.')
        with self.board.standing_still():
            if on and not self.board.powered:
                self._probe.power_on()
            if not on and self.board.powered and self._injected_once:
                self._set_faults(Injection(), once=False)
            self.board.switch_power(on)
        return {"powered": on}

    def press_reset(self) -> None:
        """Pulls the reset pin low and lets it go."""
        with self.board.standing_still():
            self._probe.assert_reset(True)
            self._probe.assert_reset(False)

    def _reset(self, _request: Mapping[str, Any]) -> Mapping[str, Any]:
        self.press_reset()
        return {}

    def _inject(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        faults = request.get("faults")
        if not isinstance(faults, dict):
            raise VirtualBoardError(
                "The faults are missing.", hint='Say {"do": "inject", "faults": {"silent": true}}.'
            )
        self._set_faults(read_injection(faults), once=request.get("once") is True)
        return {"faults": asdict(self._injection)}

    def _set_faults(self, injection: Injection, *, once: bool) -> None:
        with self.board.standing_still():
            self._probe_server.drop_after_bytes = injection.drop_link_after
            self.board.system.flash.set_faults(
                FlashFaults(
                    refuse_unlock=injection.refuse_unlock,
                    stay_busy=injection.stay_busy,
                    flip=injection.flip_byte,
                    fail_erase=injection.fail_erase,
                    fail_program=injection.fail_program,
                )
            )
            self.board.system.dbgmcu.pretended_device = injection.device_id
            self.board.mute(injection.silent)
            self._probe.dap.access_port_absent = injection.no_core
            self._probe.stick_reset(injection.hold_reset)
            self._injection, self._injected_once = injection, once

    def _end(self, _request: Mapping[str, Any]) -> Mapping[str, Any]:
        self.ended.set()
        return {}


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
