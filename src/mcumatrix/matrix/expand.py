"""From a matrix file to its variants, with the semantics of a GitHub Actions matrix.

The product of all axes is made first, then the excludes take away, then the includes add, then the
expectations are noted; last, toolchains that cannot be had are replaced where the file says by what. See
docs/matrix.md for what each step promises.
"""

from collections.abc import Mapping, Sequence
from itertools import product
from math import prod
from typing import Any

from mcumatrix.matrix.axes import Axes, check_axes, chosen_settings, impossible, spelled
from mcumatrix.matrix.comparing import comparisons
from mcumatrix.matrix.document import Document, Place, Problems, in_words
from mcumatrix.matrix.draft import Draft, Point, has_all
from mcumatrix.matrix.include import Included, include
from mcumatrix.matrix.instead import CanBeHad, always, substitute
from mcumatrix.matrix.scheduling import schedule_of
from mcumatrix.matrix.schema.matrix_file import ExcludeFile, ExpectFile, MatrixFile, ReferenceFile
from mcumatrix.matrix.schema.scalars import MAXIMUM_MATRIX_S, OnOff
from mcumatrix.matrix.suggest import did_you_mean, listed, shown
from mcumatrix.model.axes import AXES, BUILTIN, AxisKind
from mcumatrix.model.catalogue import Board, Catalogues
from mcumatrix.model.comparison import Thresholds
from mcumatrix.model.labelled import AskedSet
from mcumatrix.model.record import Status
from mcumatrix.model.variant import Axis, Exclusion, Expectation, Matrix, Outcome, TimeLimits, Variant
from mcumatrix.units import parse_duration_s

MAXIMUM_VARIANTS = 100_000
"""`doit plan` shows as many within 60 s and 500 MB; see bench/planning.py."""
MAXIMUM_SLUG_LENGTH = 120


def expand(
    file: MatrixFile, document: Document, catalogues: Catalogues, can_be_had: CanBeHad = always
) -> Matrix:
    """Makes the variants of a matrix; its name is that of the document's file without the suffix.

    Variants are in the order of the file: the first axis varies slowest, included variants come last.

    Raises:
        MatrixError: what the file says does not fit the catalogues or itself; see docs/matrix.md.
    """
    return _Expansion(file, document, catalogues).matrix(can_be_had)


