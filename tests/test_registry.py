"""Names to adapters."""

from pathlib import Path

import pytest

from mcumatrix import registry
from mcumatrix.errors import MatrixError
from mcumatrix.model.catalogue import Board, BoardKind


def test_a_runtime_that_nobody_knows_is_said_with_those_that_are_known() -> None:
    with pytest.raises(MatrixError) as error:
        registry.runtime("tensorrt", Path(), Path())
    assert str(error.value) == (
        "no adapter is called 'tensorrt'\n  There is: builtin. See matrix/runtimes/ for the entry."
    )


def test_a_real_board_is_refused_as_long_as_nothing_can_flash_it() -> None:
    with pytest.raises(MatrixError) as error:
        registry.board(Board("disco", BoardKind.REAL, "stm32f746g_disco", "/dev/ttyACM0"))
    assert str(error.value) == (
        "board disco is a real one, and nothing here can flash it yet\n"
        "  Use a virtual board, such as virtual-f746."
    )
