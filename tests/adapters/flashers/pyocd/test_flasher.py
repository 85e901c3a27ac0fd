"""Images onto a virtual board through pyOCD, as onto a real one; and all that can go wrong on the way."""

import random
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mcumatrix.adapters.flashers.pyocd import flasher
from mcumatrix.adapters.flashers.pyocd.flasher import PyocdFlasher
from mcumatrix.errors import FlashError, FlashFault
from mcumatrix.hashing import hash_bytes, hash_file
from mcumatrix.model.catalogue import Board, BoardKind, ConnectMode, Timeouts
from mcumatrix.model.image import Image, Sizes, ToolchainIdentity
from mcumatrix.model.record import Flashed
from support.compiling import compile_arm, run
from vstm32 import Injection
from vstm32.app.daemon import Daemon
from vstm32.stm32.family import FLASH_BASE

ENTRY = Board(
    "virtual",
    BoardKind.VIRTUAL,
    "stm32f746g_disco",
    "stm32f746xg",
    timeouts=Timeouts(connect_s=10.0, program_s=20.0),
)
PATIENCE_S = 60.0
SIZE_BYTES = 150_003  # five sectors, the last of them in part, and no whole number of words


@pytest.fixture(scope="module", autouse=True)
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VSTM32_BOARDS", str(tmp_path_factory.mktemp("running")))
        yield


@pytest.fixture(scope="module")
def daemon(registry: None) -> Iterator[Daemon]:
    made = Daemon()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def fresh(daemon: Daemon) -> None:
    """Healed, erased, off and on again."""
    daemon.board.inject(Injection())
    with daemon.board.standing_still():
        daemon.board.system.flash.load(b"\xff" * (1 << 20))
    daemon.board.switch_power(False)
    daemon.board.switch_power(True)


def _image(folder: Path, data: bytes) -> Image:
    binary = folder / "image.bin"
    binary.write_bytes(data)
    sizes = Sizes(len(data), 0, 0, {})
    return Image(
        "0" * 16, folder / "image.elf", binary, "e" * 64, hash_file(binary), sizes, ToolchainIdentity("", "")
    )


@pytest.fixture
def image(tmp_path: Path) -> Image:
    return _image(tmp_path, random.Random(1).randbytes(SIZE_BYTES))


def _program(daemon: Daemon, image: Image, board: Board = ENTRY) -> Flashed:
    with PyocdFlasher().connect(board, f"vboard:{daemon.uid}") as debugger:
        return debugger.program(image)


def _flash(daemon: Daemon, size_bytes: int) -> bytes:
    with daemon.board.standing_still():
        return daemon.board.read_memory(FLASH_BASE, size_bytes)


def test_flash_holds_the_image_and_the_proof_is_a_hash_over_what_was_read_back(daemon, image) -> None:
    flashed = _program(daemon, image)
    assert _flash(daemon, SIZE_BYTES) == image.binary.read_bytes()
    assert flashed == Flashed(f"vboard:{daemon.uid}", image.binary_sha256, SIZE_BYTES)


@pytest.mark.parametrize("connect", list(ConnectMode))
def test_every_connect_mode_gets_hold_of_the_core(daemon, image, connect) -> None:
    assert _program(daemon, image, replace(ENTRY, connect=connect)).written_bytes == SIZE_BYTES


def test_an_image_that_is_there_already_is_proved_and_not_written_again(daemon, image) -> None:
    _program(daemon, image)
    with daemon.board.standing_still():
        daemon.board.system.flash.changed()
    flashed = _program(daemon, image)
    assert flashed == Flashed(f"vboard:{daemon.uid}", image.binary_sha256, 0)
    with daemon.board.standing_still():
        assert not daemon.board.system.flash.changed()


@pytest.mark.parametrize(
    ("offset", "sector_bytes"), [(0, 32768), (0x8000 + 20_000, 32768), (SIZE_BYTES - 1, SIZE_BYTES - 0x20000)]
)
def test_only_the_sectors_that_differ_are_written(daemon, image, tmp_path, offset, sector_bytes) -> None:
    _program(daemon, image)
    data = bytearray(image.binary.read_bytes())
    data[offset] ^= 0xFF
    other = _image(tmp_path, bytes(data))
    assert _program(daemon, other).written_bytes == sector_bytes
    assert _flash(daemon, SIZE_BYTES) == bytes(data)


def test_bytes_that_changed_on_the_board_are_noticed_and_mended(daemon, image) -> None:
    _program(daemon, image)
    with daemon.board.standing_still():
        daemon.board.core.memory.load(FLASH_BASE + 100_001, b"\x00")
    assert _program(daemon, image).written_bytes == 32768
    assert _flash(daemon, SIZE_BYTES) == image.binary.read_bytes()


