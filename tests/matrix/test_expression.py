"""The grammar of selections."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcumatrix.errors import MatrixError
from mcumatrix.matrix.expression import And, Comparison, Expression, Not, Or, Slug, parse_expression

SIMD = Comparison("kernels", ("simd",))
FAST = Comparison("clock", ("288 MHz",))


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("kernels=simd", SIMD),
        ("kernels = simd", SIMD),
        ("'kernels'=\"simd\"", SIMD),
        ("clock='288 MHz'", FAST),
        ("kernels!=simd", Comparison("kernels", ("simd",), negated=True)),
        ("model=a,b , c", Comparison("model", ("a", "b", "c"))),
        ("builtin_*_mnist-int8", Slug("builtin_*_mnist-int8")),
        ("not kernels=simd", Not(SIMD)),
        ("not not kernels=simd", Not(Not(SIMD))),
        ("a and b and c", And((Slug("a"), Slug("b"), Slug("c")))),
        ("a or b and c", Or((Slug("a"), And((Slug("b"), Slug("c")))))),
        ("(a or b) and c", And((Or((Slug("a"), Slug("b"))), Slug("c")))),
        ("not a and b", And((Not(Slug("a")), Slug("b")))),
        ("not (a and b)", Not(And((Slug("a"), Slug("b"))))),
        ("((a))", Slug("a")),
        ("'and'", Slug("and")),
        ("android", Slug("android")),
        ("x='it is'", Comparison("x", ("it is",))),
        ('x="it\'s"', Comparison("x", ("it's",))),
    ],
)
def test_an_expression_means_what_it_says(text: str, expression: Expression) -> None:
    assert parse_expression(text) == expression


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "",
            "selection, column 1: the selection ends where an axis or a slug is expected: \n"
            "  Write terms such as kernels=simd.",
        ),
        (
            "kernels=",
            "selection, column 9: the selection ends where a value of 'kernels' is expected: kernels=\n"
            "  Write terms such as kernels=simd.",
        ),
        (
            "kernels=simd,",
            "selection, column 14: the selection ends where a value of 'kernels' is expected: kernels=simd,\n"
            "  Write terms such as kernels=simd.",
        ),
        (
            "=simd",
            "selection, column 1: '=' stands where an axis or a slug is expected: =simd\n"
            "  Write terms such as kernels=simd.",
        ),
        (
            "a and or b",
            "selection, column 7: 'or' stands where an axis or a slug is expected: a and or b\n"
            "  Write terms such as kernels=simd.",
        ),
        (
            "clock=216 MHz",
            "selection, column 11: 'MHz' is not expected here: clock=216 MHz\n"
            "  Join terms with and, or; quote a value that has a space, as in clock='216 MHz'.",
        ),
        (
            "(clock=216 MHz)",
            "selection, column 12: 'MHz' is not expected here: (clock=216 MHz)\n"
            "  Join terms with and, or; quote a value that has a space, as in clock='216 MHz'.",
        ),
        ("a)", "selection, column 2: ')' is not expected here: a)\n  Join terms with and, or."),
        ("(a", "selection, column 1: this parenthesis is not closed: (a\n  Add ')'."),
        ("a='b", "selection, column 3: this quote is not closed: a='b\n  Add ' after the value."),
        ("a && b", "selection, column 3: '&' has no meaning: a && b\n  Join terms with and, or, not."),
        ("!a", "selection, column 1: '!' has no meaning: !a\n  Join terms with and, or, not."),
        (
            "a\n=",
            "selection, column 4: the selection ends where a value of 'a' is expected: 'a\\n='\n"
            "  Write terms such as kernels=simd.",
        ),
        ("x" * 10_001, "the selection is longer than 10,000 characters\n  Shorten it."),
    ],
)
def test_a_wrong_expression_is_named_with_its_column(text: str, message: str) -> None:
    with pytest.raises(MatrixError) as caught:
        parse_expression(text)
    assert str(caught.value) == message


@pytest.mark.parametrize("text", ["(" * 4000 + "a" + ")" * 4000, "not " * 2000 + "a"])
def test_a_deep_expression_is_refused(text: str) -> None:
    with pytest.raises(MatrixError) as caught:
        parse_expression(text)
    assert "more than 50 terms are nested here" in str(caught.value)


def test_a_long_expression_is_not_a_deep_one() -> None:
    expression = parse_expression(" or ".join(["a"] * 2000))
    assert parse_expression(str(expression)) == expression


words = st.text(st.characters(codec="utf-8", exclude_characters="'"), max_size=6) | st.sampled_from(
    ["and", "or", "not", "a b", "it's", "a*", "=", "(", ""]
)
terms = st.builds(Slug, words) | st.builds(
    Comparison, words, st.lists(words, min_size=1, max_size=3).map(tuple), st.booleans()
)


def _combined(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    many = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.builds(Not, inner) | st.builds(And, many) | st.builds(Or, many)


@given(st.recursive(terms, _combined, max_leaves=8))
def test_what_is_printed_is_parsed_as_the_same(expression: Expression) -> None:
    assert parse_expression(str(expression)) == expression


@given(st.text(st.sampled_from("ab =!,()'\"&|* not and or\t\n\0"), max_size=30))
def test_any_text_is_an_expression_or_an_error(text: str) -> None:
    try:
        expression = parse_expression(text)
    except MatrixError as error:
        assert error.message.startswith("selection, column ")
    else:
        assert parse_expression(str(expression)) == expression
