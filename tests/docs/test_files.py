"""YAML that a page shows is what the reader of such files takes, or a part of it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from support.documents import blocks, keys_of

DOCS = Path(__file__).parents[2] / "docs"
KINDS = ("matrix", "board", "model", "runtime", "toolchain")
SCHEMAS: Mapping[str, Any] = {
    kind: json.loads((DOCS / f"{kind}.schema.json").read_text(encoding="utf-8")) for kind in KINDS
}
OTHERS = {"jobs", "on", "uses", "include", "workflows", "steps", "script"}
"""Keys at the top of files for services that run jobs; those have checks of their own."""

SHOWN = [
    pytest.param(block.text, id=f"{page.relative_to(DOCS)}-{number}")
    for page in sorted(DOCS.rglob("*.md"))
    for number, block in enumerate(blocks(page.read_text(encoding="utf-8")))
    if block.kind == "yaml"
]


def without_required(schema: Any) -> Any:
    """A schema that parts of a file keep to as well: no key has to be there."""
    if isinstance(schema, dict):
        return {name: without_required(value) for name, value in schema.items() if name != "required"}
    return [without_required(each) for each in schema] if isinstance(schema, list) else schema


def fits(shown: object) -> list[str]:
    """The kinds of files that it is, or is a part of."""
    keys = keys_of(shown)
    found = []
    for kind, schema in SCHEMAS.items():
        part = jsonschema.Draft202012Validator(without_required(schema))
        if keys <= set(schema["properties"]) and part.is_valid(shown):
            found.append(kind)
    return found


@pytest.mark.parametrize("text", SHOWN)
def test_yaml_of_a_page_is_a_file_or_a_part_of_one(text: str) -> None:
    shown = YAML(typ="safe", pure=True).load(text)
    keys = keys_of(shown)
    assert keys, "it is no mapping"
    assert fits(shown) or keys & OTHERS, text


def test_what_is_no_such_file_fits_none() -> None:
    assert len(SHOWN) > 20
    assert fits({"axes": {"runtime": "builtin"}, "repeat": 3}) == ["matrix"]
    assert fits({"axes": {"runtime": "builtin"}, "repeat": "three"}) == []
    assert fits({"kind": "imaginary"}) == []
