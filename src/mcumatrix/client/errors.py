"""What can go wrong between a script and a board."""

from enum import IntEnum

from mcumatrix.errors import ExitCode, McuMatrixError


class Problem(IntEnum):
    """Why a board refuses a request; numbers as in inference_response.fbs."""

    UNKNOWN = 0
    DAMAGED = 1
    """Bytes were lost or changed on the way to it."""
    TOO_LONG = 2
    MALFORMED = 3
    OUT_OF_RANGE = 4
    """Beyond a tensor, or beyond the last layer."""
    NO_INPUT = 5
    """The benchmark has used the model since the input was written."""
    NO_OUTPUT = 6
    MODEL = 7
    """The model cannot be run."""


class ClientError(McuMatrixError):
    """An inference on a board was not possible."""

    exit_code = ExitCode.ENVIRONMENT


class NoAnswerError(ClientError):
    """The board says nothing, or stops in the middle of its answer."""


class DamagedAnswerError(ClientError):
    """What came is not what a board of ours sends."""


class RefusedError(ClientError):
    """The board has said why it does not do what it was asked for: `problem` in a word."""

    def __init__(self, message: str, *, problem: Problem, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.problem = problem


class UnfitInputError(ClientError):
    """The arrays do not fit the model's input tensors. Nothing was sent."""

    exit_code = ExitCode.USAGE
