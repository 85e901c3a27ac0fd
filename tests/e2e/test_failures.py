"""What goes wrong is said in a sentence, has an exit code of its own, and costs nobody else a result."""

import fcntl
import json
import re
import shutil
import subprocess
import time
from pathlib import Path

from e2e.conftest import TWO_VARIANTS, MakeWorkplace, Workplace
from support.made import Made

ONE_BROKEN = """\
axes:
  runtime: builtin
  kernels: simd
  clock: 216 MHz
  model: mnist-int8
  board: virtual-f746
  optimize: {good: {}, broken: {flags: [-fno-such-option]}}
repeat: 1
health: off
"""

EXPECTED = """\
expect:
  - {optimize: broken, outcome: fail, reason: the option does not exist}
"""


def test_a_variant_that_does_not_compile_keeps_its_column_and_the_others_run(workplace: Workplace) -> None:
    workplace.write_matrix("broken", ONE_BROKEN)
    ran = workplace.doit("matrix", "broken")
    assert ran.returncode == 1
    assert "run:builtin_simd_216MHz_mnist-int8_good" in ran.stdout
    report = workplace.report("broken")
    assert "1 of 2 variants have times. **This report is not complete.**" in report
    assert "| failed: build |" in report
    assert "unrecognized command-line option '-fno-such-option'" in report


def test_a_variant_that_fails_as_expected_is_no_failure(workplace: Workplace) -> None:
    workplace.write_matrix("expected", ONE_BROKEN + EXPECTED)
    ran = workplace.doit("matrix", "expected")
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_a_selection_that_matches_nothing_is_exit_code_5(workplace: Workplace) -> None:
    ran = workplace.doit("matrix", "two", "--select", "clock=217MHz")
    assert ran.returncode == 5
    assert ran.stderr == "error: no variant has clock=217MHz\n  Did you mean '216 MHz'?\n"


def test_a_wrong_matrix_is_exit_code_2_with_file_line_and_what_was_meant(workplace: Workplace) -> None:
    workplace.write_matrix("wrong", TWO_VARIANTS.replace("simd", "smid"))
    for command in (["matrix", "wrong"], ["plan", "wrong"], ["list", "matrix=wrong"]):
        ran = workplace.doit(*command)
        assert ran.returncode == 2, command
        assert "wrong.yaml:4" in ran.stderr
        assert "smid" in ran.stderr
        assert "simd" in ran.stderr
        assert "Traceback" not in ran.stderr


def test_a_matrix_that_is_not_there_is_exit_code_2(workplace: Workplace) -> None:
    ran = workplace.doit("matrix", "tow")
    assert ran.returncode == 2
    assert ran.stderr == "error: there is no matrix 'tow'\n  Did you mean 'two'?\n"


def test_two_matrices_at_once_are_refused(workplace: Workplace) -> None:
    ran = workplace.doit("matrix", "two", "quickstart")
    assert ran.returncode == 2
    assert ran.stderr == (
        "error: matrix takes one name, and has 'two quickstart'\n  As in: matrix [MATRIX]\n"
    )


def test_a_missing_compiler_is_exit_code_4_with_what_to_install(workplace: Workplace, tmp_path: Path) -> None:
    for tool in ("cmake", "ninja", "sh"):
        found = shutil.which(tool)
        assert found
        (tmp_path / tool).symlink_to(found)
    ran = workplace.doit("matrix", "two", PATH=str(tmp_path))
    assert ran.returncode == 4
    assert ran.stderr == (
        "error: arm-none-eabi-gcc is not on PATH.\n"
        "  Install it: apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi; "
        "or run ./dev, which sets everything up.\n"
    )


def test_what_a_matrix_leaves_out_is_in_the_plan_with_its_reason(workplace: Workplace) -> None:
    workplace.write_matrix(
        "less", TWO_VARIANTS + "exclude:\n  - {clock: 288 MHz, reason: the supply is too weak}\n"
    )
    plan = workplace.doit("plan", "less").stdout
    assert "the supply is too weak" in plan
    assert "board      run" in plan
    assert "clock      build" in plan


def test_tasks_have_names_that_a_person_recognises(workplace: Workplace) -> None:
    names = [line.split()[0] for line in workplace.doit("list", "matrix=two").stdout.splitlines()]
    for name in ("build:builtin_simd_216MHz_mnist-int8", "run:builtin_simd_288MHz_mnist-int8", "report:two"):
        assert name in names


