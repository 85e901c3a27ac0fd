"""`python -m fuzz TARGET --minutes N`: changes good inputs at random; whatever escapes is a finding."""

import argparse
import sys
import time
from importlib import import_module
from pkgutil import iter_modules

from hypothesis import HealthCheck, Phase, given, seed, settings

from fuzz import targets
from fuzz.mutation import mutated
from fuzz.target import REPOSITORY, Target

NAMES = tuple(sorted(module.name for module in iter_modules(targets.__path__)))
_BATCH = 1000
"""Inputs between two looks at the clock."""


def load(name: str) -> Target:
    """The target in a file of `fuzz/targets`."""
    target: Target = import_module(f"fuzz.targets.{name}").TARGET
    return target


def fuzz(target: Target, inputs: int, start: int) -> int:
    """Tries some inputs; returns how many of them were accepted. The same `start` gives the same inputs.

    Raises:
        Exception: whatever an input caused that is no refusal, the smallest that was found.
    """
    accepted = 0

    @seed(start)
    @settings(
        max_examples=inputs,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(mutated(target.corpus(), target.text))
    def try_one(data: bytes) -> None:
        nonlocal accepted
        try:
            accepted += target.read(data)
        except BaseException as error:
            error.add_note(f"The input: {bytes(data)!r}" if len(data) < 4000 else _kept(target, data))
            raise

    try_one()
    return accepted


def _kept(target: Target, data: bytes) -> str:
    file = REPOSITORY / "build" / "fuzz" / target.name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    return f"The input is in {file}."


def main() -> int:
    """Fuzzes until the time is over; 1 if something was found."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("target", choices=NAMES)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--start", type=int, default=0, help="where the random numbers begin")
    asked = parser.parse_args()
    target, end = load(asked.target), time.monotonic() + 60 * asked.minutes
    batches = accepted = 0
    while not batches or time.monotonic() < end:
        accepted += fuzz(target, _BATCH, asked.start + batches)
        batches += 1
    print(f"{target.name}: {batches * _BATCH:,} inputs, {accepted:,} accepted, nothing found")
    return 0


if __name__ == "__main__":
    sys.exit(main())
