"""Tables and results that the workbook holds beside what the pages show in views.

Of every stage its estimates, checks and findings; of the stored tables those of single outcomes,
put together. What is about single people or single cases, or rests on answers that are not counted
beside it, stays in ``results/``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

import pandas as pd

from analysis import wording
from analysis.indicators import digits
from analysis.present import precision, sentences, views
from analysis.present.estimates import hide_estimates
from analysis.present.suppression import MARK
from analysis.present.views import View
from analysis.report.run import Run
from analysis.results import Estimate, StageResults
from analysis.settings import Language

_MONTHS = ("cohort", "period", "calendar")
_COUNTED = ("event_time", "horizon")
_ENDS = {
    "ci_low": ("causal.column.ci_low", "effect"),
    "ci_high": ("causal.column.ci_high", "effect"),
}


def _of_outcomes(results: StageResults, start: str, end: str) -> pd.DataFrame:
    """Return the tables of single outcomes below each other, with their outcome and unit."""
    units = {e.indicator: e.unit for e in results.estimates if e.indicator is not None}
    found = []
    for name, table in results.tables.items():
        own = name.removeprefix(start).removesuffix(end)
        if name == start + own + end and not table.empty and own in units:
            found.append(table.drop(columns="unit", errors="ignore").assign(
                indicator=own, unit=units[own]
            ))  # fmt: skip
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()


def _rounded(results: StageResults) -> pd.DataFrame:
    """Return the effects by wave and month, with the digits that their standard errors support."""
    table = _of_outcomes(results, "", "_group_time")
    if table.empty:
        return table
    steps = [digits.step(0.0, float("nan"), se) for se in table["se"]]
    near = [digits.near(v, s) for v, s in zip(table["att"], steps, strict=True)]
    return table.assign(att=near, se=[digits.significant(se) for se in table["se"]])


def _view(
    name: str,
    prepare: Callable[[StageResults], pd.DataFrame],
    columns: Mapping[str, tuple[str, str]],
    n: str | None = None,
) -> View:
    caption = f"report.workbook.table.{name}"
    return View(table="", whole=True, prepare=prepare, caption=caption, columns=columns, n=n)


def _of_months(results: StageResults) -> pd.DataFrame:
    """Return the indicators of the periods of whole months beside the periods before."""
    found = results.table_or_empty("pack_indicators")
    return found if found.empty else found[found["pack"] != "week"]


MORE: Mapping[str, View] = {
    "monitoring.pack_indicators": _view(
        "periods",
        _of_months,
        {
            "pack": ("packs.column.pack", "label:packs.name"),
            "indicator": ("report.column.indicator", "indicator"),
            "n": ("terms.observations", "int"),
            "value": ("packs.column.now", "unit"),
            "ci_low": ("causal.column.ci_low", "unit"),
            "ci_high": ("causal.column.ci_high", "unit"),
            "was": ("packs.column.then", "unit"),
            "change": ("packs.column.change_alone", "effect"),
            "change_low": ("causal.column.ci_low", "effect"),
            "change_high": ("causal.column.ci_high", "effect"),
            "people": ("packs.column.people", "int"),
        },
        n="people",
    ),
    "tracking.trends": _view(
        "trends",
        partial(_of_outcomes, start="", end="_trends"),
        {
            "indicator": ("report.column.indicator", "indicator"),
            "arm": ("report.workbook.column.arm", "label:report.series"),
            "period": ("report.column.period", "month"),
            "n": ("terms.observations", "int"),
            "value": ("report.workbook.column.mean", "unit"),
            "ci_low": ("causal.column.ci_low", "unit"),
            "ci_high": ("causal.column.ci_high", "unit"),
            "n_units": ("terms.sites", "int"),
        },
        n="n",
    ),
    "tracking.group_time": _view(
        "group_time",
        _rounded,
        {
            "indicator": ("report.column.indicator", "indicator"),
            "cohort": ("report.column.cohort", "month"),
            "period": ("report.column.period", "month"),
            "event_time": ("report.column.event_time", "int"),
            "att": ("terms.estimate", "effect"),
            "se": ("report.workbook.column.se", "num3"),
        },
    ),
    "monitoring.contrasts": _view(
        "contrasts",
        partial(_of_outcomes, start="contrast_", end=""),
        {
            "indicator": ("report.column.indicator", "indicator"),
            "period": ("report.column.period", "month"),
            "value": ("terms.estimate", "effect"),
            **_ENDS,
        },
    ),
    "monitoring.attendance": View(
        table="attendance",
        caption="report.workbook.table.attendance",
        columns={
            "module": ("monitoring.column.module", ""),
            "n": ("terms.observations", "int"),
            "hits": ("monitoring.column.hits", "int"),
            "value": ("terms.estimate", "pct1"),
            "ci_low": ("causal.column.ci_low", "pct1"),
            "ci_high": ("causal.column.ci_high", "pct1"),
        },
        n="n",
    ),
    "design.power_curve": View(
        table="power_curve",
        caption="report.workbook.table.power_curve",
        columns={
            "series": ("report.column.approach", "label:"),
            "effect": ("report.column.effect", "bare"),
            "power": ("report.axis.power", "pct1"),
        },
    ),
}
"""Views that only the workbook shows, by ``<stage>.<name>``."""


def views_of(stage: str) -> dict[str, View]:
    """Return the views of a stage that the workbook shows, by ``<stage>.<name>``."""
    named = {name: views.get(name) for name in views.names()} | dict(MORE)
    return {name: view for name, view in named.items() if name.partition(".")[0] == stage}


def estimates(run: Run, stage: str, language: Language) -> tuple[list[str], list[list[object]]]:
    """Return headings and rows of all estimates of a stage, hidden and rounded as on the pages."""
    found = run.results[stage].estimates
    shown = [precision.of_estimate(e, min_cell=run.min_cell, earlier=run.earlier) for e in found]
    hidden = [
        hide or e is None
        for hide, e in zip(hide_estimates(found, run.min_cell), shown, strict=True)
    ]
    rows = [
        _row(e, given if given is not None else e, language, hide=hide)
        for e, given, hide in zip(found, shown, hidden, strict=True)
    ]
    heads = ("estimate", "unit", "low", "high", "p", "sites", "observations", "method", "reason")
    words = [wording.text(f"report.workbook.column.{name}", language) for name in heads]
    return [wording.text("report.column.what", language), *words], rows


def _row(own: Estimate, shown: Estimate, language: Language, *, hide: bool) -> list[object]:
    name = " · ".join([sentences.quantity(own, language), *_dims(own, language)])
    if hide:
        return [name, *[MARK] * 9]
    reason = ""
    if own.value is None and own.reason:
        reason = sentences.sentence(own.reason, language, {"n": own.n, **own.dims})
    unit = sentences.label(f"terms.unit.{own.unit}", language) if own.unit else ""
    method = f"causal.method.{own.method}"
    numbers = (shown.value, unit, shown.ci_low, shown.ci_high, shown.p_value)
    told = wording.text(method, language) if wording.has(method) else own.method
    return [name, *numbers, own.n_units, own.n or None, told, reason]


def _dims(estimate: Estimate, language: Language) -> Iterator[str]:
    """Yield by what an estimate differs from its sisters, in words."""
    for key, value in estimate.dims.items():
        if key in _MONTHS:
            words = wording.format_value(value, "month", language)
        elif key in _COUNTED:
            words = str(value)
        elif isinstance(value, str) and wording.has(f"terms.{key}.{value}"):
            words = wording.text(f"terms.{key}.{value}", language)
        else:
            continue
        head = f"report.column.{key}"
        label = wording.text(head, language) if wording.has(head) else ""
        yield (
            wording.text("report.labelled", language, label=label, value=words) if label else words
        )


def checks(run: Run, stage: str, language: Language) -> tuple[list[str], list[list[object]]]:
    """Return headings and rows of all checks of a stage."""
    rows: list[list[object]] = []
    for check in run.results[stage].checks:
        params = sentences.check_params(check)
        words = (
            sentences.sentence(key, language, params) if key else ""
            for key in (check.reason, check.remedy)
        )
        status = wording.text(f"terms.status.{check.status}", language)
        rows.append([status, sentences.check_question(check, language), *words])
    heads = ("status", "question", "found", "remedy")
    return [wording.text(f"report.workbook.column.{name}", language) for name in heads], rows


def findings(run: Run, stage: str, language: Language) -> tuple[list[str], list[list[object]]]:
    """Return headings and rows of all findings of a stage."""
    rows: list[list[object]] = [
        [
            sentences.sentence(finding.claim, language, finding.params),
            wording.text(f"terms.strength.{finding.strength}", language),
            wording.text(f"terms.design_grade.{finding.design}", language),
        ]
        for finding in run.results[stage].findings
    ]
    names = ("report.workbook.column.claim", "report.column.strength", "report.column.design")
    return [wording.text(name, language) for name in names], rows
