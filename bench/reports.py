"""What reports of many records take: made, made again, nothing to do, verified and compared. Prints JSON.

    .venv/bin/python bench/reports.py --variants 10000

Target for 10,000 records with 8 layers: all reports in 12 s and 600 MB; nothing to do in 0.5 s for a matrix
of ordinary size (`idle`, 8 records); a page of 3 MB for 1,000 variants. Records and logs are kept by the real
writer, one for each variant, and everything runs on a PATH without any compiler.

Seconds are of the wall and of the CPU: others may use the machine, and a core that is shared is slower too.
So each has its ratio to a yardstick, the CPU time of a fixed piece of Python that is measured right before
and after: those can be compared between machines. `ms_per_record` is what a further record costs.
"""

import argparse
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

from quickstart import allow_every_clock, copy_project

from mcumatrix import registry, wire
from mcumatrix.matrix.catalogues import load_catalogues
from mcumatrix.matrix.load import find_matrix, load_matrix
from mcumatrix.model.catalogue import BoardKind
from mcumatrix.model.golden import GoldenCase
from mcumatrix.model.image import Image, Sizes, ToolchainIdentity
from mcumatrix.model.record import Provenance
from mcumatrix.project import Project
from mcumatrix.results.store import RecordStore
from mcumatrix.stages.build import build_id
from mcumatrix.stages.check import check_answer
from mcumatrix.stages.parse import parse_bench
from mcumatrix.stages.record import make_record
from mcumatrix.stages.render import hello_of
from mcumatrix.workflow import plan_jobs

NO_TOOLS = "/nowhere"
"""A PATH on which there is no compiler."""

MATRIX = """\
axes:
  runtime: builtin
  kernels: [reference, simd]
  clock: [{clocks}]
  model: mnist-int8
  board: virtual-f746
repeat: 3
"""

OPERATORS = (
    "CONV_2D",
    "MAX_POOL_2D",
    "CONV_2D",
    "MAX_POOL_2D",
    "CONV_2D",
    "FULLY_CONNECTED",
    "RELU",
    "SOFTMAX",
)
REPEATS = 3
NONCE = 0xBEEF


COMPILER = ToolchainIdentity("arm-none-eabi-gcc 12.2.1", "c" * 64)


class NoCompiler:
    """A builder that names a compiler and has none."""

    def identity(self, *_: object) -> ToolchainIdentity:
        return COMPILER

    def execute(self, *_: object) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        raise NotImplementedError

    def reap(self) -> None:
        raise NotImplementedError


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--variants", type=int, default=10_000)
    parser.add_argument(
        "--keep", type=Path, help="a folder for the project, which is used again if it is there"
    )
    asked = parser.parse_args()
    if asked.keep:
        print(json.dumps(measured(asked.keep, asked.variants), indent=1))
        return
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measured(Path(folder) / "project", asked.variants), indent=1))


def measured(folder: Path, variants: int) -> dict[str, object]:
    """All that is measured, of a project in a folder, which is made where it is not there yet."""
    if not (folder / "results").is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        copy_project(folder)
        allow_every_clock(folder)
        shutil.rmtree(folder / "results", ignore_errors=True)
        for name, count in (("many", variants), ("page", 1_000), ("idle", 8)):
            make_results(Project(folder), name, count)
    for made in (folder / "results").glob("*/report.*"):
        made.unlink()
    for made in (folder / "results").glob("*/manifest.json"):
        made.unlink()
    empty = _run(folder, "help")
    found: dict[str, dict[str, float]] = {"empty_process": empty}
    for what, arguments in (
        ("report", ("report", "many")),
        ("report_again", ("report", "many")),
        ("matrix", ("matrix", "many")),
        ("verify", ("verify", "many")),
        ("compare", ("compare", "many", "many")),
        ("page", ("report", "page")),
        ("idle_first", ("report", "idle")),
        ("idle", ("report", "idle")),
    ):
        found[what] = _run(folder, *arguments)
    page = folder / "results" / "page" / "report.html"
    further = (found["report"]["cpu_s"] - found["page"]["cpu_s"]) / max(1, variants - 1_000)
    return {
        "variants": variants,
        **found,
        "ms_per_record": round(further * 1e3, 2),
        "page_mb": round(page.stat().st_size / 1e6, 2),
    }


def yardstick_s() -> float:
    """CPU time of reading and writing a fixed piece of JSON: how fast a core is just now, shared as it is."""
    text = json.dumps([{"op": "CONV_2D", "cycles": [n, n + 1, n + 2], "msec": n / 7} for n in range(2_000)])
    begun = time.process_time()
    for _ in range(20):
        json.dumps(json.loads(text))
    return time.process_time() - begun


