"""A project has what comes with mcumatrix, and its own files in place of it."""

from dataclasses import replace
from pathlib import Path

import pytest

from mcumatrix.errors import MatrixError
from mcumatrix.matrix.catalogues import load_catalogues
from mcumatrix.matrix.load import find_matrix, load_matrix
from mcumatrix.own_code import code_behind
from mcumatrix.project import Project, shipped_folder
from mcumatrix.stages.chip import chip_of
from mcumatrix.workflow import REPORTERS, catalogues_of, platform_members

ROOT = Path(__file__).parents[1]


@pytest.fixture
def empty(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_an_empty_folder_has_all_that_comes_with_mcumatrix(empty: Project) -> None:
    path = find_matrix("quickstart", empty.matrix_folders)
    matrix = load_matrix(path, load_catalogues(empty.matrix_folders))
    assert len(matrix.variants) == 8
    for variant in matrix.variants:
        assert all(file.is_file() for file in (variant.model.golden, *variant.model.input_files))
    assert (empty.firmware / "app" / "main.c").is_file()
    assert (empty.templates / "report.md.j2").is_file()
    assert not list(empty.root.iterdir())


def test_a_checkout_uses_its_own_folders_alone() -> None:
    project = Project(ROOT)
    assert project.matrix_folders == ROOT / "matrix"
    assert (project.firmware, project.templates) == (ROOT / "firmware", ROOT / "templates")
    assert project.published_folders == ROOT / "results" / "published"


def test_a_file_of_ones_own_stands_for_the_shipped_one(empty: Project) -> None:
    board = empty.matrices / "boards" / "virtual-f746.yaml"
    board.parent.mkdir(parents=True)
    shipped = (shipped_folder() / "matrix/boards/virtual-f746.yaml").read_text()
    board.write_text(shipped + "baud: 9600\n")
    golden = empty.models / "golden" / "mnist-int8.json"
    golden.parent.mkdir(parents=True)
    golden.write_text("{}")
    catalogues = load_catalogues(empty.matrix_folders)
    assert catalogues.boards["virtual-f746"].baud == 9600
    assert "virtual-f767" in catalogues.boards
    assert catalogues.models["mnist-int8"].golden == golden
    assert catalogues.models["mnist-int8"].file == empty.shipped / "firmware/models/mnist-int8.tflite"
    # Models are no C sources: nothing is copied for them.
    assert empty.firmware == empty.shipped / "firmware"


def test_firmware_and_templates_of_ones_own_lie_over_the_shipped_ones(empty: Project) -> None:
    port = empty.root / "firmware" / "board" / "lab" / "board.json"
    port.parent.mkdir(parents=True)
    port.write_text('{"chip": "stm32f746ng"}')
    (empty.root / "templates").mkdir()
    (empty.root / "templates" / "report.md.j2").write_text("ours\n")
    # The kit has memory beside the chip.
    kit = chip_of(empty.firmware, "stm32f746g_disco")
    assert chip_of(empty.firmware, "lab") == replace(kit, external=(), external_flash=None)
    assert (empty.templates / "report.md.j2").read_text() == "ours\n"
    assert (empty.templates / "wire.h.j2").is_file()
    changed = {name for name, sha256 in _code(empty) if sha256 != dict(_code(Project(ROOT)))[name]}
    assert changed == {"report.md.j2"}


def _code(project: Project) -> list[tuple[str, str]]:
    return list(code_behind(REPORTERS, project.templates).items())


def test_a_file_is_called_alike_wherever_it_lies(empty: Project) -> None:
    member = platform_members(empty, chip_of(empty.firmware, "nucleo_f767zi"), "nucleo_f767zi")[-1]
    assert empty.name_of(member) == "firmware/board/nucleo_f767zi"
    assert empty.name_of(empty.root / "build/firmware/app/main.c") == "firmware/app/main.c"
    assert empty.name_of(empty.root / "build/images/x/image.elf") == "build/images/x/image.elf"
    assert empty.name_of(Path("/somewhere/else")) is None
    said = f"{empty.shipped}/firmware/models/x.json and {empty.root}/matrix/x.yaml"
    assert empty.with_names(said) == "firmware/models/x.json and matrix/x.yaml"


CLOCKS = """\
axes:
  runtime: builtin
  kernels: simd
  clock: [{clock}]
  model: mnist-int8
  board: virtual-f746
"""


@pytest.mark.parametrize("clock", ["1 MHz", "24 MHz", "217.3 MHz", "500 MHz"])
def test_a_clock_that_the_board_cannot_make_is_an_error_where_it_stands(empty: Project, clock: str) -> None:
    path = empty.root / "m.yaml"
    path.write_text(CLOCKS.format(clock=f"216 MHz, {clock}"))
    with pytest.raises(MatrixError) as caught:
        load_matrix(path, catalogues_of(empty))
    spelled = clock.replace("217.3 MHz", "217300 kHz")
    assert str(caught.value) == (
        f"{path}:4:20: the value {spelled!r} of the axis 'clock' is left without a variant: virtual-f746 has "
        f"no clock of {spelled}; it makes 50 MHz to 432 MHz in steps of 1 MHz\n"
        "  Remove it, or add what it can be combined with."
    )


@pytest.mark.parametrize("clock", ["50 MHz", "217 MHz", "432 MHz"])
def test_a_clock_that_the_board_makes_is_none(empty: Project, clock: str) -> None:
    path = empty.root / "m.yaml"
    path.write_text(CLOCKS.format(clock=clock))
    assert len(load_matrix(path, catalogues_of(empty)).variants) == 1
