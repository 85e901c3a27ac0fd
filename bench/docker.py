"""Builds in containers against builds with the compiler on PATH, in one run. Prints JSON.

    .venv/bin/python bench/docker.py

Cold: the eight images of the quickstart from nothing, without ccache's memory. Warm: all libraries are there,
and the eight images are linked again. Needs a Docker engine, and the image of the toolchain made already
(`doit matrix --builder docker` does so).
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from quickstart import copy_project

VARIANTS = 8


def build_s(project: Path, builder: str) -> float:
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "MCUMATRIX_BUILDER": builder,
    }
    start = time.perf_counter()
    subprocess.run(
        ["doit", "run", "-n", str(os.cpu_count()), "-P", "thread", "build"],
        cwd=project,
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.perf_counter() - start


def measure(builder: str) -> tuple[float, float]:
    """Seconds for everything from nothing, and for the images alone."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        copy_project(project)
        cold_s = build_s(project, builder)
        shutil.rmtree(project / "build" / "images")
        return cold_s, build_s(project, builder)


def main() -> None:
    measure("docker")  # asks the engine for the toolchain's image and remembers nothing of it
    (local_cold_s, local_warm_s), (docker_cold_s, docker_warm_s) = measure("local"), measure("docker")
    print(
        json.dumps(
            {
                "cores": os.cpu_count(),
                "local_cold_s": round(local_cold_s, 2),
                "docker_cold_s": round(docker_cold_s, 2),
                "docker_cold_ratio": round(docker_cold_s / local_cold_s, 2),
                "docker_cold_more_per_variant_s": round((docker_cold_s - local_cold_s) / VARIANTS, 2),
                "docker_warm_per_variant_s": round(docker_warm_s / VARIANTS, 2),
                "local_warm_per_variant_s": round(local_warm_s / VARIANTS, 2),
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
