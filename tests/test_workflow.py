"""Fingerprints cover what a stage runs through, whichever files that is: nobody has to remember one."""

import dataclasses
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest

from mcumatrix import actions, workflow
from mcumatrix.adapters.builders.local import LocalBuilder
from mcumatrix.artifact import MANIFEST, manifest_bytes
from mcumatrix.matrix.catalogues import load_catalogues
from mcumatrix.matrix.load import find_matrix, load_matrix
from mcumatrix.model.application import Application
from mcumatrix.model.record import Record
from mcumatrix.model.results import MatrixResults, group_runs
from mcumatrix.model.variant import Matrix
from mcumatrix.own_code import code_behind, module_file
from mcumatrix.project import Project
from mcumatrix.registry.boards import Boards
from mcumatrix.registry.runtimes import runtime
from mcumatrix.results.known import KnownRecords
from mcumatrix.results.store import RecordStore
from support.variants import a_record, a_variant

REPOSITORY = Path(__file__).parents[1]
SOURCES = REPOSITORY / "src" / "mcumatrix"

CARRY_ONLY = {
    "actions.py",
    "artifact.py",
    "errors.py",
    "hashing.py",
    "plugins.py",
    "project.py",
    *(f"registry/{path.name}" for path in (SOURCES / "registry").glob("*.py")),
    "storage.py",
    # A plan is in its own fingerprint, with every command and definition.
    "stages/build.py",
}
"""What brings work to who does it, or keeps what was made: it decides nothing of it."""

