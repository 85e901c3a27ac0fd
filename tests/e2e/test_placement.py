"""Where the parts of an image lie changes its times and never its answers."""

import json
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from e2e.conftest import MakeWorkplace, Workplace
from support.made import Made
from tools.models.mlperf_tiny import Builder

PLACED = """\
description: Places.
axes:
  runtime: builtin
  kernels: simd
  clock: 216 MHz
  model: mnist-int8
  board: virtual-f746-cache
  placement:
    default: {}
    tcm: {code: itcm, arena: dtcm, weights: flash-itcm}
    ram: {code: sram1, weights: sram1, stack: sram1}
    sdram: {arena: sdram, weights: sdram}
  cache: [on, off]
exclude:
  - {placement: tcm, cache: off, reason: what lies in TCM is in no cache}
  - {placement: ram, cache: on, reason: one is enough}
  - {placement: sdram, cache: off, reason: one is enough}
repeat: 1
health: off
"""

FLASH_BYTES = 1024 * 1024
OUTSIDE = """\
description: More weights than the chip has flash.
axes:
  runtime: builtin
  kernels: simd
  clock: 216 MHz
  model: large
  board: virtual-f746-cache
  placement:
    outside: {weights: qspi, arena: sdram}
repeat: 1
health: off
"""


def _addresses(elf: Path) -> dict[str, int]:
    with elf.open("rb") as file:
        return {section.name: section["sh_addr"] for section in ELFFile(file).iter_sections()}


@pytest.fixture(scope="module")
def workplace(make_workplace: MakeWorkplace) -> Workplace:
    """With nothing in it but what is built here, so that it can be counted."""
    return make_workplace(Made.OBJECTS)


def test_places_and_caches_cost_differently_and_answer_the_same(workplace: Workplace) -> None:
    workplace.write_matrix("placed", PLACED)
    ran = workplace.doit("matrix", "placed")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    records = {
        (record["axes"]["placement"], record["axes"]["cache"]): record
        for record in (json.loads(path.read_text()) for path in workplace.records("placed"))
    }
    assert set(records) == {
        ("default", "on"), ("default", "off"), ("tcm", "on"), ("ram", "off"), ("sdram", "on"),
    }  # fmt: skip
    assert {record["status"] for record in records.values()} == {"ok"}
    assert len({record["measurement"]["output"]["crc32"][0] for record in records.values()}) == 1
    cycles = {key: record["measurement"]["total_cycles"][0] for key, record in records.items()}
    assert cycles["tcm", "on"] < cycles["default", "on"]
    assert cycles["default", "off"] > 2 * cycles["default", "on"]
    assert cycles["ram", "off"] < cycles["default", "off"]
    assert cycles["default", "on"] < cycles["sdram", "on"] < cycles["default", "off"]
    assert records["sdram", "on"]["image"]["sizes"]["region_bytes"]["SDRAM"] > 94_024  # what weights have
    assert "SDRAM" not in records["default", "on"]["image"]["sizes"]["region_bytes"]
    # One library of each kind serves all of them.
    assert len(list((workplace.root / "build" / "libraries").iterdir())) == 3
    images = {path.name: path for path in (workplace.root / "build" / "images").iterdir()}
    (tcm,) = (path for name, path in images.items() if "_tcm_on-" in name)
    found = _addresses(tcm / "output" / "image.elf")
    assert 0 < found[".placed_code"] < 0x4000
    assert 0x0020_0000 < found[".placed_weights"] < 0x0030_0000
    assert 0x2000_0000 < found[".placed_arena"] < 0x2001_0000
    assert records["tcm", "on"]["image"]["sizes"]["region_bytes"]["ITCM"] > 4096
    sources = {layer["source"] for layer in records["tcm", "on"]["measurement"]["layers"]}
    assert sources == {layer["source"] for layer in records["default", "on"]["measurement"]["layers"]}
    report = workplace.report("placed")
    assert "code=itcm weights=flash-itcm arena=dtcm" in report


def _large_model() -> bytes:
    build = Builder("large")
    source = build.input((1, 640), 0.391, 89)
    layer = build.connect(build.connect(source, 820, relu=True), 660, relu=True)
    return build.finish(source, build.classify(layer, 10))


def test_weights_of_more_than_the_chips_flash_lie_outside_and_the_answer_is_right(
    workplace: Workplace,
) -> None:
    model = _large_model()
    assert len(model) > FLASH_BYTES
    (workplace.root / "large.tflite").write_bytes(model)
    made = workplace.doit("model", "large.tflite")
    assert made.returncode == 0, made.stdout + made.stderr
    workplace.write_matrix("large", OUTSIDE)
    ran = workplace.doit("matrix", "large")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    (record,) = (json.loads(path.read_text()) for path in workplace.records("large"))
    assert record["status"] == "ok"
    regions = record["image"]["sizes"]["region_bytes"]
    assert regions["QSPI"] > FLASH_BYTES > regions["FLASH"]
    assert regions["SDRAM"] > 0
    assert record["flashed"]["written_bytes"] > regions["QSPI"]
    assert "in QSPI" in workplace.report("large")
