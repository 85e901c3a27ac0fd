"""Images of the firmware around a small runtime of our own, and boards that run them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from support.firmware_images import DIGIT, HELLO, NUCLEO, Build, Terminal


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """A build that has been made once, at 216 MHz."""
    made = Build(tmp_path_factory.mktemp("build"))
    made.render()
    made.configure()
    made.compile()
    return made


@pytest.fixture(scope="session")
def nucleo(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """A build for a board of another family, at 120 MHz, that has been configured once."""
    made = Build(tmp_path_factory.mktemp("nucleo"), board=NUCLEO.board)
    made.render(NUCLEO)
    made.configure()
    return made


@pytest.fixture(scope="session")
def image(build: Build, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Makes the ELF file for a clock, a digit, or other flags of the fake runtime; each one once."""
    made: dict[tuple[int, bytes, tuple[str, ...]], Path] = {}
    folder = tmp_path_factory.mktemp("images")

    def make(clock_hz: int = HELLO.clock_hz, digit: bytes = DIGIT, flags: tuple[str, ...] = ()) -> Path:
        key = (clock_hz, digit, flags)
        if key not in made:
            here = replace(build, runtime_flags=flags)
            here.render(replace(HELLO, clock_hz=clock_hz), digit)
            here.make_library()
            here.compile()
            made[key] = folder / f"{len(made)}.elf"
            made[key].write_bytes(here.elf.read_bytes())
        return made[key]

    return make


@pytest.fixture
def power_on(image: Callable[..., Path]) -> Iterator[Callable[..., Terminal]]:
    """Starts a board with an image, made from the same arguments, and waits until it has said who it is."""
    with ExitStack() as boards:
        yield lambda **arguments: boards.enter_context(Terminal(image(**arguments)))
