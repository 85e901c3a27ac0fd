"""A record that was changed: one that makes the rows of a report, or a refusal."""

from collections.abc import Sequence

from fuzz.target import REPOSITORY, Target
from mcumatrix.errors import ResultError
from mcumatrix.report.render.csv import to_csv
from mcumatrix.results.store import from_json, to_json


def _corpus() -> Sequence[bytes]:
    return [file.read_bytes() for file in sorted((REPOSITORY / "tests/results/data").glob("*/*.json"))]


def _read(data: bytes) -> bool:
    try:
        record = from_json(data)
    except ResultError:
        return False
    assert repr(from_json(to_json(record))) == repr(record)
    assert to_csv([record])
    return True


TARGET = Target("record", _corpus, _read, text=True)
