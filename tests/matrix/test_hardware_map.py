"""Hardware maps of Twister become board files, and what does not is said with its reason."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcumatrix.errors import MatrixError
from mcumatrix.matrix.catalogues import load_boards
from mcumatrix.matrix.hardware_map import (
    FoundBoard,
    FoundBoards,
    LeftOut,
    Outcome,
    boards_of_map,
    read_hardware_map,
    write_boards,
)
from mcumatrix.model.catalogue import Board, BoardKind, ConnectMode, Timeouts, Unit

FIRMWARE_BOARDS = ("nucleo_f767zi", "stm32f746g_disco")
VIRTUAL = Board("virtual-f746", BoardKind.VIRTUAL, "stm32f746g_disco", "stm32f746xg", (Unit(), Unit()))

# As `twister --generate-hardware-map` writes it, with the platforms filled in.
GENERATED = """\
- connected: true
  id: 066BFF303435554157121027
  platform: stm32f746g_disco
  product: STM32 STLink
  runner: openocd
  serial: /dev/ttyACM0
- connected: true
  id: '001050076605'
  platform: nrf5340dk/nrf5340/cpuapp
  product: J-Link
  runner: nrfjprog
  serial: /dev/ttyACM1
- connected: false
  id: 066DFF535254887767213654
  platform: stm32f746g_disco
  product: STM32 STLink
  runner: openocd
- connected: true
  id: A10K3YLM
  platform: unknown
  product: FT232R USB UART
  runner: unknown
  serial: /dev/ttyUSB0
"""

BOARD_FILE = """\
# yaml-language-server: $schema=../../docs/board.schema.json
description: stm32f746g_disco, as a hardware map of Twister has it.
kind: real
firmware_board: stm32f746g_disco
target: stm32f746xg
connect: halt
swd_frequency: 1 MHz
baud: 115200
# A map names the port that the probe brings. Is it the one on which the firmware talks?
units:
  - probe: "066BFF303435554157121027"
    serial_port: "/dev/ttyACM0"
