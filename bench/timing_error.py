"""How far a timing model is from what others measured on hardware. Prints Markdown.

    .venv/bin/python bench/timing_error.py

The judging set is in bench/judging.csv, as it was published, and in bench/judging_measured.csv, as the
virtual board makes it of the same programs, whose sources are not in this repository. The calibrating set is
the layers of results/published, and bench/calibrating_measured.csv, which comes from a report:

    (cd bench/article && mcumatrix matrix article)
    .venv/bin/python bench/timing_error.py --layers bench/article/results/article/report.csv \
        --keep bench/calibrating_measured.csv

What stands beside times (`expected_errors` of a chip) is `quoted`, and a test holds it to that. Layers below
0.1 ms are not counted.
"""

import argparse
import csv
import statistics
from collections.abc import Iterator
from pathlib import Path

from mcumatrix.results.published import Quantity, read_publication

ROOT = Path(__file__).parents[1]
JUDGING = ROOT / "bench" / "judging.csv"
JUDGED = ROOT / "bench" / "judging_measured.csv"
CALIBRATING = ROOT / "bench" / "calibrating_measured.csv"
KEPT_COLUMNS = ("timing_model", "toolchain", "runtime", "layer", "op", "ms_median")
AUTHORS_TOOLCHAIN = "debian-11-gcc-9"
SHORT_MS = 0.1
Key = tuple[str, str, str]
CASE = {"kernels": "reference", "clock": "216 MHz"}


def rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open() as file:
        yield from csv.DictReader(file)


def time_error(published: float, measured: float, faster_is: str) -> float:
    """The error of a time, as a share of the real one; figures grow as it falls ("more"), or as it rises."""
    return published / measured - 1 if faster_is == "more" else measured / published - 1


def summary(what: str, errors: list[float]) -> str:
    typical, worst = median_and_largest(errors)
    return f"{what}: {len(errors)} figures, median {typical:.1%}, largest {worst:.1%}."


def median_and_largest(errors: list[float]) -> tuple[float, float]:
    sizes = [abs(error) for error in errors]
    return statistics.median(sizes), max(sizes)


# --- the judging set


def judged_errors(model: str, published: Path = JUDGING, measured: Path = JUDGED) -> dict[str, list[float]]:
    """The errors that count, by kind of code."""
    values = {row["name"]: float(row["value"]) for row in rows(measured) if row["timing_model"] == model}
    errors: dict[str, list[float]] = {}
    for figure in rows(published):
        if figure["counts"] == "yes" and figure["name"] in values:
            error = time_error(float(figure["published"]), values[figure["name"]], figure["faster_is"])
            errors.setdefault(figure["kind"], []).append(error)
    return errors


def judge(published: Path, measured: Path) -> None:
    """The judging set, by timing model and kind of code."""
    values = {(row["timing_model"], row["name"]): row for row in rows(measured)}
    figures = list(rows(published))
    for model in sorted({model for model, _ in values}):
        print(f"\n### Judged: {model}\n")
        print(
            "| kind | program | published | board | error of the time | counts |\n|---|---|---|---|---|---|"
        )
        for figure in figures:
            found = values.get((model, figure["name"]))
            shown = error = ""
            if found is not None:
                value = float(found["value"])
                shown = f"{value:.3g}"
                error = f"{time_error(float(figure['published']), value, figure['faster_is']):+.1%}"
            cells = (
                figure["kind"],
                figure["name"],
                f"{figure['published']} {figure['unit']}",
                shown,
                error,
                figure["counts"],
            )
            print("| " + " | ".join(cells) + " |")
        print()
        errors = judged_errors(model, published, measured)
        for kind, of_kind in errors.items():
            print("- " + summary(kind, of_kind))
        print("- " + summary("all", [error for of_kind in errors.values() for error in of_kind]))


# --- the calibrating set


def published_layers() -> dict[Key, float]:
    publication = read_publication(ROOT / "results" / "published" / "dimtass-2020-04.csv")
    return {
        (column.axes["runtime"], "" if number.layer is None else str(number.layer), number.op): float(
            number.text
        )
        for column in publication.of(Quantity.TIME)
        if CASE.items() <= column.axes.items()
        for number in column.numbers
    }


def measured_layers(report: Path) -> dict[tuple[str, str], dict[Key, float]]:
    """Times in ms by timing model and toolchain."""
    of_model: dict[tuple[str, str], dict[Key, float]] = {}
    for row in rows(report):
        if row["ms_median"]:
            place = (row["runtime"], row["layer"], row["op"])
            layers = of_model.setdefault((row["timing_model"], row["toolchain"]), {})
            layers[place] = float(row["ms_median"])
    return of_model


def layer_errors(layers: dict[Key, float]) -> list[float]:
    """The errors of layers that count."""
    return [
        layers[place] / real - 1
        for place, real in published_layers().items()
        if place in layers and real > SHORT_MS and place[2] != "TOTAL"
    ]


def calibrate(report: Path) -> None:
    """The calibrating set, by timing model and toolchain."""
    hardware = published_layers()
    for (model, toolchain), layers in measured_layers(report).items():
        print(f"\n### Calibrated on: {model}, {toolchain}\n")
        print("| version | layer | hardware, ms | model, ms | error |\n|---|---|---|---|---|")
        for place, real in hardware.items():
            if place in layers:
                error = layers[place] / real - 1
                print(f"| {place[0]} | {place[2]} | {real:.3f} | {layers[place]:.3f} | {error:+.1%} |")
        print("\n" + summary("layers", layer_errors(layers)))


def keep(report: Path, kept: Path) -> None:
    """Writes what is needed of a report."""
    with kept.open("w", newline="") as file:
        writer = csv.DictWriter(file, KEPT_COLUMNS, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(row for row in rows(report) if row["ms_median"])


# --- what is said of the models


def quoted(model: str) -> str:
    """What is said of a timing model's error wherever a time of it is read.

    Of m7-block-1 what was quoted first: the layers, with every compiler. Of m7-cache-2 the judging set, and
    by how much the layers differ at worst when they are compiled by their author's compiler.
    """
    of_model = {
        toolchain: layer_errors(layers)
        for (name, toolchain), layers in measured_layers(CALIBRATING).items()
        if name == model
    }
    if model == "m7-block-1":
        typical, worst = median_and_largest([error for errors in of_model.values() for error in errors])
        return f"typical error ±{typical * 100:.0f} % a layer, at worst {worst * 100:.0f} %"
    typical, worst = median_and_largest(
        [error for errors in judged_errors(model).values() for error in errors]
    )
    _, of_layers = median_and_largest(of_model[AUTHORS_TOOLCHAIN])
    return (
        f"typical error ±{typical * 100:.0f} % in code of others, at worst {worst * 100:.0f} %; "
        f"of float32 layers at worst {of_layers * 100:.0f} %"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--published", type=Path, default=JUDGING)
    parser.add_argument(
        "--measured",
        type=Path,
        default=JUDGED,
        help="name, timing_model, value and compiler of each figure, in the unit of the published one",
    )
    parser.add_argument(
        "--layers", type=Path, default=CALIBRATING, help="the CSV of a report of the matrix article"
    )
    parser.add_argument("--keep", type=Path, help="writes what is needed of the report to this file")
    wanted = parser.parse_args()
    judge(wanted.published, wanted.measured)
    calibrate(wanted.layers)
    if wanted.keep:
        keep(wanted.layers, wanted.keep)


if __name__ == "__main__":
    main()
