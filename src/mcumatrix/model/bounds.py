"""How large the numbers of a result may be. What is beyond is a fault, whoever wrote it."""

import re
from typing import Annotated

from annotated_types import Interval, Len, Predicate

from mcumatrix.units import MAXIMUM_DURATION_S

MAX_U32 = 2**32 - 1
"""Addresses, sizes, checksums and clock rates come from cores of 32 bits."""

MAX_CYCLES = int(MAXIMUM_DURATION_S) * MAX_U32
"""An hour, which is as long as anything is waited for, at the highest clock rate that can be said."""

MAX_REPEATS = 1_000_000
MAX_LAYERS = 100_000
"""Both far beyond what a board has memory for, and small enough for everything that is made of results."""

Unsigned32 = Annotated[int, Interval(ge=0, le=MAX_U32)]
Hertz = Annotated[int, Interval(ge=1, le=MAX_U32)]
Cycles = Annotated[int, Interval(ge=0, le=MAX_CYCLES)]
CyclesOfRepeats = Annotated[tuple[Cycles, ...], Len(1, MAX_REPEATS)]
Word = Annotated[str, Len(1, 200)]


def is_sha256(text: str) -> bool:
    """Whether a text is a SHA-256 as we write it."""
    return re.fullmatch("[0-9a-f]{64}", text) is not None


def _is_utc(text: str) -> bool:
    return re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", text, re.ASCII) is not None


Sha256 = Annotated[str, Predicate(is_sha256)]
UtcTime = Annotated[str, Predicate(_is_utc)]
"""ISO 8601 in UTC with microseconds, as in 2026-11-26T14:01:58.881867Z."""
