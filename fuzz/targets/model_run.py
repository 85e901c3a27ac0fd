"""A .tflite file on its way to an image: C that a compiler takes, and a trial on the host; or a refusal.

The trial is a process of its own: how it ends is no finding, that it is told is.
"""

import subprocess
from collections.abc import Sequence
from functools import cache

from fuzz.target import REPOSITORY, Target
from fuzz.targets import model
from mcumatrix.adapters.models.host_check import check_model, summarise, trial_problems
from mcumatrix.adapters.models.tflite_file import read_network
from mcumatrix.adapters.models.tflm_host import try_model
from mcumatrix.adapters.runtimes.builtin import render_builtin
from mcumatrix.adapters.runtimes.tflm.runtime import Needs, render_tflm
from mcumatrix.errors import ModelError, RenderError
from mcumatrix.matrix.catalogues import load_catalogues
from mcumatrix.model.catalogue import Runtime

_FIRMWARE = REPOSITORY / "firmware"
_TEMPLATES = REPOSITORY / "templates"
_COMPILER = (
    "arm-none-eabi-gcc",
    "-mcpu=cortex-m7",
    "-mthumb",
    "-fsyntax-only",
    "-Wall",
    "-Werror",
)


@cache
def _runtimes() -> tuple[Runtime, ...]:
    return tuple(load_catalogues(REPOSITORY / "matrix").runtimes.values())


def _read(data: bytes) -> bool:
    """Whether it was rendered for a runtime of ours and tried."""
    for runtime in _runtimes():
        problems = check_model(data, runtime)
        assert summarise(problems, runtime) if problems else True
    try:
        network = read_network(data)
        rendered = render_builtin(network, _TEMPLATES)
    except (ModelError, RenderError) as error:
        assert error.message
        return False
    _require_c(rendered["model.c"], "builtin")
    _require_c(render_tflm(data, Needs(network.operators), _TEMPLATES)["model.c"], "tflm")
    trial_problems(try_model(data, network), network)
    return True


def _require_c(source: bytes, runtime: str) -> None:
    command = (*_COMPILER, f"-I{_FIRMWARE / 'runtime' / runtime}", f"-I{_FIRMWARE / 'include'}", "-xc", "-")
    done = subprocess.run(command, input=source, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[:2000]


@cache
def _corpus() -> Sequence[bytes]:
    return [data for data in model.TARGET.corpus() if _read(data)]


TARGET = Target("model_run", _corpus, _read, smoke_inputs=10)
