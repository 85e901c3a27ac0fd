"""What has to be done for a matrix: every variant with the plans and fingerprints of its stages.

Nothing is made here. The way of a variant is

    render model -> build library -> build image -> run -> report

and each of these has a fingerprint over everything that can change what it makes, so that work which is
done already, by this matrix or another, is found again.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from functools import cache, partial
from importlib.metadata import version
from operator import attrgetter
from pathlib import Path

from mcumatrix import registry
from mcumatrix.artifact import is_current, make_folder, output_hashes
from mcumatrix.errors import (
    BuildError,
    ChangedResultError,
    McuMatrixError,
    ModelError,
    ModelFileError,
    ResultError,
    SourceError,
    TooLargeError,
    ToolError,
)
from mcumatrix.hashing import Part, Shared, fingerprint, hash_bytes, hash_file, hash_tree
from mcumatrix.matrix.catalogues import load_catalogues
from mcumatrix.model.application import ADDED, AddedApplication, Application
from mcumatrix.model.axes import AXES, AxisKind, Setting
from mcumatrix.model.catalogue import (
    Board,
    Catalogues,
    DigitInput,
    FileInput,
    Model,
    ModelInput,
    RandomInput,
    Toolchain,
)
from mcumatrix.model.catalogue import Runtime as RuntimeEntry
from mcumatrix.model.chip import Chip
from mcumatrix.model.common_inputs import CommonInputs
from mcumatrix.model.golden import GoldenCase
from mcumatrix.model.image import BuildFolders, BuildPlan, ToolchainIdentity
from mcumatrix.model.inputs import NOTHING, Inputs
from mcumatrix.model.kernels import Compiled, KernelFacts, read_kernel_facts
from mcumatrix.model.labelled import AskedSet
from mcumatrix.model.layout import PLACED, Choice, Layouts
from mcumatrix.model.network import Network
from mcumatrix.model.record import FINAL, Record, Status
from mcumatrix.model.results import MatrixResults, VariantRuns, group_runs
from mcumatrix.model.schedule import FIRST, Slot
from mcumatrix.model.variant import Matrix, Variant
from mcumatrix.own_code import code_behind, hash_of_own_code, module_file
from mcumatrix.ports import Builder, Runtime
from mcumatrix.project import Project
from mcumatrix.registry.boards import Boards
from mcumatrix.results.known import Known, KnownRecords, told_sha256
from mcumatrix.results.published import find_publication
from mcumatrix.results.store import CHAIN_FILE, MEND, RecordStore, read_raw_log, read_trace
from mcumatrix.stages.application import application_members, application_of
from mcumatrix.stages.build import (
    build_id,
    image_planner,
    plan_application,
    plan_library,
    plan_model,
    plan_platform,
)
from mcumatrix.stages.chip import chip_of, clocks_of
from mcumatrix.stages.evidence import (
    differences_from_golden,
    differences_from_image,
    differences_from_log,
    differences_from_trace,
    require_none,
)
from mcumatrix.stages.layout import choices_of, layouts_by_board, layouts_of
from mcumatrix.stages.record import compiled_as
from mcumatrix.stages.render import hello_of
from mcumatrix.stages.room import require_room, require_room_for_choices

_DIGITS = 12
"""How much of a fingerprint is in the name of a folder."""

RENDERERS = (
    "mcumatrix.stages.render",
    "mcumatrix.adapters.models.golden_case",
)
"""What makes sources of a model, besides the adapter of its runtime. What these import counts too."""

REPORTERS = (
    "mcumatrix.report.content.report",
    "mcumatrix.report.render.formats",
    "mcumatrix.results.kept",
    "mcumatrix.results.published",
    # What a layer cannot take less than is read from the model.
    "mcumatrix.adapters.models.tflite_file",
)
"""What makes a report of records. What these import counts too."""

_CHECKERS = (
    "mcumatrix.stages.room",
    "mcumatrix.model.network",
    "mcumatrix.adapters.models.golden_case",
    "mcumatrix.adapters.models.tflite_file",
)
"""What says whether a model is as its entry says and fits a chip. What these import decides no more than the
linker and the reader of golden answers do, which look again."""

_NOT_OF_THE_PLATFORM = {
    *("runtime", "models", "application", "flash_algorithm", "serial_flash_algorithm"),
    *("family", "chip", "board"),
}
"""Under `firmware/`: what runtimes, models and applications bring by themselves, what is in no image, and
families, chips and boards, of which an image has one each. All the rest is part of the platform: none can be
forgotten."""

_COMMON_TO_LIBRARIES = ("CMakeLists.txt", "cmake", "include")


@dataclass(frozen=True, slots=True)
class ModelPlan:
    """A model to be rendered for a runtime into the files of a folder."""

    name: str
    fingerprint: str
    folder: Path
    inputs: Inputs = field(default=NOTHING, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Build:
    """A plan, and the folders that it is executed in: `sources`, and two in one of its own below `below`.

    There are as many as variants, and the paths of few of them are ever needed.
    """

    plan: BuildPlan
    sources: Path
    below: str

    @property
    def folders(self) -> BuildFolders:
        """Where a builder finds and leaves its files."""
        return BuildFolders(self.sources, Path(f"{self.below}/{self.name}/inputs"), Path(self._output))

    @property
    def _output(self) -> str:
        return f"{self.below}/{self.name}/output"

    @property
    def name(self) -> str:
        """Name and start of the fingerprint: unique, and recognised by a person."""
        return _unique_name(self.plan.name, self.plan.fingerprint)

    def is_done(self) -> bool:
        """Whether its outputs are there, as they were made from exactly these inputs."""
        return is_current(self._output, self.plan.fingerprint)

    def output_hashes(self) -> dict[str, str]:
        """SHA-256 of each output by its name, as it was made from these inputs; empty if it was not made."""
        return output_hashes(Path(self._output), self.plan.fingerprint)

    def was_made(self) -> bool:
        """Whether it was made once from these inputs; its outputs may have been changed since."""
        return bool(self.output_hashes())

    def is_damaged(self) -> bool:
        """Whether it was made, and its outputs are no longer what they were."""
        return self.was_made() and not self.is_done()


@dataclass(frozen=True, slots=True)
class Job:
    """Everything there is to do for one variant.

    `runtime`, `platform`, `model` and those of `applications` are libraries, which other jobs may share.
    """

    variant: Variant
    rendered: ModelPlan
    runtime: Build
    platform: Build
    model: Build
    image: Build
    run_fingerprint: str
    run: Inputs = field(default=NOTHING, compare=False, repr=False)
    applications: tuple[tuple[AddedApplication, Build], ...] = ()
    """What its image has besides the benchmark."""
    samples: int | None = None
    """How many samples of a labelled set its run asks; None for none, and where they have to be fetched."""

    @property
    def inputs(self) -> tuple[Inputs, ...]:
        """Those of its run, and of all that comes before it."""
        builds = (self.image, *self.libraries)
        return (self.run, *(build.plan.inputs for build in builds), self.rendered.inputs)

    @property
    def libraries(self) -> tuple[Build, ...]:
        """What is linked into the image."""
        return (self.runtime, self.platform, self.model, *(build for _, build in self.applications))

    def newest_record(self, store: RecordStore, slot: Slot = FIRST) -> Record | None:
        """The last result of a run that was made from exactly these inputs."""
        return store.newest(self.variant.slug, self.run_fingerprint, slot)

    def known(self, store: RecordStore, slot: Slot = FIRST) -> Known | None:
        """What is known of that result, which need not be read again for it."""
        return store.known(self.variant.slug, self.run_fingerprint, slot)

    def runs(self, store: RecordStore, slots: Iterable[Slot]) -> VariantRuns:
        """The last results of some runs."""
        return group_runs(record for slot in slots if (record := self.newest_record(store, slot)))

    def is_done(self, store: RecordStore, slot: Slot = FIRST) -> bool:
        """Whether running it again would tell nothing new."""
        return _is_final(self.known(store, slot))

    def within(self, left_s: float) -> "Job":
        """The same with builds that are ended when this time is over, of which they may all have some."""

        def limited(build: Build) -> Build:
            return replace(build, plan=replace(build.plan, left_s=left_s))

        return replace(
            self,
            runtime=limited(self.runtime),
            platform=limited(self.platform),
            model=limited(self.model),
            image=limited(self.image),
            applications=tuple((added, limited(build)) for added, build in self.applications),
        )


def _is_final(known: Known | None) -> bool:
    return known is not None and known.status in FINAL


def require_proved(
    job: Job,
    store: RecordStore,
    slots: Iterable[Slot] = (FIRST,),
    golden_of: Callable[[Model, AskedSet | None], GoldenCase] = registry.answers.golden_case,
) -> None:
    """Compares the last results of a job with its raw log, its image if it is there, and the golden answers,
    which `golden_of` gives.

    What was proved before is not proved again: `store` knows it by the bytes of record, log and trace, and
    golden answers and all that the firmware says of itself are in the fingerprint that the record has.

    Raises:
        ChangedResultError: it is not what they say, or not as it was kept: somebody has changed one of them.
        ResultError: it, or its log, cannot be read.
    """
    results = [(slot, known) for slot in slots if (known := job.known(store, slot))]
    if not results:
        return
    image = job.image.output_hashes()
    for slot, known in results:
        proved = store.is_proved(known.variant, known.fingerprint, slot)
        if proved and _is_of_image(known, image):
            continue
        record = job.newest_record(store, slot)
        if record is None:
            continue
        _prove(job, store.path_of(record), record, image, golden_of)
        if not proved:
            store.prove(known.variant, known.fingerprint, slot)


def _is_of_image(known: Known, image: Mapping[str, str]) -> bool:
    """Whether a result is of an image with these hashes, or of none, or there is none."""
    pairs = ((known.elf_sha256, image.get("image.elf")), (known.binary_sha256, image.get("image.bin")))
    return all(not recorded or there in {None, recorded} for recorded, there in pairs)


def _prove(
    job: Job,
    file: Path,
    record: Record,
    image: Mapping[str, str],
    golden_of: Callable[[Model, AskedSet | None], GoldenCase],
) -> None:
    log = read_raw_log(file)
    if hash_bytes(log) != record.log_sha256:
        raise ChangedResultError(f"{file.with_suffix('.log')} is being changed", hint=MEND)
    said = hello_of(job.variant, build_id(job.image.plan))
    found = [
        *differences_from_log(record, log, said),
        *differences_from_image(record, build_id(job.image.plan), image),
        *differences_from_golden(record, log, golden_of(job.variant.model, record.asked)),
        *differences_from_trace(record, read_trace(file, record)),
    ]
    require_none(file, found, MEND)


def kernel_facts_of(job: Job) -> KernelFacts | None:
    """What the kernels of a job's runtime say of themselves, if they were asked."""
    return read_kernel_facts(job.runtime.folders.inputs)


