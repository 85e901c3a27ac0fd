"""What may stand in a matrix file."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, create_model

from mcumatrix.matrix.flags import RefusedError
from mcumatrix.matrix.schema.scalars import (
    CMakeName,
    CMakeValue,
    Duration,
    Flag,
    LongDuration,
    Name,
    OnOff,
    Percent,
    Reason,
    Repeat,
    Revision,
    Runs,
    Samples,
    Seed,
    Strict,
    Text,
    Texts,
    Warmup,
    one_as_list,
)
from mcumatrix.model.application import BENCH_ALONE, Application, in_order
from mcumatrix.model.axes import AXES
from mcumatrix.model.expected import Stage
from mcumatrix.model.record import Status
from mcumatrix.model.schedule import Ordering, Schedule
from mcumatrix.model.variant import Outcome, TimeLimits
from mcumatrix.units import format_duration

DEFAULT_PLACEMENT = "default"
"""The placement that may be named without being declared."""

_VERSION = re.compile(r"v?[0-9]+(\.[0-9]+)+[A-Za-z0-9._+-]*|[0-9a-f]{7,40}", re.ASCII)


def _nothing_as_mapping(value: object) -> object:
    return {} if value is None else value


def _revisions_as_mapping(value: object) -> object:
    """`[v6.0.0, v7.0.0]` are revisions of the source that the axis is called after.

    Only what looks like a version or a commit is meant so: of others, a misspelt axis is likelier.
    """
    if isinstance(value, list) and all(isinstance(each, str) and _VERSION.fullmatch(each) for each in value):
        return {each: {"revision": each} for each in value}
    return value


def _default_as_mapping(value: object) -> object:
    """`default` needs no declaration: it is a placement that places nothing."""
    if value in (DEFAULT_PLACEMENT, [DEFAULT_PLACEMENT]):
        return {DEFAULT_PLACEMENT: {}}
    return value


def _label_as_mapping(value: object) -> object:
    """`O3` names a label that is declared elsewhere: None stands for its flags and variables."""
    if isinstance(value, str):
        return {value: None}
    if isinstance(value, dict):
        return {label: {} if settings is None else settings for label, settings in value.items()}
    return value


class SettingFile(Strict):
    """What a value of an own axis sets. Either key may be missing."""

    flags: list[Flag] = Field(default=[], description="Compiler flags, such as -O3.")
    cmake: dict[CMakeName, CMakeValue] = Field(default={}, description="CMake variables by name.")
    revision: Revision = Field(
        default="", description="The revision of the runtime's source that the axis is called after."
    )


_Setting = Annotated[
    SettingFile, BeforeValidator(_nothing_as_mapping, json_schema_input_type=SettingFile | None)
]
_Settings = Annotated[dict[Name, _Setting], Field(min_length=1)]
_AxisOfSettings = Annotated[
    _Settings, BeforeValidator(_revisions_as_mapping, json_schema_input_type=_Settings | list[Revision])
]
_OneSetting = Annotated[dict[Name, SettingFile | None], Field(min_length=1, max_length=1)]
_LabelOrSetting = Annotated[
    _OneSetting, BeforeValidator(_label_as_mapping, json_schema_input_type=Text | _OneSetting)
]


class PlacementFile(Strict):
    """Where the parts of an image lie; what is not given lies where it does by default."""

    code: Name = Field(default="", description="The kernels' code: on an STM32F7 flash-itcm, itcm or sram1.")
    weights: Name = Field(
        default="",
        description="The model's constants: flash-itcm, itcm, dtcm, sram1, or the board's qspi or sdram.",
    )
    arena: Name = Field(default="", description="The model's tensors: itcm, dtcm, or the board's sdram.")
    stack: Name = Field(default="", description="The stack: sram1.")


_Placement = Annotated[
    PlacementFile, BeforeValidator(_nothing_as_mapping, json_schema_input_type=PlacementFile | None)
]
_Placements = Annotated[
    dict[Name, _Placement],
    Field(min_length=1),
    BeforeValidator(_default_as_mapping, json_schema_input_type=dict[Name, _Placement] | Text | list[Text]),
]
_OnePlacement = Annotated[dict[Name, PlacementFile | None], Field(min_length=1, max_length=1)]
_LabelOrPlacement = Annotated[
    _OnePlacement, BeforeValidator(_label_as_mapping, json_schema_input_type=Text | _OnePlacement)
]
_SomeOnOff = Annotated[list[OnOff], Field(min_length=1)]
_OnOrOff = Annotated[_SomeOnOff, BeforeValidator(one_as_list, json_schema_input_type=OnOff | _SomeOnOff)]


def _axis_fields() -> type[BaseModel]:
    fields: dict[str, Any] = {}
    for axis in AXES:
        default: Any = list(axis.default) if axis.default else ...
        fields[axis.name] = (Texts, Field(default=default, description=axis.help))
    return create_model("_AxisFields", **fields)


class AxesFile(_axis_fields()):  # type: ignore[misc] # one field for each entry of the table of axes
    """The axes of a matrix; every other name is an axis of the maintainer's own."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, _AxisOfSettings] = Field(init=False)
    placement: _Placements = Field(
        default={}, description="Labels, each with where the parts of an image lie; default is where they do."
    )
    cache: _OnOrOff = Field(default=[], description="Whether the core's caches are on.")


