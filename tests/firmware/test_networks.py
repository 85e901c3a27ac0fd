"""A board of another host, over a link that delays, loses packets and is cut: never a wrong measurement."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from mcumatrix.adapters.consoles.serial_port import SerialPort
from mcumatrix.adapters.flashers.pyocd.flasher import PyocdFlasher
from mcumatrix.errors import ParseError
from mcumatrix.hashing import hash_file
from mcumatrix.model.catalogue import Board, BoardKind, Element, Runtime, Timeouts
from mcumatrix.model.image import Image, Sizes, ToolchainIdentity
from mcumatrix.model.record import Cause
from mcumatrix.ports import TakenBoard
from mcumatrix.stages.record import cause_of_error
from mcumatrix.stages.run import Ran, ToRun, run_image
from support.compiling import run
from support.firmware_images import HELLO
from support.networks import BadLink
from support.variants import a_variant

PATIENCE_S = 60.0
TESTS = Path(__file__).parents[1]
PATIENT = Timeouts(connect_s=60.0, program_s=60.0, boot_s=15.0, measure_s=15.0)
ENTRY = Board("remote", BoardKind.VIRTUAL, HELLO.board, "stm32f746xg", timeouts=PATIENT)
VARIANT = a_variant(
    runtime=Runtime("fake", "fake", ("reference",), (Element.INT8,)),
    kernels="reference",
    model=replace(a_variant().model, name="fake-int8"),
    board=ENTRY,
)

# pyserial sets what Python wants to be set otherwise.
pytestmark = pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")


@dataclass
class RemoteBoard:
    """A board of the host `board`, as the host `user` sees it."""

    probe: str
    serial_port: str
    unit = "far away"
    kind = BoardKind.VIRTUAL
    timing_model = "instructions"
    expected_error = "made up"

    @contextmanager
    def take(self) -> Iterator[TakenBoard]:
        yield self

    def fault(self) -> str:
        return ""

    def recover(self) -> None:
        pass

    def set_aside(self, unit: str, reason: str) -> None:
        raise AssertionError("nobody sets a unit aside here")

    def identity(self) -> dict[str, str]:
        return {}

    def close(self) -> None:
        pass


@pytest.fixture(scope="module")
def link() -> Iterator[BadLink]:
    with BadLink() as made:
        yield made


@pytest.fixture(scope="module")
def places(link: BadLink, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Where the board of the host `board` is to be had."""
    folder = tmp_path_factory.mktemp("running")
    command = link.command(
        "board", "env", f"VSTM32_BOARDS={folder}", sys.executable, "-m", "support.board_host", BadLink.BOARD
    )
    with subprocess.Popen(command, cwd=TESTS, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        yield json.loads(process.stdout.readline())
        process.stdin.close()


@pytest.fixture(autouse=True)
def good_link(link: BadLink) -> Iterator[None]:
    yield
    link.delay_s, link.loss, link.is_cut = 0.0, 0.0, False


@pytest.fixture(scope="module")
def firmware(image: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Image:
    elf = image()
    binary = tmp_path_factory.mktemp("binary") / "image.bin"
    run("arm-none-eabi-objcopy", "-O", "binary", elf, binary)
    sizes = Sizes(binary.stat().st_size, 0, 0, {})
    return Image(
        HELLO.build, elf, binary, hash_file(elf), hash_file(binary), sizes, ToolchainIdentity("", "")
    )


Open = Callable[[str, int], SerialPort]


@dataclass(frozen=True)
class Lab:
    """Both hosts, and the image that is run."""

    link: BadLink
    places: dict[str, str]
    image: Image

    def run(self, line: str = "socket", open_console: Open = SerialPort, **timeouts: float) -> Ran:
        """A run from the host `user`, over one of the ways to the board's serial line."""
        board = replace(ENTRY, timeouts=replace(PATIENT, **timeouts))
        what = ToRun(replace(VARIANT, board=board), self.image)
        remote = RemoteBoard(self.places["probe"], self.places[line])
        return self.link.on_user(lambda: run_image(lambda _unit: what, remote, PyocdFlasher(), open_console))


@pytest.fixture(scope="module")
def lab(link: BadLink, places: dict[str, str], firmware: Image) -> Lab:
    return Lab(link, places, firmware)


Right = tuple[object, ...]


@pytest.fixture(scope="module")
def right(lab: Lab) -> Right:
    """The layers and the answer, as a good link brings them. What comes next finds the image flashed."""
    ran = lab.run()
    assert ran.measurement, ran.error
    return ran.measurement.layers, ran.measurement.output


def _found(ran: Ran) -> Right:
    assert ran.measurement, ran.error
    return ran.measurement.layers, ran.measurement.output


@pytest.mark.parametrize(
    ("line", "delay_s", "loss"), [("rfc2217", 0.05, 0.0), ("rfc2217", 0.002, 0.05), ("socket", 0.002, 0.05)]
)
def test_a_link_that_is_slow_or_loses_packets_gives_the_same_measurement(
    lab: Lab, right: Right, line: str, delay_s: float, loss: float
) -> None:
    lab.link.delay_s, lab.link.loss = delay_s, loss
    lost = lab.link.lost
    assert _found(lab.run(line)) == right
    assert (lab.link.lost > lost) is (loss > 0)


def _is_infrastructure(ran: Ran, message: str) -> bool:
    """Whether it failed so, and is worth another attempt."""
    assert ran.error
    assert ran.error.message == message
    assert ran.error.hint
    return ran.measurement is None and cause_of_error(ran.error, ran.fault) is Cause.INFRASTRUCTURE


def _next(lab: Lab) -> Ran:
    """The attempts after it, until one has a result.

    The probe's server hears late of a client's end. And TCP sends again what was on a link that was cut, when
    it is whole: the board may be about to answer a command of the attempt before as it is reset for this one,
    whose first line is what is left of that answer.
    """
    give_up_at = time.monotonic() + PATIENCE_S
    while True:
        ran = lab.run()
        is_worth_another = isinstance(ran.error, ParseError) or (
            ran.error and cause_of_error(ran.error, ran.fault) is Cause.INFRASTRUCTURE
        )
        if not is_worth_another or time.monotonic() > give_up_at:
            return ran
        time.sleep(0.2)


def test_a_link_that_is_too_slow_is_a_clear_timeout_and_leaves_the_board_to_others(
    lab: Lab, right: Right
) -> None:
    lab.link.delay_s, lab.link.loss = 0.2, 0.05
    ran = lab.run(connect_s=1.5)
    assert _is_infrastructure(ran, "connecting to the board did not end within 1.5 s")
    lab.link.delay_s = lab.link.loss = 0.0
    assert _found(_next(lab)) == right


class CutWhenAsked(SerialPort):
    """A serial line whose link is cut when the board is asked for its measurement."""

    link: BadLink

    def write(self, data: bytes) -> None:
        self.link.is_cut = True
        super().write(data)


def test_a_link_that_is_cut_in_mid_run_is_a_failure_of_infrastructure_and_the_next_attempt_is_right(
    lab: Lab, right: Right
) -> None:
    CutWhenAsked.link = lab.link
    ran = lab.run(open_console=CutWhenAsked, measure_s=1.0)
    assert ran.log
    assert _is_infrastructure(ran, "the board sent 0 bytes in 1 s and not the end of its measurement")
    lab.link.is_cut = False
    assert _found(_next(lab)) == right


def test_a_link_that_is_cut_already_is_a_probe_that_does_not_answer(lab: Lab, right: Right) -> None:
    lab.link.is_cut = True
    ran = lab.run(connect_s=0.5)
    assert _is_infrastructure(ran, "connecting to the board did not end within 0.5 s")
