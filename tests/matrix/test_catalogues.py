"""Catalogues: one small file for each entry."""

from pathlib import Path

import pytest

from mcumatrix.errors import MatrixError
from mcumatrix.matrix.catalogues import load_catalogues
from mcumatrix.model.catalogue import Board, BoardKind, Element, Model, Runtime, Toolchain

PROJECT = Path(__file__).parents[2]
FILES = {
    "boards/lab.yaml": "kind: real\nfirmware_board: stm32f746g_disco\nserial_port: /dev/ttyS0\nbaud: 9600\n",
    "boards/virtual.yaml": "description: none\nkind: virtual\nfirmware_board: stm32f746g_disco\n",
    "runtimes/builtin.yaml": "adapter: builtin\nkernels: [reference, simd]\nelements: [float32, int8]\n",
    "toolchains/path.yaml": "prefix: arm-none-eabi-\n",
    "models/small.yaml": (
        "element: int8\nfile: models/small.tflite\ngolden: models/small.json\ndigits: models/digits\n"
        "digit_label: 7\n"
    ),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        path = Path("matrix") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Path("matrix")


def test_an_entry_has_the_name_of_its_file_and_paths_below_the_project(folder: Path) -> None:
    catalogues = load_catalogues(folder)
    assert catalogues.boards == {
        "lab": Board("lab", BoardKind.REAL, "stm32f746g_disco", "/dev/ttyS0", 9600),
        "virtual": Board("virtual", BoardKind.VIRTUAL, "stm32f746g_disco", "", 115_200),
    }
    assert catalogues.runtimes == {
        "builtin": Runtime("builtin", "builtin", ("reference", "simd"), (Element.FLOAT32, Element.INT8))
    }
    assert catalogues.toolchains == {"path": Toolchain("path", "arm-none-eabi-")}
    assert catalogues.models == {
        "small": Model(
            "small",
            Element.INT8,
            Path("models/small.tflite"),
            Path("models/small.json"),
            Path("models/digits"),
            7,
        )
    }


def test_paths_begin_at_the_folder_that_holds_the_catalogues(folder: Path) -> None:
    model = load_catalogues(folder.absolute()).models["small"]
    assert model.file == folder.absolute().parent / "models/small.tflite"


def test_the_projects_own_catalogues_have_what_the_quickstart_needs() -> None:
    catalogues = load_catalogues(PROJECT / "matrix")
    assert catalogues.boards["virtual-f746"].kind is BoardKind.VIRTUAL
    assert catalogues.runtimes["builtin"].kernels == ("reference", "simd")
    assert catalogues.toolchains["path"].prefix == "arm-none-eabi-"
    assert catalogues.models["mnist-int8"].element is Element.INT8
    assert catalogues.models["mnist-float32"].element is Element.FLOAT32


WRONG = {
    "an unknown key": (
        "runtimes/builtin.yaml",
        FILES["runtimes/builtin.yaml"] + "kernel: x\n",
        "matrix/runtimes/builtin.yaml:4:1: unknown key 'kernel'\n  Did you mean 'kernels'?",
    ),
    "a missing key": (
        "toolchains/path.yaml",
        "description: none\n",
        "matrix/toolchains/path.yaml:1:1: the key 'prefix' is missing in the file\n"
        "  What stands before gcc, such as arm-none-eabi-.",
    ),
    "an unknown element": (
        "models/small.yaml",
        FILES["models/small.yaml"].replace("int8", "int9"),
        "matrix/models/small.yaml:1:10: element cannot be 'int9'\n  Did you mean 'int8'?",
    ),
    "a path out of the project": (
        "models/small.yaml",
        FILES["models/small.yaml"].replace("models/small.tflite", "../small.tflite"),
        "matrix/models/small.yaml:2:7: file cannot be '../small.tflite': it is not a path below the project\n"
        "  Write it as in 'firmware/models/x.tflite'.",
    ),
    "an absolute path": (
        "models/small.yaml",
        FILES["models/small.yaml"].replace("models/digits", "/etc/passwd"),
        "matrix/models/small.yaml:4:9: digits cannot be '/etc/passwd': it is not a path below the project\n"
        "  Write it as in 'firmware/models/x.tflite'.",
    ),
    "a digit above nine": (
        "models/small.yaml",
        FILES["models/small.yaml"].replace("7", "10"),
        "matrix/models/small.yaml:5:14: digit_label must be at most 9, but is 10",
    ),
    "an unknown kind of board": (
        "boards/lab.yaml",
        "kind: reel\nfirmware_board: x\n",
        "matrix/boards/lab.yaml:1:7: kind cannot be 'reel'\n  Did you mean 'real'?",
    ),
    "a virtual board with a port": (
        "boards/virtual.yaml",
        FILES["boards/virtual.yaml"] + "serial_port: /dev/ttyACM0\n",
        "matrix/boards/virtual.yaml:4:1: a virtual board brings its own serial port\n"
        "  Remove the key serial_port.",
    ),
    "a folder as the firmware's board": (
        "boards/lab.yaml",
        "kind: real\nfirmware_board: ../x\n",
        "matrix/boards/lab.yaml:2:17: firmware_board cannot be '../x': it is unfit for a file name\n"
        "  Use at most 60 letters, digits and . _ + -, a letter or digit first.",
    ),
    "kernels that are there twice": (
        "runtimes/builtin.yaml",
        "adapter: builtin\nkernels: [simd, simd]\nelements: [int8]\n",
        "matrix/runtimes/builtin.yaml:2:17: kernels has 'simd' twice\n  Keep one of them.",
    ),
    "an element that is there twice": (
        "runtimes/builtin.yaml",
        "adapter: builtin\nkernels: [simd]\nelements: [int8, int8]\n",
        "matrix/runtimes/builtin.yaml:3:18: elements has 'int8' twice\n  Keep one of them.",
    ),
    "no kernels": (
        "runtimes/builtin.yaml",
        "adapter: builtin\nkernels: []\nelements: [int8]\n",
        "matrix/runtimes/builtin.yaml:2:10: kernels is empty\n  Give it a value or remove it.",
    ),
    "a name with a space": (
        "models/my model.yaml",
        FILES["models/small.yaml"],
        "matrix/models/my model.yaml: an entry cannot be called 'my model': it is unfit for a file name\n"
        "  Use at most 60 letters, digits and . _ + -, a letter or digit first.",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_entry_is_named_with_its_place(folder: Path, case: str) -> None:
    name, text, message = WRONG[case]
    (folder / name).write_text(text)
    with pytest.raises(MatrixError) as caught:
        load_catalogues(folder)
    assert str(caught.value) == message


def test_a_catalogue_without_entries_is_an_error(folder: Path) -> None:
    (folder / "toolchains/path.yaml").unlink()
    with pytest.raises(MatrixError) as caught:
        load_catalogues(folder)
    assert str(caught.value) == (
        "matrix/toolchains has no .yaml file\n  A matrix needs at least one entry there."
    )
