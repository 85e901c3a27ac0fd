"""What the catalogues under `matrix/` describe: boards, runtimes, toolchains and models."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from mcumatrix.model.chip import ClockRange
from mcumatrix.model.current import EnergySetup
from mcumatrix.model.layout import Layouts

DEFAULT_FLASHER = "pyocd"
"""What gets images onto a board whose file names nothing else."""
LABGRID = "labgrid"
"""What takes boards whose units are places of labgrid."""
DEFAULT_SUITE = "bookworm"
"""The release of Debian that images of toolchains begin with whose files name no other."""


class BoardKind(StrEnum):
    """Where the times of a board come from; the two kinds never share a column."""

    VIRTUAL = "virtual"
    REAL = "real"


class Element(StrEnum):
    """The type of a model's activations."""

    FLOAT32 = "float32"
    INT8 = "int8"
    UINT8 = "uint8"
    INT16 = "int16"


class ConnectMode(StrEnum):
    """How a debugger gets hold of a core: the connect modes of pyOCD."""

    HALT = "halt"
    UNDER_RESET = "under-reset"
    PRE_RESET = "pre-reset"
    ATTACH = "attach"


class TimingModel(StrEnum):
    """How a virtual board makes its cycles; `vstm32.timing` has what they stand for."""

    INSTRUCTIONS = "instructions"
    M7_BLOCK_1 = "m7-block-1"
    M7_CACHE_2 = "m7-cache-2"
    M4_1 = "m4-1"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long each phase of a run may take, in seconds.

    `connect_s`: from the probe to a halted core. `program_s`: erasing, programming and reading back.
    `boot_s`: from reset to the end of the first words. `measure_s`: from the command to the answer's end.
    """

    connect_s: float = 10.0
    program_s: float = 60.0
    boot_s: float = 15.0
    measure_s: float = 300.0


VIRTUAL_CONNECT_S = 60.0
"""`connect_s` of a virtual board, where its file does not say it: it has no cable that may be missing, and a
busy machine has taken more than ten seconds to connect."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One specimen of a board: the unique id of its debug probe, and its serial line.

    `probe` is empty where any probe will do as long as only one is attached. `serial_port` is a device or a
    pyserial URL. `power_cycle` is a command line that switches this unit off and on; empty if there is none.
    Virtual boards bring their own probe and port: both are empty. `place` is what a coordinator of labgrid
    calls the unit: what is empty then is told by the place.
    """

    probe: str = ""
    serial_port: str = ""
    power_cycle: tuple[str, ...] = ()
    place: str = ""


@dataclass(frozen=True, slots=True)
class Board:
    """A place where an image runs.

    `firmware_board` names the folder under `firmware/board/`; boards that share it run the same image.
    `flasher` is the name under which the registry knows what gets images onto it, `target` the name under
    which that knows the chip. `units` are interchangeable specimens, at least one; runs spread over them.
    `connect` and `swd_hz` are for the debug probe, `baud` for the serial line. `adapter` is the name under
    which the registry knows the code that runs it, if it is not that of its `kind`. `health` says whether its
    units have to show that they are fit before they are measured on. `energy` is how the energy of inferences
    is measured, None where it is not. `coordinator` is the address of a coordinator of labgrid, HOST or
    HOST:PORT, whose places the units are; empty where they are none.
    """

    name: str
    kind: BoardKind
    firmware_board: str
    target: str = ""
    units: tuple[Unit, ...] = (Unit(),)
    baud: int = 115_200
    connect: ConnectMode = ConnectMode.HALT
    swd_hz: int = 1_000_000
    timeouts: Timeouts = Timeouts()
    timing_model: TimingModel = TimingModel.M7_BLOCK_1
    """Of a virtual board."""
    flasher: str = DEFAULT_FLASHER
    adapter: str = ""
    health: bool = True
    energy: EnergySetup | None = None
    coordinator: str = ""

    @property
    def is_started_here(self) -> bool:
        """Whether it is a program of this machine, which is always there."""
        return self.kind is BoardKind.VIRTUAL and not self.coordinator


@dataclass(frozen=True, slots=True)
class Source:
    """Code from elsewhere: an archive or a commit with its only contents, or a folder of a person's own.

    `checksum` is `sha256:...` or `md5:...` of an archive, or `git:` and the id of a commit of the repository
    at `url`; `revision` is then the branch or tag that it had, for people. Either `url` and `checksum` are
    given, or `path`. `revisions` are other commits by name, of which an axis takes one; where there is no
    checksum, one has to.
    """

    name: str
    url: str = ""
    checksum: str = ""
    path: Path | None = None
    revision: str = ""
    revisions: tuple[tuple[str, str], ...] = ()

    def at(self, revision: str) -> "Source":
        """The source at one of its revisions. Raises KeyError."""
        commit = dict(self.revisions)[revision]
        return replace(self, checksum=f"git:{commit}", revision=revision)

    @property
    def commit(self) -> str:
        """The id of a commit, 40 hexadecimal digits; empty for an archive or a folder."""
        algorithm, _, digest = self.checksum.partition(":")
        return digest if algorithm == "git" else ""

    @property
    def file_name(self) -> str:
        """What the archive is called in the cache: its URL often ends with a version alone."""
        return f"{self.name}-{self.url.rpartition('/')[2]}"


@dataclass(frozen=True, slots=True)
class Runtime:
    """An inference library at one version.

    `adapter` is the name under which the registry knows the code that prepares it. `sources` is code from
    elsewhere that its library is compiled from. One that does not take hybrid models refuses those whose
    weights alone are quantised before anything is built. `patches` are unified diffs that are applied to a
    copy of its own source, in their order. `operators` are those that its library has, named as
    layers name them and sorted; None for all there are. The catalogue knows none yet: which ones are needed
    follows from the models of a matrix.
    """

    name: str
    adapter: str
    kernels: tuple[str, ...]
    elements: tuple[Element, ...]
    sources: tuple[Source, ...] = ()
    takes_hybrid: bool = True
    operators: tuple[str, ...] | None = ()
    patches: tuple[Path, ...] = ()
    assertions: bool = False

    def at(self, source: str, revision: str) -> "Runtime":
        """The runtime with a source at one of its revisions. Raises KeyError."""
        if source not in {one.name for one in self.sources}:
            raise KeyError(source)
        sources = (one.at(revision) if one.name == source else one for one in self.sources)
        return replace(self, sources=tuple(sources))


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive somewhere else, and the only contents that it may have."""

    url: str
    sha256: str

    @property
    def file_name(self) -> str:
        """The last part of its URL."""
        return self.url.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Toolchain:
    """A cross compiler. `prefix` is put before `gcc`, `g++`, `objcopy`, as in `arm-none-eabi-`.

    `clang` names a clang that compiles in its place; libraries and linker stay those of gcc. `version` is
    what gcc answers to `-dumpfullversion`, or that clang to `-dumpversion`; empty for whatever is found on
    PATH. `dockerfile` makes an image with it; without one there is no building in containers. `archive` is
    what that Dockerfile copies the compiler from, `suite` the release of Debian, by its code name, that it
    begins with.
    """

    name: str
    prefix: str
    version: str = ""
    dockerfile: Path | None = None
    archive: Archive | None = None
    suite: str = DEFAULT_SUITE
    clang: str = ""