def _match_fields() -> type[BaseModel]:
    fields: dict[str, Any] = {axis.name: (Text, "") for axis in AXES}
    return create_model("_MatchFields", **fields)


class _Match(_match_fields()):  # type: ignore[misc] # as above
    """Values of axes; a variant matches that has all of them."""

    model_config = ConfigDict(extra="allow")

    def known(self) -> dict[str, str]:
        """The known axes that the file names, with the values as written."""
        return {axis.name: getattr(self, axis.name) for axis in AXES if axis.name in self.model_fields_set}


class ExcludeFile(_Match):
    """Leaves out the variants that have all of these values."""

    __pydantic_extra__: dict[str, Text] = Field(init=False)
    reason: Reason = Field(description="Why; plans and reports print it.")


class ExpectFile(_Match):
    """Says what is expected of the variants that have all of these values."""

    __pydantic_extra__: dict[str, Text] = Field(init=False)
    outcome: Outcome = Field(description="fail or pass; of two entries for a variant the later one counts.")
    reason: Reason = Field(default="", description="Why; required for fail.")
    status: Status | None = Field(
        default=None, description="How it fails, as reports say it: wrong-output, firmware, too-large, ..."
    )
    stage: Stage | None = Field(default=None, description="Where it fails: build, flash, run or check.")


class ReferenceFile(_Match):
    """Values that the reference variant has."""

    __pydantic_extra__: dict[str, Text] = Field(init=False)


class IncludeFile(_Match):
    """Adds to the variants that have all of these values, or adds a variant when none has."""

    __pydantic_extra__: dict[str, _LabelOrSetting] = Field(init=False)
    placement: _LabelOrPlacement = Field(default={}, description="A label, declared here or under axes.")
    cache: OnOff | None = Field(default=None, description="Whether the core's caches are on.")
    repeat: Repeat = Field(default=3, description="As at the top, for these variants.")
    warmup: Warmup = Field(default=1, description="As at the top, for these variants.")

    def labelled(self) -> dict[str, dict[str, SettingFile | PlacementFile | None]]:
        """The axes of settings that it names, each with a label; None stands for one declared elsewhere."""
        named: dict[str, dict[str, SettingFile | PlacementFile | None]] = {
            axis: {**label} for axis, label in (self.__pydantic_extra__ or {}).items()
        }
        if self.placement:
            named["placement"] = {**self.placement}
        if self.cache:
            named["cache"] = {self.cache.value: None}
        return named


class InsteadFile(Strict):
    """A toolchain that takes the place of another one where that cannot be had."""

    toolchain: Text = Field(description="The one that is wanted, as the axis has it.")
    use: Text = Field(description="The one that takes its place, a file in matrix/toolchains.")


class CompareFile(Strict):
    """A comparison that the report leads with."""

    axis: Text = Field(description="The axis whose values are compared.")
    base: Text = Field(
        default="", description="The value that all others are compared with; without it, each two of them."
    )


