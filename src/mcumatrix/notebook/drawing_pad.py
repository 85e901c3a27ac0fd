"""Paper in the browser: whoever draws on it gets an answer when the pen is lifted."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from ipycanvas import Canvas, hold_canvas
from ipywidgets import HTML, Button, HBox, VBox

from mcumatrix.errors import McuMatrixError
from mcumatrix.notebook.digits import SIDE as DIGIT
from mcumatrix.notebook.digits import Stroke, as_mnist, inked
from mcumatrix.notebook.shown import Shown, show_notes

if TYPE_CHECKING:
    from mcumatrix.notebook.digits import Pixels, Point

SIDE = 280
"""Pixels of the paper, each way."""
PEN = 24
"""Pixels: strokes of MNIST's digits are some 2 to 3 of their 28 wide."""

_AS_LARGE = 4
"""How many pixels each way one of the digit has, where it is shown as it is sent."""
_PAPER, _INK = "white", "black"


class DrawingPad(VBox):  # type: ignore[misc]  # ipywidgets has no types
    """A square to draw a digit on, by mouse or finger, what is sent of it, and the answer.

    `digit` is what was drawn, as a digit of MNIST; until then, `start`.
    """

    def __init__(self, start: "Pixels", answer: "Callable[[Pixels], Shown]") -> None:
        """`answer` is asked when the pen is lifted."""
        self._answer = answer
        self._start = start
        self._strokes: list[list[Point]] = []
        self._is_down = False
        self._paper = Canvas(width=SIDE, height=SIDE, layout={"border": "1px solid"})
        self._paper.add_class("mcumatrix-paper")
        self._sent = Canvas(width=DIGIT * _AS_LARGE, height=DIGIT * _AS_LARGE)
        self._said = HTML()
        self._said.add_class("mcumatrix-answer")
        again = Button(description="Clear", tooltip="Clear the paper")
        again.on_click(lambda _button: self.clear())
        self._paper.on_mouse_down(self._begin)
        self._paper.on_mouse_move(self._move)
        self._paper.on_mouse_up(self._end)
        self._paper.on_mouse_out(self._end)
        # A finger; what others do meanwhile is not looked at.
        self._paper.on_touch_start(lambda fingers: self._begin(*fingers[0]))
        self._paper.on_touch_move(lambda fingers: self._move(*fingers[0]))
        self._paper.on_touch_end(lambda _fingers: self._end())
        super().__init__([HBox([self._paper, VBox([self._sent, again])]), self._said])
        self.clear()

    def clear(self) -> None:
        """An empty paper; what was drawn before is forgotten."""
        self._strokes, self._is_down = [], False
        self._new_paper()
        self._said.value = ""
        self.digit = self._start
        self._show_digit()

    def draw(self, *strokes: Stroke) -> None:
        """Draws as a person does, stroke by stroke."""
        for stroke in strokes:
            self._begin(*stroke[0])
            for point in stroke[1:]:
                self._move(*point)
            self._end()

    @property
    def answer(self) -> str:
        """What is said of the drawing, as HTML; empty until there is one."""
        return str(self._said.value)

    def _begin(self, across: float, down: float) -> None:
        self._is_down = True
        self._strokes.append([(across, down)])
        self._paper.fill_circle(across, down, PEN / 2)

    def _move(self, across: float, down: float) -> None:
        if self._is_down:
            self._paper.stroke_line(*self._strokes[-1][-1], across, down)
            self._strokes[-1].append((across, down))

    def _end(self, *_place: float) -> None:
        if not self._is_down:
            return
        self._is_down = False
        self.digit = as_mnist(inked(self._strokes, SIDE, PEN))
        self._show_digit()
        try:
            shown = self._answer(self.digit)
        except McuMatrixError as error:
            # Where a callback's error goes, nobody looks.
            shown = show_notes(f"{error.message} {error.hint}".strip())
        self._said.value = shown.html

    def _new_paper(self) -> None:
        with hold_canvas(self._paper):
            self._paper.fill_style = _PAPER
            self._paper.fill_rect(0, 0, SIDE, SIDE)
            self._paper.fill_style = self._paper.stroke_style = _INK
            self._paper.line_width, self._paper.line_cap = PEN, "round"

    def _show_digit(self) -> None:
        pixels = 255 - np.kron(self.digit, np.ones((_AS_LARGE, _AS_LARGE), np.uint8))
        self._sent.put_image_data(np.stack([pixels] * 3, axis=2))
