"""Axes shared by the figures: size, month ticks, wrapped labels, intervals."""

from __future__ import annotations

import datetime as dt
import textwrap
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis import wording
from analysis.indicators import registry
from analysis.present import sentences, theme
from analysis.settings import Language
from analysis.tables import period_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_NEVER_FIRST = frozenset("，。；：、！？）》”%")
_LINE = 0.075
"""Height of a line of words beside a figure, as a share of its axes."""
_EPOCH = dt.date(1970, 1, 1).toordinal()


def new(height: float, columns: int = 1, rows: int = 1, **options) -> tuple[Figure, np.ndarray]:
    """Return a figure of the report's width and its axes as a two-dimensional array."""
    import matplotlib.pyplot as plt

    theme.apply()
    return plt.subplots(rows, columns, figsize=(theme.WIDTH, height), squeeze=False, **options)


def month_ticks(axes: Axes, periods: Sequence[int], language: Language) -> None:
    """Put at most eight month labels on the horizontal axis."""
    low, high = int(min(periods)), int(max(periods))
    step = next(s for s in (1, 2, 3, 6, 12, 24, 60, 120) if (high - low) / s <= 8)
    ticks = [p for p in range(low, high + 1) if (p - low) % step == 0]
    axes.set_xticks(ticks, [short_month(tick, language) for tick in ticks])


def time_ticks(axes: Axes, frame: pd.DataFrame, language: Language) -> None:
    """Label months: of running months, or of running days where the rows are weeks."""
    if "week" not in frame:
        month_ticks(axes, frame["period"], language)
        return
    place, first = _months_of_days(frame["period"])
    step = -(-len(place) // 8)
    axes.set_xticks(place[::step], [short_month(month, language) for month in first[::step]])


def tick_word(frame: pd.DataFrame, period: int, language: Language) -> str:
    """Write one tick: the month of a running month, or of a running day of weeks."""
    return short_month(_month_of_day(period) if "week" in frame else period, language)


def _months_of_days(days: Sequence[int]) -> tuple[list[int], list[int]]:
    """Return the running days that begin a month within a span, and their running months."""
    low, high = int(min(days)), int(max(days))
    starts = [d for d in range(low, high + 1) if dt.date.fromordinal(_EPOCH + d).day == 1]
    return starts, [_month_of_day(day) for day in starts]


def _month_of_day(day: int) -> int:
    return period_of(dt.date.fromordinal(_EPOCH + day))


def short_month(period: int, language: Language) -> str:
    """Write a month in two short lines: month above year."""
    if language == "zh_CN":
        return f"{period % 12 + 1}月\n{period // 12}"
    return wording.format_value(period, "month", language).replace(" ", "\n")


def wrapped(text: str, width: int = 22) -> str:
    """Break a label into lines; a Chinese character counts as two."""
    if any(unicodedata.east_asian_width(c) in "WF" for c in text):
        lines, line, used = [], "", 0
        for character in text:
            size = 2 if unicodedata.east_asian_width(character) in "WF" else 1
            if used + size > width and character not in _NEVER_FIRST:
                lines.append(line)
                line, used = "", 0
            line, used = line + character, used + size
        return "\n".join([*lines, line])
    return "\n".join(textwrap.wrap(text, width)) or text


def unit_word(unit: str | None, language: Language, *, effect: bool = False) -> str:
    """Return the word of a unit; a difference of shares is in percentage points."""
    if unit == "share" and effect:
        unit = "percentage_points"
    return sentences.label(f"terms.unit.{unit}", language) if unit else ""


def value_label(indicator: str | None, unit: str | None, language: Language) -> str:
    """Return the words beside an axis of levels, e.g. ``Satisfied customers (%)``."""
    word = "%" if unit == "share" else unit_word(unit, language)
    if indicator is None:
        return word
    title = sentences.indicator_title(indicator, language)
    label = wording.text("report.axis.value", language, indicator=title, unit=word)
    return wrapped(label if word else title, 34)


def factor(unit: str | None) -> float:
    """Return what drawn values are multiplied by: shares are drawn in per cent."""
    return 100.0 if unit in ("share", "relative") else 1.0


def levels(
    values: pd.Series, unit: str | None, span: tuple[float, float] | None = None
) -> pd.Series:
    """Return levels as they are drawn: shares in per cent, nothing beyond the ends of a scale.

    The interval or the limits of a few sites may reach beyond what anybody could have answered;
    ``span`` is the least and the greatest possible level.
    """
    low, high = span or (-np.inf, np.inf)
    drawn = factor(unit) * np.clip(values.astype(float).to_numpy(), low, high)
    return pd.Series(drawn, index=values.index)


def error_bars(
    axes: Axes,
    x: Sequence[float],
    y: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
    style: theme.Style,
    *,
    label: str | None = None,
    horizontal: bool = False,
) -> None:
    """Draw points with their intervals; an end that is NaN draws none."""
    x, y, low, high = (np.asarray(values, dtype=float) for values in (x, y, low, high))
    centre = x if horizontal else y
    ends = np.vstack([centre - low, high - centre])
    # An adjusted interval may end just short of its value.
    drawn = np.where(np.isfinite(ends), np.maximum(ends, 0.0), 0.0)
    axes.errorbar(
        x,
        y,
        **{"xerr" if horizontal else "yerr": drawn},
        fmt=style.marker,
        color=style.colour,
        mfc=style.face,
        mec=style.colour,
        mew=1.3,
        elinewidth=1.4,
        capsize=2.5,
        label=label,
        zorder=3,
    )


def legend_above(axes: Axes, columns: int = 3) -> None:
    """Put the legend above the axes, where it hides no data."""
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        ncols=columns,
        borderaxespad=0.2,
        handlelength=2.4,
        columnspacing=1.6,
    )


def name_lines(axes: Axes, lines: Sequence[tuple[float, str, str]]) -> None:
    """Write each line's name beside its right end, in the place of a legend.

    Parameters
    ----------
    axes : Axes
        With its final limits.
    lines : Sequence of tuple
        Height of the end, words, and colour of each line. Names that would touch are moved apart.
    """
    if not lines:
        return
    low, high = axes.get_ylim()
    placed = -np.inf
    for end, words, colour in sorted(lines, key=lambda line: line[0]):
        told = wrapped(words, 16)
        height = _LINE * (1 + told.count("\n"))
        place = max((end - low) / (high - low), placed + height / 2)
        placed = place + height / 2
        axes.annotate(
            told,
            (1.01, place),
            xycoords="axes fraction",
            va="center",
            fontsize=8.5,
            color=colour,
            annotation_clip=False,
        )


def better_to_the_right(axes: Axes, indicator: str | None, language: Language) -> str:
    """Turn an axis of effects so that better is to the right, and return the words that say so.

    Empty for an indicator of which no direction is known, whose axis stays.
    """
    known = registry.known().get(indicator or "")
    if known is None:
        return ""
    if known.direction == "down":
        axes.invert_xaxis()
    return wording.text("report.axis.better", language)


def missing_to_nan(value: float | None) -> float:
    """Return NaN for None."""
    return float("nan") if value is None else float(value)