def test_a_second_run_at_the_same_time_waits_and_says_for_whom(
    make_workplace: MakeWorkplace,
) -> None:
    place = make_workplace(Made.OBJECTS)
    (place.root / "build").mkdir(exist_ok=True)
    holder = {
        "pid": 4711,
        "host": "lab1",
        "user": "anna",
        "command": "doit matrix",
        "since": "2026-11-24 05:47:02",
    }
    with (place.root / "build" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        json.dump(holder, lock)
        lock.flush()
        process = subprocess.Popen(
            place.command("matrix", "two", "--select", "clock=216MHz"),
            cwd=place.root,
            env=place.environment(),
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout
        assert process.stdout.readline() == (
            "Waiting for this project's folder: process 4711 of anna on host lab1 has it since "
            "2026-11-24 05:47:02 (doit matrix).\n"
        )
        time.sleep(0.2)
        assert not list(place.root.glob("build/images/*"))
    process.communicate(timeout=120)
    assert process.returncode == 0


def test_an_unknown_option_is_exit_code_2_and_help_is_not(workplace: Workplace) -> None:
    ran = workplace.doit("matrix", "--selct", "kernels=simd")
    assert ran.returncode == 2
    assert ran.stderr == (
        "error: No such option '--selct'. (Did you mean one of: '--help', '--select'?)\n"
        "  `doit matrix --help` has the options.\n"
    )
    for arguments in (("plan", "--help"), ("help", "plan")):
        ran = workplace.doit(*arguments)
        assert ran.returncode == 0
        assert ran.stdout.startswith("Usage: doit plan [OPTIONS] [MATRIX]\n")
        assert "--select TEXT" in ran.stdout
        assert "--db-file" not in ran.stdout


def test_what_is_neither_command_nor_task_is_exit_code_2(workplace: Workplace) -> None:
    ran = workplace.doit("matrx")
    assert ran.returncode == 2
    assert ran.stderr == "error: there is no command and no task 'matrx'\n  Did you mean 'matrix'?\n"
    ran = workplace.doit("run:nosuch", "matrix=two")
    assert ran.returncode == 2
    assert ran.stderr.startswith("error: there is no command and no task 'run:nosuch'\n")


def test_an_unknown_builder_is_exit_code_2(workplace: Workplace) -> None:
    ran = workplace.doit("plan", "two", "--builder", "podman")
    assert ran.returncode == 2
    assert ran.stderr == "error: there is no builder 'podman'\n  There are: auto, docker, local.\n"


def test_docker_that_is_asked_for_and_does_not_answer_is_exit_code_4(workplace: Workplace) -> None:
    ran = workplace.doit("plan", "two", "--builder", "docker", DOCKER_HOST="unix:///nowhere/docker.sock")
    assert ran.returncode == 4
    assert ran.stderr == (
        "error: No Docker engine answers: there is no /nowhere/docker.sock.\n"
        "  Start one, or build with the toolchain on PATH: --builder local\n"
    )


def test_without_an_engine_the_plan_says_that_it_builds_with_what_is_on_path_and_why(
    workplace: Workplace,
) -> None:
    nowhere = {"DOCKER_HOST": "unix:///nowhere/docker.sock", "MCUMATRIX_BUILDER": "auto"}
    ran = workplace.doit("plan", "two", **nowhere)
    assert ran.returncode == 0
    assert ran.stdout.splitlines()[-1].endswith(
        "builder: local, because no Docker engine answers: there is no /nowhere/docker.sock."
    )


TOO_LARGE = """\
axes:
  runtime: builtin
  kernels: [reference, simd]
  clock: 216 MHz
  model: mnist-int8
  board: virtual-f746
repeat: 1
health: off
"""


def test_an_image_that_does_not_fit_is_a_result_with_how_much_it_is_too_large(
    make_workplace: MakeWorkplace,
) -> None:
    place = make_workplace()
    source = place.root / "firmware/runtime/builtin/kernels/simd/fully_connected_int8.c"
    # In a section that the linker keeps.
    ballast = '__attribute__((used, section(".init_array.ballast"))) const char ballast[2000000] = {1};'
    source.write_text(f"{source.read_text()}\n{ballast}\n")
    place.write_matrix("size", TOO_LARGE)
    ran = place.doit("matrix", "size")
    assert ran.returncode == 1
    report = place.report("size")
    assert "1 of 2 variants have times. **This report is not complete.**" in report
    assert "| failed: build, too-large |" in report
    assert re.search(r"build, too-large: too large by 1[0-9]{6} bytes in FLASH", report)


REFUSED = """\
axes:
  runtime: builtin
  kernels: simd
  clock: 216 MHz
  model: mnist-int8
  board: virtual-f746
  placement: {default: {}, small: {weights: dtcm}}
expect:
  - {placement: small, outcome: fail, status: STATUS, reason: 64 KB are too few}
repeat: 1
health: off
"""


def test_what_is_refused_before_its_build_is_what_was_expected_or_a_finding(workplace: Workplace) -> None:
    workplace.write_matrix("refused", REFUSED.replace("STATUS", "too-large"))
    (planned,) = (line for line in workplace.doit("plan", "refused").stdout.splitlines() if "_small " in line)
    assert "cannot be tried, as expected: The weights of the model mnist-int8 cannot lie in dtcm: " in planned
    ran = workplace.doit("matrix", "refused")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    report = workplace.report("refused")
    assert "1 of 2 variants have times; the other 1 failed, as expected." in report
    assert "bytes are missing. (expected: 64 KB are too few)" in report
    workplace.write_matrix("refused", REFUSED.replace("STATUS", "timeout"))
    assert "cannot be tried: The weights" in workplace.doit("plan", "refused").stdout
    ran = workplace.doit("matrix", "refused")
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "and failed otherwise: too-large." in workplace.report("refused")


def test_two_parts_of_an_image_that_fail_are_one_record_that_names_both(
    make_workplace: MakeWorkplace,
) -> None:
    place = make_workplace()
    # The library of the runtime and that of the model both include it.
    (place.root / "firmware" / "runtime" / "builtin" / "model.h").write_text("#error broken on purpose\n")
    ran = place.doit("matrix", "two")
    assert ran.returncode == 1, ran.stdout + ran.stderr
    records = [json.loads(path.read_bytes()) for path in place.records("two")]
    assert len({record["variant"] for record in records}) == len(records) == 2
    for record in records:
        assert record["status"] == "build"
        assert "builtin-simd-int8: " in record["reason"]
        assert "builtin-mnist-int8: " in record["reason"]
