"""What a person probably meant."""

from hypothesis import given
from hypothesis import strategies as st

from mcumatrix.matrix.suggest import did_you_mean, listed, shown


def test_a_near_name_is_suggested() -> None:
    assert did_you_mean("kernel", ["runtime", "kernels"]) == "Did you mean 'kernels'?"


def test_upper_and_lower_case_are_not_told_apart() -> None:
    assert did_you_mean("BUILTIN", ["builtin", "tflm"]) == "Did you mean 'builtin'?"


def test_without_a_near_name_all_are_listed_once() -> None:
    assert did_you_mean("zzz", ["a", "b", "a"], known="Values") == "Values: a, b."


def test_without_names_there_is_no_hint() -> None:
    assert did_you_mean("zzz", []) == ""


def test_a_long_list_is_cut_and_says_so() -> None:
    assert listed(str(number) for number in range(14)) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more"


@given(st.text())
def test_text_in_a_message_is_one_printable_line_of_any_text(text: str) -> None:
    quoted = shown(text)
    assert quoted.isprintable()
    assert len(quoted) <= 60 * len("\\U00000000")
