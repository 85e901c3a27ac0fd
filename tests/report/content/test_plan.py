"""What a plan says before anything is built."""

import json
from dataclasses import replace

from mcumatrix.model.axes import Setting
from mcumatrix.model.kernels import Compiled
from mcumatrix.model.labelled import AskedSet
from mcumatrix.model.variant import Exclusion, Matrix
from mcumatrix.report.content.plan import Plan, PlannedVariant, plan_parts
from mcumatrix.report.content.tables import Table
from mcumatrix.report.render.plan import plan_json
from support.variants import a_variant


def _parts(*settings: Setting) -> tuple[object, ...]:
    variants = tuple(a_variant(f"v{n}-{s.label}", settings=(s,)) for n in range(2) for s in settings)
    return plan_parts(Plan(Matrix("m", "", (), variants), (), (), "local"))


def test_flags_that_defeat_kernels_are_said_once_before_the_build() -> None:
    author = Setting("flags", "author", ("-O3", "-fno-builtin"))
    assert _parts(author, Setting("flags", "O2", ("-O2",)))[-2:] == (
        "Finding: flags author: -fno-builtin makes a call of each small memcpy: CMSIS-NN was 3 to 6 times as "
        "slow with it (tensorflow issue 37361).",
        "0 variants: 0 libraries and 0 images to build, 0 to run; builder: local.",
    )


def test_a_plan_without_such_flags_says_nothing_of_them() -> None:
    assert not any("Finding" in str(part) for part in _parts(Setting("flags", "O2", ("-O2",))))


def test_what_is_known_of_a_library_is_said_before_the_build_too() -> None:
    compiled = [("v", Compiled((), ("NDEBUG",)))]
    parts = plan_parts(Plan(Matrix("m", "", (), (a_variant(),)), (), (), "local", compiled))
    assert str(parts[-2]).startswith("Finding: v: assertions are compiled in")


def test_a_plan_says_how_many_samples_each_model_is_asked() -> None:
    """Where the set is somewhere else, it is not fetched for that."""
    base = a_variant().model
    models = [replace(base, name=name) for name in ("here", "elsewhere", "some", "without")]
    asked = (AskedSet(), AskedSet(), AskedSet(200), None)
    variants = tuple(
        a_variant(model.name, model=model, asked=one) for model, one in zip(models, asked, strict=True)
    )
    parts = plan_parts(Plan(Matrix("m", "", (), variants), (), (), "local", samples={"here": 1000}))
    assert parts[-2] == (
        "Accuracy, after the times of each run: here is asked 1,000 samples; elsewhere is asked all of its "
        "labelled set; some is asked 200 samples; without has no labelled set."
    )
    assert not any("Accuracy" in str(part) for part in _parts(Setting("flags", "O2", ("-O2",))))


PLAN = Plan(
    Matrix("m", "", (), (), exclusions=(Exclusion((("clock", "1 MHz"),), "too slow"),)),
    (
        PlannedVariant("new", {"clock": "216 MHz"}, is_built=True, runs="2 of 3 runs", fingerprint="ab12"),
        PlannedVariant("damaged", {}, is_built=True),
        PlannedVariant("done", {}),
        PlannedVariant("lost", {}, hindered="there is no compiler"),
    ),
    ("builtin-1",),
    "local, as asked for",
)


def test_an_image_that_is_made_again_for_a_finished_result_is_no_run() -> None:
    _, states, *_, left = plan_parts(PLAN)
    assert isinstance(states, Table)
    assert states.rows == (
        ("new", "build and 2 of 3 runs"),
        ("damaged", "build"),
        ("done", "nothing"),
        ("lost", "cannot be tried: there is no compiler"),
    )
    assert left == ("3 variants: 1 libraries and 2 images to build, 1 to run; builder: local, as asked for.")


def test_programs_get_the_same_plan() -> None:
    document = json.loads(plan_json(PLAN))
    assert (document["libraries"], document["images"], document["to_run"]) == (["builtin-1"], 2, 1)
    assert document["variants"][0] == {
        "variant": "new",
        "axes": {"clock": "216 MHz"},
        "build": True,
        "run": True,
        "runs": "2 of 3 runs",
        "hindered": "",
        "fingerprint": "ab12",
    }
    assert [one["run"] for one in document["variants"]] == [True, False, False, False]
    assert document["variants"][3]["hindered"] == "there is no compiler"
    assert document["left_out"] == [{"axes": {"clock": "1 MHz"}, "reason": "too slow"}]
