"""A .tflite file: a network, or a refusal."""

from collections.abc import Sequence

from fuzz.target import REPOSITORY, Target
from mcumatrix.adapters.models.tflite_file import operator_names, read_network
from mcumatrix.errors import ModelError


def _corpus() -> Sequence[bytes]:
    return [
        file.read_bytes() for file in sorted((REPOSITORY / "tests/adapters/models/data").glob("*.tflite"))
    ]


def _read(data: bytes) -> bool:
    accepted = False
    for read in (operator_names, read_network):
        try:
            read(data)
            accepted = True
        except ModelError:
            pass
    return accepted


TARGET = Target("model", _corpus, _read)
