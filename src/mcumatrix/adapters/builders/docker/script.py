"""The steps of a plan as one shell script, and what it reports in the end.

The script is process 1 of its container: nothing in there can end it, and all else ends with it. What the
steps print comes on its standard output; standard error is for its report alone. The report is made with
commands that are built into the shell, because there may be no room for another process.
"""

import shlex
from dataclasses import dataclass

from mcumatrix.adapters.builders.steps import announcement

# Where a container finds the counters of its own limits: versions 1 and 2 of control groups.
_COUNTERS = (
    "/sys/fs/cgroup/memory/memory.oom_control",
    "/sys/fs/cgroup/memory.events",
    "/sys/fs/cgroup/pids/pids.events",
    "/sys/fs/cgroup/pids.events",
)

_REPORT = f"""\
report() {{
  echo "step $step" >&2
  for file in {" ".join(_COUNTERS)}; do
    [ ! -r "$file" ] || while read -r name value; do echo "${{file##*/}}.$name $value"; done <"$file" >&2
  done
}}
trap report EXIT
"""


@dataclass(frozen=True, slots=True)
class Report:
    """How a script ended.

    `step` counts from 0 and is None where it could not report; `killed_for_memory` and `refused_processes`
    count how often the kernel enforced a limit; `rest` is what else the shell had to say.
    """

    step: int | None
    killed_for_memory: int
    refused_processes: int
    rest: str


def script_of(commands: list[list[str]]) -> str:
    """A script for `sh` that executes command lines until one fails, and exits with its status."""
    lines = [_REPORT]
    for number, command in enumerate(commands):
        lines += [
            f"step={number}",
            f"printf %s {shlex.quote(announcement(command))}",
            f"{shlex.join(command)} </dev/null 2>&1 || exit",
        ]
    return "\n".join(lines) + "\n"


def read_report(text: str) -> Report:
    """What a script wrote to standard error."""
    numbers: dict[str, int] = {}
    rest = []
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        if value.isdecimal() and (name == "step" or ".events." in name or ".oom_control." in name):
            numbers[name] = int(value)
        else:
            rest.append(line)
    return Report(
        step=numbers.get("step"),
        killed_for_memory=max(
            numbers.get("memory.oom_control.oom_kill", 0), numbers.get("memory.events.oom_kill", 0)
        ),
        refused_processes=numbers.get("pids.events.max", 0),
        rest="\n".join(rest),
    )
