"""Which tasks there are for what a matrix asks for."""

import dataclasses
from pathlib import Path
from types import SimpleNamespace

import pytest

from mcumatrix import actions, registry, tasks, workflow
from mcumatrix.adapters.builders.local import LocalBuilder
from mcumatrix.matrix.catalogues import load_catalogues
from mcumatrix.matrix.load import find_matrix, load_matrix
from mcumatrix.model.application import Application
from mcumatrix.model.image import BuildFolders, BuildPlan, ToolchainIdentity
from mcumatrix.project import Project
from mcumatrix.registry.boards import Boards

REPOSITORY = Path(__file__).parents[1]
SERVED = (Application.BENCH, Application.INFERENCE_SERVER)


class Recorder:
    """A builder that makes empty files, and keeps what it was asked for."""

    def __init__(self, builder: LocalBuilder) -> None:
        self._builder = builder
        self.executed: list[tuple[BuildPlan, BuildFolders]] = []

    def identity(self, *asked: object) -> ToolchainIdentity:
        return self._builder.identity(*asked)

    def execute(self, plan: BuildPlan, folders: BuildFolders, log: Path) -> None:
        self.executed.append((plan, folders))
        for name in plan.outputs:
            (folders.output / name).touch()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    for part in ("matrix", "firmware", "templates"):
        (tmp_path / part).symlink_to(REPOSITORY / part)
    return Project(tmp_path)


@pytest.fixture
def work(project: Project) -> SimpleNamespace:
    """A variant of the quickstart as it is, and the same with an inference server."""
    catalogues = load_catalogues(project.matrices)
    plain = load_matrix(find_matrix("quickstart", project.matrices), catalogues).variants[0]
    served = dataclasses.replace(plain, slug=f"{plain.slug}_served", applications=SERVED)
    builder = Recorder(LocalBuilder(project.build / "cache"))
    boards = Boards(project.boards, wait=False, say=print)
    jobs = workflow.plan_jobs(project, [plain, served], builder, boards).jobs
    return SimpleNamespace(project=project, jobs=jobs, builder=builder, say=print)


def test_an_application_is_one_library_that_only_images_with_it_wait_for(work: SimpleNamespace) -> None:
    names = [task["name"] for task in tasks.library_tasks(work, work.jobs)]
    plain, served = ({*task["task_dep"]} for task in tasks.build_tasks(work, work.jobs))
    [added] = served - plain
    assert added.startswith("library:inference-server-stm32f746g_disco-")
    assert sorted(f"library:{name}" for name in names) == sorted(served)


def test_tasks_of_some_variants_are_those_that_these_need(work: SimpleNamespace) -> None:
    plain, served = (
        {task["name"] for make in (tasks.model_tasks, tasks.library_tasks) for task in make(work, [job])}
        for job in work.jobs
    )
    [added] = served - plain
    assert added.startswith("inference-server-stm32f746g_disco-")
    assert len(plain) == 4
    assert [task["name"] for task in tasks.build_tasks(work, work.jobs[:1])] == [work.jobs[0].variant.slug]


def test_an_application_is_compiled_with_its_pinned_code_and_the_protocols_header(
    work: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def source_folder(source: object, parts: tuple[str, ...], say: object) -> Path:
        asked.append((source, parts))
        return tmp_path / "flatbuffers"

    monkeypatch.setattr(registry.sources, "source_folder", source_folder)
    job = work.jobs[1]
    [(added, library)] = job.applications
    actions.build_application(work.project, job, work.builder, print, added)
    assert asked == list(added.sources)
    [(plan, folders)] = work.builder.executed
    assert folders.trees == (("flatbuffers", tmp_path / "flatbuffers"),)
    assert "-DMCUMATRIX_TREE_FLATBUFFERS={tree_flatbuffers}" in plan.steps[0]
    assert (folders.inputs / "wire.h").read_bytes().startswith(b"/* The protocol")
    assert library.is_done()