class RegressionFile(Strict):
    """How much slower candidates may be, in percent, before `doit compare` fails."""

    total: Percent = Field(default=1.0, description="For the whole inference.")
    layer: Percent = Field(default=5.0, description="For each layer that takes 1 % of the time or more.")


_LIMITS = TimeLimits()
_SCHEDULE = Schedule()


class TimeLimitsFile(Strict):
    """How long work may take in all, as in 90 min or 48 h."""

    variant: Duration = Field(
        default=format_duration(_LIMITS.variant_s),
        description="All builds for a variant, and all attempts of all its runs, together.",
    )
    matrix: LongDuration = Field(
        default=format_duration(_LIMITS.matrix_s), description="One run of the whole matrix."
    )


class DriftFile(Strict):
    """A variant that is run at start, middle and end besides, to tell whether the bench drifts."""

    reference: ReferenceFile = Field(description="Its values; one variant of each board may have them.")
    tolerance: Percent = Field(
        default=_SCHEDULE.drift_percent, description="How far its medians may be apart, in percent."
    )


class AccuracyFile(Strict):
    """Which part of the labelled set of its model a variant is asked."""

    samples: Samples | None = Field(
        default=None, description="So many, spread over the whole set; without it, all of them."
    )


def _word_as_accuracy(value: object) -> object:
    return {} if value == "dataset" else value


Accuracy = Annotated[
    AccuracyFile, BeforeValidator(_word_as_accuracy, json_schema_input_type=Literal["dataset"] | AccuracyFile)
]


def _with_bench(applications: list[Application]) -> list[Application]:
    if Application.BENCH not in applications:
        raise RefusedError(
            f"an image without the {Application.BENCH} cannot be measured",
            f"Write them as in [{Application.BENCH}, {Application.INFERENCE_SERVER}].",
        )
    return list(in_order(applications))


Applications = Annotated[list[Application], AfterValidator(_with_bench)]


class MatrixFile(Strict):
    """A matrix of firmware variants for mcumatrix."""

    description: str = Field(default="", description="What the matrix is for.")
    axes: AxesFile = Field(description="Every combination of their values is a variant.")
    include: list[IncludeFile] = Field(default=[], description="Variants to add, or to add to.")
    exclude: list[ExcludeFile] = Field(default=[], description="Variants to leave out, each with a reason.")
    expect: list[ExpectFile] = Field(default=[], description="Variants that are known to fail.")
    compare: list[CompareFile] = Field(
        default=[], description="What the report leads with; without it, the first axis with several values."
    )
    published: list[Name] = Field(
        default=[], description="Publications to stand beside, by their names in results/published."
    )
    regression: RegressionFile = Field(
        default=RegressionFile(), description="What `doit compare` takes for a regression."
    )
    instead: list[InsteadFile] = Field(
        default=[], description="Toolchains to use where others cannot be had."
    )
    repeat: Repeat = Field(default=3, description="Timed inferences of a run.")
    warmup: Warmup = Field(default=1, description="Inferences before them that are not timed.")
    runs: Runs = Field(
        default=_SCHEDULE.runs, description="Complete runs of each variant: flashed, started, measured."
    )
    order: Ordering = Field(default=_SCHEDULE.order, description="The order in which they are begun.")
    seed: Seed = Field(default=_SCHEDULE.seed, description="Of a random order.")
    drift: DriftFile | None = Field(
        default=None, description="A variant that is run at start, middle and end besides."
    )
    health: OnOff = Field(
        default=OnOff.ON,
        description="Whether units have to show that they are fit before they are measured on.",
    )
    accuracy: Accuracy | None = Field(
        default=None,
        description="dataset: after its times are measured, each variant is asked the labelled set of its "
        "model.",
    )
    applications: Applications = Field(
        default=list(BENCH_ALONE),
        description="What images do. With bench alone they hold only what is measured.",
    )
    time_limits: TimeLimitsFile = Field(
        default=TimeLimitsFile(), description="How long work may take before it is ended."
    )
