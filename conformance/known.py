"""The list of differences that are understood, and whether a difference is one of them."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.batch import CORE_REGISTERS, FLOAT_REGISTERS, Batch, State, Unit
from conformance.compare import CORE_NAMES, Difference
from conformance.errors import ConformanceError

LIST = Path(__file__).with_name("known_differences.toml")
_KINDS = ("core", "apsr", "fpscr", "float", "memory", "fault")
_NOT_NEAREST = "not nearest"


def kind_of(part: str) -> str:
    """The kind of a part of a state, as the list names it."""
    if part in CORE_NAMES:
        return "core"
    if part.startswith("memory"):
        return "memory"
    return "float" if re.fullmatch(r"s\d+", part) else part


@dataclass(frozen=True, slots=True)
class Known:
    """One difference that is understood; known_differences.toml says what the fields mean."""

    name: str
    wrong: str
    encoding: re.Pattern[str]
    parts: frozenset[str]
    reason: str
    code: bytes
    state: State
    rounding: str | None
    apsr_bits: int | None

    def explains(self, difference: Difference) -> bool:
        """Whether this is why the implementations differ."""
        found = difference.parts()
        if (
            not self.encoding.search(difference.unit.label)
            or not {kind_of(part) for part in found} <= self.parts
        ):
            return False
        if self.rounding == _NOT_NEAREST and not difference.before.fpscr >> 22 & 3:
            return False
        if self.apsr_bits is not None and difference.unit.instructions == 1:
            return set(found) == {"apsr"} and (found["apsr"][0] ^ found["apsr"][1]) == self.apsr_bits
        return True

    def case(self) -> Batch:
        """A batch of one run that shows the difference."""
        return Batch(((Unit(self.code),),), (self.state,))


def load(path: Path = LIST) -> tuple[Known, ...]:
    """The list; an entry that is not as it should be is an error."""
    return tuple(_known(entry, path) for entry in tomllib.loads(path.read_text())["difference"])


def _known(entry: Mapping[str, Any], path: Path) -> Known:
    try:
        parts = frozenset(entry["parts"])
        unknown = parts - set(_KINDS)
        if unknown:
            raise ValueError(f"parts are {', '.join(_KINDS)}, not {', '.join(sorted(unknown))}")
        if entry.get("rounding") not in (None, _NOT_NEAREST):
            raise ValueError(f"rounding is {_NOT_NEAREST!r} or not there")
        return Known(
            entry["name"],
            entry["wrong"],
            re.compile(entry["encoding"]),
            parts,
            " ".join(entry["reason"].split()),
            bytes.fromhex(entry["case"]["code"]),
            _state(entry["case"]),
            entry.get("rounding"),
            entry.get("apsr_bits"),
        )
    except (KeyError, ValueError, re.error) as error:
        raise ConformanceError(
            f"{path.name}: the entry {entry.get('name', 'without a name')!r} is wrong: {error}.",
            hint="The beginning of the file says what an entry has.",
        ) from None


def _state(case: Mapping[str, Any]) -> State:
    core, floats = [0] * CORE_REGISTERS, [0] * FLOAT_REGISTERS
    for name, value in case.get("core", {}).items():
        core[CORE_NAMES.index(name)] = value
    for name, value in case.get("floats", {}).items():
        floats[int(name.removeprefix("s"))] = value
    return State(tuple(core), case.get("apsr", 0), case.get("fpscr", 0), tuple(floats))