"""

Find = Callable[..., FoundBoards]


@pytest.fixture
def find(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Find:
    """Reads a text as map.yml, with one virtual board in the catalogue or other ones."""
    monkeypatch.chdir(tmp_path)

    def find_boards(text: str, *known: Board) -> FoundBoards:
        Path("map.yml").write_text(text)
        boards = {board.name: board for board in known or (VIRTUAL,)}
        return boards_of_map(read_hardware_map(Path("map.yml")), FIRMWARE_BOARDS, boards)

    return find_boards


def entry(**changes: str) -> str:
    """An entry that gives a unit."""
    keys = {
        "connected": "true",
        "id": "066B",
        "platform": "stm32f746g_disco",
        "serial": "/dev/ttyACM0",
    } | changes
    lines = [f"{key}: {value}" for key, value in keys.items() if value]
    return "- " + "\n  ".join(lines) + "\n"


def units(found: FoundBoards) -> dict[str, tuple[Unit, ...]]:
    return {board.name: board.units for board in found.boards}


def reasons(found: FoundBoards) -> list[str]:
    return [left_out.reason for left_out in found.left_out]


def test_a_generated_map_gives_boards_and_says_what_it_leaves_out_and_why(find: Find) -> None:
    found = find(GENERATED)
    (board,) = found.boards
    assert board == FoundBoard(
        name="stm32f746g-disco",
        text=BOARD_FILE,
        units=(Unit("066BFF303435554157121027", "/dev/ttyACM0"),),
        units_text=BOARD_FILE[BOARD_FILE.index("units:") :],
    )
    assert found.left_out == (
        LeftOut(
            "map.yml:7:3",
            "J-Link 001050076605",
            "there is no firmware for its platform 'nrf5340dk/nrf5340/cpuapp'; "
            "firmware/board has: nucleo_f767zi, stm32f746g_disco",
        ),
        LeftOut(
            "map.yml:13:3",
            "STM32 STLink 066DFF535254887767213654",
            "the map says that it is not connected",
        ),
        LeftOut(
            "map.yml:18:3",
            "FT232R USB UART A10K3YLM",
            "the map leaves its platform open: write it there, and import the map again",
        ),
    )


def test_what_a_map_does_not_say_is_taken_from_a_board_with_the_same_firmware(find: Find) -> None:
    real = Board(
        "lab",
        BoardKind.REAL,
        "stm32f746g_disco",
        "stm32f746zg",
        connect=ConnectMode.UNDER_RESET,
        swd_hz=4_000_000,
        baud=9600,
        timeouts=Timeouts(boot_s=0.5),
        flasher="openocd",
    )
    (board,) = find(entry(), VIRTUAL, real).boards
    Path("boards").mkdir()
    write_boards([board], Path("boards"), {})
    assert load_boards(Path()) == {
        "stm32f746g-disco": Board(
            "stm32f746g-disco",
            BoardKind.REAL,
            "stm32f746g_disco",
            "stm32f746zg",
            units=(Unit("066B", "/dev/ttyACM0"),),
            connect=ConnectMode.UNDER_RESET,
            swd_hz=4_000_000,
            baud=9600,
            timeouts=Timeouts(boot_s=0.5),
            flasher="openocd",
        )
    }


def test_several_specimens_of_a_platform_are_one_board(find: Find) -> None:
    found = find(entry() + entry(id="066C", serial="/dev/ttyACM1"))
    assert units(found) == {"stm32f746g-disco": (Unit("066B", "/dev/ttyACM0"), Unit("066C", "/dev/ttyACM1"))}


@pytest.mark.parametrize(
    "platform",
    [
        "stm32f746g_disco",
        "stm32f746g-disco",
        "stm32f746g_disco/stm32f746xx",
        "stm32f746g_disco@B/stm32f746xx",
        "other_board stm32f746g_disco/stm32f746xx",
        "[other_board, stm32f746g_disco]",
    ],
)
def test_a_platform_is_known_by_all_of_its_spellings(find: Find, platform: str) -> None:
    assert list(units(find(entry(platform=platform)))) == ["stm32f746g-disco"]


def test_the_probe_is_told_by_probe_id_where_there_is_one(find: Find) -> None:
    found = find(entry(id="BOARD-1", probe_id="001050076605"))
    assert units(found) == {"stm32f746g-disco": (Unit("001050076605", "/dev/ttyACM0"),)}


@pytest.mark.parametrize("key", ["baud", "serial_baud"])
def test_a_baud_rate_in_the_map_counts(find: Find, key: str) -> None:
    (board,) = find(entry(**{key: "9600"})).boards
    assert "baud: 9600\n" in board.text


@pytest.mark.parametrize("connected", ["true", "True", "yes", "on"])
def test_connected_is_whatever_yaml_takes_for_true(find: Find, connected: str) -> None:
    assert find(entry(connected=connected)).boards


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"connected": ""}, "the map says that it is not connected"),
        ({"platform": ""}, "the map leaves its platform open: write it there, and import the map again"),
        ({"serial": ""}, "it has no serial"),
        (
            {"serial": "", "serial_pty": "simulate.py"},
            "it has no serial, and a serial_pty is nothing that pyserial opens",
        ),
        (
            {"serial": "COM3"},
            "it has the probe '066B' and the serial 'COM3': it is neither a device nor a URL of pyserial",
        ),
        (
            {"id": "ST LINK"},
            "it has the probe 'ST LINK' and the serial '/dev/ttyACM0': it is no unique id of a debug probe",
        ),
        ({"id": ""}, "it has neither id nor probe_id, by which its debug probe could be told from others"),
        (
            {"platform": "nucleo_f767zi"},
            "no file in matrix/boards has `firmware_board: nucleo_f767zi` and so names its chip",
        ),
        (
            {"platform": "nucleo_f767zi", "baud": "115200"},
            "no file in matrix/boards has `firmware_board: nucleo_f767zi` and so names its chip",
        ),
    ],
)
def test_an_entry_that_gives_no_unit_is_left_out_with_the_reason(
    find: Find, changes: dict[str, str], reason: str
) -> None:
    found = find(entry(**changes))
    assert (found.boards, reasons(found)) == ((), [reason])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"serial": "/dev/ttyACM1"}, "its probe 066b is that of the entry at map.yml:1:3 too"),
        ({"id": "066b", "serial": "/dev/ttyACM1"}, "its probe 066b is that of the entry at map.yml:1:3 too"),
        ({"id": "066C"}, "its serial port /dev/ttyACM0 is that of the entry at map.yml:1:3 too"),
        (
            {"id": "066C", "serial": "/dev/ttyACM1", "baud": "9600"},
            "its baud is 9600, and that of the first stm32f746g_disco is 115200",
        ),
    ],
)
def test_what_two_entries_cannot_have_both_the_first_has(
    find: Find, changes: dict[str, str], reason: str
) -> None:
    found = find(entry() + entry(**changes))
    assert units(found) == {"stm32f746g-disco": (Unit("066B", "/dev/ttyACM0"),)}
    assert reasons(found) == [reason]


def test_an_entry_without_a_name_is_told_by_its_number(find: Find) -> None:
    (left_out,) = find(entry() + "- {connected: true}\n").left_out
    assert left_out.entry == "entry 2"


def test_an_empty_map_gives_nothing(find: Find) -> None:
    assert find("[]\n") == FoundBoards((), ())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "axes: {}\n",
            "map.yml:1:1: the file must be a list, but is a mapping\n  Write lines such as '- key: value'.",
        ),
        ("- connected: [\n", "map.yml:2:1: this is not YAML: "),
        ("- hello\n", "map.yml:1:3: [0] must be a mapping, but is 'hello'"),
        (
            entry(connected="maybe"),
            "map.yml:1:14: [0].connected cannot be 'maybe': it is neither true nor false\n"
            "  Write true or false.",
        ),
        (entry() + entry(baud="fast"), "map.yml:9:9: [1].baud cannot be 'fast': it is not a whole number\n"),
        (entry(serial="[a]"), "map.yml:4:11: [0].serial must be text, but is a list"),
    ],
)
def test_a_malformed_map_is_an_error_with_its_place(find: Find, text: str, message: str) -> None:
    with pytest.raises(MatrixError) as error:
        find(text)
    assert str(error.value).startswith(message)


def test_a_board_file_is_written_once_and_never_changed(find: Find) -> None:
    found = find(GENERATED)
    folder = Path("matrix/boards")
    path = folder / "stm32f746g-disco.yaml"
    assert write_boards(found.boards, folder, {}) == [(path, Outcome.WRITTEN)]
    assert path.read_text() == BOARD_FILE
    known = load_boards(Path("matrix"))
    assert write_boards(found.boards, folder, known) == [(path, Outcome.THERE)]
    more = find(entry(), *known.values())
    assert write_boards(more.boards, folder, known) == [(path, Outcome.OTHER)]
    assert path.read_text() == BOARD_FILE


def test_a_file_with_the_same_units_and_more_is_there_already(find: Find) -> None:
    found = find(entry())
    path = Path("matrix/boards/stm32f746g-disco.yaml")
    path.parent.mkdir(parents=True)
    path.write_text(
        "kind: real\nfirmware_board: stm32f746g_disco\ntarget: stm32f746xg\nunits:\n"
        "  - {probe: 066b, serial_port: /dev/ttyACM0, power_cycle: usb-off 1}\n"
        "  - {probe: 066C, serial_port: /dev/ttyACM1}\n"
    )
    assert write_boards(found.boards, path.parent, load_boards(Path("matrix"))) == [(path, Outcome.THERE)]


def test_a_folder_that_cannot_be_written_is_said_so(find: Find) -> None:
    Path("boards").write_text("")
    with pytest.raises(MatrixError) as error:
        write_boards(find(entry()).boards, Path("boards"), {})
    assert str(error.value) == (
        "boards/stm32f746g-disco.yaml cannot be written: File exists\n  Check the permissions of its folder."
    )


_TEXTS = st.sampled_from(["", "066B", "066C", "066D", "x y", "a'b", "unknown", "stm32f746g_disco", "no"])
_ENTRIES = st.lists(
    st.fixed_dictionaries(
        {
            "connected": st.sampled_from(["true", "true", "false"]),
            "id": _TEXTS,
            "probe_id": st.sampled_from(["", "", "1234"]),
            "platform": st.sampled_from(["stm32f746g_disco", "nucleo_f767zi", "unknown"]),
            "serial": st.sampled_from(["", "/dev/ttyACM0", '/dev/a"b', "/dev/a'b#c", "socket://h:1", "COM1"]),
        }
    ),
    max_size=5,
)


@settings(max_examples=50)
@given(_ENTRIES)
def test_every_entry_is_in_a_board_file_that_loads_or_left_out(entries: list[dict[str, str]]) -> None:
    quoted = [{key: repr(value) if value else "" for key, value in one.items()} for one in entries]
    other = Board("nucleo", BoardKind.VIRTUAL, "nucleo_f767zi", "stm32f767zi")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "map.yml"
        path.write_text("".join(entry(**one) for one in quoted) or "[]")
        found = boards_of_map(read_hardware_map(path), FIRMWARE_BOARDS, {"v": VIRTUAL, "n": other})
        assert sum(len(board.units) for board in found.boards) + len(found.left_out) == len(entries)
        write_boards(found.boards, Path(folder) / "boards", {})
        if found.boards:
            loaded = load_boards(Path(folder))
            assert {name: board.units for name, board in loaded.items()} == units(found)
