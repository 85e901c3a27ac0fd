"""Good inputs, changed at random. Hypothesis draws the changes, so that it can make a finding small."""

from collections.abc import Sequence

from hypothesis import strategies as st

_NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1)
_WORDS = (
    b"",
    b"-1",
    b"null",
    b"[]",
    b"{}",
    b"\0",
    b"\xff\xfe",
    b"1e400",
    b"9" * 30,
    b"../x",
    b"<<",
    b"&a",
    b"*a",
)
_MAX_CHANGES = 6


class Input(bytes):
    """What is tried. Hypothesis prints it, and it may be long: `fuzz` shows it in a note."""

    def __repr__(self) -> str:
        return f"{len(self)} bytes"


@st.composite
def mutated(draw: st.DrawFn, corpus: Sequence[bytes], text: bool) -> Input:
    """One of some inputs after up to six changes."""
    data = draw(st.sampled_from(list(corpus)))
    for _ in range(draw(st.integers(0, _MAX_CHANGES))):
        data = draw(_changed_lines(data) if text and draw(st.booleans()) else _changed_bytes(data))
    return Input(data)


@st.composite
def _changed_bytes(draw: st.DrawFn, data: bytes) -> bytes:
    at = draw(st.integers(0, len(data)))
    until = min(len(data), at + draw(st.integers(0, 16)))
    number = draw(st.sampled_from(_NUMBERS))
    width = draw(st.sampled_from((1, 2, 4, 8)))
    little = (number % (1 << 8 * width)).to_bytes(width, "little")
    kind = draw(st.sampled_from(("flip", "write", "insert", "remove", "repeat", "cut", "number", "word")))
    if kind == "flip" and at < len(data):
        return data[:at] + bytes([data[at] ^ draw(st.integers(1, 255))]) + data[at + 1 :]
    if kind == "cut":
        return data[:at]
    replaced = {
        "write": draw(st.binary(max_size=8)),
        "insert": data[at:until] + draw(st.binary(max_size=8)),
        "remove": b"",
        "repeat": data[at:until] * draw(st.integers(2, 50)),
        "number": little,
        "word": draw(st.sampled_from(_WORDS)),
    }.get(kind, data[at:until])
    rest = data[at + len(replaced) :] if kind in ("write", "number") else data[until:]
    return data[:at] + replaced + rest


@st.composite
def _changed_lines(draw: st.DrawFn, data: bytes) -> bytes:
    lines = data.splitlines(keepends=True) or [b""]
    at = draw(st.integers(0, len(lines) - 1))
    other = draw(st.integers(0, len(lines) - 1))
    kind = draw(st.sampled_from(("remove", "repeat", "swap", "copy", "word")))
    if kind == "remove":
        del lines[at]
    elif kind == "repeat":
        lines[at] *= draw(st.integers(2, 20))
    elif kind == "swap":
        lines[at], lines[other] = lines[other], lines[at]
    elif kind == "copy":
        lines.insert(at, lines[other])
    else:
        words = lines[at].split(b" ")
        words[draw(st.integers(0, len(words) - 1))] = draw(st.sampled_from(_WORDS))
        lines[at] = b" ".join(words)
    return b"".join(lines)
