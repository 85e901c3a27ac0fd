"""Serial logs as the firmware writes them."""

import struct
import zlib
from collections.abc import Sequence

from mcumatrix import wire
from support.variants import hello

NONCE = 0xBEEF
OUTPUT = struct.pack("2b", -128, 127)
CLOCKS: tuple[wire.Message, ...] = (
    wire.Clocks(216_000_000),
    wire.Rate("PCLK1", 54_000_000),
    wire.Rate("PCLK2", 108_000_000),
    wire.Register("RCC_CFGR", 0x9400),
    wire.Register("FLASH_ACR", 0x307),
)


def exchange(command: int, nonce: int, messages: Sequence[wire.Message], *, ok: bool = True) -> bytes:
    """An exchange with Begin, End and numbers."""
    lines = [wire.Begin(command, nonce), *messages]
    lines.append(wire.End(lines=len(lines) + 1, ok=int(ok)))
    return b"".join(line.encode(number, nonce) + b"\r\n" for number, line in enumerate(lines))


def boot_log(said: wire.Hello | None = None) -> bytes:
    """What a board says after reset."""
    return b"Program started @ 216000000...\r\n" + exchange(0, 0, [said or hello(), *CLOCKS])


def bench_messages(layers: int = 2, repeats: int = 2) -> list[wire.Message]:
    """The content of the answer to RunBench."""
    return [
        hello(),
        *CLOCKS,
        wire.Memory(4096),
        wire.Arena("non_persistent", 3000),
        wire.Arena("persistent", 1000),
        wire.Arena("nodes", 400),
        wire.Stack(inference_bytes=800, deepest_bytes=1200, size_bytes=16384),
        wire.Bench(warmup=1, repeat=repeats, input_crc32=1),
        *(wire.Layer(layer, "CONV_2D" if layer == 0 else "SOFTMAX", 0x0800_1000) for layer in range(layers)),
        wire.Used(0, "arm_convolve_s8"),
        wire.Used(0, "arm_nn_mat_mult"),
        *(
            message
            for repeat in range(repeats)
            for message in (
                *(wire.Time(repeat, layer, 1000 + 10 * repeat + layer) for layer in range(layers)),
                wire.Total(repeat, 5000, zlib.crc32(OUTPUT)),
            )
        ),
        wire.Tensor("output", 9, "1x2", 0.00390625, -128, len(OUTPUT)),
        wire.DataLine(0, OUTPUT),
    ]


def bench_log(
    messages: Sequence[wire.Message] | None = None, *, nonce: int = NONCE, ok: bool = True
) -> bytes:
    """The answer to RunBench."""
    content = bench_messages() if messages is None else messages
    return exchange(wire.RunBench.number, nonce, content, ok=ok)