def compilations(jobs: Iterable[Job]) -> list[tuple[str, Compiled]]:
    """By the slugs of variants, how their runtimes' libraries are compiled, as far as it was looked at."""
    found: dict[tuple[str, tuple[Setting, ...]], Compiled] = {}

    def compiled(job: Job) -> Compiled:
        key = job.runtime.name, job.variant.settings
        if key not in found:
            found[key] = compiled_as(job.variant, kernel_facts_of(job))
        return found[key]

    return [(job.variant.slug, compiled(job)) for job in jobs]


BUILD = "build"
"""The step of `what_is_left` that makes an image; all others are runs."""


def what_is_left(job: Job, store: RecordStore, slots: Iterable[Slot] = (FIRST,)) -> tuple[str, ...]:
    """The stages that a run would execute for a variant: "build", "run", both or none.

    Where it has several runs, it is said how many of them are left; where one was blocked, that. Finished
    results need no image: they may be somebody else's. But one that was damaged is made again.
    """
    runs = [job.known(store, slot) for slot in slots]
    left = [known for known in runs if not _is_final(known)]
    if not left:
        return (BUILD,) if job.image.is_damaged() else ()
    run = _runs_left(left, len(runs))
    return (run,) if job.image.is_done() else (BUILD, run)


def _runs_left(left: list[Known | None], of: int) -> str:
    blocked = any(known.status is Status.BLOCKED for known in left if known)
    run = "run" if of == 1 else f"{len(left)} of {of} runs"
    return f"{run}, blocked the last time" if blocked else run


