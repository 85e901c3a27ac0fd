"""Whole runs on a place of labgrid: a real coordinator and exporter, in front of a virtual board."""

import json
from collections.abc import Callable, Iterator

import pytest

from e2e.conftest import TWO_VARIANTS, Workplace
from support.labgrid import PLACE, Lab

BOARD = """\
kind: labgrid
coordinator: {coordinator}
place: {place}
firmware_board: stm32f746g_disco
target: stm32f746xg
timing_model: m7-block-1
health: off
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VSTM32_BOARDS", str(tmp_path_factory.mktemp("running")))
        with Lab(tmp_path_factory.mktemp("lab")) as made:
            yield made


@pytest.fixture(scope="module")
def place(make_workplace: Callable[[], Workplace], lab: Lab) -> Workplace:
    """A project with a board of the lab."""
    made = make_workplace()
    board = made.root / "matrix" / "boards" / "lab.yaml"
    board.write_text(BOARD.format(coordinator=lab.coordinator, place=PLACE))
    made.write_matrix(
        "lab", TWO_VARIANTS.replace("virtual-f746", "lab").replace("[216 MHz, 288 MHz]", "216 MHz")
    )
    return made


def test_a_place_is_acquired_for_a_run_and_free_again_after_it(place: Workplace, lab: Lab) -> None:
    ran = place.doit("matrix", "lab", **lab.environment)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    (path,) = place.records("lab")
    record = json.loads(path.read_bytes())
    provenance = record["provenance"]
    assert (record["status"], provenance["unit"], provenance["kind"]) == ("ok", PLACE, "virtual")
    assert provenance["timing_model"] == "m7-block-1"
    # Whose simulator it was is not known, and not said to be ours.
    assert provenance["tools"]["vstm32"] == "not known, behind labgrid"
    assert record["flashed"]["probe"] == f"remote:127.0.0.1:{lab.board.description.debug_port}"
    assert lab.has_been_had_by("None")
    boards = place.doit("boards", **lab.environment).stdout
    (row,) = (line for line in boards.splitlines() if line.startswith("lab "))
    assert row.split()[1:] == ["virtual", record["flashed"]["probe"], lab.serial.url, "usable"]
