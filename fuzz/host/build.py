"""Builds the inference server for this machine, with sanitisers."""

import subprocess
from pathlib import Path

from mcumatrix.model.application import Application
from mcumatrix.registry.sources import source_folder
from mcumatrix.stages.application import application_of
from mcumatrix.stages.render import render_wire_header

_REPOSITORY = Path(__file__).parents[2]
_FIRMWARE = _REPOSITORY / "firmware"
_SERVER = _FIRMWARE / "application" / "inference-server"
_FLAGS = ("-g", "-O0", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer")
_NOT_FOR_A_HOST = ("energy_mode.c", "hooks.c", "needed.cc", "second_port.c")
"""What has pins and a UART, and what stands between the linker and the functions of a board."""


def flatbuffers_tree() -> Path:
    """The FlatBuffers that the server is compiled with, fetched by their pin if they are not there."""
    added = application_of(_FIRMWARE, Application.INFERENCE_SERVER, "stm32f746g_disco")
    [(source, parts)] = added.sources
    return source_folder(source, parts, print)


def build_server(folder: Path) -> Path:
    """Compiles it into a folder that is there; returns the program."""
    (folder / "wire.h").write_bytes(render_wire_header(_REPOSITORY / "templates"))
    sources = [
        Path(__file__).parent / "inference_server.c",
        *(path for path in sorted(_SERVER.glob("*.c*")) if path.name not in _NOT_FOR_A_HOST),
        *(_FIRMWARE / "app" / name for name in ("measure.c", "tensor.c")),
    ]
    includes = (_SERVER, _SERVER / "generated", _FIRMWARE / "app", _FIRMWARE / "include", folder)
    objects = []
    for source in sources:
        if source.suffix not in (".c", ".cc"):
            continue
        made = folder / f"{source.name}.o"
        compiler = ("g++", "-std=c++17") if source.suffix == ".cc" else ("gcc", "-std=gnu11")
        _run(
            *compiler,
            *_FLAGS,
            *(f"-I{include}" for include in includes),
            *("-isystem", str(flatbuffers_tree() / "include")),
            *("-c", str(source), "-o", str(made)),
        )
        objects.append(str(made))
    program = folder / "inference-server"
    _run("g++", *_FLAGS, *objects, "-o", str(program))
    return program


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
