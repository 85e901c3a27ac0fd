"""The protocol between firmware and host, declared once.

The classes below are the declaration: the host reads and writes with them, and `templates/wire.h.j2`
renders them into the C header that the firmware is built with.

An *exchange* is what the firmware answers to one command, or says of itself after reset (command 0). It
is made of machine lines, with text for people between them:

    @begin 0 command=3 nonce=0000beef *77a3f854
    @time 1 repeat=0 layer=0 cycles=4053211 *e635dd22
    @end 2 lines=3 ok=1 *278c2972

A machine line is `@`, the message's name, its number in the exchange, its fields in the declared order,
and a CRC-32 of all before the ` *`. That is zlib's, begun with the exchange's nonce in place of 0; only the
first line, which says the nonce, begins with 0. Two lines of the same text from two exchanges never have the
same checksum: a CRC of the same bytes is another one for another beginning. So numbers and CRC make every
lost, changed or foreign line visible, those of another exchange with the same board too. Commands are typed
by people too, so they carry no checksum: the firmware says back what it understood.
"""

import dataclasses
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Annotated, Any, ClassVar, Self, TypeVar, get_args, get_origin, get_type_hints

from mcumatrix.errors import ParseError

PROTOCOL_VERSION = 6
"""Part of `Hello`; raised when a line changes its meaning."""

FIRST_VERSION_WITH_NONCE_IN_CRC = 4
"""Before that the CRC of every line began with 0. Logs of version 3 are read for records that have them, and
so are those of version 4, in which models had one output, and of version 5, without a stack."""

FIRST_VERSION_WITH_STACK = 6
"""Before that an answer to RunBench had neither Stack nor Arena...."""

MAX_LINE_BYTES = 512
"""Cap of a line in both directions, its end included."""

MAX_LOG_LINES = 65_536
"""Cap of the lines of all exchanges of a log, those for people among them included: a board has room for
fewer times, and no more than 10,000 samples of a labelled set are asked."""

MAX_DATA_BYTES = 96
"""Cap of the bytes that one line carries."""

MAX_WORD_BYTES = 63
"""Cap of a word."""

_WORD = re.compile(rf"[!-~]{{1,{MAX_WORD_BYTES}}}")
_HEX32 = re.compile(r"[0-9a-f]{8}")
_DATA = re.compile(rf"(?:[0-9a-f]{{2}}){{1,{MAX_DATA_BYTES}}}")


@dataclass(frozen=True, slots=True)
class Codec:
    """How one kind of field is written on a line, on both sides."""

    name: str
    """Names the C functions that write and read it: `wire_put_<name>`, `wire_get_<name>`."""
    c_type: str
    """As a parameter of a C function."""
    c_member: str
    """As a member of a C struct; `{}` stands for the name."""
    pattern: re.Pattern[str]
    """Without groups of its own."""
    encode: Callable[[Any], str]
    decode: Callable[[str], Any]


def _integer(name: str, c_type: str, low: int, high: int) -> Codec:
    def encode(value: int) -> str:
        if not low <= value <= high:
            raise ValueError(f"{value} is not within {low} and {high}")
        return str(value)

    def decode(text: str) -> int:
        value = int(text)
        if not low <= value <= high:
            encode(value)  # which says so
        return value

    digits = r"-?(?:0|[1-9][0-9]{0,9})" if low < 0 else r"(?:0|[1-9][0-9]{0,19})"
    return Codec(name, c_type, f"{c_type} {{}}", re.compile(digits), encode, decode)


def _word(value: str) -> str:
    if not _WORD.fullmatch(value):
        raise ValueError(f"{value!r} is not a word of 1 to {MAX_WORD_BYTES} printable characters")
    return value


def _data(value: bytes) -> str:
    if not 1 <= len(value) <= MAX_DATA_BYTES:
        raise ValueError(f"{len(value)} bytes are not within 1 and {MAX_DATA_BYTES}")
    return value.hex()


