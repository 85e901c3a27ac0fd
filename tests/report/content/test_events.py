"""Events stand beside layers where they were counted, and nowhere else."""

from dataclasses import replace

from mcumatrix.model.event_counts import EventCounts
from mcumatrix.model.record import Record
from mcumatrix.report.content.events import event_table, without_events
from mcumatrix.report.content.tables import number_cases
from mcumatrix.results.frame import columns, rows_by_record
from support.event_counts import HAS_NONE, Interrupt, counts_of, events
from support.variants import a_record, a_variant

LAYERS = (events(700, 90, 210), events(38_311, 4_755, 16_218))


def _record(counts: EventCounts | None) -> Record:
    record = a_record()
    assert record.measurement is not None
    return replace(record, measurement=replace(record.measurement, events=counts))


def _cases(*records: Record) -> list:
    return number_cases([a_variant(f"v{number}") for number in range(len(records))], records)


def test_each_layer_has_its_counts_and_what_is_not_sure_has_none() -> None:
    unsure = counts_of(*LAYERS, added=Interrupt(load_store_varies=40))
    table = event_table(_cases(_record(counts_of(*LAYERS)), a_record(), _record(unsure)))
    assert table is not None
    assert table.rows == (
        ("[1]", "CONV_2D", "1000", "700", "90", "210", "0", "0", "0", "1.43"),
        ("[1]", "SOFTMAX", "59284", "38311", "4755", "16218", "0", "0", "0", "1.55"),
        ("[3]", "CONV_2D", "1000", "700", "-", "-", "0", "0", "0", "1.43"),
        ("[3]", "SOFTMAX", "59284", "38311", "-", "-", "0", "0", "0", "1.55"),
    )


def test_a_core_without_counters_has_a_sentence_and_no_table_and_no_column() -> None:
    records = [_record(EventCounts(HAS_NONE)), a_record(), _record(EventCounts(HAS_NONE))]
    assert event_table(_cases(*records)) is None
    assert without_events(_cases(*records)) == (
        "[1], [3]: the core has no event counters (DWT_CTRL.NOPRFCNT is set).",
    )
    assert not [name for name in columns(records) if name.startswith("events_")]


def test_where_nothing_was_counted_nothing_is_said() -> None:
    assert event_table(_cases(a_record())) is None
    assert without_events(_cases(a_record())) == ()


def test_rows_of_layers_have_their_events() -> None:
    ((_, (first, second, total)),) = rows_by_record([_record(counts_of(*LAYERS))])
    assert (first["events_load_store"], second["events_instructions"]) == (210, 38_311)
    assert "events_cpi" not in total
    assert columns([_record(counts_of(*LAYERS))])[-7:] == (
        "events_cycles",
        "events_instructions",
        "events_cpi",
        "events_exceptions",
        "events_sleep",
        "events_load_store",
        "events_folded",
    )
