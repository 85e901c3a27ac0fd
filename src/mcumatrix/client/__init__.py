"""Inferences on a board, from a script: see docs/client.md.

from mcumatrix.client import Board

with Board("/dev/ttyACM0") as board:
    answer = board.infer(array)
    print(answer.outputs[0], answer.milliseconds)
"""

from mcumatrix.client.board import Board
from mcumatrix.client.description import Description, Tensor
from mcumatrix.client.errors import (
    ClientError,
    DamagedAnswerError,
    NoAnswerError,
    Problem,
    RefusedError,
    UnfitInputError,
)
from mcumatrix.client.inference import Inference, Layer
from mcumatrix.client.virtual import virtual_board

__all__ = [
    "Board",
    "ClientError",
    "DamagedAnswerError",
    "Description",
    "Inference",
    "Layer",
    "NoAnswerError",
    "Problem",
    "RefusedError",
    "Tensor",
    "UnfitInputError",
    "virtual_board",
]
