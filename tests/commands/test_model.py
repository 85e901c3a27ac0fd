"""`doit model`: a file becomes an entry that matrices can name."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from mcumatrix import registry
from mcumatrix.commands.model import ModelRequest, bring_model
from mcumatrix.errors import ExitCode, MatrixError, McuMatrixError, ModelError
from mcumatrix.matrix.catalogues import load_catalogues
from mcumatrix.model.catalogue import Element, FileInput, RandomInput
from mcumatrix.model.labelled import AskedSet
from mcumatrix.project import Project
from support.projects import ROOT

DATA = ROOT / "tests" / "adapters" / "models" / "data"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    root = tmp_path / "project"
    shutil.copytree(ROOT / "matrix", root / "matrix")
    shutil.copytree(ROOT / "templates", root / "templates")
    (root / "firmware" / "models").mkdir(parents=True)
    shutil.copytree(ROOT / "firmware" / "runtime", root / "firmware" / "runtime")
    return Project(root)


def bring(project: Project, model: Path | str, **options: object) -> list[str]:
    said: list[str] = []
    request = ModelRequest(str(model), **options)  # type: ignore[arg-type]
    assert bring_model(project, request, said.append) is ExitCode.OK
    return said


def error_of(project: Project, model: Path | str, **options: object) -> McuMatrixError:
    with pytest.raises(McuMatrixError) as caught:
        bring(project, model, **options)
    return caught.value


def test_a_file_from_elsewhere_becomes_a_model_of_the_project(project: Project, tmp_path: Path) -> None:
    shutil.copy(DATA / "operators-int8.tflite", tmp_path / "my model.tflite")
    said = bring(project, tmp_path / "my model.tflite")
    entry = load_catalogues(project.matrices).models["my-model"]
    assert (entry.element, entry.input) == (Element.INT8, RandomInput(1))
    assert entry.file == project.models / "my-model.tflite"
    assert [len(output.values) for output in registry.answers.golden_case(entry).outputs] == [7, 432, 40]
    assert said[0] == (
        "my-model: int8 1x9x8x6 and int8 1x9x8x6 to int8 1x7 and int8 1x9x8x6 and int8 1x8x5,"
        " 9 layers of ADD, AVERAGE_POOL_2D, PAD, RELU, RELU6, MEAN, RESHAPE, LOGISTIC."
    )
    assert "  builtin runs it" in said


def test_an_entry_has_five_lines(project: Project) -> None:
    bring(project, DATA / "softmax-int8.tflite", name="rows", seed=7)
    assert (project.matrices / "models" / "rows.yaml").read_text().split("\n")[1:] == [
        "description: int8 1x100x8 to int8 1x100x8, 1 layer of SOFTMAX.",
        "element: int8",
        "file: firmware/models/rows.tflite",
        "input: {random: 7}",
        "golden: firmware/models/golden/rows.json",
        "",
    ]


def test_inputs_are_kept_with_the_model(project: Project, tmp_path: Path) -> None:
    files = []
    for index in (0, 1):
        files.append(tmp_path / f"{index}.npy")
        np.save(files[-1], np.full((1, 9, 8, 6), index, np.int8))
    bring(project, DATA / "operators-int8.tflite", name="two", inputs=tuple(files))
    entry = load_catalogues(project.matrices).models["two"]
    folder = project.models / "inputs"
    assert entry.input == FileInput((folder / "two-0.npy", folder / "two-1.npy"))
    assert registry.answers.golden_case(entry).input == bytes(432) + bytes([1]) * 432


def test_a_file_of_the_project_stays_where_it_is(project: Project) -> None:
    own = project.root / "mine" / "rows.tflite"
    own.parent.mkdir()
    shutil.copy(DATA / "softmax-int8.tflite", own)
    bring(project, own)
    assert load_catalogues(project.matrices).models["rows"].file == own


def test_golden_outputs_are_made_again_for_an_entry(project: Project) -> None:
    bring(project, DATA / "softmax-int8.tflite", name="rows")
    golden = project.models / "golden" / "rows.json"
    before = golden.read_text()
    golden.write_text("broken")
    assert bring(project, "rows")[-1].endswith("rows.json")
    assert golden.read_text() == before


def test_answers_to_a_labelled_set_are_made_with_the_golden_outputs(project: Project) -> None:
    shutil.copy(ROOT / "firmware" / "models" / "mnist-int8.tflite", project.models)
    rows = np.stack([np.full(784, level, np.uint8).reshape(28, 28) for level in (0, 255)])
    np.savez(project.models / "set.npz", images=rows, labels=[1, 8])
    bring(project, project.models / "mnist-int8.tflite", name="digits")
    entry = project.matrices / "models" / "digits.yaml"
    entry.write_text(
        entry.read_text()
        + "dataset: {samples: firmware/models/set.npz, answers: firmware/models/golden/set.npz}\n"
    )
    assert [line.rpartition("/")[2] for line in bring(project, "digits")[-2:]] == ["digits.json", "set.npz"]
    model = load_catalogues(project.matrices).models["digits"]
    labelled = registry.answers.labelled_set(model, AskedSet())
    assert (len(labelled.expected), labelled.tolerance) == (2, 0)
    # Those of other samples are stale, and made again.
    np.savez(project.models / "set.npz", images=rows[::-1], labels=[1, 8])
    with pytest.raises(
        ModelError, match=r"other samples: sample 0 is another\.\n  Make it again: doit model"
    ):
        registry.answers.labelled_set(model, AskedSet())
    bring(project, "digits")
    assert registry.answers.labelled_set(model, AskedSet()).expected == labelled.expected[::-1]


def test_what_runtimes_cannot_do_with_it_is_said(project: Project) -> None:
    said = bring(project, DATA / "operators-float32.tflite")
    assert "  builtin runs it" in said
    assert not [line for line in said if "tflm-1.14.0" in line]
    said = bring(project, DATA / "operators-int8.tflite")
    assert "  tflm-1.14.0 does not run int8 models" in said


def test_a_name_that_is_taken_needs_another(project: Project) -> None:
    assert str(error_of(project, DATA / "softmax-int8.tflite", name="mnist-int8")) == (
        "there is a model mnist-int8 already\n"
        "  `doit model mnist-int8` makes its golden outputs again; another one needs --as NAME."
    )


def test_a_name_that_no_model_has_is_a_mistake(project: Project) -> None:
    assert str(error_of(project, "mnist-int9")) == (
        "there is no model 'mnist-int9'\n  Did you mean 'mnist-int8'?"
    )


def test_a_path_to_something_else_is_told_from_a_name(project: Project) -> None:
    assert str(error_of(project, "models/digits.onnx")) == (
        "'models/digits.onnx' does not end with .tflite, as the files of models do\n"
        "  Give the path of a .tflite file, or the name of a model in matrix/models."
    )


def test_a_name_that_no_matrix_could_write_is_refused(project: Project) -> None:
    error = error_of(project, DATA / "softmax-int8.tflite", name="a b")
    assert error.message.startswith("a model cannot be called 'a b': ")


def test_an_entry_says_itself_what_its_model_is_asked(project: Project, tmp_path: Path) -> None:
    bring(project, DATA / "softmax-int8.tflite", name="rows")
    error = error_of(project, "rows", inputs=(tmp_path / "a.npy",))
    assert isinstance(error, MatrixError)
    assert error.message == "the model rows has an entry, and that says what it is asked"


def test_digits_have_a_tool_of_their_own(project: Project) -> None:
    assert str(error_of(project, "mnist-hybrid")) == (
        "The model mnist-hybrid is asked digits, and its golden outputs are those of all of them.\n"
        "  Make them again: python -m tools.models.make_golden"
    )


@pytest.mark.parametrize("cut", [0, 7, 100, 1000])
def test_a_damaged_file_leaves_nothing_behind(project: Project, tmp_path: Path, cut: int) -> None:
    file = tmp_path / "cut.tflite"
    file.write_bytes((DATA / "operators-int8.tflite").read_bytes()[:cut])
    before = sorted(project.root.rglob("*"))
    assert error_of(project, file).hint
    assert sorted(project.root.rglob("*")) == before


def test_a_file_that_is_not_there_is_named(project: Project, tmp_path: Path) -> None:
    assert error_of(project, tmp_path / "none.tflite").message == (
        f"Model {tmp_path}/none.tflite cannot be read: No such file or directory."
    )


def test_paths_may_have_any_name(project: Project) -> None:
    own = project.root / "mine: # [all]" / "my rows.tflite"
    own.parent.mkdir()
    shutil.copy(DATA / "softmax-int8.tflite", own)
    bring(project, own)
    assert load_catalogues(project.matrices).models["my-rows"].file == own
