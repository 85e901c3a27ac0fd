"""Compiles the driver, the program that both implementations run."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from conformance import batch
from conformance.errors import ConformanceError

_HERE = Path(__file__).parent
_VARIABLES = ("BLOCKS_LEFT", "STATES_LEFT", "BLOCK", "STATE", "OUT", "FAULT", "BATCHES_FILE", "RESULTS_FILE")
_FROM_BATCH = (
    *("APSR_OFFSET", "FPSCR_OFFSET", "FLOAT_OFFSET", "MEMORY_OFFSET", "SP_OFFSET", "FAULT_OFFSET"),
    *("RECORD_BYTES", "HEADER_BYTES", "SCRATCH_BYTES", "INPUT", "BLOCK_CODE", "SCRATCH", "BLOCK_SP"),
    *("SAVE_BELOW_SP", "VARIABLES", "STACK_TOP", "OUTPUT"),
)


@dataclass(frozen=True, slots=True)
class Driver:
    """The compiled driver: its ELF file, its bytes from address 0, and addresses in it."""

    elf: Path
    image: bytes
    begin: int
    block_end: int
    run_over: int
    fault_variable: int


def build(folder: Path) -> Driver:
    """Compiles the driver into a folder."""
    if shutil.which("arm-none-eabi-gcc") is None:
        raise ConformanceError(
            "arm-none-eabi-gcc is not on PATH; the driver of the comparison is compiled with it.",
            hint="Install it: apt-get install gcc-arm-none-eabi, or run ./dev setup.",
        )
    macros = {name: getattr(batch, name) for name in _FROM_BATCH}
    macros |= {name: index * 4 for index, name in enumerate(_VARIABLES)}
    macros["LR_OFFSET"] = 13 * 4
    elf = folder / "driver.elf"
    command = ["arm-none-eabi-gcc", "-nostdlib", "-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-sp-d16"]
    command += ["-mfloat-abi=hard", *(f"-D{name}={value}" for name, value in macros.items())]
    command += [str(_HERE / "driver.S"), "-T", str(_HERE / "driver.ld"), "-o", str(elf)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise ConformanceError(
            f"The driver of the comparison could not be compiled:\n{ran.stderr}",
            hint="It needs Debian's gcc-arm-none-eabi.",
        )
    return _read(elf)


def _read(elf: Path) -> Driver:
    from elftools.elf.elffile import ELFFile

    with elf.open("rb") as opened:
        file = ELFFile(opened)
        (segment,) = (part for part in file.iter_segments("PT_LOAD") if part["p_filesz"])
        table = file.get_section_by_name(".symtab")
        symbols = {symbol.name: symbol["st_value"] & ~1 for symbol in table.iter_symbols()}
        image = segment.data()
    begin, block_end, run_over = (symbols[name] for name in ("begin", "block_end", "run_over"))
    fault = batch.VARIABLES + 4 * _VARIABLES.index("FAULT")
    return Driver(elf, image, begin, block_end, run_over, fault)
