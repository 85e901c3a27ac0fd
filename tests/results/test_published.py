"""Numbers of others, as they were printed."""

from decimal import Decimal
from pathlib import Path

import pytest

from mcumatrix.errors import ExitCode, PublishedError
from mcumatrix.model.publication import PrintedColumn, Quantity
from mcumatrix.results.published import find_publication, read_publication

PUBLISHED = Path(__file__).parents[2] / "results" / "published"
ARTICLE = read_publication(PUBLISHED / "dimtass-2020-04.csv")

HEADER = "source,date,table,title,column,runtime,layer,op,quantity,base,printed"
ROW = "me,2020-01-02,t,T,[1],a,0,ADD,time,,1.50"


def test_the_article_has_each_number_of_its_five_tables() -> None:
    counted: dict[str, int] = {}
    for column in ARTICLE.columns:
        counted[column.table] = counted.get(column.table, 0) + len(column.numbers)
    assert counted == {
        "cases": 36,
        "comparison-1": 27,
        "comparison-2": 27,
        "comparison-3": 27,
        "comparison-4": 27,
        "output": 20,
    }
    assert sum(counted.values()) == 144 + 20


def test_each_column_of_the_article_adds_up_to_what_a_pocket_calculator_gives() -> None:
    """The sums of the layers, worked out apart from this project; the article's totals are the same."""
    sums = {column.place: sum(number.value for number in column.layers) for column in _not_outputs()}
    assert sums == {
        "cases [1]": Decimal("220.503"),
        "cases [2]": Decimal("220.27"),
        "cases [3]": Decimal("165.256"),
        "cases [4]": Decimal("165.02"),
        "comparison-1 1.14.0": Decimal("126.27"),
        "comparison-1 2.1.0": Decimal("220.503"),
        "comparison-1 diff (msec)": Decimal("94.233"),
        "comparison-2 1.14.0": Decimal("126.36"),
        "comparison-2 2.1.0": Decimal("220.27"),
        "comparison-2 diff (msec)": Decimal("93.91"),
        "comparison-3 1.14.0": Decimal("126.27"),
        "comparison-3 2.1.0": Decimal("220.503"),
        "comparison-3 diff (msec)": Decimal("94.233"),
        "comparison-4 1.14.0": Decimal(692),
        "comparison-4 2.1.0": Decimal("725.43"),
        "comparison-4 diff (msec)": Decimal("-33.43"),
    }
    assert all(column.total and column.total.value == sums[column.place] for column in _not_outputs())


def test_the_outputs_of_the_article_are_those_of_a_sure_and_of_an_unsure_network() -> None:
    sure, unsure = ARTICLE.of(Quantity.OUTPUT)
    assert [number.text for number in sure.layers].index("1.000000") == 2
    assert sum(number.value for number in sure.layers) == 1
    assert sum(number.value for number in unsure.layers) == Decimal("0.999999")


def test_the_article_says_where_it_is_from() -> None:
    assert ARTICLE.source == "dimtass: Tensorflow 2.1.0 for microcontrollers benchmarks on STM32F746"
    assert ARTICLE.published_on.isoformat() == "2020-04-16"


def test_a_column_has_its_settings_its_digits_and_its_rounding() -> None:
    (first, *_) = ARTICLE.columns
    assert first.axes == {
        "runtime": "tflm-2.1.0",
        "kernels": "reference",
        "clock": "216 MHz",
        "model": "mnist-float32",
        "board": "stm32f746g-disco",
    }
    assert [number.text for number in first.layers[:4]] == ["25.19", "3.25", "166.25", "0.956"]
    assert [number.half_unit for number in first.layers[2:4]] == [Decimal("0.005"), Decimal("0.0005")]


def test_a_difference_says_what_was_subtracted() -> None:
    (first, *_) = ARTICLE.of(Quantity.DIFFERENCE)
    assert (first.axes["runtime"], first.base) == ("tflm-2.1.0", {"runtime": "tflm-1.14.0"})


def _not_outputs() -> list[PrintedColumn]:
    return [column for column in ARTICLE.columns if column.quantity is not Quantity.OUTPUT]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("", "has no numbers"),
        (f"{ROW}\n{ROW}", ":3: t [1] has layer 0 already"),
        (ROW.replace("1.50", "fast"), ":2: 'fast' is no number"),
        (ROW.replace("1.50", "NaN"), ":2: 'NaN' is no number"),
        (ROW.replace("time", "speed"), ":2: 'speed' is no quantity: time, difference, output, size"),
        (ROW.replace(",0,ADD", ",one,ADD"), ":2: 'one' is no number of a layer"),
        (ROW.replace(",0,ADD", ",,ADD"), ":2: a total has the op TOTAL and no layer, and nothing else has"),
        (
            ROW.replace("time,", "time,runtime=b"),
            ":2: a difference has a base, as in runtime=tflm-1.14.0, and nothing else has one",
        ),
        (ROW.replace("time,", "difference,b"), ":2: 'b' is no base; write it as in runtime=tflm-1.14.0"),
        (
            ROW.replace("time,", "difference,clock=1 MHz"),
            ":2: its base names 'clock', which is no axis of it",
        ),
        (f"{ROW},too much", ":2: it has more or fewer cells than the header"),
        (f"{ROW}\n{ROW.replace('me,', 'you,')}", "has 2 sources or dates"),
        (ROW.replace("2020-01-02", "yesterday"), ": 'yesterday' is no date"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, rows: str, message: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(f"{HEADER}\n{rows}\n" if rows else f"{HEADER}\n")
    with pytest.raises(PublishedError) as raised:
        read_publication(path)
    assert raised.value.message == f"{path}{message if message.startswith(':') else f' {message}'}"
    assert raised.value.hint
    assert raised.value.exit_code is ExitCode.USAGE


def test_a_column_that_is_missing_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("source,date\nme,2020-01-02\n")
    with pytest.raises(PublishedError, match="lacks the column 'table'"):
        read_publication(path)


def test_a_file_that_is_not_text_is_an_error_and_no_traceback(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PublishedError, match="cannot be read"):
        read_publication(path)


def test_a_publication_is_found_by_its_name_or_its_path() -> None:
    path = PUBLISHED / "dimtass-2020-04.csv"
    assert find_publication("dimtass-2020-04", PUBLISHED) == path
    assert find_publication(str(path), PUBLISHED) == path
    with pytest.raises(PublishedError) as raised:
        find_publication("dimtass", PUBLISHED)
    known = ", ".join(sorted(file.stem for file in PUBLISHED.glob("*.csv")))
    assert str(raised.value) == f"there are no published numbers 'dimtass'\n  Known: {known}."


def test_plumerais_times_are_totals_of_the_four_networks_on_the_discovery_board() -> None:
    publication = read_publication(PUBLISHED / "plumerai-2022-mlperf-tiny.csv")
    assert {column.axes["model"]: column.total.text for column in publication.columns if column.total} == {
        "mlperf-kws": "19.12",
        "mlperf-resnet": "64.77",
        "mlperf-vww": "57.03",
        "mlperf-autoencoder": "2.295",
    }
    assert {column.axes["board"] for column in publication.columns} == {"stm32f746g-disco"}
    assert not any(column.layers for column in publication.columns)