def known_records(project: Project, matrix: str) -> RecordStore:
    """The records of a matrix, with what is remembered of them, which is no part of the results."""
    remembered = project.build / "cache" / "records" / f"{matrix}.jsonl"
    return _record_store(project.results(matrix) / "records", remembered)


@cache
def _record_store(folder: Path, remembered: Path) -> RecordStore:
    """For all who look at them in this process."""
    return RecordStore(folder, KnownRecords(remembered, hash_of_own_code))


def recorded_compilers(
    project: Project, matrix: str, boards: Mapping[str, Board]
) -> dict[tuple[str, tuple[str, ...]], ToolchainIdentity]:
    """The compilers that the last results of a matrix were made with, by toolchain and flags of the chip.

    Where results cannot be read, or are of boards that are no longer there, nothing is known of them.
    """
    found: dict[tuple[str, tuple[str, ...]], ToolchainIdentity] = {}
    chip = cache(partial(chip_of, project.firmware))
    with suppress(ResultError):
        for known in known_records(project, matrix).newest_known():
            board = boards.get(known.board)
            if known.compiler and board and known.toolchain:
                with suppress(BuildError):
                    found[known.toolchain, chip(board.firmware_board).cpu_flags] = known.compiler
    return found


def catalogues_of(project: Project) -> Catalogues:
    """What the matrices of a project may name, with what its firmware says of boards.

    Raises:
        MatrixError: a file of a catalogue is wrong.
        OSError: the firmware cannot be read.
    """
    return replace(
        load_catalogues(project.matrix_folders, project.build / "cache" / "catalogues.json"),
        clocks=clocks_of(project.firmware),
        layouts=layouts_by_board(project.firmware),
    )


