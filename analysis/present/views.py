"""Result tables as the reports show them: which columns, in which words, in which order.

Reshaping only: columns are renamed, rows chosen and sorted; nothing is computed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from analysis import wording
from analysis.indicators import registry
from analysis.results import Check, Estimate

if TYPE_CHECKING:
    from analysis.causal import Evaluation

Columns = Mapping[str, tuple[str, str]]
LOWEST = 15
"""Subjects shown where only the lowest matter."""


def _columns(room: str, **specs: str) -> Columns:
    return {name: (f"{room}.column.{name}", spec) for name, spec in specs.items()}


GOALS = _columns(
    "design",
    indicator="indicator",
    target="text",
    unit="label:design.reading",
    deadline="date",
    horizon="label:design.horizon",
)
ROLL_OUT = {
    "label": ("chapters.column.wave", "label:"),
    "start": ("design.column.start", "date"),
    "sites": ("chapters.column.sites", "int"),
    "villa": ("terms.property_type.villa", "int"),
    "high_end": ("terms.property_type.high_end", "int"),
    "ordinary": ("terms.property_type.ordinary", "int"),
    "old": ("terms.property_type.old", "int"),
    "unknown": ("chapters.column.unknown_type", "int"),
    "assigned_by": ("chapters.column.assigned_by", "label:terms.assigned_by"),
}
CALENDAR = _columns(
    "design",
    wave="label:design.wave",
    n_sites="int",
    start="date",
    months="int",
    measure_on="date",
    season="label:design.season",
    state="label:design.state",
)
CONTRADICTIONS = _columns(
    "design",
    conflict="",
    question="label:",
    reading="label:",
    requirements="",
)
INGEST = {
    "table": ("measurement.column.table", "label:measurement.table"),
    "source": ("chapters.column.source", "text"),
    "rows_in": ("measurement.column.rows_in", "int"),
    "rows_out": ("measurement.column.rows_out", "int"),
    "left_out": ("chapters.column.left_out", "int"),
    "reasons": ("chapters.column.reasons", "text"),
}
QUALITY = _columns(
    "measurement",
    table="label:measurement.table",
    rows="int",
    completeness="pct1",
    columns_short="int",
    rows_broken="int",
)
RULES = _columns(
    "measurement",
    rule="label:measurement.rule",
    table="label:measurement.table",
    column="",
    applies="int",
    broken="int",
    share="pct1",
)
ITEMS = _columns(
    "measurement",
    item="",
    n="int",
    mean="num2",
    sd="num2",
    floor="pct",
    ceiling="pct",
    item_rest="num2",
    alpha_if_dropped="num2",
)
ALERT_RULES = _columns(
    "monitoring",
    rule="label:monitoring.rule",
    requirement="",
    subjects="int",
    fired="int",
    within_noise="int",
    too_few="int",
    family_false_alarm="pct1",
)
COMPLETION = _columns("monitoring", module="", n="int", value="pct1", ci_low="pct1", ci_high="pct1")
MODULE_SHARE = COMPLETION
LECTURER_SHARE = {
    "lecturer_id": ("monitoring.column.lecturer", "text"),
    **{name: spec for name, spec in COMPLETION.items() if name != "module"},
}
LEARNING = {
    **_columns(
        "monitoring", module="", form="label:monitoring.form", n="int", pre="num1", post="num1"
    ),
    "value": ("monitoring.column.gain", "signed1"),
    **_columns("monitoring", ci_low="signed1", ci_high="signed1", effect_size="num2"),
}
SIGNALS = _columns("monitoring", subject="", beyond="int", run="int", worse="int")
MILESTONES = _columns(
    "monitoring",
    name="",
    criterion="",
    planned_on="date",
    actual_on="date",
    state="label:monitoring.state",
    days_late="int",
)
BUDGET = _columns(
    "monitoring",
    category="label:terms.cost",
    planned="cny",
    actual="cny",
    deviation="cny",
    deviation_share="pct1",
)
RISKS = _columns(
    "monitoring",
    name="",
    probability="int",
    impact="int",
    score="int",
    grade="int",
    response="",
)
SCORECARD = {
    **_columns("value", indicator="indicator", horizon="label:design.horizon"),
    "target": ("value.column.target", "text"),
    "estimate": ("value.column.value", "text"),
    **_columns("value", probability="pct", verdict="text"),
}
BENEFITS = _columns("value", indicator="indicator", amount="cny", priced="", reason="label:")
COSTS = _columns("value", category="label:terms.cost", amount="cny", source="label:value.source")
CHAIN = _columns(
    "value",
    level="label:terms.level",
    state="label:value.state",
    better="int",
    worse="int",
    unclear="int",
    causal="int",
)
ACTIONS = _columns(
    "value",
    priority="int",
    action="label:",
    owner="label:",
    due_on="date",
    subject="label:",
    source="label:value.source",
)
EARLIER_ACTIONS = _columns(
    "value",
    finding="",
    action="",
    owner="",
    due_on="date",
    done_on="date",
    state="label:value.state",
)


def lowest(table: pd.DataFrame, by: str = "value") -> pd.DataFrame:
    """Return the rows with the lowest values, the lowest first."""
    return table if table.empty else table.nsmallest(LOWEST, by)


def power(table: pd.DataFrame) -> pd.DataFrame:
    """Return power by number of sites, a series by formula and one by simulation."""
    if table.empty:
        return table
    names = {"power_formula": "design.series.formula", "power_simulated": "design.series.simulated"}
    long = table.melt(
        id_vars="n_sites", value_vars=list(names), var_name="series", value_name="power"
    )
    return long.assign(series=long["series"].map(names))


def contradictions(table: pd.DataFrame) -> pd.DataFrame:
    """Return the contradictions with the wording keys of question and chosen reading."""
    if table.empty:
        return table
    chosen = [
        "chapters.design.reading_open"
        if row.open
        else f"design.conflicts.{row.conflict}.{row.reading}"
        for row in table.itertuples()
    ]
    return table.assign(
        question=[f"design.conflicts.{id}.question" for id in table["conflict"]], reading=chosen
    )


def worst_chart(chart: pd.DataFrame, signals: pd.DataFrame) -> pd.DataFrame:
    """Return the chart of the subject with the most signals on the bad side; empty without any."""
    if chart.empty or signals.empty or not (signals["worse"] > 0).any():
        return chart.iloc[:0]
    first = signals.sort_values("worse", ascending=False, kind="stable")["subject"].iloc[0]
    return chart[chart["subject"] == first]


def signals(table: pd.DataFrame) -> pd.DataFrame:
    """Return the subjects that have signals on the bad side, the most first."""
    if table.empty:
        return table
    return table[table["worse"] > 0].sort_values("worse", ascending=False, kind="stable")


def broken_rules(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rules that rows break, the most broken first."""
    if table.empty:
        return table
    return table[table["broken"] > 0].sort_values("broken", ascending=False, kind="stable")