def _run(folder: Path, *arguments: str) -> dict[str, float]:
    """One command without tools: seconds of the wall and of the CPU, and its largest memory in MB."""
    doit = str(Path(sys.executable).with_name("doit"))
    before_s = yardstick_s()
    begun = time.perf_counter()
    process = subprocess.Popen(
        [doit, *arguments],
        cwd=folder,
        env=os.environ | {"PATH": NO_TOOLS, "MCUMATRIX_BUILDER": "local"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    took_s = time.perf_counter() - begun
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"doit {' '.join(arguments)} ended with {status}: {said.decode()}")
    cpu_s = used.ru_utime + used.ru_stime
    return {
        "wall_s": round(took_s, 2),
        "cpu_s": round(cpu_s, 2),
        "yardsticks": round(cpu_s / ((before_s + yardstick_s()) / 2), 1),
        "mb": round(used.ru_maxrss * 1024 / 1e6),
    }


def make_results(project: Project, name: str, variants: int) -> None:
    """A matrix of so many variants, and a record with its log for each."""
    clocks = ", ".join(f"{100_000 + number} kHz" for number in range(variants // 2))
    (project.matrices / f"{name}.yaml").write_text(MATRIX.format(clocks=clocks))
    matrix = load_matrix(find_matrix(name, project.matrices), load_catalogues(project.matrices))
    store = RecordStore(project.results(name) / "records")
    boards = registry.boards.Boards(project.boards, wait=False, say=print)
    golden = registry.answers.golden_case(matrix.variants[0].model)
    for number, job in enumerate(plan_jobs(project, matrix.variants, NoCompiler(), boards).jobs):
        variant = job.variant
        said = hello_of(variant, build_id(job.image.plan))
        log = b"".join(_log(said, golden, number))
        measurement = parse_bench(log, NONCE, said)
        record = make_record(
            (measurement, check_answer(measurement, golden)),
            matrix=name,
            variant=variant,
            fingerprint=job.run_fingerprint,
            provenance=Provenance("virtual-f746", BoardKind.VIRTUAL, "m7-block-1", {"mcumatrix": "0.1.0"}),
            image=_image(said.build),
        )
        store.add(record, log)


def _image(build_id: str) -> Image:
    sizes = Sizes(100_000, 200, 30_000, {"FLASH": 100_200, "SRAM1": 30_200})
    return Image(build_id, Path("image.elf"), Path("image.bin"), "e" * 64, "b" * 64, sizes, COMPILER)


def _log(said: wire.Hello, golden: GoldenCase, number: int) -> Iterator[bytes]:
    """What a board says: after reset, and in answer to the bench command."""
    clocks = (wire.Clocks(said.clock_hz), wire.Rate("PCLK1", said.clock_hz // 4))
    yield from _exchange(wire.BOOT_COMMAND, 0, (said, *clocks))
    values = golden.outputs[0].values
    output = struct.pack(f"{len(values)}b", *map(int, values))
    # No two variants take the same time, as on a board.
    cycles = [1_000_000 // (layer + 1) + 17 * number % 9973 for layer in range(len(OPERATORS))]
    times = (
        message
        for repeat in range(REPEATS)
        for message in (
            *(wire.Time(repeat, layer, took) for layer, took in enumerate(cycles)),
            wire.Total(repeat, sum(cycles) + 500, zlib.crc32(output)),
        )
    )
    yield from _exchange(
        wire.RunBench.number,
        NONCE,
        (
            said,
            *clocks,
            wire.Memory(4096),
            wire.Stack(inference_bytes=800, deepest_bytes=1200, size_bytes=16384),
            wire.Bench(1, REPEATS, zlib.crc32(golden.input)),
            *(wire.Layer(layer, op, 0x0800_1000 + layer) for layer, op in enumerate(OPERATORS)),
            *times,
            wire.Tensor("output", 9, f"1x{len(output)}", 0.00390625, -128, len(output)),
            wire.DataLine(0, output),
        ),
    )


def _exchange(command: int, nonce: int, content: tuple[wire.Message, ...]) -> Iterator[bytes]:
    messages = (wire.Begin(command, nonce), *content, wire.End(len(content) + 2, 1))
    for number, message in enumerate(messages):
        yield message.encode(number, nonce) + b"\r\n"


if __name__ == "__main__":
    main()
