"""`init` begins a project that runs as it is."""

import os
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

from mcumatrix.commands.init import CI_FILES, init
from mcumatrix.errors import ExitCode, MatrixError
from mcumatrix.matrix.catalogues import load_catalogues
from mcumatrix.matrix.load import find_matrix, load_matrix
from mcumatrix.model.variant import Variant
from mcumatrix.project import Project

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "adapters" / "models" / "data"
FILES = [
    "dodo.py",
    "matrix/quickstart.yaml",
    "matrix/boards/stm32f746g-disco.yaml",
    ".gitignore",
    ".github/workflows/benchmarks.yml",
]


def begun(folder: Path, model: Path | None = None, ci: str = "github") -> list[str]:
    said: list[str] = []
    assert init(Project(folder), model, ci, said.append) is ExitCode.OK
    return said


def variants(folder: Path) -> tuple[Variant, ...]:
    folders = Project(folder).matrix_folders
    return load_matrix(find_matrix("quickstart", folders), load_catalogues(folders)).variants


def test_five_files_are_written_and_the_matrix_can_be_planned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = begun(tmp_path)
    assert said[:-1] == FILES
    assert said[-1] == (
        "Next: `doit matrix` builds and runs it all; `doit doctor` says what is missing for it."
    )
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert written == set(FILES)
    assert [variant.slug for variant in variants(tmp_path)] == [
        "builtin_reference_216MHz_mnist-float32",
        "builtin_reference_216MHz_mnist-int8",
        "builtin_simd_216MHz_mnist-float32",
        "builtin_simd_216MHz_mnist-int8",
    ]


def test_ci_installs_the_version_that_wrote_it(tmp_path: Path) -> None:
    begun(tmp_path)
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f"pip install mcumatrix=={version}\n" in (tmp_path / FILES[-1]).read_text()


@pytest.mark.parametrize("ci", CI_FILES)
def test_the_file_for_each_service_is_one_of_the_five_and_installs_that_version_too(
    tmp_path: Path, ci: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert begun(tmp_path, ci=ci)[:-1] == [*FILES[:-1], CI_FILES[ci]]
    text = (tmp_path / CI_FILES[ci]).read_text()
    assert text.count(f"pip install mcumatrix=={version('mcumatrix')}\n") == 1
    assert "@VERSION@" not in text


def test_a_service_that_is_not_known_is_said_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(MatrixError) as caught:
        init(Project(tmp_path), None, "githup", str)
    assert str(caught.value) == "there is no CI file for 'githup'\n  Did you mean 'github'?"
    assert list(tmp_path.iterdir()) == []


def checked(*command: str, **environment: str) -> None:
    program = Path(sys.executable).with_name(command[0])
    ran = subprocess.run(
        [program, *command[1:]], capture_output=True, text=True, check=False, env=os.environ | environment
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("ci", "options"),
    [
        ("github", ("vendor.github-workflows",)),
        ("gitlab", ("vendor.gitlab-ci", "--data-transform", "gitlab-ci")),
        ("circleci", ("vendor.circle-ci",)),
    ],
)
def test_each_file_is_as_the_schema_of_its_service_has_it(
    tmp_path: Path, ci: str, options: tuple[str, ...]
) -> None:
    begun(tmp_path, ci=ci)
    # All schemas are in the package: nothing is fetched.
    checked("check-jsonschema", str(tmp_path / CI_FILES[ci]), "--builtin-schema", *options)


def test_a_linter_of_github_actions_has_nothing_against_the_file_and_the_action(tmp_path: Path) -> None:
    begun(tmp_path)
    files = [str(tmp_path / CI_FILES["github"]), str(ROOT / "action.yml")]
    checked("check-jsonschema", "--builtin-schema", "vendor.github-actions", files[1])
    # What actionlint checks; whether actions are pinned by their commits is for whoever uses them.
    checked("jactionlint", "--profile", "correctness", "--shellcheck=", *files)


def test_a_model_of_ones_own_has_a_matrix(tmp_path: Path) -> None:
    begun(tmp_path, DATA / "softmax-int8.tflite")
    assert [variant.slug for variant in variants(tmp_path)] == [
        "builtin_reference_216MHz_softmax-int8",
        "builtin_simd_216MHz_softmax-int8",
    ]
    assert (tmp_path / "firmware/models/golden/softmax-int8.json").is_file()


@pytest.mark.parametrize("name", FILES)
def test_nothing_is_written_where_a_file_is_there(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("mine")
    with pytest.raises(MatrixError) as caught:
        init(Project(tmp_path), DATA / "softmax-int8.tflite", "github", str)
    assert str(caught.value) == (
        f"there is a project already: {name}\n"
        "  init overwrites nothing. Choose an empty folder, or move these files."
    )
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / name]
