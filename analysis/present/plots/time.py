"""Figures over calendar months: trained against comparison sites, and control charts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from analysis import wording
from analysis.present import theme
from analysis.present.plots import axes as ax
from analysis.settings import Language

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def trends(
    frame: pd.DataFrame,
    *,
    language: Language,
    indicator: str | None = None,
    unit: str | None = None,
    starts: tuple[int, ...] = (),
    span: tuple[float, float] | None = None,
) -> Figure:
    """Draw the means of trained and comparison sites by month, with their intervals.

    Parameters
    ----------
    frame : DataFrame
        ``period`` (running month), ``arm`` (``treated`` or ``comparison``), ``value``,
        ``ci_low``, ``ci_high``.
    language : {"zh_CN", "en"}
        Language of the words.
    indicator, unit : str, optional
        What is drawn, for the axis.
    starts : tuple of int
        Running months in which a wave started.
    span : tuple of float, optional
        Least and greatest possible level, beyond which no interval is drawn.
    """
    figure, grid = ax.new(3.6)
    axes = grid[0, 0]
    lines: list[tuple[float, str, str]] = []
    for arm, style in zip(("treated", "comparison"), theme.SERIES, strict=False):
        part = frame[frame["arm"] == arm].sort_values("period")
        value, low, high = (
            ax.levels(part[name], unit, span) for name in ("value", "ci_low", "ci_high")
        )
        axes.fill_between(part["period"], low, high, color=style.colour, alpha=0.15, linewidth=0)
        if len(part) == 1:  # a band of one month has no width
            ax.error_bars(axes, part["period"], value, low, high, style)
        axes.plot(
            part["period"],
            value,
            color=style.colour,
            linestyle=style.line,
            marker=style.marker,
            markerfacecolor=style.face,
            markersize=4,
        )
        if len(known := value.dropna()):
            name = wording.text(f"report.series.{arm}", language)
            lines.append((known.iloc[-1], name, style.colour))
    for number, start in enumerate(starts):
        axes.axvline(
            start - 0.5,
            color=theme.MUTED,
            linewidth=0.9,
            linestyle=(0, (4, 3)),
            label=wording.text("report.series.training", language) if number == 0 else None,
        )
    if len(frame):
        ax.month_ticks(axes, frame["period"], language)
    axes.set_ylabel(ax.value_label(indicator, unit, language))
    axes.margins(x=0.02)
    ax.name_lines(axes, lines)
    if starts:
        ax.legend_above(axes)
    return figure


def control_chart(
    frame: pd.DataFrame,
    *,
    language: Language,
    indicator: str | None = None,
    unit: str | None = None,
    span: tuple[float, float] | None = None,
    start: int | None = None,
) -> Figure:
    """Draw a control chart.

    Parameters
    ----------
    frame : DataFrame
        ``period`` (running month, or order; with a column ``week``, days since 1970),
        ``value``, ``centre``, ``lower``, ``upper`` (limits may differ by
        point) and ``signal`` (bool).
    language : {"zh_CN", "en"}
        Language of the words.
    indicator, unit : str, optional
        What is drawn, for the axis.
    span : tuple of float, optional
        Least and greatest possible level, beyond which no limit is drawn.
    start : int, optional
        First period with training, where a line is drawn.
    """
    figure, grid = ax.new(3.3)
    axes = grid[0, 0]
    frame = frame.sort_values("period")
    x = frame["period"].astype(int)
    y, centre, lower, upper = (
        ax.levels(frame[name], unit, span) for name in ("value", "centre", "lower", "upper")
    )
    axes.fill_between(x, lower, upper, step="mid", color=theme.RULE, alpha=0.35, linewidth=0)
    limits = wording.text("report.series.limits", language)
    for number, line in enumerate((lower, upper)):
        axes.step(
            x,
            line,
            where="mid",
            color=theme.MUTED,
            linewidth=1,
            linestyle=(0, (4, 3)),
            label=limits if number == 0 else None,
        )
    axes.step(
        x,
        centre,
        where="mid",
        color=theme.MUTED,
        linewidth=1,
        label=wording.text("report.series.centre", language),
    )
    axes.plot(x, y, color=theme.BLUE, marker="o", markersize=4)
    out = frame["signal"].astype(bool)
    if out.any():
        axes.plot(
            x[out],
            y[out],
            linestyle="none",
            marker="D",
            markersize=8,
            markerfacecolor="white",
            markeredgecolor=theme.ORANGE,
            markeredgewidth=1.8,
            label=wording.text("report.series.signal", language),
        )
    if start is not None and len(frame) and x.min() < start <= x.max():
        axes.axvline(
            start - 0.5,
            color=theme.BLUE,
            linewidth=0.9,
            linestyle=(0, (1, 1.5)),
            label=wording.text("report.series.training", language),
        )
    if len(frame) and ("week" in frame or x.min() > 12 * 1900):
        ax.time_ticks(axes, frame, language)
    axes.set_ylabel(ax.value_label(indicator, unit, language))
    ax.legend_above(axes)
    return figure
