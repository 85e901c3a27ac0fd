"""Finding matrix files, and reading any text at all."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mcumatrix.errors import MatrixError
from mcumatrix.matrix.load import find_matrix, load_matrix
from mcumatrix.model.catalogue import Catalogues
from mcumatrix.model.variant import Matrix

QUICKSTART = (Path(__file__).parents[2] / "matrix/quickstart.yaml").read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("matrix/boards").mkdir(parents=True)
    for path in ("matrix/quickstart.yaml", "matrix/blog.yaml", "own.yaml", "other.yml"):
        Path(path).write_text("axes: {}\n")
    return Path("matrix")


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("quickstart", "matrix/quickstart.yaml"),
        ("blog", "matrix/blog.yaml"),
        ("quickstart.yaml", "matrix/quickstart.yaml"),
        ("matrix/quickstart.yaml", "matrix/quickstart.yaml"),
        ("own.yaml", "own.yaml"),
        ("./own.yaml", "own.yaml"),
        ("other.yml", "other.yml"),
    ],
)
def test_a_matrix_is_found_by_name_or_path(folder: Path, name: str, path: str) -> None:
    assert find_matrix(name, folder) == Path(path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("quikstart", "there is no matrix 'quikstart'\n  Did you mean 'quickstart'?"),
        ("mine", "there is no matrix 'mine'\n  There are: blog, quickstart."),
        ("", "there is no matrix ''\n  There are: blog, quickstart."),
        ("own", "there is no matrix 'own'\n  There are: blog, quickstart."),
        ("boards", "there is no matrix 'boards'\n  There are: blog, quickstart."),
        ("sub/blog.yaml", "there is no matrix 'sub/blog.yaml'\n  Did you mean 'blog'?"),
        ("nul\0.yaml", "there is no matrix 'nul\\x00.yaml'\n  There are: blog, quickstart."),
        ("y" * 300 + ".yaml", f"there is no matrix '{'y' * 57}...'\n  There are: blog, quickstart."),
    ],
)
def test_an_unknown_matrix_is_named_with_what_there_is(folder: Path, name: str, message: str) -> None:
    with pytest.raises(MatrixError) as caught:
        find_matrix(name, folder)
    assert str(caught.value) == message


def test_an_empty_folder_says_where_to_write_a_matrix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MatrixError) as caught:
        find_matrix("blog", Path("matrix"))
    assert str(caught.value) == "there is no matrix 'blog'\n  Write one in matrix."


def test_a_matrix_with_a_name_that_no_folder_can_have_is_refused(
    tmp_path: Path, catalogues: Catalogues, small: str
) -> None:
    path = tmp_path / "my matrix.yaml"
    path.write_text(small)
    with pytest.raises(MatrixError) as caught:
        load_matrix(path, catalogues)
    assert str(caught.value) == (
        f"{path}: a matrix cannot be called 'my matrix': it is unfit for a file name\n"
        "  Use at most 60 letters, digits and . _ + -, a letter or digit first."
    )


def test_a_matrix_that_is_not_there_is_an_error(tmp_path: Path, catalogues: Catalogues) -> None:
    with pytest.raises(MatrixError) as caught:
        load_matrix(tmp_path / "m.yaml", catalogues)
    assert str(caught.value) == f"{tmp_path / 'm.yaml'} is not a file\n  Name a YAML file that is there."


def _is_matrix_or_error(load: Callable[[str | bytes], Matrix], content: str | bytes) -> None:
    try:
        matrix = load(content)
    except MatrixError as error:
        assert error.message.startswith("m.yaml")
        str(error).encode()
    else:
        assert matrix.variants
        assert len({variant.slug for variant in matrix.variants}) == len(matrix.variants)


PIECES = (
    *":,[]{}-?!&*|>'\"%@#~\\\t\n\0é9x ",
    *("<<", "&a", "*a", "&a [*a]", "!!int", "\ud7ff", "\ufeff"),
    "\nexclude:\n  - {kernels: simd, reason: x}\n",
    "\nexpect: [{kernels: simd, outcome: fail}]\n",
    "\ninclude: [{kernels: simd, repeat: 4, o: {a: }}]\n",
    "  o: {a: {flags: [-O2]}, b: }\n",
)
pieces = st.sampled_from(PIECES)
cuts = st.tuples(st.integers(0, len(QUICKSTART)), st.integers(0, 12), pieces | st.text(max_size=4))


@given(st.lists(cuts, min_size=1, max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
def test_any_change_to_a_matrix_gives_a_matrix_or_an_error_with_its_place(
    load: Callable[[str | bytes], Matrix], changes: list[tuple[int, int, str]]
) -> None:
    text = QUICKSTART
    for start, length, new in changes:
        text = text[:start] + new + text[start + length :]
    _is_matrix_or_error(load, text.encode("utf-8", "surrogatepass"))


@given(st.binary(max_size=200))
@example(b"%YAML 3.0\n---\n{}")
@example(b"%TAG ! x\n---\na: !b c\n")
@example(b'"\\x')
@example(b"{" * 2000)
@example(b"- " * 2000)
@example(b"? " * 500)
@example(b"a: |9\n b")
@example(b"&a &a x")
@example(b"--- |\n x\n...\n")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200)
def test_any_bytes_give_a_matrix_or_an_error(load: Callable[[str | bytes], Matrix], content: bytes) -> None:
    _is_matrix_or_error(load, content)


keys = st.sampled_from(["axes", "include", "exclude", "expect", "repeat", "warmup", "description", "kernels"])
leaves = st.sampled_from(
    ["simd", "216 MHz", "3", "fail", "x", "~", "[]", "{}", "builtin", "mnist-int8", "''"]
)
trees = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: "[" + ", ".join(items) + "]")
        | st.dictionaries(
            keys | st.sampled_from(["reason", "outcome", "flags", "cmake", "clock", "model", "runtime", "o"]),
            inner,
            max_size=4,
        ).map(lambda items: "{" + ", ".join(f"{key}: {value}" for key, value in items.items()) + "}")
    ),
    max_leaves=8,
)


@pytest.mark.slow
@given(st.dictionaries(keys, trees, max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
def test_any_shape_gives_a_matrix_or_an_error(
    load: Callable[[str | bytes], Matrix], small: str, tree: dict[str, str]
) -> None:
    own = "".join(f"{key}: {value}\n" for key, value in tree.items())
    _is_matrix_or_error(load, own if "axes" in tree else small + own)
