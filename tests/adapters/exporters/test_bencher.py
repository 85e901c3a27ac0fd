"""Bencher Metric Format."""

import json

import jsonschema

from mcumatrix.adapters.exporters.bencher import BencherExporter
from support.exports import some_results

_NUMBERS = {"value", "lower_value", "upper_value"}
_BMF = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "additionalProperties": {
            "type": "object",
            "properties": {name: {"type": "number"} for name in _NUMBERS},
            "required": ["value"],
            "additionalProperties": False,
        },
    },
}
"""What https://bencher.dev/docs/reference/bencher-metric-format/ asks of a file."""


def test_latency_is_in_nanoseconds_with_its_interval_and_sizes_are_in_bytes() -> None:
    ((name, data),) = BencherExporter().export(some_results()).items()
    assert name == "bencher.json"
    benchmarks = json.loads(data)
    jsonschema.Draft202012Validator(_BMF).validate(benchmarks)
    assert list(benchmarks) == [
        f"builtin_{kernels}/{row}"
        for kernels in ("reference", "simd")
        for row in ("0 CONV_2D", "1 SOFTMAX", "total")
    ]
    assert benchmarks["builtin_simd/0 CONV_2D"] == {
        "latency": {"value": 2_250_000, "lower_value": 2_000_000, "upper_value": 2_500_000}
    }
    assert benchmarks["builtin_simd/total"] == {
        "latency": {"value": 2_750_000},
        "flash-size": {"value": 100_200},
        "ram-size": {"value": 30_200},
    }


def test_names_are_no_longer_than_bencher_takes() -> None:
    (data,) = BencherExporter().export(some_results()).values()
    for name, measures in json.loads(data).items():
        assert len(name) <= 1024
        assert all(len(measure) <= 64 for measure in measures)