@dataclass(frozen=True, slots=True)
class Planned:
    """The jobs of some variants, and by their slugs why others can have none."""

    jobs: tuple[Job, ...]
    hindered: Mapping[str, McuMatrixError]


def plan_jobs(project: Project, variants: Iterable[Variant], builder: Builder, boards: Boards) -> Planned:
    """What there is to do for some variants. What one of them lacks does not keep the others back.

    Raises:
        ToolError: no variant has a compiler, so that nothing can be known about any image.
        SourceError: no variant has the code that it is made from.
        BuildError: the firmware has no variant's board.
        ModelError: files of every variant's model are missing.
    """
    facts = _Facts(project, builder, boards)
    jobs: list[Job] = []
    hindered: dict[str, McuMatrixError] = {}
    for variant in with_operators(variants):
        try:
            jobs.append(_plan(project, variant, facts))
        except (ToolError, SourceError, BuildError, ModelError) as error:
            hindered[variant.slug] = error
    # That one cannot fit is known, and is its result.
    unknown = [error for error in hindered.values() if not isinstance(error, TooLargeError)]
    if unknown and not jobs:
        raise unknown[0]
    return Planned(tuple(jobs), hindered)


def with_operators(variants: Iterable[Variant]) -> list[Variant]:
    """The variants of a matrix with runtimes that have the operators of all of its models.

    So all variants of a runtime share its libraries. A model that cannot be read needs none: what is wrong
    with it is said where it is rendered.
    """
    variants = list(variants)
    needed: dict[str, set[str]] = {}
    operators_of = cache(_operators_of)
    for variant in variants:
        if _is_chosen_from(variant.runtime):
            needed.setdefault(variant.runtime.name, set()).update(operators_of(variant.model))
    return [
        variant
        if not _is_chosen_from(variant.runtime)
        else replace(
            variant, runtime=replace(variant.runtime, operators=tuple(sorted(needed[variant.runtime.name])))
        )
        for variant in variants
    ]


