"""Where an application can be, and what it is compiled with."""

import shutil
from pathlib import Path

import pytest

from mcumatrix.errors import BuildError
from mcumatrix.model.application import Application
from mcumatrix.stages.application import application_of

FIRMWARE = Path(__file__).parents[2] / "firmware"
SERVER = Application.INFERENCE_SERVER


@pytest.fixture
def firmware(tmp_path: Path) -> Path:
    shutil.copytree(FIRMWARE / "application", tmp_path / "application")
    return tmp_path


def test_a_board_with_a_second_port_has_the_server_with_pinned_code_from_elsewhere() -> None:
    added = application_of(FIRMWARE, SERVER, "stm32f746g_disco")
    [(source, parts)] = added.sources
    assert (source.name, parts) == ("flatbuffers", ("include",))
    assert source.checksum.startswith("sha256:")


def test_a_board_without_one_is_refused_with_those_that_have_one() -> None:
    with pytest.raises(BuildError) as error:
        application_of(FIRMWARE, SERVER, "nucleo_f767zi")
    assert str(error.value) == (
        'The board "nucleo_f767zi" has no second serial port for inference-server: there is no '
        "firmware/application/inference-server/board/nucleo_f767zi.c.\n"
        "  Leave it out of `applications` in the matrix, or choose a board that has one: "
        "nucleo_l4r5zi, stm32f746g_disco."
    )


def test_a_firmware_without_the_application_is_named(tmp_path: Path) -> None:
    with pytest.raises(BuildError) as error:
        application_of(tmp_path, SERVER, "stm32f746g_disco")
    assert str(error.value) == (
        "The firmware has no application inference-server: there is no "
        "firmware/application/inference-server/application.json.\n"
        "  Leave it out of `applications` in the matrix."
    )


@pytest.mark.parametrize("text", ["", "[]", '{"sources": {"a": {}}}', '{"sources": [1]}', "\xff"])
def test_a_description_that_is_none_is_named(firmware: Path, text: str) -> None:
    (firmware / "application" / SERVER / "application.json").write_text(text, "latin-1")
    with pytest.raises(BuildError) as error:
        application_of(firmware, SERVER, "stm32f746g_disco")
    place = "firmware/application/inference-server/application.json"
    assert error.value.message.startswith(f"{place} cannot be read: ")
    assert error.value.hint == (
        'It must be one object of JSON, with "sources" by name: each has url, sha256 and parts.'
    )
