"""Counts are those of the layer alone, or none, whatever interrupts add."""

from dataclasses import asdict, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcumatrix.model.event_counts import EventCounts, EventsOfLayer, events_of_layers
from support.event_counts import HAS_NONE, Interrupt, counts_of, events

LAYER = events(38_311, 4_755, 16_218)


@settings(max_examples=25)
@given(
    layer=st.builds(
        events,
        instructions=st.integers(1, 2_000_000),
        cpi=st.integers(0, 500_000),
        load_store=st.integers(0, 900_000),
        sleep=st.integers(0, 300),
        folded=st.integers(0, 1),
    ),
    added=st.builds(Interrupt, instructions=st.integers(10, 60), load_store=st.integers(0, 30)),
)
def test_what_interrupts_add_is_taken_off_to_the_last_event(layer: EventsOfLayer, added: Interrupt) -> None:
    assert events_of_layers(counts_of(layer, added=added)) == (layer,)


def test_a_layer_shorter_than_a_period_is_counted_without_interrupts() -> None:
    layer = events(20, 4, 6)
    counts = counts_of(layer, LAYER)
    assert all(inference.layers[0].interrupts == 0 for inference in counts.inferences)
    assert events_of_layers(counts) == (layer, LAYER)


def test_what_varies_too_much_is_no_count_and_the_others_are_there() -> None:
    # Some 600 interrupts, each of which adds up to 40 cycles of loads and stores that nobody can foresee.
    (found,) = events_of_layers(counts_of(LAYER, added=Interrupt(load_store_varies=40)))
    assert found == replace(LAYER, load_store=None, cpi=None)


def test_a_window_in_which_a_counter_may_have_wrapped_does_not_count() -> None:
    counts = counts_of(LAYER)
    undisturbed, *others = counts.inferences

    def with_longest(longest_cycles: int, which: slice) -> EventCounts:
        changed = [
            replace(one, layers=(replace(one.layers[0], longest_cycles=longest_cycles),))
            for one in others[which]
        ]
        kept = [one for one in others if one not in others[which]]
        return replace(counts, inferences=(undisturbed, *kept, *changed))

    # Two others are a line too; one is none.
    assert events_of_layers(with_longest(256, slice(1))) == (LAYER,)
    (found,) = events_of_layers(with_longest(256, slice(2)))
    nothing = dict.fromkeys(asdict(LAYER))
    assert found == EventsOfLayer(**nothing | {"cycles": LAYER.cycles})


@pytest.mark.parametrize("name", ["cpi", "load_store", "exceptions", "folded", "sleep"])
def test_counts_that_do_not_agree_with_the_undisturbed_ones_are_none(name: str) -> None:
    counts = counts_of(LAYER)
    undisturbed, *others = counts.inferences
    (layer,) = undisturbed.layers
    other = replace(layer, **{name: (getattr(layer, name) + 100) % 256})
    changed = replace(counts, inferences=(replace(undisturbed, layers=(other,)), *others))
    (found,) = events_of_layers(changed)
    assert found.instructions is None
    assert found.cpi is None


def test_a_core_without_counters_has_no_counts() -> None:
    counts = EventCounts(HAS_NONE)
    assert not counts.has_counters
    assert events_of_layers(counts) == ()
