"""Commands of a person's own that switch a board off and on."""

import subprocess
from collections.abc import Callable, Sequence

POWER_CYCLE_TIMEOUT_S = 60.0


def run_power_cycle(command: Sequence[str], say: Callable[[str], None]) -> None:
    """Runs a command line without a shell; what goes wrong with it is said."""
    shown = " ".join(command)
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=POWER_CYCLE_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        say(f"The power cycle `{shown}` did not end within {POWER_CYCLE_TIMEOUT_S:g} s.")
    except OSError as error:
        say(f"The power cycle `{shown}` cannot be started: {error.strerror}.")
    else:
        if done.returncode:
            *_, said = "it said nothing", *done.stdout.decode(errors="replace").split("\n")[:-1]
            say(f"The power cycle `{shown}` ended with {done.returncode}: {said}.")