class _Expansion:
    """The steps of one expansion with what they share; each step ends when it found problems."""

    def __init__(self, file: MatrixFile, document: Document, catalogues: Catalogues) -> None:
        self._file = file
        self._document = document
        self._catalogues = catalogues
        self._problems = Problems(document)
        self._axes: Axes = check_axes(file, document, catalogues)
        self._limits = TimeLimits(
            variant_s=parse_duration_s(file.time_limits.variant),
            matrix_s=parse_duration_s(file.time_limits.matrix, MAXIMUM_MATRIX_S),
        )
        self._automatic: dict[tuple[str, str], str] = {}

    def matrix(self, can_be_had: CanBeHad) -> Matrix:
        drafts, exclusions = self._exclude(self._points())
        included = include(self._file, self._document, self._axes, drafts, self._catalogues)
        exclusions = [
            exclusion
            for exclusion in exclusions
            if not any(has_all(draft.point, dict(exclusion.axes)) for draft in included.added)
        ]
        self._check_left(included.drafts, exclusions)
        self._expect(included)
        compared = comparisons(self._file, self._document, included.values)
        drift = self._file.drift
        # As it is written: with the toolchain that is wanted, which `exclude` and others see too.
        reference = self._match(drift.reference, ("drift", "reference"), included.values) if drift else None
        self._problems.check()
        fitting = [has_all(draft.point, reference or {}) for draft in included.drafts]
        substitutions = substitute(self._file, self._document, included, self._catalogues, can_be_had)
        variants = self._variants(included)
        return Matrix(
            name=self._document.path.stem,
            description=self._file.description.strip(),
            axes=tuple(
                Axis(axis, BUILTIN[axis].kind if axis in BUILTIN else AxisKind.BUILD, tuple(values))
                for axis, values in included.values.items()
            ),
            variants=variants,
            exclusions=tuple(exclusions),
            substitutions=substitutions,
            limits=self._limits,
            comparisons=compared,
            published=tuple(dict.fromkeys(self._file.published)),
            thresholds=Thresholds(self._file.regression.total, self._file.regression.layer),
            schedule=schedule_of(
                self._file,
                self._document,
                [variant for variant, fits in zip(variants, fitting, strict=True) if fits],
                len(variants),
            ),
            health=self._file.health is OnOff.ON,
        )

    def _points(self) -> list[Point]:
        values = self._axes.values
        count = prod(len(of_axis) for of_axis in values.values())
        if count > MAXIMUM_VARIANTS:
            sizes = " x ".join(str(len(of_axis)) for of_axis in values.values())
            self._problems.add(
                ("axes",),
                f"the axes make {sizes} = {count:,} variants; {MAXIMUM_VARIANTS:,} are allowed",
                "Split the matrix.",
                of_key=True,
            )
            self._problems.check()
        return [dict(zip(values, point, strict=True)) for point in product(*values.values())]

    def _exclude(self, points: list[Point]) -> tuple[list[Draft], list[Exclusion]]:
        """Takes the maintainer's excludes away, and then what runtimes cannot have."""
        excludes = [
            (self._match(entry, ("exclude", index), self._axes.values), entry.reason)
            for index, entry in enumerate(self._file.exclude)
        ]
        self._problems.check()
        columns = self._axes.columns()
        drafts: list[Draft] = []
        exclusions: list[Exclusion] = []
        for point in points:
            reason = next((reason for match, reason in excludes if has_all(point, match)), "")
            chosen = chosen_settings(point, self._axes.settings)
            if not reason and (reason := impossible(point, self._catalogues, chosen)):
                for item in point.items():
                    self._automatic.setdefault(item, reason)
            if reason:
                exclusions.append(Exclusion(tuple((axis, point[axis]) for axis in columns), reason))
            else:
                drafts.append(Draft(point, ("axes",), self._file.repeat, self._file.warmup))
        return drafts, exclusions

    def _check_left(self, drafts: list[Draft], exclusions: list[Exclusion]) -> None:
        """A value that runtimes cannot have in any variant is a mistake in the file."""
        if not drafts:
            reasons = list(dict.fromkeys(exclusion.reason for exclusion in exclusions))
            self._problems.add(("axes",), "no variant is left", f"Reasons: {listed(reasons)}.", of_key=True)
            self._problems.check()
        left = {item for draft in drafts for item in draft.point.items()}
        for (axis, value), reason in self._automatic.items():
            if (axis, value) not in left:
                place = self._axes.place(axis, value)
                message = f"the value {value!r} of the axis {axis!r} is left without a variant: {reason}"
                hint = "Remove it, or add what it can be combined with."
                self._problems.add(place, message, hint, of_key=True)
        self._problems.check()

    def _expect(self, included: Included) -> None:
        for index, entry in enumerate(self._file.expect):
            place: Place = ("expect", index)
            match = self._match(entry, place, included.values)
            if entry.outcome is Outcome.FAIL and not entry.reason:
                self._problems.add(place, f"{in_words(place)} expects a failure without a reason", "Say why.")
            how = next((key for key in ("status", "stage") if getattr(entry, key) is not None), "")
            if how and (entry.outcome is not Outcome.FAIL or entry.status is Status.OK):
                message = f"{in_words(place)} says how variants fail that are to pass"
                hint = "Remove it, or expect another outcome."
                self._problems.add((*place, how), message, hint, of_key=True)
            matching = [draft for draft in included.drafts if has_all(draft.point, match)]
            if match and not matching:
                self._problems.add(place, f"{in_words(place)} matches no variant", "Correct or remove it.")
            for draft in matching:
                draft.expect = Expectation(
                    entry.outcome, entry.reason, status=entry.status or "", stage=entry.stage or ""
                )
        self._problems.check()

    def _match(
        self,
        entry: ExcludeFile | ExpectFile | ReferenceFile,
        place: Place,
        values: Mapping[str, Sequence[str]],
    ) -> Point:
        """The canonical values that a variant must have; empty after a problem."""
        match: Point = {}
        named = entry.known() | (entry.__pydantic_extra__ or {})
        for axis, text in named.items():
            value = spelled(axis, text)
            if axis not in values:
                keys = [key for key in type(entry).model_fields if key not in BUILTIN]
                hint = did_you_mean(axis, [*values, *keys])
                self._problems.add((*place, axis), f"there is no axis {shown(axis)}", hint, of_key=True)
            elif value not in values[axis]:
                hint = did_you_mean(text, values[axis], known="It has")
                self._problems.add((*place, axis), f"the axis {axis!r} has no value {shown(text)} here", hint)
            else:
                match[axis] = value
        if not named:
            self._problems.add(place, f"{in_words(place)} names no axis", "Name the values it is for.")
        return match if len(match) == len(named) else {}

    def _variants(self, included: Included) -> tuple[Variant, ...]:
        slug_axes = _slug_axes(included)
        named = {axis.field: axis.name for axis in AXES if axis.field}
        asked = self._asked(included)
        set_by_label = [axis for axis in included.values if axis not in named.values()]
        values = self._values(included)
        variants = []
        taken: dict[str, str] = {}
        for draft in included.drafts:
            point, slug = draft.point, draft.slug(slug_axes)
            self._check_slug(slug, draft.place, taken)
            settings = tuple(values[axis, point[axis]] for axis in set_by_label if axis in point)
            held = {field: values[axis, point[axis]] for field, axis in named.items()}
            for setting in settings:
                if setting.revision:
                    held["runtime"] = held["runtime"].at(setting.source, setting.revision)
            variants.append(
                Variant(
                    slug=slug,
                    **held,
                    settings=settings,
                    repeat=draft.repeat,
                    warmup=draft.warmup,
                    expect=draft.expect,
                    limit_s=self._limits.variant_s,
                    asked=asked if held["model"].dataset else None,
                    applications=tuple(self._file.applications),
                    rated_hz=self._rated_hz(held["board"]),
                )
            )
        return tuple(variants)

    def _rated_hz(self, board: Board) -> int:
        clocks = self._catalogues.clocks.get(board.firmware_board)
        return clocks.rated_hz if clocks else 0

    def _asked(self, included: Included) -> AskedSet | None:
        """How much of its model's labelled set a variant is asked; models without one are measured only."""
        if self._file.accuracy is None:
            return None
        models = list(dict.fromkeys(draft.point["model"] for draft in included.drafts))
        if not any(self._catalogues.models[name].dataset for name in models):
            who = (
                f"none of the models {listed(models)} has a"
                if len(models) > 1
                else f"the model {models[0]} has no"
            )
            message = f"{who} labelled set to tell its accuracy by"
            hint = "Name one under `dataset` in the model's file; see docs/models.md."
            self._problems.add(("accuracy",), message, hint, of_key=True)
            self._problems.check()
        return AskedSet(self._file.accuracy.samples)

    def _values(self, included: Included) -> dict[tuple[str, str], Any]:
        """What variants hold for each value of each axis."""
        used = {(axis, draft.point[axis.name]) for draft in included.drafts for axis in AXES}
        builtin = {(axis.name, text): axis.value(text, self._catalogues) for axis, text in used}
        return builtin | included.settings

    def _check_slug(self, slug: str, place: Place, taken: dict[str, str]) -> None:
        if len(slug) > MAXIMUM_SLUG_LENGTH:
            message = f"the slug {shown(slug)} has {len(slug)} characters; {MAXIMUM_SLUG_LENGTH} are allowed"
            self._problems.add(place, message, "Use shorter names.", of_key=True)
        if (other := taken.get(slug.lower())) is not None:
            difference = "" if other == slug else f", but for upper and lower case: {shown(other)}"
            message = f"two variants have the slug {shown(slug)}{difference}"
            self._problems.add(place, message, "Give one of them another label.", of_key=True)
        taken[slug.lower()] = slug
        self._problems.check()


def _slug_axes(included: Included) -> list[str]:
    """The axes that every slug has, and of the others those in which variants differ."""
    always = {axis.name for axis in AXES if axis.always_in_slug}
    return [
        axis
        for axis, values in included.values.items()
        if axis in always or len(values) > 1 or any(axis not in draft.point for draft in included.drafts)
    ]
