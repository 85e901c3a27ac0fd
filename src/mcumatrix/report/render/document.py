"""What report.json holds: the one declaration of it, from which its JSON Schema is made too.

`python -m mcumatrix.report.render.document` writes the schema into docs/. Fields may be added, at the end and
with a default, since files of before lack them; one that goes, or changes its meaning, raises `SCHEMA` and
makes another `$id`.
"""

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pydantic import TypeAdapter

SCHEMA: Literal[1] = 1
"""Raised when a field changes its meaning."""

SCHEMA_ID = f"urn:mcumatrix:report:{SCHEMA}"
"""Names the schema, wherever a copy of it lies. It is no address: nothing is fetched."""

SCHEMA_FILE = f"report-{SCHEMA}.schema.json"
"""The schema's file in docs/."""


@dataclass(frozen=True, slots=True)
class TableData:
    """Text in rows under a header, as Markdown and page show it."""

    header: list[str]
    rows: list[list[str]]


@dataclass(frozen=True, slots=True)
class PartData(TableData):
    """A table that is one of several; the heading is empty where there is one only."""

    heading: str


@dataclass(frozen=True, slots=True)
class FindingData:
    """Something that a careful reader would notice. Names of checks stay, sentences may change."""

    check: str
    sentence: str
    evidence: list[str]


@dataclass(frozen=True, slots=True)
class SettingData:
    """What stands behind a label of an axis of the maintainer's own: flags and CMake variables."""

    axis: str
    label: str
    flags: list[str]
    cmake: dict[str, str]


@dataclass(frozen=True, slots=True)
class TimesData:
    """Core clock cycles of each repeat; their median and, where repeats give one, its 95 % interval."""

    cycles: list[int]
    median_msec: float
    interval_msec: list[float] | None


@dataclass(frozen=True, slots=True)
class LayerData(TimesData):
    """The times of one layer."""

    op: str


@dataclass(frozen=True, slots=True)
class MemoryData:
    """Memory of one run, in bytes; null and empty where a runtime, or a record from before, does not tell.

    `arena_bytes` is what the arena must have. Of its kinds `non_persistent` and `persistent` are the whole
    that stays in use, the others parts of what is persistent. `flash_bytes` has what all of the image belongs
    to.
    """

    arena_bytes: int | None
    arena_kinds_bytes: dict[str, int]
    stack_inference_bytes: int | None
    stack_deepest_bytes: int | None
    stack_size_bytes: int | None
    flash_bytes: dict[str, int]


@dataclass(frozen=True, slots=True)
class AccuracyData:
    """The answers to a labelled set: `samples` of its `set_samples` were asked, and `correct` have the class
    of their label. `share` is that of the right ones, with its 95 % interval.

    `host_correct` is how many the host has right, null where nobody has asked it; `unlike_host` are the
    places in the set, from 0, of the samples whose answers are not the host's.
    """

    samples: int
    set_samples: int
    correct: int
    share: float
    interval: list[float]
    host_correct: int | None
    unlike_host: list[int]
    set_sha256: str


@dataclass(frozen=True, slots=True)
class RecordData:
    """One run. Layers and total are there only where the answer was correct; other numbers mean nothing.

    `run` is its number where a variant is run several times, `unit` the specimen of the board that it was on.
    `settings` is null in records from before it was kept. `max_error` is a number, or "inf" or "nan".
    `accuracy` is null where no labelled set was asked.
    """

    variant: str
    axes: dict[str, str]
    settings: list[SettingData] | None
    status: str
    reason: str
    kind: str
    timing_model: str
    expected_error: str
    finished_at: str
    build_id: str | None
    elf_sha256: str | None
    max_error: float | str | None
    record: str
    layers: list[LayerData]
    total: TimesData | None
    run: int = 1
    unit: str = ""
    memory: MemoryData | None = None
    accuracy: AccuracyData | None = None


@dataclass(frozen=True, slots=True)
class DifferenceData:
    """One layer of two cases, new minus old, in msec; the last of a pair is the total.

    `relative` is a share of the base, null where that took no time.
    """

    op: str
    base_msec: float
    candidate_msec: float
    diff_msec: float
    relative: float | None
    verdict: str
    interval_msec: list[float] | None


