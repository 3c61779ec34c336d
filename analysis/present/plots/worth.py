"""Figures of goals and money: the scorecard against targets, the tornado of assumptions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis import wording
from analysis.present import sentences, theme
from analysis.present.plots import axes as ax
from analysis.settings import Language

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def scorecard(frame: pd.DataFrame, *, language: Language) -> Figure:
    """Draw every goal on an axis of its own: estimate with interval, and the target.

    Parameters
    ----------
    frame : DataFrame
        ``indicator`` (registry id), ``value``, ``ci_low``, ``ci_high``, ``target`` and ``unit``,
        all on one scale within a row; optionally ``label`` (words by language, or a wording key)
        instead of the indicator's title, and ``reading``: what is no ``level`` is a difference.
    language : {"zh_CN", "en"}
        Language of the words.
    """
    count = max(len(frame), 1)
    figure, grid = ax.new(0.35 + 0.72 * count, rows=count)
    directed = ""
    for number, (axes, row) in enumerate(zip(grid.flat, frame.itertuples(), strict=False)):
        scale = ax.factor(row.unit)
        ax.error_bars(
            axes,
            [scale * ax.missing_to_nan(row.value)],
            [0],
            [scale * ax.missing_to_nan(row.ci_low)],
            [scale * ax.missing_to_nan(row.ci_high)],
            theme.SERIES[0],
            label=wording.text("terms.estimate", language) if number == 0 else None,
            horizontal=True,
        )
        if pd.notna(row.target):
            axes.plot(
                [scale * row.target],
                [0],
                linestyle="none",
                marker="|",
                markersize=22,
                markeredgewidth=2.2,
                color=theme.ORANGE,
                label=wording.text("report.series.target", language) if number == 0 else None,
            )
        axes.set_yticks([0], [ax.wrapped(_title(row, language), 26)])
        axes.set_ylim(-1, 1)
        axes.margins(x=0.15)
        axes.grid(visible=False, axis="y")
        axes.grid(visible=True, axis="x")
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0)
        axes.locator_params(axis="x", nbins=6)
        if row.unit == "share" and getattr(row, "reading", "level") == "level":
            axes.xaxis.set_major_formatter("{x:g}%")
        directed = ax.better_to_the_right(axes, row.indicator, language) or directed
    if directed:
        axes.set_xlabel(directed)
    ax.legend_above(grid[0, 0])
    return figure


def _title(row: Any, language: Language) -> str:
    given = getattr(row, "label", None)
    if given is None:
        return sentences.indicator_title(row.indicator, language)
    return given[language] if isinstance(given, Mapping) else sentences.label(given, language)


def benefit_against_cost(frame: pd.DataFrame, *, language: Language) -> Figure:
    """Draw the benefit accumulated by the end of each month, with its interval, and the cost.

    Parameters
    ----------
    frame : DataFrame
        ``month`` (running month), ``benefit``, ``benefit_low``, ``benefit_high`` (NaN where there
        is no interval) and ``cost``, CNY.
    language : {"zh_CN", "en"}
        Language of the words.
    """
    figure, grid = ax.new(3.3)
    axes, style = grid[0, 0], theme.SERIES[0]
    scale = 1e-4 if language == "zh_CN" else 1e-3
    money = {name: scale * frame[name].astype(float) for name in frame if name != "month"}
    axes.fill_between(
        frame["month"],
        money["benefit_low"],
        money["benefit_high"],
        color=style.colour,
        alpha=0.15,
        linewidth=0,
    )
    axes.plot(
        frame["month"],
        money["benefit"],
        color=style.colour,
        linestyle=style.line,
        marker=style.marker,
        markerfacecolor=style.face,
        markersize=4,
    )
    axes.axhline(
        float(money["cost"].iloc[0]),
        color=theme.ORANGE,
        linewidth=1.2,
        linestyle=(0, (4, 3)),
    )
    axes.axhline(0, color=theme.MUTED, linewidth=0.8)
    ax.month_ticks(axes, frame["month"], language)
    axes.set_ylabel(wording.text("report.axis.money", language))
    axes.yaxis.set_major_formatter("{x:,.4g}")
    lines = (("benefit", "report.series.accumulated", style.colour),
             ("cost", "value.kpi.cost", theme.ORANGE))  # fmt: skip
    ax.name_lines(
        axes,
        [
            (money[name].iloc[-1], wording.text(key, language), colour)
            for name, key, colour in lines
        ],
    )
    return figure


def tornado(
    frame: pd.DataFrame, *, language: Language, base: float | None = None, unit: str | None = None
) -> Figure:
    """Draw how far the result moves when one assumption moves.

    A result in ``ratio`` is the net return: a dashed line marks where the training breaks even.

    Parameters
    ----------
    frame : DataFrame
        ``label`` (text or wording key), ``low`` and ``high``: the result when the assumption
        takes its low and its high value; optionally ``base``.
    language : {"zh_CN", "en"}
        Language of the words.
    base : float, optional
        Result with every assumption at its main value; the frame's ``base`` when omitted.
    unit : str, optional
        Unit of the result.
    """
    base = float(frame["base"].iloc[0]) if base is None else base
    frame = frame.assign(span=(frame["high"] - frame["low"]).abs()).sort_values(
        "span", ascending=False
    )
    scale = 100.0 if unit == "share" else 1e-4 if unit == "CNY" and language == "zh_CN" else 1.0
    figure, grid = ax.new(0.9 + 0.38 * max(len(frame), 1))
    axes = grid[0, 0]
    places = list(range(len(frame)))
    for column, colour, hatch in (("low", theme.ORANGE, "////"), ("high", theme.BLUE, None)):
        axes.barh(
            places,
            scale * (frame[column].astype(float) - base),
            left=scale * base,
            height=0.55,
            facecolor="white" if hatch else colour,
            edgecolor=colour,
            hatch=hatch,
            label=wording.text(f"report.series.{column}", language),
        )
    axes.axvline(scale * base, color=theme.INK, linewidth=1)
    if unit == "ratio":
        axes.axvline(0, color=theme.MUTED, linewidth=1, linestyle=(0, (4, 3)))
    labels = [ax.wrapped(sentences.label(text, language), 26) for text in frame["label"]]
    axes.set_yticks(places, labels)
    axes.set_ylim(len(frame) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    word = "%" if unit == "share" else ax.unit_word(unit, language)
    if unit == "CNY" and language == "zh_CN":
        word = f"万{word}"
    axes.set_xlabel(
        wording.text("value.kpi.net_return", language)
        if unit == "ratio"
        else wording.text("report.axis.change", language, unit=word)
    )
    axes.xaxis.set_major_formatter("{x:,.4g}")
    ax.legend_above(axes)
    return figure
