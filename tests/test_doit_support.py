"""What mcumatrix changes of doit."""

import io

from doit.dependency import Dependency, MD5Checker
from doit.exceptions import TaskFailed, UnmetDependency
from doit.task import Task

from mcumatrix.doit_support import NoDatabase, Reporter


def _task(name: str, **attributes: object) -> Task:
    return Task(name, [lambda: None], **attributes)


def test_what_a_task_says_itself_decides_whether_it_is_up_to_date() -> None:
    manager = Dependency(NoDatabase, "unused", checker_cls=MD5Checker)
    assert manager.get_status(_task("done", uptodate=[True]), {}).status == "up-to-date"
    assert manager.get_status(_task("open", uptodate=[False]), {}).status == "run"


def test_nothing_is_written_to_disk(tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.chdir(tmp_path)
    manager = Dependency(NoDatabase, ".doit.db", checker_cls=MD5Checker)
    manager.save_success(_task("done"))
    manager.close()
    assert list(tmp_path.iterdir()) == []


def test_a_run_remembers_values_until_it_ends() -> None:
    backend = NoDatabase("unused")
    backend.set("task", "key", 1)
    assert (backend.in_("task"), backend.get("task", "key"), backend.get("other", "key")) == (True, 1, None)
    backend.remove("task")
    assert not backend.in_("task")
    backend.set("task", "key", 1)
    backend.remove_all()
    assert not backend.in_("task")


def _said(task: Task, failure: TaskFailed | UnmetDependency | None = None, *, is_started: bool = True) -> str:
    stream = io.StringIO()
    reporter = Reporter(stream, {})
    if is_started:
        reporter.execute_task(task)
    if failure is None:
        reporter.add_success(task)
    else:
        reporter.add_failure(task, failure)
    reporter.complete_run()
    return stream.getvalue()


def test_a_task_that_did_something_has_one_line_with_its_result_and_time() -> None:
    task = _task("run:variant")
    task.values = {"said": "92.520 ms, correct"}
    assert _said(task) == "run:variant  92.520 ms, correct  [0.0 s]\n"


def test_a_failure_is_said_with_its_whole_message() -> None:
    assert _said(_task("build:variant"), TaskFailed("cmake failed:\nerror")) == (
        "build:variant  FAILED: cmake failed:\nerror  [0.0 s]\n"
    )


def test_control_sequences_of_a_board_are_shown_and_not_sent() -> None:
    sentence = "the board says \x1b]0;title\x07\x1b[2J"
    shown = r"the board says \x1b]0;title\x07\x1b[2J"
    task = _task("run:variant")
    task.values = {"said": sentence}
    assert _said(task) == f"run:variant  {shown}  [0.0 s]\n"
    assert _said(task, TaskFailed(sentence)) == f"run:variant  FAILED: {shown}  [0.0 s]\n"


def test_what_could_not_be_tried_is_said_so() -> None:
    said = _said(_task("run:variant"), UnmetDependency("build:variant"), is_started=False)
    assert said == "run:variant  not tried: what it needs failed\n"


def test_what_is_up_to_date_is_not_mentioned() -> None:
    stream = io.StringIO()
    Reporter(stream, {}).skip_uptodate(_task("build:variant"))
    assert stream.getvalue() == ""
