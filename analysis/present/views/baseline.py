"""The tables of the baseline report for display: rows chosen, cells put into words."""

from __future__ import annotations

import json

import pandas as pd

from analysis import wording
from analysis.present.views.instruments import (
    eigenvalues,
    group_means,
    icc_forms,
    items,
    ladder,
    latent_means,
    loadings,
    open_means,
    other_items,
    raters,
    register,
    reliability,
    shifts,
    task_agreement,
    task_items,
    titles_of,
    worded,
)
from analysis.present.views.words import in_words, lowest
from analysis.results import StageResults
from analysis.settings import Language

__all__ = [
    "aapor",
    "appraisal",
    "balance",
    "broken_rules",
    "coverage",
    "coverage_gaps",
    "eigenvalues",
    "group_means",
    "icc_forms",
    "importance",
    "ingest",
    "items",
    "known_months",
    "ladder",
    "latent_means",
    "loadings",
    "lowest_known",
    "open_means",
    "other_items",
    "outside",
    "raters",
    "register",
    "reliability",
    "reply_reports",
    "role_composites",
    "role_dimensions",
    "roles",
    "scorecard",
    "shifts",
    "skill_gaps",
    "task_agreement",
    "task_items",
    "weighting",
]


def broken_rules(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rules that rows break, the most broken first."""
    rows = table[table["broken"] > 0].sort_values("broken", ascending=False, kind="stable")
    return rows.assign(column=in_words(rows, _columns))


def _columns(row, language: Language) -> str:
    names = [f"measurement.field.{name}" for name in row.column.split("/") if name]
    words = [wording.text(name, language) for name in names]
    return wording.format_value(words, "", language) if words else ""


def scorecard(table: pd.DataFrame) -> pd.DataFrame:
    """Return the scorecard with a dash where a side cannot be asked of a table."""
    sides = ("completeness", "validity", "uniqueness", "consistency", "lag_days")
    dash = dict.fromkeys(wording.LANGUAGES, "—")
    return table.assign(
        **{side: [dash if pd.isna(v) else v for v in table[side]] for side in sides}
    )


def weighting(results: StageResults) -> pd.DataFrame:
    """Return the mean as answered and as weighted, with what the weights cost."""
    rows = [
        {
            "indicator": e.indicator,
            "way": e.dims["weighting"],
            "value": e.value,
            "ci_low": e.ci_low,
            "ci_high": e.ci_high,
            "n": e.n,
            "design_effect": e.dims["design_effect"],
            "effective": e.dims["effective"],
        }
        for e in results.estimates
        if "weighting" in e.dims
    ]
    return pd.DataFrame(rows)


def aapor(results: StageResults) -> pd.DataFrame:
    """Return the rates of the survey standard, by their names."""
    rows = [
        (e.id.rpartition(".")[2], e.value, e.ci_low, e.ci_high, e.n)
        for e in results.select("baseline.aapor.")
        if e.value is not None
    ]
    return pd.DataFrame(rows, columns=["name", "value", "ci_low", "ci_high", "n"])


def roles(results: StageResults) -> pd.DataFrame:
    """Return behaviour by role of rater, questionnaires by title."""
    return _titled(results, "views")


def reply_reports(table: pd.DataFrame) -> pd.DataFrame:
    """Return what customers and the ticket log say of replies, counts in words."""
    return table.assign(late=["—" if pd.isna(n) else f"{int(n):,}" for n in table["late"]])


def role_dimensions(results: StageResults) -> pd.DataFrame:
    """Return behaviour by dimension and role, questionnaires by title."""
    return _titled(results, "role_dimensions")


def role_composites(results: StageResults) -> pd.DataFrame:
    """Return the composites of the roles, with dimension and weights in words."""
    frame = _titled(results, "role_composites")
    if frame.empty:
        return frame
    whole = {
        language: wording.text("measurement.all_items", language) for language in wording.LANGUAGES
    }
    return frame.assign(
        dimension=[name or whole for name in frame["dimension"]],
        weighting=in_words(frame, _role_weighting),
    )


def _role_weighting(row, language: Language) -> str:
    kind, _, role = row.weighting.partition(".")
    if not role:
        return wording.text(f"measurement.role_weighting.{kind}", language)
    named = wording.text(f"terms.role.{role}", language)
    return wording.text("measurement.role_weighting.without", language, role=named)


def _titled(results: StageResults, name: str) -> pd.DataFrame:
    frame, titles = results.table_or_empty(name), titles_of(results)
    if frame.empty:
        return frame
    return frame.assign(title=[titles.get(known, known) for known in frame["instrument"]])


def ingest(table: pd.DataFrame) -> pd.DataFrame:
    """Return the ingest counts with their reasons in words."""
    return table.assign(reasons=in_words(table, _reasons))


def _reasons(row, language: Language) -> str:
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


def lowest_known(table: pd.DataFrame) -> pd.DataFrame:
    """Return the sites with the lowest return rate, those without a rate left out."""
    return lowest(table[table["value"].notna()])


def known_months(table: pd.DataFrame) -> pd.DataFrame:
    """Return the months that have a return rate."""
    return table[table["value"].notna()]


def skill_gaps(table: pd.DataFrame) -> pd.DataFrame:
    """Return the gaps with their intervals in words, the widest first."""
    return table.assign(interval=in_words(table, _gap_interval))


def _gap_interval(row, language: Language) -> str:
    if pd.isna(row.ci_low):
        return "—"
    low, high = (wording.format_value(end, "num1", language) for end in (row.ci_low, row.ci_high))
    return wording.text("report.interval", language, low=low, high=high)


def coverage(results: StageResults) -> pd.DataFrame:
    """Return one row per module and behaviour: what measures it, and what is named without data."""
    matrix = results.table_or_empty("coverage")
    if matrix.empty:
        return matrix
    rows = []
    for (module, behaviour), mine in matrix.groupby(["module", "behaviour"], sort=False):
        known = mine.loc[mine["measured"].astype(bool), "indicator"].tolist()
        bare = [name for name in mine["indicator"] if name and name not in known]
        rows.append(
            {
                "module": module,
                "behaviour": behaviour,
                "measured_by": _listed(results, known),
                "not_measured": _listed(results, bare),
            }
        )
    return pd.DataFrame(rows)


def coverage_gaps(results: StageResults) -> pd.DataFrame:
    """Return the gaps of the coverage matrix, items in their own words."""
    gaps = results.table_or_empty("coverage_gaps")
    return (
        gaps.assign(name=[_listed(results, [name]) for name in gaps["name"]]) if len(gaps) else gaps
    )


def _listed(results: StageResults, names: list[str]) -> dict[str, str]:
    """Return indicators by title and items by wording, as one list."""
    table = results.table_or_empty("instrument_items")
    items = {f"{r.instrument}.{r.item}": r.wording for r in table.itertuples() if r.wording}
    listed = {}
    for language in wording.LANGUAGES:
        words = [items.get(name) or wording.indicator_title(name, language) for name in names]
        listed[language] = wording.format_value(words, "", language) if words else "—"
    return listed


def appraisal(table: pd.DataFrame) -> pd.DataFrame:
    """Return the sites in three bands with the ranges of their ranks, and no single rank.

    A site is in the upper or lower third where chance alone does not move it out of it.
    """
    third = len(table) / 3
    low, high = table["chance_low"], table["chance_high"]
    band = pd.Series("middle", index=table.index).mask(high <= third, "top")
    band = band.mask(low > 2 * third, "bottom")
    shown = table.assign(
        band=band,
        weights_range=in_words(table, _rank_range("weights")),
        chance_range=in_words(table, _rank_range("chance")),
        order=band.map({"top": 0, "middle": 1, "bottom": 2}),
    )
    return shown.sort_values(["order", "site_id"], ignore_index=True)


def _rank_range(name: str):
    def write(row, language: Language) -> str:
        low, high = getattr(row, f"{name}_low"), getattr(row, f"{name}_high")
        if low == high:
            return str(low)
        return wording.text("report.interval", language, low=str(low), high=str(high))

    return write


def importance(results: StageResults) -> pd.DataFrame:
    """Return importance and performance of the items, in the items' own words."""
    frame = worded(results, results.table_or_empty("importance_performance"))
    return frame if frame.empty else frame.rename(columns={"wording": "label"})


def outside(table: pd.DataFrame) -> pd.DataFrame:
    """Return the sites outside the range of propensities that both arms share."""
    return table[table["outside"]].reset_index(drop=True)


def balance(table: pd.DataFrame) -> pd.DataFrame:
    """Return the balance table with characteristics and levels in words."""
    names = [
        f"terms.property_type.{row.level}"
        if row.covariate == "property_type"
        else row.level or f"measurement.covariate.{row.covariate}"
        for row in table.itertuples()
    ]
    return table.assign(characteristic=names)
