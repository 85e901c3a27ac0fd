"""Intel hex given to the virtual board, as it is and with right checksums: what it holds, or a refusal."""

import tempfile
from collections.abc import Sequence
from functools import cache
from io import StringIO
from itertools import pairwise
from pathlib import Path

from intelhex import IntelHex

from fuzz.target import Target
from vstm32 import load_firmware
from vstm32.base.errors import VirtualBoardError
from vstm32.board.firmware import require_fit
from vstm32.chips.stm32f746 import CHIP


@cache
def _corpus() -> Sequence[bytes]:
    contents = IntelHex()
    contents.puts(0x0800_0000, (0x2000_1000).to_bytes(4, "little") + (0x0800_0009).to_bytes(4, "little"))
    contents.puts(0x0800_0008, bytes.fromhex("fee7") * 20)
    contents.puts(0x0801_FFF8, bytes(range(16)))
    contents.start_addr = {"EIP": 0x0800_0009}
    text = StringIO()
    contents.write_hex_file(text)
    return [text.getvalue().encode()]


def _with_right_checksums(text: bytes) -> bytes:
    return b"\n".join(_right(line.strip()) for line in text.split(b"\n"))


def _right(line: bytes) -> bytes:
    try:
        record = bytes.fromhex(line[1:-2].decode())
    except ValueError:
        return line
    return line[:-2] + b"%02X" % (-sum(record) & 0xFF)


def _accepts(data: bytes) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "firmware.hex"
        file.write_bytes(data)
        try:
            firmware = load_firmware(file)
            assert sum(len(segment.data) for segment in firmware.segments) <= len(data)
            assert all(one.end < other.address for one, other in pairwise(firmware.segments))
            require_fit(firmware, CHIP)
        except VirtualBoardError:
            return False
    return True


def _read(data: bytes) -> bool:
    return _accepts(data) | _accepts(_with_right_checksums(data))


TARGET = Target("hex", _corpus, _read, text=True)
