"""Images with an inference server around the fake runtime, and its second port in process."""

from pathlib import Path

from fuzz.host.build import flatbuffers_tree
from fuzz.messages import answers_of
from mcumatrix import wire
from mcumatrix.client import messages
from support.applications import image_with
from support.firmware_images import HELLO, Build
from vstm32 import Board, BoardOptions, Trace, load_elf


def build_image(build: Build, folder: Path, hello: wire.Hello = HELLO) -> Path:
    """Links an image with the server beside that of a build; returns its ELF file."""
    flatbuffers = f"-DMCUMATRIX_TREE_FLATBUFFERS={flatbuffers_tree()}"
    return image_with("inference-server", build, folder, hello, flatbuffers)


class ServedBoard:
    """A board that runs such an image. No wall-clock time passes in it."""

    CHIP = "stm32f746ng"
    SECOND_PORT = "UART7"
    _PAUSE_S = 0.3
    """Of virtual time: what is sent arrives within a period of SysTick, and a pause ends it."""

    ENERGY_MODE = "PI3"
    """The pin that a wire to ground chooses MLPerf Tiny's energy mode with: D7 of the Arduino connector."""

    def __init__(self, elf: Path, *, trace: Trace | None = None, energy_mode: bool = False) -> None:
        options = BoardOptions(
            chip=self.CHIP, timing="instructions", host_baud=9600 if energy_mode else 115_200
        )
        self.board = Board(load_elf(elf), options, trace=trace)
        if energy_mode:
            self.board.drive_pin(self.ENERGY_MODE, 0)
        self.board.run_until_it_waits(timeout_seconds=60)
        self.boot = self.board.line().read().decode("ascii", "replace")

    def send(self, data: bytes) -> None:
        """Sends bytes to the second port."""
        self.board.line(self.SECOND_PORT).write(data)

    def rest(self) -> bytes:
        """What the second port says until all was taken and a pause has passed."""
        line = self.board.line(self.SECOND_PORT)
        said = b""
        while True:
            until = self.board.cycles + int(self._PAUSE_S * 216_000_000)
            while self.board.cycles < until:
                self.board.run_until_it_waits(timeout_seconds=60)
            more = line.read()
            said += more
            if not more and not line.has_input:
                return said

    def say(self, data: bytes) -> bytes:
        """Sends bytes; returns what is said to them."""
        self.send(data)
        return self.rest()

    def ask(self, request: messages.Request) -> messages.Answer:
        """The one answer to a request."""
        [(nonce, answer)] = answers_of(self.say(request.message(77)))
        assert nonce in (77, 0)
        return answer

    def console(self, line: str) -> str:
        """Sends a line to the benchmark; returns what it says."""
        self.board.line().write(line.encode() + b"\r")
        said = ""
        while "@end" not in said and "ERROR" not in said:
            self.board.run_until_it_waits(timeout_seconds=60)
            said += self.board.line().read().decode("ascii")
        return said

    def close(self) -> None:
        self.board.close()


class ServedNucleo(ServedBoard):
    """The same on a NUCLEO-L4R5ZI."""

    CHIP = "stm32l4r5zi"
    SECOND_PORT = "USART3"
    ENERGY_MODE = "PF13"
