"""Commands that are forked for these tests do as those that are started."""

import subprocess

import pytest

from e2e.conftest import Workplace
from support.forked import run


def _started(workplace: Workplace, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        workplace.command(*arguments),
        cwd=workplace.root,
        env=workplace.environment(),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("arguments", [("plan", "two"), ("matrix", "tow")])
def test_what_is_said_and_the_exit_code_are_the_same(
    workplace: Workplace, arguments: tuple[str, ...]
) -> None:
    forked, started = workplace.doit(*arguments), _started(workplace, *arguments)
    assert (forked.returncode, forked.stdout, forked.stderr) == (
        started.returncode,
        started.stdout,
        started.stderr,
    )
    assert started.stdout or started.stderr


def test_one_that_hangs_is_ended_and_the_next_is_done(workplace: Workplace) -> None:
    """It waits for the folder of the project, which another has."""
    with subprocess.Popen(
        ["flock", workplace.root / "build" / "lock", "sh", "-c", "echo; read line"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout
        holder.stdout.readline()
        command, variables = workplace.command("matrix", "two"), workplace.environment()
        with pytest.raises(subprocess.TimeoutExpired):
            run(command, cwd=workplace.root, env=variables, limit_s=2)
        holder.communicate(b"\n")
    assert workplace.doit("plan", "two").returncode == 0
