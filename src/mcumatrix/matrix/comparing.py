"""Which comparisons a matrix asks for."""

from collections.abc import Mapping, Sequence

from mcumatrix.matrix.axes import spelled
from mcumatrix.matrix.document import Document, Place, Problems, in_words
from mcumatrix.matrix.schema.matrix_file import MatrixFile
from mcumatrix.matrix.suggest import did_you_mean, shown
from mcumatrix.model.comparison import Comparison


def comparisons(
    file: MatrixFile, document: Document, values: Mapping[str, Sequence[str]]
) -> tuple[Comparison, ...]:
    """The comparisons of `compare`, in the order of the file; `values` has those of each axis.

    Raises:
        MatrixError: there is no such axis or value, or nothing to compare it with.
    """
    problems = Problems(document)
    found = []
    for index, entry in enumerate(file.compare):
        place: Place = ("compare", index)
        base = spelled(entry.axis, entry.base) if entry.base else ""
        if entry.axis not in values:
            hint = did_you_mean(entry.axis, values)
            problems.add((*place, "axis"), f"there is no axis {shown(entry.axis)}", hint)
        elif base and base not in values[entry.axis]:
            hint = did_you_mean(entry.base, values[entry.axis], known="It has")
            message = f"the axis {entry.axis!r} has no value {shown(entry.base)} here"
            problems.add((*place, "base"), message, hint)
        elif len(values[entry.axis]) < 2:
            message = f"{in_words(place)} compares {entry.axis!r}, which has one value"
            problems.add(place, message, "Give the axis another value, or remove the entry.")
        else:
            found.append(Comparison(entry.axis, base, base_alone=bool(base)))
    problems.check()
    return tuple(found)