def test_an_image_of_all_flash_fits(daemon, tmp_path) -> None:
    whole = _image(tmp_path, random.Random(2).randbytes(1 << 20))
    assert _program(daemon, whole).written_bytes == 1 << 20


def test_an_image_beyond_flash_is_refused_before_anything_is_written(daemon, tmp_path) -> None:
    with pytest.raises(FlashError) as error:
        _program(daemon, _image(tmp_path, b"\x01" * ((1 << 20) + 1)))
    assert str(error.value) == (
        "the image has bytes at 0x08100000, where this chip has no flash\n"
        "  Is it for another chip? The board's file names the target."
    )
    assert _flash(daemon, 4) == b"\xff" * 4


START = """\
__attribute__((section(".vectors"), used)) static void *const vectors[] = {
    (void *)0x20010000, (void *)0x08000041,
};
__attribute__((section(".text.start"), naked, used)) void start(void) {
    __asm volatile(
        "ldr r0, =0xE000EDFC\\n ldr r1, [r0]\\n orr r1, #0x01000000\\n str r1, [r0]\\n"  /* DEMCR.TRCENA */
        "ldr r0, =0xE0001FB0\\n ldr r1, =0xC5ACCE55\\n str r1, [r0]\\n"                 /* DWT_LAR */
        "ldr r0, =0xE0001000\\n movs r1, #1\\n str r1, [r0]\\n"                          /* CYCCNTENA */
        "ldr r2, =0x20008000\\n"
        "1: ldr r1, [r0, #4]\\n str r1, [r2]\\n b 1b\\n .ltorg");
}
"""
SCRIPT = "SECTIONS { .text 0x08000000 : { *(.vectors) . = 0x40; *(.text*) } }"