@dataclass(frozen=True, slots=True)
class RefusalData:
    """Why two times cannot be compared. Names of kinds stay, sentences may change."""

    kind: str
    sentence: str


@dataclass(frozen=True, slots=True)
class ComparisonData:
    """Two cases that differ in one axis. `differing` is what differs besides; refused ones have no rows."""

    heading: str
    notes: list[str]
    axis: str
    base: str
    candidate: str
    base_case: str
    candidate_case: str
    setting: dict[str, str]
    differing: list[str]
    refused: RefusalData | None
    deterministic: bool
    rows: list[DifferenceData]


@dataclass(frozen=True, slots=True)
class SwitchPairData:
    """What a switch did to one pair of cases: the change of each layer and of the total, as shares."""

    base_case: str
    candidate_case: str
    relative: list[float | None]


@dataclass(frozen=True, slots=True)
class SwitchData:
    """From one value of an axis to another: what it did."""

    axis: str
    base: str
    candidate: str
    has_effect: bool
    sentences: list[str]
    pairs: list[SwitchPairData]


@dataclass(frozen=True, slots=True)
class BesideData:
    """Our times beside those of a publication."""

    name: str
    source: str
    notes: list[str]
    cases: list[PartData]


@dataclass(frozen=True, slots=True)
class FailureData:
    """A case without times, and why."""

    case: str
    variant: str
    reason: str


@dataclass(frozen=True, slots=True)
class LeftOutData:
    """A point that is left out of the matrix."""

    axes: dict[str, str]
    reason: str


@dataclass(frozen=True, slots=True)
class SubstitutionData:
    """A toolchain that could not be had, and what took its place."""

    wanted: str
    used: str


@dataclass(frozen=True, slots=True)
class ReportData:
    """A report of mcumatrix for programs: what Markdown shows, as numbers with their units in the names."""

    # What there may be thousands of is made while it is written.
    schema: Literal[1]
    title: str
    description: str
    summary: str
    warning: str
    source: str
    findings: list[FindingData]
    cases: TableData
    records: Iterable[RecordData]
    printed: list[PartData]
    comparisons: Iterable[ComparisonData]
    switches: Iterable[SwitchData]
    beside: list[BesideData]
    labels: TableData | None
    sizes: list[PartData]
    failures: list[FailureData]
    rebuilt: TableData | None
    left_out: list[LeftOutData]
    substitutions: list[SubstitutionData]
    provenance: TableData | None
    tools: list[str]
    runs: TableData | None = None
    drift: TableData | None = None
    health: TableData | None = None
    memory: list[PartData] = field(default_factory=list)
    accuracy: TableData | None = None
    energy: TableData | None = None
    events: TableData | None = None
    without_events: list[str] = field(default_factory=list)


@cache
def _adapter() -> "TypeAdapter[ReportData]":
    from pydantic import TypeAdapter

    return TypeAdapter(ReportData)


def to_json(report: ReportData) -> bytes:
    """A report as a line of JSON in UTF-8, in the order of the fields; it names its schema first."""
    # Written at once: a report of 10,000 records as nested dictionaries takes more than the report itself.
    left_out = {name for name in ("energy", "events", "without_events") if not getattr(report, name)}
    fields = memoryview(_adapter().dump_json(report, exclude=left_out))[1:]
    return b"".join((b'{"$schema":"', SCHEMA_ID.encode(), b'",', fields, b"\n"))


def json_schema() -> dict[str, Any]:
    """The JSON Schema of report.json."""
    made = _adapter().json_schema(mode="serialization")
    names_it = {"$schema": {"const": SCHEMA_ID, "title": "Schema", "type": "string"}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        **made,
        "properties": {**names_it, **made["properties"]},
        "required": ["$schema", *made["required"]],
    }


def write_schema(folder: Path) -> Path:
    """Writes the schema into `folder`, and returns its path."""
    path = folder / SCHEMA_FILE
    path.write_text(schema_text(), encoding="utf-8")
    return path


def schema_text() -> str:
    """The schema as it stands in docs/."""
    import json

    return json.dumps(json_schema(), indent=2) + "\n"


if __name__ == "__main__":
    docs = Path("docs")
    if not docs.is_dir():
        sys.exit("There is no folder docs here; run this in the project's folder.")
    print(write_schema(docs))
