"""How the runs of a matrix follow each other, as its file says."""

from collections.abc import Sequence
from dataclasses import replace

from mcumatrix.matrix.document import Document, Problems
from mcumatrix.matrix.schema.matrix_file import MatrixFile
from mcumatrix.matrix.suggest import listed
from mcumatrix.model.schedule import Ordering, Schedule
from mcumatrix.model.variant import Variant

MAXIMUM_RUNS_OF_ALL = 100_000
"""As many runs may there be of all variants together."""


def schedule_of(
    file: MatrixFile, document: Document, references: Sequence[Variant], variants: int
) -> Schedule:
    """The schedule of so many variants. `references` are those that have the values of `drift.reference`.

    Raises:
        MatrixError: there is none, or several of one board, or too many runs, or a seed for nothing.
    """
    problems = Problems(document)
    if file.runs > 1 and file.runs * variants > MAXIMUM_RUNS_OF_ALL:
        message = (
            f"{variants:,} variants x {file.runs} = {file.runs * variants:,} runs; "
            f"{MAXIMUM_RUNS_OF_ALL:,} are allowed"
        )
        problems.add(("runs",), message, "Write a smaller number, or split the matrix.")
    if "seed" in file.model_fields_set and file.order is not Ordering.RANDOM:
        hint = f"Remove it, or write order: {Ordering.RANDOM}."
        problems.add(("seed",), "there is a seed, and the order is not random", hint, of_key=True)
    schedule = Schedule(file.runs, file.order, file.seed)
    if file.drift is not None:
        place = ("drift", "reference")
        of_boards: dict[str, list[str]] = {}
        for variant in references:
            of_boards.setdefault(variant.board.name, []).append(variant.slug)
        if not references:
            problems.add(place, "the reference is no variant of this matrix", "Correct its values.")
        for board, slugs in of_boards.items():
            if len(slugs) > 1:
                message = f"the reference is {len(slugs)} variants of the board {board}"
                hint = f"Name values that one of them alone has: {listed(slugs)}."
                problems.add(place, message, hint)
        slugs_of = tuple(variant.slug for variant in references)
        schedule = replace(schedule, references=slugs_of, drift_percent=file.drift.tolerance)
    problems.check()
    return schedule