ONLY_FINGERPRINTS = {"workflow.py", "own_code.py", "by_contents.py"}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A copy of what people edit, so that it can be changed."""
    for part in ("matrix", "firmware", "templates"):
        shutil.copytree(REPOSITORY / part, tmp_path / part)
    return Project(tmp_path)


@pytest.fixture
def plan(project: Project) -> Callable[[], workflow.Job]:
    """plan() plans the first variant of the quickstart."""
    builder = LocalBuilder(project.build / "cache")

    def planned() -> workflow.Job:
        matrix = load_matrix(find_matrix("quickstart", project.matrices), load_catalogues(project.matrices))
        boards = Boards(project.boards, wait=False, say=print)
        [job] = workflow.plan_jobs(project, matrix.variants[:1], builder, boards).jobs
        return job

    return planned


@contextmanager
def code_that_runs() -> Iterator[set[Path]]:
    """The files of our package of which a function is called inside."""
    files: set[Path] = set()

    def note(frame: FrameType, _event: str, _argument: object) -> None:
        name = frame.f_code.co_filename
        if frame.f_code.co_name != "<module>" and name.startswith(str(SOURCES)):
            files.add(Path(name))

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield files
    finally:
        sys.setprofile(before)


def _names(files: set[Path]) -> set[str]:
    return {file.relative_to(SOURCES).as_posix() for file in files}


def _covered(modules: tuple[str, ...], project: Project) -> set[str]:
    names = [name for name in code_behind(modules, project.templates) if not name.endswith(".j2")]
    return _names({file for file in map(module_file, names) if file is not None})


def test_what_renders_a_model_is_in_its_fingerprint(
    project: Project, plan: Callable[[], workflow.Job]
) -> None:
    job = plan()
    with code_that_runs() as ran:
        actions.render_model(project, job)
        actions.rendered_inputs(project, job)
    adapter = type(runtime(job.variant.runtime, project.firmware, project.templates)).__module__
    assert "stages/render.py" in _names(ran)
    assert _names(ran) - CARRY_ONLY - _covered((*workflow.RENDERERS, adapter), project) == set()


def test_what_makes_a_report_is_in_its_fingerprint(project: Project) -> None:
    matrix = Matrix("quickstart", "", (), (a_variant(),))
    record = a_record()
    with code_that_runs() as ran:
        actions.write_report(project, matrix, _results(record))
    assert any(name.startswith("report/") for name in _names(ran))
    assert _names(ran) - CARRY_ONLY - ONLY_FINGERPRINTS - _covered(workflow.REPORTERS, project) == set()


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ("templates/wire.h.j2", {"rendered", "platform", "model", "image", "run"}),
        ("templates/config.h.j2", {"rendered", "platform", "model", "image", "run"}),
        ("templates/builtin_model.c.j2", {"rendered", "model", "image", "run"}),
        ("templates/tflm_model.c.j2", set()),
        ("templates/report.md.j2", set()),
        ("firmware/app/main.c", {"platform", "image", "run"}),
        ("firmware/family/stm32f7/clock.c", {"platform", "image", "run"}),
        ("firmware/board/stm32f746g_disco/board.c", {"platform", "image", "run"}),
        ("firmware/chip/stm32f746ng/memory.ld", {"platform", "image", "run"}),
        ("firmware/chip/stm32f767zi/memory.ld", set()),
        ("firmware/board/nucleo_f767zi/board.c", set()),
        ("firmware/include/port.h", {"runtime", "platform", "model", "image", "run"}),
        ("firmware/runtime/builtin/runtime.c", {"runtime", "model", "image", "run"}),
        ("firmware/runtime/tflm/runtime.cc", set()),
        ("firmware/flash_algorithm/algorithm.c", set()),
        # Of an application that these images have not.
        ("firmware/application/inference-server/server.c", set()),
    ],
)
def test_a_change_counts_where_it_changes_something(
    project: Project, plan: Callable[[], workflow.Job], changed: str, what: set[str]
) -> None:
    before = _fingerprints(plan())
    file = project.root / changed
    file.write_text(file.read_text() + "\n")
    after = _fingerprints(plan())
    assert {name for name in before if before[name] != after[name]} == what


@pytest.mark.parametrize(("folder", "counts"), [("firmware/middle", True), ("firmware/board/another", False)])
def test_a_new_folder_counts_unless_it_is_another_board(
    project: Project, plan: Callable[[], workflow.Job], folder: str, counts: bool
) -> None:
    before = plan().platform.plan.fingerprint
    (project.root / folder).mkdir()
    (project.root / folder / "new.c").touch()
    assert (plan().platform.plan.fingerprint != before) is counts


def test_an_application_changes_images_that_have_it_and_no_part_that_they_share_with_others(
    project: Project,
) -> None:
    def planned(applications: tuple[Application, ...]) -> workflow.Job:
        catalogues = load_catalogues(project.matrices)
        matrix = load_matrix(find_matrix("quickstart", project.matrices), catalogues)
        variant = dataclasses.replace(matrix.variants[0], applications=applications)
        builder = LocalBuilder(project.build / "cache")
        boards = Boards(project.boards, wait=False, say=print)
        [job] = workflow.plan_jobs(project, [variant], builder, boards).jobs
        return job

    server = (Application.BENCH, Application.INFERENCE_SERVER)
    plain, served = planned((Application.BENCH,)), planned(server)
    differing = {
        name
        for name, fingerprint in _fingerprints(served).items()
        if _fingerprints(plain)[name] != fingerprint
    }
    assert differing == {"image", "run"}
    assert len(served.libraries) == len(plain.libraries) + 1
    assert served.applications[0][1].plan.inputs in served.inputs
    (project.firmware / "application" / "inference-server" / "server.c").write_text("// other\n")
    assert planned(server).image.plan.fingerprint != served.image.plan.fingerprint
    assert planned((Application.BENCH,)).image.plan.fingerprint == plain.image.plan.fingerprint


def _results(record: Record | None) -> MatrixResults:
    return MatrixResults({a_variant().slug: group_runs([record] if record else [])})


def _fingerprints(job: workflow.Job) -> dict[str, str]:
    return {
        "rendered": job.rendered.fingerprint,
        "runtime": job.runtime.plan.fingerprint,
        "platform": job.platform.plan.fingerprint,
        "model": job.model.plan.fingerprint,
        "image": job.image.plan.fingerprint,
        "run": job.run_fingerprint,
    }


def test_a_report_is_made_again_for_whatever_changes_in_a_record(project: Project) -> None:
    matrix = Matrix("quickstart", "", (), (a_variant(),))
    record = a_record()
    assert record.measurement is not None
    slower = dataclasses.replace(record.measurement, total_cycles=(2000, 2000))
    seen = {
        workflow.report_fingerprint(project, matrix, _results(one))
        for one in (
            record,
            dataclasses.replace(record, measurement=slower),
            dataclasses.replace(record, expected_reason="it was so"),
            None,
        )
    }
    assert len(seen) == 4


def test_a_result_is_proved_once_and_again_where_its_image_is_another_one(
    plan: Callable[[], workflow.Job], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = dataclasses.replace(plan(), run_fingerprint="f" * 64)
    proved: list[Path] = []
    monkeypatch.setattr(workflow, "_prove", lambda _job, file, *_: proved.append(file))

    def start() -> RecordStore:
        """As a process begins: with what those before it remember."""
        return RecordStore(tmp_path / "records", KnownRecords(tmp_path / "known.jsonl"))

    def prove() -> int:
        store = start()
        workflow.require_proved(job, store)
        store.remember()
        return len(proved)

    assert prove() == 0
    kept = start().add(a_record(variant=job.variant), b"raw log")
    assert [prove(), prove()] == [1, 1]
    assert kept.image is not None
    outputs = {"image.elf": kept.image.elf_sha256, "image.bin": kept.image.binary_sha256}
    manifest = job.image.folders.output / MANIFEST
    manifest.parent.mkdir(parents=True)
    manifest.write_bytes(manifest_bytes(job.image.plan.fingerprint, outputs))
    assert prove() == 1
    manifest.write_bytes(manifest_bytes(job.image.plan.fingerprint, outputs | {"image.bin": "0" * 64}))
    assert prove() == 2
    start().add(dataclasses.replace(kept, finished_at="2030-01-01T00:00:00.000000Z"), b"another raw log")
    assert prove() == 3
