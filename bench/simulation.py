"""A shelf of boards on virtual time: many runs with failures, against the lower bound. Prints JSON.

    .venv/bin/python bench/simulation.py --boards 1000 --runs 100000

Needs SimPy (`pip install --group bench .`). Target: a makespan of at most 1.1 x the lower bound.

What decides is the product's own: the order and the phases of runs (`model.schedule.Schedule`), which share
a machine has (`matrix.shard`), how many runs are under way at a time (`executors.cluster.runs.side_by_side`),
who gets which unit and what was set aside (`adapters.boards.units.Shelf`), what is run on it, a test or what
was wanted (`executors.runs.Choice`, `health.Health`), what comes of that, and what is tried again after which
pause (`running.course_of`, `stages.retry.Retries`), and the tally of how far it is (`progress.tally.Tally`).
Here, the steps of a run take virtual time, and boards are fakes: a run on one takes as long as its variant
does, and fails by chance; one that is unplugged is away for ten minutes, and its run goes to another one, as
a cluster does it. Records are made as ever, and kept in memory.

The lower bound is what no order can beat: all the time that boards were at work by the number of boards, or
the longest chain of attempts of one run, whichever is more.
"""

import argparse
import json
import random
import resource
import sys
import time
from collections import deque
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import simpy

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from mcumatrix.adapters.boards.units import Shelf
from mcumatrix.errors import ConsoleTimeoutError, McuMatrixError
from mcumatrix.executors.cluster.runs import side_by_side
from mcumatrix.health import Health
from mcumatrix.matrix.shard import shares
from mcumatrix.model.record import Record, Status
from mcumatrix.model.schedule import Ordering, Schedule, Slot
from mcumatrix.model.variant import Matrix
from mcumatrix.progress.tally import Ended, Tally
from mcumatrix.progress.words import counts
from mcumatrix.results.store import RecordStore
from mcumatrix.running import Bench, Course, OnUnit, Pause, course_of, task_of
from mcumatrix.stages.run import Ran
from mcumatrix.stages.time_limit import UNLIMITED
from support.benches import FakeJob, a_bench
from support.variants import a_measurement, a_variant

TEST_S = 4.0
"""What the test of a unit takes."""

LOOK_EVERY_S = 60.0
"""How often somebody looks how far it is."""


AWAY_S = 600.0
"""How long a board that was unplugged is away."""

RUNS = 10
"""Of each variant."""

MEASUREMENT = a_measurement()


class KeptInMemory(RecordStore):
    """Counts records; files are what other benchmarks are about."""

    def __init__(self) -> None:
        super().__init__(Path("/nowhere"))
        self.count = 0

    def add(self, record: Record, log: bytes, trace: bytes = b"") -> Record:  # noqa: ARG002
        self.count += 1
        return replace(record, log=f"{self.count}.log")

    def all_of(self, *_: object) -> list[Record]:
        return []


class FakeBoards:
    """What records say of boards: nothing."""

    def get(self, _board: object) -> "FakeBoards":
        return self

    def identity(self) -> dict[str, str]:
        return {}

    def set_aside(self, _unit: str, _reason: str) -> None:
        raise AssertionError


@dataclass
class Lab:
    """What a simulation has: its clock, its chances, its units and who waits for them, and what it counts.

    It is what runs go to as well (`executors.runs.Runs`), as far as units are set aside.
    """

    env: simpy.Environment
    chance: random.Random
    failing: float
    unplugged: float
    shelf: Shelf
    bad: frozenset[str]
    cost_s: dict[str, float]
    waiting: deque[simpy.Event] = field(default_factory=deque)
    tally: Tally = field(default_factory=Tally)
    busy_s: float = 0.0
    longest_s: float = 0.0
    decisions: int = 0
    aside: int = 0
    ended: int = 0
    lost: int = 0

    def set_aside(self, _board: object, unit: str, reason: str) -> None:
        self.aside += 1
        self.shelf.set_aside(unit, reason)
        # All who wait look again: it may have been the last.
        while self.waiting:
            self.waiting.popleft().succeed()

    def taken(self) -> Generator[simpy.Event, Any, str]:
        """A unit that is free, as `Units` gives it. Raises BlockedError."""
        while True:
            if name := next(filter(self.shelf.claim, self.shelf.free()), ""):
                return name
            event = self.env.event()
            self.waiting.append(event)
            yield event

    def given_back(self, unit: str) -> None:
        self.shelf.give_back(unit)
        if self.waiting:
            self.waiting.popleft().succeed()

    def away(self, unit: str) -> Generator[simpy.Event, Any, None]:
        """A unit that was unplugged comes back."""
        yield self.env.timeout(AWAY_S)
        self.given_back(unit)


def steps_of(lab: Lab, step: OnUnit | Pause) -> Generator[simpy.Event, Any, Ran | None]:
    """Takes a step of a run, on virtual time."""
    if isinstance(step, Pause):
        yield lab.env.timeout(step.pause_s)
        return None
    while True:
        unit = yield from lab.taken()
        what = step.choice(unit)
        took_s = TEST_S if what is not step.choice.wanted else lab.cost_s[what.variant.slug]
        is_lost = lab.chance.random() < lab.unplugged
        if is_lost:
            took_s *= lab.chance.random()
        yield lab.env.timeout(took_s)
        lab.busy_s += took_s
        if is_lost:
            # Nobody hears of it: what a cluster has lost is done again, on another unit.
            lab.lost += 1
            lab.env.process(lab.away(unit))
            continue
        failing = 0.5 if unit in lab.bad else lab.failing
        error = ConsoleTimeoutError("no answer") if lab.chance.random() < failing else None
        ran = Ran(what, unit=unit, timing_model="m7-block-1", error=error)
        ran = ran if error else replace(ran, measurement=MEASUREMENT)
        step.ended(ran)
        lab.given_back(unit)
        return ran


