"""Reports of ST Edge AI Core, and of X-CUBE-AI before it: `analyze` and `validate`, text and JSON.

Documentation of the package, "Command-line interface" and "network_c_info.json". Of the text are read: the
header, the summary of sizes, the table `C-Layers` with the ROM of each layer, and the times of `validate`
on a board, which stand under `Inference time per node`, in old versions under `Inspector report (layer by
layer)`. network_c_info.json has the same as fields. Times of `validate` on the host are those of a computer
and are left out.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from mcumatrix.adapters.importers.reading import column, lines_of, refuse
from mcumatrix.model.publication import Imported, PrintedColumn, Quantity

_TOOLS = (
    (re.compile(r"ST Edge AI Core v(?P<version>\S{1,40})"), "ST Edge AI Core", "st-edge-ai"),
    (re.compile(r"STM\.ai v(?P<version>[^\s)]{1,40})"), "X-CUBE-AI", "x-cube-ai"),
    (re.compile(r"tools? version(?:s)?\s*: rt=\((?P<version>[\d, ]{1,40})\)"), "X-CUBE-AI", "x-cube-ai"),
)
_DATE = re.compile(r"Created date\s*:\s*(?P<date>\d{4}-\d{2}-\d{2})")
_MODEL = re.compile(r"\s*model_name\s*:\s*(?P<value>\S{1,100})\s*")
_SIZES = {
    "weights": re.compile(r"\s*weights \(ro\)\s*:\s*(?P<value>[\d,]{1,20}) B\b"),
    "activations": re.compile(r"\s*activations \(rw\)\s*:\s*(?P<value>[\d,]{1,20}) B\b"),
}
_DEVICE = re.compile(r"\s*device(?:\.desc)?\s*:\s*(?P<value>\S.{0,200})")
_CLOCK = re.compile(r"@(?P<mhz>\d{1,5})(?: ?MHz)?/\d{1,5} ?MHz|@(?P<only>\d{1,5}) ?MHz")
_DURATION = re.compile(r"\s*duration\s*:\s*(?P<msec>\d{1,9}\.\d{1,9}) ?ms\b")
_TIMES_BEGIN = re.compile(r"\s*(?:c_id|Clayer)\s+(?:m_id|id)\s+.*\b(?:dur \(ms\)|ms)(?:\s|$)")
_TIME = re.compile(
    r"\s*(?P<id>\d{1,6})\s+(?P<node>\S{1,20})\s+(?P<type>\S.{0,80}?)\s+(?:\(\d[^)]{0,60}\)\S{0,60}\s+)?"
    r"(?P<msec>\d{1,9}\.\d{1,9})(?:\s|$)"
)
_TOTAL = re.compile(r"\s*(?:total\s+(?P<msec>\d{1,9}\.\d{1,9})|(?P<after>\d{1,9}\.\d{1,9}) \(total\))")
_LAYERS_BEGIN = re.compile(r"c_id\s+name \(\*_layer\)\s+id\s+layer_type\s+macc\s+rom\s")
_LAYER = re.compile(
    r"(?P<id>\d{1,6})\s+\S{1,120}\s+\S{1,20}\s+(?P<type>[A-Za-z]\S{0,60})\s+[\d,]{1,20}\s+(?P<rom>[\d,]{1,20})\s"
)
_HOST = re.compile(r"mode=HOST|depend on the host machine|DLL Driver")
_OLD_TYPE = re.compile(r"\d{1,6}/\((?P<type>.*)\)")
_HOST_TIMES = "left out: times of validate on the host, which are those of a computer"


@dataclass(slots=True)
class _Found:
    """What a report says, as far as it was read."""

    tool: str = ""
    runtime: str = ""
    made_on: date | None = None
    axes: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, str] = field(default_factory=dict)
    rom: list[tuple[str, str]] = field(default_factory=list)
    times: list[tuple[str, str]] = field(default_factory=list)
    duration: str | None = None
    total: str | None = None
    is_host: bool = False


class StEdgeAiImporter:
    """Times and sizes by layer, and of the whole network."""

    def read(self, name: str, text: str, clock_hz: int | None) -> Imported:  # noqa: ARG002 - it says its own
        """See `ports.Importer`."""
        found = _read_json(name, text) if text.lstrip().startswith("{") else _read_text(name, text)
        columns = tuple(_columns(found))
        if not columns:
            raise refuse(
                name,
                None,
                "it has neither times nor sizes of a network",
                "Give it network_validate_report.txt, network_analyze_report.txt or network_c_info.json.",
            )
        notes = (_HOST_TIMES,) if found.is_host and (found.times or found.duration) else ()
        return Imported(found.tool, found.made_on, columns, notes)


def _columns(found: _Found) -> Iterator[PrintedColumn]:
    axes = {"runtime": found.runtime, **found.axes}
    total = found.total or found.duration
    if total and not found.is_host:
        yield column("inference", "time", axes, found.times, total)
    if found.rom or "weights" in found.sizes:
        weights = found.sizes.get("weights")
        yield column("sizes", "weights (bytes)", axes, found.rom, weights, quantity=Quantity.SIZE)
    if "activations" in found.sizes:
        yield column(
            "sizes", "activations (bytes)", axes, (), found.sizes["activations"], quantity=Quantity.SIZE
        )


def _read_text(name: str, text: str) -> _Found:
    found = _Found()
    table = ""
    for number, line in lines_of(text):
        if _LAYERS_BEGIN.match(line):
            table = "layers"
        elif _TIMES_BEGIN.match(line):
            table = "times"
        elif table == "layers" and (match := _LAYER.match(line)):
            _next(name, number, int(match["id"]), found.rom)
            found.rom.append((match["type"], match["rom"].replace(",", "")))
        elif table == "times" and (match := _TIME.match(line)):
            _next(name, number, int(match["id"]), found.times)
            found.times.append((_type(match["type"]), match["msec"]))
        elif table == "times" and (match := _TOTAL.match(line)):
            found.total, table = match["msec"] or match["after"], ""
        else:
            table = table if line.strip() else _after_blank(table, found)
            _fact(line, found)
    if not found.tool:
        raise refuse(name, None, "it does not say that ST Edge AI Core or X-CUBE-AI wrote it")
    return found


def _after_blank(table: str, found: _Found) -> str:
    """A table ends with an empty line, once it has begun."""
    return "" if (table == "layers" and found.rom) or (table == "times" and found.times) else table


def _next(name: str, line: int, index: int, before: list[tuple[str, str]]) -> None:
    if index != len(before):
        raise refuse(name, line, f"layer {index} comes where layer {len(before)} is due")


def _type(text: str) -> str:
    match = _OLD_TYPE.fullmatch(text)
    return match["type"].strip() if match and match["type"].strip() else text


def _fact(line: str, found: _Found) -> None:
    """A line outside of tables: who wrote it, when, of what, and on which board."""
    for pattern, tool, runtime in _TOOLS:
        if not found.tool and (match := pattern.search(line)):
            version = match["version"].replace(", ", ".")
            found.tool, found.runtime = f"{tool} {version}", f"{runtime}-{version.partition('-')[0]}"
    if match := _DATE.search(line):
        found.made_on = _date(match["date"])
    if match := _MODEL.fullmatch(line):
        found.axes["model"] = match["value"]
    for what, pattern in _SIZES.items():
        if match := pattern.match(line):
            found.sizes.setdefault(what, match["value"].replace(",", ""))
    if match := _DEVICE.match(line):
        found.axes["board"] = match["value"].partition("@")[0].strip(" ,")
    if match := _CLOCK.search(line):
        found.axes.setdefault("clock", f"{int(match['mhz'] or match['only'])} MHz")
    if match := _DURATION.match(line):
        found.duration = found.duration or match["msec"]
    found.is_host = found.is_host or bool(_HOST.search(line))


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _read_json(name: str, text: str) -> _Found:
    try:
        document = json.loads(text, parse_float=Decimal)
    except json.JSONDecodeError as error:
        raise refuse(name, error.lineno, f"it is no JSON: {error.msg}") from error
    except (ValueError, RecursionError) as error:
        raise refuse(name, None, f"it is no JSON that can be read: {error}") from error
    found = _Found()
    try:
        _fill(found, document)
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise refuse(name, None, f"it is no network_c_info.json: {_said(error)}") from error
    return found


def _fill(found: _Found, document: Mapping[str, Any]) -> None:
    """Raises KeyError and the like where the file is another."""
    environment = document["environment"]
    tool = environment["tools"][0]
    version = str(tool["version"]).split(" ")[0][:40]
    found.tool, found.runtime = f"ST Edge AI Core {version}", f"st-edge-ai-{version.partition('-')[0]}"
    found.made_on = _date(str(environment.get("generated_model", {}).get("generated_time", ""))[:10])
    found.axes["model"] = str(tool["input_model"]["name"])
    device = str(environment.get("device") or "")
    if board := device.partition("@")[0].strip(" ,"):
        found.axes["board"] = board
    if match := _CLOCK.search(device):
        found.axes["clock"] = f"{int(match['mhz'] or match['only'])} MHz"
    for what in ("weights", "activations"):
        size = document["memory_footprint"].get(what)
        if _is_number(size):
            found.sizes[what] = str(int(size))
    graph = document["graphs"][0]
    times = [(str(node["description"]), node.get("exec_time") or {}) for node in graph["nodes"]]
    total = graph.get("exec_time") or {}
    if _is_number(total.get("duration_ms")):
        found.total = f"{Decimal(total['duration_ms']):f}"
        # The host has no counter of cycles that the tool would read.
        found.is_host = not total.get("cycles")
        if all(_is_number(time.get("duration_ms")) for _, time in times):
            found.times = [(op, f"{Decimal(time['duration_ms']):f}") for op, time in times]


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return False
    return 0 <= value < 10**15 and Decimal(value).adjusted() > -30


def _said(error: Exception) -> str:
    return f"it lacks {error}" if isinstance(error, KeyError) else "its fields are of other kinds"