U32 = Annotated[int, _integer("u32", "uint32_t", 0, 2**32 - 1)]
I32 = Annotated[int, _integer("i32", "int32_t", -(2**31), 2**31 - 1)]
U64 = Annotated[int, _integer("u64", "uint64_t", 0, 2**64 - 1)]
Hex32 = Annotated[
    int, Codec("hex32", "uint32_t", "uint32_t {}", _HEX32, lambda v: f"{v:08x}", lambda t: int(t, 16))
]
F32 = Annotated[
    float,
    Codec(
        "f32",
        "float",
        "float {}",
        _HEX32,
        lambda v: struct.pack(">f", v).hex(),
        lambda t: struct.unpack(">f", bytes.fromhex(t))[0],
    ),
]
Word = Annotated[
    str,
    Codec(
        "word",
        "const char *",
        "char {}[WIRE_MAX_WORD_BYTES + 1]",
        _WORD,
        _word,
        str,
    ),
]
Data = Annotated[
    bytes,
    Codec(
        "data",
        "struct wire_data",
        "struct wire_data {}",
        _DATA,
        _data,
        bytes.fromhex,
    ),
]


class _Declared:
    """Fields of a message or a command, read from its annotations."""

    @classmethod
    @cache
    def codecs(cls) -> dict[str, Codec]:
        """Field name to the way it is written, in the order of the line."""
        hints = get_type_hints(cls, include_extras=True)
        return {
            field.name: get_args(hints[field.name])[1]
            for field in dataclasses.fields(cls)  # type: ignore[arg-type]
            if get_origin(hints[field.name]) is Annotated
        }

    @classmethod
    def parameters(cls) -> str:
        """The fields as parameters of a C function, each after a comma."""
        return "".join(f", {codec.c_type} {name}" for name, codec in cls.codecs().items())

    def _fields(self) -> str:
        return "".join(
            f" {name}={codec.encode(getattr(self, name))}" for name, codec in self.codecs().items()
        )


class Message(_Declared):
    """A machine line that the firmware sends."""

    name: ClassVar[str]
    by_name: ClassVar[dict[str, type["Message"]]] = {}

    def __init_subclass__(cls, name: str) -> None:
        cls.name = name
        Message.by_name[name] = cls

    def encode(self, number: int, nonce: int = 0) -> bytes:
        """The line as the firmware sends it: line `number` of the exchange with `nonce`, without its end."""
        body = f"@{self.name} {number}{self._fields()}".encode("ascii")
        return body + b" *%08x" % _checksum(body, nonce)

    @classmethod
    def decode_fields(cls, text: str) -> Self:
        """Reads `key=value` pairs that must be exactly the declared ones, in their order."""
        pattern, decoders = cls._all_fields()
        match = pattern.fullmatch(text)
        if match is None:
            raise ValueError(cls._unlike(text))
        return cls(*[decode(value) for decode, value in zip(decoders, match.groups(), strict=True)])

    @classmethod
    @cache
    def _all_fields(cls) -> tuple[re.Pattern[str], tuple[Callable[[str], Any], ...]]:
        """All fields of a line at once, which is faster than one after the other, and how each is read."""
        codecs = cls.codecs()
        fields = (f"{name}=({codec.pattern.pattern})" for name, codec in codecs.items())
        return re.compile(" ".join(fields)), tuple(codec.decode for codec in codecs.values())

    @classmethod
    def _unlike(cls, text: str) -> str:
        """Why a text does not have the declared fields."""
        parts = text.split(" ") if text else []
        codecs = cls.codecs()
        if [part.partition("=")[0] for part in parts] != list(codecs):
            return f"fields of @{cls.name} are {' '.join(codecs)}"
        for part, (name, codec) in zip(parts, codecs.items(), strict=True):
            value = part[len(name) + 1 :]
            if not codec.pattern.fullmatch(value):
                return f"{value!r} is not a value of {name}"
        raise AssertionError(f"{text!r} has the fields of @{cls.name}")


@dataclass(frozen=True)
class Begin(Message, name="begin"):
    """Opens an exchange: the command's number, and the nonce that came with it (0 after reset)."""

    command: U32
    nonce: Hex32


@dataclass(frozen=True)
class Hello(Message, name="hello"):
    """Which image this is: all of it was fixed when the image was built."""

    protocol: U32
    build: Word
    board: Word
    runtime: Word
    kernels: Word
    model: Word
    clock_hz: U32


@dataclass(frozen=True)
class Clocks(Message, name="clocks"):
    """The core clock, which the cycle counter counts, as the firmware worked it out from the registers.

    Rate... and Register... follow: which there are depends on the chip, so they have names.
    """

    core_hz: U32


