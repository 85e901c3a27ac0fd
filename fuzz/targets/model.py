"""A .tflite file: a network, which the builtin runtime renders or refuses, or a refusal."""

from collections.abc import Sequence
from contextlib import suppress

from fuzz.target import REPOSITORY, Target
from mcumatrix.adapters.models.tflite_file import read_network
from mcumatrix.adapters.runtimes.builtin import render_builtin
from mcumatrix.errors import ModelError, RenderError


def _corpus() -> Sequence[bytes]:
    return [
        file.read_bytes() for file in sorted((REPOSITORY / "tests/adapters/models/data").glob("*.tflite"))
    ]


def _read(data: bytes) -> bool:
    try:
        network = read_network(data)
    except ModelError:
        return False
    with suppress(ModelError, RenderError):
        render_builtin(network, REPOSITORY / "templates")
    return True


TARGET = Target("model", _corpus, _read)