def _is_chosen_from(runtime: RuntimeEntry) -> bool:
    """Whether a library is compiled of those operators alone that models need."""
    return bool(runtime.sources) and runtime.operators is not None


def _operators_of(model: Model) -> frozenset[str]:
    try:
        return registry.models.operators_of(model)
    except (ModelError, SourceError):
        return frozenset()


def platform_members(project: Project, chip: Chip, board: str) -> list[Path]:
    """Files and folders under `firmware/` that the platform of a board's image is compiled from."""
    members = [part for part in project.firmware.iterdir() if part.name not in _NOT_OF_THE_PLATFORM]
    own = (f"family/{chip.family}", f"chip/{chip.name}", f"board/{board}")
    return [*members, *(project.firmware / part for part in own)]


def own_members(project: Project, variant: Variant) -> list[Path]:
    """Files and folders under `firmware/` that the applications of a variant bring besides."""
    return [
        member
        for application in variant.applications
        if application in ADDED
        for member in application_members(project.firmware, application)
    ]


def runtime_members(project: Project, runtime: Runtime) -> list[Path]:
    """Files and folders under `firmware/` that the library of a runtime is compiled from."""
    own = [project.firmware / "runtime" / "CMakeLists.txt", *runtime.sources()]
    return [*own, *(project.firmware / part for part in _COMMON_TO_LIBRARIES)]


class _Facts:
    """Hashes that many variants share, each worked out once and only if it is asked for."""

    def __init__(self, project: Project, builder: Builder, boards: Boards) -> None:
        self.toolchain: Callable[[Toolchain, tuple[str, ...]], ToolchainIdentity] = cache(builder.identity)
        self.chip: Callable[[str], Chip] = cache(partial(chip_of, project.firmware))
        self.layouts: Callable[[Chip], Layouts] = cache(partial(layouts_of, project.firmware))
        self.file: Callable[[Path], str] = cache(_hash_of_model_file)
        self.tree: Callable[[Path], Part] = cache(_hash_of_model_tree)

        @cache
        def samples(model: Model, asked: AskedSet) -> int | None:
            # What is somewhere else is fetched when it is run, and not before.
            files = model.dataset
            if files is None or files.pin is not None or model.file is None:
                return None
            return len(registry.answers.labelled_set(model, asked).labels)

        @cache
        def platform_sources(chip: Chip, board: str) -> Shared:
            return hash_tree(project.firmware, platform_members(project, chip, board))

        @cache
        def application_sources(application: Application) -> dict[str, str]:
            return hash_tree(project.firmware, application_members(project.firmware, application))

        @cache
        def runtime(entry: RuntimeEntry) -> Runtime:
            return registry.runtimes.runtime(entry, project.firmware, project.templates)

        @cache
        def runtime_sources(entry: RuntimeEntry) -> Shared:
            return hash_tree(project.firmware, runtime_members(project, runtime(entry)))

        @cache
        def generators(entry: RuntimeEntry) -> Mapping[str, str]:
            return code_behind([type(runtime(entry)).__module__], project.templates, imports_kept(project))

        @cache
        def trees(entry: RuntimeEntry, kernels: str) -> Mapping[str, str]:
            return runtime(entry).trees(kernels)

        @cache
        def renderers() -> Mapping[str, str]:
            return code_behind(RENDERERS, project.templates, imports_kept(project))

        @cache
        def network(path: Path) -> Network:
            return registry.models.network(registry.models.read_model_file(path))

        checked = project.build / "cache" / "models"

        @cache
        def checkers() -> dict[str, str]:
            return {name: hash_file(path) for name in _CHECKERS if (path := module_file(name))}

        def require_room_for(model: Model, chip: Chip, choices: tuple[Choice, ...]) -> None:
            # What is somewhere else is fetched when it is built, and not before.
            if model.file is None:
                return
            known = checked / fingerprint(
                "fit",
                {
                    "model": self.file(model.file),
                    "element": model.element,
                    "chip": repr(chip),
                    "choices": repr((choices, self.layouts(chip))),
                    **checkers(),
                },
            )
            # The libraries that read a model take longer to load than all the rest of a small plan.
            if known.exists():
                return
            registry.answers.check_element(model, network(model.file))
            read = (model.name, model.file.stat().st_size, network(model.file))
            layouts = self.layouts(chip)
            places = {part: layouts.region(place) for part, place in choices if part in PLACED}
            require_room(*read, chip, places)
            require_room_for_choices(*read, layouts, choices)
            # Where nothing can be written, it is looked at again.
            with suppress(OSError):
                make_folder(checked)
                known.touch()

        @cache
        def board_identity(entry: Board) -> Mapping[str, str]:
            return boards.get(entry).identity()

        self.require_room = require_room_for
        self.samples = samples
        self.parts: dict[Hashable, _Parts] = {}
        self.board_identity = board_identity
        self.platform_sources = platform_sources
        self.application_sources = application_sources
        self.runtime = runtime
        self.trees = trees
        self.runtime_sources = runtime_sources
        self.generators = generators
        self.renderers = renderers


