"""Floating-point arithmetic as the Armv7-M ARM defines it (section A2.5), in exact fractions.

Numbers are words of single precision (or halfwords of half precision); modes come from FPSCR, and so do the
cumulative flags that an operation sets.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

AHP, DN, FZ = 1 << 26, 1 << 25, 1 << 24
IOC, DZC, OFC, UFC, IXC, IDC = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 4, 1 << 7
NEAREST, UP, DOWN, ZERO, AWAY = 0, 1, 2, 3, 4
"""Rounding: FPSCR.RMode, and ties away from zero."""

SIGN, INFINITY, DEFAULT_NAN, QUIET = 0x8000_0000, 0x7F80_0000, 0x7FC0_0000, 0x0040_0000


def is_nan(word: int) -> bool:
    """Whether a word is a NaN, quiet or signalling."""
    return word & ~SIGN > INFINITY


def is_signalling(word: int) -> bool:
    """Whether a word is a signalling NaN."""
    return is_nan(word) and not word & QUIET


def is_infinite(word: int) -> bool:
    """Whether a word is an infinity."""
    return word & ~SIGN == INFINITY


def value_of(word: int) -> Fraction:
    """The value of a finite number."""
    exponent, fraction = word >> 23 & 0xFF, word & 0x7F_FFFF
    significand = fraction if exponent == 0 else fraction | 1 << 23
    value = significand * Fraction(2) ** (max(exponent, 1) - 150)
    return -value if word & SIGN else value


def round_to_integer(value: Fraction, rounding: int) -> int:
    """The whole number next to a value."""
    below = math.floor(value)
    rest = value - below
    if rest == 0:
        return below
    if rounding == UP:
        return below + 1
    if rounding == DOWN:
        return below
    if rounding == ZERO:
        return below if value > 0 else below + 1
    if rest == Fraction(1, 2):
        if rounding == AWAY:
            return below + 1 if value > 0 else below
        return below + (below & 1)
    return below + (rest > Fraction(1, 2))


@dataclass
class Float:
    """Operations with the modes of an FPSCR; `fpscr` collects the cumulative flags."""

    fpscr: int

    @property
    def rounding(self) -> int:
        """FPSCR.RMode."""
        return self.fpscr >> 22 & 3

    def flag(self, bits: int) -> None:
        """Sets cumulative flags."""
        self.fpscr |= bits

    def invalid(self) -> int:
        """An invalid operation: the default NaN."""
        self.flag(IOC)
        return DEFAULT_NAN

    def flush(self, word: int) -> int:
        """A denormal operand is a zero of its sign in flush-to-zero mode."""
        if self.fpscr & FZ and not word & 0x7F80_0000 and word & 0x7F_FFFF:
            self.flag(IDC)
            return word & SIGN
        return word

    def process_nan(self, word: int) -> int:
        """FPProcessNaN."""
        if not word & QUIET:
            self.flag(IOC)
        return DEFAULT_NAN if self.fpscr & DN else word | QUIET

    def first_nan(self, *words: int) -> int | None:
        """FPProcessNaNs: signalling ones first, then in the order given."""
        for wanted in (is_signalling, is_nan):
            for word in words:
                if wanted(word):
                    return self.process_nan(word)
        return None

    def round(self, value: Fraction, rounding: int | None = None) -> int:
        """FPRound of a value that is not 0, to single precision."""
        return self._round(value, self.rounding if rounding is None else rounding, 8, 23)

    def _round(self, value: Fraction, rounding: int, exponent_bits: int, fraction_bits: int) -> int:
        single = exponent_bits == 8
        sign = int(value < 0) << (exponent_bits + fraction_bits)
        least = 2 - (1 << (exponent_bits - 1))
        magnitude = abs(value)
        exponent = magnitude.numerator.bit_length() - magnitude.denominator.bit_length()
        if magnitude < Fraction(2) ** exponent:
            exponent -= 1
        if single and self.fpscr & FZ and exponent < least:
            self.flag(UFC)
            return sign
        is_small = exponent < least
        unit = Fraction(2) ** (max(exponent, least) - fraction_bits)
        steps = abs(round_to_integer(value / unit, rounding))
        inexact = steps * unit != magnitude
        if is_small and inexact:
            self.flag(UFC)
        # Counting steps up goes over into the next exponent by itself.
        word = steps if is_small else steps + ((exponent - least) << fraction_bits)
        alternative = not single and bool(self.fpscr & AHP)
        limit = ((1 << exponent_bits) - (0 if alternative else 1)) << fraction_bits
        if word >= limit:
            if alternative:
                self.flag(IOC)
                return sign | 0x7FFF
            self.flag(OFC | IXC)
            to_infinity = rounding == NEAREST or (rounding == UP and not sign) or (rounding == DOWN and sign)
            return sign | (limit if to_infinity else limit - 1)
        if inexact:
            self.flag(IXC)
        return sign | word

    # --- arithmetic

    def add(self, one: int, other: int) -> int:
        """FPAdd."""
        one, other = self.flush(one), self.flush(other)
        nan = self.first_nan(one, other)
        if nan is not None:
            return nan
        if is_infinite(one) or is_infinite(other):
            if is_infinite(one) and is_infinite(other) and one != other:
                return self.invalid()
            return one if is_infinite(one) else other
        total = value_of(one) + value_of(other)
        if total:
            return self.round(total)
        return one & SIGN if one == other else self._zero()

    def _zero(self) -> int:
        """What an exact difference of 0 is."""
        return SIGN if self.rounding == DOWN else 0

    def multiply(self, one: int, other: int) -> int:
        """FPMul."""
        one, other = self.flush(one), self.flush(other)
        nan = self.first_nan(one, other)
        if nan is not None:
            return nan
        sign = (one ^ other) & SIGN
        zero = not one & ~SIGN or not other & ~SIGN
        if is_infinite(one) or is_infinite(other):
            return self.invalid() if zero else sign | INFINITY
        return sign if zero else self.round(value_of(one) * value_of(other))

    def multiply_add(self, addend: int, one: int, other: int) -> int:
        """FPMulAdd: one rounding."""
        addend, one, other = self.flush(addend), self.flush(one), self.flush(other)
        one_zero, other_zero = not one & ~SIGN, not other & ~SIGN
        no_product = (is_infinite(one) and other_zero) or (one_zero and is_infinite(other))
        nan = self.first_nan(addend, one, other)
        if nan is not None:
            if is_nan(addend) and not is_signalling(addend) and no_product:
                return self.invalid()
            return nan
        sign = (one ^ other) & SIGN
        infinite = is_infinite(one) or is_infinite(other)
        if no_product or (is_infinite(addend) and infinite and addend & SIGN != sign):
            return self.invalid()
        if is_infinite(addend):
            return addend
        if infinite:
            return sign | INFINITY
        product = value_of(one) * value_of(other)
        exact_zero = not product and not addend & ~SIGN
        if exact_zero and sign == addend & SIGN:
            return sign
        total = value_of(addend) + product
        return self.round(total) if total else self._zero()

    def divide(self, one: int, other: int) -> int:
        """FPDiv."""
        one, other = self.flush(one), self.flush(other)
        nan = self.first_nan(one, other)
        if nan is not None:
            return nan
        sign = (one ^ other) & SIGN
        one_zero, other_zero = not one & ~SIGN, not other & ~SIGN
        if (is_infinite(one) and is_infinite(other)) or (one_zero and other_zero):
            return self.invalid()
        if is_infinite(one) or other_zero:
            if not is_infinite(one):
                self.flag(DZC)
            return sign | INFINITY
        if one_zero or is_infinite(other):
            return sign
        return self.round(value_of(one) / value_of(other))

    def square_root(self, word: int) -> int:
        """FPSqrt."""
        word = self.flush(word)
        if is_nan(word):
            return self.process_nan(word)
        if not word & ~SIGN:
            return word
        if word & SIGN:
            return self.invalid()
        if is_infinite(word):
            return word
        # 2**200 keeps far more bits than are needed; what is left of the root only has to be seen.
        scaled = int(value_of(word) * 2**400)
        root = math.isqrt(scaled)
        rest = Fraction(1, 4) if root * root != scaled else 0
        return self.round((root + rest) / Fraction(2**200))

    # --- comparison

    def compare(self, one: int, other: int, *, quiet_nan_is_invalid: bool) -> int:
        """FPCompare: N, Z, C, V as the top four bits."""
        one, other = self.flush(one), self.flush(other)
        if is_nan(one) or is_nan(other):
            if quiet_nan_is_invalid or is_signalling(one) or is_signalling(other):
                self.flag(IOC)
            return 0b0011 << 28
        left, right = self._order(one), self._order(other)
        return (0b0110 if left == right else 0b1000 if left < right else 0b0010) << 28

    @staticmethod
    def _order(word: int) -> int:
        return -(word & ~SIGN) if word & SIGN else word

    def extreme_number(self, one: int, other: int, *, largest: bool) -> int:
        """FPMaxNum and FPMinNum: a number wins over a quiet NaN."""
        quiet = [is_nan(word) and not is_signalling(word) for word in (one, other)]
        worst = INFINITY | (SIGN if largest else 0)
        if quiet[0] and not quiet[1]:
            one = worst
        elif quiet[1] and not quiet[0]:
            other = worst
        one, other = self.flush(one), self.flush(other)
        nan = self.first_nan(one, other)
        if nan is not None:
            return nan
        # The negative zero is below the positive one.
        choose: Callable[..., int] = max if largest else min
        return choose(one, other, key=lambda word: (self._order(word), not word & SIGN))

    # --- conversion

    def to_integral(self, word: int, rounding: int, *, exact: bool = False) -> int:
        """FPRoundInt: a whole number as a floating-point number."""
        word = self.flush(word)
        if is_nan(word):
            return self.process_nan(word)
        if is_infinite(word):
            return word
        value = value_of(word)
        whole = round_to_integer(value, rounding)
        if exact and whole != value:
            self.flag(IXC)
        return word & SIGN if whole == 0 else Float(0).round(Fraction(whole))

    def to_fixed(self, word: int, *, bits: int, fraction_bits: int, is_signed: bool, rounding: int) -> int:
        """FPToFixed: saturates, and a NaN gives 0. The result is not cut to `bits`."""
        word = self.flush(word)
        if is_nan(word):
            self.flag(IOC)
            return 0
        least, most = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if is_signed else (0, (1 << bits) - 1)
        if is_infinite(word):
            self.flag(IOC)
            return least if word & SIGN else most
        value = value_of(word) * 2**fraction_bits
        whole = round_to_integer(value, rounding)
        if not least <= whole <= most:
            self.flag(IOC)
            return max(least, min(most, whole))
        if whole != value:
            self.flag(IXC)
        return whole

    def from_fixed(self, number: int, *, fraction_bits: int, rounding: int) -> int:
        """FixedToFP."""
        return self.round(Fraction(number, 1 << fraction_bits), rounding) if number else 0

    def half_to_single(self, halfword: int) -> int:
        """FPHalfToSingle."""
        sign, exponent, fraction = (halfword & 0x8000) << 16, halfword >> 10 & 31, halfword & 0x3FF
        if exponent == 31 and not self.fpscr & AHP:
            return self.process_nan(sign | INFINITY | fraction << 13) if fraction else sign | INFINITY
        significand = fraction if exponent == 0 else fraction | 1 << 10
        value = significand * Fraction(2) ** (max(exponent, 1) - 25)
        return sign | Float(0).round(value) if value else sign

    def single_to_half(self, word: int) -> int:
        """FPSingleToHalf."""
        word = self.flush(word)
        sign = word >> 16 & 0x8000
        if is_nan(word):
            if not word & QUIET or self.fpscr & AHP:
                self.flag(IOC)
            if self.fpscr & AHP:
                return sign
            return 0x7E00 if self.fpscr & DN else sign | 0x7E00 | word >> 13 & 0x1FF
        if is_infinite(word):
            if self.fpscr & AHP:
                self.flag(IOC)
                return sign | 0x7FFF
            return sign | 0x7C00
        return self._round(value_of(word), self.rounding, 5, 10) if word & ~SIGN else sign
