"""Figures of a running programme: milestones against plan, risks by place, sites at a glance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis import wording
from analysis.present import sentences, theme
from analysis.present.plots import axes as ax
from analysis.settings import Language
from analysis.tables import period_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_PANELS = 6
"""Sites that one figure of small multiples shows; the rest is in the table."""

_CELL = {1: "#e9a48a", 2: "#f4d9a8", 3: "#e3ecf2"}
"""Ground of a cell of the risk map by grade; the grade is also written in it."""


def programme_gantt(frame: pd.DataFrame, *, language: Language, today: object = None) -> Figure:
    """Draw milestones against their plan: planned steps, when they were reached or are expected.

    Parameters
    ----------
    frame : DataFrame
        Table ``milestone_plot``: ``label, start, planned_on, end`` (dates), ``done, critical,
        gate`` (bool).
    language : {"zh_CN", "en"}
        Language of the words.
    today : date, optional
        Where to draw the line of the present day.
    """
    import matplotlib.dates as dates

    figure, grid = ax.new(1.1 + 0.36 * max(len(frame), 1))
    axes = grid[0, 0]
    seen: set[str] = set()

    def once(name: str) -> str | None:
        if name in seen:
            return None
        seen.add(name)
        return wording.text(f"monitoring.gantt.{name}", language)

    for place, row in enumerate(frame.itertuples()):
        start, planned, end = (pd.Timestamp(x) for x in (row.start, row.planned_on, row.end))
        critical = bool(row.critical)
        axes.barh(
            place,
            max((planned - start).days, 1),
            left=dates.date2num(start),
            height=0.46,
            facecolor=theme.BLUE if critical else theme.RULE,
            alpha=0.35 if critical else 1.0,
            edgecolor=theme.BLUE if critical else theme.MUTED,
            hatch=None if critical else "///",
            linewidth=0.8,
            label=once("critical" if critical else "slack"),
        )
        axes.scatter(
            [planned],
            [place],
            marker="D" if row.gate else "o",
            s=46 if row.gate else 30,
            facecolor="white",
            edgecolor=theme.INK,
            linewidth=1.1,
            zorder=3,
            label=once("gate" if row.gate else "step"),
        )
        name = "reached" if row.done else "expected"
        axes.scatter(
            [end],
            [place],
            marker="x" if row.done else ">",
            s=40,
            color=theme.ORANGE if end > planned else theme.GREEN,
            linewidth=1.6,
            zorder=4,
            label=once(name),
        )
    if today is not None:
        line = {"color": theme.ORANGE, "linewidth": 1.2, "linestyle": (0, (4, 3))}
        axes.axvline(pd.Timestamp(today), label=once("today"), **line)
    axes.use_sticky_edges = False
    axes.margins(x=0.03)
    axes.xaxis_date()
    axes.xaxis.set_major_locator(dates.AutoDateLocator(minticks=3, maxticks=8))
    axes.xaxis.set_major_formatter(
        lambda number, _: ax.short_month(period_of(dates.num2date(number)), language)
    )
    labels = [ax.wrapped(sentences.label(text, language), 26) for text in frame["label"]]
    axes.set_yticks(range(len(frame)), labels)
    axes.set_ylim(len(frame) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    if seen:
        ax.legend_above(axes, columns=3)
    return figure


def risk_map(frame: pd.DataFrame, *, language: Language) -> Figure:
    """Draw risks by probability and impact, those whose trigger is set off marked.

    Parameters
    ----------
    frame : DataFrame
        Table ``risks``: ``risk_id, probability, impact`` (1 to 5) and, where evaluated,
        ``trigger_state``. Risks without either number are not drawn.
    language : {"zh_CN", "en"}
        Language of the words.
    """
    from matplotlib.patches import Rectangle

    figure, grid = ax.new(4.4)
    axes = grid[0, 0]
    for probability in range(1, 6):
        for impact in range(1, 6):
            score = probability * impact
            grade = 1 if score >= 15 else 2 if score >= 8 else 3
            corner = (probability - 0.5, impact - 0.5)
            axes.add_patch(
                Rectangle(corner, 1, 1, facecolor=_CELL[grade], edgecolor="white", linewidth=1.5)
            )
            place = {"ha": "right", "va": "bottom", "fontsize": 7.5, "color": theme.MUTED}
            axes.text(probability + 0.45, impact - 0.46, f"{score}", **place)
    drawn = frame.dropna(subset=["probability", "impact"])
    for (probability, impact), cell in drawn.groupby(["probability", "impact"]):
        for number, row in enumerate(cell.head(6).itertuples()):
            off = getattr(row, "trigger_state", "") == "set_off"
            axes.text(
                float(probability) - 0.27 + 0.5 * (number % 2),
                float(impact) + 0.26 - 0.25 * (number // 2),
                str(row.risk_id),
                ha="center",
                va="center",
                fontsize=8.5,
                color="white" if off else theme.INK,
                bbox={"boxstyle": "round,pad=0.2", "facecolor": theme.ORANGE, "linewidth": 0}
                if off
                else None,
            )
    axes.set_xlim(0.5, 5.5)
    axes.set_ylim(0.5, 5.5)
    axes.set_xticks(range(1, 6))
    axes.set_yticks(range(1, 6))
    axes.grid(visible=False)
    axes.set_xlabel(wording.text("monitoring.risk_map.probability", language))
    axes.set_ylabel(wording.text("monitoring.risk_map.impact", language))
    if "trigger_state" in drawn and (drawn["trigger_state"] == "set_off").any():
        axes.text(
            0.5,
            5.58,
            wording.text("monitoring.risk_map.set_off", language),
            fontsize=8.5,
            color=theme.ORANGE,
            va="bottom",
        )
    return figure


def site_multiples(
    frame: pd.DataFrame,
    *,
    language: Language,
    unit: str | None = None,
    direction: str = "up",
    start: int | None = None,
    span: tuple[float, float] | None = None,
    columns: int = 3,
) -> Figure:
    """Draw the control chart of every site small, on one scale, those to look at first.

    Parameters
    ----------
    frame : DataFrame
        Charts of several sites in the order to draw them: ``subject, period, value, centre,
        lower, upper, signal, baseline``; with a column ``week``, periods are days
        since 1970. At most :data:`MOST_PANELS` sites are drawn.
    language : {"zh_CN", "en"}
        Language of the words.
    unit : str, optional
        Unit of the values.
    direction : str
        ``up`` when more is better: signals on the bad side are filled, those on the good side
        are rings.
    start : int, optional
        First period with training, where a line is drawn. Without it that is the first period
        outside the baseline.
    span : tuple of float, optional
        Least and greatest possible level, beyond which no limit is drawn.
    columns : int
        Panels per row.
    """
    subjects = list(dict.fromkeys(frame["subject"]))[:MOST_PANELS]
    rows = max(1, -(-len(subjects) // columns))
    figure, grid = ax.new(0.55 + 1.18 * rows, columns, rows, sharex=True, sharey=True)
    scale = ax.factor(unit)
    shown = frame[frame["subject"].isin(subjects)]
    for place, axes in enumerate(grid.flat):
        if place >= len(subjects):
            axes.axis("off")  # keeps its room, so that a single chart is not drawn enormous
            continue
        part = shown[shown["subject"] == subjects[place]].sort_values("period")
        drawn = {name: ax.levels(part[name], unit, span) for name in _DRAWN}
        _small_chart(axes, part, drawn, direction, start)
        axes.set_title(_short(subjects[place]), fontsize=8.5, loc="left", pad=2, y=1.0)
    if subjects:
        _scale(grid, shown, scale, language, len(subjects), columns)
    return figure


_DRAWN = ("value", "centre", "lower", "upper")


def _small_chart(
    axes: Axes,
    part: pd.DataFrame,
    drawn: Mapping[str, pd.Series],
    direction: str,
    start: int | None,
) -> None:
    x = part["period"].astype(int)
    y, centre, lower, upper = (drawn[name] for name in _DRAWN)
    # Steps of a week are finer than the line; they would double the points.
    step = None if "week" in part else "mid"
    axes.fill_between(x, lower, upper, step=step, color=theme.RULE, alpha=0.45, linewidth=0)
    axes.plot(x, centre, color=theme.MUTED, linewidth=0.8)
    axes.plot(x, y, color=theme.BLUE, linewidth=0.9)
    late = ~part["baseline"].astype(bool)
    if start is None and late.any():
        start = x[late].min()
    # Months of Spring Festival before training are outside the baseline, too.
    late &= x >= (start or 0)
    signal = part["signal"].astype(bool) & late
    bad = (y < centre) == (direction == "up")
    for marked, colour, face in (
        (signal & bad, theme.ORANGE, theme.ORANGE),
        (signal & ~bad, theme.GREEN, "white"),
    ):
        dots = {"linestyle": "none", "marker": "o", "markersize": 3.6, "zorder": 3}
        axes.plot(x[marked], y[marked], color=colour, markerfacecolor=face, **dots)
    if start is not None and x.min() < start <= x.max():
        axes.axvline(start - 0.5, color=theme.MUTED, linewidth=0.7, linestyle=(0, (3, 3)))
    axes.tick_params(labelsize=7.5, length=2)


def _scale(
    grid: np.ndarray,
    shown: pd.DataFrame,
    scale: float,
    language: Language,
    panels: int,
    columns: int,
) -> None:
    values = scale * shown[["value", "centre"]].astype(float).to_numpy()
    low, high = np.nanmin(values), np.nanmax(values)
    room = 0.08 * (high - low or 1)
    grid[0, 0].set_ylim(low - room, high + room)
    first, last = int(shown["period"].min()), int(shown["period"].max())
    ticks = [first, last] if last > first else [first]
    grid[0, 0].set_xticks(ticks, [ax.tick_word(shown, t, language) for t in ticks])  # all share it
    for place, axes in enumerate(grid.flat):
        axes.tick_params(labelbottom=place + columns >= panels and place < panels)
        for label, side in zip(axes.get_xticklabels(), ("left", "right"), strict=False):
            label.set_ha(side)


def _short(text: str) -> str:
    return text if len(text) <= 18 else text[:17] + "…"