@dataclass(frozen=True)
class Rate(Message, name="rate"):
    """Another clock of the chip by the name that its manual has, such as PCLK1, worked out likewise."""

    label: Word
    hz: U32


@dataclass(frozen=True)
class Register(Message, name="register"):
    """A register that the clocks come from, by the name that the chip's manual has."""

    label: Word
    value: Hex32


@dataclass(frozen=True)
class Memory(Message, name="memory"):
    """RAM that the model's tensors need, in bytes."""

    arena_bytes: U32


@dataclass(frozen=True)
class Arena(Message, name="arena"):
    """What of the arena is of one kind, as the runtime tells it, in bytes; the kinds are those of
    `model/memory.py`. A runtime that cannot tell sends none."""

    kind: Word
    size_bytes: U32


@dataclass(frozen=True)
class Stack(Message, name="stack"):
    """How deep the stack was, in bytes, found by what is left of a pattern: within the inferences of this
    exchange from the call of the runtime on, and at most since reset; and how deep it may be."""

    inference_bytes: U32
    deepest_bytes: U32
    size_bytes: U32


@dataclass(frozen=True)
class Bench(Message, name="bench"):
    """What is going to be measured, as understood; the CRC-32 is of the input tensors' bytes, one behind the
    other."""

    warmup: U32
    repeat: U32
    input_crc32: Hex32


@dataclass(frozen=True)
class Layer(Message, name="layer"):
    """A layer and its operator as in TensorFlow Lite's schema, e.g. CONV_2D.

    `code` is the address of the function that computes it; 0 if unknown.
    """

    layer: U32
    op: Word
    code: Hex32


@dataclass(frozen=True)
class Used(Message, name="used"):
    """A function of an optimised library, such as CMSIS-NN, that ran within a layer of the last inference."""

    layer: U32
    function: Word


@dataclass(frozen=True)
class Time(Message, name="time"):
    """Core clock cycles that one layer took in one repeat."""

    repeat: U32
    layer: U32
    cycles: U64


@dataclass(frozen=True)
class Total(Message, name="total"):
    """Core clock cycles of one whole inference, and the CRC-32 of its outputs, one behind the other."""

    repeat: U32
    cycles: U64
    output_crc32: Hex32


@dataclass(frozen=True)
class Tensor(Message, name="tensor"):
    """A tensor of which the data follow: type as in schema.fbs, dimensions as in 1x28x28x1.

    real = scale * (element - zero_point) for integer types; scale is 0 where there is none.
    """

    tensor: Word
    type: U32
    dims: Word
    scale: F32
    zero_point: I32
    size_bytes: U32


@dataclass(frozen=True)
class Inferred(Message, name="inferred"):
    """What one inference was asked and what it answered: the CRC-32 of the input tensors' bytes, and that of
    the outputs', each one behind the other."""

    input_crc32: Hex32
    output_crc32: Hex32


@dataclass(frozen=True)
class Counting(Message, name="counting"):
    """How events are counted, as understood, and the register DWT_CTRL, which says whether there are counters
    of them (NOPRFCNT, bit 24)."""

    period_cycles: U32
    dwt_ctrl: Hex32


@dataclass(frozen=True)
class Counted(Message, name="counted"):
    """What the event counters of the DWT counted in one layer, that of the interrupts included: by a sum of
    windows, each from the end of an interrupt or the beginning of the layer on.

    Without interrupts there is one window, and all but `cycles` are modulo 256. `longest_cycles` is that of
    the longest window: above 255 a counter may have wrapped in it.
    """

    layer: U32
    interrupts: U32
    longest_cycles: U32
    cycles: U64
    cpi: U64
    exceptions: U64
    sleep: U64
    load_store: U64
    folded: U64


@dataclass(frozen=True)
class DataLine(Message, name="data"):
    """Bytes of the last announced tensor, as they lie in memory (little-endian); after Inferred those of all
    outputs, one behind the other."""

    offset: U32
    payload: Data


@dataclass(frozen=True)
class End(Message, name="end"):
    """Closes an exchange: how many machine lines it had, this one included, and whether all went well (1).

    Where it is 0, a line `ERROR: ...` before it says why.
    """

    lines: U32
    ok: U32


ERROR_PREFIX = "ERROR: "
"""Begins a line for people and for the host, outside or inside of an exchange."""

BANNER_PREFIX = "Program started @ "
"""Begins the first line after reset; the core clock in Hz and three dots follow."""