@pytest.fixture(scope="module")
def counting(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """A firmware that starts the cycle counter and shows it at 0x20008000."""
    folder = tmp_path_factory.mktemp("counting")
    elf = compile_arm(folder, {"main.c": START, "link.ld": SCRIPT}, "-T", "link.ld")
    run("arm-none-eabi-objcopy", "-O", "binary", elf, folder / "image.bin")
    return _image(folder, (folder / "image.bin").read_bytes())


def test_a_started_firmware_is_alone_and_its_cycle_counter_counts(daemon, counting) -> None:
    with PyocdFlasher().connect(ENTRY, f"vboard:{daemon.uid}") as debugger:
        debugger.program(counting)
        with daemon.board.standing_still():
            assert daemon.board.system.debug.halted
        debugger.start()
        seen: set[bytes] = set()
        give_up_at = time.monotonic() + PATIENCE_S
        while len(seen) < 3:
            assert time.monotonic() < give_up_at
            with daemon.board.standing_still():
                seen.add(daemon.board.read_memory(0x2000_8000, 4))
    with daemon.board.standing_still():
        assert not daemon.board.system.debug.enabled
        assert not daemon.board.in_reset


WORDS = 20_000
OUTSIDE = f"""\
__attribute__((section(".outside"), used)) static const unsigned words[{WORDS}] = {{
    [0 ... {WORDS - 1}] = FILL,
}};
"""
OUTSIDE_SCRIPT = (
    "SECTIONS { .text 0x08000000 : { *(.vectors) *(.text*) } .outside 0x90000000 : { *(.outside) } }"
)


def _image_outside(folder: Path, fill: int) -> Image:
    """An image with 80 kB of the same word in the serial flash of the board."""
    files = {"main.c": START + OUTSIDE, "link.ld": OUTSIDE_SCRIPT}
    elf = compile_arm(folder, files, "-T", "link.ld", f"-DFILL={fill:#x}u")
    run("arm-none-eabi-objcopy", "-O", "binary", "-R", ".outside", elf, folder / "image.bin")
    image = _image(folder, (folder / "image.bin").read_bytes())
    return replace(image, sizes=replace(image.sizes, region_bytes={"QSPI": 4 * WORDS}))


def test_what_belongs_into_flash_beside_the_chip_is_programmed_there_and_read_back(daemon, tmp_path) -> None:
    image = _image_outside(tmp_path, 0x1234_5678)
    inside_bytes = len(image.binary.read_bytes())
    assert _program(daemon, image).written_bytes == 4 * WORDS + inside_bytes
    with daemon.board.standing_still():
        assert daemon.board.read_memory(0x9000_0000, 4 * WORDS) == bytes.fromhex("78563412") * WORDS
    # It survives the power, and is not written again.
    daemon.board.switch_power(False)
    daemon.board.switch_power(True)
    assert _program(daemon, image).written_bytes == 0
    # Of another, what differs alone.
    with daemon.board.standing_still():
        daemon.board.core.memory.load(0x9001_0000, b"\0")
    assert _program(daemon, image).written_bytes == 4 * WORDS - 0x1_0000


def test_a_board_that_has_no_flash_beside_its_chip_refuses_such_an_image(daemon, tmp_path) -> None:
    image = _image_outside(tmp_path, 1)
    with pytest.raises(FlashError) as error:
        _program(daemon, image, replace(ENTRY, firmware_board="nucleo_f767zi"))
    assert str(error.value) == (
        "the image has something in flash beside the chip, and virtual has none that can be programmed\n"
        "  Choose another placement, or a board that has one."
    )


def test_a_probe_that_is_let_go_can_be_used_by_the_next(daemon, image) -> None:
    unique_ids = {_program(daemon, image).probe for _ in range(3)}
    assert unique_ids == {f"vboard:{daemon.uid}"}


# --- what can go wrong

UNLOCK_HINT = "Switch the board off and on; a chip with write protection needs its option bytes changed."
SUPPLY_HINT = "Check the supply of the board and the write protection of the chip."
CABLE_HINT = "Check the cable; what flash holds now is unknown, and will be programmed anew."
FAULTS = {
    "refuse_unlock": (
        {"refuse_unlock": True},
        FlashFault.UNLOCK_REFUSED,
        "flash cannot be unlocked: The flash controller stays locked in spite of the right keys until a "
        "reset",
        UNLOCK_HINT,
    ),
    "fail_erase": (
        {"fail_erase": True},
        FlashFault.ERASE,
        "erasing flash at 0x08000000 failed: The flash controller refused (OPERR: the operation was not "
        "carried out)",
        SUPPLY_HINT,
    ),
    "fail_program": (
        {"fail_program": True},
        FlashFault.PROGRAM,
        "programming flash at 0x08000000 failed: The flash controller refused (WRPERR: the sector is "
        "write-protected)",
        SUPPLY_HINT,
    ),
    "stay_busy": (
        {"stay_busy": True},
        FlashFault.ERASE,
        "erasing flash failed: flash erase sector timed out",
        SUPPLY_HINT,
    ),
    "flip_byte": (
        {"flip_byte": FLASH_BASE + 100_000},
        FlashFault.VERIFY,
        "flash holds {found:#04x} at 0x080186a0, where the image has {wanted:#04x}",
        "Flash that does not keep what is programmed is worn out or has a weak supply; try once more.",
    ),
    "device_id": (
        {"device_id": 0x451},
        FlashFault.WRONG_DEVICE,
        "the wrong chip is behind the probe {probe}: this is an STM32F76x/77x (0x451), not an STM32F74x/75x "
        "(0x449)",
        "Look which board the probe is plugged into, and at `target` in the board's file.",
    ),
    "hold_reset": (
        {"hold_reset": True},
        FlashFault.HELD_IN_RESET,
        "the target is held in reset; the chip stays in reset: something besides the debug probe pulls nRST "
        "low",
        "Check what else is at the reset pin: a button, a jumper, another probe.",
    ),
    "no_core": (
        {"no_core": True},
        FlashFault.NO_CORE,
        "no core was discovered behind the probe {probe}: no access port of a Cortex-M7 was found: Wrong IDR "
        "read from device: 0x00000000",
        "Check power and cable of the board; `connect: under-reset` in its file helps where a firmware keeps "
        "debuggers out.",
    ),
    "drop_link_after": (
        {"drop_link_after": 200_000},
        FlashFault.DISCONNECTED,
        "the link to the board broke, through the probe {probe}: the virtual board {uid} is gone: Connection "
        "reset by peer",
        CABLE_HINT,
    ),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_has_its_own_name_and_sentence_and_the_board_is_usable_after_it(daemon, image, case) -> None:
    faults, fault, message, hint = FAULTS[case]
    daemon.board.inject(Injection(**faults))
    board = replace(ENTRY, timeouts=replace(ENTRY.timeouts, program_s=3.0)) if case == "stay_busy" else ENTRY
    with pytest.raises(FlashError) as error:
        _program(daemon, image, board)
    wanted = image.binary.read_bytes()[100_000]
    values = {"uid": daemon.uid, "probe": f"vboard:{daemon.uid}", "wanted": wanted, "found": wanted ^ 1}
    assert error.value.message == message.format(**values)
    assert error.value.hint == hint
    assert error.value.fault is fault
    daemon.board.inject(Injection())
    assert _program(daemon, image).read_back_sha256 == image.binary_sha256


def test_a_link_that_breaks_while_connecting_is_a_broken_link(daemon, image) -> None:
    daemon.board.inject(Injection(drop_link_after=300))
    with pytest.raises(FlashError) as error:
        _program(daemon, image)
    assert error.value.fault is FlashFault.DISCONNECTED


def test_the_original_reason_is_kept_behind_the_sentence(daemon, image) -> None:
    daemon.board.inject(Injection(fail_erase=True))
    with pytest.raises(FlashError) as error:
        _program(daemon, image)
    assert type(error.value.__cause__).__name__ == "FlashEraseFailure"


def test_a_board_that_is_off_is_a_broken_link(daemon, image) -> None:
    daemon.board.switch_power(False)
    with pytest.raises(FlashError) as error:
        _program(daemon, image)
    assert error.value.fault is FlashFault.DISCONNECTED
    assert "the board has no power" in error.value.message


def test_a_probe_that_another_program_has_open_is_busy(daemon, image) -> None:
    with (
        socket.create_connection(("127.0.0.1", daemon.description.debug_port)) as other,
        other.makefile("rwb") as stream,
    ):
        stream.write(b'{"id": 0, "request": "open"}\n')
        stream.flush()
        assert b'"status": 0' in stream.readline()
        with pytest.raises(FlashError) as error:
            _program(daemon, image)
        name = f"127.0.0.1:{other.getsockname()[1]}"
    assert error.value.fault is FlashFault.PROBE_BUSY
    assert error.value.message.startswith(f"the probe vboard:{daemon.uid} is busy: ")
    assert f"the probe is in use by {name}" in error.value.message
    assert error.value.hint == (
        "Another program has it open, or the rights are missing; see docs/boards.md on udev."
    )


def test_a_probe_that_is_not_attached_is_said_with_those_that_are(daemon) -> None:
    with pytest.raises(FlashError) as error:
        PyocdFlasher().connect(ENTRY, "vboard:VB0000")
    assert str(error.value) == (
        f"the probe vboard:VB0000 is not attached; attached: {daemon.uid}\n"
        "  Plug in the right one, or name this one in the board's file."
    )
    assert error.value.fault is FlashFault.WRONG_PROBE


def test_without_any_probe_that_is_what_is_said(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("VSTM32_BOARDS", str(tmp_path))
    with pytest.raises(FlashError) as error:
        PyocdFlasher().connect(ENTRY, "vboard:VB0000")
    assert str(error.value) == (
        "the probe vboard:VB0000 is not attached, nor is any other\n"
        "  Plug it in; `doit boards` shows what is attached, and docs/boards.md has the rights it needs."
    )
    assert error.value.fault is FlashFault.NO_PROBE


def test_a_phase_that_takes_too_long_is_ended_by_its_time_limit(daemon, image) -> None:
    daemon.board.inject(Injection(stay_busy=True))
    hurried = replace(ENTRY, timeouts=replace(ENTRY.timeouts, program_s=0.05))
    with pytest.raises(FlashError) as error:
        _program(daemon, image, hurried)
    assert error.value.fault in (FlashFault.FLASH_TIMEOUT, FlashFault.ERASE)
    daemon.board.inject(Injection())
    daemon.board.switch_power(False)
    daemon.board.switch_power(True)
    give_up_at = time.monotonic() + PATIENCE_S
    while True:
        try:
            assert _program(daemon, image).read_back_sha256 == hash_bytes(image.binary.read_bytes())
            return
        except FlashError:
            # What was left alone gives the probe back when its own limit is over.
            assert time.monotonic() < give_up_at
            time.sleep(0.1)


REAL = replace(ENTRY, kind=BoardKind.REAL)


@pytest.mark.parametrize("kind", ["vboard:", ""])
def test_the_probe_of_a_virtual_board_is_none_of_a_real_one(daemon: Daemon, kind: str) -> None:
    """Whatever the board's file says, by whichever of its names the probe is found."""
    with pytest.raises(FlashError) as error:
        PyocdFlasher().connect(REAL, f"{kind}{daemon.uid}")
    assert str(error.value) == (
        f"the board is to be real, and the probe {kind}{daemon.uid} is that of a virtual board\n"
        "  Mend `kind` or the probe in the board's file: one of them belongs to another board."
    )
    assert error.value.fault is FlashFault.WRONG_PROBE


def test_a_virtual_chip_is_told_behind_a_probe_of_any_kind(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that a pyOCD server elsewhere shows, which does not say what it has."""
    monkeypatch.setattr(flasher, "is_virtual_probe", lambda _probe: False)
    with pytest.raises(FlashError) as error:
        PyocdFlasher().connect(REAL, f"vboard:{daemon.uid}")
    assert str(error.value) == (
        "the board is to be real, and its chip is virtual (DBGMCU_IDCODE 0x1001f449)\n"
        "  Mend `kind` or the probe in the board's file: one of them belongs to another board."
    )
    assert error.value.fault is FlashFault.WRONG_DEVICE
