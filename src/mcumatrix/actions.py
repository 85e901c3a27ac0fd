"""What the tasks do: each makes one thing of a job, and leaves it where its plan says.

Actions print nothing: they run side by side, and each has a log of its own.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path

from mcumatrix import registry
from mcumatrix.artifact import MANIFEST, is_current, make_anew, write_atomically, write_manifest
from mcumatrix.hashing import hash_file
from mcumatrix.model.application import AddedApplication
from mcumatrix.model.record import Record
from mcumatrix.model.reproduction import REPRODUCTION_SCHEMA, Rebuild, Reproduction
from mcumatrix.model.results import MatrixResults
from mcumatrix.model.variant import Matrix
from mcumatrix.ports import Builder, EarlierFiles
from mcumatrix.project import Project
from mcumatrix.report.content.evidence import shows_texts
from mcumatrix.report.content.report import Report, make_report, with_tests_of_units
from mcumatrix.report.content.tables import Case, cases_of_results
from mcumatrix.report.render.charts.svg import CHARTS
from mcumatrix.report.render.formats import FORMATS, render_files
from mcumatrix.results.kept import OverTime, records_over_time
from mcumatrix.results.published import read_publications
from mcumatrix.results.store import RecordStore, read_raw_log
from mcumatrix.running import image_of, warning_of
from mcumatrix.stages import build
from mcumatrix.stages.compare import first_difference
from mcumatrix.stages.evidence import differences_from_log
from mcumatrix.stages.log_lines import TimeLines, time_lines
from mcumatrix.stages.record import utc_now
from mcumatrix.stages.render import hello_of, render_config_header, render_sample, render_wire_header
from mcumatrix.storage import in_sentences
from mcumatrix.workflow import Build, Job, report_fingerprint


def render_model(project: Project, job: Job) -> None:
    """Makes the C sources of a model and of the built-in input.

    Raises:
        ModelError, RenderError: the model cannot be read, or not be run by this runtime.
        StorageError: its folder cannot be written.
    """
    plan = job.rendered
    runtime = registry.runtimes.runtime(job.variant.runtime, project.firmware, project.templates)
    model = job.variant.model
    contents = registry.models.model_contents(model)
    files = dict(runtime.render(contents, lambda: registry.models.network(contents)))
    files["sample.c"] = render_sample(registry.answers.golden_case(model).input)
    with in_sentences(f"The model {plan.name} could not be rendered", plan.folder, "Nothing else is lost."):
        make_anew(plan.folder)
        for name, data in files.items():
            (plan.folder / name).write_bytes(data)
        write_manifest(plan.folder, plan.fingerprint, files)


def build_runtime(project: Project, job: Job, builder: Builder, say: Callable[[str], None]) -> None:
    """Compiles the library of a runtime; `say` gets a line when code from elsewhere is fetched.

    Raises:
        SourceError: that code cannot be had, or is not what is needed.
        BuildError, ToolError: as the builder does.
    """
    folders, inputs = _runtime_parts(project, job, say)
    build.execute(job.runtime.plan, builder, replace(job.runtime.folders, trees=folders), inputs)


def _runtime_parts(
    project: Project, job: Job, say: Callable[[str], None]
) -> tuple[tuple[tuple[str, Path], ...], Mapping[str, bytes]]:
    """Where the code from elsewhere is that a runtime needs, and what is made for its library."""
    runtime = registry.runtimes.runtime(job.variant.runtime, project.firmware, project.templates, say)
    folders = runtime.folders(job.variant.kernels)
    return tuple(folders.items()), runtime.library_inputs(job.variant.kernels, folders)


def build_platform(project: Project, job: Job, builder: Builder) -> None:
    """Compiles app, family and board. Raises BuildError or ToolError."""
    build.execute(job.platform.plan, builder, job.platform.folders, _platform_inputs(project))


def build_application(
    project: Project, job: Job, builder: Builder, say: Callable[[str], None], added: AddedApplication
) -> None:
    """Compiles an application; `say` gets a line when code from elsewhere is fetched.

    Raises:
        SourceError: that code cannot be had.
        BuildError, ToolError: as the builder does.
    """
    wanted = dict(job.applications)[added]
    folders = replace(wanted.folders, trees=_trees_of(added, say))
    build.execute(wanted.plan, builder, folders, _platform_inputs(project))


def _trees_of(added: AddedApplication, say: Callable[[str], None]) -> tuple[tuple[str, Path], ...]:
    return tuple(
        (source.name, registry.sources.source_folder(source, parts, say)) for source, parts in added.sources
    )


def build_model(job: Job, builder: Builder) -> None:
    """Compiles a rendered model. Raises BuildError or ToolError."""
    build.execute(job.model.plan, builder, job.model.folders, _model_inputs(job))


def build_all(
    project: Project,
    job: Job,
    builder: Builder,
    say: Callable[[str], None],
    alone: Callable[[str], AbstractContextManager[None]],
) -> None:
    """Makes whatever of an image is not there yet, one part after the other.

    Within `alone` nobody else makes the part of that name, which others may share.

    Raises:
        McuMatrixError: as each of them does.
    """
    with alone(job.rendered.folder.name):
        if not is_current(job.rendered.folder, job.rendered.fingerprint):
            render_model(project, job)
    makers: tuple[tuple[Build, Callable[[], None]], ...] = (
        (job.platform, lambda: build_platform(project, job, builder)),
        (job.runtime, lambda: build_runtime(project, job, builder, say)),
        (job.model, lambda: build_model(job, builder)),
        *(
            (library, partial(build_application, project, job, builder, say, added))
            for added, library in job.applications
        ),
    )
    for library, make in makers:
        with alone(library.name):
            if not library.is_done():
                make()
    build_image(project, job, builder)


def build_image(project: Project, job: Job, builder: Builder) -> str:
    """Links the image of a variant; returns its size in words, and what is known against running it.

    Raises:
        BuildError, ToolError: as the builder does.
    """
    libraries = [library.folders.output for library in job.libraries]
    inputs = _image_inputs(project, job, libraries)
    build.execute(job.image.plan, builder, job.image.folders, inputs)
    return "; ".join(filter(None, (image_of(job).sizes.rom_described, warning_of(job))))


def build_from_nothing(project: Project, job: Job, builder: Builder, folder: Path) -> Path:
    """Builds libraries and image of a job below `folder`, without any cache; returns the ELF file.

    Raises:
        BuildError, ToolError: as the builder does.
    """

    trees, runtime_inputs = _runtime_parts(project, job, say=lambda _line: None)

    def make(
        name: str, wanted: Build, inputs: Mapping[str, bytes], trees: tuple[tuple[str, Path], ...] = ()
    ) -> Path:
        folders = replace(
            wanted.folders, inputs=folder / name / "inputs", output=folder / name / "output", trees=trees
        )
        build.execute(build.without_ccache(wanted.plan), builder, folders, inputs)
        return folders.output

    libraries = [
        make("runtime", job.runtime, runtime_inputs, trees),
        make("platform", job.platform, _platform_inputs(project)),
        make("model", job.model, _model_inputs(job)),
        *(
            make(added.name, library, _platform_inputs(project), _trees_of(added, lambda _line: None))
            for added, library in job.applications
        ),
    ]
    make(_IMAGE, job.image, _image_inputs(project, job, libraries))
    return rebuilt_image(folder) / "image.elf"


_IMAGE = "image"


def rebuilt_image(folder: Path) -> Path:
    """Where `build_from_nothing` leaves the image that it makes below a folder."""
    return folder / _IMAGE / "output"


def rendered_inputs(project: Project, job: Job) -> dict[str, bytes]:
    """Everything that is rendered for an image: what it is compiled from besides our sources."""
    return _headers(project, job) | _model_inputs(job)


def _headers(project: Project, job: Job) -> dict[str, bytes]:
    hello = hello_of(job.variant, build.build_id(job.image.plan))
    return {"config.h": render_config_header(project.templates, hello)} | _platform_inputs(project)


def _platform_inputs(project: Project) -> dict[str, bytes]:
    return {"wire.h": render_wire_header(project.templates)}


def _model_inputs(job: Job) -> dict[str, bytes]:
    folder = job.rendered.folder
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != MANIFEST}


def _image_inputs(project: Project, job: Job, libraries: Iterable[Path]) -> dict[str, bytes]:
    archives = {path.name: path.read_bytes() for folder in libraries for path in folder.glob("lib*.a")}
    return _headers(project, job) | archives


def reproduce(project: Project, job: Job, builders: Mapping[str, Builder], folder: Path) -> Reproduction:
    """Builds the image of a job again below `folder`, from nothing and by each builder, and compares.

    Raises:
        BuildError, ToolError: a build that went well before failed now.
    """
    image = image_of(job)
    rebuilds = []
    for name, builder in builders.items():
        with in_sentences("Nothing could be built again", folder, "Nothing is lost."):
            make_anew(folder / name)
        elf = build_from_nothing(project, job, builder, folder / name)
        rebuilds.append(Rebuild(name, hash_file(elf), first_difference(image.elf, elf)))
    return Reproduction(
        schema=REPRODUCTION_SCHEMA,
        fingerprint=job.image.plan.fingerprint,
        variant=job.variant.slug,
        elf_sha256=image.elf_sha256,
        rebuilds=tuple(rebuilds),
        finished_at=utc_now(),
    )


REPORT_FILES = tuple(FORMATS)
"""What people open; the charts of a report are in them and beside them."""


def report_of(project: Project, matrix: Matrix, results: MatrixResults) -> Report:
    """The report of a matrix from the newest records and reproductions of its variants, if any.

    Raises:
        PublishedError: numbers that are to stand beside ours cannot be read.
        ResultError: the raw log of a record cannot be read.
    """
    cases = cases_of_results(matrix, results, registry.models.least_cycles)
    published = read_publications(matrix.published, project.published_folders)
    lines = _lines_of_variants(project, matrix, cases)
    report = make_report(matrix, cases, published, lines, runs_of_variants(project, matrix).records)
    return with_tests_of_units(report, results)


def runs_of_variants(project: Project, matrix: Matrix, before: EarlierFiles | None = None) -> OverTime:
    """All records of those variants that ran several times, oldest first; `before` has earlier ones.

    One that is not what its raw log says is left out: `doit verify` and `doit replay` name it.

    Raises:
        ResultError: the chain of records cannot be read, or is not as it was written.
    """

    def is_proved(record: Record, log: bytes) -> bool:
        return not any(differences_from_log(record, log))

    return records_over_time(project.results(matrix.name) / "records", is_proved, before)


def _lines_of_variants(project: Project, matrix: Matrix, cases: Sequence[Case]) -> dict[str, TimeLines]:
    """Where the raw logs have the times, by slugs. Raises ResultError."""
    store = RecordStore(project.results(matrix.name) / "records")
    with_texts = shows_texts(cases)
    return {
        record.variant: time_lines(read_raw_log(store.path_of(record)), with_texts=with_texts)
        for record in (case.record for case in cases)
        if record is not None and record.measurement is not None and record.log
    }


def write_report(project: Project, matrix: Matrix, results: MatrixResults, fingerprint: str = "") -> Report:
    """Makes the files of a report, unless they are there, and returns it; what goes in is as in `report_of`.

    `fingerprint` is that of the report, where it is known.

    Raises:
        PublishedError: see `report_of`.
        StorageError: they cannot be written.
    """
    report = report_of(project, matrix, results)
    folder = project.results(matrix.name)
    fingerprint = fingerprint or report_fingerprint(project, matrix, results)
    kept = "It is made of records, and none of those is lost by this."
    if is_current(folder, fingerprint):
        return report
    with in_sentences(f"The report of {matrix.name} could not be written", folder, kept):
        names = write_report_files(folder, render_files(report, project.templates))
        write_manifest(folder, fingerprint, names)
    return report


def write_report_files(folder: Path, files: Iterable[tuple[str, bytes]]) -> tuple[str, ...]:
    """Writes the files of a report, removes charts that it does not have any more, and returns their names.

    Raises:
        OSError: they cannot be written.
    """
    names = []
    for name, data in files:
        write_atomically(folder / name, data)
        names.append(name)
    for path in (folder / CHARTS).glob("*.svg"):
        if path.relative_to(folder).as_posix() not in names:
            path.unlink()
    return tuple(names)
