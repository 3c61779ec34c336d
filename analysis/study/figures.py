"""Figures of a study, on Matplotlib axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis import causal, wording
from analysis.keywords import meant, refusing_typos
from analysis.present import fonts
from analysis.present.rich import figures
from analysis.results import Estimate
from analysis.study.panel import read_panel
from analysis.study.words import told_apart

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from analysis.study.study import Study

_BEFORE, _AFTER, _LINE = "#8a8f98", "#1f5fa8", "#333333"


def draw(study: Study, what: str, ax: Axes | None, language: wording.Language) -> Axes:
    """Draw one of the figures of :meth:`analysis.study.Study.plot`."""
    if what not in _FIGURES:
        known = ", ".join(_FIGURES)
        raise ValueError(f"what={what!r} is not possible; one of {known}{meant(what, _FIGURES)}")
    axes = _axes(ax)
    _FIGURES[what](study, axes, language)
    if study.effect.simulated:
        label = wording.text("report.simulated_label", language)
        axes.set_title(label, loc="right", fontsize=9, color=_BEFORE)
    _readable(axes, language)
    return axes


def _axes(ax: Axes | None, size: tuple[float, float] = (8, 4.5)) -> Axes:
    import matplotlib.pyplot as plt

    if ax is not None:
        return ax
    axes = plt.subplots(figsize=size, layout="constrained")[1]
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def _readable(ax: Axes, language: wording.Language) -> None:
    """Set Chinese in a font that has it, whatever the axes were made with."""
    from matplotlib.text import Text

    texts = ax.findobj(Text)
    chinese = [text for text in texts if any(sign > "\u2e7f" for sign in text.get_text())]
    if language != "zh_CN" and not chinese:
        return
    fonts.register()
    if language == "zh_CN":
        ax.tick_params(labelfontfamily=fonts.FAMILIES)
        chinese = texts
    for text in chinese:
        text.set_fontfamily(fonts.FAMILIES)


def _event_study(study: Study, ax: Axes, language: wording.Language) -> None:
    found = [e for e in study.evaluation.of("att_event_time") if e.value is not None]
    _needs(found, "event_study")
    for part, colour, key in (
        ([e for e in found if e.dims["event_time"] < 0], _BEFORE, "before"),
        ([e for e in found if e.dims["event_time"] >= 0], _AFTER, "after"),
    ):
        _bars(ax, [e.dims["event_time"] for e in part], part, colour,
              wording.text(f"study.series.{key}", language))  # fmt: skip
    ax.axhline(0, color=_LINE, linewidth=0.8)
    ax.axvline(-0.5, color=_LINE, linewidth=0.8, linestyle=(0, (4, 3)))
    ax.xaxis.get_major_locator().set_params(integer=True)
    step = wording.text(f"study.steps.{study.calendar.step}", language)
    ax.set_xlabel(
        wording.text("study.axis.since", language, step=step, treatment=study.panel.treatment)
    )
    ax.set_ylabel(_effect_on(study, language))
    _legend(ax)


def _legend(ax: Axes) -> None:
    """Put the legend above the axes, where it hides nothing."""
    ax.legend(frameon=False, ncols=2, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2)


def _cohorts(study: Study, ax: Axes, language: wording.Language) -> None:
    found = [e for e in study.evaluation.of("att_cohort") if e.value is not None]
    _needs(found, "cohorts")
    labels = [study.calendar.label(e.dims["cohort"]) for e in found]
    _sideways(ax, found, labels, study, language)
    ax.set_ylabel(wording.text("study.axis.cohort", language))


def _estimators(study: Study, ax: Axes, language: wording.Language) -> None:
    same = study.effect.estimand
    found = [e for e in study.evaluation.by_estimator() if e.value is not None]
    found = [e for e in found if e.estimand == same]
    _needs(found, "estimators")
    _sideways(ax, found, [told_apart(e, study.effect, language) for e in found], study, language)


def _calendar(study: Study, ax: Axes, language: wording.Language) -> None:
    found = [e for e in study.evaluation.of("att_calendar") if e.value is not None]
    _needs(found, "calendar")
    _bars(ax, [e.dims["period"] for e in found], found, _AFTER, None)
    ax.axhline(0, color=_LINE, linewidth=0.8)
    _periods(study, ax, language)
    ax.set_ylabel(_effect_on(study, language))


def _trends(study: Study, ax: Axes, language: wording.Language) -> None:
    table = study.evaluation.table_or_empty("trends")
    _needs(table, "trends")
    for arm, colour in (("treated", _AFTER), ("comparison", _BEFORE)):
        rows = table[table["arm"] == arm].sort_values("period")
        if rows.empty:
            continue
        ax.plot(rows["period"], rows["value"], color=colour, marker="o", markersize=3.5,
                label=wording.text(f"study.series.{arm}", language))  # fmt: skip
        ax.fill_between(rows["period"], rows["ci_low"], rows["ci_high"], color=colour, alpha=0.15,
                        linewidth=0)  # fmt: skip
    for start in study.evaluation.starts:
        ax.axvline(start - 0.5, color=_LINE, linewidth=0.7, linestyle=(0, (4, 3)))
    _periods(study, ax, language)
    ax.set_ylabel(_measured(study))
    _legend(ax)


def _sensitivity(study: Study, ax: Axes, language: wording.Language) -> None:
    """Draw the last effect with enough units, its interval, and those under relative magnitudes."""
    horizon = _last_bounded(study)
    mbar = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0)
    table = causal.sensitivity(study.evaluation, horizons=(horizon,), mbar=mbar).table
    rows = table[table["kind"] == "relative_magnitudes"].sort_values("bound")
    ax.vlines(rows["bound"], rows["ci_low"], rows["ci_high"], color=_AFTER, linewidth=2)
    ax.axhline(0, color=_LINE, linewidth=0.8)
    step = wording.text(f"study.steps.{study.calendar.step}", language)
    ax.set_xlabel(wording.text("study.axis.mbar", language))
    ax.set_ylabel(wording.text("study.axis.at", language, y=study.y, time=str(horizon), step=step))


def _last_bounded(study: Study) -> int:
    why = "the design has no comparison"
    for found in reversed(study.evaluation.by_event_time(first=0)):
        try:
            causal.event_moments(study.evaluation, found.dims["event_time"])
        except causal.FrameError as fault:
            why = str(fault)
            continue
        return found.dims["event_time"]
    raise ValueError(f"no effect of this study can be bounded: {why}")


_FIGURES: dict[str, Callable[[Study, Axes, wording.Language], None]] = {
    "event_study": _event_study,
    "cohorts": _cohorts,
    "calendar": _calendar,
    "trends": _trends,
    "estimators": _estimators,
    "sensitivity": _sensitivity,
}


def _needs(found: list[Estimate] | pd.DataFrame, what: str) -> None:
    if not len(found):
        raise ValueError(
            f"{what} cannot be drawn: the design has no comparison, so there is no effect"
        )


def _bars(ax: Axes, place: list[float], found: list[Estimate], colour: str, label) -> None:
    if not found:
        return
    value = np.array([e.value for e in found], float)
    low = np.array([np.nan if e.ci_low is None else e.ci_low for e in found])
    high = np.array([np.nan if e.ci_high is None else e.ci_high for e in found])
    ax.vlines(place, low, high, color=colour, linewidth=1.4)
    ax.plot(place, value, "o", color=colour, markersize=5, label=label)


def _sideways(ax, found, labels, study: Study, language: wording.Language) -> None:
    place = np.arange(len(found))[::-1]
    for y, e in zip(place, found, strict=True):
        if e.ci_low is not None:
            ax.hlines(y, e.ci_low, e.ci_high, color=_AFTER, linewidth=1.4)
        ax.plot(e.value, y, "o", color=_AFTER, markersize=5)
        ax.annotate(figures(e.value), (e.value, y), (0, 6), textcoords="offset points",
                    ha="center", fontsize=8)  # fmt: skip
    ax.axvline(0, color=_LINE, linewidth=0.8)
    ax.set_yticks(place, labels)
    ax.margins(y=0.15)
    ax.set_xlabel(_effect_on(study, language))


def _periods(study: Study, ax: Axes, language: wording.Language) -> None:
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.xaxis.set_major_formatter(lambda value, _: study.calendar.label(value))
    ax.set_xlabel(wording.text(f"study.step.{study.calendar.step}", language))


def _effect_on(study: Study, language: wording.Language) -> str:
    return wording.text("study.axis.effect", language, y=_measured(study))


def _measured(study: Study) -> str:
    return f"{study.y} ({study.measured_in})" if study.measured_in else study.y


@refusing_typos
def panelview(
    data: pd.DataFrame,
    *,
    unit: str,
    period: str,
    treated: str | None = None,
    cohort: str | None = None,
    y: str | None = None,
    ax: Axes | None = None,
    language: wording.Language | None = None,
) -> Axes:
    """Draw who is treated when: one row per unit, a column a period.

    Parameters
    ----------
    data : DataFrame
    unit, period, treated, cohort : str
        Columns, as of :func:`analysis.study.evaluate`.
    y : str, optional
        Column of the outcome, to show where it is missing.
    ax : Axes, optional
    language : {"zh_CN", "en"}, optional

    Returns
    -------
    Axes
        Units in the order of their starts, the never treated last.
    """
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch

    language = wording.read_language(language)
    shown = data if y is not None else data.assign(_shown=1.0)
    panel = read_panel(
        shown, y=y or "_shown", unit=unit, period=period, treated=treated, cohort=cohort
    )
    frame = panel.frame
    start = frame.groupby("unit")["cohort"].first().sort_values(kind="stable", na_position="last")
    periods = np.arange(frame["period"].min(), frame["period"].max() + 1)
    seen = frame[frame["y"].notna()].pivot_table(index="unit", columns="period", values="y")
    seen = seen.reindex(index=start.index, columns=periods).notna().to_numpy()
    on = periods[None, :] >= start.to_numpy()[:, None]
    state = np.where(seen, np.where(on, 2, 1), 0)
    ax = _axes(ax, (8, min(2 + 0.18 * len(start), 14)))
    colours = ["#ffffff", "#cfd6df", _AFTER]
    ends = (periods[0] - 0.5, periods[-1] + 0.5, len(start) - 0.5, -0.5)
    ax.imshow(state, aspect="auto", cmap=ListedColormap(colours), vmin=0, vmax=2, extent=ends,
              interpolation="nearest")  # fmt: skip
    if len(start) <= 60:
        ax.set_yticks(np.arange(len(start)), [str(name) for name in start.index], fontsize=7)
    else:
        ax.set_yticks([])
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.xaxis.set_major_formatter(lambda value, _: panel.calendar.label(value))
    ax.set_xlabel(wording.text(f"study.step.{panel.calendar.step}", language))
    ax.set_ylabel(unit)
    words = [wording.text(f"study.state.{name}", language) for name in ("missing", "off", "on")]
    shown_states = [(c, w) for k, (c, w) in enumerate(zip(colours, words, strict=True))
                    if (state == k).any()]  # fmt: skip
    patches = [Patch(facecolor=c, edgecolor="#999999", label=w) for c, w in shown_states]
    ax.legend(handles=patches, loc="lower left", bbox_to_anchor=(0, 1), ncols=3, frameon=False)
    _readable(ax, language)
    return ax