def worst(checks: Iterable[Check]) -> tuple[Check, ...]:
    """Return the checks that ask for something: failed, caution, not possible."""
    return tuple(check for check in checks if check.status != "passed")


def labelled(estimates: Sequence[Estimate], stem: str) -> tuple[tuple[str, Estimate], ...]:
    """Pair estimates with the wording key of their label.

    The key is the stem, or the stem and the last parts of the id, whichever is worded; an
    estimate without a value and without a label of its own is left to the tables.
    """
    return tuple((_label(e, stem), e) for e in estimates)


def _label(estimate: Estimate, stem: str) -> str:
    parts = estimate.id.split(".")
    for start in range(1, len(parts)):
        key = ".".join([stem, *parts[start:]])
        if wording.has(key):
            return key
    return stem


def overall(evaluations: Iterable[Evaluation]) -> tuple[Estimate, ...]:
    """Return the leading estimate of each evaluation."""
    return tuple(evaluation.overall for evaluation in evaluations)


def all_checks(evaluations: Iterable[Evaluation]) -> tuple[Check, ...]:
    """Return the checks of all evaluations."""
    return tuple(check for evaluation in evaluations for check in evaluation.checks())


def goals(table: pd.DataFrame) -> pd.DataFrame:
    """Return the goals with their targets written as their reading asks."""
    return table if table.empty else table.assign(target=_words(table, _target))


def scorecard(table: pd.DataFrame) -> pd.DataFrame:
    """Return the scorecard with target, estimate and verdict in words."""
    if table.empty:
        return table
    readings = table.assign(unit=table["reading"])
    return table.assign(
        target=_words(readings, _target),
        estimate=_words(table, _estimate),
        verdict=_words(table, _verdict),
    )


def ingest(table: pd.DataFrame) -> pd.DataFrame:
    """Return the ingest counts with their reasons in words."""
    return table if table.empty else table.assign(reasons=_words(table, _reasons))


def lecturers(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with pseudonyms cut to what tells people apart on a page."""
    return table if table.empty else table.assign(lecturer_id=_words(table, _lecturer))


def _words(table: pd.DataFrame, write) -> list[dict[str, str]]:
    return [
        {language: write(row, language) for language in wording.LANGUAGES}
        for row in table.itertuples()
    ]


def _target(row, language: str) -> str:
    unit = registry.get(row.indicator).unit
    if row.unit == "relative":
        return wording.text("chapters.target_relative", language, value=row.target)
    return wording.in_unit(row.target, unit, language, effect=row.unit == "points")


def _estimate(row, language: str) -> str:
    if pd.isna(row.value):
        return wording.format_value(None, "", language)
    effect = row.reading != "level"
    value = wording.in_unit(row.value, row.unit, language, effect=effect)
    if pd.isna(row.ci_low):
        return value
    return wording.text(
        "chapters.estimate_interval",
        language,
        value=value,
        low=wording.in_unit(row.ci_low, row.unit, language, effect=effect),
        high=wording.in_unit(row.ci_high, row.unit, language, effect=effect),
    )


def _verdict(row, language: str) -> str:
    verdict = wording.text(f"value.verdict.{row.verdict}", language)
    if not row.reason:
        key = "chapters.with_comparison" if row.causal else "chapters.without_comparison"
        return wording.text(key, language, verdict=verdict)
    reason = wording.text(row.reason, language)
    return wording.text("report.labelled", language, label=verdict, value=reason)


def _reasons(row, language: str) -> str:
    # An accepted fault names its rule after a colon.
    words = [
        wording.text(
            "chapters.counted",
            language,
            what=wording.text(f"ingest.left_out.{name.partition(':')[0]}", language),
            n=n,
        )
        for name, n in json.loads(row.reasons).items()
    ]
    return wording.format_value(words, "", language) if words else ""


def _lecturer(row, language: str) -> str:
    return wording.text("chapters.lecturer", language, code=str(row.lecturer_id)[:6])
