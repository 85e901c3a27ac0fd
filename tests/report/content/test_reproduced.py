"""What came of reproducing results, and the exit code that belongs to it."""

from dataclasses import replace

import pytest

from mcumatrix.errors import ExitCode
from mcumatrix.model.reproduction import Outcome, Published, Rebuild, Reproduction
from mcumatrix.report.content.reproduced import Reproduced, Reproducibility, reproduced_table

SAME_AGAIN = Reproduction(2, "f" * 64, "v", "e" * 64, (Rebuild("local", "e" * 64, ""),), "")
OTHER_AGAIN = replace(SAME_AGAIN, rebuilds=(Rebuild("local", "d" * 64, "section .text differs"),))


def _published(outcome: Outcome, **changes: object) -> Reproduction:
    return replace(SAME_AGAIN, published=Published("record", "e" * 64, outcome, **changes))  # type: ignore[arg-type]


def _done(*variants: Reproduced) -> Reproducibility:
    return Reproducibility("quickstart", "theirs.tar.gz", variants)


@pytest.mark.parametrize(
    ("one", "code"),
    [
        (Reproduced("v", Outcome.SAME, SAME_AGAIN), ExitCode.OK),
        (Reproduced("v", Outcome.SAME, OTHER_AGAIN), ExitCode.NOT_COMPARABLE),
        (Reproduced("v", Outcome.OTHER_IMAGE, SAME_AGAIN), ExitCode.NOT_COMPARABLE),
        (Reproduced("v", Outcome.NOT_BELIEVED, error="its log"), ExitCode.NOT_COMPARABLE),
        (Reproduced("v", Outcome.OTHER_CYCLES, SAME_AGAIN), ExitCode.OK),
        (Reproduced("v", Outcome.OTHER_CYCLES, SAME_AGAIN, explained=False), ExitCode.NOT_COMPARABLE),
        (Reproduced("v", Outcome.SAME_IMAGE, SAME_AGAIN), ExitCode.OK),
        (Reproduced("v", Outcome.SAME_IMAGE, SAME_AGAIN, error="no board"), ExitCode.VARIANTS_FAILED),
        (Reproduced("v", Outcome.NOT_BUILT, error="no compiler"), ExitCode.VARIANTS_FAILED),
        (Reproduced("v", Outcome.UNPUBLISHED, SAME_AGAIN), ExitCode.OK),
        (Reproduced("v", Outcome.SAME_FAILURE), ExitCode.OK),
    ],
)
def test_what_should_be_the_same_and_is_not_ends_with_3(one: Reproduced, code: ExitCode) -> None:
    assert one.exit_code is code


def test_what_differs_comes_before_what_is_not_known() -> None:
    failed = Reproduced("v", Outcome.NOT_BUILT)
    assert _done(failed, Reproduced("w", Outcome.OTHER_IMAGE)).exit_code is ExitCode.NOT_COMPARABLE
    assert _done(failed).exit_code is ExitCode.VARIANTS_FAILED
    assert _done().exit_code is ExitCode.OK


def test_the_summary_counts_outcomes_and_the_table_says_what_differs() -> None:
    other = _published(Outcome.OTHER_IMAGE, image="section .text differs", inputs=("firmware/app/main.c",))
    done = _done(
        Reproduced("a", Outcome.SAME, _published(Outcome.SAME)),
        Reproduced("b", Outcome.OTHER_IMAGE, other),
        Reproduced("c", Outcome.NOT_BUILT, error="no compiler"),
    )
    assert done.summary == (
        "quickstart, 3 variants: same image, same cycles: 1; other image: 1; not built: 1. "
        "2 of 2 images came out the same each time, bit for bit."
    )
    assert reproduced_table(done.variants).rows == (
        ("a", "same image, same cycles", "-", "the same bytes again, by local", "record"),
        (
            "b",
            "other image",
            "section .text differs; inputs that differ: firmware/app/main.c",
            "the same bytes again, by local",
            "record",
        ),
        ("c", "not built", "no compiler", "-", "-"),
    )
    assert [str(one) for one in done.variants] == [
        "a: same image, same cycles; the same bytes again, by local",
        "b: other image: section .text differs; inputs that differ: firmware/app/main.c; "
        "the same bytes again, by local",
        "c: not built: no compiler",
    ]


def test_of_many_inputs_the_first_are_said_and_the_others_counted() -> None:
    many = Published("r", "e" * 64, Outcome.OTHER_IMAGE, inputs=tuple(f"firmware/{n}.c" for n in range(9)))
    assert str(many).endswith("firmware/3.c, firmware/4.c (and 4 more)")
