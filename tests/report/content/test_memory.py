"""The table of memory."""

from dataclasses import replace

from mcumatrix.errors import BuildError
from mcumatrix.model.image import FlashPart
from mcumatrix.model.memory import ArenaKind, Stack
from mcumatrix.model.record import Record
from mcumatrix.report.content.memory import memory_tables
from mcumatrix.report.content.tables import Case
from support.variants import a_record

KINDS = {ArenaKind.NON_PERSISTENT: 3000, ArenaKind.PERSISTENT: 1000, ArenaKind.NODES: 400}
FLASH_BYTES = {FlashPart.KERNELS: 60_000, FlashPart.MODEL: 40_000, FlashPart.OTHER: 200}


def _with_memory(
    kinds: dict[ArenaKind, int] | None = None, flash_bytes: dict[FlashPart, int] | None = None
) -> Record:
    record = a_record()
    assert record.measurement is not None
    assert record.image is not None
    return replace(
        record,
        measurement=replace(
            record.measurement, arena_kinds=KINDS if kinds is None else kinds, stack=Stack(800, 1200, 16384)
        ),
        image=replace(
            record.image, sizes=replace(record.image.sizes, flash_bytes=flash_bytes or FLASH_BYTES)
        ),
    )


def _rows(*records: Record | None) -> dict[str, tuple[str, ...]]:
    cases = [Case(number, f"v{number}", {}, record) for number, record in enumerate(records, start=1)]
    (part,) = memory_tables(cases)
    return {name: tuple(cells) for name, *cells in part.table.rows}


def test_the_arena_is_told_by_kind_and_adds_up() -> None:
    rows = _rows(_with_memory())
    assert rows["arena, needed"] == ("4096",)
    assert rows["arena, of one inference"] == ("3000",)
    assert rows["arena, persistent"] == ("1000",)
    assert rows["arena, while it is planned"] == ("96",)
    assert rows["of these nodes"] == ("400",)


def test_a_kind_that_no_case_has_takes_no_row() -> None:
    assert "of these variables" not in _rows(_with_memory())


def test_what_a_runtime_does_not_tell_is_said_so() -> None:
    rows = _rows(_with_memory(), _with_memory({}))
    assert rows["arena, persistent"] == ("1000", "not told")
    assert rows["arena, while it is planned"] == ("96", "not told")
    assert rows["arena, needed"] == ("4096", "4096")


def test_the_stack_is_that_of_an_inference_and_the_deepest() -> None:
    rows = _rows(_with_memory())
    assert (rows["stack, of an inference"], rows["stack, deepest since reset"]) == (("800",), ("1200",))


def test_flash_is_told_by_part_and_their_sum() -> None:
    rows = _rows(_with_memory())
    assert {name: cells for name, cells in rows.items() if name.startswith("flash")} == {
        "flash, kernels": ("60000",),
        "flash, model": ("40000",),
        "flash, alignment": ("200",),
        "flash, all": ("100200",),
    }


def test_an_image_that_did_not_run_has_its_flash() -> None:
    failed = replace(a_record(BuildError("silent")), image=_with_memory().image)
    rows = _rows(failed)
    assert rows["flash, all"] == ("100200",)
    assert rows["stack, of an inference"] == ("-",)


def test_records_from_before_have_no_table() -> None:
    assert memory_tables([Case(1, "v1", {}, a_record()), Case(2, "v2", {}, None)]) == ()
