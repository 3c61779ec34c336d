"""What native charts show: the stored numbers that the figures of the pages draw."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from analysis import wording
from analysis.present import precision, sentences, theme, views
from analysis.present.plots import axes
from analysis.report.run import Run
from analysis.results import Estimate
from analysis.settings import Language

FIRST, LAST = -12, 18
"""Months around the start of training that are drawn, as on the page of the tracking stage."""

_DIGITS = 6
"""Digits that count, as in the download below a figure of a page."""


@dataclass(frozen=True, slots=True)
class Series:
    """One series: its values by category, None where there is none, and the ends of intervals."""

    name: str
    points: tuple[float | None, ...]
    low: tuple[float | None, ...] = ()
    high: tuple[float | None, ...] = ()
    style: theme.Style = theme.SERIES[0]
    joined: bool = True


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart that stays editable: lines over categories, or bars around ``base``.

    ``starts`` are the places of categories where training began, ``span`` the least and the
    greatest value there can be.
    """

    kind: Literal["line", "bar"]
    caption: str
    categories: tuple[str, ...]
    series: tuple[Series, ...]
    value_title: str
    category_title: str = ""
    number_format: str = "General"
    starts: tuple[int, ...] = ()
    base: float | None = None
    span: tuple[float, float] | None = None

    @property
    def ends(self) -> tuple[float, float]:
        """Least and greatest number drawn, ends of intervals among them."""
        drawn = [
            value
            for series in self.series
            for values in (series.points, series.low, series.high)
            for value in values
            if value is not None
        ]
        return min(drawn), max(drawn)


def trends(run: Run, indicator: str, language: Language) -> Chart | None:
    """Return the levels of trained and comparison sites by month; None where none are stored."""
    view = views.get("tracking.trend_figure")
    stored = run.results["tracking"].table_or_empty(f"{indicator}_trends")
    if stored.empty:
        return None
    frame = view.supported("tracking.trend_figure", stored, run.min_cell, run.earlier).frame
    unit, span = _scale(run, indicator)
    months = list(range(int(frame["period"].min()), int(frame["period"].max()) + 1))
    series = []
    for arm, style in zip(("treated", "comparison"), theme.SERIES, strict=False):
        mine = frame[frame["arm"] == arm].set_index("period").reindex(months)
        points, low, high = (
            _numbers(axes.levels(mine[name], unit, span)) for name in ("value", "ci_low", "ci_high")
        )
        words = wording.text(f"report.series.{arm}", language)
        series.append(Series(words, points, low, high, style))
    starts = {e.dims["cohort"] for e in run.results["tracking"].select(
        f"tracking.{indicator}.att.cohort.")}  # fmt: skip
    return Chart(
        kind="line",
        caption=_with_interval(view.caption, run, indicator, language),
        categories=tuple(wording.format_value(month, "month", language) for month in months),
        series=tuple(series),
        value_title=axes.value_label(indicator, unit, language).replace("\n", ""),
        starts=tuple(months.index(start) for start in sorted(starts) if start in months),
        span=None if span is None else (axes.factor(unit) * span[0], axes.factor(unit) * span[1]),
    )


def since_training(run: Run, indicator: str, language: Language) -> Chart | None:
    """Return the effect by month since training started; None where none is stored."""
    stored = run.results["tracking"].select(f"tracking.{indicator}.att.event_time.")
    found = {
        int(e.dims["event_time"]): shown
        for e in stored
        if (shown := _shown(run, e)) is not None and shown.value is not None
    }
    months = [month for month in sorted(found) if FIRST <= month <= LAST]
    if not months:
        return None
    unit = found[months[0]].unit
    caption = views.get("tracking.event_figure").caption
    series = []
    for name, style, mine in (
        ("pre", theme.SERIES[1], {m for m in months if m < 0}),
        ("post", theme.SERIES[0], {m for m in months if m >= 0}),
    ):
        points, low, high = (
            tuple(_number(getattr(found[m], end), axes.factor(unit)) if m in mine else None
                  for m in months)
            for end in ("value", "ci_low", "ci_high")
        )  # fmt: skip
        if mine:
            words = wording.text(f"report.series.{name}", language)
            series.append(Series(words, points, low, high, style, joined=False))
    return Chart(
        kind="line",
        caption=_with_interval(caption, run, indicator, language),
        categories=tuple(map(str, months)),
        series=tuple(series),
        value_title=wording.text(
            "report.axis.effect", language, unit=axes.unit_word(unit, language, effect=True)
        ),
        category_title=wording.text("report.axis.event_time", language),
    )


