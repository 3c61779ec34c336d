"""Figures of the baseline: return by month, dimensions, importance, overlap, trends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis import wording
from analysis.present import sentences, theme
from analysis.present.plots import axes as ax
from analysis.present.plots.time import trends
from analysis.settings import Language

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SEASONS = {"spring_festival": "////", "flood": "||||", "may_day": "xxxx", "year_end": "\\\\\\\\"}

_QUADRANTS = ("concentrate", "keep_up", "low_priority", "possible_overkill")


def return_by_month(frame: pd.DataFrame, *, language: Language) -> Figure:
    """Draw the return rate by month with its intervals, and the line below which it rings.

    Parameters
    ----------
    frame : DataFrame
        ``period`` (running month), ``value`` (0-1), ``ci_low``, ``ci_high`` and ``line``, the
        alert line (0-1; none is drawn where it is NULL).
    language : {"zh_CN", "en"}
        Language of the words.
    """
    figure, grid = ax.new(3.0)
    axes = grid[0, 0]
    frame = frame.sort_values("period")
    share = {name: 100 * frame[name].astype(float) for name in ("value", "ci_low", "ci_high")}
    ax.error_bars(
        axes, frame["period"], share["value"], share["ci_low"], share["ci_high"], theme.SERIES[0]
    )
    drawn = frame["line"].dropna().astype(float)
    for line in drawn.unique():
        axes.axhline(100 * line, color=theme.ORANGE, linewidth=1.1, linestyle=(0, (4, 3)))
    axes.set_ylim(0, max(100 * drawn.max() if len(drawn) else 0, share["ci_high"].max()) * 1.15)
    ax.month_ticks(axes, frame["period"], language)
    axes.yaxis.set_major_formatter("{x:.0f}%")
    axes.set_ylabel(wording.text("measurement.column.rate", language))
    named = [
        (100 * line, wording.text("measurement.series.alert_line", language, line=line))
        for line in drawn.unique()
    ]
    ax.name_lines(axes, [(height, words, theme.ORANGE) for height, words in named])
    return figure


def scree(frame: pd.DataFrame, *, language: Language) -> Figure:
    """Draw the eigenvalues of each questionnaire against those of random answers.

    Parameters
    ----------
    frame : DataFrame
        ``instrument`` (label by language, or text), ``dimension`` (1, 2, ...), ``eigenvalue`` and
        ``noise`` (the 95 % quantile of random answers).
    language : {"zh_CN", "en"}
        Language of the words.
    """
    names = frame["key"].drop_duplicates().tolist()
    columns = min(len(names), 2) or 1
    rows = -(-len(names) // columns) or 1
    figure, grid = ax.new(0.5 + 2.5 * rows, columns, rows)
    for axes in grid.flat[len(names) :]:
        axes.set_visible(False)
    for number, (axes, name) in enumerate(zip(grid.flat, names, strict=False)):
        part = frame[frame["key"] == name].sort_values("dimension")
        series = (("eigenvalue", "eigenvalue", 0), ("noise", "noise", 1))
        for column, word, style in series:
            style = theme.SERIES[style]
            axes.plot(
                part["dimension"],
                part[column].astype(float),
                color=style.colour,
                linestyle=style.line,
                marker=style.marker,
                markerfacecolor=style.face,
                label=wording.text(f"measurement.series.{word}", language),
            )
        axes.set_title(_words(part["instrument"].iloc[0], language), pad=26 if number == 0 else 8)
        axes.set_xticks(part["dimension"])
        axes.set_ylim(bottom=0)
        axes.set_xlabel(wording.text("measurement.column.dimension", language))
        axes.set_ylabel(wording.text("measurement.column.eigenvalue", language))
        if number == 0:
            ax.legend_above(axes, columns=2)
    return figure


def importance_matrix(frame: pd.DataFrame, *, language: Language) -> Figure:
    """Draw each item by how well it scores and how closely it goes with the overall score.

    Parameters
    ----------
    frame : DataFrame
        ``label`` (text), ``importance`` (rank correlation), ``performance`` (mean score),
        ``quadrant``.
    language : {"zh_CN", "en"}
        Language of the words.
    """
    figure, grid = ax.new(4.2)
    axes = grid[0, 0]
    x, y = frame["performance"].astype(float), frame["importance"].astype(float)
    axes.margins(0.3, 0.35)
    for number, name in enumerate(_QUADRANTS):
        part = frame["quadrant"] == name
        style = theme.SERIES[number]
        axes.plot(
            x[part],
            y[part],
            linestyle="none",
            marker=style.marker,
            color=style.colour,
            markerfacecolor=style.face,
            markersize=8,
            label=wording.text(f"measurement.quadrant.{name}", language),
        )
    axes.axvline(x.mean(), color=theme.MUTED, linewidth=0.9, linestyle=(0, (4, 3)))
    axes.axhline(y.mean(), color=theme.MUTED, linewidth=0.9, linestyle=(0, (4, 3)))
    for right in (False, True):
        part = frame[(x >= x.mean()) == right].sort_values("importance")
        placed = -np.inf
        span = float(np.ptp(axes.get_ylim()))
        for row in part.itertuples():
            words = ax.wrapped(row.label, 30)
            # A label begins above the one before it; a line leads it back to its point.
            height = LABEL_HEIGHT * span * (1 + words.count("\n"))
            at = max(row.importance + height / 2, placed)
            placed = at + height
            axes.annotate(
                words,
                (row.performance, row.importance),
                xytext=(-8 if right else 8, at),
                textcoords=("offset points", "data"),
                ha="right" if right else "left",
                va="bottom",
                fontsize=9,
                arrowprops={"arrowstyle": "-", "color": theme.RULE, "linewidth": 0.6},
            )
    axes.set_xlabel(wording.text("measurement.axis.performance", language))
    axes.set_ylabel(wording.text("measurement.axis.importance", language))
    axes.grid(visible=False)
    ax.legend_above(axes, columns=4)
    return figure


LABEL_HEIGHT = 0.06
"""Height of a line of a label, as a share of the axis."""
MOST_DOTS = 200
"""Sites of an arm that can be told apart as dots."""


def propensities(frame: pd.DataFrame, *, language: Language) -> Figure:
    """Draw each site's propensity of being trained, by arm, over the range that both share.

    The sites of an arm of more than :data:`MOST_DOTS` are drawn as bars, one a hundredth of
    propensity, and only those outside the shared range as dots.

    Parameters
    ----------
    frame : DataFrame
        ``unit, arm`` (treated, comparison), ``propensity`` (0-1), ``outside`` (bool), and the
        shared range ``low, high``.
    language : {"zh_CN", "en"}
        Language of the words.
    """
    figure, grid = ax.new(2.2)
    axes = grid[0, 0]
    low, high = float(frame["low"].iloc[0]), float(frame["high"].iloc[0])
    if low < high:
        words = wording.text("measurement.support", language)
        axes.axvspan(low, high, color=theme.RULE, alpha=0.45, linewidth=0, zorder=0, label=words)
    arms = ("comparison", "treated")
    for row, arm in enumerate(arms):
        part = frame[frame["arm"] == arm]
        style = theme.SERIES[1 - row]
        if len(part) > MOST_DOTS:
            counts, edges = np.histogram(part["propensity"], bins=100, range=(0, 1))
            heights = 0.7 * counts / counts.max()
            axes.bar(edges[:-1], heights, 0.01, bottom=row - 0.35, align="edge", color=style.colour)
            part = part[part["outside"]]
        apart = part["propensity"].rank(method="first").to_numpy() % 5 / 5 - 0.4
        for outside, mine in part.assign(y=row + 0.7 * apart).groupby("outside"):
            axes.plot(
                mine["propensity"],
                mine["y"],
                linestyle="none",
                marker="o",
                markersize=6,
                color=style.colour,
                markerfacecolor="white" if outside else style.colour,
            )
    axes.set_yticks([0, 1], [sentences.label(arm, language, "terms.arm") for arm in arms])
    axes.set_ylim(-0.6, 1.6)
    axes.set_xlim(-0.02, 1.02)
    axes.set_xlabel(wording.text("measurement.column.propensity", language))
    if low < high:
        ax.legend_above(axes, columns=1)
    return figure


def seasonal_trends(
    frame: pd.DataFrame,
    *,
    language: Language,
    indicator: str | None = None,
    unit: str | None = None,
    span: tuple[float, float] | None = None,
    seasons: Mapping[int, str] | None = None,
) -> Figure:
    """Draw the arms' means by month, the months that a season disturbs hatched.

    Parameters
    ----------
    frame, language, indicator, unit, span
        As :func:`~analysis.present.plots.trends` takes them.
    seasons : Mapping
        Running month → ``spring_festival``, ``flood``, ``may_day`` or ``year_end``.
    """
    figure = trends(frame, language=language, indicator=indicator, unit=unit, span=span)
    axes = figure.axes[0]
    drawn = set(frame["period"].astype(int))
    told: set[str] = set()
    for month, name in sorted((seasons or {}).items()):
        if month not in drawn:
            continue
        axes.axvspan(
            month - 0.5,
            month + 0.5,
            facecolor="none",
            edgecolor=theme.RULE,
            hatch=_SEASONS[name],
            linewidth=0,
            zorder=0,
            label=None if name in told else sentences.label(name, language, "design.season"),
        )
        told.add(name)
    if told:
        ax.legend_above(axes, columns=4)
    return figure


def _words(value: object, language: Language) -> str:
    return str(value[language]) if isinstance(value, Mapping) else str(value)
