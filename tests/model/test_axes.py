"""One table of axes, which everything follows: an axis is added by an entry, in a copy of the package."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mcumatrix.model.axes import AXES, AxisKind
from mcumatrix.model.variant import Variant

ROOT = Path(__file__).parents[2]

ENTRIES = '''
    BuiltinAxis(
        "speed",
        AxisKind.BUILD,
        "What the compiler looks at.",
        value=lambda text, _: Setting("speed", text, flags=(f"-O{text}",)),
        values=lambda _: ("2", "3"),
        default=("2",),
        keeps_cycles=True,
        column="level",
        cell=int,
    ),
    BuiltinAxis(
        "supply",
        AxisKind.RUN,
        "The voltage of the board.",
        value=lambda text, _: Setting("supply", text),
        hint="Write it as in 3.3V.",
        spelled=lambda text: f"{float(text.removesuffix('V'))}V",
        default=("3.3V",),
        always_in_slug=True,
    ),
)
"""In the order of columns and slugs."""
'''

SCRIPT = '''
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from mcumatrix import workflow
from mcumatrix.errors import MatrixError
from mcumatrix.matrix.load import load_matrix
from mcumatrix.matrix.catalogues import load_catalogues
from mcumatrix.matrix.schema.files import schema_text
from mcumatrix.matrix.select import select
from mcumatrix.model.chip import Chip
from mcumatrix.model.image import ToolchainIdentity
from mcumatrix.report.content.findings.find import find
from mcumatrix.report.content.tables import case_table, number_cases
from mcumatrix.results.frame import rows_by_record
from mcumatrix.stages.build import plan_platform
from support.variants import a_record

here, catalogues = Path(sys.argv[1]), load_catalogues(Path(sys.argv[3]))

def matrix(text):
    path = here / "some.yaml"
    path.write_text(text)
    return load_matrix(path, catalogues)

def wrong(text):
    try:
        matrix(text)
    except MatrixError as error:
        return str(error).removeprefix(str(here))

base = """
axes:
  runtime: builtin
  kernels: simd
  clock: 216 MHz
  model: mnist-int8
  board: virtual-f746
"""
plain = matrix(base)
full = matrix(base + """  speed: [2, 3]
  supply: [3.30V, 1.8V]
exclude:
  - {speed: 3, supply: 1.80V, reason: too slow}
include:
  - {speed: 2, supply: 1.8V, repeat: 7}
""")
cases = number_cases(full.variants, [a_record(variant=variant) for variant in full.variants])
gcc = ToolchainIdentity("gcc", "c" * 64)
chip = Chip("stm32f746ng", "stm32f7", ("-mcpu=cortex-m7",))
print(json.dumps({
    "plain": [variant.slug for variant in plain.variants],
    "default": plain.variants[0].axes,
    "slugs": [variant.slug for variant in full.variants],
    "repeats": [variant.repeat for variant in full.variants],
    "kinds": {axis.name: axis.kind for axis in full.axes},
    "selected": [variant.slug for variant in select(full.variants, "supply=1.80V")],
    "unknown": wrong(base + "  speed: 4\\n"),
    "no form": wrong(base + "  supply: much\\n"),
    "schema": [name for name in json.loads(schema_text("matrix"))["$defs"]["AxesFile"]["properties"]],
    "rows": [common | own[0] for common, own in rows_by_record(case.record for case in cases)],
    "table": case_table(cases).header,
    "findings": list(map(str, find(cases))),
    "builds": [plan_platform(variant, chip, gcc, {}, {}).fingerprint for variant in full.variants],
    "runs": [dict(workflow.run_axes(variant)) for variant in full.variants],
}, default=str))
'''


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the package says with two more entries in its table, and nothing else changed."""
    folder = tmp_path_factory.mktemp("package")
    shutil.copytree(ROOT / "src" / "mcumatrix", folder / "mcumatrix")
    table = folder / "mcumatrix" / "model" / "axes.py"
    head, end, rest = table.read_text().partition('\n)\n"""In the order of columns and slugs."""\n')
    assert end
    table.write_text(head + ENTRIES + rest)
    made = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(folder), str(ROOT / "tests"), str(ROOT / "matrix")],
        env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    said: dict[str, Any] = json.loads(made.stdout)
    return said


def test_a_matrix_may_leave_out_an_axis_with_a_default(seen: dict[str, Any]) -> None:
    assert seen["plain"] == ["builtin_simd_216MHz_mnist-int8_3.3V"]
    assert list(seen["default"])[-2:] == ["speed", "supply"]
    assert (seen["default"]["speed"], seen["default"]["supply"]) == ("2", "3.3V")


def test_expansion_slugs_excludes_and_includes_follow_the_table(seen: dict[str, Any]) -> None:
    assert seen["slugs"] == [
        "builtin_simd_216MHz_mnist-int8_2_3.3V",
        "builtin_simd_216MHz_mnist-int8_2_1.8V",
        "builtin_simd_216MHz_mnist-int8_3_3.3V",
    ]
    assert seen["repeats"] == [3, 7, 3]
    assert (seen["kinds"]["speed"], seen["kinds"]["supply"]) == ("build", "run")


def test_selections_spell_values_as_the_table_does(seen: dict[str, Any]) -> None:
    assert seen["selected"] == ["builtin_simd_216MHz_mnist-int8_2_1.8V"]


def test_values_that_are_wrong_are_explained_from_the_table(seen: dict[str, Any]) -> None:
    assert seen["unknown"] == "/some.yaml:8:10: the axis 'speed' has no value '4'\n  Known: 2, 3."
    assert seen["no form"] == "/some.yaml:8:11: the axis 'supply' has no value 'much'\n  Write it as in 3.3V."


def test_editors_csv_and_tables_follow_the_table(seen: dict[str, Any]) -> None:
    names = ["runtime", "kernels", "clock", "model", "toolchain", "board", "speed", "supply"]
    assert seen["schema"] == [*names, "placement", "cache"]
    assert seen["table"] == ["Case", *names, "answer"]
    assert list(seen["rows"][0])[:9] == [
        *("variant", "runtime", "kernels", "clock_hz", "model", "toolchain", "board", "level", "supply")
    ]
    assert [(row["level"], row["supply"]) for row in seen["rows"]] == [(2, "3.3V"), (2, "1.8V"), (3, "3.3V")]


def test_equal_cycles_are_a_finding_unless_the_table_expects_them(seen: dict[str, Any]) -> None:
    assert seen["findings"] == [
        "supply has no effect: 3.3V [1], 1.8V [2] have the same cycles in every layer."
    ]


def test_a_build_axis_changes_builds_and_a_run_axis_only_runs(seen: dict[str, Any]) -> None:
    first, second, third = seen["builds"]
    assert first == second != third
    assert seen["runs"] == [
        {"board": "virtual-f746", "supply": "3.3V"},
        {"board": "virtual-f746", "supply": "1.8V"},
        {"board": "virtual-f746", "supply": "3.3V"},
    ]


def test_every_field_that_the_table_names_is_one_of_a_variant() -> None:
    fields = {axis.field for axis in AXES if axis.field}
    assert fields <= set(Variant.__dataclass_fields__)


def test_only_the_board_says_where_an_image_runs() -> None:
    assert [axis.name for axis in AXES if axis.kind is AxisKind.RUN] == ["board"]
