"""The virtual board behind the port that every board has."""

import subprocess
from pathlib import Path

import pytest

from mcumatrix.adapters.boards.virtual import VirtualBoard
from mcumatrix.adapters.consoles.serial_port import SerialPort
from mcumatrix.errors import FlashError
from mcumatrix.model.catalogue import BoardKind

# The vector table, then code that reads where nothing is: bus fault, no handler, lockup.
SOURCE = """\
__attribute__((section(".vectors"), used)) static void *const vectors[] = {
    (void *)0x20010000, (void *)0x08000041,
};
__attribute__((section(".text.start"), naked, used)) void start(void) {
    __asm volatile("ldr r0, =0x30000000\\n ldr r1, [r0]\\n b .");
}
"""
GCC = ("arm-none-eabi-gcc", "-mcpu=cortex-m7", "-mthumb", "-nostdlib")
SCRIPT = "SECTIONS { .text 0x08000000 : { *(.vectors) . = 0x40; *(.text*) } }"


@pytest.fixture(scope="module")
def broken_image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("broken")
    (folder / "main.c").write_text(SOURCE)
    (folder / "link.ld").write_text(SCRIPT)
    subprocess.run(
        [
            "arm-none-eabi-gcc",
            "-mcpu=cortex-m7",
            "-mthumb",
            "-nostdlib",
            "-T",
            "link.ld",
            "-o",
            "image.elf",
            "main.c",
        ],
        cwd=folder,
        check=True,
    )
    return folder / "image.elf"


def test_it_says_that_it_is_virtual_and_how_it_makes_cycles() -> None:
    with VirtualBoard().take() as board:
        assert (board.kind, board.timing_model) == (BoardKind.VIRTUAL, "instructions")


def test_results_depend_on_the_emulator_and_on_the_boards_own_sources() -> None:
    identity = VirtualBoard().identity()
    assert set(identity) == {"unicorn", "vboard"}
    assert identity == VirtualBoard().identity()


def test_a_file_that_is_no_image_is_a_flash_error(tmp_path: Path) -> None:
    path = tmp_path / "image.elf"
    path.write_bytes(b"no ELF file")
    with VirtualBoard().take() as board, pytest.raises(FlashError) as error:
        board.load(path)
    assert str(path) in error.value.message
    assert error.value.hint


def test_a_board_without_an_image_does_not_start() -> None:
    with VirtualBoard().take() as board, pytest.raises(FlashError) as error:
        board.start()
    assert str(error.value) == "The virtual board has no image.\n  Load one first."


def test_firmware_that_locks_up_is_explained_by_the_board(broken_image: Path) -> None:
    with VirtualBoard().take() as board:
        board.load(broken_image)
        assert board.fault() == ""
        with SerialPort(board.serial_port, 115_200) as port:
            board.start()
            assert port.read(0.5) == b""
        assert "Lockup at 0x" in board.fault()


def test_each_user_has_a_board_of_its_own(broken_image: Path) -> None:
    with VirtualBoard().take() as one, VirtualBoard().take() as other:
        one.load(broken_image)
        other.load(broken_image)
        assert one.serial_port != other.serial_port
