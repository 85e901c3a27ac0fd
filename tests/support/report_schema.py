"""Whether a report.json is what the published schema says."""

import json
from functools import cache
from pathlib import Path
from typing import Any

PUBLISHED_SCHEMA = Path(__file__).parents[2] / "docs" / "report-1.schema.json"


@cache
def _validator() -> Any:
    import jsonschema

    return jsonschema.Draft202012Validator(json.loads(PUBLISHED_SCHEMA.read_text()))


def require_valid(report: object) -> None:
    """Raises jsonschema.ValidationError where a report, as it was read from JSON, does not keep to it."""
    _validator().validate(report)