@dataclass(frozen=True, slots=True)
class DigitInput:
    """The first digit with a label, of an IDX file that has labels and pixels."""

    file: Path
    label: int


@dataclass(frozen=True, slots=True)
class FileInput:
    """Files with the input: one for each input tensor, in their order, or one archive (.npz) for all."""

    files: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class RandomInput:
    """Elements made from a number: the same number gives the same input."""

    seed: int


ModelInput = DigitInput | FileInput | RandomInput


@dataclass(frozen=True, slots=True)
class ModelPin:
    """A file of a model somewhere else, and the only contents that it may have."""

    url: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """A labelled set: many inputs of a model, each with the class that it belongs to.

    `samples` is an .npz, an .npy or .csv beside `labels`, or a folder with a folder of files for each class;
    or an .npz is fetched as `pin` says, and one of them is None. `answers` is a file with what the library on
    the host answers to each, None where the answers are compared with the labels alone.
    """

    samples: Path | None
    labels: Path | None = None
    answers: Path | None = None
    pin: ModelPin | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """The files and folders of it that are here."""
        return tuple(path for path in (self.samples, self.labels, self.answers) if path is not None)


@dataclass(frozen=True, slots=True)
class Model:
    """A .tflite file with what it is asked, and what it must answer.

    The file is `file`, or is fetched as `pin` says; one of them is None. `golden` holds the answers to
    `input`, which is built into the firmware. `weights` is the type of the weights where it is not that of
    the activations, `element`. `dataset` is what its accuracy can be told by, if there is anything.
    """

    name: str
    element: Element
    file: Path | None
    golden: Path
    input: ModelInput
    weights: Element | None = None
    pin: ModelPin | None = None
    dataset: Dataset | None = None

    @property
    def input_files(self) -> tuple[Path, ...]:
        """The files that the input is read from; none for one that is made."""
        match self.input:
            case DigitInput(file, _):
                return (file,)
            case FileInput(files):
                return files
            case RandomInput():
                return ()

    @property
    def is_hybrid(self) -> bool:
        """Whether its weights alone were quantised."""
        return self.weights not in (None, self.element)


@dataclass(frozen=True, slots=True)
class Catalogues:
    """Everything that a matrix may name, by name."""

    boards: dict[str, Board]
    runtimes: dict[str, Runtime]
    toolchains: dict[str, Toolchain]
    models: dict[str, Model]
    clocks: Mapping[str, ClockRange] = field(default_factory=dict)
    """The clocks that boards make, by their `firmware_board`; nothing is known of the others."""
    layouts: Mapping[str, Layouts] = field(default_factory=dict)
    """What can be chosen of where the parts of their images lie, likewise."""
