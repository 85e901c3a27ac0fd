"""A package brings a runtime: nothing of the project is changed but the files that name it."""

import json
from pathlib import Path

import pytest

from e2e.conftest import MakeWorkplace, Workplace
from support.packages import install, install_example

RUNTIME = """\
description: The runtime of another package.
adapter: example
kernels: [reference]
elements: [float32, int8]
hybrid: refused
"""

MATRIX = """\
axes:
  runtime: [builtin, example]
  kernels: reference
  clock: 216 MHz
  model: mnist-int8
  board: virtual-f746
repeat: 1
health: off
"""


@pytest.fixture(scope="module")
def project(make_workplace: MakeWorkplace) -> Workplace:
    """A project whose matrix names the runtime of the example package."""
    made = make_workplace()
    (made.root / "matrix" / "runtimes" / "example.yaml").write_text(RUNTIME)
    made.write_matrix("both", MATRIX)
    made.write_matrix("alone", MATRIX.replace("[builtin, example]", "example"))
    return made


def test_a_runtime_of_another_package_is_built_run_and_reported(project: Workplace, tmp_path: Path) -> None:
    install_example(tmp_path)
    done = project.doit("matrix", "both", PYTHONPATH=str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    records = [json.loads(path.read_text()) for path in project.records("both")]
    used = {
        record["axes"]["runtime"]: {tuple(layer["functions"]) for layer in record["measurement"]["layers"]}
        for record in records
    }
    assert used == {"builtin": {()}, "example": {("example_layer",)}}
    assert "All 2 variants were measured, with correct answers." in project.report("both")
    again = project.doit("plan", "both", PYTHONPATH=str(tmp_path))
    assert "2 variants: 0 libraries and 0 images to build, 0 to run" in again.stdout


def test_where_a_package_is_installed_does_not_change_an_image(project: Workplace, tmp_path: Path) -> None:
    install_example(tmp_path / "here")
    install_example(tmp_path / "there")
    built = project.doit(
        "build:example_reference_216MHz_mnist-int8", "matrix=both", PYTHONPATH=f"{tmp_path}/here"
    )
    assert built.returncode == 0, built.stdout + built.stderr
    again = project.doit("reproduce", "both", "--select", "runtime=example", PYTHONPATH=f"{tmp_path}/there")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "the same bytes again, by local" in again.stdout


def test_without_the_package_its_name_is_said(project: Workplace) -> None:
    done = project.doit("plan", "both")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: the runtime example names the runtime adapter 'example', and there is none\n"
        "  Known: builtin, tflm.\n"
    )


@pytest.mark.parametrize(
    ("modules", "packages", "said"),
    [
        (
            {},
            {"bad": "no_such_module:Runtime"},
            "the runtime 'example' of bad 1.0 (entry point example = no_such_module:Runtime) cannot be "
            "loaded: ModuleNotFoundError: No module named 'no_such_module'\n"
            "  Install a version that works, or remove it: pip uninstall bad\n",
        ),
        (
            {"empty.py": "class Nothing:\n    def __init__(self, entry, **_): pass\n"},
            {"bad": "empty:Nothing"},
            "the runtime 'example' of bad 1.0 (entry point example = empty:Nothing) is none: Nothing has no "
            "sources, trees, folders, definitions, library_inputs, render\n"
            "  Install a version that works, or remove it: pip uninstall bad\n",
        ),
        (
            {},
            {"one": "one:Runtime", "two": "two:Runtime"},
            "the runtime 'example' is brought by one 1.0 (one:Runtime) and two 1.0 (two:Runtime), and "
            "nothing says which is meant\n  Remove all but one of them.\n",
        ),
    ],
)
def test_a_package_that_does_not_work_is_named_without_a_traceback(
    project: Workplace, tmp_path: Path, modules: dict[str, str], packages: dict[str, str], said: str
) -> None:
    for name, text in modules.items():
        (tmp_path / name).write_text(text)
    for name, value in packages.items():
        install(tmp_path, name, "1.0", {"mcumatrix.runtimes": {"example": value}})
    done = project.doit("plan", "alone", PYTHONPATH=str(tmp_path))
    assert (done.returncode, done.stderr) == (4, f"error: {said}")
    # What one variant lacks does not keep the others back.
    both = project.doit("plan", "both", PYTHONPATH=str(tmp_path))
    assert both.returncode == 0
    assert said.splitlines()[0] in both.stdout
