"""Expressions over axes, such as `kernels=simd and not clock=288MHz`: their grammar and their text.

    expression  = conjunction { "or" conjunction }
    conjunction = negation { "and" negation }
    negation    = "not" negation | "(" expression ")" | term
    term        = word ( "=" | "!=" ) word { "," word } | word

A word alone is a slug. In slugs and values `*` stands for any characters. Words with spaces or other special
characters are quoted with ' or ".
"""

import re
from dataclasses import dataclass

from mcumatrix.errors import MatrixError
from mcumatrix.matrix.suggest import shown

MAXIMUM_LENGTH = 10_000
MAXIMUM_DEPTH = 50

_KEYWORDS = ("and", "or", "not")
_TOKEN = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<sign>!=|[=,()])
    | (?P<word>[^\s=!,()'"&|]+)
    | '(?P<single>[^']*)'
    | "(?P<double>[^"]*)"
    """,
    re.VERBOSE,
)
_PLAIN_WORD = re.compile(r"[^\s=!,()'\"&|]+")


@dataclass(frozen=True, slots=True)
class Slug:
    """Variants with one slug, or with a slug that a pattern fits."""

    pattern: str

    def __str__(self) -> str:
        return _written(self.pattern)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Variants whose axis has one of the values, or none of them when `negated`."""

    axis: str
    values: tuple[str, ...]
    negated: bool = False

    def __str__(self) -> str:
        values = ",".join(_written(value) for value in self.values)
        return f"{_written(self.axis)}{'!=' if self.negated else '='}{values}"


@dataclass(frozen=True, slots=True)
class Not:
    """Variants that `inner` leaves out."""

    inner: "Expression"

    def __str__(self) -> str:
        return f"not {_in_parentheses(self.inner, And, Or)}"


@dataclass(frozen=True, slots=True)
class And:
    """Variants that are in all of two or more terms."""

    terms: "tuple[Expression, ...]"

    def __str__(self) -> str:
        return " and ".join(_in_parentheses(term, And, Or) for term in self.terms)


@dataclass(frozen=True, slots=True)
class Or:
    """Variants that are in any of two or more terms."""

    terms: "tuple[Expression, ...]"

    def __str__(self) -> str:
        return " or ".join(_in_parentheses(term, Or) for term in self.terms)


Expression = Slug | Comparison | Not | And | Or


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    column: int


def parse_expression(text: str) -> Expression:
    """Reads an expression. `str` of the result is an expression that means the same.

    Raises:
        MatrixError: the text is none; the message has the column, which begins at 1.
    """
    if len(text) > MAXIMUM_LENGTH:
        raise MatrixError(f"the selection is longer than {MAXIMUM_LENGTH:,} characters", hint="Shorten it.")
    parser = _Parser(text)
    expression = parser.expression(depth=0)
    parser.end()
    return expression


class _Parser:
    """Recursive descent, one method for each rule of the grammar."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._split()
        self._next = 0

    def expression(self, depth: int) -> Expression:
        terms = [self._conjunction(depth)]
        while self._take("or"):
            terms.append(self._conjunction(depth))
        return Or(tuple(terms)) if len(terms) > 1 else terms[0]

    def end(self) -> None:
        if self._peek().kind != "end":
            raise self._unexpected()

    def _conjunction(self, depth: int) -> Expression:
        terms = [self._negation(depth)]
        while self._take("and"):
            terms.append(self._negation(depth))
        return And(tuple(terms)) if len(terms) > 1 else terms[0]

    def _negation(self, depth: int) -> Expression:
        if depth > MAXIMUM_DEPTH:
            message = f"more than {MAXIMUM_DEPTH} terms are nested here"
            raise self._wrong(self._peek(), message, "Write it flatter.")
        if self._take("not"):
            return Not(self._negation(depth + 1))
        opening = self._peek()
        if self._take("("):
            inner = self.expression(depth + 1)
            if self._take(")"):
                return inner
            if self._peek().kind == "end":
                raise self._wrong(opening, "this parenthesis is not closed", "Add ')'.")
            raise self._unexpected()
        return self._term()

    def _term(self) -> Expression:
        word = self._word("an axis or a slug")
        if self._take("="):
            return Comparison(word, self._values(word))
        if self._take("!="):
            return Comparison(word, self._values(word), negated=True)
        return Slug(word)

    def _values(self, axis: str) -> tuple[str, ...]:
        values = [self._word(f"a value of {shown(axis)}")]
        while self._take(","):
            values.append(self._word(f"a value of {shown(axis)}"))
        return tuple(values)

    def _word(self, wanted: str) -> str:
        token = self._peek()
        if token.kind not in ("word", "quoted"):
            found = "the selection ends" if token.kind == "end" else f"{shown(token.text)} stands"
            raise self._wrong(
                token, f"{found} where {wanted} is expected", "Write terms such as kernels=simd."
            )
        self._next += 1
        return token.text

    def _unexpected(self) -> MatrixError:
        token = self._peek()
        hint = "Join terms with and, or."
        if token.kind == "word" and self._tokens[self._next - 1].kind == "word":
            hint = "Join terms with and, or; quote a value that has a space, as in clock='216 MHz'."
        return self._wrong(token, f"{shown(token.text)} is not expected here", hint)

    def _take(self, text: str) -> bool:
        token = self._peek()
        if token.text == text and token.kind in ("sign", "keyword"):
            self._next += 1
            return True
        return False

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _split(self) -> list[_Token]:
        tokens = []
        position = 0
        while position < len(self._text):
            match = _TOKEN.match(self._text, position)
            if match is None:
                raise self._not_a_token(position)
            kind = match.lastgroup or ""
            if kind in ("single", "double"):
                tokens.append(_Token("quoted", match[kind], position + 1))
            elif kind != "space":
                kind = "keyword" if match[kind] in _KEYWORDS else kind
                tokens.append(_Token(kind, match.group(), position + 1))
            position = match.end()
        return [*tokens, _Token("end", "", len(self._text) + 1)]

    def _not_a_token(self, position: int) -> MatrixError:
        character = self._text[position]
        token = _Token("sign", character, position + 1)
        if character in "'\"":
            return self._wrong(token, "this quote is not closed", f"Add {character} after the value.")
        return self._wrong(token, f"{shown(character)} has no meaning", "Join terms with and, or, not.")

    def _wrong(self, token: _Token, message: str, hint: str) -> MatrixError:
        shown_text = self._text if self._text.isprintable() else shown(self._text)
        return MatrixError(f"selection, column {token.column}: {message}: {shown_text}", hint=hint)


def _written(word: str) -> str:
    if _PLAIN_WORD.fullmatch(word) and word not in _KEYWORDS:
        return word
    return f'"{word}"' if "'" in word else f"'{word}'"


def _in_parentheses(expression: Expression, *kinds: type) -> str:
    return f"({expression})" if isinstance(expression, kinds) else str(expression)
