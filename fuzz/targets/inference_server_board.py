"""Any bytes on either port of a virtual board whose image has an inference server.

Changed messages and parts of them go to the second port, up to 15 for an input, and, every other time, the
same bytes to the console. After each input the server describes itself, and the benchmark executes the same
instructions as before.
"""

import atexit
import re
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from fuzz.host.build import flatbuffers_tree
from fuzz.messages import answers_of, corpus, framed
from fuzz.target import REPOSITORY, Target
from mcumatrix import wire
from mcumatrix.client import messages
from mcumatrix.client.description import Description
from mcumatrix.stages.render import render_config_header, render_sample, render_wire_header
from vstm32 import Board, BoardOptions, load_elf

_FIRMWARE = REPOSITORY / "firmware"
_BOARD = "stm32f746g_disco"
_SECOND_PORT = "UART7"
_PAUSE_CYCLES = 40_000_000
"""What is sent comes within a period of SysTick, 2^24 cycles, and a pause of 50 ms ends it."""
_PARTS, _PART_BYTES = 12, 16
_HELLO = messages.describe().message(1)
_BENCH = b"CMD=3 nonce=00000007 warmup=0 repeat=1\r"
_RUNTIME = """
#include <stddef.h>
#include "runtime.h"
static int8_t input[100], output[4];
static const struct runtime_tensor in = {RUNTIME_INT8, 4, {1, 10, 10, 1}, 0.25f, -3, input, 100};
static const struct runtime_tensor out = {RUNTIME_INT8, 2, {1, 4}, 0.5f, -128, output, 4};
#include "port.h"
enum runtime_status runtime_setup(void) { return RUNTIME_OK; }
void runtime_forget(void) { }
uint32_t runtime_input_count(void) { return 1; }
uint32_t runtime_output_count(void) { return 1; }
uint32_t runtime_layer_count(void) { return 1; }
const struct runtime_tensor *runtime_input(uint32_t index) { (void)index; return &in; }
const struct runtime_tensor *runtime_output(uint32_t index) { (void)index; return &out; }
const char *runtime_layer_op(uint32_t layer) { (void)layer; return "SUM"; }
uintptr_t runtime_layer_code(uint32_t layer) { (void)layer; return (uintptr_t)runtime_layer_op; }
const char *runtime_layer_used(uint32_t layer, uint32_t index) { (void)layer; (void)index; return NULL; }
uint32_t runtime_arena_bytes(void) { return 104; }
struct runtime_memory runtime_arena_part(uint32_t index) {
    (void)index;
    return (struct runtime_memory){NULL, 0};
}
const char *runtime_error(void) { return ""; }
enum runtime_status runtime_invoke(runtime_layer_callback *on_layer, void *context) {
    uint64_t start = port_cycles();
    for (int i = 0; i < 100; i++) output[i % 4] = (int8_t)(output[i % 4] + input[i]);
    uint64_t cycles = port_cycles() - start;
    if (on_layer != NULL) on_layer(context, 0, cycles, &out);
    return RUNTIME_OK;
}
"""
"""A model that adds numbers."""


def _build(folder: Path) -> Path:
    templates, generated = REPOSITORY / "templates", folder / "generated"
    generated.mkdir()
    hello = wire.Hello(
        protocol=wire.PROTOCOL_VERSION,
        build="fuzzed",
        board=_BOARD,
        runtime="fake",
        kernels="reference",
        model="sum",
        clock_hz=216_000_000,
    )
    (generated / "wire.h").write_bytes(render_wire_header(templates))
    (generated / "config.h").write_bytes(render_config_header(templates, hello))
    (generated / "sample.c").write_bytes(render_sample(bytes(100)))
    (generated / "runtime.c").write_text(_RUNTIME)
    (folder / "libruntime.a").write_bytes(b"!<arch>\n")
    server = _FIRMWARE / "application" / "inference-server"
    common = (
        f"-DCMAKE_TOOLCHAIN_FILE={_FIRMWARE}/cmake/arm-none-eabi.cmake",
        f"-DMCUMATRIX_BOARD={_BOARD}",
        f"-DMCUMATRIX_GENERATED={generated}",
    )
    _make(server, folder / "server", *common, f"-DMCUMATRIX_TREE_FLATBUFFERS={flatbuffers_tree()}")
    _make(
        _FIRMWARE,
        folder / "image",
        *common,
        "-DMCUMATRIX_RUNTIME=fake",
        f"-DMCUMATRIX_LIBRARY={folder / 'libruntime.a'}",
        f"-DCMAKE_PROJECT_mcumatrix_image_INCLUDE={server}/image.cmake",
        f"-DMCUMATRIX_INFERENCE_SERVER={folder / 'server' / 'libinference-server.a'}",
    )
    return folder / "image" / "image.elf"


def _make(sources: Path, folder: Path, *definitions: str) -> None:
    for command in (
        ["cmake", "-G", "Ninja", "-S", str(sources), "-B", str(folder), *definitions],
        ["ninja", "-C", str(folder)],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


class _Served:
    """A board that runs such an image, in process: no time of the wall clock passes while it waits."""

    def __init__(self, elf: Path) -> None:
        self.board = Board(load_elf(elf), BoardOptions(timing="instructions"))
        self._run_until_quiet()
        self.board.line().read()
        self.times = self.bench()

    def tell(self, second: bytes, console: bytes = b"") -> bytes:
        """What the second port says."""
        self.board.line(_SECOND_PORT).write(second)
        self.board.line().write(console)
        self._run_until_quiet()
        self.board.line().read()
        return self.board.line(_SECOND_PORT).read()

    def bench(self) -> list[str]:
        """The times that the benchmark says, once it has had its say to what came before."""
        self.board.line().write(b"\r")
        self._run_until_quiet()
        self._run_until_quiet()
        self.board.line().read()
        self.board.line().write(_BENCH)
        said = ""
        for _ in range(10):
            self._run_until_quiet()
            said += self.board.line().read().decode("ascii")
            if "@end" in said:
                return re.findall(r"@time .*cycles=\d+", said)
        raise AssertionError(f"the benchmark does not answer: {said}")

    def _run_until_quiet(self) -> None:
        lines = (self.board.line(), self.board.line(_SECOND_PORT))
        while True:
            end = self.board.cycles + _PAUSE_CYCLES
            while self.board.cycles < end:
                self.board.run_until_it_waits(timeout_seconds=60)
                assert self.board.fault is None, self.board.fault
            if not any(line.has_input for line in lines):
                return


@cache
def _served() -> _Served:
    served = _Served(_build(Path(tempfile.mkdtemp(prefix="inference-server-"))))
    atexit.register(served.board.close)
    return served


def _read(data: bytes) -> bool:
    """Whether the server has said anything to it."""
    served = _served()
    data = data[:600]
    said = served.tell(data, data.replace(b"\r", b"") if len(data) % 2 else b"")
    said += served.tell(framed(data))
    # What is cut off is a message too, and a byte takes longer than a message.
    for first in range(0, min(len(data), _PARTS * _PART_BYTES), _PART_BYTES):
        said += served.tell(data[first : first + _PART_BYTES])
    [(nonce, hello)] = answers_of(served.tell(_HELLO))
    assert nonce == 1
    assert isinstance(hello, Description), hello
    assert served.bench() == served.times
    return bool(said)


TARGET = Target("inference_server_board", corpus, _read)
