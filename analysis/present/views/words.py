"""Result tables reshaped for the eye: rows chosen and sorted, cells put into words.

Nothing is computed; a cell that is a mapping holds its words by language.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from analysis import wording
from analysis.indicators import registry
from analysis.results import Check, Estimate, StageResults

if TYPE_CHECKING:
    from analysis.causal import Evaluation

LOWEST = 15
"""Subjects shown where only the lowest matter."""


def lowest(table: pd.DataFrame, by: str = "value") -> pd.DataFrame:
    """Return the rows with the lowest values, the lowest first."""
    return table.nsmallest(LOWEST, by)


def power(table: pd.DataFrame) -> pd.DataFrame:
    """Return power by number of sites, a series by formula and one by simulation."""
    names = {"power_formula": "design.series.formula", "power_simulated": "design.series.simulated"}
    long = table.melt(
        id_vars="n_sites", value_vars=list(names), var_name="series", value_name="power"
    )
    return long.assign(series=long["series"].map(names))


def contradictions(table: pd.DataFrame) -> pd.DataFrame:
    """Return the contradictions with the wording keys of question and chosen reading."""
    chosen = [
        "chapters.design.reading_open"
        if row.open
        else f"design.conflicts.{row.conflict}.{row.reading}"
        for row in table.itertuples()
    ]
    return table.assign(
        question=[f"design.conflicts.{id}.question" for id in table["conflict"]], reading=chosen
    )


def worst_chart(results: StageResults) -> pd.DataFrame:
    """Return the chart of the subject with the most signals on the bad side; empty without any."""
    chart, found = results.table("chart"), results.table("chart_signals")
    if chart.empty or found.empty or not (found["worse"] > 0).any():
        return chart.iloc[:0]
    first = found.sort_values("worse", ascending=False, kind="stable")["subject"].iloc[0]
    return chart[chart["subject"] == first]


def signals(table: pd.DataFrame) -> pd.DataFrame:
    """Return the subjects that have signals on the bad side, the most first."""
    return table[table["worse"] > 0].sort_values("worse", ascending=False, kind="stable")


def broken_rules(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rules that rows break, the most broken first."""
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
    return table.assign(target=_words(table, _target))


def scorecard(table: pd.DataFrame) -> pd.DataFrame:
    """Return the scorecard with target, estimate and verdict in words."""
    readings = table.assign(unit=table["reading"])
    return table.assign(
        target=_words(readings, _target),
        estimate=_words(table, _estimate),
        verdict=_words(table, _verdict),
    )


def ingest(table: pd.DataFrame) -> pd.DataFrame:
    """Return the ingest counts with their reasons in words."""
    return table.assign(reasons=_words(table, _reasons))


def lecturers(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with pseudonyms cut to what tells people apart on a page."""
    return table.assign(lecturer_id=_words(table, _lecturer))


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
