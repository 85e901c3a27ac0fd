"""Logs of MLPerf Tiny: what its runner prints, and what the device under test says over its serial line.

https://github.com/mlcommons/tiny/tree/master/benchmark/runner: `m-model-[ic01]`, a pair of `m-lap-us-N`
around the inferences of a window, and the runner's lines `# Inferences`, `Runtime` and `Throughput` for
each. The median of the windows is the result, as the rules of the benchmark have it.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from statistics import median

from mcumatrix.adapters.importers.reading import column, lines_of, refuse
from mcumatrix.model.publication import Imported

_MODEL = re.compile(r"m-model-\[(?P<value>[^\]]{1,60})\]")
_DEVICE = re.compile(r"m-name-(?P<value>[^\r\n]{1,80})")
_INFERENCES = re.compile(r"# Inferences\s*:\s*(?P<value>[0-9]{1,9})\b")
_RUNTIME = re.compile(r"Runtime\s*:\s*(?P<value>[0-9]{1,9}(\.[0-9]{1,9})?) sec")
_COMMAND = re.compile(r"(?:^|[\s>\"'])infer (?P<value>[0-9]{1,9})(?: [0-9]{1,9})?(?:%|\"|'|\s|$)")
_BEGUN = re.compile(r"m-infer-start-(?P<value>[0-9]{1,9})\b")
_LAP = re.compile(r"m-lap-us-(?P<value>[0-9]{1,18})\b")

_MODELS = {"ic01": "ResNet-8", "kws01": "DS-CNN", "vww01": "MobileNetV1 0.25", "ad01": "autoencoder"}
"""The benchmarks' networks (MLPerf Tiny Benchmark, Banbury et al., 2021, table 1)."""


class MlperfTinyImporter:
    """The time of one inference, from the windows of performance mode."""

    def read(self, name: str, text: str, clock_hz: int | None) -> Imported:  # noqa: ARG002 - it is in time already
        """See `ports.Importer`."""
        facts: dict[str, str] = {}
        shown = list(_shown_windows(name, text))
        windows = shown or list(_timed_windows(name, text))
        if not windows:
            raise refuse(
                name,
                None,
                "it has no window with its inferences and their time",
                "Give it the log of performance mode, `main.py --mode p`.",
            )
        for _, line in lines_of(text):
            for key, pattern in (("model", _MODEL), ("board", _DEVICE)):
                if match := pattern.search(line):
                    facts.setdefault(key, match["value"].strip())
        msec = [runtime_s * 1_000 / inferences for inferences, runtime_s in windows]
        notes = [f"the median of {len(windows)} windows"] if len(windows) > 1 else []
        if network := _MODELS.get(facts.get("model", "")):
            notes.append(f"{facts['model']} is {network}")
        return Imported(
            "MLPerf Tiny runner" if shown else "MLPerf Tiny device",
            None,
            (column("performance", "median", facts, (), f"{median(msec):.4f}"),),
            tuple(notes),
        )


def _shown_windows(name: str, text: str) -> Iterator[tuple[int, Decimal]]:
    """Inferences and seconds of each window, as the runner prints them."""
    inferences: int | None = None
    for number, line in lines_of(text):
        if match := _INFERENCES.search(line):
            inferences = int(match["value"])
        elif match := _RUNTIME.search(line):
            if not inferences:
                raise refuse(name, number, "there is a runtime, and no number of inferences before it")
            yield inferences, Decimal(match["value"])
            inferences = None


def _timed_windows(name: str, text: str) -> Iterator[tuple[int, Decimal]]:
    """Inferences and seconds of each window, as the device says them."""
    inferences: int | None = None
    begun_us: int | None = None
    for number, line in lines_of(text):
        if match := _BEGUN.search(line) or _COMMAND.search(line):
            inferences, begun_us = int(match["value"]), None
        elif (match := _LAP.search(line)) and inferences:
            now_us = int(match["value"])
            if begun_us is None:
                begun_us = now_us
                continue
            if now_us <= begun_us:
                raise refuse(name, number, "the window ends before it begins")
            yield inferences, Decimal(now_us - begun_us) / 1_000_000
            inferences = None
