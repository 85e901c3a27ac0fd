"""The patches under matrix/patches, for the trees of the article's author."""

import subprocess
from pathlib import Path

import pytest

from mcumatrix.sources.cache import Cache
from mcumatrix.sources.patch import patched

ROOT = Path(__file__).parents[2]
PATCHES = sorted((ROOT / "matrix" / "patches").glob("*.diff"))
INTERPRETERS = {
    "tflm-1.14.0": "tensorflow/lite/experimental/micro/micro_interpreter.cc",
    "tflm-2.1.0": "tensorflow/lite/micro/micro_interpreter.cc",
}
"""Where the author's timing code is, below the tree's folder."""

AS_HE_TIMES = """\
#include <cstdio>
#include "../../src/inc/dwt_tools.h"
extern __IO float glb_inference_time_ms;
void run() {
    dwt_init();
    dwt_reset();
    float time_ms = dwt_cycles_to_float_ms( dwt_get_cycles() );
    glb_inference_time_ms += time_ms;
    printf("%f msec", time_ms);
}
"""
"""What the two files do with his header, in our words."""


def test_each_tree_has_one() -> None:
    assert [path.stem for path in PATCHES] == list(INTERPRETERS)
    for path in PATCHES:
        runtime = (ROOT / "matrix" / "runtimes" / f"{path.stem}.yaml").read_text()
        assert f"patches: [{path.relative_to(ROOT).as_posix()}]" in runtime


@pytest.mark.parametrize("patch", PATCHES, ids=lambda path: path.stem)
def test_none_has_a_line_of_the_tree_in_it(patch: Path) -> None:
    hunk = patch.read_text().partition("\n@@ -0,0 ")[2].splitlines()[1:]
    assert hunk and all(line.startswith("+") for line in hunk)


@pytest.mark.parametrize("patch", PATCHES, ids=lambda path: path.stem)
def test_with_it_timing_code_in_the_interpreter_is_nothing(patch: Path, tmp_path: Path) -> None:
    interpreter = INTERPRETERS[patch.stem]
    tree = tmp_path / "tree"
    (tree / interpreter).parent.mkdir(parents=True)
    (tree / interpreter).write_text(AS_HE_TIMES)
    copy = patched("tensorflow", tree, "1", [patch], Cache(tmp_path / "cache"))
    compiled = tmp_path / "interpreter.s"
    command = ["arm-none-eabi-g++", "-O2", "-Wall", "-Werror", "-S", copy / interpreter, "-o", compiled]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    text = compiled.read_text()
    assert "printf" not in text
    assert "dwt_" not in text
