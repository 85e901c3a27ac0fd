"""Tables of a report."""

from dataclasses import replace

from mcumatrix.errors import ConsoleTimeoutError
from mcumatrix.model.axes import Setting
from mcumatrix.model.catalogue import BoardKind
from mcumatrix.model.record import Correctness, Record
from mcumatrix.report.content.tables import (
    Table,
    case_table,
    label_table,
    number_cases,
    size_tables,
    time_tables,
)
from support.variants import a_measurement, a_record, a_variant


def _cases(*records: Record | None) -> list:  # type: ignore[type-arg]
    return number_cases([a_variant(f"variant-{n}") for n in range(len(records))], list(records))


def test_cases_are_numbered_in_the_order_of_the_matrix() -> None:
    table = case_table(_cases(a_record(), None))
    assert table.header == ("Case", "runtime", "kernels", "clock", "model", "toolchain", "board", "answer")
    assert [(row[0], row[-1]) for row in table.rows] == [("[1]", "correct"), ("[2]", "not run")]


def test_labels_of_own_axes_are_said_with_what_stood_behind_them_when_they_ran() -> None:
    then = Setting("opt", "fast", ("-O3", "-funroll-loops"), (("USE_LTO", "1"),))
    now = replace(then, flags=("-O2",))
    plain = Setting("opt", "plain")
    variants = [a_variant(f"v{n}", settings=(setting,)) for n, setting in enumerate((now, plain))]
    cases = number_cases(variants, [a_record(variant=replace(variants[0], settings=(then,))), None])
    assert label_table(cases) == Table(
        ("Axis", "label", "flags", "CMake variables"),
        (("opt", "fast", "-O3 -funroll-loops", "USE_LTO=1"), ("opt", "plain", "-", "-")),
    )
    assert cases[0].flags == ("-O3", "-funroll-loops")
    assert label_table(_cases(a_record())) is None


def test_a_record_from_before_labels_were_kept_has_the_meaning_that_its_matrix_gives() -> None:
    setting = Setting("opt", "fast", ("-O3",))
    variant = a_variant(settings=(setting,))
    (case,) = number_cases([variant], [replace(a_record(variant=variant), settings=None)])
    assert case.settings == (setting,)


def test_layers_between_and_total_stand_under_each_other_in_milliseconds() -> None:
    measurement = a_measurement((("CONV_2D", (2_160_000, 2_160_002)), ("SOFTMAX", (216_000, 216_000))))
    (time,) = time_tables(_cases(a_record((measurement, Correctness(True, 0, 0, "d" * 64)))))
    assert time.repeats == (2,)
    assert time.table == Table(
        ("Layer", "[1]"),
        (("CONV_2D", "10.000"), ("SOFTMAX", "1.000"), ("Between layers", "0.000"), ("Total time", "11.000")),
    )


def test_a_case_that_failed_keeps_its_column_with_the_reason() -> None:
    (time,) = time_tables(_cases(a_record(), a_record(ConsoleTimeoutError("silent")), None))
    assert time.table.header == ("Layer", "[1]", "[2]", "[3]")
    assert time.table.rows[0] == ("CONV_2D", "0.005", "failed: infrastructure, timeout", "not run")
    assert [row[2:] for row in time.table.rows[1:]] == [("-", "-")] * 3


def test_times_of_a_wrong_answer_are_never_shown() -> None:
    (time,) = time_tables(_cases(a_record(), a_record((a_measurement(), Correctness(False, 1, 0, "d")))))
    assert [row[2] for row in time.table.rows] == ["wrong answer", "-", "-", "-"]


def test_virtual_and_real_times_never_share_a_table() -> None:
    virtual = a_record()
    real = replace(virtual, provenance=replace(virtual.provenance, kind=BoardKind.REAL, timing_model=""))
    real = replace(real, provenance=replace(real.provenance, expected_error=""))
    tables = time_tables(_cases(virtual, real))
    assert [(time.kind, time.table.header) for time in tables] == [
        (BoardKind.VIRTUAL, ("Layer", "[1]")),
        (BoardKind.REAL, ("Layer", "[2]")),
    ]


def test_times_of_two_timing_models_never_share_a_table() -> None:
    model = a_record()
    counted = replace(model, provenance=replace(model.provenance, timing_model="instructions"))
    assert [time.timing_model for time in time_tables(_cases(model, counted))] == [
        "m7-block-1",
        "instructions",
    ]


def test_times_of_a_model_have_its_expected_error() -> None:
    (time,) = time_tables(_cases(a_record()))
    assert (time.timing_model, time.expected_error) == ("m7-block-1", "typical error ±10 % a layer")


def test_networks_with_other_layers_have_a_table_of_their_own() -> None:
    other = a_record((a_measurement((("ADD", (1,)),)), Correctness(True, 0, 0, "d" * 64)))
    assert [time.table.header for time in time_tables(_cases(a_record(), other))] == [
        ("Layer", "[1]"),
        ("Layer", "[2]"),
    ]


def test_sizes_are_shown_by_section_and_by_region() -> None:
    (part,) = size_tables(_cases(a_record()))
    assert part.table.rows == (
        ("text", "100000"),
        ("data", "200"),
        ("bss", "30000"),
        ("in FLASH", "100200"),
        ("in SRAM1", "30200"),
        ("tensors", "4096"),
    )


def test_there_are_no_sizes_where_nothing_was_built() -> None:
    assert size_tables(_cases(None)) == ()
