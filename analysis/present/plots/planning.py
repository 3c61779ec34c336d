"""Figures of data quality: balance and response."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from analysis import wording
from analysis.present import sentences, theme
from analysis.present.plots import axes as ax
from analysis.settings import Language

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SMD = 0.1


def love_plot(frame: pd.DataFrame, *, language: Language) -> Figure:
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


def response_bars(
    frame: pd.DataFrame, *, language: Language, overall: float | None = None
) -> Figure:
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
