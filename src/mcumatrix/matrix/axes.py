"""The axes of a matrix, checked against the catalogues."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mcumatrix.matrix.document import Document, Place, Problems
from mcumatrix.matrix.draft import Point
from mcumatrix.matrix.flags import RefusedError
from mcumatrix.matrix.schema.matrix_file import MatrixFile, PlacementFile, SettingFile
from mcumatrix.matrix.schema.names import check_axis_name
from mcumatrix.matrix.schema.scalars import OnOff
from mcumatrix.matrix.suggest import did_you_mean, listed, shown
from mcumatrix.model.axes import BUILTIN, LAYOUT_AXES, Setting, UnfitValueError
from mcumatrix.model.catalogue import Catalogues, Runtime
from mcumatrix.model.layout import Part
from mcumatrix.units import parse_frequency_hz

CACHE = "cache"
"""The axis of settings whose values need no declaration."""


@dataclass(frozen=True, slots=True)
class Axes:
    """What the key `axes` declares.

    `values` has the canonical values of every axis, the axes in the order of the file, default ones last.
    `settings` has what the values of own axes set, by axis and label.
    """

    values: dict[str, tuple[str, ...]]
    settings: dict[tuple[str, str], Setting]

    def columns(self) -> tuple[str, ...]:
        """The names of the axes in the order of columns and slugs: known ones first, then own ones."""
        return (*BUILTIN, *(axis for axis in self.values if axis not in BUILTIN))

    def place(self, axis: str, value: str) -> Place:
        """Where the value stands in the file; for a default, where the axes stand."""
        labelled = (axis, value) in self.settings and axis != CACHE
        return ("axes", axis, value if labelled else self.values[axis].index(value))


def check_axes(file: MatrixFile, document: Document, catalogues: Catalogues) -> Axes:
    """Checks every value of every axis.

    Raises:
        MatrixError: an axis' name or value is unknown or unfit, or stands twice.
    """
    problems = Problems(document)
    values: dict[str, tuple[str, ...]] = {}
    settings = {(CACHE, value.value): cache_setting(value) for value in OnOff}
    own = file.axes.__pydantic_extra__ or {}
    declared = document.keys(("axes",))
    for axis in [*declared, *(axis for axis in BUILTIN if axis not in declared)]:
        if axis in BUILTIN:
            values[axis] = _check_values(axis, getattr(file.axes, axis), catalogues, problems)
            continue
        if axis == CACHE:
            values[axis] = _once(axis, [value.value for value in file.axes.cache], problems)
            continue
        try:
            check_axis_name(axis)
        except RefusedError as error:
            message = f"an axis cannot be called {shown(axis)}: {error}"
            problems.add(("axes", axis), message, error.hint, of_key=True)
        labelled = file.axes.placement if axis in LAYOUT_AXES else own[axis]
        values[axis] = tuple(labelled)
        settings |= {(axis, label): setting(axis, label, value) for label, value in labelled.items()}
    problems.check()
    _check_kernels(values, catalogues, problems)
    problems.check()
    return Axes(values, settings)


def cache_setting(value: OnOff) -> Setting:
    """What a value of the axis `cache` sets."""
    return Setting(CACHE, value.value, layout=((Part.CACHE, value.value),))


def setting(axis: str, label: str, file: SettingFile | PlacementFile) -> Setting:
    """What a label sets of an own axis, or of `placement`, as variants hold it."""
    if isinstance(file, PlacementFile):
        placed = ((part, getattr(file, part)) for part in LAYOUT_AXES[axis])
        return Setting(axis, label, layout=tuple((part, place) for part, place in placed if place))
    return Setting(axis, label, tuple(file.flags), tuple(file.cmake.items()), file.revision)


def canonical(axis: str, text: str, catalogues: Catalogues) -> str:
    """The one way to write the value `text` of a known axis: `216MHz` is `216 MHz`.

    Raises:
        RefusedError: no catalogue has the value, or it is not of the axis' form.
    """
    builtin = BUILTIN[axis]
    try:
        value = builtin.spelled(text)
    except UnfitValueError as error:
        raise RefusedError(f"the {axis} {shown(text)} {error}", error.hint) from error
    except ValueError as error:
        raise RefusedError(f"the axis {axis!r} has no value {shown(text)}", builtin.hint) from error
    if builtin.values is not None and value not in (known := list(builtin.values(catalogues))):
        raise RefusedError(f"the axis {axis!r} has no value {shown(text)}", did_you_mean(text, known))
    return value


def spelled(axis: str, text: str) -> str:
    """The one way to write a value of any axis, for comparing; what is no value stays as it is."""
    try:
        return BUILTIN[axis].spelled(text) if axis in BUILTIN else text
    except ValueError:
        return text


def chosen_settings(point: Point, settings: Mapping[tuple[str, str], Setting]) -> list[Setting]:
    """What the values that a point has of own axes set; `settings` are those of all values."""
    return [settings[item] for item in point.items() if item in settings]


def impossible(point: Point, catalogues: Catalogues, settings: Iterable[Setting] = ()) -> str:
    """Why a runtime cannot have the kernels or run the model of a variant, or a board its clock or layout; or
    nothing.

    `settings` are what the values of its own axes set.
    """
    settings = tuple(settings)
    runtime = catalogues.runtimes[point["runtime"]]
    model = catalogues.models[point["model"]]
    if point["kernels"] not in runtime.kernels:
        return f"{runtime.name} has no {point['kernels']} kernels"
    if model.element not in runtime.elements:
        return f"{runtime.name} does not run {model.element} models"
    if model.is_hybrid and not runtime.takes_hybrid:
        return f"{runtime.name} does not run {model.weights} weights with {model.element} activations"
    board = catalogues.boards[point["board"]]
    clocks = catalogues.clocks.get(board.firmware_board)
    if clocks and not clocks.has(parse_frequency_hz(point["clock"])):
        return f"{board.name} has no clock of {point['clock']}; it makes {clocks}"
    if layouts := catalogues.layouts.get(board.firmware_board):
        for part, value in (choice for setting in settings for choice in setting.layout):
            if refusal := layouts.refusal(part, value):
                return f"{board.name} {refusal}"
    return _impossible_sources(runtime, settings)


def _impossible_sources(runtime: Runtime, settings: Iterable[Setting]) -> str:
    chosen = {setting.source: setting.revision for setting in settings if setting.revision}
    for name, revision in chosen.items():
        try:
            runtime.at(name, revision)
        except KeyError:
            return f"{runtime.name} has no source {name} at {revision}"
    for source in runtime.sources:
        if source.revisions and not source.checksum and source.name not in chosen:
            return f"{runtime.name} leaves {source.name} to an axis {source.name.replace('-', '_')}"
    return ""


def _check_values(axis: str, texts: list[str], catalogues: Catalogues, problems: Problems) -> tuple[str, ...]:
    values: list[str] = []
    for index, text in enumerate(texts):
        place = ("axes", axis, index)
        try:
            value = canonical(axis, text, catalogues)
        except RefusedError as error:
            problems.add(place, str(error), error.hint)
            continue
        if value in values:
            same = "" if text == value else f", as {value!r}"
            problems.add(place, f"the axis {axis!r} has {shown(text)} twice{same}", "Keep one of them.")
        values.append(value)
    return tuple(values)


def _once(axis: str, texts: list[str], problems: Problems) -> tuple[str, ...]:
    for index, text in enumerate(texts):
        if text in texts[:index]:
            message = f"the axis {axis!r} has {shown(text)} twice"
            problems.add(("axes", axis, index), message, "Keep one of them.")
    return tuple(texts)


def _check_kernels(values: dict[str, tuple[str, ...]], catalogues: Catalogues, problems: Problems) -> None:
    chosen = [catalogues.runtimes[name] for name in values["runtime"]]
    offered = {kernels for runtime in chosen for kernels in runtime.kernels}
    for index, kernels in enumerate(values["kernels"]):
        if kernels not in offered:
            others = [name for name, runtime in catalogues.runtimes.items() if kernels in runtime.kernels]
            problems.add(
                ("axes", "kernels", index),
                f"none of the chosen runtimes has {kernels} kernels",
                f"They have: {listed(sorted(offered))}. {kernels} is offered by: {listed(others)}.",
            )