@dataclass(frozen=True)
class _Parts:
    """What an image is made of, shared by all variants that differ in nothing of it, such as in the clock."""

    rendered: ModelPlan
    runtime: Build
    platform: Build
    model: Build
    applications: tuple[tuple[AddedApplication, Build], ...]
    image_of: Callable[[Variant], BuildPlan]
    run_inputs: Callable[[int, int], CommonInputs]
    """Those of a run by its repeats and warmups, but for the image."""


def _parts(project: Project, variant: Variant, facts: _Facts) -> _Parts:
    """The parts of a variant, made once for all that share them."""
    key = _what_parts_depend_on(variant)
    if key not in facts.parts:
        facts.parts[key] = _plan_parts(project, variant, facts)
    return facts.parts[key]


_NOT_OF_PARTS = {"slug", "clock_hz", "repeat", "warmup", "expect"}
"""What variants may differ in and share their parts. All the rest counts: none can be forgotten."""

_what_parts_depend_on: Callable[[Variant], Hashable] = attrgetter(
    *(
        # Entries of catalogues have names, which are hashed in less time than all that is in them.
        f"{one.name}.name" if one.type in {RuntimeEntry, Model, Toolchain, Board} else one.name
        for one in fields(Variant)
        if one.name not in _NOT_OF_PARTS
    )
)


def _plan_parts(project: Project, variant: Variant, facts: _Facts) -> _Parts:
    chip = facts.chip(variant.board.firmware_board)
    choices = choices_of(variant, facts.layouts(chip))
    facts.require_room(variant.model, chip, choices)
    toolchain = facts.toolchain(variant.toolchain, chip.cpu_flags)
    rendered = _plan_model(project, variant, facts)
    runtime_sources = facts.runtime_sources(variant.runtime)
    definitions = facts.runtime(variant.runtime).definitions(variant.kernels, variant.model.element)
    trees = facts.trees(variant.runtime, variant.kernels)
    platform_sources = facts.platform_sources(chip, variant.board.firmware_board)
    listed_by = facts.generators(variant.runtime) if trees else {}
    plans = (
        plan_library(
            variant, chip, toolchain, runtime_sources, definitions, trees=trees, generators=listed_by
        ),
        plan_platform(variant, chip, toolchain, platform_sources, {"renderers": facts.renderers()}),
        plan_model(variant, chip, toolchain, runtime_sources, rendered.fingerprint),
    )
    runtime, platform, model = (_in_folder(project, "libraries", plan) for plan in plans)
    added = _plan_applications(project, variant, facts)
    libraries = [*plans, *(build.plan for _, build in added)]
    image_of = image_planner(variant, chip, toolchain, libraries, platform_sources, choices=choices)
    run_inputs = cache(partial(_run_inputs, variant, facts))
    return _Parts(rendered, runtime, platform, model, added, image_of, run_inputs)


