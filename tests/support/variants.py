"""Variants, images and measurements as the tests need them."""

from dataclasses import replace
from pathlib import Path

from mcumatrix import wire
from mcumatrix.model.catalogue import Board, BoardKind, DigitInput, Element, Model, Runtime, Toolchain
from mcumatrix.model.image import Image, Sizes, ToolchainIdentity
from mcumatrix.model.network import TensorType
from mcumatrix.model.record import (
    Accuracy,
    Clock,
    Correctness,
    LayerTimes,
    Measurement,
    Output,
    Provenance,
    Record,
    SetAnswers,
)
from mcumatrix.model.variant import Variant
from mcumatrix.stages.record import make_record

BUILD_ID = "0123456789abcdef"


def a_variant(slug: str = "builtin-simd-216MHz-mnist-int8", **changes: object) -> Variant:
    values: dict[str, object] = {
        "slug": slug,
        "runtime": Runtime("builtin", "builtin", ("reference", "simd"), (Element.FLOAT32, Element.INT8)),
        "kernels": "simd",
        "clock_hz": 216_000_000,
        "model": Model(
            "mnist-int8", Element.INT8, Path("m.tflite"), Path("m.json"), DigitInput(Path("d.idx2-ubyte"), 2)
        ),
        "toolchain": Toolchain("path", "arm-none-eabi-"),
        "board": Board("virtual-f746", BoardKind.VIRTUAL, "stm32f746g_disco"),
        "repeat": 2,
        "warmup": 1,
    }
    return Variant(**(values | changes))  # type: ignore[arg-type]


def an_image() -> Image:
    return Image(
        build_id=BUILD_ID,
        elf=Path("image.elf"),
        binary=Path("image.bin"),
        elf_sha256="e" * 64,
        binary_sha256="b" * 64,
        sizes=Sizes(100_000, 200, 30_000, {"FLASH": 100_200, "SRAM1": 30_200}),
        toolchain=ToolchainIdentity("arm-none-eabi-gcc 12.2.1", "c" * 64),
    )


def hello(**changes: object) -> wire.Hello:
    values: dict[str, object] = {
        "protocol": wire.PROTOCOL_VERSION,
        "build": BUILD_ID,
        "board": "stm32f746g_disco",
        "runtime": "builtin",
        "kernels": "simd",
        "model": "mnist-int8",
        "clock_hz": 216_000_000,
    }
    return wire.Hello(**(values | changes))  # type: ignore[arg-type]


def a_measurement(
    layers: tuple[tuple[str, tuple[int, ...]], ...] = (("CONV_2D", (1000, 1010)), ("SOFTMAX", (20, 20))),
    values: tuple[int, ...] = (-128, 127),
    clock_hz: int = 216_000_000,
) -> Measurement:
    repeats = len(layers[0][1])
    return Measurement(
        clock=Clock(clock_hz, clock_hz, {"PCLK1": clock_hz // 4}, {"RCC_CFGR": 0x9400}),
        warmup=1,
        layers=tuple(LayerTimes(op, cycles) for op, cycles in layers),
        total_cycles=tuple(sum(cycles[repeat] for _, cycles in layers) + 5 for repeat in range(repeats)),
        arena_bytes=4096,
        input_crc32=1,
        output=Output(TensorType.INT8, (1, len(values)), values, (7,) * repeats),
    )


def a_record(outcome: object = None, variant: Variant | None = None, **changes: object) -> Record:
    values: dict[str, object] = {
        "matrix": "quickstart",
        "variant": variant or a_variant(),
        "fingerprint": "f" * 64,
        "provenance": Provenance(
            "virtual-f746",
            BoardKind.VIRTUAL,
            "m7-block-1",
            {"mcumatrix": "0.1.0", "unicorn": "2.1.4"},
            "typical error ±10 % a layer",
        ),
        "image": an_image(),
    }
    good = (a_measurement(), Correctness(True, 0.0, 0.0, "d" * 64))
    return make_record(outcome or good, **(values | changes))  # type: ignore[arg-type]


def an_asked_record(
    classes: tuple[int | None, ...],
    *,
    correct: int,
    set_samples: int,
    deviating: tuple[int, ...] = (),
    compared: bool = True,
    variant: Variant | None = None,
) -> Record:
    """One with answers to a labelled set; of those at the places `deviating` the host says something else."""
    measurement = replace(a_measurement(), set_answers=SetAnswers(classes, 7))
    accuracy = Accuracy("a" * 64, set_samples, correct)
    if compared:
        accuracy = replace(
            accuracy,
            answers_sha256="c" * 64,
            host_correct=len(classes) - 1,
            deviating=deviating,
            other_class=min(1, len(deviating)),
            max_error=3.0 * bool(deviating),
        )
    good = (measurement, Correctness(True, 0.0, 0.0, "d" * 64))
    return a_record(good, variant, accuracy=accuracy)
