"""Event counts: what a board says that its core counted within layers."""

from collections.abc import Sequence

from mcumatrix import wire
from mcumatrix.errors import RUN_AGAIN, FirmwareError, ParseError
from mcumatrix.model.event_counts import (
    MAX_INFERENCES,
    CountedInference,
    CountedLayer,
    EventCounts,
)


def event_counts_in(exchanges: Sequence[wire.Exchange]) -> EventCounts | None:
    """The event counts in a log; None where they were not asked.

    Raises:
        FirmwareError: the board did not count.
        ParseError: an answer is not whole, not true to itself, or not in its place.
    """
    asked = [exchange for exchange in exchanges if exchange.command == wire.CountEvents.number]
    if not asked:
        return None
    if len(asked) > MAX_INFERENCES:
        raise ParseError(f"events were counted in {len(asked)} inferences, and {MAX_INFERENCES} are the most")
    for index, exchange in enumerate(asked):
        if exchange.nonce != asked[0].nonce + index:
            raise ParseError(
                f"answer {index + 1} with event counts is missing or not in its place", hint=RUN_AGAIN
            )
    controls, inferences = zip(*map(_answer, asked), strict=True)
    if len(set(controls)) != 1:
        raise ParseError(
            "the answers with event counts contradict each other: DWT_CTRL changed", hint=RUN_AGAIN
        )
    return EventCounts(controls[0], tuple(one for one in inferences if one))


def _answer(exchange: wire.Exchange) -> tuple[int, CountedInference | None]:
    if not exchange.ok:
        raise FirmwareError("the firmware could not count events, and did not say why", hint=RUN_AGAIN)
    counting, inferred = exchange.of(wire.Counting), exchange.of(wire.Inferred)
    counted = exchange.of(wire.Counted)
    if len(counting) != 1:
        raise _contradiction("it does not say how")
    control = counting[0].dwt_ctrl
    if not EventCounts(control).has_counters:
        if counted or inferred:
            raise _contradiction("the core has no event counters, and there are counts")
        return control, None
    if len(inferred) != 1 or [one.layer for one in counted] != list(range(len(counted))) or not counted:
        raise _contradiction("it is not whole")
    layers = tuple(
        CountedLayer(
            interrupts=one.interrupts,
            longest_cycles=one.longest_cycles,
            cycles=one.cycles,
            cpi=one.cpi,
            exceptions=one.exceptions,
            sleep=one.sleep,
            load_store=one.load_store,
            folded=one.folded,
        )
        for one in counted
    )
    return control, CountedInference(counting[0].period_cycles, layers, inferred[0].output_crc32)


def _contradiction(why: str) -> ParseError:
    return ParseError(f"an answer with event counts contradicts itself: {why}", hint=RUN_AGAIN)
