"""What may stand in a matrix file and in the catalogues.

The JSON Schemas for editors are made from the same models: `python -m mcumatrix.matrix.schema` writes them to
`docs/`.
"""

import json
import re
import shlex
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    create_model,
)

from mcumatrix.matrix.flags import RefusedError, check_cmake_name, check_cmake_value, check_flag
from mcumatrix.matrix.suggest import did_you_mean
from mcumatrix.model.application import BENCH_ALONE, Application, in_order
from mcumatrix.model.axes import AXES
from mcumatrix.model.catalogue import (
    DEFAULT_SUITE,
    Board,
    BoardKind,
    ConnectMode,
    Element,
    Timeouts,
    TimingModel,
)
from mcumatrix.model.expected import Stage
from mcumatrix.model.labelled import MAX_SAMPLES
from mcumatrix.model.record import Status
from mcumatrix.model.schedule import MAXIMUM_RUNS, Ordering, Schedule
from mcumatrix.model.variant import Outcome, TimeLimits
from mcumatrix.units import format_duration, format_frequency, parse_duration_s, parse_frequency_hz

RESERVED_NAMES = frozenset(
    (
        *("and", "or", "not"),
        *(
            "accuracy",
            "applications",
            "axes",
            "base",
            "compare",
            "description",
            "exclude",
            "expect",
            "include",
            "instead",
            "outcome",
        ),
        *("published", "reason", "regression", "repeat", "stage", "time_limits"),
        *("drift", "health", "order", "reference", "run", "runs", "samples", "seed", "tolerance"),
        *("use", "warmup"),
        *(axis.column_name for axis in AXES if axis.column_name != axis.name),
        *(
            "cause",
            "correct",
            "cycles_max",
            "cycles_median",
            "cycles_min",
            "finding",
            "flaky",
            "layer",
            "matrix",
        ),
        *("accuracy_high", "accuracy_low", "samples_right", "samples_unlike_host"),
        *("functions", "ms_median", "op", "settings", "slug", "source", "status", "variant"),
    )
)
"""What an axis cannot be called: words of matrix files and selections, and columns of reports."""
MAXIMUM_NAME_LENGTH = 60
MAXIMUM_MATRIX_S = 1000 * 3_600.0
"""As long as a run of a matrix may be allowed to take."""
MAXIMUM_VIRTUAL_BOARDS = 16
"""As many virtual specimens of a board may run at once."""
SWD_HZ = (1_000, 50_000_000)
"""Between these is the frequency of a debug probe's clock; probes round to what they can."""
SERIAL_SCHEMES = ("alt", "cp2110", "hwgrep", "loop", "rfc2217", "socket", "spy")
"""What pyserial 3.5 opens besides devices (serial.urlhandler)."""

