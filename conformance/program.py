"""Compiled programs that both run: layers of the quickstart's models, and what CoreMark does."""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from conformance.errors import ConformanceError
from mcumatrix.adapters.models.tflite_file import read_network
from mcumatrix.adapters.runtimes.builtin import render_builtin

_HERE = Path(__file__).parent / "programs"
_ROOT = Path(__file__).parents[1]
_BUILTIN = _ROOT / "firmware" / "runtime" / "builtin"
_COMPILE = (
    *(
        "arm-none-eabi-gcc",
        "-mcpu=cortex-m7",
        "-mthumb",
        "-mfpu=fpv5-sp-d16",
        "-mfloat-abi=hard",
        "-std=gnu17",
    ),
    *("-ffp-contract=fast", "-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections", "-nostartfiles"),
    *("--specs=nano.specs", "--specs=nosys.specs"),
)
MODELS = ("mnist-float32", "mnist-int8")
KERNELS = ("reference", "simd")
WORKLOAD_FLAGS = ("-O2", "-O3", "-Os")


@dataclass(frozen=True, slots=True)
class Source:
    """A program that can be compiled: its name, its files in C, and flags."""

    name: str
    files: tuple[Path, ...]
    flags: tuple[str, ...]
    model: str = ""
    """The model whose layer it has, if any."""


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled program: its ELF file, what is loaded where, and addresses in it."""

    name: str
    elf: Path
    segments: tuple[tuple[int, bytes], ...]
    begin: int
    over: int
    stack_top: int
    ram_start: int
    ram_bytes: int


def sources() -> Iterator[Source]:
    """All programs: each layer of each model with each kind of kernels, and the workload at three levels."""
    for flags in WORKLOAD_FLAGS:
        yield Source(f"workload {flags[1:]}", (_HERE / "workload.c",), (flags,))
    for model in MODELS:
        layers = read_network(_ROOT / "firmware" / "models" / f"{model}.tflite").layers
        for kernels in KERNELS:
            element = model.removeprefix("mnist-")
            folders = (_BUILTIN / "kernels" / "common", _BUILTIN / "kernels" / kernels)
            files = tuple(path for folder in folders for path in sorted(folder.glob(f"*_{element}.c")))
            for number, layer in enumerate(layers):
                name = f"{model} {kernels} {number} {layer.operator}"
                yield Source(name, (_HERE / "kernel.c", *files), ("-O2", f"-DLAYER={number}"), model)


def build(source: Source, folder: Path) -> Program:
    """Compiles a program into a folder.

    Raises:
        ConformanceError: there is no compiler, or it refuses the program.
    """
    if shutil.which(_COMPILE[0]) is None:
        raise ConformanceError(
            f"{_COMPILE[0]} is not on PATH; the programs of the comparison are compiled with it.",
            hint="Install it: apt-get install gcc-arm-none-eabi, or run ./dev setup.",
        )
    folder.mkdir(parents=True, exist_ok=True)
    elf = folder / "program.elf"
    files = [_HERE / "start.S", *source.files]
    if source.model:
        network = read_network(_ROOT / "firmware" / "models" / f"{source.model}.tflite")
        for name, text in render_builtin(network, _ROOT / "templates").items():
            (folder / name).write_bytes(text)
            files.append(folder / name)
    includes = (
        f"-I{_BUILTIN}",
        f"-I{_BUILTIN / 'kernels' / 'common'}",
        f"-I{_ROOT / 'firmware' / 'include'}",
    )
    command = [*_COMPILE, *source.flags, *includes, *map(str, files), "-T", str(_HERE / "program.ld")]
    ran = subprocess.run([*command, "-lm", "-o", str(elf)], capture_output=True, text=True, check=False)
    if ran.returncode:
        raise ConformanceError(
            f"The program {source.name!r} could not be compiled:\n{ran.stderr}",
            hint="It needs Debian's gcc-arm-none-eabi and libnewlib-arm-none-eabi.",
        )
    return _read(source.name, elf)


def _read(name: str, elf: Path) -> Program:
    from elftools.elf.elffile import ELFFile

    with elf.open("rb") as opened:
        file = ELFFile(opened)
        parts = [part for part in file.iter_segments("PT_LOAD") if part["p_filesz"]]
        segments = tuple((part["p_paddr"], part.data()) for part in parts)
        table = file.get_section_by_name(".symtab")
        symbols = {symbol.name: symbol["st_value"] for symbol in table.iter_symbols()}
    return Program(
        name,
        elf,
        segments,
        symbols["begin"] & ~1,
        symbols["over"] & ~1,
        symbols["stack_top"],
        symbols["ram_start"],
        symbols["ram_size"],
    )
