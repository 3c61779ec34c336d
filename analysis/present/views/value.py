"""How the tables of the value report are put before the eye: rows chosen, cells put into words."""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis import wording
from analysis.indicators import registry
from analysis.present import sentences
from analysis.present.views.words import in_words, target


def benefits(table: pd.DataFrame) -> pd.DataFrame:
    """Return the benefits, the gain in its unit and the money with what it is for."""
    return table.assign(effect=in_words(table, _gain), money=in_words(table, _money))


def _gain(row: Any, language: str) -> str:
    unit = registry.get(row.indicator).unit
    return "—" if pd.isna(row.effect) else wording.in_unit(row.effect, unit, language)


def _money(row: Any, language: str) -> str:
    return "—" if pd.isna(row.money) else wording.format_value(row.money, "num2", language)


def actions(table: pd.DataFrame) -> pd.DataFrame:
    """Return the proposals, those for several subjects as one row that names them all."""
    keys = ["priority", "action", "owner", "due_on"]
    joined = table.groupby(keys, as_index=False, sort=False).agg(
        subject=("subject", list), source=("source", "first")
    )
    return joined.assign(subject=in_words(joined, _subjects))


def _subjects(row: Any, language: str) -> str:
    named = [sentences.subject_of(row.action, s, language) for s in dict.fromkeys(row.subject) if s]
    return wording.format_value(named, "", language) if named else ""


def earlier_actions(table: pd.DataFrame) -> pd.DataFrame:
    """Return the earlier actions with what they are about in words."""
    return table.assign(finding=in_words(table, _about))


def _about(row: Any, language: str) -> str:
    about = "" if pd.isna(row.finding) else str(row.finding)
    return sentences.subject_of(str(row.action), about, language) if about else ""


def scorecard(table: pd.DataFrame) -> pd.DataFrame:
    """Return the scorecard with target, estimate and verdict in words."""
    readings = table.assign(unit=table["reading"])
    return table.assign(
        target=in_words(readings, target),
        estimate=in_words(table, _estimate),
        verdict=in_words(table, _verdict),
    )


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
