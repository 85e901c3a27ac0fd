"""The schemas for editors, and the names that a matrix may use."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mcumatrix.matrix.flags import RefusedError
from mcumatrix.matrix.schema.files import FILES, schema_text
from mcumatrix.matrix.schema.matrix_file import ExcludeFile
from mcumatrix.matrix.schema.names import check_axis_name, check_name
from mcumatrix.model.axes import BUILTIN

PROJECT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", FILES)
def test_the_schema_in_docs_is_current(name: str) -> None:
    written = (PROJECT / f"docs/{name}.schema.json").read_text(encoding="utf-8")
    assert written == schema_text(name), "run: python -m mcumatrix.matrix.schema"


def test_one_command_writes_every_schema(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    command = [sys.executable, "-m", "mcumatrix.matrix.schema"]
    done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert done.stdout.split() == [f"docs/{name}.schema.json" for name in FILES]
    for name in FILES:
        assert (tmp_path / f"docs/{name}.schema.json").read_text(encoding="utf-8") == schema_text(name)


def test_without_a_folder_docs_the_command_says_where_to_run_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mcumatrix.matrix.schema"]
    done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "There is no folder docs here; run this in the project's folder.\n"


def test_every_file_under_matrix_names_its_schema() -> None:
    kinds = {"boards": "board", "runtimes": "runtime", "toolchains": "toolchain", "models": "model"}
    paths = sorted((PROJECT / "matrix").rglob("*.yaml"))
    assert paths
    for path in paths:
        kind = kinds.get(path.parent.name, "matrix")
        up = "../" if kind == "matrix" else "../../"
        first = path.read_text(encoding="utf-8").splitlines()[0]
        assert first == f"# yaml-language-server: $schema={up}docs/{kind}.schema.json"


def test_an_editor_sees_what_the_loader_wants() -> None:
    schema = json.loads(schema_text("matrix"))
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["axes"]
    repeat = schema["properties"]["repeat"]
    assert (repeat["type"], repeat["minimum"], repeat["maximum"]) == ("integer", 1, 1000)
    axes = schema["$defs"]["AxesFile"]
    assert axes["required"] == [axis for axis in BUILTIN if axis != "toolchain"]
    assert [option["type"] for option in axes["properties"]["kernels"]["anyOf"]] == [
        ["string", "number", "boolean"],
        "array",
    ]


def test_a_match_has_a_field_for_every_known_axis() -> None:
    assert set(BUILTIN) <= set(ExcludeFile.model_fields)


@pytest.mark.parametrize("name", ["O3", "mnist-int8", "tflm-1.14.0", "a_b", "c++", "1.10", "no", "x" * 60])
def test_a_name_that_is_fit_for_a_file_is_allowed(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../x",
        "a/b",
        "a\\b",
        "-x",
        ".x",
        "_x",
        "a b",
        "a:b",
        "a*",
        "a=b",
        "é",
        "a\0",
        "a\n",
        "x" * 61,
    ],
)
def test_a_name_that_is_unfit_for_a_file_is_refused(name: str) -> None:
    with pytest.raises(RefusedError) as caught:
        check_name(name)
    assert str(caught.value) == "it is unfit for a file name"


@pytest.mark.parametrize("name", ["lto", "optimize", "tile-rows", "tile_rows", "x1"])
def test_an_axis_has_a_small_name(name: str) -> None:
    assert check_axis_name(name) == name


@pytest.mark.parametrize("name", ["", "LTO", "1x", "a b", "a.b", "-a", "x" * 61])
def test_an_axis_with_another_name_is_refused(name: str) -> None:
    with pytest.raises(RefusedError) as caught:
        check_axis_name(name)
    assert str(caught.value) == "it is no name for an axis"


@pytest.mark.parametrize("name", ["and", "or", "not", "reason", "repeat", "layer", "cycles_min", "variant"])
def test_a_word_of_matrices_selections_and_reports_is_no_axis(name: str) -> None:
    with pytest.raises(RefusedError) as caught:
        check_axis_name(name)
    assert str(caught.value) == "the word has a meaning of its own in matrices or reports"
