"""Memory that inferences take on a board."""

from dataclasses import dataclass
from enum import StrEnum

from mcumatrix.model.bounds import Unsigned32
from mcumatrix.model.image import KEPT


class ArenaKind(StrEnum):
    """What a part of the arena is for; the words are those of the protocol's message Arena.

    The first two are the whole of what stays in use. The others are parts of what is persistent, as
    RecordingMicroAllocator of TensorFlow Lite Micro (recording_micro_allocator.h) tells them apart.
    """

    NON_PERSISTENT = "non_persistent"
    """Tensors and scratch buffers of one inference; with TensorFlow the head of the arena."""
    PERSISTENT = "persistent"
    """What stays from one inference to the next; with TensorFlow the tail of the arena."""
    EVAL_TENSORS = "eval_tensors"
    PERSISTENT_TENSORS = "persistent_tensors"
    QUANTIZATION = "quantization"
    PERSISTENT_BUFFERS = "persistent_buffers"
    VARIABLE_TENSORS = "variable_tensors"
    NODES = "nodes"


WITHIN_PERSISTENT = tuple(ArenaKind)[2:]
"""What is told of what is persistent."""


@dataclass(frozen=True, slots=True)
class Stack:
    """How deep the stack was, in bytes.

    `inference_bytes` is what the measured inferences and those before them took from the call of the runtime
    on, `deepest_bytes` the most since reset, whatever ran, `size_bytes` how deep it may be. Interrupts, of
    which there is one, count where they came.
    """

    __pydantic_config__ = KEPT

    inference_bytes: Unsigned32
    deepest_bytes: Unsigned32
    size_bytes: Unsigned32
