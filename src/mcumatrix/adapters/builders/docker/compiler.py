"""Which compiler is in an image, found out in a container of it."""

import shlex

from mcumatrix.adapters.builders.docker.container import Container, Ended, Job
from mcumatrix.adapters.builders.docker.engine import Engine
from mcumatrix.adapters.builders.docker.handover import build_user
from mcumatrix.adapters.builders.docker.limits import Limits
from mcumatrix.adapters.builders.identity import (
    CLANG_SCRIPT,
    QUESTIONS,
    Compiler,
    clang_of,
    combined,
    together,
)
from mcumatrix.adapters.builders.steps import environment
from mcumatrix.errors import ToolError
from mcumatrix.model.catalogue import Toolchain

_SCRIPT = """\
gcc=$(command -v {gcc}) || exit
set -e
echo "driver $(sha256sum <"$gcc")"
echo "number $("$gcc" -dumpfullversion)"
"$gcc" --version | {{ read -r line; echo "version $line"; }}
for question in {questions}; do
  file=$("$gcc" {flags} "$question")
  case $file in /*) echo "$question $(sha256sum <"$file")" ;; esac
done
"""


def examine(
    engine: Engine, image_id: str, toolchain: Toolchain, cpu_flags: tuple[str, ...], limits: Limits
) -> Compiler:
    """Asks the compiler of an image for its version, and hashes its files and its libraries for these flags.

    Raises:
        ToolError: there is none, or it does not work.
    """
    script = _SCRIPT.format(
        gcc=shlex.quote(f"{toolchain.prefix}gcc"),
        questions=shlex.join(QUESTIONS),
        flags=shlex.join(cpu_flags),
    )
    user = "{}:{}".format(*build_user())
    variables = environment(home="/tmp", ccache="/tmp")

    def run(script: str) -> tuple[Ended, str]:
        printed: list[bytes] = []
        ended = Container(engine, Job(image_id, script, (), variables, user, limits)).run(printed.append)
        return ended, b"".join(printed).decode()

    def broken(program: str, ended: Ended) -> ToolError:
        said = f": {ended.report.strip()}" if ended.report.strip() else "."
        return ToolError(
            f"The image of toolchain {toolchain.name} has no {program} that works{said}",
            hint=f"Correct its Dockerfile: {toolchain.dockerfile}",
        )

    ended, printed = run(script)
    answers = dict(line.partition(" ")[::2] for line in printed.splitlines())
    if ended.exit_code != 0 or not {"driver", "number", "version"} <= answers.keys():
        raise broken(f"{toolchain.prefix}gcc", ended)
    files = {name: answers[name].split()[0] for name in QUESTIONS if name in answers}
    gcc = Compiler(answers["version"], answers["number"], combined(answers["driver"].split()[0], files))
    if not toolchain.clang:
        return gcc
    ended, printed = run(CLANG_SCRIPT.format(clang=shlex.quote(toolchain.clang)))
    try:
        clang, _ = clang_of(printed)
    except ValueError as error:
        raise broken(toolchain.clang, ended) from error
    return together(clang, gcc)
