"""A line to the control port of a virtual board: an answer in JSON, whatever it is."""

import json

from fuzz.target import Target
from vstm32.app.control import answer


def _read(data: bytes) -> bool:
    said = json.loads(answer({"power": lambda on: {"on": bool(on)}, "status": dict}, data))
    assert isinstance(said, dict)
    return "error" not in said


TARGET = Target("control_port", lambda: [b'{"do": "power", "on": true}\n', b'{"do": "status"}\n'], _read)
