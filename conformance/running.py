"""A whole comparison: random blocks, single instructions against their definitions, the known differences."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from conformance import definitions, driver
from conformance.compare import Difference, differing_runs, parts, reduce, run_both
from conformance.float_instructions import is_in_fpv4
from conformance.generator import Generator
from conformance.known import Known
from conformance.qemu import Qemu
from conformance.virtual_core import VirtualCore
from vstm32.chips import DEFAULT_CHIP, find_chip


@dataclass(frozen=True, slots=True)
class Bench:
    """Both implementations, ready to run batches."""

    qemu: Qemu
    core: VirtualCore


@dataclass
class Outcome:
    """What was run and what was found."""

    instructions: int = 0
    blocks: int = 0
    runs: int = 0
    seconds: float = 0.0
    known: Counter[str] = field(default_factory=Counter)
    new: list[tuple[str, Difference]] = field(default_factory=list)
    """The name of what is compared with what, and the difference."""
    gone: list[Known] = field(default_factory=list)

    @property
    def instructions_per_minute(self) -> float:
        """What both have run in a minute of wall-clock time, generating and comparing included."""
        return self.instructions / self.seconds * 60 if self.seconds else 0.0

    def note(self, what: str, difference: Difference, known: tuple[Known, ...]) -> None:
        """Counts a known difference, keeps another one."""
        explanation = next((each for each in known if each.explains(difference)), None)
        if explanation is None:
            self.new.append((what, difference))
        else:
            self.known[explanation.name] += 1


@contextmanager
def bench(chip: str = DEFAULT_CHIP) -> Iterator[Bench]:
    """Compiles the driver and starts both implementations; the virtual board's core is that of a chip."""
    with TemporaryDirectory(prefix="conformance-") as folder:
        built = driver.build(Path(folder))
        of_chip = find_chip(chip)
        qemu = Qemu(built, of_chip.core.model)
        try:
            yield Bench(qemu, VirtualCore(built, of_chip))
        finally:
            qemu.close()


def compare_random(
    on: Bench, known: tuple[Known, ...], *, seed: int, blocks: int | None, seconds: float | None
) -> Outcome:
    """Random blocks on both, until a number of blocks or a time is reached."""
    generator = Generator(seed, doubles=on.core.has_double_precision, fpv5=on.core.has_fpv5)
    outcome = Outcome()
    start = time.monotonic()
    while (blocks is None or outcome.blocks < blocks) and (
        seconds is None or time.monotonic() - start < seconds
    ):
        batch = generator.batch()
        reference, tested = run_both(on.qemu, on.core, batch)
        reduced: set[int] = set()
        for block, state in differing_runs(batch, reference, tested):
            # The other states of the same block differ for the same reason nearly always.
            if block not in reduced:
                reduced.add(block)
                difference = reduce(on.qemu, on.core, batch, block, state)
                outcome.note("QEMU and the virtual board", difference, known)
        outcome.instructions += batch.instructions
        outcome.blocks += len(batch.blocks)
        outcome.runs += batch.runs
        outcome.seconds = time.monotonic() - start
    return outcome


def check_definitions(
    on: Bench, known: tuple[Known, ...], *, seed: int, rounds: int | None, seconds: float | None
) -> Outcome:
    """Single instructions on both, against their definitions; a round has every encoding once."""
    outcome, start = Outcome(), time.monotonic()
    chosen = tuple(each for each in definitions.ENCODINGS if on.core.has_fpv5 or is_in_fpv4(each))
    encodings = len(chosen)
    for batch, instructions in definitions.rounds(seed, chosen):
        reference, tested = run_both(on.qemu, on.core, batch)
        for name, results in ((on.qemu.name, reference), (on.core.name, tested)):
            for difference in definitions.check(results, batch, instructions):
                outcome.note(f"the definition and {name}", difference, known if name == on.core.name else ())
        outcome.instructions += batch.instructions
        outcome.blocks += len(batch.blocks)
        outcome.runs += batch.runs
        outcome.seconds = time.monotonic() - start
        if rounds is not None and outcome.blocks >= rounds * encodings:
            break
        if seconds is not None and outcome.seconds >= seconds:
            break
    return outcome


def find_gone(on: Bench, known: tuple[Known, ...]) -> list[Known]:
    """The known differences whose case shows no difference any more."""
    gone = []
    for each in known:
        batch = each.case()
        reference, tested = (batch.result(results, 0, 0) for results in run_both(on.qemu, on.core, batch))
        if not parts(reference, tested):
            gone.append(each)
    return gone
