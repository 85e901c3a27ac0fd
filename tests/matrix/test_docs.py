"""What docs/matrix.md and docs/boards.md show is true."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from mcumatrix.matrix.catalogues import load_boards, load_catalogues
from mcumatrix.matrix.load import find_matrix, load_matrix
from mcumatrix.matrix.schema.board_file import BoardFile, TimeoutsFile
from mcumatrix.matrix.schema.matrix_file import MatrixFile
from mcumatrix.matrix.select import select
from mcumatrix.model.axes import BUILTIN
from mcumatrix.model.variant import Matrix, Outcome

PROJECT = Path(__file__).parents[2]
DOCS = (PROJECT / "docs/matrix.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", DOCS, re.DOTALL)
BOARDS_DOCS = (PROJECT / "docs/boards.md").read_text(encoding="utf-8")
BOARDS = re.findall(r"```yaml\n(.*?)```", BOARDS_DOCS, re.DOTALL)


@pytest.mark.parametrize(
    ("example", "variants"), [(0, 8), (1, 8), (2, 6), (3, 7), (4, 1), (5, 4), (6, 4), (7, 4)]
)
def test_every_example_is_a_matrix(load: Callable[[str], Matrix], example: int, variants: int) -> None:
    assert len(EXAMPLES) == 8
    # The catalogue of these tests has no board that sees addresses.
    text = EXAMPLES[example].replace("virtual-f746-cache", "virtual-f746")
    assert len(load(text).variants) == variants


def test_the_example_of_includes_does_what_its_comments_say(load: Callable[[str], Matrix]) -> None:
    matrix = load(EXAMPLES[3])
    assert [(variant.slug, variant.repeat, variant.expect.outcome) for variant in matrix.variants] == [
        ("builtin_reference_216MHz_mnist-float32", 3, Outcome.PASS),
        ("builtin_reference_216MHz_mnist-int8", 3, Outcome.PASS),
        ("builtin_simd_216MHz_mnist-float32_O3", 20, Outcome.PASS),
        ("builtin_simd_216MHz_mnist-int8_O3", 20, Outcome.PASS),
        ("builtin_simd_288MHz_mnist-float32", 3, Outcome.FAIL),
        ("builtin_simd_288MHz_mnist-int8", 3, Outcome.PASS),
        ("builtin_simd_200MHz_mnist-int8", 3, Outcome.PASS),
    ]


def test_every_key_and_every_axis_is_explained() -> None:
    for name in (*MatrixFile.model_fields, *BUILTIN):
        assert f"| `{name}` |" in DOCS


def test_every_selection_that_is_shown_selects_something(load: Callable[[str], Matrix]) -> None:
    variants = load(EXAMPLES[0]).variants
    expressions = re.search(r"expression over axes:\n\n((?:    .*\n)+)", DOCS)
    assert expressions is not None
    counts = [len(select(variants, line.strip())) for line in expressions[1].splitlines()]
    assert counts == [2, 2, 4]


def test_the_quickstart_is_the_first_example_and_has_eight_variants() -> None:
    folder = PROJECT / "matrix"
    quickstart = load_matrix(find_matrix("quickstart", folder), load_catalogues(folder))
    assert [variant.slug for variant in quickstart.variants] == [
        "builtin_reference_216MHz_mnist-float32",
        "builtin_reference_216MHz_mnist-int8",
        "builtin_reference_288MHz_mnist-float32",
        "builtin_reference_288MHz_mnist-int8",
        "builtin_simd_216MHz_mnist-float32",
        "builtin_simd_216MHz_mnist-int8",
        "builtin_simd_288MHz_mnist-float32",
        "builtin_simd_288MHz_mnist-int8",
    ]
    assert {variant.repeat for variant in quickstart.variants} == {3}
    assert quickstart.exclusions == ()


@pytest.mark.parametrize(("example", "units"), [(0, 1), (1, 2)])
def test_every_example_of_a_board_is_a_board(tmp_path: Path, example: int, units: int) -> None:
    assert len(BOARDS) == 2
    (tmp_path / "boards").mkdir()
    (tmp_path / "boards/lab.yaml").write_text(BOARDS[example])
    assert len(load_boards(tmp_path)["lab"].units) == units


def test_every_key_of_a_board_is_explained_with_what_it_is_if_it_is_not_given() -> None:
    for name in BoardFile.model_fields:
        assert f"| `{name}` |" in BOARDS_DOCS
    for name, field in TimeoutsFile.model_fields.items():
        assert f"| `{name}` | `{field.default}` |" in BOARDS_DOCS
    for name in ("flasher", "connect", "swd_frequency", "baud", "count", "timing_model"):
        row = re.search(rf"\| `{name}` \|.* if not given", BOARDS_DOCS)
        assert row and str(BoardFile.model_fields[name].default) in row[0]
