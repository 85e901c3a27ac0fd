"""Projects with matrices and finished results, as commands find them."""

import shutil
import struct
import zlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from mcumatrix import registry, wire
from mcumatrix.matrix.catalogues import load_catalogues
from mcumatrix.matrix.load import find_matrix, load_matrix
from mcumatrix.model.catalogue import BoardKind
from mcumatrix.model.golden import GoldenCase
from mcumatrix.model.record import Measurement, Provenance, Record
from mcumatrix.model.variant import Variant
from mcumatrix.project import Project
from mcumatrix.results.store import RecordStore
from mcumatrix.stages.check import check_answer
from mcumatrix.stages.energy import energy_of, to_file
from mcumatrix.stages.parse import parse_bench
from support.logs import NONCE, bench_log, bench_messages, boot_log
from support.traces import SETUP, Drawn
from support.variants import a_record, hello

ROOT = Path(__file__).parents[2]

MATRIX = """\
axes:
  runtime: builtin
  kernels: [reference, simd]
  clock: 216 MHz
  model: mnist-int8
  board: virtual-f746
repeat: 2
"""


def a_project(folder: Path, matrix: str = MATRIX, name: str = "example") -> Project:
    """A project with this one's catalogues and templates, and one matrix."""
    shutil.copytree(ROOT / "matrix", folder / "matrix")
    shutil.copytree(ROOT / "templates", folder / "templates")
    # Catalogues name models, which must be there.
    (folder / "firmware").symlink_to(ROOT / "firmware")
    (folder / "matrix" / f"{name}.yaml").write_text(matrix)
    return Project(folder)


def add_records(
    project: Project,
    cycles: Mapping[str, object],
    name: str = "example",
    minute: int = 4,
    drawn: Drawn | None = None,
    **changes: object,
) -> list[Record]:
    """Keeps a record for each variant, with the log that it is made from.

    A board that draws a current is a real one with a probe; it draws it for as long as it counts.

    `cycles` has by kernels those of the first layer, or an error. Times do not go by: each record is finished
    a second after the one before, and `minute` is the one in which all of them are.
    """
    matrix = load_matrix(find_matrix(name, project.matrices), load_catalogues(project.matrices))
    store = RecordStore(project.results(name) / "records")
    kept = []
    for second, variant in enumerate(matrix.variants):
        outcome = cycles.get(variant.kernels)
        if outcome is None:
            continue
        log, trace, about = b"nothing came", b"", changes
        if isinstance(outcome, int):
            golden = registry.answers.golden_case(variant.model)
            log, measurement = _measured(variant, golden, outcome)
            outcome = (measurement, check_answer(measurement, golden))
            if drawn:
                trace = to_file(drawn.during(measurement).trace())
                about = changes | {"energy": energy_of(SETUP, trace, measurement), "provenance": REAL}
        record = a_record(outcome, variant=variant, matrix=name, **about)
        kept.append(
            store.add(
                replace(record, finished_at=f"2026-01-02T03:{minute:02}:{second:02}.000000Z"), log, trace
            )
        )
    return kept


REAL = Provenance("stm32f746g-disco", BoardKind.REAL, "", {"mcumatrix": "0.1.0"}, "")
"""Of a board that draws a current."""


def _measured(variant: Variant, golden: GoldenCase, cycles: int) -> tuple[bytes, Measurement]:
    """What a board says of a variant that gives the right answer, and the measurement in it."""
    said = hello(kernels=variant.kernels)
    values = golden.outputs[0].values
    output = struct.pack(f"{len(values)}b", *map(int, values))
    messages = [_answering(message, said, golden, output, cycles) for message in bench_messages()]
    answer = bench_log(messages)
    return boot_log(said) + answer, parse_bench(answer, NONCE, said)


def _answering(
    message: wire.Message, said: wire.Hello, golden: GoldenCase, output: bytes, cycles: int
) -> wire.Message:
    match message:
        case wire.Hello():
            return said
        case wire.Bench():
            return replace(message, input_crc32=zlib.crc32(golden.input))
        case wire.Time():
            return replace(message, cycles=2_160 if message.layer else cycles)
        case wire.Total():
            return replace(message, cycles=cycles + 2_165, output_crc32=zlib.crc32(output))
        case wire.Tensor():
            return replace(message, dims=f"1x{len(output)}", size_bytes=len(output))
        case wire.DataLine():
            return wire.DataLine(0, output)
    return message


def forge(project: Project, record: Record, name: str = "example") -> Record:
    """Keeps a record again, with half the cycles that its log has: every hash is right."""
    assert record.measurement is not None
    folder = project.results(name) / "records"
    log = (folder / record.variant / record.log).read_bytes()
    layers = tuple(
        replace(layer, cycles=tuple(cycles // 2 for cycles in layer.cycles))
        for layer in record.measurement.layers
    )
    forged = replace(
        record,
        measurement=replace(record.measurement, layers=layers),
        finished_at="2026-01-02T04:00:00.000000Z",
    )
    return RecordStore(folder).add(forged, log)
