"""What a debugger sends to the debug port of a virtual board: an answer to each line, and the board goes on.

Each input has a board of its own, with a firmware that counts for ever.
"""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from fuzz.target import Target
from vstm32 import Board, BoardOptions, Firmware
from vstm32.board.firmware import Segment
from vstm32.debug.board_probe import BoardProbe
from vstm32.debug.probe_protocol import LineSplitter, ProbeRequests

_CYCLES = 20_000
_STACK, _ENTRY = 0x2000_1000, 0x0800_0009
# adds r0, #1; b to it
_CODE = b"".join(word.to_bytes(4, "little") for word in (_STACK, _ENTRY, 0xE7FD_3001))
_FIRMWARE = Firmware(Path("counts"), (Segment(0x0800_0000, _CODE),))
_DHCSR, _DEMCR, _AIRCR, _FLASH_KEYR, _FLASH_CR = 0xE000EDF0, 0xE000EDFC, 0xE000ED0C, 0x40023C04, 0x40023C10
_SESSIONS: tuple[tuple[tuple[object, ...], ...], ...] = (
    (
        ("hello", 1),
        ("readprop", "capabilities"),
        ("open",),
        ("connect", "SWD"),
        ("read_dp", 0),
        ("write_dp", 4, 0x5000_0000),
        ("write_dp", 8, 0xF0),
        ("read_ap", 0xFC),
        ("write_dp", 8, 0),
        ("write_ap", 0, 0x2300_0012),
        ("write_ap", 4, 0x2000_0000),
        ("write_ap_multiple", 0xC, [1, 2, 3]),
        ("read_ap_multiple", 0xC, 4),
        ("get_memory_interface_for_ap", 1, 0),
        ("reset",),
        ("close",),
    ),
    (
        ("open",),
        ("connect", "SWD"),
        ("write_dp", 4, 0x5000_0000),
        ("write_mem", 0, _DHCSR, 0xA05F_0003, 32),
        ("write_mem", 0, _DEMCR, 0x0100_07F1, 32),
        ("read_mem", 0, _DHCSR, 32),
        ("write_mem", 0, 0xE000_2000, 3, 32),
        ("write_mem", 0, 0xE000_2008, 0x0800_0009, 32),
        ("write_mem", 0, 0xE000_1020, 0x2000_0010, 32),
        ("write_mem", 0, 0xE000_1028, 7, 32),
        ("write_block32", 0, 0x2000_0000, [0xE7FE_BF00, 0xFFFF_FFFF]),
        ("write_mem", 0, 0xE000_EDF8, 0x2000_0000, 32),
        ("write_mem", 0, 0xE000_EDF4, 0x0001_000F, 32),
        ("write_mem", 0, _DHCSR, 0xA05F_0005, 32),
        ("write_mem", 0, _AIRCR, 0x05FA_0004, 32),
        ("write_mem", 0, _DHCSR, 0xA05F_0000, 32),
    ),
    (
        ("open",),
        ("connect", "SWD"),
        ("write_dp", 4, 0x5000_0000),
        ("write_mem", 0, _FLASH_KEYR, 0x4567_0123, 32),
        ("write_mem", 0, _FLASH_KEYR, 0xCDEF_89AB, 32),
        ("write_mem", 0, _FLASH_CR, 0x0001_000A, 32),
        ("write_mem", 0, _FLASH_CR, 0x0000_0201, 32),
        ("write_block8", 0, 0x0800_8000, [1, 2, 3, 4]),
        ("read_block8", 0, 0x0800_8000, 8),
        ("read_block32", 0, 0x4002_3800, 8),
        ("assert_reset", True),
        ("is_reset_asserted",),
        ("assert_reset", False),
    ),
)


@cache
def _corpus() -> Sequence[bytes]:
    return [
        b"".join(
            json.dumps({"id": number, "request": name, "arguments": arguments}).encode() + b"\n"
            for number, (name, *arguments) in enumerate(session)
        )
        for session in _SESSIONS
    ]


class _Claim:
    def take(self) -> str | None:
        return None

    def release(self) -> None:
        return


def _read(data: bytes) -> bool:
    """Whether anything was carried out."""
    accepted = False
    with Board(_FIRMWARE, BoardOptions(timing="instructions")) as board:
        requests = ProbeRequests(BoardProbe(board), _Claim())
        for line in LineSplitter().feed(data):
            answer = requests.handle_request(line)
            assert answer.endswith(b"\n")
            assert answer.count(b"\n") == 1
            said = json.loads(answer)
            assert "the virtual board failed" not in said.get("error", ""), said
            accepted |= said["status"] == 0
            board.run(max_cycles=_CYCLES, timeout_seconds=30)
    return accepted


TARGET = Target("debug_port", _corpus, _read, text=True, smoke_inputs=50)
