"""The switches of the preprocessor that a library is compiled with, each with its reason."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mcumatrix.adapters.runtimes.tflm.reading import Reading
from mcumatrix.adapters.runtimes.tflm.tree import TflmTree, read_makefile
from mcumatrix.model.kernels import ASSERTIONS_OUT, RESTRICT

_STATIC_MEMORY = "TF_LITE_STATIC_MEMORY"
_ARDUINO = "ARDUINO"
_SWITCHES_WHERE_LOOKED_AT = {
    "GEMMLOWP_ALLOW_SLOW_SCALAR_FALLBACK": "lets portable code stand in where there is no NEON",
    "TFLITE_MCU": "says that this is a microcontroller",
}
_CALLS_WITHIN_KERNELS = "EI_CLASSIFIER_TFLITE_ENABLE_CMSIS_NN"
"""Edge Impulse's kernels have the calls of CMSIS-NN in the same files, and make them for every Cortex-M
unless this is 0."""

_CMSIS_SWITCHES_OF_KERNELS = ("ARM_MATH_DSP", "ARM_MATH_LOOPUNROLL")
"""What a Cortex-M7 has or wants of that which kernels look at. GCC defines __ARM_FEATURE_DSP by itself."""
_CMSIS_NN_SWITCH = "CMSIS_NN"
_FOR_SPEED = "KERNELS_OPTIMIZED_FOR_SPEED"
_CORE_SWITCH = "ARM_MATH_CM7"
_CORE_HEADER = "core_cm7.h"
_START_SWITCH = "__PROGRAM_START"


@dataclass(frozen=True, slots=True)
class Definition:
    """A switch of the preprocessor, `NAME` or `NAME=VALUE`, and why it is set."""

    text: str
    reason: str


def definitions(
    tree: TflmTree, reading: Reading, kernel_files: Sequence[Path], *, assertions: bool = False
) -> list[Definition]:
    """The switches for a tree; without `assertions` they are left out of what is compiled."""
    definitions = []
    makefile = read_makefile(tree)
    if not assertions:
        reason = "Assertions stand in inner loops: they are left out of all trees, as releases do."
        definitions.append(Definition(ASSERTIONS_OUT, reason))
    if (path := reading.conditions.get(_STATIC_MEMORY)) is not None:
        if re.search(rf"-D{_STATIC_MEMORY}\b", makefile):
            definitions.append(
                Definition(_STATIC_MEMORY, "The tree's own makefile sets it: nothing is allocated.")
            )
        elif not makefile:
            reason = f"{reading.name_of(path)} looks at it: nothing is allocated."
            definitions.append(Definition(_STATIC_MEMORY, reason))
    if _ARDUINO in reading.conditions_in(path for path in reading.files if path.stem == "kernel_util"):
        reason = "Ports for Arduino have it in place of TF_LITE_STATIC_MEMORY and CMSIS_NN."
        definitions.append(Definition(_ARDUINO, reason))
    for name, purpose in _SWITCHES_WHERE_LOOKED_AT.items():
        if (path := reading.conditions.get(name)) is not None:
            definitions.append(Definition(name, f"{reading.name_of(path)} looks at it: {purpose}."))
    if (path := reading.conditions.get(_CALLS_WITHIN_KERNELS)) is not None:
        reason = f"{reading.name_of(path)} looks at it: kernels call no CMSIS-NN, which is not compiled."
        definitions.append(Definition(f"{_CALLS_WITHIN_KERNELS}=0", reason))
    if kernel_files:
        definitions += _cmsis_definitions(reading, kernel_files)
    return definitions


def _cmsis_definitions(reading: Reading, kernel_files: Sequence[Path]) -> list[Definition]:
    definitions = []
    if (path := reading.conditions.get(_CMSIS_NN_SWITCH)) is not None:
        reason = f"{reading.name_of(path)} looks at it: these kernels are compiled."
        definitions.append(Definition(_CMSIS_NN_SWITCH, reason))
    looked_at = reading.conditions_in(kernel_files)
    if (path := looked_at.get(_FOR_SPEED)) is not None:
        reason = (
            f"{reading.name_of(path)} looks at it: what the tree's makefile sets if nobody says otherwise."
        )
        definitions.append(Definition(_FOR_SPEED, reason))
    for name in _CMSIS_SWITCHES_OF_KERNELS:
        if (path := looked_at.get(name)) is not None:
            value = reading.value_of(name)
            # As the header has it, which then does not complain.
            text = name if value is None else f"{name}={value}"
            reason = f"{reading.name_of(path)} calls CMSIS-NN only with it."
            definitions.append(Definition(text, reason))
    if (path := reading.conditions.get(_CORE_SWITCH)) is not None:
        definitions.append(Definition(_CORE_SWITCH, f"{path.name} must be told the core."))
        if any(file.name == _CORE_HEADER for file in reading.files):
            reason = f"{_CORE_HEADER} must be told that there is a floating point unit."
            definitions.append(Definition("__FPU_PRESENT=1", reason))
    if (path := reading.conditions.get(RESTRICT)) is not None:
        # CMSIS-NN's README.md: "It is recommended to enable this for Cortex-M7."
        reason = f"{path.name} looks at it: CMSIS-NN's README recommends it for a Cortex-M7."
        definitions.append(Definition(f"{RESTRICT}=__restrict", reason))
    if _START_SWITCH in reading.conditions:
        reason = "CMSIS would define how a program starts otherwise, and in 5.6.0 this is no C++."
        definitions.append(Definition(f"{_START_SWITCH}=Reset_Handler", reason))
    return definitions
