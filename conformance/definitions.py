"""Single instructions at random, and what they do by their definitions."""

import random
from collections.abc import Iterator

from conformance import float_model, integer_model
from conformance.batch import Batch, State, Unit
from conformance.compare import Difference, parts
from conformance.encoding import Encoding
from conformance.generator import BLOCKS_PER_BATCH, STATES_PER_BATCH, Generator
from conformance.machine import Machine

DEFINITIONS = integer_model.DEFINITIONS | float_model.DEFINITIONS
ENCODINGS = (*integer_model.ENCODINGS, *float_model.ENCODINGS)
_Instruction = tuple[Encoding, dict[str, int]]


def defined(encoding: Encoding, values: dict[str, int], before: State) -> State:
    """The state after an instruction, by its definition."""
    machine = Machine.of(before)
    DEFINITIONS[encoding.name](machine, values)
    return machine.state(before)


def rounds(
    seed: int, encodings: tuple[Encoding, ...] = ENCODINGS
) -> Iterator[tuple[Batch, list[_Instruction]]]:
    """Batches without end; in each run through them, every encoding comes as often as every other."""
    generator, source = Generator(seed), random.Random(seed)
    while True:
        for first in range(0, len(encodings), BLOCKS_PER_BATCH):
            chosen = encodings[first : first + BLOCKS_PER_BATCH]
            instructions = [(encoding, encoding.random_values(source)) for encoding in chosen]
            blocks = tuple((Unit(each.encode(values), 1, each.name),) for each, values in instructions)
            yield Batch(blocks, tuple(generator.state() for _ in range(STATES_PER_BATCH))), instructions


def check(results: bytes, batch: Batch, instructions: list[_Instruction]) -> Iterator[Difference]:
    """What an implementation made otherwise than the definitions have it."""
    for block, (encoding, values) in enumerate(instructions):
        for number, before in enumerate(batch.states):
            expected, seen = defined(encoding, values, before), batch.result(results, block, number)
            if parts(expected, seen):
                yield Difference(batch.blocks[block][0], before, expected, seen)
