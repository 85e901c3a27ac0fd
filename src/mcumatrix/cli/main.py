"""The command line `mcumatrix`, made of what `declared.py` says; nothing is imported before it is needed."""

import sys
from collections.abc import Sequence
from functools import partial
from importlib.metadata import version
from typing import Any

import click

from mcumatrix.cli.common import TYPED, code_of
from mcumatrix.cli.completion import complete_names, complete_selection
from mcumatrix.cli.declared import COMMANDS, Command, Kind, Option
from mcumatrix.errors import ExitCode, MatrixError
from mcumatrix.project import Project

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


def main(arguments: Sequence[str] | None = None) -> None:
    """The entry point; ends the process with the command's exit code."""
    sys.exit(run(_group(), sys.argv[1:] if arguments is None else arguments, "mcumatrix"))


def run_command(command: Command, arguments: Sequence[str], program: str) -> int:
    """Does one command as it was typed behind its name; returns its exit code."""
    return run(click_command(command), arguments, f"{program} {command.name}")


def run(command: click.Command, arguments: Sequence[str], typed: str) -> int:
    """Does what was typed behind `typed`; usage that is wrong is said as other errors are."""

    def do() -> int:
        try:
            code = command.main(list(arguments), prog_name=typed, standalone_mode=False)
        except click.exceptions.NoArgsIsHelpError as error:
            print(error.format_message())
            return int(ExitCode.OK)
        except click.UsageError as error:
            where = error.ctx.command_path if error.ctx else typed
            hint = f"`{where} --help` has the options."
            raise MatrixError(error.format_message(), hint=hint) from error
        return int(code or ExitCode.OK)

    program = TYPED.set(typed.partition(" ")[0])
    try:
        return code_of(do)
    except click.Abort:
        return int(ExitCode.INTERRUPTED)
    finally:
        TYPED.reset(program)


def click_command(command: Command) -> click.Command:
    """A command as click has it."""
    names = click.Argument(
        ["names"], nargs=-1, metavar=command.usage, shell_complete=partial(complete_names, command)
    )
    return click.Command(
        command.name,
        context_settings=_CONTEXT,
        params=[*map(_click_option, command.options), names],
        callback=partial(_call, command),
        help=f"{command.purpose[0].upper()}{command.purpose[1:]}.\n\n{command.description}",
        short_help=command.purpose,
        options_metavar="[OPTIONS]" if command.options else "",
    )


def _click_option(option: Option) -> click.Option:
    names = [f"--{option.name}", option.name.replace("-", "_")]
    if option.short:
        names.append(f"-{option.short}")
    kinds: dict[Kind, dict[str, Any]] = {
        Kind.TEXT: {"default": option.default or "", "metavar": "TEXT"},
        Kind.FLAG: {"is_flag": True},
        Kind.TEXTS: {"multiple": True, "metavar": "TEXT"},
        Kind.NUMBER: {"type": int, "default": option.default or 0, "metavar": "N"},
    }
    described = kinds[option.kind]
    if option.name == "select":
        described["shell_complete"] = complete_selection
    return click.Option(names, help=option.help, **described)


def _call(command: Command, names: tuple[str, ...], **options: Any) -> int:
    if command.needs and len(names) != command.takes:
        raise MatrixError(
            f"{command.name} takes {command.needs}, and {len(names)} were given",
            hint=f"As in: {command.example}",
        )
    if len(names) > command.takes:
        raise MatrixError(
            f"{command.name} takes {_at_most(command.takes)}, and has {' '.join(names)!r}",
            hint=f"As in: {command.name} {command.usage}".rstrip(),
        )
    return int(command.function()(Project.here(), options, list(names)))


def _at_most(takes: int) -> str:
    return {0: "no names", 1: "one name"}.get(takes, f"{takes} names")


class _Group(click.Group):
    """Commands in the order in which they are declared."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(self.commands)


def _group() -> click.Group:
    return _Group(
        "mcumatrix",
        context_settings=_CONTEXT,
        commands={command.name: click_command(command) for command in COMMANDS},
        params=[_version_option()],
        help="Declarative build matrices for machine-learning benchmarks on microcontrollers.",
    )


def _version_option() -> click.Option:
    def say(context: click.Context, _option: click.Parameter, given: bool) -> None:
        if given and not context.resilient_parsing:
            print(f"mcumatrix {version('mcumatrix')}")
            context.exit()

    return click.Option(
        ["--version"],
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=say,
        help="Say which version it is",
    )
