"""What a board sends, changed on its way: the same measurement or a refusal, never another number."""

from functools import cache

from fuzz.target import REPOSITORY, Target
from mcumatrix.errors import McuMatrixError
from mcumatrix.model.record import Measurement
from mcumatrix.stages.evidence import read_log

_FOLDER = REPOSITORY / "tests" / "results" / "data" / "protocol-3"


@cache
def _good() -> tuple[bytes, Measurement]:
    (log,) = (file.read_bytes() for file in _FOLDER.glob("*.log"))
    return log, read_log(log)[1]


def _read(data: bytes) -> bool:
    try:
        _, measurement = read_log(data)
    except McuMatrixError:
        return False
    assert measurement == _good()[1], "another measurement was accepted"
    return True


TARGET = Target("uart_log", lambda: [_good()[0]], _read, text=True)
