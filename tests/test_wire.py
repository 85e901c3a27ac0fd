"""The protocol, on the host's side."""

import dataclasses
import struct
import zlib

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mcumatrix import wire
from mcumatrix.errors import ParseError
from support.logs import boot_log, exchange

_VALUES: dict[str, st.SearchStrategy[object]] = {
    "u32": st.integers(0, 2**32 - 1),
    "i32": st.integers(-(2**31), 2**31 - 1),
    "u64": st.integers(0, 2**64 - 1),
    "hex32": st.integers(0, 2**32 - 1),
    "f32": st.floats(width=32, allow_nan=False),
    "word": st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=63),
    "data": st.binary(min_size=1, max_size=wire.MAX_DATA_BYTES),
}


@st.composite
def messages(draw: st.DrawFn) -> wire.Message:
    kind = draw(st.sampled_from(sorted(wire.Message.by_name.values(), key=lambda kind: kind.name)))
    return kind(**{name: draw(_VALUES[codec.name]) for name, codec in kind.codecs().items()})


NONCES = st.integers(0, 2**32 - 1)


@given(messages(), st.integers(0, 2**31), NONCES)
def test_every_message_is_read_as_it_was_written(message: wire.Message, number: int, nonce: int) -> None:
    assert wire.decode(message.encode(number, nonce), nonce) == (number, message)


@given(messages(), NONCES, NONCES)
def test_no_line_of_another_exchange_is_accepted(message: wire.Message, nonce: int, other: int) -> None:
    assume(nonce != other and not isinstance(message, wire.Begin))
    with pytest.raises(ParseError, match="or belongs to another answer"):
        wire.decode(message.encode(3, nonce), other)


@given(messages(), st.data())
def test_a_line_with_one_changed_byte_is_refused(message: wire.Message, data: st.DataObject) -> None:
    line = bytearray(message.encode(3))
    at = data.draw(st.integers(0, len(line) - 1))
    line[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ParseError):
        wire.decode(bytes(line))


@given(st.binary(max_size=300))
def test_any_bytes_are_a_message_or_an_error(line: bytes) -> None:
    try:
        number, message = wire.decode(line)
    except ParseError:
        return
    assert message.encode(number) == line


@pytest.mark.parametrize("body", [b"@layer 1 layer=0 op=\xff code=00000000", b"@\xff 1", b"@end \xff"])
def test_a_byte_that_is_no_text_is_refused_with_a_right_checksum_too(body: bytes) -> None:
    log = exchange(3, 7, []).replace(b"@end", _line(body, 7) + b"\r\n@end")
    with pytest.raises(ParseError, match=r"\\\\xff.* is not of protocol version 6\n"):
        list(wire.read_exchanges(log))


def test_a_line_that_is_longer_than_the_cap_is_refused() -> None:
    with pytest.raises(ParseError) as error:
        wire.decode(_line(b"@end 1 lines=2 ok=" + b"1" * 600))
    assert str(error.value) == (
        "a line of 628 bytes came, and 512 are the most: '@end 1 lines=2 ok=1111111111111111111111'...\n"
        "  Line ends were lost, or something else talks; check the cable and the baud rate."
    )


def test_answers_without_end_are_refused_at_their_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MAX_LOG_LINES", 6)
    list(wire.read_exchanges(b"a word\r\n" * 9 + exchange(3, 7, [wire.Memory(1)] * 4)))
    for log in (
        exchange(3, 7, [wire.Memory(1)] * 5),
        exchange(3, 7, []).replace(b"@end", b"a word\r\n" * 5 + b"@end"),
        exchange(3, 7, []) * 4,
    ):
        with pytest.raises(ParseError) as error:
            list(wire.read_exchanges(log))
        assert str(error.value) == (
            "what the board said has more than 6 lines\n"
            "  Nothing that is measured needs as many; see the raw log."
        )


def test_the_longest_possible_line_fits_the_cap_with_its_end() -> None:
    longest = {
        "u32": 2**32 - 1,
        "i32": -(2**31),
        "u64": 2**64 - 1,
        "hex32": 0,
        "f32": 0.0,
        "word": "w" * wire.MAX_WORD_BYTES,
        "data": bytes(wire.MAX_DATA_BYTES),
    }
    for kind in wire.Message.by_name.values():
        message = kind(**{name: longest[codec.name] for name, codec in kind.codecs().items()})
        assert len(message.encode(2**32 - 1)) + len("\r\n") <= wire.MAX_LINE_BYTES
    for command in (*wire.Command.by_number.values(), *wire.Command.added.values()):
        line = command(**{name: longest[codec.name] for name, codec in command.codecs().items()}).encode()
        assert len(line) <= wire.MAX_LINE_BYTES


def test_a_value_that_does_not_fit_its_field_is_refused_before_it_is_sent() -> None:
    with pytest.raises(ValueError, match=r"^4294967296 is not within 0 and 4294967295$"):
        wire.RunBench(nonce=1, warmup=1, repeat=2**32).encode()
    with pytest.raises(ValueError, match=r"^'two words' is not a word of 1 to 63 printable characters$"):
        wire.Layer(0, "two words", 0).encode(0)
    with pytest.raises(ValueError, match=r"^97 bytes are not within 1 and 96$"):
        wire.WriteInput(1, 0, bytes(97)).encode()


