"""Images of the firmware around a small runtime of our own, and a terminal on the virtual board."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from mcumatrix import wire
from mcumatrix.stages.chip import chip_of
from mcumatrix.stages.render import render_config_header, render_sample, render_wire_header
from support.compiling import run
from vstm32 import Board, BoardOptions, load_elf

REPOSITORY = Path(__file__).parents[2]
FIRMWARE = REPOSITORY / "firmware"
FAKE_RUNTIME = REPOSITORY / "tests" / "firmware" / "fake_runtime.c"
BOARD = "stm32f746g_disco"
CPU = chip_of(FIRMWARE, BOARD).cpu_flags

HELLO = wire.Hello(
    protocol=wire.PROTOCOL_VERSION,
    build="0123456789abcdef",
    board=BOARD,
    runtime="fake",
    kernels="reference",
    model="fake-int8",
    clock_hz=216_000_000,
)
NUCLEO = replace(HELLO, board="nucleo_l4r5zi", clock_hz=120_000_000)
"""For a board of another family."""
DIGIT = bytes([0, 5, 0xFE, 7, *range(96)])


@dataclass(frozen=True)
class Build:
    """A folder in which one image is built, as the local builder would do it."""

    folder: Path
    firmware: Path = FIRMWARE
    runtime_flags: tuple[str, ...] = ()
    board: str = BOARD

    def make_library(self) -> None:
        library = self.folder / "library"
        library.mkdir(parents=True, exist_ok=True)
        compiled = library / "fake_runtime.o"
        cpu = chip_of(self.firmware, self.board).cpu_flags
        flags = (*cpu, "-O2", "-Wall", "-Wextra", "-Werror", f"-I{FIRMWARE}/include", *self.runtime_flags)
        run("arm-none-eabi-gcc", *flags, "-c", FAKE_RUNTIME, "-o", compiled)
        (library / "libruntime.a").unlink(missing_ok=True)
        run("arm-none-eabi-ar", "rcsD", library / "libruntime.a", compiled)

    def configure(self) -> None:
        self.make_library()
        run(
            *("cmake", "-G", "Ninja", "-S", self.firmware, "-B", self.folder / "image"),
            f"-DCMAKE_TOOLCHAIN_FILE={self.firmware}/cmake/arm-none-eabi.cmake",
            f"-DMCUMATRIX_BOARD={self.board}",
            "-DMCUMATRIX_RUNTIME=fake",
            f"-DMCUMATRIX_GENERATED={self.folder / 'generated'}",
            f"-DMCUMATRIX_LIBRARY={self.folder / 'library' / 'libruntime.a'}",
        )

    def render(self, hello: wire.Hello = HELLO, digit: bytes = DIGIT) -> None:
        templates, generated = REPOSITORY / "templates", self.folder / "generated"
        generated.mkdir(parents=True, exist_ok=True)
        for name, data in (
            ("wire.h", render_wire_header(templates)),
            ("config.h", render_config_header(templates, hello)),
            ("sample.c", render_sample(digit)),
        ):
            write_anew(generated / name, data)

    def compile(self) -> str:
        """Builds, and returns what ninja said."""
        return run("ninja", "-j2", "-v", "-C", self.folder / "image")

    @property
    def elf(self) -> Path:
        return self.folder / "image" / "image.elf"


def write_anew(path: Path, data: bytes) -> None:
    """Writes a file unless it has these contents: nothing that depends on it is built again then."""
    if not path.exists() or path.read_bytes() != data:
        path.write_bytes(data)


def symbol_address(elf: Path, symbol: str) -> int:
    """The address, or the value, of a symbol."""
    for line in run("arm-none-eabi-nm", elf).splitlines():
        value, _, name = line.split()
        if name == symbol:
            return int(value, 16)
    raise AssertionError(f"{elf} has no symbol {symbol}")


class Terminal:
    """A board that runs an image, and what a terminal shows of it. No wall-clock time passes in it."""

    def __init__(self, elf: Path) -> None:
        # Each run of the same code takes the same cycles.
        self.board = Board(load_elf(elf), BoardOptions(timing="instructions"))
        self.boot = self._listen()
        """What came after reset."""

    def send(self, data: bytes) -> str:
        """Sends bytes; returns what comes until the firmware waits for more, or stands still."""
        self.board.line().write(data)
        return self._listen()

    def ask(self, command: str | wire.Command) -> str:
        """Sends one line."""
        return self.send(command.encode() if isinstance(command, wire.Command) else command.encode() + b"\r")

    def _listen(self) -> str:
        self.board.run_until_it_waits(timeout_seconds=60)
        return self.board.line().read().decode("ascii")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.board.close()
