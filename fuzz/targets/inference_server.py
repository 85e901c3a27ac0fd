"""Messages to an inference server on this machine, under AddressSanitizer and UndefinedBehaviorSanitizer.

After each of them it must describe itself: it neither hangs nor ends.
"""

import subprocess
import tempfile
from functools import cache
from pathlib import Path

from fuzz.host.build import build_server
from fuzz.messages import COMMANDS, answers_of, corpus, framed
from fuzz.target import Target
from mcumatrix.client import messages
from mcumatrix.client.description import Description

_HELLO = messages.describe().message(1)


class _Server:
    """A server that runs, with one input tensor or with two."""

    def __init__(self, program: Path, inputs: int) -> None:
        self._process = subprocess.Popen(
            [str(program), str(inputs)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def tell(self, kind: bytes, data: bytes) -> bytes:
        """What it says to a record; see fuzz/host/inference_server.c."""
        assert self._process.stdin
        assert self._process.stdout
        try:
            self._process.stdin.write(kind + len(data).to_bytes(2, "little") + data)
            self._process.stdin.flush()
        except BrokenPipeError:
            pass
        size = self._process.stdout.read(4)
        if len(size) < 4:
            _, report = self._process.communicate()
            raise AssertionError(report.decode(errors="replace"))
        return self._process.stdout.read(int.from_bytes(size, "little"))


@cache
def _servers() -> tuple[_Server, ...]:
    folder = Path(tempfile.mkdtemp(prefix="inference-server-"))
    program = build_server(folder)
    return _Server(program, 1), _Server(program, 2)


def _read(data: bytes) -> bool:
    """Whether it has said anything to it."""
    said = b""
    for server in _servers():
        for message in (data, framed(data)):
            said += server.tell(b"m", message[:60_000])
        # Cut off, with bytes lost, a benchmark in between, and the rest.
        half = len(data) // 2
        server.tell(b"b", data[:half])
        server.tell(b"l" if len(data) % 2 else b"c", b"\0")
        said += server.tell(b"m", data[half:60_000])
        [(nonce, hello)] = answers_of(server.tell(b"m", _HELLO))
        assert nonce == 1
        assert isinstance(hello, Description), hello
    return bool(said)


TARGET = Target("inference_server", lambda: (*corpus(), *COMMANDS), _read, smoke_inputs=100)
