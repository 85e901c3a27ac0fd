"""What is wrong with a model concerns its variants alone."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from mcumatrix import registry, workflow
from mcumatrix.adapters.builders.local import LocalBuilder
from mcumatrix.errors import ExitCode, ModelError, ModelFileError, SourceError, TooLargeError
from mcumatrix.hashing import hash_file
from mcumatrix.matrix.catalogues import load_catalogues
from mcumatrix.matrix.load import find_matrix, load_matrix
from mcumatrix.model.labelled import AskedSet
from mcumatrix.project import Project
from mcumatrix.registry.boards import Boards

REPOSITORY = Path(__file__).parents[1]
MATRIX = """\
axes:
  runtime: builtin
  kernels: simd
  clock: 216 MHz
  model: [mnist-int8, other]
  board: virtual-f746
"""
OTHER = """\
element: int8
file: firmware/models/other.tflite
input: {random: 1}
golden: firmware/models/golden/other.json
"""
SOMEWHERE_ELSE = """\
element: int8
file: {url: 'https://127.0.0.1:9/other.tflite', sha256: %s}
input: {random: 1}
golden: firmware/models/golden/other.json
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with one good model, and one that is a copy of another good one."""
    for part in ("matrix", "firmware", "templates"):
        shutil.copytree(REPOSITORY / part, tmp_path / part)
    project = Project(tmp_path)
    (project.matrices / "two.yaml").write_text(MATRIX)
    (project.matrices / "models" / "other.yaml").write_text(OTHER)
    models = project.firmware / "models"
    shutil.copy(models / "mlperf-kws.tflite", models / "other.tflite")
    shutil.copy(models / "golden" / "mlperf-kws.json", models / "golden" / "other.json")
    return project


def planned(project: Project) -> workflow.Planned:
    matrix = load_matrix(find_matrix("two", project.matrices), load_catalogues(project.matrices))
    boards = Boards(project.boards, wait=False, say=print)
    return workflow.plan_jobs(project, matrix.variants, LocalBuilder(project.build / "cache"), boards)


def hindrance(project: Project) -> Exception:
    """Why the other model's variant has no job; the good one's has."""
    found = planned(project)
    assert [job.variant.model.name for job in found.jobs] == ["mnist-int8"]
    [(slug, error)] = found.hindered.items()
    assert slug == "builtin_simd_216MHz_other"
    return error


def test_two_good_models_are_planned(project: Project) -> None:
    assert len(planned(project).jobs) == 2


@pytest.mark.parametrize("name", ["models/other.tflite", "models/golden/other.json"])
def test_a_file_that_is_missing_hinders_its_model_alone(project: Project, name: str) -> None:
    (project.firmware / name).unlink()
    error = hindrance(project)
    assert isinstance(error, ModelFileError)
    assert error.exit_code is ExitCode.USAGE
    assert str(error) == (
        f"{project.firmware}/{name}, which belongs to a model, cannot be read: No such file or directory.\n"
        "  Check the paths in matrix/models; `doit model NAME` makes golden outputs."
    )


def test_an_entry_of_another_element_than_its_file_is_said_in_the_plan(project: Project) -> None:
    entry = project.matrices / "models" / "other.yaml"
    entry.write_text(entry.read_text().replace("element: int8", "element: float32"))
    error = hindrance(project)
    assert isinstance(error, ModelError)
    assert str(error) == (
        "The model other computes with int8; its entry says float32.\n"
        "  Write `element: int8` into matrix/models/other.yaml."
    )


def test_a_model_that_was_found_fit_is_not_read_again_until_it_or_its_entry_changes(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(planned(project).jobs) == 2
    read: list[bytes] = []
    network = registry.models.network
    monkeypatch.setattr(
        registry.models, "network", lambda contents: read.append(contents) or network(contents)
    )
    assert len(planned(project).jobs) == 2
    assert read == []
    entry = project.matrices / "models" / "other.yaml"
    entry.write_text(entry.read_text().replace("element: int8", "element: float32"))
    assert isinstance(hindrance(project), ModelError)
    assert len(read) == 1


def test_a_damaged_file_hinders_its_model_alone(project: Project) -> None:
    path = project.firmware / "models" / "other.tflite"
    path.write_bytes(path.read_bytes()[:3000])
    assert isinstance(hindrance(project), ModelError)


def test_a_model_that_cannot_fit_hinders_itself_alone(project: Project) -> None:
    path = project.firmware / "models" / "other.tflite"
    path.write_bytes(path.read_bytes() + bytes(2**20))
    error = hindrance(project)
    assert isinstance(error, TooLargeError)
    size = path.stat().st_size
    assert error.message == (
        f"The model other has {size} bytes, and FLASH of the stm32f746ng has 1048576:"
        f" {size - 2**20} bytes are missing."
    )


def test_models_of_which_none_can_fit_are_results_and_no_error_of_the_matrix(project: Project) -> None:
    for name in ("mnist-int8", "other"):
        path = project.firmware / "models" / f"{name}.tflite"
        path.write_bytes(path.read_bytes() + bytes(2**20))
    found = planned(project)
    assert not found.jobs
    assert [type(error) for error in found.hindered.values()] == [TooLargeError, TooLargeError]


def test_answers_that_are_stale_are_said_where_they_are_read(project: Project) -> None:
    models = project.firmware / "models"
    shutil.copy(models / "golden" / "mlperf-vww.json", models / "golden" / "other.json")
    other = planned(project).jobs[1].variant.model
    with pytest.raises(
        ModelError, match=r"other\.json were made from another model\.\n  Make it again: doit model"
    ):
        registry.answers.golden_case(other)


def test_a_model_that_is_somewhere_else_is_planned_without_being_fetched(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MCUMATRIX_CACHE", str(tmp_path / "cache"))
    (project.matrices / "models" / "other.yaml").write_text(SOMEWHERE_ELSE % ("0" * 64))
    jobs = planned(project).jobs
    assert len(jobs) == 2
    assert not (tmp_path / "cache").exists()
    with pytest.raises(SourceError, match=r"put the file with sha256:0+ there yourself"):
        registry.models.model_contents(jobs[1].variant.model)


def test_a_fetched_model_is_that_of_its_pin(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = project.firmware / "models" / "other.tflite"
    sha256 = hash_file(model)
    monkeypatch.setenv("MCUMATRIX_CACHE", str(tmp_path / "cache"))
    (project.matrices / "models" / "other.yaml").write_text(SOMEWHERE_ELSE % sha256)
    by_hand = tmp_path / "cache" / "archives" / "sha256" / sha256 / "other.tflite"
    by_hand.parent.mkdir(parents=True)
    shutil.copy(model, by_hand)
    other = planned(project).jobs[1].variant.model
    assert registry.models.model_contents(other) == model.read_bytes()
    assert len(registry.answers.golden_case(other).outputs) == 1


def _asked(project: Project, dataset: str) -> None:
    (project.matrices / "models" / "other.yaml").write_text(f"{OTHER}dataset: {dataset}\n")
    (project.matrices / "two.yaml").write_text(f"{MATRIX}accuracy: dataset\n")


def _samples_of_other(project: Project, labels: Sequence[int] = (3, 11)) -> Path:
    path = project.root / "samples.npz"
    np.savez(path, inputs=np.zeros((2, 490), np.int8), labels=labels)
    return path


def test_a_plan_knows_how_many_samples_there_are(project: Project) -> None:
    _samples_of_other(project)
    _asked(project, "samples.npz")
    assert [(job.variant.model.name, job.samples) for job in planned(project).jobs] == [
        ("mnist-int8", 1000),
        ("other", 2),
    ]


def test_a_labelled_set_that_cannot_be_hinders_its_model_alone(project: Project) -> None:
    _samples_of_other(project, labels=(3, 12))
    _asked(project, "samples.npz")
    assert str(hindrance(project)).endswith(
        "samples.npz has labels that are no class of the model, which has 12: 12 (sample 1).\n"
        "  Classes are counted from 0, in the order of the model's output."
    )


def test_a_run_depends_on_the_labelled_set_that_it_is_asked_and_on_no_other(project: Project) -> None:
    def fingerprints() -> dict[str, str]:
        return {job.variant.model.name: job.run_fingerprint for job in planned(project).jobs}

    def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
        return {name for name, fingerprint in before.items() if after[name] != fingerprint}

    without = fingerprints()
    _samples_of_other(project)
    _asked(project, "samples.npz")
    asked = fingerprints()
    assert changed(without, asked) == {"mnist-int8", "other"}
    _samples_of_other(project, labels=(3, 4))
    labelled = fingerprints()
    assert changed(asked, labelled) == {"other"}
    (project.matrices / "two.yaml").write_text(f"{MATRIX}accuracy: {{samples: 1}}\n")
    assert changed(labelled, fingerprints()) == {"mnist-int8", "other"}
    (project.matrices / "two.yaml").write_text(MATRIX)
    assert fingerprints() == without


def test_a_folder_of_samples_is_an_input_file_by_file(project: Project) -> None:
    folder = project.root / "samples" / "3"
    folder.mkdir(parents=True)
    (folder / "a.bin").write_bytes(bytes(490))
    _asked(project, "samples")
    before = planned(project).jobs[1]
    assert before.samples == 1
    (folder / "b.bin").write_bytes(bytes(490))
    after = planned(project).jobs[1]
    assert (after.samples, after.run_fingerprint != before.run_fingerprint) == (2, True)
    assert after.image.plan.fingerprint == before.image.plan.fingerprint


def test_a_labelled_set_that_is_somewhere_else_is_fetched_by_who_asks_it(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MCUMATRIX_CACHE", str(tmp_path / "cache"))
    samples = _samples_of_other(project)
    sha256 = hash_file(samples)
    _asked(project, f"{{url: 'https://127.0.0.1:9/samples.npz', sha256: {sha256}}}")
    job = planned(project).jobs[1]
    assert (job.samples, (tmp_path / "cache").exists()) == (None, False)
    with pytest.raises(SourceError, match=r"other-dataset\.npz"):
        registry.answers.labelled_set(job.variant.model, AskedSet())
    by_hand = tmp_path / "cache" / "archives" / "sha256" / sha256 / "other-dataset.npz"
    by_hand.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(samples, by_hand)
    assert registry.answers.labelled_set(job.variant.model, AskedSet()).labels == (3, 11)
