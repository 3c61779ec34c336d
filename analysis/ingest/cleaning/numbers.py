"""Numbers, whole numbers, shares and scores as clients write them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any, Literal

from analysis.ingest.cleaning.spelling import WrongCellError, normalise, shown

Parse = Callable[[Any, list[str]], Any]
"""Takes a cell (text already normalised) and a list to which it adds conversion names."""

_APPROXIMATE = re.compile(r"^(?:约|大约|大概|近|将近|≈|~)\s*|\s*(?:左右|上下|多|余|以上)$")
_CURRENCY = re.compile(r"^(?:¥|rmb|cny|人民币)\s*|\s*(?:元整?|圆整?|rmb|cny)$", re.IGNORECASE)
_YUAN = re.compile("[元圆]整?$")
_MULTIPLIERS = {"千": 10**3, "万": 10**4, "百万": 10**6, "千万": 10**7, "亿": 10**8}
_MULTIPLIER = re.compile(r"(.*?[\d.])\s*(百万|千万|千|万|亿)")
_PLAIN = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)")
_GROUPED = re.compile(r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d*)?")
_SCIENTIFIC = re.compile(r"[-+]?\d+(?:\.\d+)?[eE][-+]?\d{1,3}")
_BRACKETS = re.compile(r"\((.+)\)")
_LARGEST = 2.0**53
"""Whole numbers beyond it are no longer told apart, and soon no column holds them."""
_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_PLACES = {"十": 10, "百": 100, "千": 1000}


def chinese_numeral(text: str) -> int | None:
    """Return the value of a numeral such as 三, 二十五 or 一百零三, or None."""
    if not text or any(c not in _DIGITS and c not in _PLACES and c != "万" for c in text):
        return None
    if len(text) > 1 and all(c in _DIGITS for c in text):
        return None  # 二〇二四 is read digit by digit: a year or a code
    if text.count("万") > 1:
        return None
    if "万" in text:
        high, low = text.split("万")
        parts = chinese_numeral(high), chinese_numeral(low) if low else 0
        return None if None in parts else parts[0] * 10_000 + parts[1]
    total, digit, previous = 0, None, 10_000
    for c in text:
        if c in _PLACES:
            if _PLACES[c] >= previous or (digit is None and total):
                return None
            previous = _PLACES[c]
            total += (1 if digit is None else digit) * previous
            digit = None
        elif digit in (None, 0):
            digit = _DIGITS[c]
        else:
            return None
    return total + (digit or 0)


def to_decimal(
    text: str, steps: list[str], *, units: Collection[str] = (), approximate: bool = False
) -> Decimal:
    """Read one number in normalised text; the conversions used are added to ``steps``.

    Raises
    ------
    WrongCellError
        When it is no number, approximate without permission, or carries an undeclared unit.
    """
    text = text.replace("−", "-").replace("﹣", "-").replace("–", "-")
    bare = _APPROXIMATE.sub("", text)
    if bare != text:
        if not approximate:
            raise WrongCellError("number_approximate")
        steps.append("approximate")
    for unit in sorted(units, key=len, reverse=True):
        if bare.endswith(unit) and len(bare) > len(unit):
            bare = bare.removesuffix(unit).strip()
            steps.append("unit_removed")
            break
    sign = 1
    if match := _BRACKETS.fullmatch(bare):
        bare, sign = match[1].strip(), -1
        steps.append("accounting_negative")
    amount = _CURRENCY.sub("", bare)
    if amount.startswith(("-¥", "+¥")):
        amount = amount[0] + amount[2:]
    if amount != bare:
        own = _YUAN.search(bare) and not _MULTIPLIER.fullmatch(amount)
        steps.append("yuan_word" if own else "currency_sign")
    if match := _MULTIPLIER.fullmatch(amount):
        amount, sign = match[1], sign * _MULTIPLIERS[match[2]]
        steps.append("chinese_multiplier")
    if _GROUPED.fullmatch(amount):
        amount = amount.replace(",", "")
        steps.append("thousands_separator")
    elif _SCIENTIFIC.fullmatch(amount):
        if Decimal(amount).as_tuple().exponent > 0:
            raise WrongCellError("number_scientific")
        steps.append("scientific_number")
    elif not _PLAIN.fullmatch(amount):
        numeral = chinese_numeral(amount)
        if numeral is None:
            raise _why_not(amount)
        steps.append("chinese_numeral")
        return Decimal(numeral) * sign
    return Decimal(amount) * sign


_WITH_UNIT = re.compile(r"[-+]?[\d.,]+\s*[百千万亿]*(?P<unit>[^\d\s.,%:/-]+)")
_OUT_OF = re.compile(r"\d+(?:\.\d+)?\s*/\s*(?P<whole>\d+)")
_ADDS_TO_IT = re.compile("[半几多余来十百千万亿kKmM]")
"""Words that make another number of the one before them: 3星半, 2万余户, 5k."""


def _why_not(text: str) -> WrongCellError:
    """Return what is wrong with a text that is no number; its unit only if it is nothing more."""
    if text.endswith("%"):
        return WrongCellError("number_percent")
    if match := _OUT_OF.fullmatch(text):
        return WrongCellError("number_out_of", match["whole"])
    match = _WITH_UNIT.fullmatch(text)
    if match is None or _ADDS_TO_IT.search(match["unit"]):
        return WrongCellError("number_unreadable")
    return WrongCellError("number_unit", match["unit"])


def check_range(value: Any, low: Any, high: Any) -> None:
    """Raise when a value lies outside its inclusive range, or is a number that no column holds."""
    if isinstance(value, int | float) and not abs(value) <= _LARGEST:
        least, most = (-_LARGEST if low is None else low), (_LARGEST if high is None else high)
        raise WrongCellError("out_of_range", _range(least, most))
    if (low is not None and value < low) or (high is not None and value > high):
        raise WrongCellError("out_of_range", _range(low, high))


def _range(low: Any, high: Any) -> str:
    if high is None:
        return f"≥ {_bound(low)}"
    return f"≤ {_bound(high)}" if low is None else f"{_bound(low)}–{_bound(high)}"


def _bound(value: Any) -> str:
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)


def _typed(cell: Any) -> float | None:
    """Return the number of a cell a workbook stores as one; None for text."""
    if isinstance(cell, str):
        return None
    if isinstance(cell, dt.date):
        raise WrongCellError("turned_to_date")
    if isinstance(cell, bool) or not isinstance(cell, (int, float)):
        raise WrongCellError("number_unreadable")
    return float(cell)


def number(
    *,
    low: float | None = None,
    high: float | None = None,
    units: Collection[str] = (),
    approximate: bool = False,
    whole: bool = False,
) -> Parse:
    """Return the parser of numbers; ``whole`` refuses fractions and returns int."""

    def parse(cell: Any, steps: list[str]) -> float | int:
        value = _typed(cell)
        if value is None:
            value = to_decimal(cell, steps, units=units, approximate=approximate)
        check_range(float(value), low, high)
        if not whole:
            return float(value)
        if value != int(value):
            raise WrongCellError("not_whole")
        return int(value)

    return parse


def share(
    *,
    unit: Literal["percent", "share"] | None = None,
    low: float | None = 0,
    high: float | None = 1,
    approximate: bool = False,
    labels: Mapping[str, float] | None = None,
) -> Parse:
    """Return the parser of shares; a bare number needs the declared unit."""
    if unit not in (None, "percent", "share"):
        raise ValueError(f"unit of a share is percent or share, not {unit!r}")

    return Share(unit, low=low, high=high, approximate=approximate, labels=labels)


class Judged:
    """A parser that reads a cell in the light of its whole column."""

    def look_at(self, cells: Sequence[Any]) -> None:
        """Look at the distinct cells of the column before any of them is read."""

    def refused(self) -> Mapping[str, WrongCellError]:
        """Return the cells, as text, that the rest of the column rules out, with the reason."""
        return {}


class Share(Judged):
    """The parser of one column of shares.

    Under ``unit: percent`` a column whose bare numbers are all 0 or 1 is refused: 1 may be 1 %,
    or the 100 % that a spreadsheet stores as 1. Words (已完成) have the share that ``labels`` says.
    """

    def __init__(
        self,
        unit: Literal["percent", "share"] | None,
        *,
        low: float | None,
        high: float | None,
        approximate: bool,
        labels: Mapping[str, float] | None = None,
    ) -> None:
        self.unit, self.low, self.high, self.approximate = unit, low, high, approximate
        self.known = {normalise(str(label))[0]: float(v) for label, v in (labels or {}).items()}
        self.bare: dict[str, float] = {}

    def __call__(self, cell: Any, steps: list[str]) -> float:
        """Return the share of one cell; the conversions used are added to ``steps``."""
        text = cell if isinstance(cell, str) else None
        if text in self.known:
            steps.append("label_mapped")
            value = self.known[text]
        elif self.known and text is not None and not any(map(str.isdigit, text)):
            raise WrongCellError("label_unknown")
        elif text is not None and text.rstrip().endswith("%"):
            number = text.rstrip()[:-1].strip()
            value = to_decimal(number, steps, approximate=self.approximate) / 100
            steps.append("percent_sign")
        else:
            typed = _typed(cell)
            value = (
                to_decimal(text, steps, approximate=self.approximate)
                if typed is None
                else Decimal(repr(typed))
            )
            if self.unit is None:
                raise WrongCellError("share_unit_undeclared")
            if self.unit == "percent":
                if 0 < abs(value) < 1:
                    raise WrongCellError("share_unit_doubtful")
                self.bare[shown(cell)] = float(value)
                value /= 100
                steps.append("percent_declared")
        check_range(float(value), self.low, self.high)
        return float(value)

    def refused(self) -> Mapping[str, WrongCellError]:
        """Return the ones of a column in per cent that holds nothing but zeros and ones."""
        if 1 not in self.bare.values() or set(self.bare.values()) - {0, 1}:
            return {}
        ones = [text for text, value in self.bare.items() if value == 1]
        return {text: WrongCellError("share_unit_doubtful") for text in ones}


def score(
    *,
    low: float | None = None,
    high: float | None = None,
    labels: Mapping[str, float] | None = None,
    units: Collection[str] = ("分",),
    reverse: bool = False,
    whole: bool = False,
) -> Parse:
    """Return the parser of answers on a scale: labels, numbers, or a number and words."""
    if reverse and (low is None or high is None):
        raise ValueError("reverse needs low and high: the ends of the scale")
    try:
        known = {normalise(str(label))[0]: float(v) for label, v in (labels or {}).items()}
    except TypeError as error:  # a list or a map instead of a number
        raise ValueError("labels need a number each") from error
    return Score(known, tuple(units), low=low, high=high, reverse=reverse, whole=whole)


class Score(Judged):
    """The parser of one column of answers on a scale.

    A cell may hold a number, a label, or both (``1-非常满意``). Where both stand, the declared
    label decides: the number may be the place of the answer in a list. Without declared labels
    the number is the score only if other cells of the column are bare numbers and the words name
    the end of the scale where the number stands. What stands beside what is remembered until the
    whole column is read; then :meth:`refused` names the cells that cannot be taken after all.
    """

    def __init__(
        self,
        known: Mapping[str, float],
        units: Collection[str],
        *,
        low: float | None,
        high: float | None,
        reverse: bool,
        whole: bool,
    ) -> None:
        self.known, self.units = known, units
        self.low, self.high, self.reverse, self.whole = low, high, reverse, whole
        self.beside: dict[str, tuple[str, float, float]] = {}
        self.undeclared: dict[str, tuple[float, str]] = {}
        self.bare_numbers = False

    def __call__(self, cell: Any, steps: list[str]) -> float:
        """Return the value of one cell; the conversions used are added to ``steps``."""
        value = self._value(cell, steps)
        check_range(value, self.low, self.high)
        if self.whole and value != int(value):
            raise WrongCellError("not_whole")
        if self.reverse:
            steps.append("reversed")
            return self.low + self.high - value
        return value

    def refused(self) -> Mapping[str, WrongCellError]:
        """Return the cells that the rest of the column rules out, each with its reason."""
        wrong: dict[str, WrongCellError] = {}
        for text, (number, words) in self.undeclared.items():
            part = _MORE_THAN_WORDS.search(words)
            if part or not (self.bare_numbers and self._at_its_end(number, words)):
                wrong[text] = WrongCellError("label_undeclared", words)
        if not self._follows():
            wrong |= {text: WrongCellError("label_contradicts") for text in self.beside}
        return wrong

    def _follows(self) -> bool:
        """Return whether the numbers beside the labels rise, or fall, with their values.

        Labels that a client maps to one value (five points brought to three) keep numbers of their
        own; one label with two numbers follows nothing.
        """
        by_value: dict[float, set[float]] = {}
        by_label: dict[str, set[float]] = {}
        for label, value, number in self.beside.values():
            by_value.setdefault(value, set()).add(number)
            by_label.setdefault(label, set()).add(number)
        steps = list(pairwise(numbers for _, numbers in sorted(by_value.items())))
        up = all(max(before) < min(after) for before, after in steps)
        down = all(min(before) > max(after) for before, after in steps)
        return (up or down) and all(len(numbers) == 1 for numbers in by_label.values())

    def _value(self, cell: Any, steps: list[str]) -> float:
        text = cell if isinstance(cell, str) else None
        if text is None and isinstance(cell, (int, float)) and cell == int(cell):
            text = str(int(cell)) if str(int(cell)) in self.known else None
        if text is None:
            self.bare_numbers = True
            return _typed(cell)
        if text in self.known:
            steps.append("label_mapped")
            return self.known[text]
        number, words = _number_and_words(text)
        if words is None:
            value = self._number(text, steps)
            self.bare_numbers = True
            return value
        if words in self.known:
            value = self.known[words]
            if number is None:
                steps.append("label_mapped")
                return value
            steps.append("label_with_number" if number == value else "label_over_number")
            self.beside[text] = (words, value, number)
            return value
        if number is not None and words in self.units:
            return self._number(text, steps)
        if self.known:
            raise WrongCellError("label_unknown", ", ".join(self.known))
        if number is not None and words in _UNITS_OF_SCORES:
            raise WrongCellError("number_unit", words)
        if number is None:
            return self._number(text, steps)
        steps.append("number_before_label")
        self.undeclared[text] = (number, words)
        return number

    def _at_its_end(self, number: float, words: str) -> bool:
        """Whether words that deny stand at the low end of the scale, others at the high end."""
        if self.low is None or self.high is None:
            return False
        middle = (self.low + self.high) / 2
        return number == middle or (number < middle) == bool(_DENYING.search(words))

    def _number(self, text: str, steps: list[str]) -> float:
        try:
            return float(to_decimal(text, steps, units=self.units))
        except WrongCellError as error:
            if self.known and error.rule in ("number_unreadable", "number_unit"):
                raise WrongCellError("label_unknown", ", ".join(self.known)) from error
            raise


_UNITS_OF_SCORES = frozenset({"分", "星", "颗星", "级", "档", "star", "stars", "points"})
_DENYING = re.compile(
    r"不|未|没|差|低|\b(?:no|not|never|poor|bad|worst|least|low)\b|\b(?:dis|un)", re.IGNORECASE
)
_MORE_THAN_WORDS = re.compile(r"\d|半|^[到至多余来~～—–]")
"""What stands beside a number and belongs to it: 4到5分, 5分制4分, 4多."""
_LETTER_BEFORE = re.compile(
    r"[A-Za-z]\s*[.、:)\]-]\s*(?P<words>\D.*)|\([A-Za-z]\)\s*(?P<more>\D.*)"
)
_NUMBER_BEFORE = re.compile(
    r"[(\[]?(?P<number>[-+]?\d+(?:\.\d+)?)\s*(?:分|星|级)?\s*[)\]]?\s*[.、,:=|/_-]*\s*"
    r"[(\[]?(?P<words>[^\d\s.,:%()\[\]/+-][^()\[\]]*)[)\]]?"
)
_NUMBER_AFTER = re.compile(
    r"(?P<words>[^\d()\[\]]*[^\d\s.,、:=|/()\[\]_-])\s*[.、,:=|/_-]*\s*"
    r"[(\[]?\s*(?P<number>\d+(?:\.\d+)?)\s*(?:分|星|级)?\s*[)\]]?"
)


def _number_and_words(text: str) -> tuple[float | None, str | None]:
    """Take a cell such as ``1-非常满意``, ``A.满意`` or ``满意(4分)`` apart.

    Returns
    -------
    tuple of float or None, str or None
        The number, unless there is none; the words, unless the cell is a number or a label alone.

    Examples
    --------
    >>> _number_and_words("5分 满意"), _number_and_words("A.满意"), _number_and_words("4.5")
    ((5.0, '满意'), (None, '满意'), (None, None))
    """
    if match := _LETTER_BEFORE.fullmatch(text):
        return None, match["words"] or match["more"]
    for pattern in (_NUMBER_BEFORE, _NUMBER_AFTER):
        if match := pattern.fullmatch(text):
            return float(match["number"]), match["words"].strip()
    return None, None


_NUMBER_ALONE = re.compile(r"[-+]?[\d.,]+\s*(?:分|星|级|%)?")


def label_in(text: str) -> str | None:
    """Return the words of an answer, without a number or letter beside them; None for a number.

    Examples
    --------
    >>> label_in("1-非常满意"), label_in("满意"), label_in("4分")
    ('非常满意', '满意', None)
    """
    clean = normalise(text)[0]
    if not clean or _NUMBER_ALONE.fullmatch(clean):
        return None
    return _number_and_words(clean)[1] or clean
