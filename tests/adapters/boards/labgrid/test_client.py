"""What is said where labgrid's client says something else than that all is well; a script stands for it."""

import threading
from collections.abc import Callable
from getpass import getuser
from pathlib import Path
from socket import gethostname

import pytest

from mcumatrix.adapters.boards.labgrid import client as module
from mcumatrix.adapters.boards.labgrid.board import LabgridBoard
from mcumatrix.adapters.boards.labgrid.client import LabgridClient
from mcumatrix.adapters.boards.labgrid.looking import attached_places
from mcumatrix.errors import FlashError, FlashFault, LockedError, McuMatrixError, StoppedError, ToolError
from mcumatrix.model.attached import AttachedPlace
from mcumatrix.model.catalogue import Board, BoardKind, TimingModel, Unit

US = f"{gethostname()}/{getuser()}"
FREE = "Place 'a':\n  acquired: None\n"
SERIAL = "{'cls': 'NetworkSerialPort', 'avail': True, 'params': {'host': 'h', 'port': 1}}"
PROBE = "{'cls': 'NetworkService', 'avail': True, 'params': {'address': 'h', 'port': 2}}"
WHOLE = f"{FREE}Matching resource 's' (e/g/c/s):\n  {SERIAL}\nMatching resource 'p' (e/g/c/p):\n  {PROBE}\n"
AWAY = (
    "ERROR              root: coordinator is unavailable: failed to connect to all addresses; last error: "
    "UNKNOWN: ipv4:192.0.2.1:1: Failed to connect to remote host: No route to host\n"
    "Server error: Error: Could not connect to coordinator\n"
)
HINT_AWAY = "\n  Start it, or mend `coordinator` in the board's file; `doit boards` asks it again."
PLACE = "the place a of labgrid at lab1"

Answers = dict[str, tuple[int, str, str]]
"""By the command: exit code, standard output, standard error."""


@pytest.fixture
def answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Answers], Path]:
    """answer(answers) makes the client; what it was asked is in the file that it returns."""
    monkeypatch.setenv("MCUMATRIX_LOCKS", str(tmp_path))
    monkeypatch.setattr(module, "_PAUSES_S", (0.0, 0.0))
    asked = tmp_path / "asked"

    def make(answers: Answers) -> Path:
        lines = [
            "#!/bin/sh",
            f'echo "$5 $6 ${{LG_ENV:-none}} ${{LG_TOKEN:-none}}" >> {asked}',
            'case "$5" in',
        ]
        for command, (code, said, error) in answers.items():
            for name, text in (("out", said), ("err", error)):
                (tmp_path / f"{command}.{name}").write_text(text)
            lines.append(
                f"{command}) cat {tmp_path}/{command}.out; cat {tmp_path}/{command}.err >&2; exit {code};;"
            )
        script = tmp_path / "labgrid-client"
        script.write_text("\n".join((*lines, "esac", "")))
        script.chmod(0o755)
        monkeypatch.setenv("MCUMATRIX_LABGRID_CLIENT", str(script))
        return asked

    return make


UNIT = Unit(place="a")


def _board(
    said: list[str] | None = None, kind: BoardKind = BoardKind.REAL, unit: Unit = UNIT
) -> LabgridBoard:
    entry = Board(
        "lab", kind, "b", "stm32f746xg", (unit,), coordinator="lab1", timing_model=TimingModel.M7_CACHE_2
    )
    say = print if said is None else said.append
    return LabgridBoard(entry, wait=False, say=say, stop=threading.Event())


GOOD: Answers = {
    "show": (0, WHOLE, ""),
    "acquire": (0, "", ""),
    "release-from": (0, "", ""),
    "power": (0, "", ""),
}


