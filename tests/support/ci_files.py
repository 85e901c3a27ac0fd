"""What a CI service does with its file, as far as that goes without it: the steps, in their order."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

NOT_HERE = {
    # Of the machines of the services; an installation is that of the tests.
    "apt-get": 'echo "apt-get $*" >> "$CALLS"',
    "pip": 'echo "pip $*" >> "$CALLS"',
    "curl": 'echo "curl $*" >> "$CALLS"',
}
"""Programs that reach out of the machine. Each says what it was called with, and does no more."""


@dataclass(frozen=True)
class Step:
    """Something that a service does: runs a script of bash, or puts the kept folder `build` in its place."""

    script: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    restores: bool = False
    always: bool = False
    """Whether it is done after another has failed too."""


@dataclass(frozen=True)
class Ran:
    """What came of all steps: the exit code of the first that failed, or 0."""

    code: int
    output: str
    calls: str


def read(text: str) -> Any:
    """A YAML file. GitHub's `on` stays a text, as YAML 1.2 has it."""
    return YAML(typ="safe").load(text)


def github_steps(
    steps: list[dict[str, Any]], values: Mapping[str, str], shared: Mapping[str, str]
) -> Iterator[Step]:
    """The steps of a job or of a composite action, for a pull request.

    `values` has what expressions stand for, and `shared` the variables of all steps. Raises KeyError for an
    expression that is not in it.
    """

    def filled(text: str) -> str:
        return re.sub(r"\$\{\{ *(.*?) *\}\}", lambda found: values[found[1]], text)

    for step in steps:
        condition = str(step.get("if", ""))
        environment = {name: filled(str(value)) for name, value in step.get("env", {}).items()}
        if str(step.get("uses", "")).startswith("actions/cache@"):
            yield Step(restores=True)
        elif "run" in step:
            yield Step(filled(step["run"]), {**shared, **environment}, always="cancelled()" in condition)


def gitlab_steps(job: Mapping[str, Any], shared: Mapping[str, str]) -> Iterator[Step]:
    """The job's two lists are one script for its runner, and the cache is there before."""
    yield Step(restores=True)
    yield Step("\n".join([*job["before_script"], *job["script"]]), shared)


def circleci_steps(job: Mapping[str, Any], shared: Mapping[str, str]) -> Iterator[Step]:
    """The steps of a job."""
    for step in job["steps"]:
        if step == "checkout":
            continue
        ((kind, what),) = step.items()
        if kind == "restore_cache":
            yield Step(restores=True)
        elif kind == "run":
            yield Step(what["command"], {**shared, **job["environment"]}, always=what.get("when") == "always")


def run_steps(
    steps: Iterator[Step], project: Path, kept: Path, programs: Path, stand_ins: Mapping[str, str]
) -> Ran:
    """Does them in a project's folder. `kept` is the folder that a cache has; `programs` takes those of
    `NOT_HERE` and further ones."""
    calls = programs / "calls.txt"
    calls.write_text("")
    for name, text in {**NOT_HERE, **stand_ins}.items():
        program = programs / name
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)
    path = os.pathsep.join((str(programs), str(Path(sys.executable).parent), os.environ["PATH"]))
    code, output = 0, ""
    for step in steps:
        if step.restores and kept.is_dir():
            shutil.copytree(kept, project / "build", symlinks=True)
        elif step.script and (code == 0 or step.always):
            # As all three begin a script of bash.
            ran = subprocess.run(
                ["bash", "-eo", "pipefail", "-c", step.script],
                cwd=project,
                env=os.environ
                | {"PATH": path, "CALLS": str(calls), "HOME": str(programs)}
                | dict(step.environment),
                capture_output=True,
                text=True,
                check=False,
                timeout=300,
            )
            output += ran.stdout + ran.stderr
            code = code or ran.returncode
    return Ran(code, output, calls.read_text())
