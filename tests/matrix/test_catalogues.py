"""Catalogues: one small file for each entry."""

from pathlib import Path

import pytest
import serial.urlhandler

from mcumatrix.errors import MatrixError
from mcumatrix.matrix.catalogues import load_boards, load_catalogues
from mcumatrix.matrix.schema.scalars import SERIAL_SCHEMES
from mcumatrix.model.catalogue import (
    Board,
    BoardKind,
    ConnectMode,
    Dataset,
    DigitInput,
    Element,
    Model,
    ModelPin,
    Runtime,
    Timeouts,
    TimingModel,
    Toolchain,
    Unit,
)
from mcumatrix.model.current import EnergySetup

PROJECT = Path(__file__).parents[2]
REAL = "kind: real\nfirmware_board: stm32f746g_disco\ntarget: stm32f746xg\n"
VIRTUAL = REAL.replace("real", "virtual")
FILES = {
    "boards/lab.yaml": REAL + "serial_port: /dev/ttyS0\nbaud: 9600\n",
    "boards/virtual.yaml": VIRTUAL,
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


def test_catalogues_of_files_that_were_read_before_are_the_same(folder: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    first = load_catalogues(folder, kept)
    assert kept.exists()
    assert load_catalogues(folder, kept) == first == load_catalogues(folder)


def test_an_entry_has_the_name_of_its_file_and_paths_below_the_project(folder: Path) -> None:
    catalogues = load_catalogues(folder)
    assert catalogues.boards == {
        "lab": Board(
            name="lab",
            kind=BoardKind.REAL,
            firmware_board="stm32f746g_disco",
            target="stm32f746xg",
            units=(Unit(serial_port="/dev/ttyS0"),),
            baud=9600,
        ),
        "virtual": Board(
            "virtual",
            BoardKind.VIRTUAL,
            "stm32f746g_disco",
            "stm32f746xg",
            units=(Unit(), Unit()),
            timeouts=Timeouts(connect_s=60),
        ),
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
            DigitInput(Path("models/digits"), 7),
        )
    }


def test_paths_begin_at_the_folder_that_holds_the_catalogues(folder: Path) -> None:
    model = load_catalogues(folder.absolute()).models["small"]
    assert model.file == folder.absolute().parent / "models/small.tflite"


def test_a_hybrid_model_has_weights_of_another_type(folder: Path) -> None:
    (folder / "models/hybrid.yaml").write_text(
        FILES["models/small.yaml"].replace("element: int8", "element: float32\nweights: int8")
    )
    models = load_catalogues(folder).models
    assert (models["hybrid"].element, models["hybrid"].weights) == (Element.FLOAT32, Element.INT8)
    assert models["hybrid"].is_hybrid
    assert models["small"].weights is None
    assert not models["small"].is_hybrid


def test_weights_of_the_activations_type_do_not_make_a_model_hybrid(folder: Path) -> None:
    (folder / "models/small.yaml").write_text(FILES["models/small.yaml"] + "weights: int8\n")
    assert not load_catalogues(folder).models["small"].is_hybrid


def test_a_real_board_has_what_a_probe_needs_and_how_long_it_may_take(folder: Path) -> None:
    (folder / "boards/lab.yaml").write_text(
        REAL
        + "connect: under-reset\nswd_frequency: 1.8MHz\nprobe: 066BFF30\nserial_port: rfc2217://lab1:4000\n"
        + "power_cycle: uhubctl -a cycle -p 'port 2'\n"
        + "timeouts: {connect: 500 ms, program: 2 min, measure: 1 h}\n"
    )
    assert load_boards(folder)["lab"] == Board(
        name="lab",
        kind=BoardKind.REAL,
        firmware_board="stm32f746g_disco",
        target="stm32f746xg",
        units=(Unit("066BFF30", "rfc2217://lab1:4000", ("uhubctl", "-a", "cycle", "-p", "port 2")),),
        connect=ConnectMode.UNDER_RESET,
        swd_hz=1_800_000,
        timeouts=Timeouts(connect_s=0.5, program_s=120, boot_s=15, measure_s=3600),
    )


@pytest.mark.parametrize(
    ("board", "said", "connect_s"),
    [
        (REAL + "serial_port: loop://\n", "", 10),
        ("kind: virtual\nfirmware_board: b\ntarget: t\n", "", 60),
        ("kind: virtual\nfirmware_board: b\ntarget: t\n", "timeouts: {boot: 3 s}\n", 60),
        ("kind: virtual\nfirmware_board: b\ntarget: t\n", "timeouts: {connect: 10 s}\n", 10),
    ],
)
def test_a_virtual_board_may_take_longer_to_connect_where_its_file_does_not_say_how_long(
    folder: Path, board: str, said: str, connect_s: float
) -> None:
    (folder / "boards/lab.yaml").write_text(board + said)
    assert load_boards(folder)["lab"].timeouts.connect_s == connect_s


def test_a_board_is_flashed_and_run_by_what_its_file_names(folder: Path) -> None:
    (folder / "boards/lab.yaml").write_text(REAL + "serial_port: /dev/ttyUSB0\n")
    (folder / "boards/other.yaml").write_text(
        REAL + "serial_port: /dev/ttyUSB1\nflasher: openocd\nadapter: renode\n"
    )
    boards = load_boards(folder)
    assert (boards["lab"].flasher, boards["lab"].adapter) == ("pyocd", "")
    assert (boards["other"].flasher, boards["other"].adapter) == ("openocd", "renode")


def test_several_specimens_of_a_real_board_are_its_units(folder: Path) -> None:
    (folder / "boards/lab.yaml").write_text(
        REAL
        + "units:\n  - {probe: 001050076605, serial_port: /dev/ttyACM0, power_cycle: usb-off 1}\n"
        + "  - {probe: 001050076606, serial_port: /dev/ttyACM1}\n"
    )
    assert load_boards(folder)["lab"].units == (
        Unit("001050076605", "/dev/ttyACM0", ("usb-off", "1")),
        Unit("001050076606", "/dev/ttyACM1"),
    )


def test_a_single_unit_needs_no_probe(folder: Path) -> None:
    (folder / "boards/lab.yaml").write_text(REAL + "units: [{serial_port: /dev/ttyACM0}]\n")
    assert load_boards(folder)["lab"].units == (Unit("", "/dev/ttyACM0"),)


LABGRID = "kind: labgrid\nfirmware_board: stm32f746g_disco\ntarget: stm32f746xg\n"
COORDINATOR = "coordinator: lab1:20408\n"


def test_a_place_of_labgrid_is_hardware_and_tells_by_itself_what_the_file_does_not(folder: Path) -> None:
    (folder / "boards/lab.yaml").write_text(LABGRID + COORDINATOR + "place: disco-1\n")
    board = load_boards(folder)["lab"]
    assert (board.kind, board.adapter, board.coordinator) == (BoardKind.REAL, "labgrid", "lab1:20408")
    assert board.units == (Unit(place="disco-1"),)


def test_several_places_are_units_and_a_timing_model_says_that_the_board_is_virtual(folder: Path) -> None:
    (folder / "boards/lab.yaml").write_text(
        LABGRID
        + "coordinator: lab1\ntiming_model: m7-cache-2\nunits:\n  - place: disco-1\n"
        + "  - {place: disco-2, probe: 'remote:lab1:5555', serial_port: 'socket://lab1:4000',\n"
        + "     power_cycle: off 2}\n"
    )
    board = load_boards(folder)["lab"]
    assert (board.kind, board.timing_model) == (BoardKind.VIRTUAL, TimingModel.M7_CACHE_2)
    assert board.units == (
        Unit(place="disco-1"),
        Unit("remote:lab1:5555", "socket://lab1:4000", ("off", "2"), "disco-2"),
    )


@pytest.mark.parametrize(
    ("text", "model"),
    [("", TimingModel.M7_BLOCK_1), ("timing_model: instructions\n", TimingModel.INSTRUCTIONS)],
)
def test_a_virtual_board_makes_its_cycles_as_the_file_says(
    folder: Path, text: str, model: TimingModel
) -> None:
    (folder / "boards/virtual.yaml").write_text(VIRTUAL + text)
    assert load_boards(folder)["virtual"].timing_model is model


@pytest.mark.parametrize(("text", "count"), [("", 2), ("count: 1\n", 1), ("count: 16\n", 16)])
def test_as_many_virtual_boards_run_at_once_as_the_file_counts(folder: Path, text: str, count: int) -> None:
    (folder / "boards/virtual.yaml").write_text(VIRTUAL + text)
    assert load_boards(folder)["virtual"].units == (Unit(),) * count


@pytest.mark.parametrize(
    "port",
    [
        "/dev/ttyACM0",
        "/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A10K-if00-port0",
        "rfc2217://lab1.example.org:4000?ign_set_control",
        "rfc2217://[::1]:4000",
        "socket://10.0.0.2:4000",
        "loop://",
        "hwgrep://0403:6001",
    ],
)
def test_a_serial_port_is_a_device_or_a_url_of_pyserial(folder: Path, port: str) -> None:
    (folder / "boards/lab.yaml").write_text(REAL + f"serial_port: '{port}'\n")
    assert load_boards(folder)["lab"].units[0].serial_port == port


def test_every_kind_of_url_that_pyserial_opens_is_allowed() -> None:
    handlers = Path(serial.urlhandler.__path__[0]).glob("protocol_*.py")
    assert {path.stem.removeprefix("protocol_") for path in handlers} == set(SERIAL_SCHEMES)


@pytest.mark.parametrize(
    ("name", "target", "port"),
    [
        ("stm32f746g-disco", "stm32f746xg", "/dev/ttyUSB0"),
        ("nucleo-f767zi", "stm32f767xi", "/dev/ttyACM0"),
    ],
)
def test_the_boards_that_are_shipped_for_real_hardware_load_as_they_are(
    name: str, target: str, port: str
) -> None:
    board = load_boards(PROJECT / "matrix")[name]
    assert (board.kind, board.target, board.connect) == (BoardKind.REAL, target, ConnectMode.UNDER_RESET)
    assert (board.swd_hz, board.baud) == (4_000_000, 115_200)
    assert board.units == (Unit("", port),)
    assert (PROJECT / "firmware/board" / board.firmware_board).is_dir()


def test_every_board_that_is_shipped_has_a_target_that_pyocd_finds() -> None:
    import pyocd.core.soc_target  # noqa: F401, the plugins are loaded with it
    from pyocd.target import TARGET

    for board in load_boards(PROJECT / "matrix").values():
        assert board.target in TARGET, board.name


def test_the_projects_own_catalogues_have_what_the_quickstart_needs() -> None:
    catalogues = load_catalogues(PROJECT / "matrix")
    assert catalogues.boards["virtual-f746"].kind is BoardKind.VIRTUAL
    assert catalogues.runtimes["builtin"].kernels == ("reference", "simd")
    assert catalogues.toolchains["path"].prefix == "arm-none-eabi-"
    assert catalogues.models["mnist-int8"].element is Element.INT8
    assert catalogues.models["mnist-float32"].element is Element.FLOAT32


def test_the_projects_models_for_tensorflow_lite_micro_say_their_types() -> None:
    models = load_catalogues(PROJECT / "matrix").models
    assert (models["mnist-uint8"].element, models["mnist-uint8"].is_hybrid) == (Element.UINT8, False)
    assert (models["mnist-hybrid"].element, models["mnist-hybrid"].weights) == (
        Element.FLOAT32,
        Element.INT8,
    )
    for model in models.values():
        assert (model.file is None) != (model.pin is None), "here, or somewhere else by its pin"
        assert model.file is None or model.file.is_file()
        assert model.golden is None or model.golden.is_file()


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
    "weights that do not go with the activations": (
        "models/small.yaml",
        FILES["models/small.yaml"] + "weights: float32\n",
        "matrix/models/small.yaml:6:10: weights of float32 do not go with activations of int8\n"
        "  Only a model of float32 can have other weights; remove the key.",
    ),
    "a path out of the project": (
        "models/small.yaml",
        FILES["models/small.yaml"].replace("models/small.tflite", "../small.tflite"),
        "matrix/models/small.yaml:2:7: file.path cannot be '../small.tflite': it is not a path below the"
        " project\n"
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
    "a labelled set that is here and somewhere else": (
        "models/small.yaml",
        FILES["models/small.yaml"] + "dataset: {samples: a.npz, url: 'https://example.org/a.npz'}\n",
        "matrix/models/small.yaml:6:10: a labelled set has samples, or the url of an .npz\n"
        "  Write dataset: PATH, or dataset: {url: ..., sha256: ...}.",
    ),
    "a labelled set without its checksum": (
        "models/small.yaml",
        FILES["models/small.yaml"] + "dataset: {url: 'https://example.org/a.npz'}\n",
        "matrix/models/small.yaml:6:10: url and sha256 go together\n"
        "  Nothing is fetched without its checksum.",
    ),
    "a labelled set that would have to be unpacked": (
        "models/small.yaml",
        FILES["models/small.yaml"] + f"dataset: {{url: 'https://example.org/a.zip', sha256: {'a' * 64}}}\n",
        "matrix/models/small.yaml:6:16: only an .npz can be fetched as a labelled set\n  Pack it as one.",
    ),
    "samples without labels": (
        "models/small.yaml",
        FILES["models/small.yaml"] + "dataset: a.npy\n",
        "matrix/models/small.yaml:6:10: samples of .npy have no labels, and the key labels is missing\n"
        "  Add labels: an .npy or .csv with the number of each class.",
    ),
    "labels beside those of an archive": (
        "models/small.yaml",
        FILES["models/small.yaml"] + "dataset: {samples: a.npz, labels: l.npy}\n",
        "matrix/models/small.yaml:6:27: labels are for samples of .npy or .csv; an .npz or a folder has its "
        "own\n  Remove it.",
    ),
    "an unknown kind of board": (
        "boards/lab.yaml",
        REAL.replace("real", "reel"),
        "matrix/boards/lab.yaml:1:7: kind cannot be 'reel'\n  Did you mean 'real'?",
    ),
    "a virtual board with a port": (
        "boards/virtual.yaml",
        VIRTUAL + "serial_port: /dev/ttyACM0\n",
        "matrix/boards/virtual.yaml:4:1: a virtual board brings its own serial port\n"
        "  Remove the key serial_port.",
    ),
    "a folder as the firmware's board": (
        "boards/lab.yaml",
        REAL.replace("stm32f746g_disco", "../x") + "serial_port: /dev/ttyS0\n",
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


LAB = "matrix/boards/lab.yaml"
PORT = "serial_port: /dev/ttyS0\n"
WRONG_BOARDS = {
    "no target": (
        REAL.replace("target: stm32f746xg\n", "") + PORT,
        f"{LAB}:1:1: the key 'target' is missing in the file\n"
        "  The chip as the flasher calls it; for pyocd such as stm32f407vg.",
    ),
    "an unknown way to connect": (
        REAL + PORT + "connect: under_reset\n",
        f"{LAB}:5:10: connect cannot be 'under_reset'\n  Did you mean 'under-reset'?",
    ),
    "a frequency without a unit": (
        REAL + PORT + "swd_frequency: 4000\n",
        f"{LAB}:5:16: swd_frequency cannot be '4000': it is no frequency between 1 kHz and 50 MHz\n"
        "  Write a number and a unit, such as '4 MHz'.",
    ),
    "a frequency above what any probe has": (
        REAL + PORT + "swd_frequency: 51 MHz\n",
        f"{LAB}:5:16: swd_frequency cannot be '51 MHz': it is no frequency between 1 kHz and 50 MHz\n"
        "  Write a number and a unit, such as '4 MHz'.",
    ),
    "a frequency below what any probe has": (
        REAL + PORT + "swd_frequency: 999 Hz\n",
        f"{LAB}:5:16: swd_frequency cannot be '999 Hz': it is no frequency between 1 kHz and 50 MHz\n"
        "  Write a number and a unit, such as '4 MHz'.",
    ),
    "a time without a unit": (
        REAL + PORT + "timeouts:\n  boot: 10\n",
        f"{LAB}:6:9: timeouts.boot cannot be '10': it is no time between 1 ms and 1 h\n"
        "  Write a number and a unit, such as '500 ms', '10 s' or '2 min'.",
    ),
    "a time above an hour": (
        REAL + PORT + "timeouts: {measure: 2 h}\n",
        f"{LAB}:5:21: timeouts.measure cannot be '2 h': it is no time between 1 ms and 1 h\n"
        "  Write a number and a unit, such as '500 ms', '10 s' or '2 min'.",
    ),
    "an unknown phase": (
        REAL + PORT + "timeouts: {measures: 2 min}\n",
        f"{LAB}:5:12: unknown key 'measures'\n  Did you mean 'measure'?",
    ),
    "a probe with a space": (
        REAL + PORT + "probe: ST LINK\n",
        f"{LAB}:5:8: probe cannot be 'ST LINK': it is no unique id of a debug probe\n"
        "  `doit boards` lists those that are attached.",
    ),
    "an empty probe": (
        REAL + PORT + "probe:\n",
        f"{LAB}:5:1: probe is empty\n  Give it a value or remove it.",
    ),
    "a port that is no path": (
        REAL + "serial_port: ttyACM0\n",
        f"{LAB}:4:14: serial_port cannot be 'ttyACM0': it is neither a device nor a URL of pyserial\n"
        "  Write it as in '/dev/ttyACM0' or 'rfc2217://host:4000'.",
    ),
    "a port of an unknown kind": (
        REAL + "serial_port: rfc2117://lab1:4000\n",
        f"{LAB}:4:14: serial_port cannot be 'rfc2117://lab1:4000': pyserial has no such URLs\n"
        "  Did you mean 'rfc2217'?",
    ),
    "a network port without its number": (
        REAL + "serial_port: socket://lab1\n",
        f"{LAB}:4:14: serial_port cannot be 'socket://lab1': it has no host and port\n"
        "  Write it as in 'socket://host:4000'.",
    ),
    "a power switch with an open quote": (
        REAL + PORT + "power_cycle: usb-off 'port 1\n",
        f'{LAB}:5:14: power_cycle cannot be "usb-off \'port 1": its quotes do not match\n'
        "  Close every quote; no shell sees the command.",
    ),
    "a power switch without a command": (
        REAL + PORT + "power_cycle: ' '\n",
        f"{LAB}:5:14: power_cycle cannot be ' ': it is empty\n"
        "  Write a command with its arguments, or remove the key.",
    ),
    "a power switch as a list": (
        REAL + PORT + "power_cycle: [usb-off, 1]\n",
        f"{LAB}:5:14: power_cycle must be text, but is a list",
    ),
    "no serial port": (
        REAL,
        f"{LAB}:1:1: the key 'serial_port' is missing in the file\n"
        "  A device, or a URL of pyserial such as rfc2217://host:4000.",
    ),
    "no serial port in a unit": (
        REAL + "units:\n  - {probe: a, serial_port: /dev/ttyACM0}\n  - probe: b\n",
        f"{LAB}:6:5: the key 'serial_port' is missing in units[1]\n"
        "  A device, or a URL of pyserial such as rfc2217://host:4000.",
    ),
    "an unknown key in a unit": (
        REAL + "units:\n  - {prob: a, serial_port: /dev/ttyACM0}\n",
        f"{LAB}:5:6: unknown key 'prob'\n  Did you mean 'probe'?",
    ),
    "no units": (
        REAL + "units: []\n",
        f"{LAB}:4:8: units is empty\n  Give it a value or remove it.",
    ),
    "a port beside units": (
        REAL + "probe: b\nunits: [{serial_port: /dev/ttyACM0}]\n",
        f"{LAB}:4:1: probe stands beside units\n  Move it to the unit that has it.",
    ),
    "several units of which one has no probe": (
        REAL + "units:\n  - {probe: a, serial_port: /dev/ttyACM0}\n  - {serial_port: /dev/ttyACM1}\n",
        f"{LAB}:6:5: the key 'probe' is missing in units[1]\n"
        "  Where there are several units, each names its probe; `doit boards` lists them.",
    ),
    "a probe that is there twice": (
        REAL
        + "units:\n  - {probe: ab, serial_port: /dev/ttyACM0}\n  - {probe: AB, serial_port: /dev/ttyACM1}\n",
        f"{LAB}:6:13: probe 'AB' is here twice, first in units[0]\n  Each unit has its own.",
    ),
    "a port that is there twice": (
        REAL
        + "units:\n  - {probe: a, serial_port: /dev/ttyACM0}\n  - {probe: b, serial_port: /dev/ttyACM0}\n",
        f"{LAB}:6:29: serial_port '/dev/ttyACM0' is here twice, first in units[0]\n  Each unit has its own.",
    ),
    "a real board that is counted": (
        REAL + PORT + "count: 2\n",
        f"{LAB}:5:1: count is for virtual boards\n  Name the specimens of a real board under units.",
    ),
    "a real board with a timing model": (
        REAL + PORT + "timing_model: m7-block-1\n",
        f"{LAB}:5:1: timing_model is for virtual boards\n  A real board counts its cycles itself.",
    ),
    "a timing model that is not there": (
        VIRTUAL + "timing_model: m7-block\n",
        f"{LAB}:4:15: timing_model cannot be 'm7-block'\n  Did you mean 'm7-block-1'?",
    ),
    "a virtual board with a probe": (
        VIRTUAL + "probe: a\n",
        f"{LAB}:4:1: a virtual board brings its own debug probe\n  Remove the key probe.",
    ),
    "a virtual board with a power switch": (
        VIRTUAL + "power_cycle: usb-off\n",
        f"{LAB}:4:1: a virtual board needs nobody to switch it off\n  Remove the key power_cycle.",
    ),
    "a virtual board with units": (
        VIRTUAL + "units: [{serial_port: /dev/ttyACM0}]\n",
        f"{LAB}:4:1: a virtual board has no specimens of its own; count says how many may run\n"
        "  Remove the key units.",
    ),
    "a place without a coordinator": (
        LABGRID + "place: disco-1\n",
        f"{LAB}:1:1: the key 'coordinator' is missing in the file\n"
        "  labgrid's coordinator, which hands out its places, as in 'lab1' or 'lab1:20408'.",
    ),
    "a coordinator without a place": (
        LABGRID + COORDINATOR,
        f"{LAB}:1:1: the key 'place' is missing in the file\n  What its coordinator of labgrid calls it.",
    ),
    "a unit of labgrid without a place": (
        LABGRID + COORDINATOR + "units:\n  - {place: a}\n  - {probe: 'remote:b:1'}\n",
        f"{LAB}:7:5: the key 'place' is missing in units[1]\n  What its coordinator of labgrid calls it.",
    ),
    "a place that is there twice": (
        LABGRID + COORDINATOR + "units:\n  - {place: a}\n  - {place: a}\n",
        f"{LAB}:7:13: place 'a' is here twice, first in units[0]\n  Each unit has its own.",
    ),
    "a coordinator that is none": (
        LABGRID + "coordinator: http://lab1\nplace: a\n",
        f"{LAB}:4:14: coordinator cannot be 'http://lab1': it is no host, nor host and port\n"
        "  Write it as in 'lab1' or 'lab1:20408'.",
    ),
    "a place that is none": (
        LABGRID + COORDINATOR + "place: -x\n",
        f"{LAB}:5:8: place cannot be '-x': it is no name of a place\n"
        "  `labgrid-client places` lists those that there are.",
    ),
    "a place of labgrid with another adapter": (
        LABGRID + COORDINATOR + "place: a\nadapter: other\n",
        f"{LAB}:6:1: a place of labgrid has its own adapter\n  Remove the key adapter.",
    ),
    "a virtual board behind labgrid with a current probe": (
        LABGRID
        + COORDINATOR
        + "place: a\ntiming_model: m4-1\nenergy: {probe: ppk2, port: /dev/ttyACM9, voltage_v: 3.3}\n",
        f"{LAB}:7:1: a virtual board draws no current, and none is invented for it\n  Remove the key energy.",
    ),
    "a real board with a coordinator": (
        REAL + PORT + COORDINATOR,
        f"{LAB}:5:1: coordinator is for kind labgrid\n  Remove the key coordinator.",
    ),
    "a real board with a place": (
        REAL + "units:\n  - {serial_port: /dev/ttyACM0, place: a}\n",
        f"{LAB}:5:33: place is for kind labgrid\n  Remove the key place.",
    ),
    "a virtual board with a place": (
        VIRTUAL + "place: a\n",
        f"{LAB}:4:1: a virtual board of kind labgrid is one of another machine\n  Remove the key place.",
    ),
    "too many virtual boards": (VIRTUAL + "count: 17\n", f"{LAB}:4:8: count must be at most 16, but is 17"),
    "no virtual board": (VIRTUAL + "count: 0\n", f"{LAB}:4:8: count must be at least 1, but is 0"),
}


@pytest.mark.parametrize("case", WRONG_BOARDS)
def test_a_wrong_board_is_named_with_its_place(folder: Path, case: str) -> None:
    text, message = WRONG_BOARDS[case]
    (folder / "boards/lab.yaml").write_text(text)
    with pytest.raises(MatrixError) as caught:
        load_boards(folder)
    assert str(caught.value) == message


def test_everything_that_is_wrong_with_a_board_is_said_at_once(folder: Path) -> None:
    (folder / "boards/lab.yaml").write_text(
        REAL + "count: 2\nprobe: a\nunits:\n  - {serial_port: /dev/a}\n  - {serial_port: /dev/a}\n"
    )
    with pytest.raises(MatrixError) as caught:
        load_boards(folder)
    places = [line.split(" ")[0] for line in str(caught.value).splitlines() if line.startswith("matrix/")]
    assert places == [f"{LAB}:4:1:", f"{LAB}:5:1:", f"{LAB}:7:5:", f"{LAB}:8:5:", f"{LAB}:8:19:"]


def test_a_catalogue_without_entries_is_an_error(folder: Path) -> None:
    (folder / "toolchains/path.yaml").unlink()
    with pytest.raises(MatrixError) as caught:
        load_catalogues(folder)
    assert str(caught.value) == (
        "matrix/toolchains has no .yaml file\n  A matrix needs at least one entry there."
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dataset: sets/a", Dataset(Path("sets/a"))),
        ("dataset: {samples: a.csv, labels: l.csv}", Dataset(Path("a.csv"), Path("l.csv"))),
        (
            "dataset: {samples: a.npz, answers: g/a.npz}",
            Dataset(Path("a.npz"), answers=Path("g/a.npz")),
        ),
        (
            f"dataset: {{url: 'https://example.org/a.npz', sha256: {'a' * 64}}}",
            Dataset(None, pin=ModelPin("https://example.org/a.npz", "a" * 64)),
        ),
    ],
)
def test_a_model_names_its_labelled_set(folder: Path, text: str, expected: Dataset) -> None:
    (folder / "models" / "small.yaml").write_text(f"{FILES['models/small.yaml']}{text}\n")
    assert load_catalogues(folder).models["small"].dataset == expected


ENERGY = "serial_port: /dev/ttyACM0\nenergy: {probe: ppk2, port: /dev/ttyACM1, voltage_v: 3.3"


def test_the_energy_of_a_board_is_measured_as_its_file_says(folder: Path) -> None:
    text = f"{ENERGY}, mode: source, channel: 3, accuracy_percent: 3, accuracy_source: a certificate}}\n"
    (folder / "boards/lab.yaml").write_text(REAL + text)
    assert load_boards(folder)["lab"].energy == EnergySetup(
        "ppk2", "/dev/ttyACM1", 3.3, True, 3, accuracy_percent=3.0, accuracy_source="a certificate"
    )


def test_no_energy_is_invented_for_a_virtual_board(folder: Path) -> None:
    (folder / "boards/virtual.yaml").write_text(
        VIRTUAL + "energy: {probe: csv, port: trace.csv, voltage_v: 3.3}\n"
    )
    with pytest.raises(MatrixError) as raised:
        load_boards(folder)
    assert "a virtual board draws no current, and none is invented for it" in raised.value.message
    assert "Remove the key energy." in str(raised.value)


def test_an_accuracy_needs_somebody_who_says_so(folder: Path) -> None:
    (folder / "boards/lab.yaml").write_text(REAL + f"{ENERGY}, accuracy_percent: 3}}\n")
    with pytest.raises(MatrixError) as raised:
        load_boards(folder)
    assert "accuracy_percent and accuracy_source go together" in raised.value.message
