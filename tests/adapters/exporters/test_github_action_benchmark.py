"""What github-action-benchmark reads with `tool: customSmallerIsBetter`."""

import json

from mcumatrix.adapters.exporters.github_action_benchmark import GithubActionBenchmarkExporter
from support.exports import some_results


def _entries() -> list[dict[str, object]]:
    ((name, data),) = GithubActionBenchmarkExporter().export(some_results()).items()
    assert name == "benchmark.json"
    found: list[dict[str, object]] = json.loads(data)
    return found


def test_each_entry_has_what_the_action_wants_and_a_name_of_its_own() -> None:
    entries = _entries()
    for entry in entries:
        assert isinstance(entry["name"], str)
        assert isinstance(entry["unit"], str)
        assert isinstance(entry["value"], int | float)
        assert isinstance(entry.get("range", ""), str)
        assert isinstance(entry.get("extra", ""), str)
    assert len({entry["name"] for entry in entries}) == len(entries) == 10


def test_the_total_comes_first_then_layers_with_their_ranges_then_sizes() -> None:
    shown = [(entry["name"], entry["value"], entry["unit"], entry.get("range")) for entry in _entries()[5:]]
    assert shown == [
        ("builtin_simd: total", 2.75, "ms", None),
        ("builtin_simd: 0 CONV_2D", 2.25, "ms", "2 to 2.5"),
        ("builtin_simd: 1 SOFTMAX", 0.5, "ms", None),
        ("builtin_simd: flash", 100_200, "bytes", None),
        ("builtin_simd: ram", 30_200, "bytes", None),
    ]
    assert "compiler: arm-none-eabi-gcc 12.2.1" in str(_entries()[0]["extra"])
