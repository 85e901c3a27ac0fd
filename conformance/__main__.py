"""`python -m conformance`: compares the virtual board's core with QEMU, and both with the definitions."""

import argparse
import sys

from conformance.batch import State
from conformance.compare import Difference
from conformance.errors import ConformanceError
from conformance.generator import disassemble
from conformance.known import Known, load
from conformance.qemu import Qemu
from conformance.running import Outcome, bench, check_definitions, compare_random, find_gone
from vstm32.board.options import CHIPS
from vstm32.chips import DEFAULT_CHIP

_SHOWN = 20
_DEFAULT_SECONDS = 20.0


def describe(what: str, difference: Difference) -> str:
    """A difference in lines: the instructions, the state before, and what came out."""
    lines = [f"{what} differ in {difference.unit.label} ({difference.unit.code.hex()}):"]
    lines += [f"    {line}" for line in disassemble(difference.unit.code)]
    lines.append("  from " + _inputs(difference.before))
    lines += [f"  {part}: {one:#010x} and {other:#010x}" for part, (one, other) in difference.parts().items()]
    return "\n".join(lines)


def _inputs(state: State) -> str:
    core = " ".join(f"{value:08x}" for value in state.core)
    floats = " ".join(f"{value:08x}" for value in state.floats)
    return (
        f"APSR {state.apsr:#010x}, FPSCR {state.fpscr:#010x}\n"
        f"    r0-r12 lr {core}\n    s0-s31 {floats}\n    memory {state.memory.hex()}"
    )


def _print(name: str, outcome: Outcome) -> None:
    print(
        f"{name}: {outcome.instructions:,} instructions in {outcome.blocks:,} blocks and "
        f"{outcome.runs:,} runs, {outcome.seconds:.1f} s, "
        f"{outcome.instructions_per_minute / 1e6:.1f} million a minute; "
        f"{sum(outcome.known.values())} known differences, {len(outcome.new)} others"
    )
    for known, count in outcome.known.most_common():
        print(f"  {count} times: {known}")
    for what, difference in outcome.new[:_SHOWN]:
        print(describe(what, difference))
    if len(outcome.new) > _SHOWN:
        print(f"  ... and {len(outcome.new) - _SHOWN} more")


def _explain(known: tuple[Known, ...]) -> None:
    for each in known:
        print(f"{each.name}\n  wrong: {each.wrong}\n  {each.reason}")


def main(arguments: list[str] | None = None) -> int:
    """Runs what the command line asks for; 0 if nothing was found that is not known."""
    parser = argparse.ArgumentParser(prog="python -m conformance", description=__doc__)
    parser.add_argument(
        "--seed", type=int, default=1, help="the same seed makes the same blocks (default: 1)"
    )
    parser.add_argument(
        "--chip",
        choices=CHIPS,
        default=DEFAULT_CHIP,
        help="whose core, and whose FPU, is compared (default: %(default)s)",
    )
    parser.add_argument("--blocks", type=int, help="end after this many random blocks")
    parser.add_argument(
        "--seconds",
        type=float,
        help=f"end after this time (default without --blocks: {_DEFAULT_SECONDS:.0f})",
    )
    parser.add_argument(
        "--rounds", type=int, default=10, help="how often each definition is checked (default: 10)"
    )
    parser.add_argument(
        "--known", action="store_true", help="print the known differences with their reasons, and end"
    )
    given = parser.parse_args(arguments)
    for name in ("blocks", "seconds", "rounds"):
        value = getattr(given, name)
        if value is not None and value < 0:
            parser.error(f"--{name} {value}: a number of at least 0 is needed")
    seconds = _DEFAULT_SECONDS if given.seconds is None and given.blocks is None else given.seconds
    try:
        known = load()
        if given.known:
            _explain(known)
            return 0
        with bench(given.chip) as on:
            print(f"{Qemu.version()} and the virtual board's core, {given.chip}; seed {given.seed}")
            gone = find_gone(on, known)
            checked = check_definitions(on, known, seed=given.seed, rounds=given.rounds, seconds=None)
            _print("Definitions", checked)
            compared = compare_random(on, known, seed=given.seed, blocks=given.blocks, seconds=seconds)
            _print("Random blocks", compared)
    except ConformanceError as error:
        print(error, file=sys.stderr)
        return int(error.exit_code)
    for each in gone:
        print(f"No longer seen, so it is to leave known_differences.toml: {each.name}")
    return 1 if gone or checked.new or compared.new else 0


if __name__ == "__main__":
    sys.exit(main())
