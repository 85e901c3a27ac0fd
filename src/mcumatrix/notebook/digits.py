"""Drawings as digits of MNIST: strokes become ink, and ink 28 x 28 pixels as the database has them.

"The original black and white images were size normalized to fit in a 20x20 pixel box while preserving their
aspect ratio. The resulting images contain grey levels as a result of the anti-aliasing technique used by the
normalization algorithm. The images were centered in a 28x28 image by computing the center of mass of the
pixels" (Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits").
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]
    """Rows of pixels: 0 is paper, 255 is ink."""
    Reals = NDArray[np.float64]

SIDE = 28
"""Pixels of a digit, each way."""
BOX = 20
"""Pixels of the box that its ink fits into, each way."""

_CENTRE = SIDE // 2

Point = tuple[float, float]
"""Pixels to the right of the left edge, and below the upper one."""
Stroke = Sequence[Point]
"""Where a pen was, from where it was put down to where it was lifted."""


def inked(strokes: Sequence[Stroke], side: int, pen: float) -> "Pixels":
    """What a round pen, `pen` pixels wide, leaves on a square of so many pixels; points may lie outside.

    A pixel is as dark as the pen covers it, to within half a pixel of its edge.
    """
    ink = np.zeros((side, side))
    for stroke in strokes:
        # A dot is a line from a point to itself.
        for begin, end in zip(stroke, stroke[1:] or stroke, strict=False):
            _draw(ink, np.array(begin, float), np.array(end, float), pen / 2)
    return np.rint(ink * 255).astype(np.uint8)


def _draw(ink: "Reals", begin: "Reals", end: "Reals", radius: float) -> None:
    """A straight line of a round pen. Only pixels that it can reach are looked at."""
    reach = radius + 1
    first = np.clip(np.floor(np.minimum(begin, end) - reach), 0, len(ink)).astype(int)
    last = np.clip(np.ceil(np.maximum(begin, end) + reach), 0, len(ink)).astype(int)
    across, down = np.meshgrid(*(np.arange(low, high) + 0.5 for low, high in zip(first, last, strict=True)))
    way = end - begin
    length = float(way @ way)
    # How far along the line each pixel's nearest point of it is.
    share = ((across - begin[0]) * way[0] + (down - begin[1]) * way[1]) / (length or 1.0)
    share = np.clip(share, 0, 1)
    distance = np.hypot(across - begin[0] - share * way[0], down - begin[1] - share * way[1])
    window = ink[first[1] : last[1], first[0] : last[0]]
    np.maximum(window, np.clip(radius + 0.5 - distance, 0, 1), out=window)


def as_mnist(pixels: "Pixels") -> "Pixels":
    """A drawing of any size as a digit of MNIST; one without ink stays empty.

    Its ink is scaled to a box of 20 x 20 by the area that each new pixel covers, and moved by whole pixels
    until its centre of mass lies in pixel 14 of each row and column, counted from 0, which holds for every
    digit of the database. Ink stays within the 28 x 28 pixels where that would move it out.
    """
    rows, columns = (np.flatnonzero(pixels.any(axis)) for axis in (1, 0))
    if not len(rows):
        return np.zeros((SIDE, SIDE), np.uint8)
    ink = pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.float64)
    scale = BOX / max(ink.shape)
    scaled = _scaling(ink.shape[0], scale) @ ink @ _scaling(ink.shape[1], scale).T
    digit = np.zeros((SIDE, SIDE))
    top, left = (_place(scaled.sum(axis)) for axis in (1, 0))
    digit[top : top + scaled.shape[0], left : left + scaled.shape[1]] = scaled
    return np.rint(digit).clip(0, 255).astype(np.uint8)


def _scaling(size: int, scale: float) -> "Reals":
    """A matrix that scales so many pixels: how much of each new pixel each old one covers."""
    edges = np.arange(size + 1) * scale
    new = np.arange(max(1, int(np.ceil(edges[-1] - 1e-9))))[:, np.newaxis]
    covered: Reals = np.minimum(edges[1:], new + 1) - np.maximum(edges[:-1], new)
    return covered.clip(0, None)


def _place(masses: "Reals") -> int:
    """Where the first of these rows or columns stands, so that the centre of mass lies in the middle."""
    centre = float(masses @ (np.arange(len(masses)) + 0.5) / masses.sum())
    return int(np.clip(_CENTRE - np.floor(centre), 0, SIDE - len(masses)))
