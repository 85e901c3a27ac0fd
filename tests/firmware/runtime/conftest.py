"""Builds the builtin runtime for the real targets and runs it on an emulated Cortex-M7, which executes what a
Cortex-M4 does as well."""

import os
import struct
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from elftools.elf.elffile import ELFFile
from unicorn import UC_ARCH_ARM, UC_MODE_MCLASS, UC_MODE_THUMB, Uc
from unicorn.arm_const import (
    UC_ARM_REG_LR,
    UC_ARM_REG_PC,
    UC_ARM_REG_R0,
    UC_ARM_REG_SP,
    UC_CPU_ARM_CORTEX_M7,
)

from mcumatrix.adapters.models.tflite_file import read_network
from mcumatrix.adapters.runtimes.builtin import render_builtin
from mcumatrix.model.network import Network

REPOSITORY = Path(__file__).parents[3]
FLASH, RAM, STACK_TOP, RETURN = 0x0800_0000, 0x2000_0000, 0x2010_0000, 0x0900_0000
FPU = {"cortex-m7": "fpv5-sp-d16", "cortex-m4": "fpv4-sp-d16"}
"""Of each core that kernels are compiled for."""


@dataclass(frozen=True)
class Answer:
    """What a run gave: the outputs of all layers and of the network, and the cycles of each layer."""

    layers: list[np.ndarray]
    outputs: list[np.ndarray]
    cycles: list[int]

    @property
    def output(self) -> np.ndarray:
        """The only output."""
        (output,) = self.outputs
        return output


class Machine:
    """A Cortex-M7 with flash and RAM that holds one image of harness.c."""

    def __init__(self, image: Path, network: Network) -> None:
        self.network = network
        self._core = Uc(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS)
        self._core.ctl_set_cpu_model(UC_CPU_ARM_CORTEX_M7)
        for address in (FLASH, RAM, RETURN):
            self._core.mem_map(address, 0x10_0000)
        with image.open("rb") as file:
            elf = ELFFile(file)
            self.symbols = {s.name: s["st_value"] for s in elf.get_section_by_name(".symtab").iter_symbols()}
            for segment in elf.iter_segments("PT_LOAD"):
                self._core.mem_write(segment["p_vaddr"], segment.data())

    def run(self, *inputs: np.ndarray) -> Answer:
        """One inference of the firmware."""
        self._core.mem_write(self.symbols["harness_input"], b"".join(values.tobytes() for values in inputs))
        self._core.reg_write(UC_ARM_REG_SP, STACK_TOP)
        self._core.reg_write(UC_ARM_REG_LR, RETURN | 1)
        self._core.emu_start(self.symbols["harness_run"] | 1, RETURN)
        assert self._core.reg_read(UC_ARM_REG_PC) == RETURN
        layers = self.network.layers
        assert self._core.reg_read(UC_ARM_REG_R0) == len(layers) << 8
        table = struct.iter_unpack(
            "<II", self._core.mem_read(self.symbols["harness_layers"], 8 * len(layers))
        )
        cycles, sizes = zip(*table, strict=True)
        outputs = [self.network.output_of(layer) for layer in layers]
        assert list(sizes) == [tensor.size_bytes for tensor in outputs]
        ends = self.network.output_tensors
        size_bytes = sum(sizes) + sum(tensor.size_bytes for tensor in ends)
        data = bytes(self._core.mem_read(self.symbols["harness_outputs"], size_bytes))
        arrays, position = [], 0
        for tensor in [*outputs, *ends]:
            part = data[position : position + tensor.size_bytes]
            arrays.append(np.frombuffer(part, dtype=tensor.type).reshape(tensor.shape))
            position += tensor.size_bytes
        return Answer(arrays[: len(layers)], arrays[len(layers) :], list(cycles))


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Machine]:
    """Builds (kernels, element, model, core) on first use; the models of one library are built together.

    A model is rendered once, and compiled once for a core: it is the same for all kernels.
    """
    built: dict[tuple[str, str, str], Path] = {}
    compiled = os.environ | {"CCACHE_DIR": str(tmp_path_factory.mktemp("ccache"))}

    @cache
    def rendered(element: str) -> Path:
        models = tmp_path_factory.mktemp(f"models-{element}")
        for model in models_of(element):
            (models / model.stem).mkdir()
            files = render_builtin(read_network(model), REPOSITORY / "templates")
            for name, contents in files.items():
                (models / model.stem / name).write_bytes(contents)
        return models

    def build(kernels: str, element: str, core: str) -> Path:
        folder = tmp_path_factory.mktemp(f"{kernels}-{element}-{core}")
        cpu_flags = f"-mcpu={core} -mthumb -mfpu={FPU[core]} -mfloat-abi=hard"
        configure = [
            *("cmake", "-G", "Ninja", "-S", str(Path(__file__).parent), "-B", str(folder / "build")),
            *("-DCMAKE_SYSTEM_NAME=Generic", "-DCMAKE_SYSTEM_PROCESSOR=arm"),
            f"-DCMAKE_C_FLAGS={cpu_flags} -O2 -ffunction-sections -fdata-sections",
            f"-DMCUMATRIX_CPU_FLAGS={cpu_flags}",
            *("-DCMAKE_C_COMPILER=arm-none-eabi-gcc", "-DCMAKE_TRY_COMPILE_TARGET_TYPE=STATIC_LIBRARY"),
            "-DCMAKE_C_COMPILER_LAUNCHER=ccache",
            *(f"-DMCUMATRIX_KERNELS={kernels}", f"-DMCUMATRIX_ELEMENT={element}"),
            f"-DMCUMATRIX_MODELS={rendered(element)}",
        ]
        for command in (configure, ["cmake", "--build", str(folder / "build")]):
            done = subprocess.run(command, capture_output=True, text=True, check=False, env=compiled)
            assert done.returncode == 0, done.stdout + done.stderr
        return folder / "build"

    def machine_of(kernels: str, element: str, model: Path, core: str = "cortex-m7") -> Machine:
        key = (kernels, element, core)
        if key not in built:
            built[key] = build(*key)
        return Machine(built[key] / f"{model.stem}.elf", read_network(model))

    return machine_of


def models_of(element: str) -> list[Path]:
    """The models of the benchmark and those that have every option, in one element type."""
    models = REPOSITORY / "firmware" / "models"
    return [
        models / f"mnist-{element}.tflite",
        *(sorted(models.glob("mlperf-*.tflite")) if element == "int8" else ()),
        *sorted((REPOSITORY / "tests" / "adapters" / "models" / "data").glob(f"*-{element}.tflite")),
    ]
