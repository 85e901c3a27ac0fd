"""`doit reproduce`: the results that somebody published, made again here and held against theirs."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from mcumatrix import actions
from mcumatrix.commands.archive import unpacked
from mcumatrix.commands.report import proved, results_of
from mcumatrix.errors import McuMatrixError, NothingSelectedError
from mcumatrix.hashing import hash_file
from mcumatrix.model.catalogue import Toolchain
from mcumatrix.model.image import Image
from mcumatrix.model.record import ImageFacts, Record
from mcumatrix.model.reproduction import Outcome, Published, Reproduction
from mcumatrix.model.variant import Matrix
from mcumatrix.ports import Builder
from mcumatrix.project import Project
from mcumatrix.report.content.reproduced import Reproduced
from mcumatrix.results.archive import ENDING
from mcumatrix.results.inputs import FOLDER as INPUTS
from mcumatrix.results.inputs import InputsStore
from mcumatrix.results.kept import Kept, newest_records
from mcumatrix.results.verification import image_folders
from mcumatrix.stages.agree import compare_cycles, image_difference, is_explained, toolchain_difference
from mcumatrix.stages.build import build_id, read_image
from mcumatrix.stages.inputs import input_differences
from mcumatrix.workflow import Job

_GET_THEIRS = (
    "With their archive (`doit archive`), `doit reproduce --against NAME.tar.gz` names the first section and "
    "symbol that differ."
)


@dataclass(frozen=True, slots=True)
class Theirs:
    """Published results.

    `source` says in words where they come from, `folder` is where they are, and `images` where images of them
    may be.
    """

    source: str
    folder: Path
    images: Path
    kept: Kept

    def elf_of(self, image: ImageFacts) -> Path | None:
        """Their image, where it is at hand."""
        for folder in image_folders(self.images, image.build_id):
            elf = folder / "output" / "image.elf"
            if elf.is_file() and hash_file(elf) == image.elf_sha256:
                return elf
        return None


@contextmanager
def published(project: Project, matrix: Matrix, against: str) -> Iterator[Theirs]:
    """The results to reproduce: those of the project, or `against`, an archive or a folder with records.

    Each record is held against its log and the golden answers. An archive is checked whole, and unpacked
    until this ends.

    Raises:
        NothingSelectedError: there is no such archive or folder, or it has no results of the matrix.
        ChangedResultError: the archive, or the chain of the records, is not as it was made.
        ResultError, StorageError: it cannot be read.
    """
    if not against:
        yield _theirs("the results in this project", project.results(matrix.name), matrix)
        return
    if against.endswith(ENDING):
        with unpacked(Path(against)) as tree:
            yield _required(_theirs(against, Project(tree).results(matrix.name), matrix), matrix)
        return
    if not (Path(against) / "records").is_dir():
        raise NothingSelectedError(
            f"there are no results in {against}",
            hint=f"Name an archive (*{ENDING}) or a folder, as in ../theirs/results/{matrix.name}.",
        )
    yield _required(_theirs(against, Path(against), matrix), matrix)


def _theirs(source: str, folder: Path, matrix: Matrix) -> Theirs:
    models = {variant.slug: variant.model for variant in matrix.variants}
    kept = proved(newest_records(folder / "records"), folder / "records", models)
    # As in a project: results and images are neighbours.
    images = folder.absolute().parents[1] / "build" / "images"
    return Theirs(source, folder, images, kept)


def _required(theirs: Theirs, matrix: Matrix) -> Theirs:
    there = {*theirs.kept.records, *theirs.kept.unreadable}
    if not any(variant.slug in there for variant in matrix.variants):
        raise NothingSelectedError(
            f"{theirs.source} has no results of {matrix.name}", hint="Name the matrix that they are of."
        )
    return theirs


@dataclass(frozen=True, slots=True)
class Means:
    """What reproducing takes: who builds with a toolchain, and who runs the present image of a job and keeps
    its record; nobody, where only images are compared."""

    project: Project
    builders: Callable[[Toolchain], Mapping[str, Builder]]
    run: Callable[[Job], Record] | None
    last: Callable[[Job], Record | None] = lambda _job: None
    """Gives the record of a build that failed here."""


def reproduce_variant(job: Job, theirs: Theirs, means: Means) -> Reproduced:
    """Builds the image of a job from nothing, by each builder, and compares it with the published one; runs
    it, where it is that, and compares the cycles.

    What goes wrong is the outcome, and never raised.
    """
    slug = job.variant.slug
    if refused := theirs.kept.unreadable.get(slug):
        return Reproduced(slug, Outcome.NOT_BELIEVED, error=refused.message)
    if not job.image.is_done():
        return _not_built(slug, theirs.kept.records.get(slug), means.last(job))
    folder = means.project.build / "reproduce"
    builders = means.builders(job.variant.toolchain)
    try:
        found = actions.reproduce(means.project, job, builders, folder)
        images = {name: _rebuilt(job, folder / name) for name in builders}
    except McuMatrixError as error:
        return Reproduced(slug, Outcome.NOT_BUILT, error=f"{error.message} {error.hint}".rstrip())
    record = theirs.kept.records.get(slug)
    if record is None:
        return Reproduced(slug, Outcome.UNPUBLISHED, found)
    if record.image is None:
        why = f"the published result has no image: {record.status}: {record.reason}"
        return Reproduced(slug, Outcome.UNPUBLISHED, found, error=why)
    other = next((one for one in images.values() if one.elf_sha256 != record.image.elf_sha256), None)
    if other is not None:
        return _other_image(job, theirs, record, found, other)
    return _same_image(job, record, found, means)


def _not_built(slug: str, theirs: Record | None, ours: Record | None) -> Reproduced:
    why = f"{ours.status}: {ours.reason}" if ours else "its image could not be built"
    is_same = (
        theirs is not None and theirs.image is None and ours is not None and ours.status is theirs.status
    )
    return Reproduced(
        slug, Outcome.SAME_FAILURE if is_same else Outcome.NOT_BUILT, error="" if is_same else why
    )


def write_report_again(project: Project, matrix: Matrix, theirs: Theirs) -> None:
    """Makes the report of published results again, with what came of reproducing them in it.

    Raises:
        StorageError: it cannot be written.
    """
    if theirs.kept.records:
        actions.write_report(project, matrix, results_of(project, matrix, theirs.kept))


def _rebuilt(job: Job, folder: Path) -> Image:
    return read_image(job.image.plan, actions.rebuilt_image(folder))


def _other_image(job: Job, theirs: Theirs, record: Record, found: Reproduction, ours: Image) -> Reproduced:
    assert record.image is not None
    elf = theirs.elf_of(record.image)
    compared = Published(
        record=record.name,
        elf_sha256=record.image.elf_sha256,
        outcome=Outcome.OTHER_IMAGE,
        image=image_difference(record.image, elf, ours),
        inputs=_differing_inputs(job, theirs, record.image, ours),
        hint="" if elf else _GET_THEIRS,
    )
    return Reproduced(job.variant.slug, Outcome.OTHER_IMAGE, replace(found, published=compared))


def _differing_inputs(job: Job, theirs: Theirs, image: ImageFacts, ours: Image) -> tuple[str, ...]:
    if image.build_id == build_id(job.image.plan):
        return ("none that is known",)
    compiler = toolchain_difference(image, ours)
    store = InputsStore(theirs.folder / INPUTS)
    there = store.find(image.build_id)
    if there is None:
        return tuple(filter(None, (compiler, "which else is not known: theirs are not beside the results")))
    here = {inputs.fingerprint: inputs for inputs in job.inputs}
    differing = input_differences(there, job.image.plan.inputs, lambda of: here.get(of) or store.find(of))
    # The compiler has been said, with its version.
    others = (str(one) for one in differing if not (compiler and one.is_compiler))
    return tuple(filter(None, (compiler, *others)))


def _same_image(job: Job, record: Record, found: Reproduction, means: Means) -> Reproduced:
    assert record.image is not None
    slug = job.variant.slug
    compared = Published(record.name, record.image.elf_sha256, Outcome.SAME_IMAGE)
    same_image = Reproduced(slug, Outcome.SAME_IMAGE, replace(found, published=compared))
    if means.run is None:
        return same_image
    if not found.is_same:
        # The image that would be run is none of those that were made from nothing.
        return replace(same_image, error="the image in build/images is another one; remove it and try again")
    try:
        ours = means.run(job)
    except McuMatrixError as error:
        return replace(same_image, error=f"it could not be run: {error.message} {error.hint}".rstrip())
    outcome, cycles, conditions = compare_cycles(record, ours)
    compared = replace(compared, outcome=outcome, cycles=cycles, conditions=conditions, run=ours.name)
    return Reproduced(
        slug,
        outcome,
        replace(found, published=compared),
        error="" if ours.measurement or not record.measurement else f"{ours.status}: {ours.reason}",
        explained=outcome is not Outcome.OTHER_CYCLES or is_explained(record.provenance, conditions),
    )
