"""Boards and imported maps as text for a terminal."""

from dataclasses import replace
from pathlib import Path

from mcumatrix.matrix.hardware_map import FoundBoard, LeftOut, Outcome
from mcumatrix.model.attached import Attached, AttachedPort, AttachedProbe, RunningVirtualBoard
from mcumatrix.model.catalogue import Board, BoardKind, Unit
from mcumatrix.model.variant import Matrix
from mcumatrix.report.content.boards import board_parts, import_parts
from mcumatrix.report.content.findings.finding import Check, Finding
from mcumatrix.report.content.report import Failure, make_report
from mcumatrix.report.content.tables import number_cases
from mcumatrix.report.render.terminal import parts_text, report_text
from mcumatrix.stages.match import match
from support.variants import a_variant

BOARDS = [
    Board("bench", BoardKind.REAL, "stm32f746g_disco", units=(Unit("066BFF30", "/dev/ttyUSB0"),)),
    Board(
        "lab", BoardKind.REAL, "stm32f746g_disco", units=(Unit("", "/dev/ttyACM0"), Unit("066C", "loop://"))
    ),
    Board("virtual-f746", BoardKind.VIRTUAL, "stm32f746g_disco", units=(Unit(), Unit())),
]

EVERYTHING = """\
debug probe  name          board
066BFF30     STM32 STLink  bench, lab
unknown                    Access denied

serial port                                name   board
/dev/ttyUSB0 = /dev/serial/by-id/usb-FTDI  FT232  bench
/dev/ttyUSB1                                      none

running virtual board  debug probe  serial port  process
quickstart             VB00         /dev/pts/3   4711

board         kind     debug probe  serial port   state
bench         real     066BFF30     /dev/ttyUSB0  usable
lab           real     066BFF30     /dev/ttyACM0  not usable: its serial port /dev/ttyACM0 is not there; \
there: /dev/ttyUSB0, /dev/ttyUSB1
lab           real     066C         loop://       not usable: its probe 066C is not attached; \
attached: 066BFF30; Access denied
virtual-f746  virtual  its own      its own       usable, 2 at once"""

NOTHING = """\
No debug probe is attached.

There is no serial port.

No virtual board runs.

board  kind  debug probe  serial port   state
bench  real  066BFF30     /dev/ttyUSB0  not usable: its probe 066BFF30 is not attached; attached: none; \
its serial port /dev/ttyUSB0 is not there; there: none"""


def test_findings_and_failures_have_their_lines_and_nothing_that_acts_on_a_terminal() -> None:
    variants = (a_variant(),)
    report = replace(
        make_report(Matrix("lines", "", (), variants), number_cases(variants, [None])),
        findings=(Finding(Check.SUM, "Two lines:\n  and a bell \a."),),
        failures=(Failure("[1]", "slug", "a.c:1: error\na.c:2: note \x1b[31m"),),
    )
    text = report_text(report)
    assert "\n\nFinding: Two lines:\n  and a bell \\x07.\n\n" in text
    assert "\n[1] slug: a.c:1: error\na.c:2: note \\x1b[31m\n" in text


def test_what_is_attached_is_shown_with_the_boards_that_use_it_and_why_others_cannot_be_used() -> None:
    attached = Attached(
        (AttachedProbe("066BFF30", "STM32 STLink"), AttachedProbe("", "", "Access denied")),
        (AttachedPort("/dev/ttyUSB0", "/dev/serial/by-id/usb-FTDI", "FT232"), AttachedPort("/dev/ttyUSB1")),
        (RunningVirtualBoard("VB00", "quickstart", "/dev/pts/3", 4711),),
    )
    assert parts_text(board_parts(attached, match(BOARDS, attached))) == EVERYTHING


def test_where_nothing_is_attached_that_is_said() -> None:
    assert parts_text(board_parts(Attached(), match(BOARDS[:1], Attached()))) == NOTHING


FOUND = FoundBoard("f746", "...", (Unit("066B", "/dev/a"),), 'units:\n  - probe: "066B"\n')
TWO = FoundBoard("two", "...", (Unit("066B", "/dev/a"), Unit("066C", "/dev/b")), "units:\n")

IMPORTED = """\
matrix/boards/two.yaml: written, with 2 units.

matrix/boards/f746.yaml: there already, with 1 unit of the map.

matrix/boards/f746.yaml: not written, because the file is there and has other contents. Put this into it, \
in place of its probe, serial_port and units, or move it away and import the map again:
units:
  - probe: "066B"

left out     entry   because
map.yml:7:3  J-Link  it has no serial"""


def test_a_map_is_imported_with_a_word_about_each_board_and_each_entry_that_was_left_out() -> None:
    path = Path("matrix/boards/f746.yaml")
    outcomes = [
        (TWO, Path("matrix/boards/two.yaml"), Outcome.WRITTEN),
        (FOUND, path, Outcome.THERE),
        (FOUND, path, Outcome.OTHER),
    ]
    left_out = [LeftOut("map.yml:7:3", "J-Link", "it has no serial")]
    assert parts_text(import_parts(outcomes, left_out)) == IMPORTED


def test_an_empty_map_is_said_to_be_empty() -> None:
    assert parts_text(import_parts([], [])) == "The map has no entries."
