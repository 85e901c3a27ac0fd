"""What mcumatrix changes of doit: where state is kept, and what a run looks like on a terminal."""

from typing import Any

from doit.exceptions import BaseFail, TaskFailed, UnmetDependency
from doit.reporter import ConsoleReporter
from doit.task import Task

from mcumatrix.progress.display import Display, Lines
from mcumatrix.progress.tally import Ended


class NoDatabase:
    """A doit backend that forgets everything when the process ends.

    All that is made carries a manifest with the fingerprint of its inputs and the hashes of its files, and
    tasks look at that (`uptodate`). A database beside it could only disagree: doit writes its own at exit,
    so a killed run would lose it, and two runs at once would overwrite each other's.
    """

    desc = "keeps nothing: what is made says itself what it was made from"

    def __init__(self, name: str, *_: object, **__: object) -> None:
        self.name = name
        self._tasks: dict[str, dict[str, Any]] = {}

    def get(self, task_id: str, dependency: str) -> Any:
        return self._tasks.get(task_id, {}).get(dependency)

    def set(self, task_id: str, dependency: str, value: Any) -> None:
        self._tasks.setdefault(task_id, {})[dependency] = value

    def in_(self, task_id: str) -> bool:
        return task_id in self._tasks

    def dump(self) -> None:
        pass

    def remove(self, task_id: str) -> None:
        self._tasks.pop(task_id, None)

    def remove_all(self) -> None:
        self._tasks.clear()


class TaskBlocked(TaskFailed):  # type: ignore[misc]
    """What a task returns that lacks nothing but a place where it can be done."""


class Reporter(ConsoleReporter):  # type: ignore[misc]
    """Tells a display which tasks are begun and how they end; by itself, it has a line for each."""

    desc = "one line per task that was executed"

    def __init__(self, outstream: Any, options: dict[str, Any], display: Display | None = None) -> None:
        super().__init__(outstream, options)
        self._display = display or Lines(self._write_line, self._write_line)

    def execute_task(self, task: Task) -> None:
        if task.actions:
            self._display.begun(task.name)

    def skip_uptodate(self, task: Task) -> None:
        pass

    def skip_ignore(self, task: Task) -> None:
        pass

    def add_success(self, task: Task) -> None:
        if task.actions:
            self._display.ended(task.name, Ended.DONE, task.values.get("said", ""))

    def add_failure(self, task: Task, fail: BaseFail) -> None:
        if isinstance(fail, UnmetDependency):
            self._display.ended(task.name, Ended.FAILED, "not tried: what it needs failed")
        elif isinstance(fail, TaskBlocked):
            self._display.ended(task.name, Ended.BLOCKED, f"BLOCKED: {fail.get_msg().rstrip()}")
        else:
            self._display.ended(task.name, Ended.FAILED, f"FAILED: {fail.get_msg().rstrip()}")

    def cleanup_error(self, exception: BaseFail) -> None:
        self._display(exception.get_msg().rstrip())

    def complete_run(self) -> None:
        pass

    def _write_line(self, said: str) -> None:
        self.write(f"{said}\n")
        self.outstream.flush()


DOIT_CONFIG = {
    "backend": "none",
    "reporter": "lines",
    "default_tasks": ["report"],
    # `doit list` lists what there is to choose from.
    "subtasks": True,
}
"""doit's own settings, for `dodo.py` too; it finds the two by the entry points of this package."""
