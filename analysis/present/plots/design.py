"""Figures of the design report that others do not share: what power costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from analysis import wording
from analysis.present import theme
from analysis.present.plots import axes as ax

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_POWER = 0.8


def power_by_cost(frame: pd.DataFrame, *, language: str) -> Figure:
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
            color=style.colour,
            linestyle=style.line,
            marker=style.marker,
            markerfacecolor=style.face,
            markersize=4.5,
            label=wording.text("report.n_units", language, n=sites),
        )
    axes.axhline(
        100 * _POWER,
        color=theme.MUTED,
        linewidth=0.9,
        linestyle=(0, (4, 3)),
        label=wording.text("report.series.power_goal", language),
    )
    axes.set_xscale("log")
    ticks = sorted(set(x)) if not priced else _ticks(x)
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set_ylim(0, 102)
    axes.yaxis.set_major_formatter("{x:.0f}%")
    axes.set_ylabel(wording.text("report.axis.power", language))
    name = "cost" if priced else "answers"
    axes.set_xlabel(wording.text(f"planning.axis.{name}", language))
    ax.legend_above(axes)
    return figure


def _ticks(values: pd.Series) -> list[float]:
    steps = [a * 10**k for k in range(-1, 5) for a in (1, 2, 5)]
    low, high = values.min(), values.max()
    return [step for step in steps if 0.9 * low <= step <= 1.1 * high]
