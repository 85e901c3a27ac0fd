"""What the variants of matrix/blog.yaml share: libraries, and what one more variant takes. Prints JSON.

    MCUMATRIX_SOURCE_TFLM_1_14_0=... MCUMATRIX_SOURCE_TFLM_2_1_0=... .venv/bin/python bench/sharing.py

Works in a copy of the project, with ccache empty where Docker builds; TensorFlow comes from the folders that
are named, or from the archives. Targets: at most four libraries of TensorFlow, and at most 5 s to link a
variant of which only the clock or the model is new.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from quickstart import copy_project

CLOCKS, NEW_CLOCKS = "[216 MHz, 288 MHz]", "[200 MHz, 270 MHz]"
MODELS, NEW_MODELS = "[mnist-float32, mnist-hybrid]", "mnist-uint8"
_DONE = re.compile(r"^(library|build):(\S+)  .*\[([0-9.]+) s\]$", re.MULTILINE)


def run(project: Path) -> dict[str, dict[str, float]]:
    """Runs the matrix; gives the seconds of each library and each link that was made, by name."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    ran = subprocess.run(
        ["doit", "matrix", "blog"], cwd=project, env=environment, capture_output=True, text=True, check=False
    )
    has_times = re.search(r"variants (have times|were measured)", ran.stdout)
    if not has_times or "not tried" in ran.stdout + ran.stderr:
        sys.exit(f"The matrix did not run.\n{ran.stdout[-2000:]}\n{ran.stderr}")
    made: dict[str, dict[str, float]] = {"library": {}, "build": {}}
    for kind, name, seconds in _DONE.findall(ran.stdout):
        made[kind][name] = float(seconds)
    return made


def of_tensorflow(libraries: dict[str, float]) -> dict[str, float]:
    return {
        name: seconds
        for name, seconds in libraries.items()
        if re.match(r"tflm-.*-(reference|cmsis-nn)-", name)
    }


def summary(made: dict[str, dict[str, float]]) -> dict[str, object]:
    links = made["build"].values()
    return {
        "libraries_of_tensorflow_s": of_tensorflow(made["library"]),
        "variants_linked": len(links),
        "link_median_s": statistics.median(links),
        "link_longest_s": max(links),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        copy_project(project)
        matrix = project / "matrix" / "blog.yaml"
        text = matrix.read_text()
        result = {"cores": os.cpu_count(), "sixteen_variants_from_nothing": summary(run(project))}
        matrix.write_text(text.replace(CLOCKS, NEW_CLOCKS))
        result["other_clocks"] = summary(run(project))
        without_expectations = re.sub(r"expect:\n(  .*\n)+", "", text)
        matrix.write_text(without_expectations.replace(MODELS, NEW_MODELS))
        result["another_model"] = summary(run(project))
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
