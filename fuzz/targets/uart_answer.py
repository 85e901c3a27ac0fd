"""What a board says that lies, with right checksums: a measurement that can be, or a refusal."""

import re
import zlib

from fuzz.target import Target
from fuzz.targets import uart_log
from mcumatrix.errors import McuMatrixError
from mcumatrix.model.soundness import contradictions_of_measurement
from mcumatrix.stages.evidence import read_log

_MACHINE_LINE = re.compile(rb"^(@[^\r\n]*?)(?: \*[0-9a-f]{8})?$", re.MULTILINE)


def with_right_checksums(log: bytes) -> bytes:
    """A log of protocol 3 in which each machine line has the checksum of what stands there."""
    return _MACHINE_LINE.sub(lambda line: line[1] + b" *%08x" % zlib.crc32(line[1]), log.replace(b"\r", b""))


def _read(data: bytes) -> bool:
    try:
        _, measurement = read_log(with_right_checksums(data))
    except McuMatrixError:
        return False
    assert not list(contradictions_of_measurement(measurement))
    return True


TARGET = Target("uart_answer", uart_log.TARGET.corpus, _read, text=True)