class Command(_Declared):
    """A line that the host sends: `CMD=3 nonce=0000beef warmup=1 repeat=3`."""

    number: ClassVar[int]
    name: ClassVar[str]
    by_number: ClassVar[dict[int, type["Command"]]] = {}
    """Those that the benchmark reads."""
    added: ClassVar[dict[int, type["Command"]]] = {}
    """Those that an application besides it reads: only in images with it are there instructions for them."""

    def __init_subclass__(cls, number: int, name: str, *, is_added: bool = False) -> None:
        cls.number = number
        cls.name = name
        (Command.added if is_added else Command.by_number)[number] = cls

    def encode(self) -> bytes:
        """The line with its end."""
        return f"CMD={self.number}{self._fields()}\r".encode("ascii")


@dataclass(frozen=True)
class ShowTensors(Command, number=1, name="show_tensors"):
    """Prints the model's input and output tensors for people; no exchange."""


@dataclass(frozen=True)
class ShowSample(Command, number=2, name="show_sample"):
    """Runs the built-in input and prints times in milliseconds and outputs for people; no exchange."""


@dataclass(frozen=True)
class RunBench(Command, number=3, name="run_bench"):
    """Runs `warmup` inferences unseen, then `repeat` measured ones: Hello, Clocks, Rate..., Register...,
    Memory, Arena..., Stack, Bench, Layer..., (Time..., Total) per repeat, (Tensor, DataLine...) per output of
    the last one."""

    nonce: Hex32
    warmup: U32
    repeat: U32


@dataclass(frozen=True)
class WriteInput(Command, number=4, name="write_input"):
    """Puts bytes into the input that RunBench and DumpLayer use: that of all input tensors, one behind the
    other. It is the built-in one at first. Answered by an exchange without content."""

    nonce: Hex32
    offset: U32
    payload: Data


@dataclass(frozen=True)
class DumpLayer(Command, number=5, name="dump_layer"):
    """Runs one inference and sends the output of one layer: Tensor, DataLine..."""

    nonce: Hex32
    layer: U32


@dataclass(frozen=True)
class Identify(Command, number=6, name="identify"):
    """Says what it says after reset: Hello, Clocks, Rate..., Register...."""

    nonce: Hex32


@dataclass(frozen=True)
class LoadInput(Command, number=7, name="load_input"):
    """Puts bytes into the input as WriteInput does, without an answer: Infer's checksum tells what arrived.

    So a labelled set of many inputs leaves logs that hold answers and hardly anything else.
    """

    offset: U32
    payload: Data


@dataclass(frozen=True)
class Infer(Command, number=8, name="infer"):
    """Runs one inference on the input, unmeasured: Inferred, DataLine..."""

    nonce: Hex32


@dataclass(frozen=True)
class CountEvents(Command, number=9, name="count_events", is_added=True):
    """Runs one inference, untimed, and counts the events of its layers: Counting, Counted... in the order of
    the layers, Inferred; Counting alone where the core has no event counters.

    SysTick interrupts each layer again and again: `period_cycles` pass from one interrupt's end to the next
    one, and up to 15 more; 0 for none. Images with the application event-counters know it.
    """

    nonce: Hex32
    period_cycles: U32


BOOT_COMMAND = 0
"""The command number of the exchange after reset."""

BEGINS_END = b"@end "
"""Begins a line that, right or wrong, is the last that an exchange will have."""

_NOT_EMPTY = re.compile(rb"[^\r\n]+")
_FIRST_LINE = b"@begin "
_NUMBER = re.compile(r"0|[1-9][0-9]{0,9}")


def _checksum(body: bytes, nonce: int) -> int:
    """The CRC-32 of a line of the exchange with `nonce`."""
    return zlib.crc32(body, 0 if body.startswith(_FIRST_LINE) else nonce)


