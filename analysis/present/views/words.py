"""Result tables reshaped for display: rows chosen and sorted, cells put into words.

Nothing is computed; a cell that is a mapping holds its words by language.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis import wording
from analysis.indicators import registry
from analysis.results import Check, Estimate
from analysis.settings import Language

if TYPE_CHECKING:
    from analysis.causal import Evaluation

LOWEST = 15
"""Subjects shown where only the lowest matter."""


def lowest(table: pd.DataFrame, by: str = "value") -> pd.DataFrame:
    """Return the rows with the lowest values, the lowest first."""
    return table.nsmallest(LOWEST, by)


def worst(checks: Iterable[Check]) -> tuple[Check, ...]:
    """Return the checks that ask for something: failed, caution, not possible."""
    return tuple(check for check in checks if check.status != "passed")


def labelled(estimates: Sequence[Estimate], stem: str) -> tuple[tuple[str, Estimate], ...]:
    """Pair estimates with the wording key of their label.

    The key is the stem, or the stem and the last parts of the id, whichever is worded; ``any``
    stands for a last part that has no words of its own, as a number of months.
    """
    return tuple((_label(e, stem), e) for e in estimates)


def _label(estimate: Estimate, stem: str) -> str:
    parts = estimate.id.split(".")
    for named in (parts, [*parts[:-1], "any"]):
        for start in range(1, len(parts)):
            key = ".".join([stem, *named[start:]])
            if wording.has(key):
                return key
    return stem


def overall(evaluations: Iterable[Evaluation]) -> tuple[Estimate, ...]:
    """Return the leading estimate of each evaluation."""
    return tuple(evaluation.overall for evaluation in evaluations)


_DASH = dict.fromkeys(wording.LANGUAGES, "—")


def with_total(
    table: pd.DataFrame, head: str, amounts: Sequence[str], *, dashed: Sequence[str] = ()
) -> pd.DataFrame:
    """Return a table with the sum of its amounts as a last row; one of a single row as it is.

    Texts, and the numbers of the columns ``dashed``, are a dash there.
    """
    if len(table) < 2:
        return table
    said = {name for name in table if not table[name].isin(["", None]).all()}
    texts = {name for name in table if not pd.api.types.is_numeric_dtype(table[name])}
    last: dict[str, Any] = dict.fromkeys(table)
    last |= dict.fromkeys(said & texts | set(dashed), _DASH) | {"unit": None}
    last |= {name: table[name].sum(min_count=1) for name in amounts}
    last[head] = {name: wording.text("report.total", name) for name in wording.LANGUAGES}
    rows = table.astype(dict.fromkeys([head, *dashed], object)).to_dict("records")
    found = pd.DataFrame([*rows, last])[list(table)]
    numbers = [n for n in table if n not in texts | {head, *dashed}]
    return found.astype(dict.fromkeys(numbers, float))


def all_checks(evaluations: Iterable[Evaluation]) -> tuple[Check, ...]:
    """Return the checks of all evaluations."""
    return tuple(check for evaluation in evaluations for check in evaluation.checks())


def in_words(table: pd.DataFrame, write: Callable[[Any, str], str]) -> list[dict[str, str]]:
    """Return a cell for every row, its words by language."""
    return [
        {language: write(row, language) for language in wording.LANGUAGES}
        for row in table.itertuples()
    ]


def target(row: Any, language: Language) -> str:
    """Write a target as its reading asks."""
    unit = registry.get(row.indicator).unit
    if row.unit == "relative":
        return wording.text("chapters.target_relative", language, value=row.target)
    return wording.in_unit(row.target, unit, language, effect=row.unit == "points")


def by_methods(row: Any, unit: str, language: Language) -> str:
    """Write the range over methods that disagree on an effect."""
    low, high = (
        wording.in_unit(end, unit, language, effect=True)
        for end in (row.methods_low, row.methods_high)
    )
    return wording.text("report.by_methods", language, low=low, high=high)


def complaints(table: pd.DataFrame) -> pd.DataFrame:
    """Return one row per subject or post, its share in each arm and time in words.

    ``n`` is the number of complaints about it. A share with its interval reads
    ``12.3% (11.0 to 13.7)``.
    """
    (by,) = {"category", "post"} & set(table.columns)
    rows = []
    for name, mine in table.groupby(by, sort=False):
        row: dict[str, Any] = {"n": int(mine["hits"].sum())}
        row["subject"] = {
            language: _subject_of(str(name), language) for language in wording.LANGUAGES
        }
        for cell in mine.itertuples():
            row[f"{cell.arm}_{cell.when}"] = {
                language: _share_with_interval(cell, language) for language in wording.LANGUAGES
            }
        rows.append(row)
    columns = [f"{arm}_{when}" for arm in _ARMS for when in ("before", "since")]
    found = pd.DataFrame(rows).reindex(columns=["subject", "n", *columns]).astype(object)
    return found.where(found.notna(), "—")


def comment_themes(table: pd.DataFrame) -> pd.DataFrame:
    """Return the themes of comments by their titles."""

    def titled(row: Any, language: Language) -> str:
        if row.theme == "none":
            return wording.text("terms.no_theme", language)
        return str(row.title_zh if language == "zh_CN" else row.title_en)

    return table.assign(theme=in_words(table, titled))


_ARMS = ("treated", "comparison")


def _subject_of(name: str, language: Language) -> str:
    return wording.text("terms.unknown_post", language) if name == "unknown" else name


def _share_with_interval(cell: Any, language: Language) -> str:
    value = wording.format_value(cell.value, "pct1", language)
    low, high = (
        wording.format_value(100 * end, "num1", language) for end in (cell.ci_low, cell.ci_high)
    )
    return wording.text("terms.share_with_interval", language, value=value, low=low, high=high)
