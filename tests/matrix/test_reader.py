"""Reading YAML: scalars stay as written, and no file can take the machine down."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcumatrix.errors import MatrixError
from mcumatrix.matrix import reader
from mcumatrix.matrix.document import Document, Node
from mcumatrix.matrix.reader import MAXIMUM_SIZE_BYTES, parsed_before, read_document
from mcumatrix.model.variant import Matrix

Load = Callable[[str | bytes], Matrix]

WRONG = {
    "an empty file": (
        lambda _: "",
        ("m.yaml is empty\n  docs/matrix.md says what belongs into it."),
    ),
    "only a comment": (
        lambda _: "# nothing\n",
        ("m.yaml is empty\n  docs/matrix.md says what belongs into it."),
    ),
    "bytes that are not UTF-8": (
        lambda _: b"axes:\n  runtime: \xff\n",
        ("m.yaml:2: byte 0xff is not UTF-8\n  Save the file with the encoding UTF-8."),
    ),
    "UTF-16": (
        lambda _: "axes: {}\n".encode("utf-16"),
        ("m.yaml:1: byte 0xff is not UTF-8\n  Save the file with the encoding UTF-8."),
    ),
    "a list at the top": (
        lambda _: "- a\n",
        ("m.yaml:1:1: the file must be a mapping, but is a list\n  Write lines such as 'key: value'."),
    ),
    "text at the top": (
        lambda _: "hello\n",
        ("m.yaml:1:1: the file must be a mapping, but is text\n  Write lines such as 'key: value'."),
    ),
    "a tab in the indentation": (
        lambda _: "axes:\n\truntime: builtin\n",
        ("m.yaml:2:1: the line '\\truntime: builtin' is indented with a tab\n  YAML wants spaces there."),
    ),
    "a duplicate key": (
        lambda small: small + "axes: {}\n",
        ("m.yaml:7:1: the key 'axes' is here twice, first in line 1\n  Keep one of them."),
    ),
    "a duplicate key in a flow mapping": (
        lambda small: small + "expect:\n  - {kernels: simd, outcome: pass, kernels: simd}\n",
        ("m.yaml:8:36: the key 'kernels' is here twice, first in line 8\n  Keep one of them."),
    ),
    "an unclosed bracket": (
        lambda _: "axes: {runtime: [builtin\n",
        (
            "m.yaml:2:1: this is not YAML: expected ',' or ']', but got '<stream end>' while "
            "parsing a flow sequence\n"
            "  Check the indentation and the quotes around this place."
        ),
    ),
    "a wrong indentation": (
        lambda _: "axes:\n  runtime: builtin\n    kernels: simd\n",
        (
            "m.yaml:3:12: this is not YAML: mapping values are not allowed here\n"
            "  Check the indentation and the quotes around this place."
        ),
    ),
    "an unclosed quote": (
        lambda _: "description: 'a\n",
        (
            "m.yaml:2:1: this is not YAML: found unexpected end of stream while scanning a "
            "quoted scalar\n"
            "  Check the indentation and the quotes around this place."
        ),
    ),
    "a second document": (
        lambda small: small + "---\na: b\n",
        ("m.yaml:7:1: a second document begins here\n  Write one file for each."),
    ),
    "a tag": (
        lambda _: "axes: !!python/object:os.system {}\n",
        ("m.yaml:1:7: the tag 'tag:yaml.org,2002:python/object:os.system' has no meaning here\n  Remove it."),
    ),
    "an alias without an anchor": (
        lambda _: "axes: *x\n",
        ("m.yaml:1:7: the alias '*x' has no anchor before it\n  Quote a value that begins with '*'."),
    ),
    "an alias in its own anchor": (
        lambda _: "axes: &x [*x]\n",
        ("m.yaml:1:11: the alias '*x' has no anchor before it\n  Quote a value that begins with '*'."),
    ),
    "a control character": (
        lambda _: "axes: \x01\n",
        ("m.yaml:1: the character U+0001 may not be in a YAML file\n  Remove it."),
    ),
    "an escaped control character": (
        lambda _: 'axes: "\\u0007"\n',
        ("m.yaml:1:7: the text '\\x07' has the character U+0007\n  Remove it."),
    ),
    "an escape that is no character": (
        lambda _: 'axes: "\\UFFFFFFFF"\n',
        (
            "m.yaml is not YAML: it has an escape that is no character\n"
            "  Look for a \\U with a number above 10FFFF."
        ),
    ),
    "half of a surrogate pair": (
        lambda _: 'axes: "\\uD800"\n',
        ("m.yaml:1:7: the text '\\ud800' has the character U+D800\n  Remove it."),
    ),
    "a list as a key": (
        lambda _: "? [a]\n: b\n",
        ("m.yaml:1:3: a key must be text, but this is a list"),
    ),
    "a missing key": (
        lambda _: ": b\n",
        ("m.yaml:1:1: a key must be text, but this is empty"),
    ),
    "too deep lists": (
        lambda _: "a: " + "[" * 30 + "]" * 30 + "\n",
        ("m.yaml:1:23: values are nested more than 20 deep\n  Write it flatter."),
    ),
    "aliases that multiply": (
        lambda _: (
            "a: &a [x, x, x, x, x, x, x, x, x]\n"
            "b: &b [*a, *a, *a, *a, *a, *a, *a, *a]\n"
            "c: &c [*b, *b, *b, *b, *b, *b, *b, *b]\n"
            "d: &d [*c, *c, *c, *c, *c, *c, *c, *c]\n"
            "e: [*d, *d, *d, *d, *d, *d, *d, *d]\n"
        ),
        (
            "m.yaml:5:13: the file has more than 20,000 values with its aliases written out\n"
            "  Split it, or use fewer aliases."
        ),
    ),
    "aliases that nest": (
        lambda _: "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 25)),
        ("m.yaml:19:12: values are nested more than 20 deep\n  Write it flatter."),
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_file_that_is_not_safe_yaml_is_refused_with_its_place(load: Load, small: str, case: str) -> None:
    change, message = WRONG[case]
    with pytest.raises(MatrixError) as caught:
        load(change(small))
    assert str(caught.value) == message


def test_a_file_above_one_mebibyte_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_bytes(b"#" * MAXIMUM_SIZE_BYTES + b"\n")
    with pytest.raises(MatrixError) as caught:
        read_document(path)
    assert str(caught.value) == (
        f"{path} is larger than 1 MiB\n  A matrix of that size is a mistake; split it."
    )


@pytest.mark.parametrize("name", [".", "missing.yaml", "nul\0.yaml"])
def test_what_is_not_a_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(MatrixError) as caught:
        read_document(tmp_path / name)
    assert str(caught.value) == f"{tmp_path / name} is not a file\n  Name a YAML file that is there."


@pytest.mark.parametrize(
    "text", ["no", "yes", "on", "1.10", "0x10", "1_000", "010", "2024-01-01", ".inf", "1e3", "True", "O2"]
)
def test_a_scalar_stays_as_it_is_written(tmp_path: Path, text: str) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(f"{text}: [{text}]\n")
    assert read_document(path).root.plain() == {text: [text]}


@pytest.mark.parametrize("text", ["", "~", "null", "Null", "NULL"])
def test_only_an_empty_value_and_null_are_nothing(tmp_path: Path, text: str) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(f"a: {text}\nb: '{text}'\n")
    assert read_document(path).root.plain() == {"a": None, "b": text}


def test_an_alias_stands_for_its_anchor_and_has_its_own_place(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text("a: &x [1, 2]\nb: *x\n")
    document = read_document(path)
    assert document.root.plain() == {"a": ["1", "2"], "b": ["1", "2"]}
    assert str(document.position(("b",))) == "2:4"


def test_windows_line_ends_and_a_byte_order_mark_change_nothing(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_bytes(b"\xef\xbb\xbfa:\r\n  - b\r\n")
    document = read_document(path)
    assert document.root.plain() == {"a": ["b"]}
    assert str(document.position(("a", 0))) == "2:5"


words = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=8)
values = st.recursive(
    words | st.none(), lambda inner: st.lists(inner) | st.dictionaries(words, inner), max_leaves=6
)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _flow(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_quoted(key)}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return "~" if value is None else _quoted(str(value))


@given(st.dictionaries(words, values, max_size=3))
@settings(max_examples=50, deadline=None)
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, content: dict[str, object]
) -> None:
    path = tmp_path_factory.getbasetemp() / "written.yaml"
    path.write_text(_flow(content) + "\n")
    document = read_document(path)
    assert document.root.plain() == content
    assert Node.from_json(json.loads(json.dumps(document.root.to_json()))) == document.root


def test_a_file_that_was_read_before_is_parsed_again_only_if_it_was_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, kept = tmp_path / "m.yaml", tmp_path / "kept.json"
    path.write_text("a: &x [1, ~, {b: c}]\nd: *x\n")

    def read() -> Document:
        with parsed_before(kept) as known:
            return read_document(path, known=known)

    first = read()
    monkeypatch.setattr(reader, "YAML", lambda **_: pytest.fail("it was parsed again"))
    assert read() == first == Document(path, first.root)
    monkeypatch.undo()
    path.write_text(path.read_text().replace("c", "changed"))
    assert read().root.plain()["d"] == ["1", None, {"b": "changed"}]


def test_what_is_wrong_with_a_file_is_said_each_time(tmp_path: Path) -> None:
    path, kept = tmp_path / "m.yaml", tmp_path / "kept.json"
    path.write_text("a: !tag b\n")
    for _ in range(2):
        with (
            pytest.raises(MatrixError, match="the tag '!tag' has no meaning here"),
            parsed_before(kept) as known,
        ):
            read_document(path, known=known)
