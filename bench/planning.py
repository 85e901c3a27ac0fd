"""What `doit plan` takes for a matrix of many variants. Prints JSON.

    .venv/bin/python bench/planning.py --variants 100000

Target: at most 60 s and 500 MB for as many as a matrix may have. The variants differ in clock, kernels,
model and flags, on the virtual board, with the compiler on PATH.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from quickstart import allow_every_clock, copy_project

MATRIX = """\
axes:
  runtime: builtin
  kernels: [reference, simd]
  clock: [{clocks}]
  model: [mnist-float32, mnist-int8]
  board: virtual-f746
  optimize: {{O2: {{flags: [-O2]}}, O3: {{flags: [-O3]}}}}
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--variants", type=int, default=100_000)
    variants = parser.parse_args().variants
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        copy_project(project)
        allow_every_clock(project)
        clocks = ", ".join(f"{100_000 + number} kHz" for number in range(variants // 8))
        (project / "matrix" / "many.yaml").write_text(MATRIX.format(clocks=clocks))
        begun = time.perf_counter()
        planned = subprocess.run(
            ["doit", "plan", "many", "--builder", "local"],
            cwd=project,
            env=os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=True,
        )
        took_s = time.perf_counter() - begun
    summary = planned.stdout.splitlines()[-1]
    if not summary.startswith(f"{variants} variants: "):
        sys.exit(f"It planned something else: {summary}")
    most_kib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(json.dumps({"variants": variants, "s": round(took_s, 1), "mb": most_kib * 1024 // 10**6}, indent=1))


if __name__ == "__main__":
    main()
