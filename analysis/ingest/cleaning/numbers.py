"""Numbers, whole numbers, shares and scores as clients write them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from typing import Any, Literal

from analysis.ingest.cleaning.spelling import WrongCellError, normalise

Parse = Callable[[Any, list[str]], Any]
"""Takes a cell (text already normalised) and a list to which it adds conversion names."""

_APPROXIMATE = re.compile(r"^(?:约|大约|大概|近|将近|≈|~)\s*|\s*(?:左右|上下|多|余|以上)$")
_CURRENCY = re.compile(r"^(?:¥|rmb|cny|人民币)\s*|\s*(?:元|圆|rmb|cny)$", re.IGNORECASE)
_MULTIPLIERS = {"千": 10**3, "万": 10**4, "百万": 10**6, "千万": 10**7, "亿": 10**8}
_MULTIPLIER = re.compile(r"(.*?[\d.])\s*(百万|千万|千|万|亿)")
_PLAIN = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)")
_GROUPED = re.compile(r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d*)?")
_SCIENTIFIC = re.compile(r"[-+]?\d+(?:\.\d+)?[eE][-+]?\d{1,3}")
_BRACKETS = re.compile(r"\((.+)\)")
_NUMBER_THEN_WORDS = re.compile(r"([-+]?\d+(?:\.\d+)?)(?:\s+|\s*[.、:=|-]\s*)([^\d\s.,%].*)")
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
        steps.append("currency_sign")
    if match := _MULTIPLIER.fullmatch(amount):
        amount, sign = match[1], sign * _MULTIPLIERS[match[2]]
        steps.append("chinese_multiplier")
    if _GROUPED.fullmatch(amount):
        amount = amount.replace(",", "")
        steps.append("thousands_separator")
    elif _SCIENTIFIC.fullmatch(amount):
        steps.append("scientific_number")
    elif not _PLAIN.fullmatch(amount):
        numeral = chinese_numeral(amount)
        if numeral is None:
            raise WrongCellError(_why_not(amount))
        steps.append("chinese_numeral")
        return Decimal(numeral) * sign
    return Decimal(amount) * sign


def _why_not(text: str) -> str:
    if text.endswith("%"):
        return "number_percent"
    return (
        "number_unit" if re.match(r"[-+]?[\d.,]+\s*[^\d\s.,%:/-]+$", text) else "number_unreadable"
    )


def check_range(value: Any, low: Any, high: Any) -> None:
    """Raise when a value lies outside its inclusive range."""
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
) -> Parse:
    """Return the parser of shares; a bare number needs the declared unit."""
    if unit not in (None, "percent", "share"):
        raise ValueError(f"unit of a share is percent or share, not {unit!r}")

    def parse(cell: Any, steps: list[str]) -> float:
        text = cell if isinstance(cell, str) else None
        if text is not None and text.rstrip().endswith("%"):
            value = to_decimal(text.rstrip()[:-1].strip(), steps, approximate=approximate) / 100
            steps.append("percent_sign")
        else:
            typed = _typed(cell)
            value = (
                to_decimal(text, steps, approximate=approximate)
                if typed is None
                else Decimal(repr(typed))
            )
            if unit is None:
                raise WrongCellError("share_unit_undeclared")
            if unit == "percent":
                if 0 < abs(value) < 1:
                    raise WrongCellError("share_unit_doubtful")
                value /= 100
                steps.append("percent_declared")
        check_range(float(value), low, high)
        return float(value)

    return parse


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
    known = {normalise(str(label))[0]: float(v) for label, v in (labels or {}).items()}

    def parse(cell: Any, steps: list[str]) -> float:
        text = cell if isinstance(cell, str) else None
        if text is None and known and isinstance(cell, (int, float)) and cell == int(cell):
            text = str(int(cell)) if str(int(cell)) in known else None
        if text is not None and text in known:
            value = known[text]
            steps.append("label_mapped")
        else:
            value = _typed(cell)
            if value is None:
                value = _score_text(text, steps, units, known)
        check_range(value, low, high)
        if whole and value != int(value):
            raise WrongCellError("not_whole")
        if reverse:
            steps.append("reversed")
            return low + high - value
        return value

    return parse


def _score_text(
    text: str, steps: list[str], units: Collection[str], known: Mapping[str, float]
) -> float:
    if match := _NUMBER_THEN_WORDS.fullmatch(text):
        steps.append("number_before_label")
        return float(match[1])
    try:
        return float(to_decimal(text, steps, units=units))
    except WrongCellError as error:
        if known and error.rule in ("number_unreadable", "number_unit"):
            raise WrongCellError("label_unknown", ", ".join(known)) from error
        raise
