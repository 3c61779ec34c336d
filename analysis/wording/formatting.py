"""Numbers, amounts and dates as each language writes them."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, lru_cache
from typing import Any

from analysis.settings import Language

_MISSING = {"zh_CN": "无法给出", "en": "not available"}
_TRUTH = {"zh_CN": ("否", "是"), "en": ("no", "yes")}
_MINUS = "\u2212"
_SMALLEST_P = 0.001

_POINTS = {"zh_CN": " 分"}
_CASES = {"zh_CN": " 件"}
# How a level and a difference in each unit are written: number spec, suffix by language; two
# suffixes are that of one and that of any other number.
_UNITS: dict[str, tuple[str, dict[str, str]]] = {
    "share": ("pct1", {}),
    "relative": ("pct1", {}),
    "score": ("num2", _POINTS),
    "score_1_5": ("num2", _POINTS),
    "score_0_10": ("num2", _POINTS),
    "score_0_100": ("num1", _POINTS),
    "points": ("num1", _POINTS),
    "nps_points": ("num1", {"zh_CN": " 点"}),
    "minutes": ("num1", {"zh_CN": " 分钟", "en": " min"}),
    "records": ("num1", {"zh_CN": " 条", "en": " record| records"}),
    "functions": ("num1", {"zh_CN": " 项功能", "en": " function| functions"}),
    "hours": ("num1", {"zh_CN": " 小时", "en": " h"}),
    "days": ("num1", {"zh_CN": " 天", "en": " day| days"}),
    "months": ("num1", {"zh_CN": " 个月", "en": " month| months"}),
    # The titles of rates say "per 1,000" themselves.
    "per_1000_household_months": ("num2", _CASES),
    "per_1000_households": ("num2", _CASES),
    "per_1000": ("num2", {}),
    "count": ("int", {}),
    "people": ("int", {"zh_CN": " 人", "en": " person| people"}),
    "sites": ("int", {"zh_CN": " 个项目", "en": " site| sites"}),
    "CNY": ("cny", {}),
    "ratio": ("num2", {}),
    "standard_deviations": ("num2", {"zh_CN": " 个标准差", "en": " SD"}),
    "p": ("p", {}),
    "p_value": ("p", {}),
}
_SCALES = ("score", "score_1_5", "score_0_10", "score_0_100", "points", "nps_points")
"""Units of which English names the points only where they differ: 3.82, but +0.15 points."""


def in_unit(
    value: float | None, unit: str | None, language: Language, *, effect: bool = False
) -> str:
    """Write a number in its unit.

    Parameters
    ----------
    value : float or None
        The number; None and NaN read as "not available".
    unit : str or None
        Unit as in the indicator registry; an unknown one gets two decimals, small numbers two
        digits that count, and no suffix.
    language : {"zh_CN", "en"}
        Language.
    effect : bool
        Whether it is a difference: then it carries its sign, and shares are percentage points. A
        ``relative`` difference is in per cent of what there would have been.

    Examples
    --------
    >>> in_unit(0.1234, "share", "en"), in_unit(0.1234, "share", "en", effect=True)
    ('12.3%', '+12.3 pp')
    >>> in_unit(3.821, "score", "en"), in_unit(0.154, "score", "en", effect=True)
    ('3.82', '+0.15 points')
    """
    if value is None or _absent(value):
        return _MISSING[language]
    if unit == "share_difference":
        unit, effect = "share", True
    if unit == "share" and effect:
        suffix = {"zh_CN": " 个百分点", "en": " pp"}[language]
        return _decimal(100 * value, 1, language, signed=True) + suffix
    if unit == "relative" and effect:
        return _decimal(100 * value, 1, language, signed=True) + "%"
    spec, suffixes = _UNITS.get(unit or "", ("bare", {}))
    if effect and spec == "cny":
        return ("+" if value > 0 else "") + _money(value, language)
    suffix = suffixes.get(language, "")
    if "|" in suffix:
        one, other = suffix.split("|")
        # A decimal is never one: 1 site, but 1.0 months.
        suffix = plural_word(value, one, other, language) if spec == "int" else other
    if effect:
        digits = {"int": 0, "num1": 1}.get(spec, 2)
        suffix = " points" if language == "en" and unit in _SCALES else suffix
        return _decimal(value, digits, language, signed=True) + suffix
    return SPECS[spec](value, language) + suffix


def format_value(value: Any, spec: str, language: Language, *, unit: str | None = None) -> str:
    """Write one value by a spec of :data:`SPECS`; None and NaN read as "not available"."""
    if _absent(value):
        return _MISSING[language]
    if spec == "size":
        return in_unit(abs(value), unit, language, effect=True).removeprefix("+")
    if spec in ("unit", "effect"):
        return in_unit(value, unit, language, effect=spec == "effect")
    return SPECS[spec](value, language)


def plural_word(value: Any, one: str, other: str, language: Language) -> str:
    """Return the word that goes with a whole number: ``one`` where the language says so.

    Parameters
    ----------
    value : float or None
        The number as it is written, rounded to a whole one; None and NaN take ``other``.
    one, other : str
        The word beside one and beside any other number, e.g. ``site`` and ``sites``.
    language : {"zh_CN", "en"}
        Language, whose rule is that of the Unicode CLDR (Babel). Chinese knows ``other`` only.

    Examples
    --------
    >>> plural_word(1, "site", "sites", "en"), plural_word(0, "is", "are", "en")
    ('site', 'are')
    """
    if _absent(value):
        return other
    rule = _locale(language).plural_form
    return one if rule(round(abs(float(value)))) == "one" else other


def indicator_title(indicator: str, language: Language) -> str:
    """Return the title of an indicator in the registry in force; others stay as they are."""
    from analysis.indicators import registry

    known = registry.known().get(indicator)
    return getattr(known.title, language) if known else indicator


def title_in_sentence(title: str) -> str:
    """Return an indicator's English title as it stands within a sentence.

    The registry in force says how, else the project's own; other titles begin small, save
    abbreviations.

    Examples
    --------
    >>> title_in_sentence("Net promoter score"), title_in_sentence("NPS")
    ('the net promoter score', 'NPS')
    """
    from analysis.indicators import registry

    known = (*registry.known().values(), *registry.load().values())
    words = next((i.in_sentence for i in known if i.in_sentence and i.title.en == title), "")
    small = title[:1].lower() + title[1:] if title[1:2].islower() else title
    return words or small


def _absent(value: Any) -> bool:
    if value is None:
        return True
    try:
        return math.isnan(value)
    except TypeError:
        return type(value).__name__ in ("NAType", "NaTType")


def _decimal(value: float, digits: int, language: Language, *, signed: bool = False) -> str:
    value = round(float(value), digits) + 0.0  # + 0.0 turns −0.0 into 0.0
    written = _written(abs(value), digits, language)
    if value < 0:
        return _MINUS + written
    return f"+{written}" if signed and value > 0 else written


@lru_cache(maxsize=50_000)
def _written(value: float, digits: int, language: Language) -> str:
    return _pattern(digits).apply(value, _locale(language))


@cache
def _pattern(digits: int) -> Any:
    from babel.numbers import parse_pattern

    return parse_pattern("#,##0" + ("." + "0" * digits if digits else ""))


@cache
def _locale(language: Language) -> Any:
    from babel import Locale

    return Locale.parse(language)


def _percent(value: float, digits: int, language: Language) -> str:
    step = 10.0**-digits
    # What is rare is not never, and what is nearly certain is not certain.
    if 0 < 100 * value < step / 2:
        return f"<{_decimal(step, digits, language)}%"
    if 100 - step / 2 < 100 * value < 100:
        return f">{_decimal(100 - step, digits, language)}%"
    return _decimal(100 * value, digits, language) + "%"


def _chance(value: float, language: Language) -> str:
    """Write a probability: what no simulation missed is not certain, what none found not never."""
    return _percent(min(max(value, 1e-9), 1 - 1e-9), 0, language)


def _bare(value: float, language: Language) -> str:
    """Write a number without unit: whole ones whole, small ones with two digits that count."""
    if float(value).is_integer():
        return _decimal(value, 0, language)
    digits = 2 if abs(value) >= 0.1 else 3
    least = 10.0**-digits
    if abs(value) < least / 2:
        return f"<{least}" if value > 0 else _decimal(0, digits, language)
    return _decimal(value, digits, language)


_LARGEST: ContextVar[float | None] = ContextVar("largest amount", default=None)


@contextmanager
def amounts_up_to(largest: float | None) -> Iterator[None]:
    """Write all amounts of money in one unit, that of the largest of a table, while this lasts."""
    token = _LARGEST.set(largest)
    try:
        yield
    finally:
        _LARGEST.reset(token)


_LEAST = 1_000.0
"""Amounts below these are written as none in the unit of a table of large ones."""


def _money(value: float, language: Language) -> str:
    size, largest = abs(value), _LARGEST.get()
    # What would read as nothing in the unit of its table stands in yuan.
    if largest is not None and size >= _LEAST:
        thousands = largest >= (1e4 if language == "zh_CN" else 1e5)
        if language == "zh_CN":
            return (
                f"{_decimal(value / 1e4, 1, language)}万元"
                if thousands
                else f"{_decimal(value, 0, language)}元"
            )
        return (
            f"CNY {_decimal(value / 1e3, 0, language)} thousand"
            if thousands
            else (f"CNY {_decimal(value, 0, language)}")
        )
    if language == "zh_CN":
        if size >= 1e8:
            return _decimal(value / 1e8, 2, language) + "亿元"
        if size >= 1e4:
            return _decimal(value / 1e4, 1, language) + "万元"
        return _decimal(value, 0, language) + "元"
    if size >= 1e6:
        return f"CNY {_decimal(value / 1e6, 2, language)} million"
    if size >= 1e5:
        return f"CNY {_decimal(value / 1e3, 0, language)} thousand"
    return f"CNY {_decimal(value, 0, language)}"


def _as_date(value: Any) -> dt.date:
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    return dt.date.fromisoformat(str(value)[:10])


def _date(value: Any, language: Language) -> str:
    day = _as_date(value)
    if language == "zh_CN":
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {_month_names(language)[day.month]} {day.year}"


def _month(value: Any, language: Language) -> str:
    if isinstance(value, (str, dt.date)):
        text = value if not isinstance(value, str) or len(value) > 7 else f"{value}-01"
        day = _as_date(text)
        year, month = day.year, day.month
    else:
        year, month = divmod(int(value), 12)
        month += 1
    if language == "zh_CN":
        return f"{year}年{month}月"
    return f"{_month_names(language)[month]} {year}"


def _months(value: Iterable[int], language: Language) -> str:
    """Write running months as stretches: "Nov 2023, Jan to Mar 2024"."""
    stretches: list[list[int]] = []
    for month in sorted(value):
        if stretches and month == stretches[-1][-1] + 1:
            stretches[-1].append(month)
        else:
            stretches.append([month])
    written = [_stretch(months[0], months[-1], language) for months in stretches]
    return ("、" if language == "zh_CN" else ", ").join(written)


def _span(value: Any, language: Language) -> str:
    """Write a period as a step names it: ``2024``, ``2024-Q2``, ``2024-04`` or ``2024-01/06``."""
    year, _, part = str(value).partition("-")
    chinese = language == "zh_CN"
    if not part:
        return f"{year}年" if chinese else year
    if part.startswith("Q"):
        return f"{year}年第{_QUARTERS[int(part[1]) - 1]}季度" if chinese else f"{part} {year}"
    first, _, last = part.partition("/")
    whole = int(year) * 12 - 1
    return _stretch(whole + int(first), whole + int(last or first), language)


_QUARTERS = "一二三四"


def _stretch(first: int, last: int, language: Language) -> str:
    """Write the months from a first to a last one; the year once where it is the same."""
    if first == last:
        return _month(first, language)
    same = first // 12 == last // 12
    if language == "zh_CN":
        end = f"{last % 12 + 1}月" if same else _month(last, language)
        return f"{_month(first, language)}至{end}"
    names = _month_names(language)
    start = names[first % 12 + 1] if same else _month(first, language)
    return f"{start} to {_month(last, language)}"


@cache
def _month_names(language: Language) -> dict[int, str]:
    from babel.dates import get_month_names

    return dict(get_month_names("abbreviated", locale=language))


def _p(value: float, language: Language) -> str:
    if value < _SMALLEST_P:
        return f"<{_SMALLEST_P}"
    round_limit = float(value) in (0.05, 0.01)
    return _decimal(value, 2 if value >= 0.1 or round_limit else 3, language)


def _plain(value: Any, language: Language) -> str:
    if isinstance(value, str):
        return value
    if type(value).__name__ in ("bool", "bool_"):
        return _TRUTH[language][bool(value)]
    if isinstance(value, dt.date):
        return _date(value, language)
    if isinstance(value, Iterable):
        joint = "、" if language == "zh_CN" else ", "
        return joint.join(format_value(part, "", language) for part in value)
    if float(value).is_integer():
        return _decimal(value, 0, language)
    digits = 2 if abs(value) >= 0.01 else 4
    written = _decimal(value, digits, language)
    return written.rstrip("0").rstrip(".")


SPECS: dict[str, Callable[[Any, Language], str]] = {
    "": _plain,
    "text": lambda value, language: str(value),
    "int": lambda value, language: _decimal(value, 0, language),
    "num1": lambda value, language: _decimal(value, 1, language),
    "num2": lambda value, language: _decimal(value, 2, language),
    "num3": lambda value, language: _decimal(value, 3, language),
    "pct": lambda value, language: _percent(value, 0, language),
    "chance": _chance,
    "pct1": lambda value, language: _percent(value, 1, language),
    "points": lambda value, language: _decimal(value, 2, language, signed=True),
    "signed1": lambda value, language: _decimal(value, 1, language, signed=True),
    "cny": _money,
    "date": _date,
    "month": _month,
    "months": _months,
    "span": _span,
    "p": _p,
    "bare": _bare,
    # ``unit``, ``effect`` and ``size`` also need the unit, ``key`` the catalogue: listed here,
    # filled elsewhere.
    "unit": lambda value, language: in_unit(value, None, language),
    "effect": lambda value, language: in_unit(value, None, language, effect=True),
    "size": lambda value, language: format_value(value, "size", language),
    "key": lambda value, language: str(value),
    "indicator": lambda value, language: indicator_title(str(value), language),
}
"""Spec → writer. ``cny`` carries its currency; ``size`` is a difference without its sign; ``key``
looks its value up in the catalogue, ``indicator`` its title in the indicator registry."""
