"""What each switch did, as the report says it."""

from mcumatrix.report.content.switches import MAXIMUM_NAMED, switches
from mcumatrix.report.content.tables import Table
from support.timings import a_timing


def _sentences(*timings: object) -> list[str]:
    return [sentence for switch in switches(timings) for sentence in switch.sentences]  # type: ignore[arg-type]


def test_a_library_that_changes_nothing_is_not_used() -> None:
    same = [a_timing(f"[{n}]", {"kernels": k}, 10.0, 1.0) for n, k in enumerate(("reference", "cmsis-nn"), 1)]
    assert _sentences(*same) == ["CMSIS-NN: 0.0 % on every layer ([1] to [2]): not used."]
    assert not switches(same)[0].has_effect


def test_a_change_that_does_not_matter_is_said_with_its_size() -> None:
    base = a_timing("[1]", {"kernels": "reference"}, 25.19, 0.02, half_unit_msec=0.005)
    candidate = a_timing("[2]", {"kernels": "cmsis-nn"}, 24.9, 0.005, half_unit_msec=0.005)
    assert _sentences(base, candidate) == [
        "CMSIS-NN: no layer that takes 0.1 % of the time changed by more than 1.2 % ([1] to [2]): "
        "no effect that matters."
    ]


def test_a_switch_that_makes_one_case_slower_names_it_and_its_worst_layer() -> None:
    base = a_timing("[5]", {"kernels": "simd", "model": "mnist-float32", "optimize": "O2"}, 35.791, 17.898)
    candidate = a_timing(
        "[6]", {"kernels": "simd", "model": "mnist-float32", "optimize": "O3"}, 40.086, 15.002
    )
    assert _sentences(base, candidate) == [
        "optimize O2 to O3 makes simd mnist-float32 ([5] to [6]) slower: 53.689 to 55.088 msec (+2.6 %); "
        "most on layer 1, SOFTMAX, -16.2 %."
    ]


def test_pairs_that_moved_alike_share_a_sentence_and_those_that_did_not_have_their_own() -> None:
    cases = [
        a_timing("[1]", {"model": "m", "kernels": "a"}, 10.0, 1.0),
        a_timing("[2]", {"model": "m", "kernels": "b"}, 5.0, 1.0),
        a_timing("[3]", {"model": "n", "kernels": "a"}, 20.0, 1.0),
        a_timing("[4]", {"model": "n", "kernels": "b"}, 5.0, 1.0),
        a_timing("[5]", {"model": "o", "kernels": "a"}, 20.0, 1.0),
        a_timing("[6]", {"model": "o", "kernels": "b"}, 40.0, 1.0),
    ]
    found = [s for switch in switches(cases) if switch.axis == "kernels" for s in switch.sentences]
    assert found == [
        "kernels a to b makes [1] to [2], [3] to [4] faster: -45.5 to -71.4 % in total; "
        "most on layer 0, CONV_2D, -75.0 % in [3] to [4].",
        "kernels a to b makes o ([5] to [6]) slower: 21.000 to 41.000 msec (+95.2 %); "
        "most on layer 0, CONV_2D, +100.0 %.",
        "How much kernels a to b does depends on model: -45.5 % with m, -71.4 % with n, +95.2 % with o.",
    ]


def test_switches_that_interact_are_said_to_and_others_are_not() -> None:
    cases = [
        a_timing(f"[{model}{clock}{kernels}]", {"model": model, "clock": clock, "kernels": kernels}, msec)
        for model, clock, kernels, msec in (
            ("m", "216", "a", 10.0),
            ("m", "216", "b", 5.0),
            ("m", "288", "a", 8.0),
            ("m", "288", "b", 4.0),
            ("n", "216", "a", 10.0),
            ("n", "216", "b", 8.0),
            ("n", "288", "a", 8.0),
            ("n", "288", "b", 6.4),
        )
    ]
    said = [s for switch in switches(cases) for s in switch.sentences if s.startswith("How much")]
    assert said == [
        "How much model m to n does depends on kernels: 0.0 % with a, +60.0 % with b.",
        "How much kernels a to b does depends on model: -50.0 % with m, -20.0 % with n.",
    ]


def test_a_table_has_the_change_of_each_layer_of_each_pair() -> None:
    cases = [
        a_timing("[1]", {"clock": "216", "kernels": "a"}, 10.0, 1.0),
        a_timing("[2]", {"clock": "216", "kernels": "b"}, 5.0, 1.0),
        a_timing("[3]", {"clock": "288", "kernels": "a"}, 8.0, 1.0),
        a_timing("[4]", {"clock": "288", "kernels": "b"}, 4.0, 2.0),
    ]
    (kernels,) = (switch for switch in switches(cases) if switch.axis == "kernels")
    assert kernels.tables == (
        Table(
            ("Layer (diff in %)", "[1] to [2]", "[3] to [4]"),
            (("CONV_2D", "-50.0", "-50.0"), ("SOFTMAX", "0.0", "+100.0"), ("Total time", "-45.5", "-33.3")),
        ),
    )


def test_cases_that_cannot_be_compared_are_in_no_switch() -> None:
    base = a_timing("[1]", {"board": "x"}, 1.0, kind_of_board="virtual board")
    assert switches([base, a_timing("[2]", {"board": "y"}, 2.0, kind_of_board="hardware")]) == ()


def test_more_pairs_than_people_read_are_counted_with_the_ends_and_the_middle_of_their_changes() -> None:
    timings = [
        a_timing(f"[{2 * clock + n}]", {"kernels": kernels, "clock": f"{clock} MHz"}, msec, 1.0)
        for clock in range(MAXIMUM_NAMED + 1)
        for n, (kernels, msec) in enumerate((("a", 100.0), ("b", 50.0 + clock)), 1)
    ]
    switch = next(switch for switch in switches(timings) if switch.axis == "kernels")
    assert switch.sentences[0].startswith("kernels a to b makes 17 pairs of cases faster: ")
    (table,) = switch.tables
    assert table.header == ("Layer (diff in % of 17 pairs)", "least", "median", "most")
    assert table.rows[:2] == (("CONV_2D", "-50.0", "-42.0", "-34.0"), ("SOFTMAX", "0.0", "0.0", "0.0"))
