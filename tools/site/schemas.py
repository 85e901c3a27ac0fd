"""The published JSON schemas as tables that a person can read."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

Schema = Mapping[str, Any]

_HEAD = ("| key | its value | if not given | meaning |", "|---|---|---|---|")


def schema_page(path: Path) -> str:
    """All keys of a schema in Markdown: a table for the file, and one for each mapping in it."""
    schema = json.loads(path.read_text(encoding="utf-8"))
    kinds: Schema = schema.get("$defs", {})
    parts = [*_table(schema, kinds)]
    for name, kind in kinds.items():
        if "properties" in kind:
            parts += ["", f"### {kind_name(name)}", "", kind.get("description", ""), "", *_table(kind, kinds)]
    return "\n".join(parts)


def kind_name(name: str) -> str:
    """What a mapping is called on the page: `UnitFile` is a unit, `LayerData` a layer."""
    words = name.removesuffix("File").removesuffix("Data")
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in words).strip()


def _table(kind: Schema, kinds: Schema) -> Iterator[str]:
    required = set(kind.get("required", ()))
    yield from _HEAD
    for name, key in kind.get("properties", {}).items():
        default = "**required**" if name in required else _default(key)
        yield _row(f"`{name}`", value_of(key, kinds), default, key.get("description", ""))
    other = kind.get("additionalProperties")
    if isinstance(other, dict):
        yield _row("any other name", value_of(other, kinds), "", other.get("description", ""))
    for pattern, key in kind.get("patternProperties", {}).items():
        yield _row(f"names like `{pattern}`", value_of(key, kinds), "", key.get("description", ""))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|').replace(chr(10), ' ') for cell in cells)} |"


def _default(key: Schema) -> str:
    if "default" not in key or key["default"] in (None, "", [], {}):
        return ""
    return f"`{json.dumps(key['default'], ensure_ascii=False)}`".replace('"', "")


def value_of(key: Schema, kinds: Schema) -> str:
    """What a key may have as its value, in words, with its limits."""
    if "$ref" in key:
        name = key["$ref"].rpartition("/")[2]
        kind = kinds[name]
        if "properties" not in kind:
            return value_of(kind, kinds)
        return f"a mapping: [{kind_name(name)}](#{kind_name(name).replace(' ', '-')})"
    if "enum" in key or "const" in key:
        return ", ".join(f"`{value}`" for value in key.get("enum", [key.get("const")]))
    for together in ("anyOf", "oneOf"):
        if together in key:
            found = (value_of(each, kinds) for each in key[together] if each.get("type") != "null")
            return " or ".join(dict.fromkeys(found))
    if isinstance(key.get("type"), list):
        return " or ".join(dict.fromkeys(_PLAIN.get(each, each) for each in key["type"] if each != "null"))
    return _with_limits(key, kinds)


_PLAIN = {
    "string": "a text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "`true` or `false`",
    "object": "a mapping",
    "array": "a list",
}


def _with_limits(key: Schema, kinds: Schema) -> str:
    kind = key.get("type", "")
    if kind == "array" and isinstance(key.get("items"), dict):
        return f"a list, each: {value_of(key['items'], kinds)}"
    if kind == "object" and isinstance(key.get("additionalProperties"), dict):
        return f"a mapping, each: {value_of(key['additionalProperties'], kinds)}"
    words = _PLAIN.get(kind, "anything")
    if "pattern" in key:
        words += f" like `{key['pattern']}`"
    low = key.get("minimum", key.get("exclusiveMinimum"))
    high = key.get("maximum", key.get("exclusiveMaximum"))
    if low is not None and high is not None:
        words += f", {low} to {high}"
    elif low is not None:
        words += f", {'more than' if 'exclusiveMinimum' in key else 'at least'} {low}"
    return words
