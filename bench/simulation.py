"""A shelf of boards on virtual time: many runs with failures, against the lower bound. Prints JSON.

    .venv/bin/python bench/simulation.py --boards 1000 --runs 100000

Needs SimPy (`pip install --group bench .`). Target: a makespan of at most 1.1 x the lower bound.

What decides is the product's own: the order of runs (`model.schedule.Schedule`), what is tried again and
after which pause (`stages.retry.Retries`), which share a machine has (`matrix.shard`), and the tally of how
far it is (`progress.tally.Tally`). Boards are fakes: each takes the next run in that order when it is free,
as a worker with a board does, is tested before its first run and again after equipment failed on it, is set
aside after as many failed tests in a row as there are attempts, and loses a run when it is unplugged.

The lower bound is what no order can beat: all the time that boards were at work by the number of boards that
stay, or the longest chain of attempts of one run, whichever is more.
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

import simpy

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from mcumatrix.errors import ConsoleError
from mcumatrix.matrix.shard import shares
from mcumatrix.model.record import Record
from mcumatrix.model.schedule import Ordering, Schedule
from mcumatrix.progress.tally import Ended, Tally
from mcumatrix.progress.words import counts
from mcumatrix.stages.retry import Retries
from support.variants import a_record, a_variant

TEST_S = 4.0
"""What the test of a unit takes."""

LOOK_EVERY_S = 60.0
"""How often somebody looks how far it is."""


@dataclass
class Lab:
    """What a simulation has: its clock, its chances, the runs that wait, and what it counts."""

    env: simpy.Environment
    chance: random.Random
    failing: float
    unplugged: float
    retries: Retries
    waiting: deque[tuple[str, int]]
    tally: Tally = field(default_factory=Tally)
    busy_s: float = 0.0
    longest_s: float = 0.0
    decisions: int = 0
    aside: int = 0
    ended: int = 0
    lost: int = 0
    records: int = 0


GOOD = a_record()
BAD = a_record(ConsoleError("no answer"))


def record(is_good: bool, attempt: int) -> Record:
    return replace(GOOD if is_good else BAD, attempt=attempt)


def board(lab: Lab, name: str, cost_s: dict[str, float]) -> Generator[simpy.Event, Any, None]:
    """A unit of a board: takes runs in their order until there are none, or until it is set aside."""
    # One in a hundred boards is bad: half of what is done on it fails.
    failing = 0.5 if lab.chance.random() < 0.01 else lab.failing
    is_fit, failed_tests = False, 0
    while lab.waiting:
        lab.decisions += 1
        if not is_fit:
            yield lab.env.timeout(TEST_S)
            lab.busy_s += TEST_S
            lab.records += 1
            is_fit = lab.chance.random() >= failing
            failed_tests = 0 if is_fit else failed_tests + 1
            if not is_fit:
                pause_s = lab.retries.pause_after_test_s(record(False, failed_tests))
                if pause_s is None:
                    lab.aside += 1
                    return
                yield lab.env.timeout(pause_s)
            continue
        task, attempt = lab.waiting.popleft()
        if attempt == 1:
            lab.tally.begin(task, lab.env.now)
        lab.tally.place(task, name)
        took_s = cost_s[task]
        if lab.chance.random() < lab.unplugged:
            # It is away for ten minutes; the run goes back to those that wait, and nothing is recorded.
            lost_s = took_s * lab.chance.random()
            yield lab.env.timeout(lost_s)
            lab.busy_s += lost_s
            lab.lost += 1
            lab.waiting.appendleft((task, attempt))
            yield lab.env.timeout(600)
            is_fit = False
            continue
        yield lab.env.timeout(took_s)
        lab.busy_s += took_s
        lab.records += 1
        is_good = lab.chance.random() >= failing
        is_fit = is_good
        pause_s = None if is_good else lab.retries.pause_after_s(record(False, attempt))
        if pause_s is not None:
            lab.env.process(later(lab, task, attempt + 1, pause_s))
            continue
        lab.tally.end(task, Ended.DONE if is_good else Ended.FAILED, lab.env.now)
        lab.ended += 1
        lab.longest_s = max(lab.longest_s, attempt * took_s)


def later(lab: Lab, task: str, attempt: int, pause_s: float) -> Generator[simpy.Event, Any, None]:
    """A further attempt comes before what was never tried, once its pause is over."""
    yield lab.env.timeout(pause_s)
    lab.waiting.appendleft((task, attempt))


def watched(lab: Lab, runs: int) -> Generator[simpy.Event, Any, None]:
    while lab.ended < runs:
        counts(lab.tally.snapshot(lab.env.now))
        yield lab.env.timeout(LOOK_EVERY_S)


def simulated(asked: argparse.Namespace) -> dict[str, object]:
    per_variant = 10
    chance = random.Random(asked.seed)
    variants = [a_variant(f"v{number}") for number in range(asked.runs // per_variant)]
    begun = time.perf_counter()
    ours = [variant.slug for variant in shares(variants, 1)[0]]
    (order,) = Schedule(per_variant, Ordering(asked.order), asked.seed).phases(ours)
    tasks = [f"run:{slug}{slot.suffix}" for slug, slot in order]
    planned_s = time.perf_counter() - begun
    # From two seconds to some minutes, as models and boards differ.
    cost_of = {slug: min(2 + chance.expovariate(1 / 20), 300.0) for slug in ours}
    cost_s = {task: cost_of[slug] for task, (slug, _) in zip(tasks, order, strict=True)}
    env = simpy.Environment()
    waiting = deque((task, 1) for task in tasks)
    lab = Lab(env, chance, asked.failing, asked.unplugged, Retries(), waiting)
    lab.tally.expect(tasks)
    boards = [env.process(board(lab, f"board-{number}", cost_s)) for number in range(asked.boards)]
    env.process(watched(lab, len(tasks)))
    begun = time.perf_counter()
    while lab.ended < len(tasks) and env.peek() < float("inf"):
        env.step()
        # A pause may outlast the last board: whoever is free takes what comes back.
        if lab.waiting and not any(one.is_alive for one in boards):
            boards = [env.process(board(lab, "board-again", cost_s))]
    took_s = time.perf_counter() - begun
    bound_s = max(lab.busy_s / (asked.boards - lab.aside), lab.longest_s)
    return {
        "boards": asked.boards,
        "runs": len(tasks),
        "records": lab.records,
        "set_aside": lab.aside,
        "unplugged": lab.lost,
        "ended": lab.ended,
        "makespan_h": round(env.now / 3600, 3),
        "lower_bound_h": round(bound_s / 3600, 3),
        "ratio": round(env.now / bound_s, 3),
        "planned_s": round(planned_s, 2),
        "simulated_s": round(took_s, 1),
        "decisions_per_s": round(lab.decisions / took_s),
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
    parser.add_argument("--seed", type=int, default=1)
    found = simulated(parser.parse_args())
    assert found["ended"] == found["runs"], found
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
