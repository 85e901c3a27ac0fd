"""A hardware map of Zephyr's Twister: boards, entries that are left out, or an error with its place."""

import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from fuzz.target import REPOSITORY, Target
from mcumatrix.errors import MatrixError
from mcumatrix.matrix.catalogues import load_catalogues
from mcumatrix.matrix.hardware_map import boards_of_map, read_hardware_map
from mcumatrix.model.catalogue import Board

_MAP = b"""\
- connected: true
  id: 066BFF303435554157121027
  platform: stm32f746g_disco/stm32f746xx
  product: STM32 STLink
  runner: openocd
  serial: /dev/ttyACM0
  baud: 115200
- connected: false
  id: "001050076605"
  platform: nucleo_f767zi
  fixtures: [one, two]
"""


@cache
def _known() -> Mapping[str, Board]:
    return load_catalogues(REPOSITORY / "matrix").boards


def _read(data: bytes) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "map.yaml"
        file.write_bytes(data)
        try:
            boards_of_map(read_hardware_map(file), ("stm32f746g_disco", "nucleo_f767zi"), _known())
        except MatrixError:
            return False
        return True


TARGET = Target("hardware_map", lambda: [_MAP], _read, text=True)