def test_only_switching_power_sees_the_file_of_drivers_and_only_ours_is_released(
    answer: Callable[[Answers], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LG_ENV", "drivers.yaml")
    monkeypatch.setenv("LG_TOKEN", "ABC")
    asked = answer(GOOD)
    with _board().take() as taken:
        taken.recover()
    assert asked.read_text().splitlines() == [
        "show  none none",
        "acquire  none none",
        "show  none none",
        "power cycle drivers.yaml none",
        f"release-from {US} none none",
    ]


def test_a_file_can_say_what_a_place_does_not(answer: Callable[[Answers], Path], tmp_path: Path) -> None:
    asked = answer(GOOD | {"show": (0, FREE, "")})
    mark = tmp_path / "switched"
    unit = Unit("remote:h:9", "socket://h:8", ("touch", str(mark)), "a")
    with _board(unit=unit).take() as taken:
        assert (taken.probe, taken.serial_port) == ("remote:h:9", "socket://h:8")
        taken.recover()
    assert mark.exists()
    assert "power" not in asked.read_text()


def test_a_virtual_board_behind_a_place_has_its_timing_model_and_no_known_version(
    answer: Callable[[Answers], Path],
) -> None:
    answer(GOOD)
    board = _board(kind=BoardKind.VIRTUAL)
    with board.take() as taken:
        assert (taken.kind, taken.timing_model) == (BoardKind.VIRTUAL, "m7-cache-2")
        assert taken.expected_error
    assert board.identity() == {"vstm32": "not known, behind labgrid"}
    assert _board().identity() == {}


@pytest.mark.parametrize(
    ("answers", "kind", "sentence"),
    [
        (
            {"show": (1, "", "labgrid-client: Error: place pattern a matches nothing\n")},
            FlashError,
            "the coordinator of labgrid at lab1 knows no place a: place pattern a matches nothing\n"
            "  Its places: labgrid-client -x lab1 places",
        ),
        (
            {"show": (0, FREE.replace("'a'", "'another'"), "")},
            FlashError,
            "the coordinator of labgrid at lab1 knows no place a: the nearest is another\n"
            "  Its places: labgrid-client -x lab1 places",
        ),
        (
            {"show": (1, "", AWAY)},
            ToolError,
            f"The coordinator of labgrid at lab1 cannot be reached: No route to host.{HINT_AWAY}",
        ),
        (
            {"acquire": (1, "", "labgrid-client: Error: Match e/* has no matching remote resource\n")},
            FlashError,
            f"{PLACE} cannot be acquired: Match e/* has no matching remote resource\n"
            "  Is its exporter running? labgrid-client -x lab1 -p a show",
        ),
        (
            {
                "show": (0, FREE.replace("None", "lab2/anna"), ""),
                "acquire": (1, "", "labgrid-client: Error: Place a is already acquired by lab2/anna.\n"),
            },
            LockedError,
            f"{PLACE} is in use: lab2/anna has it.\n"
            "  Try again when they have released it: labgrid-client -x lab1 -p a show",
        ),
        (
            {"show": (0, FREE, "")},
            FlashError,
            "the place a of labgrid has no one NetworkSerialPort as its console; there: none\n"
            "  Where there are several, let the right one be called console: labgrid-client -p a "
            "add-named-match EXPORTER/GROUP/NetworkSerialPort/NAME console",
        ),
    ],
)
def test_a_place_that_cannot_be_had_is_said_so(
    answer: Callable[[Answers], Path], answers: Answers, kind: type[McuMatrixError], sentence: str
) -> None:
    asked = answer(GOOD | answers)
    with pytest.raises(McuMatrixError) as error:
        _board().take().__enter__()
    assert (isinstance(error.value, kind), str(error.value)) == (True, sentence)
    if isinstance(error.value, FlashError):
        assert (error.value.fault, error.value.unit) == (FlashFault.NO_PROBE, "a")
    # What was acquired is released, and nothing else.
    acquired = "acquire" in asked.read_text() and answers.get("acquire", (0,))[0] == 0
    assert ("release-from" in asked.read_text()) is acquired


def test_what_cannot_be_released_or_switched_is_said_with_what_a_person_can_do(
    answer: Callable[[Answers], Path],
) -> None:
    said: list[str] = []
    answer(GOOD | {"release-from": (1, "", AWAY), "power": (1, "", "labgrid-client: Error: no resource\n")})
    with _board(said).take() as taken:
        taken.recover()
    assert said == [
        f"Could not switch {PLACE} off and on: no resource.",
        f"Could not release {PLACE}: The coordinator of labgrid at lab1 cannot be reached: No route to host. "
        "By hand: labgrid-client -x lab1 -p a release",
    ]


def test_what_somebody_has_taken_away_is_not_missed(answer: Callable[[Answers], Path]) -> None:
    said: list[str] = []
    answer(GOOD | {"release-from": (1, "", "labgrid-client: Error: place a is not acquired\n")})
    with _board(said).take():
        pass
    assert said == []


def test_nobody_gets_a_place_after_the_end_and_what_is_had_is_released_once(
    answer: Callable[[Answers], Path],
) -> None:
    asked = answer(GOOD)
    board = _board()
    with board.take():
        board.close()
    assert asked.read_text().count("release-from") == 1
    with pytest.raises(StoppedError):
        board.take().__enter__()


def test_a_client_that_gives_no_answer_is_not_waited_for_without_end(
    answer: Callable[[Answers], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    answer(GOOD)
    (tmp_path / "labgrid-client").write_text("#!/bin/sh\nexec sleep 60\n")
    monkeypatch.setattr(module, "TIMEOUT_S", 0.05)
    with pytest.raises(ToolError, match=r"cannot be reached: there is no answer within 0\.05 s\."):
        LabgridClient("lab1", "a", threading.Event()).show()


@pytest.mark.parametrize(
    ("named", "where"),
    [("", "it is not on PATH"), ("/no/such", "MCUMATRIX_LABGRID_CLIENT names /no/such, which is no program")],
)
def test_without_the_client_it_is_said_where_that_is_to_be_had(
    monkeypatch: pytest.MonkeyPatch, named: str, where: str
) -> None:
    monkeypatch.setenv("MCUMATRIX_LABGRID_CLIENT", named)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ToolError) as error:
        LabgridClient("lab1", "a", threading.Event()).show()
    assert str(error.value) == (
        f"Boards of labgrid need its client, labgrid-client, and {where}.\n"
        "  pipx install labgrid; or name the program in MCUMATRIX_LABGRID_CLIENT. It cannot be in the "
        "environment of mcumatrix: see docs/labgrid.md."
    )


def test_places_are_looked_at_without_being_acquired_and_a_silent_coordinator_once(
    answer: Callable[[Answers], Path],
) -> None:
    def entry(coordinator: str, *units: Unit) -> Board:
        return Board("lab", BoardKind.REAL, "b", "x", units, coordinator=coordinator)

    asked = answer({"show": (0, WHOLE.replace("None", "lab2/anna"), "")})
    real = Board("real", BoardKind.REAL, "b", "x", (Unit("1", "/dev/ttyS0"),))
    assert attached_places(
        [real, entry("lab1", Unit(place="a"), Unit(place="b")), entry("lab1", Unit(place="a"))]
    ) == (
        AttachedPlace("lab1", "a", "lab2/anna", "remote:h:2", "rfc2217://h:1"),
        AttachedPlace(
            "lab1", "b", problem="the coordinator of labgrid at lab1 knows no place b: the nearest is a"
        ),
    )
    asked.unlink()
    answer({"show": (1, "", AWAY)})
    silent = "The coordinator of labgrid at lab1 cannot be reached: No route to host"
    assert attached_places([entry("lab1", Unit(place="a"), Unit(place="b"))]) == (
        AttachedPlace("lab1", "a", problem=silent),
        AttachedPlace("lab1", "b", problem=silent),
    )
    assert asked.read_text().count("show") == 1
