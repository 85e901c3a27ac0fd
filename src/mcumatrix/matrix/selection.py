"""Which variants of a matrix are asked for, as a command line says it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from mcumatrix.model.variant import Matrix, Variant


@dataclass(frozen=True, slots=True)
class Selection:
    """An expression over axes, or a slug, and a share such as "3/8" of what it selects; empty for all."""

    expression: str = ""
    shard: str = ""

    @classmethod
    def asked(cls, options: Mapping[str, Any]) -> Self:
        """As the options of a command have it."""
        return cls(options["select"], options["shard"])

    def of(self, variants: Sequence[Variant]) -> tuple[Variant, ...]:
        """Those of some variants that are asked for, in their order.

        Raises:
            MatrixError: it is not an expression, or no share.
            NothingSelectedError: none is.
        """
        from mcumatrix.matrix.shard import in_shard, parse_shard

        selected = self._by_expression(variants)
        return in_shard(selected, parse_shard(self.shard)) if self.shard else selected

    def left_to_others(self, matrix: Matrix) -> tuple[str, ...]:
        """What is said of a share, as sentences; nothing where all that is selected is asked for. Raises as
        `of` does."""
        from mcumatrix.matrix.shard import left_to_others, parse_shard

        if not self.shard:
            return ()
        said = left_to_others(self._by_expression(matrix.variants), parse_shard(self.shard))
        ours = {variant.slug for variant in self.of(matrix.variants)}
        elsewhere = [slug for slug in matrix.schedule.references if slug not in ours]
        if not elsewhere:
            return (said,)
        return said, f"A drift of this bench does not show: the reference is run by others ({elsewhere[0]})."

    def _by_expression(self, variants: Sequence[Variant]) -> tuple[Variant, ...]:
        # Reading expressions is for who has one.
        from mcumatrix.matrix.select import select

        return select(variants, self.expression) if self.expression else tuple(variants)
