"""The C header that is rendered from `wire.py`, run on the board, agrees with `wire.py` in both directions.

A bare-metal program, made here, sends every message with extreme values, and says back every command that it
understands in the host's own words.
"""

import math
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcumatrix import wire
from mcumatrix.stages.render import render_wire_header
from support.firmware_images import CPU, FIRMWARE, REPOSITORY, Build, Terminal, run

WORD = bytes(range(ord("!"), ord("~") + 1)).decode()
NONCE = 0xDEAD_BEEF
EXTREMES = {
    "u32": (0, 1, 9, 10, 2**32 - 1),
    "i32": (-(2**31), -1, 0, 2**31 - 1),
    "u64": (0, 10**10, 2**32, 2**63, 2**64 - 1),
    "hex32": (0, 0x0000_00A0, 0xDEAD_BEEF, 0xFFFF_FFFF),
    "f32": (0.0, -0.0, 1.0, 2.0**-149, -(2.0**127) * (2 - 2.0**-23), math.inf, -math.inf),
    "word": ("!", "~", WORD[:63], WORD[-63:], "a=b", "*00000000"),
    "data": (b"\0", b"\xff", bytes(range(96)), bytes(range(160, 256))),
}


def cases(kind: type) -> list:
    """Instances that have every extreme value in each field at least once; all fields change together."""
    codecs = kind.codecs()
    count = max((len(EXTREMES[codec.name]) for codec in codecs.values()), default=1)
    rows = range(2 * count) if codecs else range(1)
    return [
        kind(
            **{
                name: EXTREMES[codec.name][(row + shift) % len(EXTREMES[codec.name])]
                for shift, (name, codec) in enumerate(codecs.items())
            }
        )
        for row in rows
    ]


MESSAGES = [message for kind in wire.Message.by_name.values() for message in cases(kind)]
ADDED = tuple(wire.Command.added.values())
KINDS = (*wire.Command.by_number.values(), *ADDED)
COMMANDS = [command for kind in KINDS for command in cases(kind)]

MALFORMED = [
    "CMD=",
    "CMD=0",
    "CMD=7",
    "CMD=1 ",
    "CMD=1 nonce=00000000",
    "CMD=18446744073709551617",
    "CMD=3 nonce=0000000 warmup=1 repeat=1",
    "CMD=3 nonce=000000000 warmup=1 repeat=1",
    "CMD=3 nonce=0000beeF warmup=1 repeat=1",
    "CMD=3 warmup=1 nonce=0000beef repeat=1",
    "CMD=3 nonce=0000beef  warmup=1 repeat=1",
    "CMD=3 nonce=0000beef warmup= repeat=1",
    "CMD=3 nonce=0000beef warmup=+1 repeat=1",
    "CMD=3 nonce=0000beef warmup=4294967296 repeat=1",
    "CMD=4 nonce=0000beef offset=0 payload=" + "00" * 97,
    "CMD=4 nonce=0000beef offset=0 payload=0",
    "CMD=4 nonce=0000beef offset=0 payload=0g",
    "CMD=4 nonce=0000beef offset=0 payload=",
    "CMD=7 nonce=0000beef offset=0 payload=00",
    "CMD=7 offset=0 payload=" + "00" * 97,
    "CMD=8",
    "CMD=8 nonce=0000beef repeat=1",
    "CMD=9 nonce=0000beef",
    "CMD=9 nonce=0000beef period_cycles=4294967296",
    "CMD=9 nonce=0000beef period_cycles=64 ",
]


def c_value(codec: wire.Codec, value: object) -> str:
    """A C expression that has a value."""
    match value:
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("?", "\\?") + '"'
        case bytes():
            elements = ", ".join(map(str, value))
            return f"(struct wire_data){{.bytes = {{{elements}}}, .size_bytes = {len(value)}}}"
        case float():
            return f"float_of_bits({struct.unpack('<I', struct.pack('<f', value))[0]}u)"
        case int() if codec.name == "i32":
            return f"(int32_t)({value}LL)"
        case _:
            return f"{value}ULL"


