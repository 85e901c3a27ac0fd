"""How far a timing model is from what others measured on hardware. Prints Markdown.

    .venv/bin/python bench/timing_error.py
    doit matrix timing && .venv/bin/python bench/timing_error.py --layers results/timing/report.csv

The error that is quoted is that of the judging set: bench/judging.csv has what was published, and a file of
measured figures what the virtual board makes of the same programs, whose sources are not in this repository.
The layers of results/published are the calibrating set: they are shown and never quoted, layers below 0.1 ms
and those that a number was calibrated on are not counted.
"""

import argparse
import csv
import statistics
from collections.abc import Iterator
from pathlib import Path

from mcumatrix.results.published import Quantity, read_publication

ROOT = Path(__file__).parents[1]
SHORT_MS = 0.1
Key = tuple[str, str, str]
CALIBRATED_ON: dict[str, Key] = {
    "m7-block-1": ("tflm-1.14.0", "2", "CONV_2D"),
    "m7-cache-2": ("tflm-1.14.0", "1", "MAX_POOL_2D"),
}
CASE = {"kernels": "reference", "clock": "216 MHz"}


def rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open() as file:
        yield from csv.DictReader(file)


def time_error(published: float, measured: float, faster_is: str) -> float:
    """The error of a time, as a share of the real one; figures grow as it falls ("more"), or as it rises."""
    return published / measured - 1 if faster_is == "more" else measured / published - 1


def summary(what: str, errors: list[float]) -> str:
    sizes = [abs(error) for error in errors]
    return f"{what}: {len(sizes)} figures, median {statistics.median(sizes):.1%}, largest {max(sizes):.1%}."


def judge(published: Path, measured: Path) -> None:
    """The judging set, by timing model and kind of code."""
    values = {(row["timing_model"], row["name"]): row for row in rows(measured)}
    figures = list(rows(published))
    for model in sorted({model for model, _ in values}):
        print(f"\n### Judged: {model}\n")
        print(
            "| kind | program | published | board | error of the time | counts |\n|---|---|---|---|---|---|"
        )
        errors: dict[str, list[float]] = {}
        for figure in figures:
            found = values.get((model, figure["name"]))
            if found is None:
                cells = (figure["kind"], figure["name"], figure["published"], "", "", figure["counts"])
                print("| " + " | ".join(cells) + " |")
                continue
            value = float(found["value"])
            error = time_error(float(figure["published"]), value, figure["faster_is"])
            print(
                f"| {figure['kind']} | {figure['name']} | {figure['published']} {figure['unit']} "
                f"| {value:.3g} | {error:+.1%} | {figure['counts']} |"
            )
            if figure["counts"] == "yes":
                errors.setdefault(figure["kind"], []).append(error)
        print()
        for kind, of_kind in errors.items():
            print("- " + summary(kind, of_kind))
        print("- " + summary("all", [error for of_kind in errors.values() for error in of_kind]))


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


def calibrate(report: Path, toolchain: str, flags: str) -> None:
    """The calibrating set, by timing model."""
    hardware = published_layers()
    of_model: dict[str, dict[Key, float]] = {}
    for row in rows(report):
        if (row["toolchain"], row["flags"]) == (toolchain, flags) and row["ms_median"]:
            place = (row["runtime"], row["layer"], row["op"])
            of_model.setdefault(row["timing_model"], {})[place] = float(row["ms_median"])
    for model, layers in of_model.items():
        print(f"\n### Calibrated on: {model}, {toolchain}, {flags}\n")
        print("| version | layer | hardware, ms | model, ms | error |\n|---|---|---|---|---|")
        errors = []
        for place, real in hardware.items():
            if place in layers:
                error = layers[place] / real - 1
                print(f"| {place[0]} | {place[2]} | {real:.3f} | {layers[place]:.3f} | {error:+.1%} |")
                if real > SHORT_MS and place[2] != "TOTAL" and place != CALIBRATED_ON.get(model):
                    errors.append(error)
        if errors:
            print("\n" + summary("layers", errors))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--published", type=Path, default=ROOT / "bench" / "judging.csv")
    parser.add_argument(
        "--measured",
        type=Path,
        default=ROOT / "bench" / "judging_measured.csv",
        help="name, timing_model, value and compiler of each figure, in the unit of the published one",
    )
    parser.add_argument("--layers", type=Path, help="the CSV of a report of the matrix timing")
    parser.add_argument("--toolchain", default="debian-11")
    parser.add_argument("--flags", default="author")
    wanted = parser.parse_args()
    judge(wanted.published, wanted.measured)
    if wanted.layers:
        calibrate(wanted.layers, wanted.toolchain, wanted.flags)


if __name__ == "__main__":
    main()
