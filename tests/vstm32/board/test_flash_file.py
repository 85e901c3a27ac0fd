"""Flash contents that outlive the board's process."""

import gc
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from vstm32 import Board, BoardOptions
from vstm32.base.errors import VirtualBoardError
from vstm32.board.flash_file import FlashFile
from vstm32.chips.stm32f746 import CHIP

FLASH_BASE, FLASH_SIZE_BYTES = CHIP.memory.flash.base, CHIP.memory.flash.size_bytes


def test_a_new_file_holds_erased_flash(tmp_path: Path) -> None:
    path = tmp_path / "flash.bin"
    with Board(options=BoardOptions(flash=path)) as board:
        assert board.read_memory(FLASH_BASE, 4) == b"\xff" * 4
    assert path.read_bytes() == b"\xff" * FLASH_SIZE_BYTES


def test_what_is_in_flash_is_in_the_file_and_in_the_next_board(tmp_path: Path) -> None:
    path = tmp_path / "flash.bin"
    with Board(options=BoardOptions(flash=path)) as board:
        board.core.memory.load(FLASH_BASE + 0x1_0000, b"kept")
        assert path.read_bytes()[0x1_0000:0x1_0004] == b"kept"
    with Board(options=BoardOptions(flash=path)) as board:
        assert board.read_memory(FLASH_BASE + 0x1_0000, 4) == b"kept"
        assert board.read_memory(0x0020_0000 + 0x1_0000, 4) == b"kept"


def test_a_board_that_is_killed_keeps_what_its_flash_had(tmp_path: Path) -> None:
    path = tmp_path / "flash.bin"
    script = (
        "import os, signal, sys; from pathlib import Path; from vstm32 import Board, BoardOptions\n"
        "board = Board(options=BoardOptions(flash=Path(sys.argv[1])))\n"
        f"board.core.memory.load({FLASH_BASE:#x}, b'half')\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes()[:4] == b"half"


def test_boards_without_a_file_share_nothing(tmp_path: Path) -> None:
    with Board() as one, Board() as other:
        one.core.memory.load(FLASH_BASE, b"mine")
        assert other.read_memory(FLASH_BASE, 4) == b"\xff" * 4


def test_a_file_of_another_size_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "flash.bin"
    path.write_bytes(b"something else")
    with pytest.raises(VirtualBoardError) as error:
        FlashFile(path, FLASH_SIZE_BYTES, CHIP.part)
    assert str(error.value) == (
        f"{path} has 14 bytes and not the 1048576 of the flash of an STM32F746NG.\n"
        "  Name another file, or remove this one to begin with erased flash."
    )
    assert path.read_bytes() == b"something else"


def test_a_folder_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "flash.bin"
    with pytest.raises(VirtualBoardError) as error:
        FlashFile(path, FLASH_SIZE_BYTES, CHIP.part)
    assert str(error.value) == (
        f"The flash contents of the virtual board cannot be kept in {path}: No such file or directory.\n"
        "  Make room or mend the rights: the file needs 1 MiB."
    )


def test_a_file_that_another_board_has_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "flash.bin"
    with Board(options=BoardOptions(flash=path)), pytest.raises(VirtualBoardError) as error:
        FlashFile(path, FLASH_SIZE_BYTES, CHIP.part)
    assert str(error.value) == (
        f"{path} is the flash of a board that runs.\n  End that one, or name another file."
    )
    FlashFile(path, FLASH_SIZE_BYTES, CHIP.part).close()


def test_nothing_of_the_file_stays_in_memory_when_the_board_is_gone(tmp_path):
    """Else whatever gets that memory next is written into the file, and overwritten by the next board."""
    path = tmp_path / "flash.bin"
    for _ in range(4):
        with Board(options=BoardOptions(flash=path)) as board:
            assert str(path) in Path("/proc/self/maps").read_text()
        del board
        gc.collect()
        assert str(path) not in Path("/proc/self/maps").read_text()
