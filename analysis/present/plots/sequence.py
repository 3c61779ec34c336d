"""A confidence sequence over its looks, beside the interval that one look would have had."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from analysis import wording
from analysis.present import sentences, theme
from analysis.present.plots import axes as ax
from analysis.settings import Language

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def confidence_sequence(
    frame: pd.DataFrame,
    *,
    language: Language,
    indicator: str | None = None,
    unit: str | None = None,
) -> Figure:
    """Draw a contrast look by look with the interval that holds at all looks.

    Parameters
    ----------
    frame : DataFrame
        ``period`` (running month), ``value``, ``ci_low, ci_high`` (right at all looks),
        ``fixed_low, fixed_high`` (right for one); where given ``planned_low, planned_high``
        (right at all planned looks).
    language : {"zh_CN", "en"}
        Language of the words.
    indicator, unit : str, optional
        What is drawn, for the axis.
    """
    figure, grid = ax.new(3.4)
    axes, scale = grid[0, 0], ax.factor(unit)
    frame = frame.sort_values("period")
    x = frame["period"].astype(int)
    drawn = {name: scale * frame[name].astype(float) for name in frame.columns if name != "period"}
    axes.axhline(0, color=theme.MUTED, linewidth=1)
    axes.fill_between(
        x,
        drawn["ci_low"],
        drawn["ci_high"],
        color=theme.BLUE,
        alpha=0.15,
        linewidth=0,
        label=wording.text("report.series.all_looks", language),
    )
    for number, name in enumerate(("planned_low", "planned_high")):
        if name in drawn:
            axes.plot(
                x,
                drawn[name],
                color=theme.BLUE,
                linewidth=1,
                label=wording.text("report.series.planned_looks", language)
                if number == 0
                else None,
            )
    for number, name in enumerate(("fixed_low", "fixed_high")):
        axes.plot(
            x,
            drawn[name],
            color=theme.MUTED,
            linewidth=1,
            linestyle=(0, (4, 3)),
            label=wording.text("report.series.one_look", language) if number == 0 else None,
        )
    axes.plot(x, drawn["value"], color=theme.BLUE, marker="o", markersize=4)
    ax.month_ticks(axes, x, language)
    word = ax.unit_word(unit, language, effect=True)
    title = sentences.indicator_title(indicator, language) if indicator else ""
    label = wording.text("report.axis.value", language, indicator=title, unit=word)
    axes.set_ylabel(ax.wrapped(label if word and title else title or word, 34))
    ax.legend_above(axes)
    return figure
