"""The includes of a matrix: they add to the variants that they match, or else add a variant."""

from dataclasses import dataclass

from mcumatrix.matrix.axes import Axes, canonical, chosen_settings, impossible, setting
from mcumatrix.matrix.document import Document, Place, Problems, in_words
from mcumatrix.matrix.draft import Draft, Point, has_all
from mcumatrix.matrix.flags import RefusedError
from mcumatrix.matrix.schema.matrix_file import IncludeFile, MatrixFile, PlacementFile, SettingFile
from mcumatrix.matrix.schema.names import check_axis_name
from mcumatrix.matrix.suggest import did_you_mean, listed, shown
from mcumatrix.model.axes import AXES, Setting
from mcumatrix.model.catalogue import Catalogues


@dataclass(frozen=True, slots=True)
class Included:
    """What is there after the includes.

    `drafts` are those that the product left, with what was added to them, and then the new ones; `added` are
    the new ones. `values` has the values of every axis, known axes first, and `settings` those of own axes.
    """

    drafts: list[Draft]
    added: list[Draft]
    values: dict[str, list[str]]
    settings: dict[tuple[str, str], Setting]


def include(
    file: MatrixFile, document: Document, axes: Axes, drafts: list[Draft], catalogues: Catalogues
) -> Included:
    """Applies the includes in their order; a later one never sees what an earlier one added as a variant.

    Raises:
        MatrixError: a name is unknown, or an include adds nothing.
    """
    return _Inclusion(file, document, axes, catalogues).apply(drafts)


class _Inclusion:
    def __init__(self, file: MatrixFile, document: Document, axes: Axes, catalogues: Catalogues) -> None:
        self._file = file
        self._axes = axes
        self._catalogues = catalogues
        self._problems = Problems(document)
        self._values = {axis: list(axes.values[axis]) for axis in axes.columns()}
        self._settings = dict(axes.settings)

    def apply(self, drafts: list[Draft]) -> Included:
        added: list[Draft] = []
        for index, entry in enumerate(self._file.include):
            place: Place = ("include", index)
            match = self._known_values(entry, place)
            labels = self._own_labels(entry, place)
            match |= {axis: label for axis, label in labels.items() if axis in self._axes.values}
            extra = {axis: label for axis, label in labels.items() if axis not in match}
            if not entry.known() and not entry.labelled():
                self._problems.add(place, f"{in_words(place)} names no axis", "Name the values it is for.")
            self._problems.check()
            matching = [draft for draft in drafts if has_all(draft.point, match)]
            for draft in matching:
                draft.point = draft.point | extra
                _set_repeats(draft, entry)
            if not matching:
                added.append(self._new(entry, place, match, extra))
            elif not extra and not entry.model_fields_set & {"repeat", "warmup"}:
                count = "1 variant has" if len(matching) == 1 else f"{len(matching):,} variants have"
                message = f"{in_words(place)} adds nothing: {count} these values already"
                self._problems.add(
                    place, message, "Give it repeat, warmup or an axis of your own, or remove it."
                )
            self._note_values(match | extra)
        self._problems.check()
        return Included(drafts + added, added, self._values, self._settings)

    def _known_values(self, entry: IncludeFile, place: Place) -> Point:
        values: Point = {}
        for axis, text in entry.known().items():
            try:
                values[axis] = canonical(axis, text, self._catalogues)
            except RefusedError as error:
                self._problems.add((*place, axis), str(error), error.hint)
        return values

    def _own_labels(self, entry: IncludeFile, place: Place) -> Point:
        """The labels of own axes that an include names; those that it declares itself are noted."""
        labels: Point = {}
        for axis, inline in entry.labelled().items():
            ((label, file),) = inline.items()
            labels[axis] = label
            if file is not None:
                self._declare((*place, axis), axis, label, file)
            elif (axis, label) not in self._settings:
                self._undeclared((*place, axis), axis, label)
        return labels

    def _declare(self, place: Place, axis: str, label: str, file: SettingFile | PlacementFile) -> None:
        try:
            check_axis_name(axis)
        except RefusedError as error:
            message = f"an axis cannot be called {shown(axis)}: {error}"
            self._problems.add(place, message, error.hint, of_key=True)
        new = setting(axis, label, file)
        if self._settings.setdefault((axis, label), new) != new:
            self._problems.add(
                place,
                f"the axis {axis!r} has another {label!r} with other flags or CMake variables",
                "Use another label, or only the label to mean the same.",
            )

    def _undeclared(self, place: Place, axis: str, label: str) -> None:
        if axis in self._values:
            message = f"the axis {axis!r} has no value {shown(label)}"
            self._problems.add(place, message, did_you_mean(label, self._values[axis]))
        else:
            hint = did_you_mean(axis, [*self._values, "repeat", "warmup"])
            self._problems.add(place, f"there is no axis {shown(axis)}", hint, of_key=True)

    def _new(self, entry: IncludeFile, place: Place, match: Point, extra: Point) -> Draft:
        """The variant that an include adds when none has its values."""
        point = match | extra
        for axis in AXES:
            if axis.default and axis.name not in self._file.axes.model_fields_set:
                point.setdefault(axis.name, self._axes.values[axis.name][0])
        draft = Draft(point, place, self._file.repeat, self._file.warmup)
        _set_repeats(draft, entry)
        if missing := [axis for axis in self._axes.columns() if axis not in point]:
            self._problems.add(
                place,
                f"{in_words(place)} matches no variant, and is none by itself without {listed(missing)}",
                "Correct a value, or name all axes to add a variant.",
            )
        elif reason := impossible(point, self._catalogues, chosen_settings(point, self._settings)):
            self._problems.add(place, f"{in_words(place)} cannot be a variant: {reason}", "Correct a value.")
        return draft

    def _note_values(self, point: Point) -> None:
        for axis, value in point.items():
            values = self._values.setdefault(axis, [])
            if value not in values:
                values.append(value)


def _set_repeats(draft: Draft, entry: IncludeFile) -> None:
    if "repeat" in entry.model_fields_set:
        draft.repeat = entry.repeat
    if "warmup" in entry.model_fields_set:
        draft.warmup = entry.warmup
