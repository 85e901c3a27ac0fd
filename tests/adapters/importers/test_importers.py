"""What is read of the files of other tools, and what is said of files that are none."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcumatrix import registry
from mcumatrix.errors import PublishedError
from mcumatrix.model.publication import Imported, Origin, Publication, Quantity
from mcumatrix.results.published import publication_csv, read_publication

DATA = Path(__file__).parent / "data"
FILES = {
    "mlonmcu": "report.csv",
    "mlperf-tiny": "mlperf-tiny.log",
    "st-edge-ai": "network_validate_report.txt",
    "tflm": "tflm.log",
}
CLOCK_HZ = 216_000_000


def _read(format_name: str, text: str, clock_hz: int | None = CLOCK_HZ) -> Imported:
    return registry.importers.importer(format_name).read("a file", text, clock_hz)


def _file(format_name: str, name: str = "") -> Imported:
    return _read(format_name, (DATA / (name or FILES[format_name])).read_text())


def _numbers(imported: Imported, column: int = 0) -> list[tuple[str, str]]:
    return [(number.op, number.text) for number in imported.columns[column].numbers]


def test_times_and_sizes_of_each_layer_are_read_of_a_validate_report() -> None:
    imported = _file("st-edge-ai")
    assert (imported.tool, imported.made_on) == ("ST Edge AI Core 2.0.0-20049", date(2026, 3, 4))
    times, weights, activations = imported.columns
    assert dict(times.axes) == {
        "runtime": "st-edge-ai-2.0.0",
        "model": "mnist-int8",
        "clock": "216 MHz",
        "board": "stm32f7, 0x449, STM32F74x/75x",
    }
    assert _numbers(imported) == [
        ("Conv2D", "5.912"),
        ("Pool", "0.401"),
        ("Dense", "0.967"),
        ("Nonlinearity", "0.031"),
        ("TOTAL", "7.318"),
    ]
    assert (times.quantity, weights.quantity) == (Quantity.TIME, Quantity.SIZE)
    assert [number.text for number in weights.numbers] == ["104", "0", "22300", "0", "22404"]
    assert [number.text for number in activations.numbers] == ["9216"]


def test_reports_of_x_cube_ai_5_are_read_too() -> None:
    imported = _file("st-edge-ai", "x-cube-ai-5.txt")
    assert (imported.tool, imported.made_on) == ("X-CUBE-AI 5.0.0", None)
    assert imported.columns[0].axes["clock"] == "216 MHz"
    assert _numbers(imported) == [
        ("Merged Conv2d / Pool", "40.003"),
        ("Dense", "2.090"),
        ("Softmax", "0.012"),
        ("TOTAL", "42.105"),
    ]


def test_the_json_of_st_edge_ai_has_the_same() -> None:
    imported = _file("st-edge-ai", "network_c_info.json")
    assert imported.tool == "ST Edge AI Core 2.2.0-20266"
    assert imported.columns[0].axes["clock"] == "216 MHz"
    assert _numbers(imported) == [("Conv2D", "6.316"), ("Dense", "1.002"), ("TOTAL", "7.318")]
    assert [column.column for column in imported.columns] == [
        "time",
        "weights (bytes)",
        "activations (bytes)",
    ]


def test_times_of_the_host_are_no_times_of_a_board() -> None:
    text = (DATA / FILES["st-edge-ai"]).read_text().replace("mode=TARGET", "mode=HOST")
    imported = _read("st-edge-ai", text)
    assert {column.quantity for column in imported.columns} == {Quantity.SIZE}
    assert imported.notes == ("left out: times of validate on the host, which are those of a computer",)
    of_json = (DATA / "network_c_info.json").read_text().replace("1580688", "0")
    assert {column.quantity for column in _read("st-edge-ai", of_json).columns} == {Quantity.SIZE}


def test_an_analyze_report_has_sizes_alone() -> None:
    text = (DATA / FILES["st-edge-ai"]).read_text().partition("Running the ST.AI")[0]
    assert [column.quantity for column in _read("st-edge-ai", text).columns] == [Quantity.SIZE] * 2


def test_ticks_of_tflm_become_msec_by_the_clock() -> None:
    imported = _file("tflm")
    assert imported.tool == "TensorFlow Lite Micro benchmark 0123456789ab"
    assert _numbers(imported) == [
        ("DEPTHWISE_CONV_2D", "1.037037"),
        ("CONV_2D", "12.000000"),
        ("FULLY_CONNECTED", "0.100000"),
        ("SOFTMAX", "0.001000"),
        ("TOTAL", "13.138037"),
    ]
    assert imported.notes == ("left out, because it is no layer: TfliteGetModel",)


def test_ticks_without_a_clock_are_no_times() -> None:
    with pytest.raises(PublishedError) as caught:
        _read("tflm", (DATA / FILES["tflm"]).read_text(), None)
    assert str(caught.value) == (
        "a file: its times are ticks, and it does not say of how many hertz\n"
        "  Say it: --clock '216 MHz', if ticks are cycles of the core."
    )


def test_the_events_of_logcsv_and_sums_by_tag_are_read_too() -> None:
    events = '"Event","Tag","Ticks","ms"\n0,CONV_2D,216000,1\n1,SOFTMAX,216,0\n'
    assert _numbers(_read("tflm", events)) == [
        ("CONV_2D", "1.000000"),
        ("SOFTMAX", "0.001000"),
        ("TOTAL", "1.001000"),
    ]
    by_tag = '"Unique Tag","Total ticks"\nCONV_2D, 432000\n"total number of ticks", 432000\n'
    imported = _read("tflm", by_tag)
    assert _numbers(imported) == [("CONV_2D", "2.000000"), ("TOTAL", "2.000000")]
    assert imported.notes == ("its rows are sums of all layers with one operator",)


def test_a_second_inference_of_a_log_is_left_out_and_said() -> None:
    text = (DATA / FILES["tflm"]).read_text()
    imported = _read("tflm", text + text)
    assert _numbers(imported) == _numbers(_file("tflm"))
    assert imported.notes[-1] == "left out: all inferences but the first"


def test_runs_of_mlonmcu_have_the_time_of_the_inference_and_sizes() -> None:
    imported = _read("mlonmcu", (DATA / FILES["mlonmcu"]).read_text(), None)
    times = [column for column in imported.columns if column.quantity is Quantity.TIME]
    assert [dict(column.axes) for column in times] == [
        {
            "runtime": "tflmi",
            "model": "mnist",
            "board": "corstone300",
            "platform": "mlif",
            "frontend": "tflite",
            "features": "cmsisnn validate",
        },
        {
            "runtime": "tvmaot",
            "model": "mnist",
            "board": "corstone300",
            "platform": "mlif",
            "frontend": "tflite",
        },
    ]
    # 2.5 million cycles, without setting up, by the clock that its own runtime was worked out with.
    assert [float(column.numbers[0].text) for column in times] == pytest.approx([25.0, 12.5], rel=1e-5)
    sizes = [column for column in imported.columns if column.quantity is Quantity.SIZE]
    assert [(column.table, column.numbers[0].text) for column in sizes] == [
        ("ROM (bytes)", "120928"),
        ("RAM (bytes)", "67064"),
        ("ROM (bytes)", "90664"),
        ("RAM (bytes)", "41456"),
    ]
    assert imported.notes == ("left out: run 2, which has neither a time nor a size",)


def test_the_median_window_of_mlperf_tiny_is_its_time() -> None:
    imported = _file("mlperf-tiny")
    assert dict(imported.columns[0].axes) == {"model": "ic01", "board": "dut-[nucleo-l4r5zi]"}
    assert _numbers(imported) == [("TOTAL", "100.5000")]
    assert imported.notes == ("the median of 3 windows", "ic01 is ResNet-8")


def test_the_serial_log_of_a_device_is_read_too() -> None:
    text = "m-model-[kws01]\ninfer 50 10\nm-warmup-start-10\nm-infer-start-50\n"
    text += "m-lap-us-1000\nm-lap-us-501000\nm-infer-done\nm-results-[0.1,0.9]\n"
    assert _numbers(_read("mlperf-tiny", text)) == [("TOTAL", "10.0000")]


@pytest.mark.parametrize(
    ("format_name", "change", "said"),
    [
        (
            "st-edge-ai",
            lambda text: text.replace("   1       1      Pool", "   7       1      Pool"),
            "a file:67: layer 7",
        ),
        (
            "st-edge-ai",
            lambda text: text.replace("ST Edge AI Core", "Somebody"),
            "it does not say that ST Edge",
        ),
        ("st-edge-ai", lambda _: "{", "a file:1: it is no JSON: Expecting property name"),
        ("st-edge-ai", lambda _: "{}", "a file: it is no network_c_info.json: it lacks 'environment'"),
        ("st-edge-ai", lambda _: '{"environment": 1}', "its fields are of other kinds"),
        ("tflm", lambda _: "CONV_2D took x ticks (1 ms).", "a file:1: 'CONV_2D took x ticks (1 ms).' is not"),
        ("tflm", lambda _: "hello", "it has no lines such as `CONV_2D took"),
        ("tflm", lambda text: text.replace('ticks", 2837816', 'ticks", 5'), "take more than its total of 5"),
        ("mlonmcu", lambda text: text.replace("2500000", "many"), "a file:2: Run Cycles is 'many'"),
        ("mlonmcu", lambda text: text.replace("Backend", "Back"), "a file:1: it lacks the column 'Backend'"),
        ("mlonmcu", lambda text: text + "1" + "," * 40, "a file:5: it has more cells than the header"),
        ("mlperf-tiny", lambda _: "Runtime : 1.000 sec.", "a file:1: there is a runtime, and no number"),
        ("mlperf-tiny", lambda _: "infer 5\nm-lap-us-9\nm-lap-us-8", "a file:3: the window ends before"),
        ("mlperf-tiny", lambda _: "", "it has no window with its inferences and their time"),
    ],
)
def test_a_file_that_is_none_is_named_with_its_line(
    format_name: str, change: Callable[[str], str], said: str
) -> None:
    text = change((DATA / FILES[format_name]).read_text())
    with pytest.raises(PublishedError) as caught:
        _read(format_name, text)
    assert said in caught.value.message
    assert caught.value.hint


_WORDS = st.sampled_from(
    [
        *"\t\n\r ,-:[](){}\"'%",
        *("0", "1", "12", "9" * 19, "0.001", "1e999", "nan", "٣", "²"),
        *("CONV_2D", " took ", " ticks (1 ms).", '"total number of ticks", ', "c_id", "m_id", "dur (ms)"),
        *("ST Edge AI Core v2", "total", "m-lap-us-", "infer ", "# Inferences : ", "Runtime : ", " sec."),
        *("Model,Backend,Target,Run Cycles\n", "Inference time per node", "Created date : 9999-99-99"),
    ]
)


@pytest.mark.parametrize("format_name", FILES)
@given(text=st.one_of(st.text(max_size=300), st.lists(_WORDS, max_size=40).map("".join)))
def test_whatever_a_file_holds_it_gives_numbers_that_are_read_back_or_an_error(
    tmp_path_factory: pytest.TempPathFactory, format_name: str, text: str
) -> None:
    try:
        imported = _read(format_name, text)
    except PublishedError:
        return
    _reads_back(tmp_path_factory.mktemp("hostile") / "a.csv", imported)


@pytest.mark.parametrize("format_name", FILES)
@given(data=st.data())
def test_a_good_file_with_one_changed_piece_gives_numbers_or_an_error(
    tmp_path_factory: pytest.TempPathFactory, format_name: str, data: st.DataObject
) -> None:
    text = (DATA / FILES[format_name]).read_text()
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 30)))
    try:
        imported = _read(format_name, text[:start] + data.draw(st.text(max_size=10) | _WORDS) + text[end:])
    except PublishedError:
        return
    _reads_back(tmp_path_factory.mktemp("changed") / "a.csv", imported)


def _reads_back(path: Path, imported: Imported) -> None:
    publication = Publication("a", "tool", date(2026, 1, 2), imported.columns, Origin.IMPORTED, "x")
    path.write_bytes(publication_csv(publication))
    found = read_publication(path)
    ours = [[number.text for number in column.numbers] for column in publication.columns]
    assert [[number.text for number in column.numbers] for column in found.columns] == ours
    assert (found.origin, found.format) == (Origin.IMPORTED, "x")
