"""Sizes of images: of a real one, made by the real linker."""

from pathlib import Path

import pytest

from mcumatrix.errors import BuildError
from mcumatrix.model.image import FlashPart, Sizes
from mcumatrix.stages.sizes import measure_sizes, read_regions
from support.compiling import compile_arm, run

SCRIPT = """\
MEMORY {
  FLASH (rx) : ORIGIN = 0x08000000, LENGTH = 1M
  RAM (rwx)  : ORIGIN = 0x20000000, LENGTH = 64K
  SPARE (rw) : ORIGIN = 0x2004c000, LENGTH = 16K
}
SECTIONS {
  .text : { *(.text*) *(.rodata*) } > FLASH
  .data : { *(.data*) } > RAM AT > FLASH
  .bss (NOLOAD) : { *(.bss*) } > RAM
}
"""

SOURCE = """\
const int table[16] = {1};
int counters[8] = {1};
int buffer[100];
int _start(void) { return table[counters[0]] + buffer[0]; }
"""


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("image")
    files = {"link.ld": SCRIPT, "main.c": SOURCE}
    compile_arm(folder, files, "-fno-common", "-g", "-T", "link.ld", "-Wl,-Map=image.map")
    return folder


def test_sections_are_counted_by_kind_and_data_in_flash_and_in_ram(image: Path) -> None:
    sizes = measure_sizes(image / "image.elf", image / "image.map")
    text_bytes = sizes.text_bytes
    assert text_bytes > 64
    assert sizes == Sizes(
        text_bytes,
        data_bytes=32,
        bss_bytes=400,
        region_bytes={"FLASH": text_bytes + 32, "RAM": 432, "SPARE": 0},
        flash_bytes=sizes.flash_bytes,
    )


def test_what_is_in_flash_is_told_apart_by_the_library_that_it_comes_from(tmp_path: Path) -> None:
    sources = {
        "libkernels.a": "const char kernel[100] = {1};",
        "liboptimised.a": "const char optimised[200] = {1};",
        "libruntime.a": "const char runtime[300] = {1};",
        "libadapter.a": "const char adapter[400] = {1};",
        "libmodel.a": "const char model[500] = {1};",
        "libc_of_somebody.a": "int library[150] = {1};",
    }
    names = ("kernel", "optimised", "runtime", "adapter", "model", "library")
    main = "".join(f"extern const char {name}[]; " for name in names)
    main += "const char *const all[] = {" + ", ".join(names) + "}; int _start(void) { return *all[0]; }"
    for library, text in sources.items():
        object_file = tmp_path / f"{library}.c.obj"
        (tmp_path / f"{library}.c").write_text(text)
        run(
            "arm-none-eabi-gcc",
            "-mcpu=cortex-m7",
            "-mthumb",
            "-c",
            tmp_path / f"{library}.c",
            "-o",
            object_file,
        )
        run("arm-none-eabi-ar", "rcsD", tmp_path / library, object_file)
    whole = ["-Wl,--whole-archive", *(tmp_path / library for library in sources), "-Wl,--no-whole-archive"]
    files = {"link.ld": SCRIPT, "main.c": main}
    compile_arm(tmp_path, files, "-g", "-T", "link.ld", "-Wl,-Map=image.map", *whole)
    sizes = measure_sizes(tmp_path / "image.elf", tmp_path / "image.map")
    flash_bytes = dict(sizes.flash_bytes)
    application, alignment = flash_bytes.pop(FlashPart.APPLICATION), flash_bytes.pop(FlashPart.OTHER)
    assert flash_bytes == {
        FlashPart.KERNELS: 100,
        FlashPart.OPTIMISED: 200,
        FlashPart.RUNTIME: 300,
        FlashPart.MODEL: 500,
        FlashPart.C_LIBRARY: 600,
    }
    assert application >= 400 + 6 * 4
    assert 0 <= alignment < 16
    assert sum(sizes.flash_bytes.values()) == sizes.region_bytes["FLASH"]


def test_strings_that_the_linker_merges_count_once(tmp_path: Path) -> None:
    texts = {"a": '"a sentence that both have"', "b": '"a sentence that both have"'}
    for name, text in texts.items():
        source, compiled = tmp_path / f"{name}.c", tmp_path / f"{name}.c.obj"
        source.write_text(f"const char *{name}(void) {{ return {text}; }}")
        run("arm-none-eabi-gcc", "-O2", "-mcpu=cortex-m7", "-mthumb", "-c", source, "-o", compiled)
    main = "const char *a(void), *b(void); int _start(void) { return *a() + *b(); }"
    files = {"link.ld": SCRIPT, "main.c": main}
    compile_arm(
        tmp_path,
        files,
        "-T",
        "link.ld",
        "-Wl,-Map=image.map",
        *(str(tmp_path / f"{name}.c.obj") for name in texts),
    )
    sizes = measure_sizes(tmp_path / "image.elf", tmp_path / "image.map")
    assert "size before relaxing" in (tmp_path / "image.map").read_text()
    assert sum(sizes.flash_bytes.values()) == sizes.region_bytes["FLASH"]
    assert min(sizes.flash_bytes.values()) >= 0


def test_a_section_that_is_empty_belongs_to_nobody(tmp_path: Path) -> None:
    script = SCRIPT.replace("  .data :", "  .empty : { empty = .; KEEP(*(.empty)) } > FLASH\n  .data :")
    source = f'{SOURCE}__asm(".section .empty, \\"a\\"\\n.previous");\n'
    files = {"link.ld": script, "main.c": source}
    compile_arm(tmp_path, files, "-fno-common", "-T", "link.ld", "-Wl,-Map=image.map")
    assert ".empty" in run("arm-none-eabi-readelf", "-S", tmp_path / "image.elf")
    sizes = measure_sizes(tmp_path / "image.elf", tmp_path / "image.map")
    assert sum(sizes.flash_bytes.values()) == sizes.region_bytes["FLASH"]


def test_sizes_are_those_that_the_toolchains_own_tool_counts(image: Path) -> None:
    sizes = measure_sizes(image / "image.elf", image / "image.map")
    assert run("arm-none-eabi-size", image / "image.elf").splitlines()[1].split()[:3] == [
        str(number) for number in (sizes.text_bytes, sizes.data_bytes, sizes.bss_bytes)
    ]


def test_regions_are_read_from_the_linkers_map(image: Path) -> None:
    assert read_regions((image / "image.map").read_text()) == {
        "FLASH": range(0x0800_0000, 0x0810_0000),
        "RAM": range(0x2000_0000, 0x2001_0000),
        "SPARE": range(0x2004_C000, 0x2005_0000),
    }


def test_a_map_without_regions_is_said_so(image: Path, tmp_path: Path) -> None:
    (tmp_path / "image.map").write_text("")
    with pytest.raises(BuildError) as error:
        measure_sizes(image / "image.elf", tmp_path / "image.map")
    assert str(error.value) == (
        f"{tmp_path / 'image.map'} has no memory regions\n"
        "  The linker did not write its map; see build.log beside it."
    )


def test_a_file_that_is_no_elf_is_said_so(image: Path, tmp_path: Path) -> None:
    (tmp_path / "image.elf").write_bytes(b"not an ELF file at all")
    with pytest.raises(BuildError) as error:
        measure_sizes(tmp_path / "image.elf", image / "image.map")
    assert str(error.value) == (
        f"{tmp_path / 'image.elf'} is not an ELF file: Magic number does not match\n"
        "  Remove it and build again."
    )
