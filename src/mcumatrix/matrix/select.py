"""Selects variants by an expression over axes, or by slug."""

from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase

from mcumatrix.errors import MatrixError, NothingSelectedError
from mcumatrix.matrix.axes import spelled
from mcumatrix.matrix.expression import And, Comparison, Expression, Not, Or, Slug, parse_expression
from mcumatrix.matrix.suggest import did_you_mean, shown
from mcumatrix.model.variant import Variant

Predicate = Callable[[Variant], bool]


def select(variants: Sequence[Variant], expression: str) -> tuple[Variant, ...]:
    """The variants that an expression selects, in their order; `mcumatrix.matrix.expression` has the grammar.

    A variant that lacks an axis, because only an include gave it to others, fits `axis!=value` and never
    `axis=value`.

    Raises:
        MatrixError: the expression is wrong, or names an axis that no variant has.
        NothingSelectedError: no variant is selected, or a value or slug in the expression fits none.
    """
    chosen = _Meaning(variants).of(parse_expression(expression))
    selected = tuple(variant for variant in variants if chosen(variant))
    if not selected:
        message = f"{shown(expression)} selects none of {len(variants):,} variants"
        raise NothingSelectedError(message, hint="`doit plan` prints all variants.")
    return selected


class _Meaning:
    """Turns expressions into predicates over the variants of one matrix."""

    def __init__(self, variants: Sequence[Variant]) -> None:
        self._slugs = [variant.slug for variant in variants]
        self._axes: dict[str, dict[str, None]] = {}
        for variant in variants:
            for axis, value in variant.axes.items():
                self._axes.setdefault(axis, {})[value] = None

    def of(self, expression: Expression) -> Predicate:
        match expression:
            case Slug(pattern):
                slugs = self._fitting_slugs(pattern)
                return lambda variant: variant.slug in slugs
            case Comparison(axis, values, negated):
                fitting = {value for text in values for value in self._fitting_values(axis, text)}
                return lambda variant: (variant.axes.get(axis) in fitting) is not negated
            case Not(inner):
                unwanted = self.of(inner)
                return lambda variant: not unwanted(variant)
            case And(terms):
                all_of = [self.of(term) for term in terms]
                return lambda variant: all(chosen(variant) for chosen in all_of)
            case Or(terms):
                any_of = [self.of(term) for term in terms]
                return lambda variant: any(chosen(variant) for chosen in any_of)

    def _fitting_slugs(self, pattern: str) -> frozenset[str]:
        fitting = frozenset(_fitting(pattern, self._slugs))
        if not fitting:
            message = f"no variant has the slug {shown(pattern)}"
            raise NothingSelectedError(message, hint=did_you_mean(pattern, self._slugs, known="Slugs"))
        return fitting

    def _fitting_values(self, axis: str, text: str) -> list[str]:
        if axis not in self._axes:
            raise MatrixError(
                f"selection: there is no axis {shown(axis)}",
                hint=did_you_mean(axis, self._axes, known="Axes"),
            )
        values = self._axes[axis]
        fitting = _fitting(spelled(axis, text), values)
        if not fitting:
            message = f"no variant has {axis}={text}"
            raise NothingSelectedError(message, hint=did_you_mean(text, values, known="Values"))
        return fitting


def _fitting(pattern: str, texts: Iterable[str]) -> list[str]:
    """The texts that a pattern fits; `*` is its only special character."""
    if "*" not in pattern:
        return [text for text in texts if text == pattern]
    escaped = pattern.replace("[", "[[]").replace("?", "[?]")
    return [text for text in texts if fnmatchcase(text, escaped)]
