"""What a person is shown while work goes on: lines in a log, a view on a terminal, or failures alone."""

import io
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Barrier, BrokenBarrierError, Thread

import pytest
from rich.console import Console
from rich.live import Live

from mcumatrix import registry
from mcumatrix.progress.display import Display, Lines, Quiet
from mcumatrix.progress.history import read_took, write_took
from mcumatrix.progress.live import FEW_TASKS, LiveView, View
from mcumatrix.progress.tally import AtWork, Ended, Snapshot, Transfer
from mcumatrix.progress.words import counts, line, rounded_time

HOSTILE = "\x1b]0;title\x07\x1b[2J[bold red]:smile:[/]"
SHOWN = r"\x1b]0;title\x07\x1b[2J[bold red]:smile:[/]"


class Clock:
    """Time that a test makes go by."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def said() -> list[str]:
    return []


def _at_work(count: int) -> Snapshot:
    tasks = tuple(AtWork(f"run:v{number}", f"board-{number}", 10 + number, 40.0) for number in range(count))
    return Snapshot(3, 1, 0, 60, tasks, (), 185.0)


def test_counts_leave_out_what_there_is_none_of() -> None:
    assert counts(Snapshot(done=4)) == "4 of 4 done"
    assert counts(Snapshot(1, 2, 3, 4_000, (AtWork("a", "", 1),), (), 8_000)) == (
        "1 of 4,007 done, 2 failed, 3 blocked, 1 at work, 4,000 left, about 2 h 13 min to go"
    )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (8, "8 s"), (99.4, "99 s"), (100, "2 min"), (5_000, "83 min"), (7_800, "2 h 10 min")],
)
def test_a_time_is_as_exact_as_one_is_interested_in_it(seconds: float, words: str) -> None:
    assert rounded_time(seconds) == words


def test_a_line_has_all_facts_and_names_what_is_at_work_longest() -> None:
    assert line(_at_work(5)) == (
        "3 of 69 done, 1 failed, 5 at work, 60 left, about 3 min to go; run:v4 on board-4 for 14 s of about "
        "40 s, run:v3 on board-3 for 13 s of about 40 s, run:v2 on board-2 for 12 s of about 40 s, and 2 more"
    )
    transfers = (Transfer("fetch", "a.zip", 12_000_000, 96_500_000), Transfer("unpack", "b", 5_000_000, None))
    assert line(Snapshot(transfers=transfers)) == (
        "0 of 0 done; fetch a.zip 12.0 of 96.5 MB (12 %), unpack b 5.0 MB"
    )


def test_a_log_has_a_line_for_each_task_and_how_far_all_is(said: list[str], clock: Clock) -> None:
    display = Lines(said.append, said.append, clock)
    display.expect(["build:a", "run:a"])
    display.say_how_far()
    assert said == [], "nothing is at work"
    display.begun("build:a")
    clock.now_s = 2.0
    display.ended("build:a", Ended.DONE, "done")
    display.begun("run:a")
    display.placed("run:a", "board-1")
    clock.now_s = 7.0
    display.say_how_far()
    display.ended("run:a", Ended.FAILED, f"FAILED: {HOSTILE}\nsecond line")
    assert said == [
        "build:a  done  [2.0 s]",
        "1 of 2 done, 1 at work; run:a on board-1 for 5 s",
        f"run:a  FAILED: {SHOWN}\nsecond line  [5.0 s]",
    ]


def test_a_log_hears_how_far_it_is_while_nothing_ends(said: list[str]) -> None:
    display = Lines(said.append, said.append, every_s=0.01)
    display.begun("run:a")
    with display.shown(), display.shown():
        _wait_for(lambda: len(said) >= 2)
    assert said[0].startswith("0 of 1 done, 1 at work; run:a for ")
    count = len(said)
    time.sleep(0.05)
    assert len(said) == count, "nothing is said when it is over"


def _wait_for(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_who_wants_quiet_hears_of_failures_and_of_what_has_to_be_waited_for(said: list[str]) -> None:
    display = Quiet(said.append, said.append)
    display.told("builder: local")
    with display.transfer() as transfer:
        transfer.begin("fetch", "model.tflite", 5)
        transfer.note("Once more in 2 s.")
    for task, how in (("run:a", Ended.DONE), ("run:b", Ended.FAILED), ("run:c", Ended.BLOCKED)):
        display.ended(task, how, how.name)
    display(f"Waiting for {HOSTILE}")
    assert said == ["Once more in 2 s.", "run:b  FAILED", "run:c  BLOCKED", f"Waiting for {SHOWN}"]


def _recorded(width: int = 100, height: int = 30) -> Console:
    return Console(
        file=io.StringIO(),
        width=width,
        height=height,
        force_terminal=True,
        record=True,
        highlight=False,
        markup=False,
        emoji=False,
        color_system=None,
    )


def _drawn(snapshot: Snapshot, width: int = 100, height: int = 30) -> list[str]:
    console = _recorded(width, height)
    console.print(View(lambda: snapshot))
    return [text.rstrip() for text in console.export_text().splitlines()]


def test_the_view_shows_what_is_at_work_where_and_how_far_all_is() -> None:
    *tasks, last = _drawn(_at_work(2))
    assert tasks == ["run:v1  board-1  11 s of about 40 s", "run:v0  board-0  10 s of about 40 s"]
    bar, numbers = last.split(maxsplit=1)
    assert (bar, numbers) == ("━━", "3 of 66 done, 1 failed, 2 at work, 60 left, about 3 min to go")
    assert _drawn(Snapshot()) == []


def test_with_ten_thousand_variants_on_a_thousand_boards_the_view_fits_the_terminal() -> None:
    many = Snapshot(4_000, 12, 0, 4_988, _at_work(1_000).at_work, (), 5_000.0)
    for height in (4, 10, 24, 60):
        drawn = _drawn(many, height=height)
        assert len(drawn) <= max(height, 4)
        assert drawn[-1].endswith(counts(many))
    assert "and 988 more at work" in _drawn(many)
    assert all(len(text) <= 40 for text in _drawn(many, width=40))


def test_names_of_others_are_shown_as_they_are_and_control_no_terminal() -> None:
    drawn = _drawn(
        Snapshot(at_work=(AtWork("run:a", HOSTILE, 1),), transfers=(Transfer("fetch", HOSTILE, 1, 2),))
    )
    assert drawn[0] == f"run:a  {SHOWN}  1 s"
    assert drawn[1] == f"fetch {SHOWN} 0.0 of 0.0 MB (50 %)"


def test_lines_go_by_above_the_view_and_the_view_goes_when_it_is_over(clock: Clock) -> None:
    console = _recorded()
    view = LiveView(console, clock)
    with view.shown(), view.shown():
        view.expect(["run:a", "run:b"])
        view.begun("run:a")
        view.ended("run:a", Ended.FAILED, f"FAILED: {HOSTILE}")
        view(f"Waiting for {HOSTILE}")
        view.told("a long line " * 20)
    text = console.export_text()
    assert f"run:a  FAILED: {SHOWN}  [0.0 s]\n" in text
    assert f"Waiting for {SHOWN}\n" in text
    assert "a long line " * 20 in text, "it is not cut"
    assert "\x1b]0" not in text
    assert "\x07" not in text


@pytest.mark.parametrize(("tasks", "lines"), [(FEW_TASKS, 2), (FEW_TASKS + 1, 1)])
def test_with_many_tasks_only_failures_have_lines(tasks: int, lines: int, clock: Clock) -> None:
    console = _recorded()
    view = LiveView(console, clock)
    view.expect(f"run:{number}" for number in range(tasks))
    view.ended("run:0", Ended.DONE, "done")
    view.ended("run:1", Ended.FAILED, "FAILED")
    assert len(console.export_text().splitlines()) == lines


def test_a_download_is_shown_in_the_display_of_who_hears_its_lines(said: list[str]) -> None:
    display = Lines(said.append, said.append)
    with registry.sources.shown_progress(display) as progress:
        progress.begin("fetch", "model.tflite", 10_000_000)
        progress.advance(4_000_000)
        assert display.snapshot().transfers == (Transfer("fetch", "model.tflite", 4_000_000, 10_000_000),)
    assert display.snapshot() == Snapshot()
    with registry.sources.shown_progress(said.append) as progress:
        progress.begin("unpack", "model.tflite", None)
        progress.advance(1)
    assert said == ["fetch model.tflite (10.0 MB)", "unpack model.tflite"]


def test_what_tasks_took_is_there_for_the_next_run_and_nothing_depends_on_it(tmp_path: Path) -> None:
    file = tmp_path / "took.json"
    assert read_took(file) == {}
    write_took(file, {"run:a": 1.23456, "run:b": 60.0})
    assert read_took(file) == {"run:a": 1.235, "run:b": 60.0}
    for damaged in (
        b"",
        b"[1]",
        b'{"run:a": "soon"}',
        b'{"run:a": NaN}',
        b'{"run:a": -1}',
        b'{"run:a": 1' + b"0" * 400 + b"}",
        b"\xff",
        b"[" * 99_999,
    ):
        file.write_bytes(damaged)
        assert read_took(file) == {}
    write_took(Path("/proc/nothing/took.json"), {"run:a": 1.0})


def test_a_display_says_nothing_by_itself_of_how_far_it_is(said: list[str]) -> None:
    with Display(said.append, said.append).shown() as display:
        display.begun("run:a")
    assert said == []


def test_a_view_that_two_threads_enter_at_once_is_there_once(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = Barrier(2)
    made: list[object] = []

    class Counted(Live):
        def __init__(self, *arguments: object, **options: object) -> None:
            made.append(self)
            super().__init__(*arguments, **options)

    monkeypatch.setattr("rich.live.Live", Counted)

    class Looked(LiveView):
        """Whoever looks whether it is shown waits for the other one to have looked too."""

        _was_shown = False

        @property
        def _is_shown(self) -> bool:
            was_shown = self._was_shown
            with suppress(BrokenBarrierError):
                both.wait(0.1)
            return was_shown

        @_is_shown.setter
        def _is_shown(self, is_shown: bool) -> None:
            self._was_shown = is_shown

    view = Looked(Console(file=io.StringIO(), force_terminal=True), clock)
    within = Barrier(2)

    def enter() -> None:
        with view.shown():
            within.wait(60)

    threads = [Thread(target=enter) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
