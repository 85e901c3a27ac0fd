"""What variants of a matrix share: libraries, and what one more variant takes. Prints JSON.

    MCUMATRIX_SOURCE_TFLM_1_14_0=... MCUMATRIX_SOURCE_TFLM_2_1_0=... .venv/bin/python bench/sharing.py blog
    .venv/bin/python bench/sharing.py mlperf-tiny-tflm

Builds in a copy of the project with the compiler on PATH, so that the seconds of processors count too: on a
shared machine the time alone says little, and `busy` is how many processes wanted a processor when it began.
First with an empty ccache, then all of it again with a full one (`warm`), then for other clocks and for
another model. TensorFlow comes from the folders that are named, or from where the matrix says.

Targets: at most four libraries of TensorFlow for `blog`; at most 90 s on two cores for a library of today's
tree, which are 180 s of processors; at most 1.5 s to link a variant of which only the clock or the model is
new.
"""

import argparse
import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from quickstart import copy_project

_DONE = re.compile(r"^(library|build):(\S+)  .*\[([0-9.]+) s\]$", re.MULTILINE)
_COMPILED = re.compile(r"^\[\d+/\d+\] Building ", re.MULTILINE)


@dataclass(frozen=True)
class Case:
    """A matrix, and what of its text stands for what is built first, for other clocks and for another model.

    No other model may need an operator that the first ones do not have: it would be another library.
    """

    clocks: str
    other_clocks: str
    models: str
    first_models: str
    another_model: str


CASES = {
    "blog": Case(
        clocks="[216 MHz, 288 MHz]",
        other_clocks="[200 MHz, 270 MHz]",
        models="[mnist-float32, mnist-hybrid]",
        first_models="[mnist-float32, mnist-hybrid]",
        another_model="mnist-uint8",
    ),
    "mlperf-tiny-tflm": Case(
        clocks="[216 MHz, 108 MHz]",
        other_clocks="[200 MHz, 100 MHz]",
        models="[mlperf-kws, mlperf-resnet, mlperf-vww, mlperf-autoencoder]",
        first_models="[mlperf-kws, mlperf-resnet, mlperf-vww]",
        another_model="[mlperf-kws, mlperf-resnet, mlperf-vww, mlperf-autoencoder]",
    ),
}


def build(project: Path, matrix: str) -> dict[str, object]:
    """Builds all images of a matrix that are not there yet, and says what that took."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    busy = Path("/proc/loadavg").read_text().split()[0]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    logs = {path: path.stat().st_mtime_ns for path in _logs(project)}
    ran = subprocess.run(
        ["doit", "--continue", f"matrix={matrix}", "builder=local", "build"],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    made: dict[str, dict[str, float]] = {"library": {}, "build": {}}
    for kind, name, seconds in _DONE.findall(ran.stdout):
        made[kind][name] = float(seconds)
    if not made["build"]:
        sys.exit(f"Nothing was built.\n{ran.stdout[-2000:]}\n{ran.stderr}")
    new = [path for path in _logs(project) if logs.get(path) != path.stat().st_mtime_ns]
    links = made["build"].values()
    return {
        "busy": float(busy),
        "all_s": round(time.perf_counter() - started, 1),
        "all_of_processors_s": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
        "files_compiled": {
            path.parents[1].name.rpartition("-")[0]: len(_COMPILED.findall(path.read_text())) for path in new
        },
        "libraries_of_tensorflow_s": of_tensorflow(made["library"]),
        "variants_linked": len(links),
        "link_median_s": statistics.median(links),
        "link_longest_s": max(links),
    }


def _logs(project: Path) -> list[Path]:
    return sorted((project / "build" / "libraries").glob("*/output/build.log"))


def of_tensorflow(libraries: dict[str, float]) -> dict[str, float]:
    return {
        name: seconds
        for name, seconds in libraries.items()
        if re.match(r"tflm-.*-(reference|cmsis-nn)-", name)
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("matrix", choices=CASES)
    name = parser.parse_args().matrix
    case = CASES[name]
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        copy_project(project)
        matrix = project / "matrix" / f"{name}.yaml"
        text = re.sub(r"expect:\n(  .*\n)+", "", matrix.read_text())

        def build_for(models: str, clocks: str) -> dict[str, object]:
            matrix.write_text(text.replace(case.models, models).replace(case.clocks, clocks))
            return build(project, name)

        result: dict[str, object] = {"cores": os.cpu_count()}
        result["cold"] = build_for(case.first_models, case.clocks)
        for made in ("libraries", "images"):
            shutil.rmtree(project / "build" / made)
        result["warm"] = build_for(case.first_models, case.clocks)
        result["other_clocks"] = build_for(case.first_models, case.other_clocks)
        result["another_model"] = build_for(case.another_model, case.clocks)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
