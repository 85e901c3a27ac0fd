"""The commands and their options, declared once: for `mcumatrix` and for `doit`.

What a command does is in the function that it names, which is imported when it is called.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from importlib import import_module

from mcumatrix.defaults import DEFAULT_ATTEMPTS, MAXIMUM_ATTEMPTS
from mcumatrix.model.catalogue import DEFAULT_SUITE

MANY = 10_000
"""For commands that take any number of names."""


class Kind(Enum):
    """What an option takes: a text, nothing, several texts, or a whole number."""

    TEXT = auto()
    FLAG = auto()
    TEXTS = auto()
    NUMBER = auto()


@dataclass(frozen=True, slots=True)
class Option:
    """An option `--name`, and `short` for it. Not given, it is its default, or "", False, (), 0."""

    name: str
    help: str
    kind: Kind = Kind.TEXT
    default: str | int | None = None
    short: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """A command. `does` is its function, as module:name: it takes a project, the options and the names.

    `takes` is how many names there may be at most. Where `needs` says in words what they are, all of them
    have to be there, and `example` shows how.
    """

    name: str
    does: str
    purpose: str
    description: str
    usage: str = ""
    options: tuple[Option, ...] = ()
    takes: int = 1
    needs: str = ""
    example: str = ""

    def function(self) -> Callable[..., int]:
        """What does it."""
        module, _, name = self.does.partition(":")
        function: Callable[..., int] = getattr(import_module(f"mcumatrix.cli.{module}"), name)
        return function


_A_MATRIX = "MATRIX is a name under matrix/ or a path; without it, quickstart."

_SELECT = Option("select", "only these variants: 'kernels=simd and clock=216MHz', or a slug")
_BUILDER = Option(
    "builder",
    "where to build: docker, local, or auto (docker where an engine answers, which is the default); the "
    "variable MCUMATRIX_BUILDER says it for all commands",
)
_SHARD = Option(
    "shard",
    "only a share of the variants, as in 3/8: the third of eight, for machines that know nothing of each "
    "other; `merge` brings their results together",
)
_EXECUTING = (
    _SELECT,
    _SHARD,
    _BUILDER,
    Option("no-wait", "fail where a board or this folder is in use, instead of waiting for it", Kind.FLAG),
    Option(
        "attempts",
        "how often a run is tried that probe, serial line or host have spoiled, with pauses of 1 s, 2 s, "
        f"4 s and so on between; 1 to {MAXIMUM_ATTEMPTS}, {DEFAULT_ATTEMPTS} if not given",
        default=str(DEFAULT_ATTEMPTS),
    ),
    Option(
        "cluster",
        "build and run on a Dask cluster: the address of its scheduler, as in tcp://lab:8786, or local:4 for "
        "four workers of this machine",
    ),
    Option("quiet", "say nothing but what fails or has to be waited for", Kind.FLAG, short="q"),
    Option("always-execute", "build and run what is done already too", Kind.FLAG, short="a"),
    Option(
        "process", "how many tasks at a time; as many as there are cores if not given", Kind.NUMBER, short="n"
    ),
)

INIT = Command(
    "init",
    "init:init",
    "begin a project in this folder: a matrix, a board, and what runs them in CI",
    "Asks nothing, writes five files, and overwrites none. `matrix` runs what it wrote.",
    options=(
        Option("model", "a .tflite file of yours, which the matrix is to be of"),
        Option("ci", "who runs it for every change: github, gitlab or circleci", default="github"),
    ),
    takes=0,
)

MATRIX = Command(
    "matrix",
    "executing:matrix",
    "build, run and report the variants of a matrix",
    f"{_A_MATRIX} What is done already is not done again. Variants that fail do not keep others from "
    "being run.",
    "[MATRIX]",
    _EXECUTING,
)

PLAN = Command(
    "plan",
    "plan:plan",
    "show the variants of a matrix, what was left out and why, and what is left to do",
    _A_MATRIX,
    "[MATRIX]",
    (_SELECT, _SHARD, _BUILDER, Option("json", "a file for the plan as JSON")),
)

REPRODUCE = Command(
    "reproduce",
    "reproduce:reproduce",
    "make published results again: their images bit for bit, their cycles one by one",
    f"{_A_MATRIX} Each image is built once more from nothing, in another folder and without a cache, by "
    "every builder there is, and compared with that of the published record in results/MATRIX. Where it "
    "is the same, it is run, and its cycles are compared with the published ones. Where nothing is "
    "published, the builders are compared with each other. Ends with exit code 3 where something that "
    "should be the same is not.",
    "[MATRIX]",
    (
        *_EXECUTING,
        Option("no-run", "compare images only, and run none", Kind.FLAG),
        Option(
            "against",
            "whose results: an archive (NAME.tar.gz), or a folder such as another checkout's "
            "results/quickstart; those in results/MATRIX if not given",
        ),
        Option("json", "a file for the outcome as JSON"),
        Option("markdown", "a file for the outcome as Markdown, such as $GITHUB_STEP_SUMMARY"),
    ),
)

REPORT = Command(
    "report",
    "results:report",
    "make reports from records, or from published numbers, and from nothing else",
    "NAME is a matrix, a name under results/published, or a CSV file of published numbers; without it, "
    "quickstart. No compiler, board or container is needed.",
    "[NAME]",
    (
        Option("templates", "a folder with templates of your own, which come before the project's"),
        Option("out", "with --templates: the folder to write to, build/report/NAME if not given"),
    ),
)

COMPARE = Command(
    "compare",
    "results:compare",
    "compare two sets of results; exit 3 where something got slower or cannot be compared",
    "Each is a matrix, a folder of results such as another checkout's results/quickstart, or published "
    "numbers. Limits are those of the matrix (`regression`) unless they are given here.",
    "BASE CANDIDATE",
    (
        Option("total", "how many percent slower the whole inference may be; 1 if nothing says otherwise"),
        Option("layer", "how many percent slower a layer may be; 5 if nothing says otherwise"),
        Option("json", "a file for the outcome as JSON"),
        Option("markdown", "a file for the outcome as Markdown"),
        Option("junit", "a file for the outcome as JUnit XML"),
        Option(
            "job-summary",
            "add the outcome to the summary of this job of GitHub Actions, $GITHUB_STEP_SUMMARY",
            Kind.FLAG,
        ),
        Option(
            "rerun",
            "measure what got slower once more before it counts, on both sides where they are matrices "
            "of this project",
            Kind.FLAG,
        ),
    ),
    takes=2,
    needs="two sets of results",
    example="compare ../before/results/quickstart quickstart",
)

HISTORY = Command(
    "history",
    "results:history",
    "show the runs of a matrix over time, and at which of them layers changed",
    "NAME is a matrix; without it, quickstart. All records count, in the order in which they were kept. No "
    "compiler, board or container is needed.",
    "[NAME]",
    (
        Option("json", "a file for the history as JSON, with the time of each layer in each run"),
        Option("markdown", "a file for the history as Markdown"),
        Option("chart", "a file for its chart, an SVG"),
        Option(
            "git",
            "also show runs that earlier commits have, and that are not here any more; git is asked for them",
            Kind.FLAG,
        ),
    ),
)

VERIFY = Command(
    "verify",
    "results:verify",
    "check every record, log, report and image against its hash; exit 3 where one was changed",
    "NAME is a matrix, a folder of results, or an archive (NAME.tar.gz); without it, quickstart. An "
    "archive is not unpacked here.",
    "[NAME]",
    (
        Option(
            "signed-by",
            "a file of allowed signers, as ssh-keygen has it: says who of them signed the archive, and "
            "ends with exit code 3 if nobody did",
        ),
        Option(
            "trusted-root",
            "a trusted root of Sigstore: the signature is then a bundle, FILE.sigstore.json, and a line of "
            "the allowed signers an identity and its issuer",
        ),
    ),
)

MERGE = Command(
    "merge",
    "results:merge",
    "bring the results of several machines together",
    "Each FOLDER is one of results, such as results/quickstart of another machine. Every file is checked "
    "before anything is written, and what is there already is never changed. Ends with exit code 3, and "
    "without having written anything, where results contradict each other or one was changed.",
    "FOLDER...",
    (Option("into", "the folder to bring them to; results/MATRIX if not given, as the records have it"),),
    takes=MANY,
)

REPLAY = Command(
    "replay",
    "results:replay",
    "make records again from their raw logs and compare them byte for byte, reports too",
    "NAME is a matrix; without it, quickstart. Nothing is written.",
    "[NAME]",
)

ARCHIVE = Command(
    "archive",
    "results:archive",
    "put results and all that they were made from into one file, the same bytes each time",
    "NAME is a matrix; without it, quickstart. Whoever unpacks the file can verify, replay and rerun the "
    "results. Results that `verify` finds changed are refused.",
    "[NAME]",
    (
        Option("output", "the file to make, NAME.tar.gz if not given"),
        Option("sign", "an SSH key to sign it with; the signature is a file beside it, FILE.sig"),
    ),
)

PUBLISH = Command(
    "publish",
    "results:publish",
    "put reports, archives and a first page into a folder that a web server can show",
    "Each NAME is a matrix; without one, all that have results. Reports are made anew where that is due, and "
    "results that `verify` finds changed are refused. What else is in the folder stays; what was published "
    "there before and is not published any more goes.",
    "[NAME...] --to FOLDER",
    (
        Option("to", "the folder, such as a checkout of the branch gh-pages; build/site if not given"),
        Option("sign", "an SSH key to sign the archives with"),
    ),
    takes=MANY,
)

EXPORT = Command(
    "export",
    "exchange:export",
    "write results in a format that another tool reads",
    "NAME is a matrix, a name under results/published, or a CSV file of published numbers; without it, "
    "quickstart. Formats are asv, bencher, github-action-benchmark, latex, rebench, and those that other "
    "packages bring.",
    "[NAME] --format FORMAT",
    (
        Option("format", "the format"),
        Option(
            "out", "the folder to write to, build/export/NAME/FORMAT if not given; what else is in it stays"
        ),
        Option("commit", "the commit that the results are of (asv, rebench); the present one if not given"),
    ),
)

IMPORT = Command(
    "import",
    "exchange:import_",
    "read the results of another tool, as numbers that stand beside ours",
    "FORMAT is mlonmcu, mlperf-tiny, st-edge-ai, tflm, or one that another package brings. What is read "
    "goes to results/published/NAME.csv, where `report NAME` and `published` of a matrix find it.",
    "FORMAT FILE",
    (
        Option("as", "the name of what is made, that of FILE if not given"),
        Option("source", "who published it under which title; the tool and the file if not given"),
        Option("date", "when, as in 2026-11-27; for files that do not say"),
        Option("clock", "the clock of what was measured, as in '216 MHz', for formats that have ticks"),
        Option("axes", "what the file does not say, or not as a matrix does: 'model=mnist-int8;board=lab'"),
    ),
    takes=2,
    needs="a format and a file",
    example="import st-edge-ai network_validate_report.txt --as st-mnist",
)

BASE_IMAGE = Command(
    "base-image",
    "machine:base_image",
    "make the Docker image that toolchains are put onto, where none can be pulled",
    "Makes a minimal Debian with mmdebstrap and gives it to the Docker engine of this machine. SUITE is "
    f"the code name of a release, such as trixie; without it, {DEFAULT_SUITE}.",
    "[SUITE]",
)

MODEL = Command(
    "model",
    "model:model",
    "enter a .tflite file into matrix/models with golden outputs made on this machine",
    "FILE.tflite becomes an entry; NAME is a model that has one, and gets new golden outputs. They are "
    "made by TensorFlow Lite Micro on this machine.",
    "FILE.tflite|NAME",
    (
        Option("as", "what the model is called; without it, as its file"),
        Option(
            "input",
            "a file with an input (.npy, .npz, .csv, .wav, an image, bytes as they are), once for each "
            "input; without any, random elements",
            Kind.TEXTS,
        ),
        Option(
            "seed", "the number that random elements are made from; 1 if not given", Kind.NUMBER, default=1
        ),
    ),
    needs="a file or a name",
    example="model my.tflite",
)

BOARDS = Command(
    "boards",
    "machine:boards",
    "show which boards can be used here, and why others cannot",
    "Lists debug probes, serial ports and running virtual boards, and compares them with the files under "
    "matrix/boards. With --import, writes board files instead, from a hardware map of Zephyr's Twister; "
    "files that are there already are never changed.",
    "[--import MAP]",
    (Option("import", "a hardware map, as `twister --generate-hardware-map` writes it"),),
    takes=0,
)

WORKER = Command(
    "worker",
    "machine:worker",
    "build and run on this machine for others, as a worker of a Dask cluster",
    "SCHEDULER is the address of its scheduler. The boards that `boards` shows as usable are the worker's: "
    "runs go where their board is. Works until the scheduler is gone or somebody ends it.",
    "SCHEDULER",
    (
        Option(
            "process",
            "how many builds at a time; as many as there are cores if not given",
            Kind.NUMBER,
            short="n",
        ),
    ),
    needs="the address of a scheduler",
    example="worker tcp://lab:8786",
)

DOCTOR = Command(
    "doctor",
    "machine:doctor",
    "say what this machine has and lacks for builds and runs, and what to do next",
    "Looks at Python, packages, compilers, the Docker engine, probes, rules of udev, serial ports, disk, "
    "clock and cache. Ends with exit code 4 where something is missing that every run needs.",
    options=(Option("json", "a file for all of it as JSON, for a report of a fault"),),
    takes=0,
)

PIN = Command(
    "pin",
    "pin:pin",
    "make the file of a runtime from a repository of TensorFlow Lite Micro",
    "RUNTIME is the name of the new file in matrix/runtimes. REPOSITORY is a URL, or owner/name of one "
    "on GitHub such as tensorflow/tflite-micro; REVISION is a branch, a tag or a commit, without it the "
    "repository's own default. The commits of its libraries are those that the tree itself asks for.",
    "RUNTIME REPOSITORY[@REVISION]",
    takes=2,
    needs="a name and a repository",
    example="pin tflm-2026-08 tensorflow/tflite-micro@main",
)

COMMANDS = (
    *(
        INIT,
        MATRIX,
        PLAN,
        REPRODUCE,
        REPORT,
        COMPARE,
        HISTORY,
        VERIFY,
        MERGE,
        REPLAY,
        ARCHIVE,
        PUBLISH,
        EXPORT,
        IMPORT,
    ),
    *(MODEL, PIN, BOARDS, WORKER, DOCTOR, BASE_IMAGE),
)
"""In the order in which help has them."""