def decode(line: bytes, nonce: int = 0) -> tuple[int, Message]:
    """Reads one machine line of the exchange with `nonce`, without its end: its number, and the message.

    Raises:
        ParseError: not whole, changed on its way, of another exchange, or not of this protocol.
    """
    if len(line) > MAX_LINE_BYTES:
        raise ParseError(
            f"a line of {len(line)} bytes came, and {MAX_LINE_BYTES} are the most: {shown(line[:40])}...",
            hint="Line ends were lost, or something else talks; check the cable and the baud rate.",
        )
    body, star, crc = line.rpartition(b" *")
    if not star or crc != b"%08x" % _checksum(body, nonce):
        raise ParseError(
            f"the line {shown(line)} was changed or cut on its way, or belongs to another answer: "
            "its checksum does not match",
            hint="Check the cable and the baud rate, and run the variant again.",
        )
    try:
        return _message(body)
    except ValueError as error:
        why = f": {error}" if str(error) else ""
        raise ParseError(
            f"the line {shown(line)} is not of protocol version {PROTOCOL_VERSION}{why}",
            hint="Build and flash the firmware again with this version of mcumatrix.",
        ) from error


@lru_cache(maxsize=4096)
def _message(body: bytes) -> tuple[int, Message]:
    """A line without its checksum: its number, and the message. Most lines of a log are in others too.

    Raises:
        ValueError: it is none of the protocol, with the reason if there is more to say.
    """
    name, _, rest = (body.decode("ascii") if body.isascii() else "").partition(" ")
    number, _, fields = rest.partition(" ")
    kind = Message.by_name.get(name.removeprefix("@"))
    if kind is None or not _NUMBER.fullmatch(number):
        raise ValueError
    return int(number), kind.decode_fields(fields)


def shown(line: bytes) -> str:
    """A line that a board sent, whatever is in it, as it can stand in a sentence."""
    return repr(line[:MAX_LINE_BYTES].decode("ascii", "backslashreplace"))


def lines_of(log: bytes) -> Iterator[bytes]:
    """The lines of a log that are not empty, without their ends, one after the other."""
    return map(re.Match.group, _NOT_EMPTY.finditer(log))


M = TypeVar("M", bound=Message)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A whole exchange: its lines are there from first to last, in their order, each with its right checksum.

    `messages` is without Begin and End; `text` are the lines for people that came between.
    """

    command: int
    nonce: int
    messages: tuple[Message, ...]
    text: tuple[str, ...]
    ok: bool

    def of(self, kind: type[M]) -> tuple[M, ...]:
        """The messages of one kind, in their order."""
        # Not by isinstance, which takes longer: no kind is one of another.
        return tuple([message for message in self.messages if type(message) is kind])


def read_exchanges(log: bytes, protocol: int = PROTOCOL_VERSION) -> Iterator[Exchange]:
    """Reads the exchanges of a serial log; text outside of them is for people and is passed over.

    Raises:
        ParseError: a line was changed, lost, does not belong where it stands, or is one too many.
    """
    begin: Begin | None = None
    messages: list[Message] = []
    text: list[str] = []
    count = lines = 0
    crc_has_nonce = protocol >= FIRST_VERSION_WITH_NONCE_IN_CRC
    for raw in lines_of(log):
        line = raw.strip(b"\0")
        is_text = not line.startswith(b"@")
        if is_text and begin is None:
            continue
        lines += 1
        if lines > MAX_LOG_LINES:
            raise ParseError(
                f"what the board said has more than {MAX_LOG_LINES} lines",
                hint="Nothing that is measured needs as many; see the raw log.",
            )
        if is_text:
            text.append(line.decode("ascii", "backslashreplace"))
            continue
        number, message = decode(line, begin.nonce if begin is not None and crc_has_nonce else 0)
        if isinstance(message, Begin):
            if begin is not None:
                raise ParseError(
                    f"the answer to command {begin.command} stops after {count} lines and another one begins",
                    hint="The board was reset in the middle, or something else talks to it.",
                )
            begin, messages, text, count = message, [], [], 0
        if begin is None or number != count:
            raise ParseError(
                f"line {number} of an answer came where line {count} was due: {shown(line)}",
                hint="Something was lost on the line; run the variant again.",
            )
        count += 1
        if isinstance(message, End):
            if message.lines != count:
                raise ParseError(f"an answer says that it has {message.lines} lines, and {count} came")
            yield Exchange(begin.command, begin.nonce, tuple(messages), tuple(text), bool(message.ok))
            begin, messages, text, count = None, [], [], 0
        elif not isinstance(message, Begin):
            messages.append(message)
    if begin is not None:
        raise ParseError(
            f"the answer to command {begin.command} stops after {count} lines",
            hint="The board fell silent or was reset; the raw log shows its last words.",
        )
