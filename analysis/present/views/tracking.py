"""How the tables of the tracking report are put before the eye."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from analysis import wording
from analysis.present.views.words import by_methods, in_words, target
from analysis.results import Estimate, StageResults
from analysis.settings import Language


def targets(table: pd.DataFrame) -> pd.DataFrame:
    """Return targets in words: what a relative one means in the outcome's unit, what was agreed."""
    read = table.assign(outcome_unit=table["unit"], unit=table["reading"])
    return table.assign(target=in_words(read, _in_full), value=in_words(table, _found))


def beside_truth(table: pd.DataFrame) -> pd.DataFrame:
    """Return the outcomes by title, and behaviour by who rates it."""
    return table.assign(indicator=in_words(table, _whose))


def moved_apart(main: Any) -> tuple[str, Estimate] | None:
    """Return the sentence on how far trained and comparison sites moved apart."""
    return _against_others("causal.curve.moved_apart", (main.overall,))


def waits_for_reply(results: StageResults) -> tuple[str, Estimate] | None:
    """Return the sentence on how much longer or less customers wait for a first reply."""
    found = results.select("tracking.time_to_reply.att")
    return _against_others("causal.curve.waits.reply", found)


def waits_for_end(results: StageResults) -> tuple[str, Estimate] | None:
    """Return the sentence on how much longer or less tickets take."""
    found = results.select("tracking.time_to_resolve.att")
    return _against_others("causal.curve.waits.resolve", found)


def _against_others(key: str, found: Sequence[Estimate]) -> tuple[str, Estimate] | None:
    told = (e for e in found if e.comparison and e.value is not None and e.ci_low is not None)
    estimate = next(told, None)
    return None if estimate is None else (key, estimate)


def _whose(row: Any, language: Language) -> str:
    title = wording.indicator_title(row.indicator, language)
    if not row.stratum:
        return title
    role = wording.text(f"terms.role.{row.stratum}", language)
    return wording.text("causal.rated_by", language, title=title, role=role)


def _found(row: Any, language: Language) -> str:
    if pd.notna(row.methods_low):
        return by_methods(row, row.unit, language)
    return wording.format_value(row.value, "effect", language, unit=row.unit)


def _in_full(row: Any, language: Language) -> str:
    words = target(row, language)
    if row.reading == "relative" and row.outcome_unit != "relative" and pd.notna(row.threshold):
        means = wording.in_unit(row.threshold, row.outcome_unit, language, effect=True)
        words = wording.text("causal.reading.means", language, target=words, change=means)
    return wording.text(f"causal.reading.{row.agreed}", language, target=words)


def service_levels(table: pd.DataFrame) -> pd.DataFrame:
    """Return service levels with the groups in words."""
    return table.assign(which=in_words(table, _group))


def _group(row: Any, language: Language) -> str:
    prefix = {"kind": "terms.ticket_kind", "channel": "terms.reported_by"}.get(row.by)
    key = f"{prefix}.{row.which}"
    return wording.text(key, language) if prefix and wording.has(key) else str(row.which)


def followed(table: pd.DataFrame) -> pd.DataFrame:
    """Return levels and changes by period with the score and the indicators by title."""
    return table.assign(indicator=in_words(table, _what))


def _what(row: Any, language: Language) -> str:
    if row.indicator == "score":
        return wording.text("measurement.followed.score", language)
    return wording.indicator_title(row.indicator, language)