def _plan_applications(
    project: Project, variant: Variant, facts: _Facts
) -> tuple[tuple[AddedApplication, Build], ...]:
    board = variant.board.firmware_board
    chip = facts.chip(board)
    found = [application_of(project.firmware, one, board) for one in variant.applications if one in ADDED]
    plans = [
        plan_application(
            added.name,
            variant,
            chip,
            facts.toolchain(variant.toolchain, chip.cpu_flags),
            sources={**facts.application_sources(added.name), **facts.platform_sources(chip, board)},
            inputs={"renderers": facts.renderers()},
            trees={source.name: source.checksum for source, _ in added.sources},
        )
        for added in found
    ]
    return tuple(
        (added, _in_folder(project, "libraries", plan)) for added, plan in zip(found, plans, strict=True)
    )


def _plan(project: Project, variant: Variant, facts: _Facts) -> Job:
    parts = _parts(project, variant, facts)
    image = parts.image_of(variant)
    run = parts.run_inputs(variant.repeat, variant.warmup).with_one(image.fingerprint)
    return Job(
        variant=variant,
        rendered=parts.rendered,
        runtime=parts.runtime,
        platform=parts.platform,
        model=parts.model,
        applications=parts.applications,
        image=_in_folder(project, "images", image),
        run_fingerprint=run.fingerprint,
        run=run,
        samples=facts.samples(variant.model, variant.asked) if variant.asked else None,
    )


def _run_inputs(variant: Variant, facts: _Facts, repeat: int, warmup: int) -> CommonInputs:
    """What the runs of a variant, and of all that share its parts, depend on besides their image."""
    return CommonInputs(
        "run",
        {
            **run_axes(variant),
            "board_identity": facts.board_identity(variant.board),
            "timing_model": variant.board.timing_model,
            "golden": facts.file(variant.model.golden),
            "repeat": repeat,
            "warmup": warmup,
            **_labelled_inputs(variant, facts),
        },
        "image",
    )


def _labelled_inputs(variant: Variant, facts: "_Facts") -> Mapping[str, Part]:
    """What a run depends on of a labelled set; nothing where it is not asked, so that its results stay."""
    files = variant.model.dataset
    if variant.asked is None or files is None:
        return {}
    asked: dict[str, Part] = {"samples": variant.asked.samples}
    asked["files"] = [facts.tree(path) for path in files.files]
    if files.pin:
        asked["pin"] = files.pin.sha256
    return {"labelled": asked}


def run_axes(variant: Variant) -> Mapping[str, str]:
    """The values of the axes that change a run and no image."""
    return {axis.name: variant.axes[axis.name] for axis in AXES if axis.kind is AxisKind.RUN}


def _unique_name(name: str, fingerprint: str) -> str:
    return f"{name}-{fingerprint[:_DIGITS]}"


def _in_folder(project: Project, kind: str, plan: BuildPlan) -> Build:
    return Build(plan, project.firmware, f"{project.build}/{kind}")