def run(lab: Lab, course: Course, task: str) -> Generator[simpy.Event, Any, None]:
    """A run of a variant, as `running.run_variant` goes through it."""
    began_s = lab.env.now
    lab.tally.begin(task, began_s)
    try:
        step = next(course)
        while True:
            lab.decisions += 1
            try:
                answer = yield from steps_of(lab, step)
            except McuMatrixError as error:
                step = course.throw(error)
            else:
                step = course.send(answer)
    except StopIteration as end:
        record: Record = end.value
    is_good = record.status is Status.OK
    lab.tally.end(task, Ended.DONE if is_good else Ended.FAILED, lab.env.now)
    lab.ended += 1
    lab.longest_s = max(lab.longest_s, record.attempt * lab.cost_s[record.variant])


def dispatched(
    lab: Lab, bench: Bench, phases: tuple[tuple[tuple[str, Slot], ...], ...], jobs: dict[str, FakeJob]
) -> Generator[simpy.Event, Any, None]:
    """Begins runs in their order, as many as the product has under way at a time, phase by phase."""
    at_a_time = simpy.Resource(lab.env, side_by_side(len(lab.shelf.units)))

    def one(slug: str, slot: Slot, place: simpy.Event) -> Generator[simpy.Event, Any, None]:
        job: Any = jobs[slug]
        yield from run(lab, course_of(job, slot, bench, UNLIMITED), task_of(job, slot))
        at_a_time.release(place)

    for phase in phases:
        begun = []
        for slug, slot in phase:
            place = at_a_time.request()
            yield place
            begun.append(lab.env.process(one(slug, slot, place)))
        yield lab.env.all_of(begun)


def watched(lab: Lab, runs: int) -> Generator[simpy.Event, Any, None]:
    while lab.ended < runs:
        counts(lab.tally.snapshot(lab.env.now))
        yield lab.env.timeout(LOOK_EVERY_S)


def simulated(asked: argparse.Namespace, patched: pytest.MonkeyPatch) -> dict[str, object]:
    chance = random.Random(asked.seed)
    variants = [a_variant(f"v{number}") for number in range(asked.runs // RUNS)]
    jobs = {variant.slug: FakeJob(variant) for variant in variants}
    board = variants[0].board
    begun = time.perf_counter()
    ours = [variant.slug for variant in shares(variants, 1)[0]]
    references = tuple(ours[: asked.references])
    schedule = Schedule(RUNS, Ordering(asked.order), asked.seed, references)
    phases = schedule.phases(ours)
    tasks = [task_of(jobs[slug], slot) for phase in phases for slug, slot in phase]  # type: ignore[arg-type]
    planned_s = time.perf_counter() - begun
    names = [f"{board.name}-{number}" for number in range(asked.boards)]
    lab = Lab(
        simpy.Environment(),
        chance,
        asked.failing,
        asked.unplugged,
        Shelf(board.name, names),
        # One in a hundred boards is bad: half of what is done on it fails.
        frozenset(name for name in names if chance.random() < 0.01),
        # From two seconds to some minutes, as models and boards differ.
        {slug: min(2 + chance.expovariate(1 / 20), 300.0) for slug in ours},
    )
    lab.tally.expect(tasks)
    test = a_variant("health")
    fakes: Any = FakeBoards()
    runs: Any = lab
    bench = a_bench(Path("/nowhere"), patched, runs, fakes, variant=variants[0], test=test)
    store, tests = KeptInMemory(), KeptInMemory()
    health = Health({board.name: FakeJob(test)}, tests)  # type: ignore[dict-item]
    schedules = Matrix("simulated", "", (), tuple(variants), schedule=schedule)
    bench = replace(bench, matrix=schedules, store=store, health=health, placed=lab.tally.place)
    lab.env.process(watched(lab, len(tasks)))
    all_of_it = lab.env.process(dispatched(lab, bench, phases, jobs))
    begun = time.process_time()
    lab.env.run(all_of_it)
    took_s = time.process_time() - begun
    bound_s = max(lab.busy_s / asked.boards, lab.longest_s)
    return {
        "boards": asked.boards,
        "runs": len(tasks),
        "records": store.count + tests.count,
        "set_aside": lab.aside,
        "unplugged": lab.lost,
        "ended": lab.ended,
        "makespan_h": round(lab.env.now / 3600, 3),
        "lower_bound_h": round(bound_s / 3600, 3),
        "ratio": round(lab.env.now / bound_s, 3),
        "planned_s": round(planned_s, 2),
        "simulated_cpu_s": round(took_s, 1),
        "decisions_per_cpu_s": round(lab.decisions / took_s),
        "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 // 10**6,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--boards", type=int, default=1_000)
    parser.add_argument("--runs", type=int, default=100_000, help="a multiple of 10: runs of a variant")
    parser.add_argument("--failing", type=float, default=0.01, help="what equipment spoils, of all runs")
    parser.add_argument("--unplugged", type=float, default=0.0005, help="runs lost with their board")
    parser.add_argument("--order", choices=[str(one) for one in Ordering], default="round-robin")
    parser.add_argument("--references", type=int, default=0, help="variants that show a drift of the bench")
    parser.add_argument("--seed", type=int, default=1)
    with pytest.MonkeyPatch.context() as patched:
        found = simulated(parser.parse_args(), patched)
    assert found["ended"] == found["runs"], found
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