def benefit_against_cost(run: Run, language: Language) -> Chart | None:
    """Return the benefit accumulated by month beside the cost; None where no benefit is priced."""
    name = "value.return_by_month_figure"
    frame = _frame(run, name)
    if frame.empty:
        return None
    scale = 1e-4 if language == "zh_CN" else 1e-3
    points, low, high = (
        _numbers(frame[c], scale) for c in ("benefit", "benefit_low", "benefit_high")
    )
    cost = _numbers(frame["cost"], scale)
    return Chart(
        kind="line",
        caption=_caption(run, name, language),
        categories=tuple(wording.format_value(m, "month", language) for m in frame["month"]),
        series=(
            Series(wording.text("report.series.accumulated", language), points, low, high),
            Series(wording.text("value.kpi.cost", language), cost, style=theme.SERIES[1]),
        ),
        value_title=wording.text("report.axis.money", language),
        number_format="#,##0.0",
    )


def tornado(run: Run, language: Language) -> Chart | None:
    """Return how the net return moves with each assumption; None where no return is stated."""
    name = "value.tornado_figure"
    frame = _frame(run, name)
    if frame.empty:
        return None
    frame = frame.assign(span=(frame["high"] - frame["low"]).abs()).sort_values("span")
    series = (
        Series(wording.text(f"report.series.{end}", language), _numbers(frame[end]), style=style)
        for end, style in (("low", theme.SERIES[1]), ("high", theme.SERIES[0]))
    )
    return Chart(
        kind="bar",
        caption=wording.text("office.chart.tornado", language),
        categories=tuple(sentences.label(text, language) for text in frame["label"]),
        series=tuple(series),
        value_title=wording.text("value.kpi.net_return", language),
        number_format="0.00",
        base=_number(frame["base"].iloc[0]),
    )


def _shown(run: Run, estimate: Estimate) -> Estimate | None:
    return precision.of_estimate(estimate, min_cell=run.min_cell, earlier=run.earlier)


def _frame(run: Run, name: str) -> pd.DataFrame:
    view = views.get(name)
    frame = run.stored(name, view)
    return frame if frame.empty else run.supported(name, view).frame


def _caption(run: Run, name: str, language: Language) -> str:
    how = {"level": run.level, "missed": 1 - run.level, "unit": "ratio"}
    return sentences.sentence(views.get(name).caption, language, how)


def _with_interval(key: str, run: Run, indicator: str, language: Language) -> str:
    drawn = sentences.sentence(key, language, {"indicator": indicator})
    return wording.text("office.chart.interval", language, drawn=drawn, level=run.level)


def _scale(run: Run, indicator: str) -> tuple[str | None, tuple[float, float] | None]:
    """Return the unit of an outcome, and the least and the greatest level there can be."""
    mine = [e for e in run.results["tracking"].estimates if e.indicator == indicator]
    leading = f"tracking.{indicator}.att.overall"
    unit = next((e.unit for e in mine if e.id == leading), None)
    scales = (e.dims for e in mine if e.estimand == "level_before" and "scale_max" in e.dims)
    ends = next(((d["scale_min"], d["scale_max"]) for d in scales), None)
    return unit, (0.0, 1.0) if unit == "share" else ends


def _numbers(values: Iterable[Any], scale: float = 1.0) -> tuple[float | None, ...]:
    return tuple(_number(value, scale) for value in values)


def _number(value: Any, scale: float = 1.0) -> float | None:
    if value is None or pd.isna(value) or not math.isfinite(value):
        return None
    return float(f"{scale * float(value):.{_DIGITS}g}")