def _plan_model(project: Project, variant: Variant, facts: _Facts) -> ModelPlan:
    name = f"{variant.runtime.name}-{variant.model.name}"
    inputs = Inputs(
        "model",
        {
            "model": _hash_of_model(variant.model, facts),
            "input": {
                "files": [facts.file(path) for path in variant.model.input_files],
                "choice": _chosen(variant.model.input),
            },
            "generators": facts.generators(variant.runtime),
            "renderers": facts.renderers(),
        },
    )
    hashed = inputs.fingerprint
    return ModelPlan(name, hashed, project.build / "models" / _unique_name(name, hashed), inputs)


def _hash_of_chain(file: Path) -> str | None:
    """Over all records that were kept, the earlier ones too; None before there is one."""
    try:
        return hash_file(file)
    except OSError:
        return None


def _hash_of_model(model: Model, facts: _Facts) -> str:
    """The hash of a model's file. That of one somewhere else is known without fetching it."""
    if model.file is not None:
        return facts.file(model.file)
    assert model.pin is not None
    return model.pin.sha256


def _chosen(source: ModelInput) -> object:
    """What decides about an input besides the contents of its files: how these end says how they are read."""
    match source:
        case DigitInput(_, label):
            return {"digit_label": label}
        case FileInput(files):
            return [path.suffix for path in files]
        case RandomInput(seed):
            return {"seed": seed}


def _hash_of_model_file(path: Path) -> str:
    """Raises ModelFileError if a file that belongs to a model cannot be read."""
    try:
        return hash_file(path)
    except OSError as error:
        raise ModelFileError(
            f"{path}, which belongs to a model, cannot be read: {error.strerror}.",
            hint="Check the paths in matrix/models; `doit model NAME` makes golden outputs.",
        ) from error


def _hash_of_model_tree(path: Path) -> Part:
    """That of a file, or those of the files in a folder by their names. Raises ModelError likewise."""
    return hash_tree(path, [path]) if path.is_dir() else _hash_of_model_file(path)


def _hash_if_there(model: Model) -> str | None:
    """The hash of a model's file; None where it is somewhere else, or cannot be read."""
    with suppress(OSError):
        return hash_file(model.file) if model.file else None
    return None


def _told_of(results: MatrixResults, slug: str) -> list[str]:
    """The hash of what each record of a variant says."""
    if results.told_sha256 is not None:
        return list(results.told_sha256.get(slug, ()))
    return [told_sha256(record) for record in results.runs[slug].all] if slug in results.runs else []


def imports_kept(project: Project) -> Path:
    """What keeps between runs which modules and templates the files of our code name."""
    return project.build / "cache" / "imports.json"


def report_fingerprint(
    project: Project,
    matrix: Matrix,
    results: MatrixResults,
) -> str:
    """Over everything that a report is made from: the results, the text around them, and the code."""
    # How long its layers take at least follows from a model, and reading it takes longer than all the rest.
    hash_of_model = cache(_hash_if_there)
    return fingerprint(
        "report",
        {
            "matrix": hash_bytes(
                repr(
                    (
                        matrix.name,
                        matrix.description,
                        matrix.exclusions,
                        matrix.substitutions,
                        matrix.comparisons,
                        matrix.schedule,
                    )
                ).encode()
            ),
            "variants": [
                [
                    variant.slug,
                    variant.axes,
                    [str(setting) for setting in variant.settings],
                    repr(variant.expect),
                    hash_of_model(variant.model),
                ]
                for variant in matrix.variants
            ],
            "records": [_told_of(results, variant.slug) for variant in matrix.variants],
            "reproductions": [repr(found) if found else None for found in results.reproductions or ()],
            "untried": dict(results.untried),
            **({"refused": dict(results.refused)} if results.refused else {}),
            "health": [
                *map(told_sha256, results.health),
                *results.unbelieved,
            ],
            "published": {
                name: hash_file(find_publication(name, project.published_folders))
                for name in matrix.published
            },
            "code": code_behind(REPORTERS, project.templates, imports_kept(project)),
            "charts": version("vl-convert-python"),
            "runs": _hash_of_chain(project.results(matrix.name) / "records" / CHAIN_FILE),
        },
    )
