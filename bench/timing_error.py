"""How far the timing model is from what others measured on hardware. Prints Markdown.

    doit matrix timing && .venv/bin/python bench/timing_error.py

Compares results/timing/report.csv with results/published. Layers below 0.1 ms are shown and not counted, and
neither is the one that the model was calibrated on.
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
CALIBRATED_ON: Key = ("tflm-1.14.0", "2", "CONV_2D")
CASE = {"kernels": "reference", "clock": "216 MHz"}


def rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open() as file:
        yield from csv.DictReader(file)


def key(row: dict[str, str]) -> Key:
    return row["runtime"], row["layer"], row["op"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--toolchain", default="debian-11")
    parser.add_argument("--flags", default="author")
    wanted = parser.parse_args()
    publication = read_publication(ROOT / "results" / "published" / "dimtass-2020-04.csv")
    published = {
        (column.axes["runtime"], "" if number.layer is None else str(number.layer), number.op): float(
            number.text
        )
        for column in publication.of(Quantity.TIME)
        if CASE.items() <= column.axes.items()
        for number in column.numbers
    }
    model = {
        key(row): float(row["ms_median"])
        for row in rows(ROOT / "results" / "timing" / "report.csv")
        if (row["toolchain"], row["flags"]) == (wanted.toolchain, wanted.flags) and row["ms_median"]
    }
    errors = []
    print("| version | layer | hardware, ms | model, ms | error |\n|---|---|---|---|---|")
    for place, hardware in published.items():
        runtime, _, op = place
        if place in model:
            error = model[place] / hardware - 1
            print(f"| {runtime} | {op} | {hardware:.3f} | {model[place]:.3f} | {error:+.1%} |")
            if hardware > SHORT_MS and op != "TOTAL" and place != CALIBRATED_ON:
                errors.append(abs(error))
    if errors:
        print(f"\nMedian error {statistics.median(errors):.1%}, largest {max(errors):.1%}.")


if __name__ == "__main__":
    main()
