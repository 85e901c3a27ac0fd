"""The commands of `declared.py` as doit has them, found by the entry points `doit.COMMAND`."""

import sys
from typing import Any, ClassVar

import click
from doit.cmd_base import Command as DoitCommand
from doit.cmd_run import Run
from doit.exceptions import InvalidCommand, InvalidDodoFile, InvalidTask

from mcumatrix.cli.common import say_error
from mcumatrix.cli.declared import COMMANDS, Command
from mcumatrix.cli.main import click_command, run_command
from mcumatrix.errors import MatrixError
from mcumatrix.matrix.suggest import nearest, shown

_OURS = "task_mcumatrix"


class OfDoit(DoitCommand):  # type: ignore[misc]
    """One of our commands. It reads what was typed by itself, and needs no dodo.py."""

    declared: ClassVar[Command]

    def parse_execute(self, in_args: list[str]) -> int:
        # doit takes every argument with a `=` for a variable of its own: a selection too.
        if self.name in sys.argv:
            in_args = sys.argv[sys.argv.index(self.name) + 1 :]
        return run_command(self.declared, in_args, "doit")

    def help(self) -> str:
        """What `doit help NAME` prints: our options, and none of doit's."""
        command = click_command(self.declared)
        return command.get_help(click.Context(command, info_name=f"doit {self.name}"))


def _of_doit(command: Command) -> type[OfDoit]:
    described: dict[str, Any] = {
        "declared": command,
        "name": command.name,
        "doc_purpose": command.purpose,
        "__doc__": command.description,
    }
    return type(command.name, (OfDoit,), described)


globals().update({command.name.replace("-", "_"): _of_doit(command) for command in COMMANDS})


class RunTasks(Run):  # type: ignore[misc]
    """doit's own `run`. In a project of ours, a name that is no task is wrong usage as everywhere else, for
    which doit has exit code 3: that is for results that differ."""

    name = "run"

    def parse_execute(self, in_args: list[str]) -> int:
        try:
            return int(super().parse_execute(in_args))
        except (InvalidCommand, InvalidDodoFile, InvalidTask) as error:
            if _OURS not in getattr(self.loader, "namespace", {}):
                raise
            return say_error(self._wrong_usage(error))

    def _wrong_usage(self, error: Exception) -> MatrixError:
        name = getattr(error, "not_found", None)
        if name is None:
            return MatrixError(" ".join(str(error).split()), hint="`doit list` has the tasks.")
        known = [*(command.name for command in COMMANDS), *(task.name for task in self.task_list)]
        near = nearest(name, known)
        hint = f"Did you mean {near!r}?" if near else "`doit list` has the tasks, `doit help` the commands."
        return MatrixError(f"there is no command and no task {shown(name)}", hint=hint)
