"""Figures of design and data quality: power, calendar, balance, response."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from analysis import wording
from analysis.present import sentences, theme
from analysis.present.plots import axes as ax

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_POWER = 0.8
_SMD = 0.1


def power_curve(frame: pd.DataFrame, *, language: str, unit: str | None = None) -> Figure:
    """Draw the chance of seeing an effect against its true size.

    Parameters
    ----------
    frame : DataFrame
        ``effect``, ``power`` (0-1), optionally ``ci_low`` and ``ci_high`` of a simulated power
        and ``series`` (label or wording key) when several designs are compared.
    language : {"zh_CN", "en"}
        Language of the words.
    unit : str, optional
        Unit of the effect.
    """
    figure, grid = ax.new(3.4)
    axes = grid[0, 0]
    scale = ax.factor(unit)
    parts = frame.groupby("series", sort=False) if "series" in frame else [(None, frame)]
    for (name, part), style in zip(parts, theme.SERIES, strict=False):
        part = part.sort_values("effect")
        x = scale * part["effect"]
        if "ci_low" in part:
            low, high = part["ci_low"].astype(float), part["ci_high"].astype(float)
            axes.fill_between(x, 100 * low, 100 * high, color=style.colour, alpha=0.15, linewidth=0)
        axes.plot(
            x,
            100 * part["power"],
            color=style.colour,
            linestyle=style.line,
            marker=style.marker,
            markerfacecolor=style.face,
            markersize=4.5,
            label=None if name is None else sentences.label(name, language),
        )
    axes.axhline(
        100 * _POWER,
        color=theme.MUTED,
        linewidth=0.9,
        linestyle=(0, (4, 3)),
        label=wording.text("report.series.power_goal", language),
    )
    axes.set_ylim(0, 102)
    axes.yaxis.set_major_formatter("{x:.0f}%")
    axes.set_ylabel(wording.text("report.axis.power", language))
    axes.set_xlabel(
        wording.text(
            "report.axis.effect_size", language, unit=ax.unit_word(unit, language, effect=True)
        )
    )
    ax.legend_above(axes)
    return figure


def power_by_sites(frame: pd.DataFrame, *, language: str) -> Figure:
    """Draw the chance of finding one effect against the number of sites.

    Parameters
    ----------
    frame : DataFrame
        ``n_sites``, ``power`` (0-1) and ``series`` (label or wording key) of each way it was
        computed.
    language : {"zh_CN", "en"}
        Language of the words.
    """
    figure, grid = ax.new(3.4)
    axes = grid[0, 0]
    for (name, part), style in zip(frame.groupby("series", sort=False), theme.SERIES, strict=False):
        axes.plot(
            part["n_sites"],
            100 * part["power"],
            color=style.colour,
            linestyle=style.line,
            marker=style.marker,
            markerfacecolor=style.face,
            markersize=4.5,
            label=sentences.label(name, language),
        )
    axes.axhline(
        100 * _POWER,
        color=theme.MUTED,
        linewidth=0.9,
        linestyle=(0, (4, 3)),
        label=wording.text("report.series.power_goal", language),
    )
    axes.set_ylim(0, 102)
    axes.yaxis.set_major_formatter("{x:.0f}%")
    axes.set_ylabel(wording.text("report.axis.power", language))
    axes.set_xlabel(wording.text("report.axis.n_sites", language))
    ax.legend_above(axes)
    return figure


def gantt(frame: pd.DataFrame, *, language: str, today: object = None) -> Figure:
    """Draw a calendar of work: bars for spans, diamonds for single days.

    Parameters
    ----------
    frame : DataFrame
        ``label`` (text or wording key), ``start``, ``end`` (dates; equal for a single day) and
        optionally ``done`` (bool).
    language : {"zh_CN", "en"}
        Language of the words.
    today : date, optional
        Where to draw the line of the present day.
    """
    import matplotlib.dates as dates

    figure, grid = ax.new(0.8 + 0.34 * max(len(frame), 1))
    axes = grid[0, 0]
    done = frame["done"].astype(bool) if "done" in frame else pd.Series(False, index=frame.index)
    seen: set[bool] = set()
    for place, row in enumerate(frame.itertuples()):
        start, end = pd.Timestamp(row.start), pd.Timestamp(row.end)
        finished = bool(done.iloc[place])
        name = wording.text(f"report.series.{'done' if finished else 'planned'}", language)
        style = {
            "facecolor": theme.BLUE if finished else "white",
            "edgecolor": theme.BLUE,
            "hatch": None if finished else "////",
            "linewidth": 1.1,
            "label": None if finished in seen else name,
        }
        if end > start:
            axes.barh(place, (end - start).days, left=dates.date2num(start), height=0.5, **style)
        else:
            style.pop("hatch")
            axes.scatter([start], [place], marker="D", s=42, zorder=3, **style)
        seen.add(finished)
    if today is not None:
        axes.axvline(pd.Timestamp(today), color=theme.ORANGE, linewidth=1.2, linestyle=(0, (4, 3)))
    axes.xaxis_date()
    locator = dates.AutoDateLocator(minticks=3, maxticks=8)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(
        lambda number, _: ax.short_month(_period(dates.num2date(number)), language)
    )
    labels = [ax.wrapped(sentences.label(text, language), 26) for text in frame["label"]]
    axes.set_yticks(range(len(frame)), labels)
    axes.set_ylim(len(frame) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    if seen:
        ax.legend_above(axes)
    return figure


def love_plot(frame: pd.DataFrame, *, language: str) -> Figure:
    """Draw how alike trained and comparison sites were before training.

    Parameters
    ----------
    frame : DataFrame
        ``covariate`` (label or wording key), ``smd_before`` and optionally ``smd_after``
        (standardised mean differences, trained minus comparison).
    language : {"zh_CN", "en"}
        Language of the words.
    """
    figure, grid = ax.new(0.9 + 0.34 * max(len(frame), 1))
    axes = grid[0, 0]
    places = range(len(frame))
    axes.axvspan(-_SMD, _SMD, color=theme.RULE, alpha=0.5, linewidth=0)
    axes.axvline(0, color=theme.INK, linewidth=0.9)
    columns = (("smd_before", "before", theme.SERIES[1]), ("smd_after", "after", theme.SERIES[0]))
    present = [c for c in columns if c[0] in frame.columns]
    for column, name, style in present:
        axes.plot(
            frame[column].astype(float),
            places,
            linestyle="none",
            marker=style.marker,
            color=style.colour,
            markerfacecolor=style.face,
            markersize=7,
            label=wording.text(f"report.series.{name}", language) if len(present) > 1 else None,
        )
    labels = [
        ax.wrapped(sentences.label(text, language, "report.column"), 26)
        for text in frame["covariate"]
    ]
    axes.set_yticks(places, labels)
    axes.set_ylim(len(frame) - 0.4, -0.6)
    axes.grid(visible=True, axis="x")
    axes.set_xlabel(wording.text("report.axis.smd", language))
    if len(present) > 1:
        ax.legend_above(axes)
    return figure


def response_bars(frame: pd.DataFrame, *, language: str, overall: float | None = None) -> Figure:
    """Draw response rates with their intervals, and the overall rate as a line.

    Parameters
    ----------
    frame : DataFrame
        ``label`` (text or wording key), ``value`` (0-1), ``ci_low``, ``ci_high``.
    language : {"zh_CN", "en"}
        Language of the words.
    overall : float, optional
        Overall rate.
    """
    figure, grid = ax.new(0.9 + 0.36 * max(len(frame), 1))
    axes = grid[0, 0]
    places = list(range(len(frame)))
    values = 100 * frame["value"].astype(float)
    axes.barh(places, values, height=0.55, color=theme.BLUE, alpha=0.22)
    ax.error_bars(
        axes,
        values,
        places,
        100 * frame["ci_low"].astype(float),
        100 * frame["ci_high"].astype(float),
        theme.SERIES[0],
        horizontal=True,
    )
    if overall is not None:
        axes.axvline(
            100 * overall,
            color=theme.MUTED,
            linewidth=1,
            linestyle=(0, (4, 3)),
            label=wording.text("report.series.mean_rate", language),
        )
        ax.legend_above(axes)
    labels = [ax.wrapped(sentences.label(text, language), 26) for text in frame["label"]]
    axes.set_yticks(places, labels)
    axes.set_ylim(len(frame) - 0.4, -0.6)
    axes.xaxis.set_major_formatter("{x:.0f}%")
    axes.set_xlim(left=0)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    axes.set_xlabel(wording.text("report.axis.share", language))
    return figure


def _period(day) -> int:
    return day.year * 12 + day.month - 1
