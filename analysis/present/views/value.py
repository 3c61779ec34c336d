"""How the tables of the value report are put before the eye: rows chosen, cells put into words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from analysis import wording
from analysis.indicators import registry
from analysis.present import sentences
from analysis.present.plots.axes import unit_word
from analysis.present.views.monitoring import gates as gates
from analysis.present.views.words import by_methods, in_words, target, with_total
from analysis.results import StageResults
from analysis.settings import Language


def benefits(table: pd.DataFrame) -> pd.DataFrame:
    """Return the benefits with gain, price, quantity and amount in their units, and their sum."""
    shown = table.assign(
        effect=in_words(table, _gain),
        money=in_words(table, money),
        exposure=in_words(table, quantity),
        interval=in_words(table, _amount_interval),
        break_even=in_words(table, _break_even),
    )
    return with_total(shown, "indicator", ["amount"], dashed=["factor"])


def costs(table: pd.DataFrame) -> pd.DataFrame:
    """Return the costs by category, and their sum."""
    return with_total(table, "category", ["amount"])


def assumptions(table: pd.DataFrame) -> pd.DataFrame:
    """Return the tornado with what moves in words."""
    return table.assign(label=in_words(table, _assumption))


def drives_most(results: StageResults) -> tuple[str, dict[str, Any]] | None:
    """Return the sentence on the assumption that moves the net return most."""
    table = results.table_or_empty("tornado")
    if table.empty:
        return None
    span = (table["high"] - table["low"]).abs()
    most = assumptions(table).loc[span.idxmax()]
    return "value.tornado.most", {name: most[name] for name in ("label", "low", "high")}


def _assumption(row: Any, language: Language) -> str:
    title = sentences.indicator_title(row.indicator, language)
    return wording.text(f"value.tornado.{row.input}", language, indicator=title)


def _gain(row: Any, language: Language) -> str:
    if pd.notna(row.methods_low):
        return by_methods(row, registry.get(row.indicator).unit, language)
    unit = registry.get(row.indicator).unit
    if pd.isna(row.effect):
        return "—"
    return wording.in_unit(row.effect, unit, language, effect=True).removeprefix("+")


def money(row: Any, language: Language) -> str:
    """Write what one unit is worth, per what it is counted for."""
    return "—" if pd.isna(row.money) else _per(f"price.{row.basis}", row.money, language)


def _break_even(row: Any, language: Language) -> str:
    if pd.isna(row.break_even):
        return "—"
    if row.break_even <= 0:
        return wording.text("value.pays_without", language)
    unit = registry.get(row.indicator).unit
    return wording.format_value(row.break_even, "size", language, unit=unit)


def quantity(row: Any, language: Language) -> str:
    """Write how many site-months or household-months count."""
    return "—" if pd.isna(row.exposure) else _per(f"quantity.{row.basis}", row.exposure, language)


def _per(key: str, value: float, language: Language) -> str:
    return wording.text(f"value.{key}", language, value=value)


def _amount_interval(row: Any, language: Language) -> str:
    if pd.isna(row.amount_low):
        return "—"
    low, high = (
        wording.format_value(end, "cny", language) for end in (row.amount_low, row.amount_high)
    )
    return wording.text("report.interval", language, low=low, high=high)


def options(table: pd.DataFrame) -> pd.DataFrame:
    """Return the options with price, return and ratio in words; why not, where one is not known."""
    return table.assign(
        price=in_words(table, _option_range("cost_low", "cost_high", "cny")),
        returned=in_words(table, _option_return),
        ratio=in_words(table, _option_range("ratio_low", "ratio_high", "num2")),
        otherwise=in_words(table, _option_range("ratio_least", "ratio_most", "num2")),
    )


def _option_range(low: str, high: str, spec: str) -> Callable[[Any, str], str]:
    def told(row: Any, language: Language) -> str:
        ends = (getattr(row, low), getattr(row, high))
        if any(map(pd.isna, ends)):
            return "—"
        first, last = (wording.format_value(end, spec, language) for end in ends)
        return (
            first
            if first == last
            else wording.text("report.interval", language, low=first, high=last)
        )

    return told


def _option_return(row: Any, language: Language) -> str:
    if row.reason is not None and pd.notna(row.reason):
        return wording.text(row.reason, language)
    words = {
        name: wording.format_value(getattr(row, name), "cny", language)
        for name in ("benefit", "benefit_low", "benefit_high")
    }
    value, low, high = words.values()
    return wording.text("chapters.estimate_interval", language, value=value, low=low, high=high)


def unpriced(table: pd.DataFrame) -> pd.DataFrame:
    """Return the effects without a price; a range where methods disagree on one."""
    shown = table.assign(value=in_words(table, _effect))
    return shown.assign(
        **{end: table[end].where(~table["disputed"].astype(bool)) for end in ("ci_low", "ci_high")}
    )


def _effect(row: Any, language: Language) -> str:
    if row.disputed:
        return by_methods(row, row.unit, language)
    return wording.format_value(row.value, "effect", language, unit=row.unit)


def actions(table: pd.DataFrame) -> pd.DataFrame:
    """Return the proposals, those for several subjects as one row that names them all."""
    keys = ["priority", "action", "owner", "due_on"]
    joined = table.groupby(keys, as_index=False, sort=False).agg(
        subject=("subject", list), source=("source", "first")
    )
    return joined.assign(subject=in_words(joined, _subjects))


def _subjects(row: Any, language: Language) -> str:
    named = [sentences.subject_of(row.action, s, language) for s in dict.fromkeys(row.subject) if s]
    return wording.format_value(named, "", language) if named else ""


def earlier_actions(table: pd.DataFrame) -> pd.DataFrame:
    """Return the earlier actions with what they are about in words."""
    return table.assign(finding=in_words(table, _about))


def _about(row: Any, language: Language) -> str:
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


def goals_drawn(table: pd.DataFrame) -> pd.DataFrame:
    """Return the goals that have an estimate, as the figure takes them."""
    shown = table[table["value"].notna()]
    return shown.assign(target=shown["threshold"], label=in_words(shown, _goal))


def _goal(row: Any, language: Language) -> str:
    return wording.text(
        "value.goal_drawn" if row.reading == "level" else "value.goal_change_drawn",
        language,
        goal=wording.indicator_title(row.indicator, language),
        horizon=sentences.label(row.horizon, language, "design.horizon"),
        unit=unit_word(row.unit, language, effect=True),
    )


def _estimate(row, language: Language) -> str:
    if pd.notna(row.methods_low):
        return by_methods(row, row.unit, language)
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


def _verdict(row, language: Language) -> str:
    verdict = wording.text(f"value.verdict.{row.verdict}", language)
    if not row.reason:
        key = "chapters.with_comparison" if row.causal else "chapters.without_comparison"
        return wording.text(key, language, verdict=verdict)
    reason = wording.text(row.reason, language)
    return wording.text("report.labelled", language, label=verdict, value=reason)


def outlook_kept(table: pd.DataFrame) -> pd.DataFrame:
    """Return forecast and result with gains, quantities and intervals in words."""

    def gain(column: str, spec: str = "effect") -> Callable[[Any, Language], str]:
        def written(row: Any, language: Language) -> str:
            number, unit = getattr(row, column), registry.get(row.indicator).unit
            return (
                "—" if pd.isna(number) else wording.format_value(number, spec, language, unit=unit)
            )

        return written

    def interval(row: Any, language: Language) -> str:
        if pd.isna(row.effect_low):
            return "—"
        low, high = (gain(name)(row, language) for name in ("effect_low", "effect_high"))
        return wording.text("report.interval", language, low=low, high=high)

    planned = table.assign(exposure=table["planned_exposure"])
    return table.assign(
        planned_break_even=in_words(table, gain("planned_break_even", "size")),
        target=in_words(table, gain("target", "size")),
        gained=in_words(table, gain("effect")),
        gained_interval=in_words(table, interval),
        interval=in_words(table, _amount_interval),
        planned_quantity=in_words(planned, quantity),
        counted_quantity=in_words(table, quantity),
    )
