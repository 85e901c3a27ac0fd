"""A matrix file: variants, or an error with its place."""

import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from fuzz.target import REPOSITORY, Target
from mcumatrix.errors import McuMatrixError
from mcumatrix.matrix.catalogues import load_catalogues
from mcumatrix.matrix.load import load_matrix
from mcumatrix.model.catalogue import Catalogues

_catalogues = cache(load_catalogues)


def _known() -> Catalogues:
    return _catalogues(REPOSITORY / "matrix")


def _corpus() -> Sequence[bytes]:
    return [file.read_bytes() for file in sorted((REPOSITORY / "matrix").glob("*.yaml"))]


def _read(data: bytes) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "fuzzed.yaml"
        file.write_bytes(data)
        try:
            return bool(load_matrix(file, _known()).variants)
        except McuMatrixError as error:
            assert error.message
            return False


TARGET = Target("matrix", _corpus, _read, text=True)
