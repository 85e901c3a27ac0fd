"""`python -m conformance.compiled`: runs compiled programs on the virtual board's core and on QEMU, and
compares their states before each block.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from conformance.errors import ConformanceError
from conformance.following import Followed, follow
from conformance.program import build, sources
from conformance.qemu import Qemu
from vstm32.base.chip import CoreModel
from vstm32.chips import DEFAULT_CHIP, chips, find_chip

DEFAULT_INSTRUCTIONS = 1_000_000


def describe(outcome: Followed) -> str:
    """What was compared of a program, in a line, and what differs below it."""
    end = "to its end, memory too" if outcome.ended else "not to its end"
    lines = [f"{outcome.name}: {outcome.instructions:,} instructions in {outcome.blocks:,} blocks, {end}"]
    if outcome.left_out:
        lines[0] += f", {outcome.left_out:,} that only one of them begins"
    if outcome.divergence is not None:
        found = outcome.divergence
        lines.append(
            f"  QEMU and the virtual board differ before block {found.block:,}, at {found.address:#x}:"
        )
        lines += [f"    {part}" for part in found.parts]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Runs what the command line asks for; 0 if nothing differs, 1 if something does."""
    parser = argparse.ArgumentParser(prog="python -m conformance.compiled", description=__doc__)
    parser.add_argument(
        "words", nargs="*", help="programs whose names have all of these words; all if not given"
    )
    parser.add_argument(
        "--instructions",
        type=int,
        default=DEFAULT_INSTRUCTIONS,
        help="of each program at most (default: %(default)s)",
    )
    parser.add_argument(
        "--chip",
        # The programs are compiled for this core, and stand at its second address of flash.
        choices=[name for chip in chips() if chip.core.model is CoreModel.CORTEX_M7 for name in chip.names],
        default=DEFAULT_CHIP,
        help="whose core is compared (default: %(default)s)",
    )
    parser.add_argument("--list", action="store_true", help="print the programs' names, and end")
    given = parser.parse_args(arguments)
    if given.instructions < 1:
        parser.error(f"--instructions {given.instructions}: a number of at least 1 is needed")
    wanted = [each for each in sources() if all(word in each.name.split() for word in given.words)]
    if not wanted:
        parser.error(f"no program's name has {' and '.join(given.words)}; --list prints them")
    if given.list:
        print("\n".join(each.name for each in wanted))
        return 0
    begun, instructions, differ = time.monotonic(), 0, 0
    try:
        print(f"{Qemu.version()} and the virtual board's core, {given.chip}")
        with tempfile.TemporaryDirectory(prefix="conformance-") as folder:
            for source in wanted:
                outcome = follow(build(source, Path(folder)), find_chip(given.chip), given.instructions)
                print(describe(outcome), flush=True)
                instructions += outcome.instructions
                differ += outcome.divergence is not None
    except ConformanceError as error:
        print(error, file=sys.stderr)
        return int(error.exit_code)
    seconds = time.monotonic() - begun
    count = "1 program" if len(wanted) == 1 else f"{len(wanted)} programs"
    print(f"{count}, {instructions:,} instructions, {seconds:.1f} s, {differ} that differ")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