def program() -> str:
    """The program on the board, in C."""
    sends = [
        f"    {'begin_again();' if message.name != 'begin' else ''} wire_send_{message.name}(&wire"
        + "".join(f", {c_value(codec, getattr(message, name))}" for name, codec in message.codecs().items())
        + ");"
        for message in MESSAGES
    ]
    says = [
        f"    case WIRE_{kind.name.upper()}:\n"
        + "".join(
            f'        wire_put_text(&line, " {name}=");\n'
            f"        wire_put_{codec.name}(&line, command.{kind.name}.{name});\n"
            for name, codec in kind.codecs().items()
        )
        + "        break;"
        for kind in wire.Command.by_number.values()
    ]
    # Those of applications have functions of their own.
    added = [
        f"static bool understood_{kind.name}(const char *text) {{\n"
        f"    struct wire_{kind.name} command;\n"
        f"    if (!wire_read_{kind.name}(text, &command)) {{\n        return false;\n    }}\n"
        "    struct wire_line line = {.used = 0};\n"
        f'    wire_put_text(&line, "CMD={kind.number}");\n'
        + "".join(
            f'    wire_put_text(&line, " {name}=");\n    wire_put_{codec.name}(&line, command.{name});\n'
            for name, codec in kind.codecs().items()
        )
        + '    wire_put_text(&line, "\\r\\n");\n    port_write(line.text, line.used);\n    return true;\n}'
        for kind in ADDED
    ]
    is_added = " || ".join(f"understood_{kind.name}(text)" for kind in ADDED)
    return "\n".join(
        [
            '#include "console.h"',
            '#include "port.h"',
            '#include "wire.h"',
            "static struct wire wire = {.write = port_write};",
            f"static void begin_again(void) {{ wire.lines = 7; wire.crc_begin = {NONCE}u; }}",
            "static float float_of_bits(uint32_t bits) {",
            "    float value;",
            "    memcpy(&value, &bits, sizeof value);",
            "    return value;",
            "}",
            "static void send_all(void) {",
            *sends,
            "}",
            "static void say(struct wire_command command) {",
            "    struct wire_line line = {.used = 0};",
            '    wire_put_text(&line, "CMD=");',
            "    wire_put_u32(&line, (uint32_t)command.kind);",
            "    switch (command.kind) {",
            *says,
            "    }",
            '    wire_put_text(&line, "\\r\\n");',
            "    port_write(line.text, line.used);",
            "}",
            *added,
            "int main(void) {",
            "    port_init(216000000);",
            "    send_all();",
            "    for (;;) {",
            "        struct wire_command command;",
            "        memset(&command, 0xa5, sizeof command);",
            "        const char *text = console_read_line();",
            "        if (wire_read_command(text, &command)) {",
            "            say(command);",
            f"        }} else if (!({is_added})) {{",
            '            port_write("refused\\r\\n", 9);',
            "        }",
            "    }",
            "}",
            "",
        ]
    )


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """The program, running; it has sent all messages."""
    folder: Path = tmp_path_factory.mktemp("contract")
    (folder / "wire.h").write_bytes(render_wire_header(REPOSITORY / "templates"))
    (folder / "main.c").write_text(program())
    family, chip = FIRMWARE / "family/stm32f7", FIRMWARE / "chip/stm32f746ng"
    platform = [
        file
        for place in (FIRMWARE / "common", family)
        for file in sorted(place.glob("*.c"))
        if file.name != "energy_pin.c"  # which only images for a current probe have
    ]
    # CMake writes what the script of the family includes.
    configured = Build(folder / "configured")
    configured.render()
    configured.configure()
    scripts = (configured.folder / "image" / "layout", family / "layout")
    here = FIRMWARE / "board/stm32f746g_disco"
    compiler = (
        *("arm-none-eabi-gcc", *CPU, "-std=c11", "-O1", "-ffunction-sections", "-Wall", "-Wextra", "-Werror"),
        *(f"-I{FIRMWARE / name}" for name in ("include", "app", "common")),
        *(f"-I{family}", f"-I{chip}", f"-I{folder}"),
    )
    run(*compiler, "-Wpedantic", "-c", folder / "main.c", "-o", folder / "main.o")
    run(
        *(*compiler, "-Wl,--gc-sections", "-nostartfiles"),
        *(f"-L{place}" for place in (chip, *scripts)),
        f"-T{family / 'image.ld'}",
        *(folder / "main.o", FIRMWARE / "app/console.c", here / "board.c", *platform),
        *("-o", folder / "contract.elf"),
    )
    with Terminal(folder / "contract.elf") as terminal:
        yield terminal


def test_the_extremes_cover_every_kind_of_field():
    declared = {
        codec.name for kind in (*wire.Message.by_name.values(), *KINDS) for codec in kind.codecs().values()
    }
    assert declared <= set(EXTREMES)
    for kind in (*wire.Message.by_name.values(), *KINDS):
        for name, codec in kind.codecs().items():
            values = {repr(getattr(case, name)) for case in cases(kind)}
            assert values == {repr(value) for value in EXTREMES[codec.name]}


def test_every_message_that_the_board_sends_is_read_as_it_was_meant(board):
    lines = board.boot.encode().split(b"\r\n")
    assert lines.pop() == b""
    assert len(lines) == len(MESSAGES)
    for line, message in zip(lines, MESSAGES, strict=True):
        number, decoded = wire.decode(line, NONCE)
        assert number == (0 if isinstance(message, wire.Begin) else 7)
        assert repr(decoded) == repr(message)  # tells 0.0 from -0.0
        assert line == message.encode(number, NONCE)


def test_every_command_that_the_host_sends_is_understood_as_it_was_meant(board):
    for command in COMMANDS:
        sent = command.encode()
        assert board.send(sent).encode() == sent + b"\n"


def test_what_is_not_exactly_a_command_is_refused(board):
    for line in MALFORMED:
        assert board.ask(line) == "refused\r\n", line


def test_a_command_cut_anywhere_is_refused_or_another_valid_one(board):
    for command in COMMANDS:
        line = command.encode().decode().rstrip()
        for end in (len(line) // 2, line.rfind("="), line.rfind("=") + 1, line.rfind(" ")):
            answer = board.ask(line[:end]) if end > 0 else "refused\r\n"
            assert answer in ("refused\r\n", line[:end] + "\r\n"), line[:end]


def test_the_longest_line_of_each_message_fits():
    for kind in wire.Message.by_name.values():
        longest = sum(
            len(f" {name}=") + max(len(codec.encode(value)) for value in EXTREMES[codec.name])
            for name, codec in kind.codecs().items()
        )
        line = len(f"@{kind.name} {2**32 - 1}") + longest + len(" *00000000\r\n")
        assert line <= wire.MAX_LINE_BYTES, kind.name
