"""Toolchains that take the place of others which cannot be had."""

from collections.abc import Callable

from mcumatrix.matrix.document import Document, Problems
from mcumatrix.matrix.include import Included
from mcumatrix.matrix.schema.matrix_file import MatrixFile
from mcumatrix.matrix.suggest import did_you_mean, shown
from mcumatrix.model.catalogue import Catalogues, Toolchain
from mcumatrix.model.variant import Substitution

CanBeHad = Callable[[Toolchain], bool]
"""Whether something here can build with a toolchain."""


def always(_toolchain: Toolchain) -> bool:
    """For who only reads what a file says."""
    return True


def substitute(
    file: MatrixFile, document: Document, included: Included, catalogues: Catalogues, can_be_had: CanBeHad
) -> tuple[Substitution, ...]:
    """Gives drafts another toolchain where theirs cannot be had and the file names one; returns what it did.

    A substitute never meets variants that want it anyway: their builds would be the same, and so the names.

    Raises:
        MatrixError: an entry names a toolchain that is not there, or one that the matrix has already.
    """
    values = included.values["toolchain"]
    problems = Problems(document)
    for index, entry in enumerate(file.instead):
        place = ("instead", index)
        if entry.toolchain not in values:
            hint = did_you_mean(entry.toolchain, values, known="It has")
            message = f"the axis 'toolchain' has no value {shown(entry.toolchain)} here"
            problems.add((*place, "toolchain"), message, hint)
        elif entry.toolchain in (earlier.toolchain for earlier in file.instead[:index]):
            message = f"the toolchain {shown(entry.toolchain)} has a substitute already"
            problems.add((*place, "toolchain"), message, "Keep one of them.")
        if entry.use not in catalogues.toolchains:
            hint = did_you_mean(entry.use, list(catalogues.toolchains))
            problems.add((*place, "use"), f"there is no toolchain {shown(entry.use)}", hint)
        elif entry.use in values or entry.use in (earlier.use for earlier in file.instead[:index]):
            message = f"the toolchain {shown(entry.use)} is in the matrix already"
            problems.add((*place, "use"), message, "Let another one take the place.")
    problems.check()
    done = []
    for entry in file.instead:
        if not can_be_had(catalogues.toolchains[entry.toolchain]):
            values[values.index(entry.toolchain)] = entry.use
            for draft in included.drafts:
                if draft.point["toolchain"] == entry.toolchain:
                    draft.point["toolchain"] = entry.use
            done.append(Substitution(entry.toolchain, entry.use))
    return tuple(done)
