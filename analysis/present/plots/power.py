"""Figures of power: the chance of finding one effect by number of sites and by cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis import wording
from analysis.present import sentences, theme
from analysis.present.plots import axes as ax
from analysis.settings import Language

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_POWER = 0.8


def power_by_sites(frame: pd.DataFrame, *, language: Language) -> Figure:
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
            label=sentences.label(name, language),
            **_look(style),
        )
    axes.set_xlabel(wording.text("report.axis.n_sites", language))
    _power_scale(axes, language)
    return figure


def power_by_cost(frame: pd.DataFrame, *, language: Language) -> Figure:
    """Draw power against cost, a line for each number of sites.

    Parameters
    ----------
    frame : DataFrame
        ``n_sites, answers`` (a site-month), ``power`` (0-1), ``cost`` (CNY; where it is not
        known, the number of answers stands on the axis) and ``best``.
    language : {"zh_CN", "en"}
        Language of the words.
    """
    figure, grid = ax.new(3.6)
    axes = grid[0, 0]
    priced = frame["cost"].notna().all()
    x = frame["cost"] / 10_000 if priced else frame["answers"]
    lines = zip(frame.groupby("n_sites", sort=False), theme.SERIES, strict=False)
    for (sites, part), style in lines:
        axes.plot(
            x[part.index],
            100 * part["power"],
            label=wording.text("report.n_units", language, n=sites),
            **_look(style),
        )
    axes.set_xscale("log")
    ticks = sorted(set(x)) if not priced else _ticks(x)
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    name = "cost" if priced else "answers"
    axes.set_xlabel(wording.text(f"planning.axis.{name}", language))
    _power_scale(axes, language)
    return figure


def _look(style: theme.Style) -> dict[str, Any]:
    return {
        "color": style.colour,
        "linestyle": style.line,
        "marker": style.marker,
        "markerfacecolor": style.face,
        "markersize": 4.5,
    }


def _power_scale(axes: Axes, language: Language) -> None:
    """Draw the power that is asked for, and finish the axis of power and the legend."""
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
    ax.legend_above(axes)


def _ticks(values: pd.Series) -> list[float]:
    steps = [a * 10**k for k in range(-1, 5) for a in (1, 2, 5)]
    low, high = values.min(), values.max()
    return [step for step in steps if 0.9 * low <= step <= 1.1 * high]
