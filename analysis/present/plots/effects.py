"""Figures of effects: by month since training, by cohort, and side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from analysis import wording
from analysis.present import sentences, theme
from analysis.present.estimates import row_label
from analysis.present.plots import axes as ax
from analysis.results import Estimate
from analysis.settings import Language

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def _ends(estimates: Sequence[Estimate]) -> tuple[list[float], list[float], list[float]]:
    scale = ax.factor(estimates[0].unit if estimates else None)
    values = [scale * ax.missing_to_nan(e.value) for e in estimates]
    low = [scale * ax.missing_to_nan(e.ci_low) for e in estimates]
    high = [scale * ax.missing_to_nan(e.ci_high) for e in estimates]
    return values, low, high


def event_study(
    estimates: Sequence[Estimate], *, language: Language, targets: Sequence[float] = ()
) -> Figure:
    """Draw effects by month since training started.

    Parameters
    ----------
    estimates : Sequence of Estimate
        Of one indicator, each with ``dims["event_time"]``; below zero is before training.
    language : {"zh_CN", "en"}
        Language of the words.
    targets : Sequence of float
        Changes agreed as targets, in the unit of the effects.
    """
    estimates = sorted(estimates, key=lambda e: e.dims["event_time"])
    figure, grid = ax.new(3.5)
    axes = grid[0, 0]
    groups = (
        ("pre", theme.SERIES[1], [e for e in estimates if e.dims["event_time"] < 0]),
        ("post", theme.SERIES[0], [e for e in estimates if e.dims["event_time"] >= 0]),
    )
    axes.axhline(0, color=theme.INK, linewidth=0.9)
    axes.axvline(-0.5, color=theme.MUTED, linewidth=0.9, linestyle=(0, (4, 3)))
    for name, style, part in groups:
        if part:
            times = [e.dims["event_time"] for e in part]
            ax.error_bars(axes, times, *_ends(part), style)
            axes.annotate(
                wording.text(f"report.series.{name}", language),
                (-0.5, 1.0),
                xycoords=("data", "axes fraction"),
                xytext=(-6 if name == "pre" else 6, 4),
                textcoords="offset points",
                ha="right" if name == "pre" else "left",
                fontsize=9,
                color=style.colour,
                annotation_clip=False,
            )
    if estimates:
        axes.set_ylabel(_effect_label(estimates[0].unit, language))
        _whole_ticks(axes)
        heights = [ax.factor(estimates[0].unit) * target for target in targets]
        for height in heights:
            axes.axhline(height, color=theme.ORANGE, linewidth=1.1, linestyle=(0, (4, 3)))
        name = wording.text("report.series.target", language)
        ax.name_lines(axes, [(height, name, theme.ORANGE) for height in heights])
    axes.set_xlabel(wording.text("report.axis.event_time", language))
    return figure


def group_time(estimates: Sequence[Estimate], *, language: Language) -> Figure:
    """Draw effects of each cohort in small panels on one scale.

    Parameters
    ----------
    estimates : Sequence of Estimate
        Each with ``dims["cohort"]`` (running month) and ``dims["event_time"]`` or
        ``dims["period"]``.
    language : {"zh_CN", "en"}
        Language of the words.
    """
    cohorts = sorted({e.dims["cohort"] for e in estimates})
    columns = min(len(cohorts), 3) or 1
    rows = -(-len(cohorts) // columns) or 1
    figure, grid = ax.new(0.4 + 2.4 * rows, columns, rows, sharey=True)
    for axes in grid.flat[len(cohorts) :]:
        axes.set_visible(False)
    for axes, cohort in zip(grid.flat, cohorts, strict=False):
        part = sorted(
            (e for e in estimates if e.dims["cohort"] == cohort), key=lambda e: _event_time(e)
        )
        axes.axhline(0, color=theme.INK, linewidth=0.9)
        axes.axvline(-0.5, color=theme.MUTED, linewidth=0.9, linestyle=(0, (4, 3)))
        for style, chosen in (
            (theme.SERIES[1], [e for e in part if _event_time(e) < 0]),
            (theme.SERIES[0], [e for e in part if _event_time(e) >= 0]),
        ):
            if chosen:
                ax.error_bars(axes, list(map(_event_time, chosen)), *_ends(chosen), style)
        axes.set_title(wording.text("report.axis.cohort", language, month=cohort))
        _whole_ticks(axes)
    if estimates:
        figure.supylabel(_effect_label(estimates[0].unit, language), fontsize=10)
    figure.supxlabel(wording.text("report.axis.event_time", language), fontsize=10)
    return figure


def forest(
    estimates: Sequence[Estimate],
    *,
    language: Language,
    rows: str = "indicator",
    labels: Sequence[str] | None = None,
) -> Figure:
    """Draw estimates of one unit below each other, each with its interval.

    Parameters
    ----------
    estimates : Sequence of Estimate
        In the order from top to bottom. Those without a value say so.
    language : {"zh_CN", "en"}
        Language of the words.
    rows : str
        What labels a line, as in :func:`analysis.present.estimates.estimates_table`.
    labels : Sequence of str, optional
        Finished labels instead.
    """
    figure, grid = ax.new(0.9 + 0.42 * max(len(estimates), 1))
    axes = grid[0, 0]
    values, low, high = _ends(estimates)
    places = list(range(len(estimates)))
    ax.error_bars(axes, values, places, low, high, theme.SERIES[0], horizontal=True)
    axes.axvline(0, color=theme.INK, linewidth=0.9)
    for place, estimate in zip(places, estimates, strict=True):
        words = sentences.value_text(estimate, language)
        if estimate.ci_low is not None:
            words += f"\n{sentences.interval_text(estimate, language)}"
        axes.annotate(
            words,
            (1.02, place),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=8.5,
            annotation_clip=False,
        )
    labels = [row_label(e, rows, language) for e in estimates] if labels is None else labels
    axes.set_yticks(places, list(map(ax.wrapped, labels)))
    axes.set_ylim(len(estimates) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    if estimates:
        label = _effect_label(estimates[0].unit, language)
        of = {e.indicator for e in estimates}
        better = ax.better_to_the_right(axes, of.pop() if len(of) == 1 else None, language)
        axes.set_xlabel("\n".join(filter(None, (label, better))))
    return figure


def _event_time(estimate: Estimate) -> int:
    dims = estimate.dims
    return dims["event_time"] if "event_time" in dims else dims["period"] - dims["cohort"]


def _effect_label(unit: str | None, language: Language) -> str:
    return wording.text(
        "report.axis.effect", language, unit=ax.unit_word(unit, language, effect=True)
    )


def _whole_ticks(axes) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
