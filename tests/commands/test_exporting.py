"""`doit export`: results of a matrix and published numbers, in every format there is."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from mcumatrix import registry
from mcumatrix.commands.exporting import export
from mcumatrix.errors import ExitCode, FirmwareError, MatrixError, NothingSelectedError
from mcumatrix.model.exported import Revision
from mcumatrix.plugins import Kind
from mcumatrix.project import Project
from support.packages import install
from support.projects import ROOT, a_project, add_records

CYCLES = {"reference": 4_320_000, "simd": 2_160_000}


def _export(project: Project, name: str, format_name: str, folder: Path | str = "") -> list[str]:
    said: list[str] = []
    code = export(project, name, format_name=format_name, folder=str(folder), commit="", say=said.append)
    assert code is ExitCode.OK
    return said


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    revision = Revision("c" * 40, 1_767_323_045, str(tmp_path))
    monkeypatch.setattr(registry.revisions, "find_revision", lambda *_: revision)
    made = a_project(tmp_path)
    add_records(made, CYCLES)
    monkeypatch.chdir(tmp_path)
    return made


@pytest.mark.parametrize("format_name", registry.exporters.EXPORTERS)
def test_each_format_writes_files_for_a_matrix(project: Project, format_name: str) -> None:
    said = _export(project, "example", format_name)
    assert said
    for path in said:
        assert path.startswith(f"build/export/example/{format_name}/")
        assert (project.root / path).read_bytes()


@pytest.mark.parametrize("format_name", registry.exporters.EXPORTERS)
def test_each_format_takes_published_numbers(tmp_path: Path, format_name: str) -> None:
    said = _export(Project(ROOT), "dimtass-2020-04", format_name, tmp_path)
    assert said


def test_what_is_written_are_the_numbers_of_the_records(project: Project, tmp_path: Path) -> None:
    _export(project, "example", "bencher", tmp_path / "out")
    found = json.loads((tmp_path / "out" / "bencher.json").read_text())
    slow, fast = (name for name in found if name.endswith("/total"))
    assert found[slow]["latency"] == {"value": pytest.approx(20_010_023, abs=1)}
    assert found[fast]["latency"] == {"value": pytest.approx(10_010_023, abs=1)}
    assert found[fast]["flash-size"] == {"value": 100_200}
    assert found[fast]["tensors-size"]["value"] > 0


def test_the_repository_is_seen_from_the_folder_of_the_export(project: Project) -> None:
    _export(project, "example", "asv")
    folder = project.build / "export" / "example" / "asv"
    assert json.loads((folder / "asv.conf.json").read_text())["repo"] == "../../../.."
    results = json.loads((folder / "results/virtual-f746-m7-block-1/cccccccc-mcumatrix.json").read_text())
    assert results["params"]["machine"] == "virtual-f746-m7-block-1"


def test_a_format_that_is_not_there_is_named_with_what_was_probably_meant(project: Project) -> None:
    with pytest.raises(MatrixError) as caught:
        _export(project, "example", "bencherr")
    assert str(caught.value) == (
        "--format names the exporter adapter 'bencherr', and there is none\n  Did you mean 'bencher'?"
    )


def test_results_without_times_are_nothing_to_export(tmp_path: Path) -> None:
    project = a_project(tmp_path)
    add_records(project, {"reference": FirmwareError("no"), "simd": FirmwareError("no")})
    with pytest.raises(NothingSelectedError) as caught:
        _export(project, "example", "bencher")
    assert str(caught.value) == "no case of example has times\n  `doit report example` says why."


def test_another_package_brings_a_format(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "packages"
    folder.mkdir()
    (folder / "names_of_cases.py").write_text(
        "class Names:\n"
        "    def export(self, results):\n"
        "        return {'names.txt': '\\n'.join(case.name for case in results.cases).encode()}\n"
    )
    install(folder, "names", "1", {Kind.EXPORTER.group: {"names": "names_of_cases:Names"}})
    monkeypatch.syspath_prepend(str(folder))
    (path,) = _export(project, "example", "names")
    assert (tmp_path / path).read_text() == (
        "builtin_reference_216MHz_mnist-int8\nbuiltin_simd_216MHz_mnist-int8"
    )


def test_the_command_says_which_formats_there_are() -> None:
    help_text = subprocess.run(
        [ROOT / ".venv/bin/doit", "help", "export"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    # Names may be broken at a hyphen.
    unbroken = re.sub(r"(?<=-)\s+", "", help_text)
    assert all(name in unbroken for name in registry.exporters.EXPORTERS)
