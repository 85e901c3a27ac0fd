"""Our way of building a matrix against the seed's: one clean build directory after another. Prints JSON.

    .venv/bin/python bench/seed_way.py

The seed's build script configures and compiles everything anew for each variant: library, model, firmware.
Here both ways build the eight variants of the quickstart with the compiler on PATH, cold, without ccache, and
with models that are rendered already.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from quickstart import copy_project

from mcumatrix import actions
from mcumatrix.model.image import BuildFolders, BuildPlan
from mcumatrix.project import Project
from mcumatrix.stages.build import execute, without_ccache
from mcumatrix.work import load_work
from mcumatrix.workflow import Job


def in_one_go(job: Job) -> BuildPlan:
    """A plan that compiles all sources of a variant in one folder, as the seed's script does."""

    def below(step: Iterable[str], name: str) -> tuple[str, ...]:
        return tuple(part.replace("{output}", f"{{output}}/{name}") for part in step)

    ours = ("-DMCUMATRIX_PLATFORM=", "-DMCUMATRIX_MODEL=", "-DMCUMATRIX_LIBRARY=")
    configure, compile_ = without_ccache(job.image.plan).steps
    all_in_one = [part for part in configure if not part.startswith(ours)]
    library = "-DMCUMATRIX_LIBRARY={output}/runtime/libruntime.a"
    return replace(
        job.image.plan,
        steps=(
            *(below(step, "runtime") for step in without_ccache(job.runtime.plan).steps),
            (*below(all_in_one, "image"), library),
            below(compile_, "image"),
        ),
        outputs=("image/image.elf",),
    )


def seed_way_s(project: Project) -> float:
    """Each variant in a clean folder, one after the other."""
    work = load_work(project, "quickstart", "local", print)
    for job in work.jobs:
        if not job.rendered.folder.exists():
            actions.render_model(project, job)
    start = time.perf_counter()
    for job in work.jobs:
        folders = BuildFolders(
            project.firmware, inputs=project.build / "seed-inputs", output=project.build / "seed-way"
        )
        execute(in_one_go(job), work.builder, folders, actions.rendered_inputs(project, job))
    return time.perf_counter() - start


def our_way_s(project: Project) -> float:
    """`doit` with all images as its goal. The models are rendered already, as in the seed's way."""
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "MCUMATRIX_BUILDER": "local",
        "CCACHE_DISABLE": "1",
    }
    start = time.perf_counter()
    subprocess.run(
        ["doit", "run", "-n", str(os.cpu_count()), "-P", "thread", "build"],
        cwd=project.root,
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.perf_counter() - start


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        project = Project(Path(folder))
        copy_project(project.root)
        seed_s = seed_way_s(project)
        ours_s = our_way_s(project)
    print(
        json.dumps(
            {
                "cores": os.cpu_count(),
                "seed_way_s": round(seed_s, 2),
                "our_way_s": round(ours_s, 2),
                "ours_is_faster_by": round(seed_s / ours_s, 2),
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
