"""The JSON Schema of report.json: current, named by each report, and kept to by all there are."""

import json
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mcumatrix.errors import FirmwareError
from mcumatrix.model.axes import Setting
from mcumatrix.model.record import Correctness
from mcumatrix.model.variant import Exclusion, Matrix, Substitution
from mcumatrix.report.content.report import make_report
from mcumatrix.report.content.tables import number_cases
from mcumatrix.report.render.document import SCHEMA, SCHEMA_FILE, SCHEMA_ID, json_schema, schema_text
from mcumatrix.report.render.json import render_json
from support.report_schema import PUBLISHED_SCHEMA, require_valid
from support.variants import a_measurement, a_record, a_variant

ROOT = Path(__file__).parents[3]
KEPT = [ROOT / "results/sample/report.json", *sorted(ROOT.glob("results/published/*/report.json"))]


def _report() -> dict[str, Any]:
    """One in which no list is empty that can have something in it, published numbers aside."""
    six = (("CONV_2D", (2160, 2376, 2160, 2592, 2376, 2160)), ("SOFTMAX", (20,) * 6))
    good = Correctness(True, 0, 0, "d" * 64)
    lto = Setting("lto", "on", ("-flto",), (("USE_LTO", "1"),))
    first, second, failed = (a_variant(f"v{n}", clock_hz=216_000_000 + n, settings=(lto,)) for n in range(3))
    records = [
        a_record((a_measurement(six), good), variant=first),
        a_record((a_measurement(six), Correctness(False, float("nan"), 0, "d" * 64)), variant=second),
        a_record(FirmwareError("no"), variant=failed),
    ]
    matrix = Matrix(
        "example",
        "",
        (),
        (first, second, failed),
        exclusions=(Exclusion((("clock", "1 Hz"),), "too slow"),),
        substitutions=(Substitution("a", "b"),),
    )
    found: dict[str, Any] = json.loads(
        render_json(make_report(matrix, number_cases(matrix.variants, records)), ROOT / "templates")
    )
    return found


def test_the_schema_in_docs_is_current() -> None:
    assert PUBLISHED_SCHEMA.name == SCHEMA_FILE
    assert PUBLISHED_SCHEMA.read_text() == schema_text(), "run: python -m mcumatrix.report.render.document"


def test_one_command_writes_the_schema(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mcumatrix.report.render.document"]
    missing = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert missing.stderr == "There is no folder docs here; run this in the project's folder.\n"
    (tmp_path / "docs").mkdir()
    done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert done.stdout == f"docs/{SCHEMA_FILE}\n"
    assert (tmp_path / "docs" / SCHEMA_FILE).read_text() == schema_text()


def test_the_id_has_the_version_and_the_schema_is_one() -> None:
    assert f"urn:mcumatrix:report:{SCHEMA}" == SCHEMA_ID
    assert json_schema()["$id"] == SCHEMA_ID
    jsonschema.Draft202012Validator.check_schema(json_schema())


def test_a_report_names_its_schema_and_keeps_to_it() -> None:
    report = _report()
    assert report["$schema"] == SCHEMA_ID
    require_valid(report)
    assert report["records"][0]["settings"] == [
        {"axis": "lto", "label": "on", "flags": ["-flto"], "cmake": {"USE_LTO": "1"}}
    ]
    assert report["records"][1]["max_error"] == "nan"


@pytest.mark.parametrize("path", KEPT, ids=str)
def test_the_reports_of_this_repository_keep_to_it(path: Path) -> None:
    require_valid(json.loads(path.read_text()))


def test_the_schema_notices_what_is_missing_of_another_kind_or_another_version() -> None:
    report = _report()
    for path, value in (
        (("schema",), 2),
        (("$schema",), "urn:mcumatrix:report:2"),
        (("records", 0, "layers", 0, "cycles", 0), 1.5),
        (("findings",), None),
        (("records", 0, "total", "median_msec"), "1"),
    ):
        wrong = deepcopy(report)
        _put(wrong, path, value)
        with pytest.raises(jsonschema.ValidationError):
            require_valid(wrong)
    for name in json_schema()["required"]:
        with pytest.raises(jsonschema.ValidationError, match="is a required property"):
            require_valid({key: value for key, value in report.items() if key != name})


def _put(document: Any, path: tuple[str | int, ...], value: object) -> None:
    for step in path[:-1]:
        document = document[step]
    document[path[-1]] = value