DEFAULT_PLACEMENT = "default"
"""The placement that may be named without being declared."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*", re.ASCII)
_AXIS = re.compile(r"[a-z][a-z0-9_-]*", re.ASCII)
_GCC_VERSION = re.compile(r"[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}", re.ASCII)
_SUITE = re.compile(r"[a-z]{1,30}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_MD5 = re.compile(r"[0-9a-f]{32}", re.ASCII)
_HTTPS_URL = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~+%-]+)*/[A-Za-z0-9][A-Za-z0-9._+-]*")
_GIT_URL = re.compile(
    r"(git\+)?(https://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~+%-]+)+|file://(localhost)?(/[A-Za-z0-9._~+%-]+)+)/?"
)
_COMMIT = re.compile(r"[0-9a-f]{40}", re.ASCII)
_REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/+-]{0,200}", re.ASCII)
_VERSION = re.compile(r"v?[0-9]+(\.[0-9]+)+[A-Za-z0-9._+-]*|[0-9a-f]{7,40}", re.ASCII)
_PROBE = re.compile(r"[A-Za-z0-9._:-]{1,100}", re.ASCII)
_DEVICE = re.compile(r"/[!-~]+", re.ASCII)
_SERIAL_URL = re.compile(r"(?P<scheme>[a-z0-9]+)://(?P<rest>[!-~]*)", re.ASCII)
_HOST_AND_PORT = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}([/?].*)?", re.ASCII)
_COORDINATOR = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?", re.ASCII)
_PLACE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._/+-]{0,99}", re.ASCII)
_DECIMAL = re.compile(r"[0-9]{1,4}(\.[0-9]{1,4})?", re.ASCII)
_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)


def check_name(text: str) -> str:
    """Returns a name that is fit for a slug, and so for a file name, on every system.

    Raises:
        RefusedError: more than 60 characters, others than ASCII letters, digits and `._+-`, or no letter or
            digit at the beginning.
    """
    if not _NAME.fullmatch(text) or len(text) > MAXIMUM_NAME_LENGTH:
        raise RefusedError(
            "it is unfit for a file name",
            f"Use at most {MAXIMUM_NAME_LENGTH} letters, digits and . _ + -, a letter or digit first.",
        )
    return text


def check_axis_name(text: str) -> str:
    """Returns a name that an axis of the maintainer's own may have.

    Raises:
        RefusedError: not of the form, too long, or reserved.
    """
    if not _AXIS.fullmatch(text) or len(text) > MAXIMUM_NAME_LENGTH:
        raise RefusedError(
            "it is no name for an axis",
            "Use small letters, digits, '_' and '-', a letter first, such as 'lto'.",
        )
    if text in RESERVED_NAMES:
        raise RefusedError("the word has a meaning of its own in matrices or reports", "Choose another name.")
    return text


def _path(text: str) -> str:
    parts = text.split("/")
    if "\\" in text or any(part in ("", ".", "..") for part in parts):
        raise RefusedError("it is not a path below the project", "Write it as in 'firmware/models/x.tflite'.")
    return text


def _not_blank(text: str) -> str:
    if not text.strip():
        raise RefusedError("it is empty", "Say in a few words why.")
    return text.strip()


def _whole_number(value: object) -> object:
    if isinstance(value, str):
        if not _WHOLE_NUMBER.fullmatch(value):
            raise RefusedError("it is not a whole number", "Write digits, such as 3.")
        return int(value)
    return value


def _percent(value: object) -> object:
    if isinstance(value, str):
        if not _DECIMAL.fullmatch(value):
            raise RefusedError("it is no number of percent", "Write a number, such as 2.5.")
        return float(value)
    return value


def _gcc_version(text: str) -> str:
    if not _GCC_VERSION.fullmatch(text):
        raise RefusedError(
            "it is not a version of gcc", "Write what gcc -dumpfullversion answers, as 12.2.1."
        )
    return text


def is_suite(text: str) -> bool:
    """Whether a text may be the code name of a Debian."""
    return _SUITE.fullmatch(text) is not None


def _suite(text: str) -> str:
    if not is_suite(text):
        raise RefusedError(
            "it is not the code name of a Debian", f"Write it as Debian does, such as {DEFAULT_SUITE}."
        )
    return text


def _sha256(text: str) -> str:
    if not _SHA256.fullmatch(text):
        raise RefusedError("it is not a SHA-256", "Write its 64 hexadecimal digits in lower case.")
    return text


def _md5(text: str) -> str:
    if not _MD5.fullmatch(text):
        raise RefusedError("it is not an MD5", "Write its 32 hexadecimal digits in lower case.")
    return text


def _https_url(text: str) -> str:
    if not _HTTPS_URL.fullmatch(text):
        raise RefusedError(
            "it is not a https URL of a file", "Write it as in 'https://host/path/name.tar.xz'."
        )
    return text


def _git_url(text: str) -> str:
    if not _GIT_URL.fullmatch(text):
        raise RefusedError(
            "it is not a https URL of a git repository",
            "Write it as in 'https://host/owner/name', or 'file:///path' for one on this machine.",
        )
    return text


def _commit(text: str) -> str:
    if not _COMMIT.fullmatch(text):
        raise RefusedError(
            "it is not the id of a commit",
            "Write its 40 hexadecimal digits in lower case: `git rev-parse REVISION^{commit}` says them.",
        )
    return text


def _revision(text: str) -> str:
    if not _REVISION.fullmatch(text):
        raise RefusedError("it is not a branch or a tag", "Write it as in 'v1.2.0'.")
    return text


def check_probe(text: str) -> str:
    """Returns the unique id of a debug probe.

    Raises:
        RefusedError: empty, longer than 100 characters, or others than letters, digits and `-_.:`.
    """
    if not _PROBE.fullmatch(text):
        raise RefusedError(
            "it is no unique id of a debug probe", "`doit boards` lists those that are attached."
        )
    return text


def check_serial_port(text: str) -> str:
    """Returns the path of a device, or a URL that pyserial opens.

    Raises:
        RefusedError: neither, an unknown kind of URL, or a network port without host and port.
    """
    url = _SERIAL_URL.fullmatch(text)
    if url is None:
        if not _DEVICE.fullmatch(text):
            raise RefusedError(
                "it is neither a device nor a URL of pyserial",
                "Write it as in '/dev/ttyACM0' or 'rfc2217://host:4000'.",
            )
        return text
    if url["scheme"] not in SERIAL_SCHEMES:
        raise RefusedError("pyserial has no such URLs", did_you_mean(url["scheme"], SERIAL_SCHEMES))
    if url["scheme"] in ("rfc2217", "socket") and not _HOST_AND_PORT.fullmatch(url["rest"]):
        raise RefusedError("it has no host and port", f"Write it as in '{url['scheme']}://host:4000'.")
    return text


def _coordinator(text: str) -> str:
    if not _COORDINATOR.fullmatch(text):
        raise RefusedError("it is no host, nor host and port", "Write it as in 'lab1' or 'lab1:20408'.")
    return text


def _place(text: str) -> str:
    if not _PLACE.fullmatch(text):
        raise RefusedError("it is no name of a place", "`labgrid-client places` lists those that there are.")
    return text


def _command_line(text: str) -> str:
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise RefusedError(
            "its quotes do not match", "Close every quote; no shell sees the command."
        ) from error
    if not words:
        raise RefusedError("it is empty", "Write a command with its arguments, or remove the key.")
    return text


def _duration(text: str) -> str:
    try:
        parse_duration_s(text)
    except ValueError as error:
        raise RefusedError(
            "it is no time between 1 ms and 1 h",
            "Write a number and a unit, such as '500 ms', '10 s' or '2 min'.",
        ) from error
    return text


def _long_duration(text: str) -> str:
    try:
        parse_duration_s(text, MAXIMUM_MATRIX_S)
    except ValueError as error:
        raise RefusedError(
            "it is no time between 1 ms and 1000 h", "Write a number and a unit, such as '90 min' or '48 h'."
        ) from error
    return text


def _swd_frequency(text: str) -> str:
    slowest, fastest = SWD_HZ
    try:
        frequency_hz = parse_frequency_hz(text)
    except ValueError:
        frequency_hz = 0
    if not slowest <= frequency_hz <= fastest:
        raise RefusedError(
            f"it is no frequency between {format_frequency(slowest)} and {format_frequency(fastest)}",
            "Write a number and a unit, such as '4 MHz'.",
        )
    return text


def _one_as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


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


# Scalars come as they are written, whatever YAML thinks of them; an editor sees numbers and booleans.
Text = Annotated[str, WithJsonSchema({"type": ["string", "number", "boolean"]})]
Name = Annotated[Text, AfterValidator(check_name)]
Reason = Annotated[str, AfterValidator(_not_blank)]
RelativePath = Annotated[str, AfterValidator(_path)]
GccVersion = Annotated[str, AfterValidator(_gcc_version)]
Suite = Annotated[str, AfterValidator(_suite)]
Sha256 = Annotated[str, AfterValidator(_sha256)]
Md5 = Annotated[str, AfterValidator(_md5)]
GitUrl = Annotated[str, AfterValidator(_git_url)]
Commit = Annotated[Text, AfterValidator(_commit)]
Revision = Annotated[Text, AfterValidator(_revision)]
HttpsUrl = Annotated[str, AfterValidator(_https_url)]
_SomeTexts = Annotated[list[Text], Field(min_length=1)]
Texts = Annotated[_SomeTexts, BeforeValidator(_one_as_list, json_schema_input_type=Text | _SomeTexts)]
Repeat = Annotated[int, Field(ge=1, le=1000), BeforeValidator(_whole_number)]
Warmup = Annotated[int, Field(ge=0, le=1000), BeforeValidator(_whole_number)]
Percent = Annotated[float, Field(ge=0, le=1000), BeforeValidator(_percent)]
Baud = Annotated[int, Field(ge=1_200, le=12_000_000), BeforeValidator(_whole_number)]
Runs = Annotated[int, Field(ge=1, le=MAXIMUM_RUNS), BeforeValidator(_whole_number)]
Seed = Annotated[int, Field(ge=0, le=2**32 - 1), BeforeValidator(_whole_number)]
Samples = Annotated[int, Field(ge=1, le=MAX_SAMPLES), BeforeValidator(_whole_number)]
Digit = Annotated[int, Field(ge=0, le=9), BeforeValidator(_whole_number)]
Count = Annotated[int, Field(ge=1, le=MAXIMUM_VIRTUAL_BOARDS), BeforeValidator(_whole_number)]
Probe = Annotated[Text, AfterValidator(check_probe)]
SerialPort = Annotated[str, AfterValidator(check_serial_port)]
Coordinator = Annotated[Text, AfterValidator(_coordinator)]
PlaceName = Annotated[Text, AfterValidator(_place)]
CommandLine = Annotated[str, AfterValidator(_command_line)]
Duration = Annotated[str, AfterValidator(_duration)]
LongDuration = Annotated[str, AfterValidator(_long_duration)]
SwdFrequency = Annotated[str, AfterValidator(_swd_frequency)]
Flag = Annotated[str, AfterValidator(check_flag)]
CMakeName = Annotated[str, AfterValidator(check_cmake_name)]
CMakeValue = Annotated[Text, AfterValidator(check_cmake_value)]


class OnOff(StrEnum):
    """A thing that is done or not."""

    ON = "on"
    OFF = "off"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SettingFile(_Strict):
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


class PlacementFile(_Strict):
    """Where the parts of an image lie; what is not given lies where it does by default."""

    code: Name = Field(default="", description="The kernels' code: on an STM32F7 flash-itcm, itcm or sram1.")
    weights: Name = Field(default="", description="The model's constants: flash-itcm, itcm, dtcm or sram1.")
    arena: Name = Field(default="", description="The model's tensors: itcm or dtcm.")
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
_OnOrOff = Annotated[_SomeOnOff, BeforeValidator(_one_as_list, json_schema_input_type=OnOff | _SomeOnOff)]


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


class InsteadFile(_Strict):
    """A toolchain that takes the place of another one where that cannot be had."""

    toolchain: Text = Field(description="The one that is wanted, as the axis has it.")
    use: Text = Field(description="The one that takes its place, a file in matrix/toolchains.")


class CompareFile(_Strict):
    """A comparison that the report leads with."""

    axis: Text = Field(description="The axis whose values are compared.")
    base: Text = Field(
        default="", description="The value that all others are compared with; without it, each two of them."
    )


class RegressionFile(_Strict):
    """How much slower candidates may be, in percent, before `doit compare` fails."""

    total: Percent = Field(default=1.0, description="For the whole inference.")
    layer: Percent = Field(default=5.0, description="For each layer that takes 1 % of the time or more.")


_LIMITS = TimeLimits()
_SCHEDULE = Schedule()


class TimeLimitsFile(_Strict):
    """How long work may take in all, as in 90 min or 48 h."""

    variant: Duration = Field(
        default=format_duration(_LIMITS.variant_s),
        description="All builds for a variant, and all attempts of all its runs, together.",
    )
    matrix: LongDuration = Field(
        default=format_duration(_LIMITS.matrix_s), description="One run of the whole matrix."
    )


class DriftFile(_Strict):
    """A variant that is run at start, middle and end besides, to tell whether the bench drifts."""

    reference: ReferenceFile = Field(description="Its values; one variant of each board may have them.")
    tolerance: Percent = Field(
        default=_SCHEDULE.drift_percent, description="How far its medians may be apart, in percent."
    )


class AccuracyFile(_Strict):
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


class MatrixFile(_Strict):
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
        description="What images do. Without inference-server they hold only what is measured.",
    )
    time_limits: TimeLimitsFile = Field(
        default=TimeLimitsFile(), description="How long work may take before it is ended."
    )


_TIMEOUTS = Timeouts()
_BOARD = Board("", BoardKind.REAL, "")
_PROBE_HELP = "The unique id of its debug probe; without it, the only probe that is attached."
_SERIAL_PORT_HELP = "A device, or a URL of pyserial such as rfc2217://host:4000."
_POWER_CYCLE_HELP = "A command that switches it off and on again; no shell sees it."
_PLACE_HELP = "What its coordinator of labgrid calls it."


class WrittenKind(StrEnum):
    """What a file calls its board: how it is had."""

    VIRTUAL = "virtual"
    REAL = "real"
    LABGRID = "labgrid"


class TimeoutsFile(_Strict):
    """How long each phase of a run may take, as in 10 s or 500 ms."""

    connect: Duration = Field(
        default=format_duration(_TIMEOUTS.connect_s), description="From the probe to a halted core."
    )
    program: Duration = Field(
        default=format_duration(_TIMEOUTS.program_s), description="Erasing, programming and reading back."
    )
    boot: Duration = Field(
        default=format_duration(_TIMEOUTS.boot_s), description="From reset to the end of the first words."
    )
    measure: Duration = Field(
        default=format_duration(_TIMEOUTS.measure_s),
        description="From the command to the end of its answer.",
    )


class UnitFile(_Strict):
    """One of several specimens of a real board, or of one that is a place of labgrid."""

    probe: Probe = Field(default="", description="The unique id of its debug probe.")
    serial_port: SerialPort = Field(default="", description=_SERIAL_PORT_HELP)
    power_cycle: CommandLine = Field(default="", description=_POWER_CYCLE_HELP)
    place: PlaceName = Field(default="", description=_PLACE_HELP)


class EnergyMode(StrEnum):
    """What a current probe is to a board."""

    AMPERE = "ampere"
    SOURCE = "source"


class EnergyFile(_Strict):
    """How the energy of each inference is measured."""

    probe: Name = Field(description="The adapter: ppk2, csv, or that of another package.")
    port: Annotated[str, Field(min_length=1, max_length=4096)] = Field(
        description="What the adapter opens: a serial port, or the file of a trace."
    )
    voltage_v: Annotated[float, Field(gt=0, le=60, allow_inf_nan=False)] = Field(
        description="What the measured part is supplied with, in volts."
    )
    mode: EnergyMode = Field(
        default=EnergyMode.AMPERE,
        description="source: the probe supplies the board; ampere: it is in between.",
    )
    channel: Annotated[int, Field(ge=0, le=7)] = Field(
        default=0, description="The probe's digital input that the board's pin is wired to."
    )
    limit_a: Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)] = Field(
        default=1.0, description="The largest current that the probe tells, in amperes."
    )
    accuracy_percent: Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)] | None = Field(
        default=None, description="The probe's limit of error, in per cent of what it tells."
    )
    accuracy_source: Annotated[str, Field(max_length=200)] = Field(
        default="", description="Who says so: a data sheet, or a certificate of calibration."
    )


class BoardFile(_Strict):
    """A place where an image runs. A real one has a probe and a serial port, one of labgrid a coordinator and
    a place, or units that have them."""

    description: str = ""
    kind: WrittenKind = Field(
        description="virtual boards give a model's times, real ones measured times; labgrid has either."
    )
    firmware_board: Name = Field(description="The folder under firmware/board/.")
    adapter: Name = Field(
        default="", description="The code that takes and gives back its units; without it, that of its kind."
    )
    flasher: Name = Field(default=_BOARD.flasher, description="What gets images onto it.")
    target: Name = Field(description="The chip as the flasher calls it; for pyocd such as stm32f407vg.")
    baud: Baud = Field(default=_BOARD.baud, description="Bits a second of the serial line.")
    connect: ConnectMode = Field(
        default=_BOARD.connect, description="How the debugger gets hold of the core."
    )
    swd_frequency: SwdFrequency = Field(
        default=format_frequency(_BOARD.swd_hz), description="The clock of the debug probe, such as 4 MHz."
    )
    timeouts: TimeoutsFile = Field(default=TimeoutsFile(), description="How long each phase may take.")
    probe: Probe = Field(default="", description=_PROBE_HELP)
    serial_port: SerialPort = Field(default="", description=_SERIAL_PORT_HELP)
    power_cycle: CommandLine = Field(default="", description=_POWER_CYCLE_HELP)
    coordinator: Coordinator = Field(default="", description="The coordinator of labgrid, HOST or HOST:PORT.")
    place: PlaceName = Field(default="", description=_PLACE_HELP)
    units: Annotated[list[UnitFile], Field(min_length=1)] = Field(
        default=[],
        description="Several specimens, over which runs spread; each has what one would have at the top.",
    )
    count: Count = Field(default=2, description="How many virtual specimens may run at once.")
    timing_model: TimingModel = Field(
        default=_BOARD.timing_model, description="How a virtual board makes its cycles."
    )
    health: OnOff = Field(
        default=OnOff.ON, description="Whether a unit has to show that it is fit before it is measured on."
    )
    energy: EnergyFile | None = Field(
        default=None, description="How the energy of its inferences is measured; real boards only."
    )


class SourceFile(_Strict):
    """Code from elsewhere: a pinned archive (url with sha256 or md5), a commit (git with commit), or a folder
    (path)."""

    url: HttpsUrl = Field(default="", description="Where the archive is.")
    sha256: Sha256 = Field(default="", description="SHA-256 of the archive.")
    md5: Md5 = Field(default="", description="MD5 of the archive, where its project pins it so.")
    git: GitUrl = Field(default="", description="Where a git repository is, in place of an archive.")
    commit: Commit = Field(default="", description="The id of its commit, 40 hexadecimal digits.")
    revision: Revision = Field(
        default="", description="The branch or tag that the commit had, for people; nothing is fetched by it."
    )
    revisions: dict[Revision, Commit] = Field(
        default={}, description="More commits, by names that an axis called after the source may have."
    )
    path: str = Field(default="", description="A folder in place of an archive, from the project's folder.")


class RuntimeFile(_Strict):
    """An inference library at one version."""

    description: str = ""
    adapter: Name = Field(description="The adapter that prepares its sources.")
    kernels: Annotated[list[Name], Field(min_length=1)] = Field(
        description="The sets of kernels that it offers."
    )
    elements: Annotated[list[Element], Field(min_length=1)] = Field(
        description="The activations that it runs."
    )
    hybrid: Literal["tried", "refused"] = Field(
        default="tried", description="What becomes of models whose weights alone are quantised."
    )
    operators: Literal["needed", "all"] = Field(
        default="needed",
        description="Which operators are compiled: those of the matrix's models, or all that there are.",
    )
    assertions: Literal["left-out", "kept"] = Field(
        default="left-out", description="Whether the library's assertions are compiled: they take time."
    )
    patches: list[RelativePath] = Field(
        default=[],
        description="Unified diffs that are applied to a copy of the source tensorflow, from the project's "
        "folder.",
    )
    sources: dict[Name, SourceFile] = Field(
        default={}, description="Code from elsewhere that its library is compiled from, by name."
    )


class ArchiveFile(_Strict):
    """An archive somewhere else, and the only contents that it may have."""

    url: HttpsUrl = Field(description="Where it is; the name of a file comes last.")
    sha256: Sha256 = Field(description="SHA-256 of the archive.")


class ToolchainFile(_Strict):
    """A cross compiler: on PATH, in a Docker image, or in both."""

    description: str = ""
    prefix: Name = Field(description="What stands before gcc, such as arm-none-eabi-.")
    version: GccVersion = Field(
        default="",
        description="What gcc answers to -dumpfullversion, or clang to -dumpversion; without it, any version "
        "on PATH will do.",
    )
    clang: Name | None = Field(
        default=None, description="A clang that compiles; libraries and linker stay those of gcc."
    )
    dockerfile: RelativePath = Field(
        default="", description="What makes an image with the compiler, cmake, ninja and ccache."
    )
    archive: ArchiveFile | None = Field(
        default=None, description="What the Dockerfile copies as toolchain/, unpacked."
    )
    suite: Suite = Field(
        default=DEFAULT_SUITE, description="The code name of the Debian that the Dockerfile begins with."
    )


class ModelSourceFile(_Strict):
    """Where a .tflite file is: here, or somewhere else with its only contents."""

    path: RelativePath = Field(default="", description="From the project's folder.")
    url: HttpsUrl = Field(default="", description="Where it is; the name of a file comes last.")
    sha256: Sha256 = Field(default="", description="SHA-256 of the file at the URL.")


class ModelInputFile(_Strict):
    """What a model is asked: files, or random elements."""

    files: list[RelativePath] = Field(
        default=[],
        description="One for each input (.npy, .csv, .wav, images, bytes as they are), or one .npz.",
    )
    random: Seed | None = Field(default=None, description="The same number gives the same elements.")


class DatasetFile(_Strict):
    """Many inputs of a model, each with its class."""

    samples: RelativePath = Field(
        default="",
        description="An .npz with images or inputs and labels, an .npy or .csv beside labels, or a folder "
        "with a folder for each class.",
    )
    labels: RelativePath = Field(
        default="", description="The numbers of their classes, from 0: an .npy or .csv."
    )
    url: HttpsUrl = Field(default="", description="Where an .npz is, in place of samples.")
    sha256: Sha256 = Field(default="", description="SHA-256 of the file at the URL.")
    answers: RelativePath = Field(
        default="", description="An .npz of what the host answers to each; `doit model NAME` makes it."
    )


def _path_as_dataset(value: object) -> object:
    return {"samples": value} if isinstance(value, str) else value


Dataset = Annotated[
    DatasetFile, BeforeValidator(_path_as_dataset, json_schema_input_type=RelativePath | DatasetFile)
]


def _path_as_source(value: object) -> object:
    return {"path": value} if isinstance(value, str) else value


def _files_as_input(value: object) -> object:
    if isinstance(value, str):
        return {"files": [value]}
    return {"files": value} if isinstance(value, list) else value


ModelSource = Annotated[
    ModelSourceFile,
    BeforeValidator(_path_as_source, json_schema_input_type=RelativePath | ModelSourceFile),
]
ModelInput = Annotated[
    ModelInputFile,
    BeforeValidator(
        _files_as_input, json_schema_input_type=RelativePath | list[RelativePath] | ModelInputFile
    ),
]


class ModelFile(_Strict):
    """A .tflite file with what it must answer. Paths begin at the project's folder."""

    description: str = ""
    element: Element = Field(description="The type of the activations.")
    weights: Element | None = Field(
        default=None, description="The type of the weights, where they alone were quantised."
    )
    file: ModelSource = Field(description="The .tflite file, or url and sha256 of one somewhere else.")
    golden: RelativePath = Field(description="The answers; `doit model NAME` makes them.")
    input: ModelInput | None = Field(
        default=None, description="What is built into the firmware: one file or several, or random elements."
    )
    digits: RelativePath = Field(default="", description="Digits, as IDX, in place of an input.")
    digit_label: Digit | None = Field(
        default=None, description="The first digit with this label is built into the firmware."
    )
    dataset: Dataset | None = Field(
        default=None, description="A labelled set, by which `accuracy` of a matrix tells its accuracy."
    )


FILES: dict[str, type[BaseModel]] = {
    "matrix": MatrixFile,
    "board": BoardFile,
    "runtime": RuntimeFile,
    "toolchain": ToolchainFile,
    "model": ModelFile,
}
"""The models by the name of their schema, `docs/<name>.schema.json`."""


def schema_text(name: str) -> str:
    """The JSON Schema of the files called `name` in FILES, as it stands in `docs/<name>.schema.json`."""
    schema: dict[str, Any] = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    schema |= FILES[name].model_json_schema()
    return json.dumps(schema, indent=2) + "\n"


def write_schemas(folder: Path) -> list[Path]:
    """Writes every schema into `folder`, and returns the paths."""
    paths = [folder / f"{name}.schema.json" for name in FILES]
    for name, path in zip(FILES, paths, strict=True):
        path.write_text(schema_text(name), encoding="utf-8")
    return paths


if __name__ == "__main__":
    docs = Path("docs")
    if not docs.is_dir():
        sys.exit("There is no folder docs here; run this in the project's folder.")
    for written in write_schemas(docs):
        print(written)
