"""What a plan says before anything is built."""

from dataclasses import replace

from mcumatrix.model.axes import Setting
from mcumatrix.model.kernels import Compiled
from mcumatrix.model.labelled import AskedSet
from mcumatrix.model.variant import Matrix
from mcumatrix.report.content.plan import plan_parts
from support.variants import a_variant


def _parts(*settings: Setting) -> tuple[object, ...]:
    variants = tuple(a_variant(f"v{n}-{s.label}", settings=(s,)) for n in range(2) for s in settings)
    return plan_parts(Matrix("m", "", (), variants), [], "nothing to do")


def test_flags_that_defeat_kernels_are_said_once_before_the_build() -> None:
    author = Setting("flags", "author", ("-O3", "-fno-builtin"))
    assert _parts(author, Setting("flags", "O2", ("-O2",)))[-2:] == (
        "Finding: flags author: -fno-builtin makes a call of each small memcpy: CMSIS-NN was 3 to 6 times as "
        "slow with it (tensorflow issue 37361).",
        "nothing to do",
    )


def test_a_plan_without_such_flags_says_nothing_of_them() -> None:
    assert not any("Finding" in str(part) for part in _parts(Setting("flags", "O2", ("-O2",))))


def test_what_is_known_of_a_library_is_said_before_the_build_too() -> None:
    parts = plan_parts(
        Matrix("m", "", (), (a_variant(),)), [], "1 to run", [("v", Compiled((), ("NDEBUG",)))]
    )
    assert str(parts[-2]).startswith("Finding: v: assertions are compiled in")


def test_a_plan_says_how_many_samples_each_model_is_asked() -> None:
    """Where the set is somewhere else, it is not fetched for that."""
    base = a_variant().model
    models = [replace(base, name=name) for name in ("here", "elsewhere", "some", "without")]
    asked = (AskedSet(), AskedSet(), AskedSet(200), None)
    variants = tuple(
        a_variant(model.name, model=model, asked=one) for model, one in zip(models, asked, strict=True)
    )
    parts = plan_parts(Matrix("m", "", (), variants), [], "nothing to do", samples={"here": 1000})
    assert parts[-2] == (
        "Accuracy, after the times of each run: here is asked 1,000 samples; elsewhere is asked all of its "
        "labelled set; some is asked 200 samples; without has no labelled set."
    )
    assert not any("Accuracy" in str(part) for part in _parts(Setting("flags", "O2", ("-O2",))))
