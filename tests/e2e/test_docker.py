"""Whole runs with a Docker engine: it must answer, see .ci/run, and the images of the tests must be there."""

import hashlib
import signal
import subprocess
import time
from contextlib import closing

import docker
import pytest

from e2e.conftest import MakeWorkplace, Workplace
from mcumatrix.adapters.builders.docker.owner import LABEL
from support.made import Made


@pytest.fixture(scope="module")
def contained(make_workplace: MakeWorkplace, toolchain_image: str) -> Workplace:
    """A project in which the matrix `two` has been built in containers."""
    place = make_workplace(Made.NOTHING)
    ran = place.doit("matrix", "two", "--builder", "docker")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.startswith("builder: docker, as asked for\n")
    return place


def _elf_hashes(place: Workplace) -> dict[str, str]:
    """Folder's name, which has variant and fingerprint, to the SHA-256 of its image."""
    return {
        path.parents[1].name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in place.root.glob("build/images/*/output/image.elf")
    }


def test_containers_and_the_compiler_on_path_make_the_same_images_with_the_same_fingerprints(
    contained: Workplace, make_workplace: MakeWorkplace
) -> None:
    assert len(_elf_hashes(contained)) == 2
    # What was built by the compiler on PATH, with other kernels and the image that tests units besides.
    assert _elf_hashes(contained).items() <= _elf_hashes(make_workplace(Made.IMAGES)).items()


def test_a_record_names_the_image_that_its_compiler_was_in(contained: Workplace) -> None:
    assert '"image_id": "sha256:' in contained.records("two")[0].read_text()


def test_what_was_built_in_a_container_is_not_built_again_locally(contained: Workplace) -> None:
    ran = contained.doit("plan", "two", "--builder", "local")
    assert "0 libraries and 0 images to build, 0 to run" in ran.stdout


def test_reproducing_builds_by_every_builder_and_the_report_has_the_verdict(contained: Workplace) -> None:
    ran = contained.doit("reproduce", "two", "--builder", "auto")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "2 of 2 images came out the same each time, bit for bit." in ran.stdout
    assert contained.report("two").count("the same bytes again, by docker and local") == 2


def test_a_difference_is_a_verdict_with_section_and_symbol_and_exit_code_3(contained: Workplace) -> None:
    # An input that no fingerprint knows. Not the time: builds have none.
    source = contained.root / "firmware" / "app" / "main.c"
    settings = contained.root / "firmware" / "cmake" / "common.cmake"
    before = {path: path.read_text() for path in (source, settings)}
    settings.write_text(
        before[settings] + 'string(RANDOM LENGTH 16 chance)\nadd_compile_definitions(CHANCE="${chance}")\n'
    )
    source.write_text(
        before[source]
        .replace("int main(void) {", "const char built_by[] = CHANCE;\nint main(void) {\n")
        .replace("bool clock_is_set = port_init", "port_write(built_by, 0);\nbool clock_is_set = port_init")
    )
    try:
        ran = contained.doit("reproduce", "two", "--select", "clock=216MHz", "--builder", "local")
    finally:
        for path, text in before.items():
            path.write_text(text)
    assert ran.returncode == 3, ran.stdout + ran.stderr
    assert ", in built_by" in ran.stdout
    assert "0 of 1 images came out the same each time, bit for bit." in ran.stdout


def test_without_a_base_image_the_plan_names_one_builder_and_the_way_out_and_fetching_is_said_once(
    make_workplace: MakeWorkplace, toolchain_image: str
) -> None:
    place = make_workplace()
    nowhere = {"MCUMATRIX_BUILDER": "auto", "MCUMATRIX_BASE_IMAGE": "127.0.0.1:1/none:1"}
    plans = [place.doit("plan", "two", **nowhere) for _ in range(2)]
    assert [plan.returncode for plan in plans] == [0, 0]
    assert [plan.stderr for plan in plans] == ["Fetching the base image 127.0.0.1:1/none:1, once.\n", ""]
    for plan in plans:
        said = plan.stdout.splitlines()[-1].partition("; builder: ")[2]
        assert said.startswith(
            "local for debian-12, which is on PATH too: "
            "The Docker engine has no base image, and cannot fetch 127.0.0.1:1/none:1: "
        )
        assert "Make one, as root on a Debian machine: doit base-image" in said
        assert "docker, because" not in said


def test_a_matrix_builds_with_the_compilers_of_two_debians_and_both_answer_rightly(
    make_workplace: MakeWorkplace, toolchain_image: str
) -> None:
    place = make_workplace()
    selection = "kernels=simd and model=mnist-int8 and (toolchain=debian-11 or toolchain=debian-12)"
    ran = place.doit("matrix", "toolchains", "--select", selection, "--builder", "docker")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    records = "".join(record.read_text() for record in place.records("toolchains"))
    assert records.count('"status": "ok"') == 2
    assert records.count(" 8.3.1 20190703") == records.count(" 12.2.1 20221205") == 1


def test_sigterm_stops_the_containers_of_a_run(make_workplace: MakeWorkplace, toolchain_image: str) -> None:
    place = make_workplace(Made.NOTHING)
    process = subprocess.Popen(
        place.command("matrix", "two", "--builder", "docker"),
        cwd=place.root,
        env=place.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while not _containers_of(process):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 130
    assert not _containers_of(process)


def _containers_of(process: subprocess.Popen[bytes]) -> list[str]:
    """Those that a process has started: other tests have theirs at the same time."""
    with closing(docker.from_env()) as engine:
        marks = [container.labels.get(LABEL, "") for container in engine.containers.list()]
    return [mark for mark in marks if mark.split(".")[-2:-1] == [str(process.pid)]]
