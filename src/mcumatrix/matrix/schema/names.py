"""Names that matrices, catalogues and axes may have."""

import re

from mcumatrix.matrix.flags import RefusedError
from mcumatrix.model.axes import AXES

RESERVED_NAMES = frozenset(
    (
        *("and", "or", "not"),
        *(
            "accuracy",
            "applications",
            "axes",
            "base",
            "compare",
            "description",
            "exclude",
            "expect",
            "include",
            "instead",
            "outcome",
        ),
        *("published", "reason", "regression", "repeat", "stage", "time_limits"),
        *("drift", "health", "order", "reference", "run", "runs", "samples", "seed", "tolerance"),
        *("use", "warmup"),
        *(axis.column_name for axis in AXES if axis.column_name != axis.name),
        *(
            "cause",
            "correct",
            "cycles_max",
            "cycles_median",
            "cycles_min",
            "finding",
            "flaky",
            "layer",
            "matrix",
        ),
        *("accuracy_high", "accuracy_low", "samples_right", "samples_unlike_host"),
        *("functions", "ms_median", "op", "settings", "slug", "source", "status", "variant"),
    )
)
"""What an axis cannot be called: words of matrix files and selections, and columns of reports."""


MAXIMUM_NAME_LENGTH = 60


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*", re.ASCII)
_AXIS = re.compile(r"[a-z][a-z0-9_-]*", re.ASCII)


def check_name(text: str) -> str:
    """Returns a name that is fit for a slug, and so for a file name, on every system.

    Raises:
        RefusedError: more than 60 characters, others than ASCII letters, digits and `._+-`, or no letter or
            digit at the beginning.
    """
    if not _NAME.fullmatch(text) or len(text) > MAXIMUM_NAME_LENGTH:
        raise RefusedError(
            "it is unfit for a file name",
            f"Use at most {MAXIMUM_NAME_LENGTH} letters, digits and . _ + -, a letter or digit first.",
        )
    return text


def check_axis_name(text: str) -> str:
    """Returns a name that an axis of the maintainer's own may have.

    Raises:
        RefusedError: not of the form, too long, or reserved.
    """
    if not _AXIS.fullmatch(text) or len(text) > MAXIMUM_NAME_LENGTH:
        raise RefusedError(
            "it is no name for an axis",
            "Use small letters, digits, '_' and '-', a letter first, such as 'lto'.",
        )
    if text in RESERVED_NAMES:
        raise RefusedError("the word has a meaning of its own in matrices or reports", "Choose another name.")
    return text
