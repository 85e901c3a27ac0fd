"""What can be added to results of what another machine has: never in doubt which result stands."""

from collections.abc import Sequence
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from mcumatrix.results.chain import Link
from mcumatrix.results.merging import Addition, Result, addition, history_addition

INPUTS = "f" * 64


def a_result(
    name: str, outcome: str = "ok 10", inputs: str = INPUTS, run: str = "", sha256: str = ""
) -> Result:
    """One of a variant that its name begins with, as in "a1"; outcomes "failed" may go away."""
    link = Link(1, name, sha256 or name, "")
    is_final = not outcome.startswith("failed")
    return Result(link, Path(name), name[0], inputs, run, is_final, outcome, outcome)


def _names(found: Addition) -> list[str]:
    return [result.link.record for result in found.added]


def test_variants_of_other_machines_are_added_in_their_order() -> None:
    found = addition([a_result("a1")], [a_result("c1"), a_result("b1"), a_result("b2", run=".run2")])
    assert found == Addition((a_result("c1"), a_result("b1"), a_result("b2", run=".run2")))


def test_what_is_there_already_is_not_added_again() -> None:
    assert addition([a_result("a1"), a_result("b1")], [a_result("b1")]) == Addition()


def test_who_knew_all_of_our_results_goes_on_from_there() -> None:
    ours = [a_result("a1"), a_result("b1")]
    theirs = [a_result("a1"), a_result("a2", "ok 12"), a_result("a3", "failed", "e" * 64)]
    assert _names(addition(ours, theirs)) == ["a2", "a3"]


def test_two_results_of_one_run_that_say_the_same_are_both_kept() -> None:
    assert _names(addition([a_result("a1")], [a_result("a2")])) == ["a2"]


def test_two_results_of_one_run_that_differ_are_a_conflict_that_names_both() -> None:
    found = addition([a_result("a1")], [a_result("a2", "ok 11")])
    assert found == Addition(conflicts=("a1 is ok 10, and a2 is ok 11",))


def test_other_runs_of_a_variant_are_kept_side_by_side() -> None:
    found = addition([a_result("a1")], [a_result("a2", "ok 11", run=".run2")])
    assert _names(found) == ["a2"]


def test_results_from_other_inputs_are_a_conflict_where_neither_side_knew_of_the_other() -> None:
    found = addition([a_result("a1")], [a_result("a2", inputs="e" * 64)])
    assert found.conflicts == ("a was made from other inputs on each side: a1 and a2",)


def test_a_result_takes_the_place_of_a_failure_and_a_failure_that_of_no_result() -> None:
    assert _names(addition([a_result("a1", "failed")], [a_result("a2")])) == ["a2"]
    assert addition([a_result("a1")], [a_result("a2", "failed")]) == Addition(
        left_out=("a2 is failed, and a1 is ok 10",)
    )


def test_all_attempts_of_a_run_come_with_its_result() -> None:
    theirs = [a_result("a2", "failed"), a_result("a3", "ok 10")]
    assert _names(addition([a_result("a1")], theirs)) == ["a2", "a3"]


def test_earlier_inputs_never_come_last() -> None:
    old = a_result("a2", inputs="e" * 64)
    found = addition([a_result("a1")], [old, a_result("a3", "failed")])
    assert found.added == ()
    assert found.left_out == ("a3 is failed, and a1 is ok 10", "a2 is of earlier inputs than a1")
    assert _names(addition([a_result("a1")], [old, a_result("a3")])) == ["a2", "a3"]


def test_one_name_with_two_contents_is_a_conflict_in_every_kind_of_folder() -> None:
    sides = [a_result("a1")], [a_result("a1", sha256="other")]
    conflict = ("a1 and a1 have the same name and other contents",)
    assert addition(*sides).conflicts == history_addition(*sides).conflicts == conflict


def test_tests_of_units_are_all_kept_for_none_takes_the_place_of_another() -> None:
    found = history_addition([a_result("a1")], [a_result("a1"), a_result("a2", "failed")])
    assert found == Addition((a_result("a2", "failed"),))


outcomes = st.sampled_from(["ok 10", "ok 11", "failed"])
histories = st.lists(
    st.tuples(st.sampled_from("ab"), outcomes, st.sampled_from("fffe"), st.sampled_from(["", ".run2"])),
    max_size=5,
)


def _history(side: str, made: Sequence[tuple[str, str, str, str]]) -> list[Result]:
    return [
        a_result(f"{variant}{side}{number}", outcome, inputs * 64, run)
        for number, (variant, outcome, inputs, run) in enumerate(made)
    ]


def _standing(results: Sequence[Result]) -> dict[tuple[str, str], str]:
    """What stands for each run of each variant, as whoever reads a chain finds it, failures left out."""
    inputs = {result.variant: result.inputs for result in results}
    last = {
        (result.variant, result.run): result for result in results if result.inputs == inputs[result.variant]
    }
    return {key: f"{result.inputs[0]} {result.outcome}" for key, result in last.items() if result.is_final}


@given(histories, histories, histories)
def test_in_whichever_order_machines_are_merged_the_same_results_stand(
    common: list[tuple[str, str, str, str]],
    one: list[tuple[str, str, str, str]],
    other: list[tuple[str, str, str, str]],
) -> None:
    before = _history("0", common)
    here, there = [*before, *_history("1", one)], [*before, *_history("2", other)]
    forth, back = addition(here, there), addition(there, here)
    assert bool(forth.conflicts) is bool(back.conflicts)
    if not forth.conflicts:
        assert _standing([*here, *forth.added]) == _standing([*there, *back.added])


@given(histories, histories, histories, st.integers(0, 10))
def test_a_merge_that_was_ended_is_completed_by_the_next_and_then_nothing_is_left(
    common: list[tuple[str, str, str, str]],
    one: list[tuple[str, str, str, str]],
    other: list[tuple[str, str, str, str]],
    until: int,
) -> None:
    before = _history("0", common)
    here, there = [*before, *_history("1", one)], [*before, *_history("2", other)]
    found = addition(here, there)
    if found.conflicts:
        return
    ended = [*here, *found.added[:until]]
    rest = addition(ended, there)
    assert not rest.conflicts
    assert _standing([*ended, *rest.added]) == _standing([*here, *found.added])
    assert {result.link.record for result in (*found.added[:until], *rest.added)} == set(_names(found))
