"""Eight columns fit a page. More are split by an axis, as a person would."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol, TypeVar

MAXIMUM_COLUMNS = 8


class HasAxes(Protocol):
    """What can be split: it has values of axes."""

    @property
    def axes(self) -> Mapping[str, str]:
        """Axis to value."""


T = TypeVar("T", bound=HasAxes)


def split(columns: Sequence[T]) -> Iterator[tuple[str, list[T]]]:
    """Parts that fit a page, each with what its columns have in common, as `runtime builtin`; order is kept.

    The axis that makes the fewest parts is taken; where none makes parts that fit, the first one, and its
    parts are split again.
    """
    if len(columns) <= MAXIMUM_COLUMNS:
        yield "", list(columns)
        return
    names = dict.fromkeys(name for column in columns for name in column.axes)
    groupings = {name: _by_value(columns, name) for name in names}
    several = {name: groups for name, groups in groupings.items() if 1 < len(groups) < len(columns)}
    if not several:
        for start in range(0, len(columns), MAXIMUM_COLUMNS):
            yield "", list(columns[start : start + MAXIMUM_COLUMNS])
        return
    fitting = [name for name, groups in several.items() if _largest(groups) <= MAXIMUM_COLUMNS]
    axis = min(fitting, key=lambda name: len(several[name])) if fitting else next(iter(several))
    for value, members in several[axis].items():
        for below, part in split(members):
            yield ", ".join(filter(None, (f"{axis} {value}", below))), part


def _by_value(columns: Sequence[T], axis: str) -> dict[str, list[T]]:
    groups: dict[str, list[T]] = {}
    for column in columns:
        groups.setdefault(column.axes.get(axis, "not set"), []).append(column)
    return groups


def _largest(groups: Mapping[str, Sequence[T]]) -> int:
    return max(len(members) for members in groups.values())
