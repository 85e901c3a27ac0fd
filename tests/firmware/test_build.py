"""Images: the same bytes from any folder, no more compiled than needed, everything where it belongs."""

import re
import shutil
import subprocess
from dataclasses import replace

import pytest

from support.firmware_images import FIRMWARE, HELLO, Build, run, symbol_address


def compiled(ninja_output):
    return sorted(re.findall(r" -c \S+/([\w.]+)", ninja_output))


def test_an_image_is_the_same_bytes_wherever_it_is_built(tmp_path, build):
    moved = Build(tmp_path / "some" / "where else", firmware=tmp_path / "copy of firmware")
    shutil.copytree(FIRMWARE, moved.firmware, ignore=shutil.ignore_patterns("models"))
    moved.render()
    moved.configure()
    moved.compile()
    build.render()
    build.make_library()
    build.compile()
    for name in ("image.elf", "image.bin"):
        assert (moved.elf.parent / name).read_bytes() == (build.elf.parent / name).read_bytes(), name


def test_another_clock_compiles_one_file(build):
    build.render()
    build.compile()
    build.render(replace(HELLO, clock_hz=288_000_000))
    assert compiled(build.compile()) == ["image.c"]


def test_another_digit_compiles_only_the_digit(build):
    build.render()
    build.compile()
    build.render(digit=b"\0" * 100)
    assert compiled(build.compile()) == ["sample.c"]


def test_nothing_is_built_twice(build):
    build.render()
    build.compile()
    assert "no work to do" in build.compile()


def test_another_library_is_linked_again(build):
    build.render()
    build.compile()
    float_build = replace(build, runtime_flags=("-DFAKE_FLOAT32",))
    float_build.make_library()
    output = float_build.compile()
    assert compiled(output) == []
    assert "image.elf" in output


def test_our_own_code_is_compiled_with_warnings_as_errors_and_rendered_code_is_not(build):
    commands = run("ninja", "-C", build.folder / "image", "-t", "commands").splitlines()
    for command in commands:
        if source := re.search(r" -c (\S+)", command):
            assert ("-Werror" in command) == (str(FIRMWARE) in source[1]), source[1]
            assert " -O2 " in command


def sections(elf):
    """Section name to (address, size, type, flags)."""
    rows = re.findall(
        r"^ *\[ *\d+\] (\S+) +(\w+) +([0-9a-f]{8}) [0-9a-f]{6} ([0-9a-f]{6}) \d+ +([A-Z]*) ",
        run("arm-none-eabi-readelf", "-SW", elf),
        re.MULTILINE,
    )
    return {name: (int(address, 16), int(size, 16), kind, flags) for name, kind, address, size, flags in rows}


def test_sections_are_where_they_belong(image):
    found = sections(image())
    places = {name: address for name, (address, size, _, flags) in found.items() if "A" in flags and size}
    assert places[".isr_vector"] == 0x0800_0000
    assert found[".isr_vector"][1] == 4 * (16 + 98)
    assert places[".stack"] == 0x2000_0000
    for name, low, high in (
        (".text", 0x0800_0000, 0x0810_0000),
        (".rodata", 0x0800_0000, 0x0810_0000),
        (".data", 0x2000_0000, 0x2001_0000),
        (".dtcm", 0x2000_0000, 0x2001_0000),
        (".bss", 0x2001_0000, 0x2004_C000),
    ):
        assert low <= places[name] < high, name
    assert [found[name][2] for name in (".stack", ".fault_stack", ".dtcm", ".bss")] == ["NOBITS"] * 4


def test_the_use_of_each_region_can_be_read_from_the_image(image):
    elf = image()
    found = sections(elf)
    binary_bytes = sum(found[name][1] for name in (".isr_vector", ".text", ".rodata", ".ARM.exidx", ".data"))
    used = {name: symbol_address(elf, f"region_{name}_used_bytes") for name in ("flash", "dtcm", "sram1")}
    assert binary_bytes <= used["flash"] < binary_bytes + 64
    assert used["dtcm"] == found[".dtcm"][0] + found[".dtcm"][1] - 0x2000_0000
    assert used["sram1"] == found[".bss"][0] + found[".bss"][1] - 0x2001_0000


def test_the_binary_is_the_flash_and_is_small(build):
    build.render()
    build.make_library()
    build.compile()
    binary = (build.elf.parent / "image.bin").read_bytes()
    assert len(binary) == symbol_address(build.elf, "region_flash_used_bytes") < 64 * 1024
    assert int.from_bytes(binary[0:4], "little") == symbol_address(build.elf, "stack_top")
    assert int.from_bytes(binary[4:8], "little") == symbol_address(build.elf, "reset_handler") | 1


@pytest.mark.parametrize(
    ("definitions", "error"),
    [
        (("-DMCUMATRIX_BOARD=stm32f746g",), 'no board "stm32f746g" under firmware/board; there are:'),
        (
            ("-DMCUMATRIX_BOARD=",),
            "Neither MCUMATRIX_BOARD nor MCUMATRIX_CPU_FLAGS says what to compile for; see the top of",
        ),
        (
            ("-DMCUMATRIX_BOARD=", "-DMCUMATRIX_CPU_FLAGS=-mcpu=cortex-m7 -mthumb"),
            "MCUMATRIX_BOARD is not set",
        ),
        (("-DMCUMATRIX_LIBRARY=",), "MCUMATRIX_LIBRARY is not set"),
        (("-DMCUMATRIX_TOOLCHAIN_PREFIX=no-such-",), "There is no no-such-gcc. Install the toolchain"),
    ],
)
def test_a_wrong_setting_is_refused_when_configuring(tmp_path, definitions, error):
    done = subprocess.run(
        [
            *("cmake", "-G", "Ninja", "-S", FIRMWARE, "-B", tmp_path / "image"),
            f"-DCMAKE_TOOLCHAIN_FILE={FIRMWARE}/cmake/arm-none-eabi.cmake",
            *("-DMCUMATRIX_BOARD=stm32f746g_disco", "-DMCUMATRIX_RUNTIME=builtin"),
            *(f"-DMCUMATRIX_GENERATED={tmp_path}", "-DMCUMATRIX_LIBRARY=libruntime.a", *definitions),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert error in " ".join(done.stderr.split())
