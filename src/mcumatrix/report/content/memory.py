"""The table of memory: the arena by kind, the stack, and what the flash is for."""

from collections.abc import Callable, Iterator, Sequence

from mcumatrix.model.image import FlashPart, Sizes
from mcumatrix.model.memory import WITHIN_PERSISTENT, ArenaKind
from mcumatrix.model.record import Measurement, Record
from mcumatrix.report.content.tables import NO_VALUE, Case, Part, Table
from mcumatrix.report.content.wide import split

NOT_TOLD = "not told"
"""In place of what a runtime does not tell."""

_KINDS = {
    ArenaKind.NON_PERSISTENT: "arena, of one inference",
    ArenaKind.PERSISTENT: "arena, persistent",
    ArenaKind.EVAL_TENSORS: "of these tensors",
    ArenaKind.PERSISTENT_TENSORS: "of these tensors for the application",
    ArenaKind.QUANTIZATION: "of these their quantization",
    ArenaKind.PERSISTENT_BUFFERS: "of these buffers of kernels",
    ArenaKind.VARIABLE_TENSORS: "of these variables",
    ArenaKind.NODES: "of these nodes",
}

_PARTS = {
    FlashPart.KERNELS: "kernels",
    FlashPart.OPTIMISED: "optimised library",
    FlashPart.RUNTIME: "rest of the runtime",
    FlashPart.MODEL: "model",
    FlashPart.APPLICATION: "benchmark",
    FlashPart.C_LIBRARY: "C library",
    FlashPart.OTHER: "alignment",
}


def memory_tables(cases: Sequence[Case]) -> tuple[Part, ...]:
    """Bytes by what they are for; none if no record has them, as in those from before they were measured."""
    told = [case for case in cases if case.record and _tells(case.record)]
    return tuple(Part(heading, _table(part)) for heading, part in split(told) if part)


def _tells(record: Record) -> bool:
    measured = record.measurement is not None and record.measurement.stack is not None
    return measured or (record.image is not None and bool(record.image.sizes.flash_bytes))


def _table(cases: Sequence[Case]) -> Table:
    rows = [*_arena_and_stack(cases), *_flash(cases)]
    return Table(("Bytes", *(case.label for case in cases)), tuple(rows))


def _arena_and_stack(cases: Sequence[Case]) -> Iterator[tuple[str, ...]]:
    measurements = [case.record.measurement if case.record else None for case in cases]

    def row(name: str, value: Callable[[Measurement], int | None]) -> tuple[str, ...]:
        return (name, *(NO_VALUE if one is None else _cell(value(one)) for one in measurements))

    yield row("arena, needed", lambda one: one.arena_bytes)
    for kind, name in _KINDS.items():
        is_part = kind in WITHIN_PERSISTENT
        if not is_part or any(one and one.arena_kinds.get(kind) for one in measurements):
            yield row(name, lambda one, kind=kind: one.arena_kinds.get(kind))  # type: ignore[misc]
    yield row("arena, while it is planned", _planning_bytes)
    yield row("stack, of an inference", lambda one: one.stack.inference_bytes if one.stack else None)
    yield row("stack, deepest since reset", lambda one: one.stack.deepest_bytes if one.stack else None)


def _planning_bytes(measurement: Measurement) -> int | None:
    """What of the arena is neither tensors nor kept: it is needed until tensors have their places."""
    kinds = measurement.arena_kinds
    if ArenaKind.NON_PERSISTENT not in kinds:
        return None
    used_bytes = kinds[ArenaKind.NON_PERSISTENT] + kinds.get(ArenaKind.PERSISTENT, 0)
    return measurement.arena_bytes - used_bytes


def _flash(cases: Sequence[Case]) -> Iterator[tuple[str, ...]]:
    sizes = [case.record.image.sizes if case.record and case.record.image else None for case in cases]

    def row(name: str, value: Callable[[Sizes], int]) -> tuple[str, ...]:
        return (name, *(_cell(value(one)) if one and one.flash_bytes else NO_VALUE for one in sizes))

    for part, name in _PARTS.items():
        if any(one and one.flash_bytes.get(part) for one in sizes):
            yield row(f"flash, {name}", lambda one, part=part: one.flash_bytes.get(part, 0))  # type: ignore[misc]
    yield row("flash, all", lambda one: sum(one.flash_bytes.values()))


def _cell(size_bytes: int | None) -> str:
    return NOT_TOLD if size_bytes is None else str(size_bytes)
