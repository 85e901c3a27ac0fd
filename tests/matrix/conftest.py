"""A catalogue with what the tests of matrices need, and a folder to write matrices into."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mcumatrix.matrix.load import load_matrix
from mcumatrix.model.catalogue import (
    Board,
    BoardKind,
    Catalogues,
    Dataset,
    DigitInput,
    Element,
    Model,
    Runtime,
    Toolchain,
    Unit,
)
from mcumatrix.model.variant import Matrix

SMALL = """\
axes:
  runtime: builtin
  kernels: [reference, simd]
  clock: [216 MHz, 288 MHz]
  model: [mnist-float32, mnist-int8]
  board: virtual-f746
"""


def _model(
    name: str, element: Element, weights: Element | None = None, dataset: Dataset | None = None
) -> Model:
    return Model(
        name,
        element,
        Path(f"{name}.tflite"),
        Path(f"{name}.json"),
        DigitInput(Path("digits"), 2),
        weights,
        dataset=dataset,
    )


CATALOGUES = Catalogues(
    boards={
        "virtual-f746": Board("virtual-f746", BoardKind.VIRTUAL, "stm32f746g_disco"),
        "lab": Board("lab", BoardKind.REAL, "stm32f746g_disco", units=(Unit(serial_port="/dev/ttyUSB0"),)),
    },
    runtimes={
        "builtin": Runtime(
            "builtin", "builtin", ("reference", "simd"), (Element.FLOAT32, Element.INT8), takes_hybrid=False
        ),
        "tflm-1.14.0": Runtime("tflm-1.14.0", "tflm", ("reference",), (Element.FLOAT32, Element.UINT8)),
        "tflm-2.1.0": Runtime(
            "tflm-2.1.0", "tflm", ("reference", "cmsis-nn"), (Element.FLOAT32, Element.INT8)
        ),
    },
    toolchains={
        "debian-12": Toolchain("debian-12", "arm-none-eabi-"),
        "gcc-9": Toolchain("gcc-9", "arm-none-eabi-"),
        "arm-13": Toolchain("arm-13", "arm-none-eabi-"),
        "gcc-arm-9-2019-q4": Toolchain("gcc-arm-9-2019-q4", "arm-none-eabi-"),
    },
    models={
        "mnist-float32": _model("mnist-float32", Element.FLOAT32),
        "mnist-hybrid": _model("mnist-hybrid", Element.FLOAT32, Element.INT8),
        "mnist-int8": _model("mnist-int8", Element.INT8, dataset=Dataset(Path("digits.npz"))),
        "mnist-uint8": _model("mnist-uint8", Element.UINT8),
    },
)


@pytest.fixture
def catalogues() -> Catalogues:
    return CATALOGUES


@pytest.fixture
def small() -> str:
    """A right matrix of eight variants."""
    return SMALL


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str | bytes], Matrix]:
    """Loads a text as the matrix file m.yaml, so that errors begin with `m.yaml`."""
    monkeypatch.chdir(tmp_path)

    def load_text(text: str | bytes) -> Matrix:
        path = Path("m.yaml")
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return load_matrix(path, CATALOGUES)

    return load_text
