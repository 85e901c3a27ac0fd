"""Projects with matrices and finished results, as commands find them."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from mcumatrix.matrix.catalogues import load_catalogues
from mcumatrix.matrix.load import find_matrix, load_matrix
from mcumatrix.model.record import Correctness, Record
from mcumatrix.project import Project
from mcumatrix.results.store import RecordStore
from support.variants import a_measurement, a_record

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

RIGHT = Correctness(True, 0.0, 0.0, "d" * 64)


def a_project(folder: Path, matrix: str = MATRIX, name: str = "example") -> Project:
    """A project with this one's catalogues and templates, and one matrix."""
    shutil.copytree(ROOT / "matrix", folder / "matrix")
    shutil.copytree(ROOT / "templates", folder / "templates")
    # Catalogues name models, which must be there.
    (folder / "firmware").symlink_to(ROOT / "firmware")
    (folder / "matrix" / f"{name}.yaml").write_text(matrix)
    return Project(folder)


def add_records(
    project: Project, cycles: Mapping[str, object], name: str = "example", **changes: object
) -> list[Record]:
    """Keeps a record for each variant; `cycles` has those of the first layer by kernels, or an error.

    Times do not go by: each record is finished a second after the one before.
    """
    matrix = load_matrix(find_matrix(name, project.matrices), load_catalogues(project.matrices))
    store = RecordStore(project.results(name) / "records")
    kept = []
    for second, variant in enumerate(matrix.variants):
        outcome = cycles.get(variant.kernels)
        if outcome is None:
            continue
        if isinstance(outcome, int):
            outcome = (a_measurement((("CONV_2D", (outcome, outcome)), ("SOFTMAX", (2_160, 2_160)))), RIGHT)
        record = a_record(outcome, variant=variant, matrix=name, **changes)
        finished = f"2026-01-02T03:04:{second:02}.000000Z"
        kept.append(store.add(replace(record, finished_at=finished), f"log of {variant.slug}".encode()))
    return kept