def test_commands_look_as_people_would_type_them() -> None:
    assert wire.ShowSample().encode() == b"CMD=2\r"
    assert wire.RunBench(nonce=0xBEEF, warmup=1, repeat=3).encode() == (
        b"CMD=3 nonce=0000beef warmup=1 repeat=3\r"
    )


def test_numbers_of_commands_and_names_of_messages_are_unique() -> None:
    assert sorted(wire.Command.by_number) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert sorted(wire.Command.added) == [9]
    assert all(kind.name == name for name, kind in wire.Message.by_name.items())


def test_a_changed_line_is_told_from_one_of_another_protocol() -> None:
    with pytest.raises(ParseError) as changed:
        wire.decode(b"@end 1 lines=2 ok=1 *00000000")
    assert str(changed.value) == (
        "the line '@end 1 lines=2 ok=1 *00000000' was changed or cut on its way, or belongs to another "
        "answer: its checksum does not match\n"
        "  Check the cable and the baud rate, and run the variant again."
    )
    with pytest.raises(ParseError) as foreign:
        wire.decode(_line(b"@end 1 lines=2"))
    assert str(foreign.value) == (
        "the line '@end 1 lines=2 *904e71e9' is not of protocol version 6: fields of @end are lines ok\n"
        "  Build and flash the firmware again with this version of mcumatrix."
    )
    with pytest.raises(ParseError, match=r"is not of protocol version 6\n"):
        wire.decode(_line(b"@unheard 1"))
    with pytest.raises(ParseError, match=r"is not of protocol version 6: '01' is not a value of ok"):
        wire.decode(_line(b"@end 1 lines=2 ok=01"))
    with pytest.raises(ParseError, match=r"is not of protocol version 6: 4294967296 is not within"):
        wire.decode(_line(b"@end 1 lines=4294967296 ok=1"))


def _line(body: bytes, nonce: int = 0) -> bytes:
    return body + b" *%08x" % zlib.crc32(body, nonce)


def test_text_between_machine_lines_is_kept_for_people() -> None:
    log = exchange(3, 7, []).replace(b"@end", b"hello, person\r\n@end")
    (read,) = wire.read_exchanges(b"noise\r\n" + log)
    assert read == wire.Exchange(command=3, nonce=7, messages=(), text=("hello, person",), ok=True)


def test_two_exchanges_are_read_one_after_the_other() -> None:
    assert [read.nonce for read in wire.read_exchanges(boot_log() + exchange(3, 9, []))] == [0, 9]


@pytest.mark.parametrize("lost", range(4))
def test_a_lost_line_is_noticed(lost: int) -> None:
    lines = exchange(0, 0, [wire.Memory(1), wire.Memory(2)]).splitlines(keepends=True)
    del lines[lost]
    with pytest.raises(ParseError):
        list(wire.read_exchanges(b"".join(lines)))


def test_a_line_that_comes_twice_is_noticed() -> None:
    lines = exchange(0, 0, [wire.Memory(1)]).splitlines(keepends=True)
    with pytest.raises(ParseError) as error:
        list(wire.read_exchanges(b"".join([lines[0], lines[1], *lines[1:]])))
    assert str(error.value) == (
        "line 1 of an answer came where line 2 was due: '@memory 1 arena_bytes=1 *910c3cf5'\n"
        "  Something was lost on the line; run the variant again."
    )


def test_a_reset_in_the_middle_of_an_answer_is_noticed() -> None:
    begun = wire.Begin(3, 1).encode(0) + b"\r\n"
    with pytest.raises(ParseError) as error:
        list(wire.read_exchanges(begun + boot_log()))
    assert str(error.value) == (
        "the answer to command 3 stops after 1 lines and another one begins\n"
        "  The board was reset in the middle, or something else talks to it."
    )
    with pytest.raises(ParseError) as error:
        list(wire.read_exchanges(begun))
    assert str(error.value) == (
        "the answer to command 3 stops after 1 lines\n"
        "  The board fell silent or was reset; the raw log shows its last words."
    )


def test_an_answer_that_counts_its_lines_wrong_is_refused() -> None:
    log = wire.Begin(3, 1).encode(0, 1) + b"\r\n" + wire.End(lines=3, ok=1).encode(1, 1) + b"\r\n"
    with pytest.raises(ParseError) as error:
        list(wire.read_exchanges(log))
    assert str(error.value) == "an answer says that it has 3 lines, and 2 came"


def test_a_log_of_version_3_is_read_as_such_only() -> None:
    lines = [wire.Begin(3, 7), wire.Memory(1), wire.End(lines=3, ok=1)]
    log = b"".join(line.encode(number) + b"\r\n" for number, line in enumerate(lines))
    (read,) = wire.read_exchanges(log, protocol=3)
    assert (read.nonce, read.messages) == (7, (wire.Memory(1),))
    with pytest.raises(ParseError, match="or belongs to another answer"):
        list(wire.read_exchanges(log))


def test_floats_travel_as_their_bits() -> None:
    line = wire.Tensor("output", 9, "1x10", 1 / 3, 0, 10).encode(0)
    (scale,) = struct.unpack(">f", struct.pack(">f", 1 / 3))
    assert b" scale=3eaaaaab " in line
    _, read = wire.decode(line)
    assert dataclasses.asdict(read)["scale"] == scale  # type: ignore[call-overload]
