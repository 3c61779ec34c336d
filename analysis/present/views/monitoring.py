"""The tables of the monitoring report for display: rows chosen, cells put into words."""

from __future__ import annotations

import pandas as pd

from analysis import wording
from analysis.present import sentences
from analysis.present.plots.monitoring import MOST_PANELS
from analysis.present.views.words import comment_themes as comment_themes
from analysis.present.views.words import in_words, with_total
from analysis.results import Estimate, StageResults
from analysis.settings import MIN_CELL, Language


def worst_chart(results: StageResults) -> pd.DataFrame:
    """Return the chart of the subject with the most signals on the bad side; empty without any."""
    chart, found = results.table_or_empty("chart"), results.table_or_empty("chart_signals")
    if chart.empty or found.empty or not (found["worse"] > 0).any():
        return chart.iloc[:0]
    first = found.sort_values("worse", ascending=False, kind="stable")["subject"].iloc[0]
    return _shown(chart[chart["subject"] == first])


def multiples(results: StageResults) -> pd.DataFrame:
    """Return the charts of the first charted indicator of the sites with the most signals."""
    ranked = results.table_or_empty("sites_ranked")
    if ranked.empty:
        return ranked
    name = ranked["indicator"].iloc[0]
    chart = _shown(results.table_or_empty(f"charts_{name}"))
    sites = ranked.loc[ranked["indicator"] == name, "subject"]
    return _first(chart, sites[sites.isin(chart["subject"])])


def _shown(chart: pd.DataFrame) -> pd.DataFrame:
    """Return charts without points that rest on too few answers to be shown.

    A site more than half of whose points are hidden is left out: what is left is no chart of it.
    """
    if "few" not in chart or chart.empty:
        return chart
    hidden = chart["few"].astype(bool)
    most = hidden.groupby(chart["subject"]).transform("mean") > 0.5
    return chart[~hidden & ~most].drop(columns="few")


def weekly_worst(results: StageResults) -> pd.DataFrame:
    """Return the weekly chart of the site with the most signals for the worse, if any."""
    ranked = results.table_or_empty("weekly_opened_signals")
    if ranked.empty or not ranked["worse"].iloc[0]:
        return ranked.iloc[:0]
    chart = _by_day(results.table_or_empty("weekly_opened"))
    return chart[chart["subject"] == ranked["subject"].iloc[0]]


def weekly_opened(results: StageResults) -> pd.DataFrame:
    """Return the weekly charts of work orders of the sites with the most signals."""
    return _weekly(results, "opened")


def weekly_in_time(results: StageResults) -> pd.DataFrame:
    """Return the weekly charts of the share resolved in time of the sites with the most."""
    return _weekly(results, "in_time")


def _weekly(results: StageResults, what: str) -> pd.DataFrame:
    ranked = results.table_or_empty(f"weekly_{what}_signals")
    if ranked.empty:
        return ranked
    return _first(_by_day(results.table_or_empty(f"weekly_{what}")), ranked["subject"])


def _first(chart: pd.DataFrame, ranked: pd.Series) -> pd.DataFrame:
    """Return the charts of as many sites as a figure holds, in the order of ``ranked``."""
    order = {site: place for place, site in enumerate(ranked.head(MOST_PANELS))}
    chart = chart[chart["subject"].isin(order)]
    return chart.sort_values("subject", key=lambda sites: sites.map(order), kind="stable")


def _by_day(chart: pd.DataFrame) -> pd.DataFrame:
    """Return a weekly chart with its weeks as running days, as the plots take them."""
    days = pd.to_datetime(chart["week"])
    return chart.assign(period=(days - pd.Timestamp(1970, 1, 1)).dt.days)


_GRAVITY = ("check_key", "revise", "too_hard", "too_easy", "keep", "too_few")


def items_to_see(table: pd.DataFrame) -> pd.DataFrame:
    """Return the items of tests, those that need a look first."""
    return table.sort_values("verdict", key=lambda v: v.map(_GRAVITY.index), kind="stable")


def largest(table: pd.DataFrame) -> pd.DataFrame:
    """Return the ten largest classes."""
    return table.head(10)


def split(table: pd.DataFrame) -> pd.DataFrame:
    """Return a breakdown without single sessions, its subjects in words."""
    kept = table[table["by"] != "session"]
    return kept.assign(subject=in_words(kept, _part))


def _part(row, language: Language) -> str:
    if row.by == "lecturer_id":
        return wording.text("chapters.lecturer", language, code=str(row.subject)[:6])
    key = f"terms.{row.by}.{row.subject}"
    return wording.text(key, language) if wording.has(key) else str(row.subject)


def stages(table: pd.DataFrame) -> pd.DataFrame:
    """Return the stages of the programme, their spans in words."""

    def span(first: str, last: str):
        def written(row, language: Language) -> str:
            begins, ends = getattr(row, first), getattr(row, last)
            if pd.isna(begins):
                return "—"
            key = "monitoring.stage_since" if pd.isna(ends) else "monitoring.stage_days"
            filled = {"first": begins} if pd.isna(ends) else {"first": begins, "last": ends}
            return wording.text(key, language, **filled)

        return written

    def asked(row, language: Language) -> str:
        months = {"first": row.asked_from, "last": row.asked_to}
        return wording.text("monitoring.stage_months", language, **months)

    return table.assign(
        asked=in_words(table, asked),
        planned=in_words(table, span("planned_from", "planned_to")),
        actual=in_words(table, span("actual_from", "actual_to")),
    )


def ranked(table: pd.DataFrame) -> pd.DataFrame:
    """Return sites with signals on the bad side, by indicator, the most first."""
    return table[table["worse"] > 0]


def events(table: pd.DataFrame) -> pd.DataFrame:
    """Return the changes, those of all sites by that word."""

    def where(row, language: Language) -> str:
        return row.site_id or wording.text("monitoring.all_sites", language)

    return table.assign(where=in_words(table, where))


def gates(table: pd.DataFrame) -> pd.DataFrame:
    """Return the criteria with line and value in their units."""
    return table.assign(
        line=in_words(table, lambda row, language: _measured(row.line, row.unit, language)),
        value=in_words(table, lambda row, language: _measured(row.value, row.unit, language)),
        **{
            name: table[name].astype(object).fillna("—")
            for name in ("decided_by", "decided_on", "evidence")
        },
    )


def cycle(table: pd.DataFrame) -> pd.DataFrame:
    """Return the versions, the plan by its name."""
    return table.assign(rule=table["rule"].where(table["rule"] != "", "plan"))


def _measured(value: float | None, unit: str | None, language: Language) -> str:
    return "—" if pd.isna(value) else wording.in_unit(value, unit, language)


def subjects(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with subjects in words: pseudonyms cut, names of forms and categories."""
    shown = table.assign(subject=in_words(table, _subject))
    if "due_on" in shown:
        shown["due_on"] = shown["due_on"].where(shown["due_on"] != "", None)
    return shown


def contrast(results: StageResults) -> pd.DataFrame:
    """Return the looks of the primary outcome's contrast; empty where it was not possible."""
    found = results.select("monitoring.contrast.")
    return results.table_or_empty(f"contrast_{found[0].indicator}") if found else pd.DataFrame()


def contrasts(results: StageResults) -> pd.DataFrame:
    """Return the newest look of every contrast, with the interval of that day alone."""
    rows = [
        {
            "indicator": _titles(e),
            "sites": e.n_clusters,
            "value": _number(e, e.value),
            "planned_looks": _interval(e, e.dims.get("planned_low"), e.dims.get("planned_high")),
            "all_looks": _interval(e, e.ci_low, e.ci_high),
            "one_look": _interval(e, e.dims["fixed_low"], e.dims["fixed_high"]),
            "price": e.dims["price"],
        }
        for e in results.select("monitoring.contrast.")
    ]
    return pd.DataFrame(rows)


def task_levels(table: pd.DataFrame) -> pd.DataFrame:
    """Return the points of practical tasks with their change since before the course in words."""
    return table.assign(full=_points(table), moved=in_words(table, _moved))


def task_groups(table: pd.DataFrame) -> pd.DataFrame:
    """Return the points of simulations by post, and of the sites that scored lowest.

    Where no simulation was scored, those of the other tasks.
    """
    drills = table[table["kind"] == "simulation"]
    shown = drills if len(drills) else table
    sites = shown[(shown["by"] == "site") & (shown["n"] >= MIN_CELL)]
    lowest = sites.sort_values("value", kind="stable").groupby("task").head(_LOWEST)
    kept = shown[(shown["by"] == "post") | shown.index.isin(lowest.index)]
    return kept.assign(full=_points(kept))


_LOWEST = 5
"""Sites of a task that are shown, from the lowest."""


def _points(table: pd.DataFrame) -> list[str]:
    return [f"{full:g}" for full in table["full"]]


def _moved(row, language: Language) -> str:
    if pd.isna(row.change):
        return "—"
    write = {
        name: wording.format_value(getattr(row, name), "points", language)
        for name in ("change", "change_low", "change_high")
        if pd.notna(getattr(row, name))
    }
    form = "monitoring.task_change" if len(write) == 3 else "monitoring.task_change.alone"
    return wording.text(form, language, people=row.paired, **write)


def lecturer_kinds(table: pd.DataFrame) -> pd.DataFrame:
    """Return the standards of lecturers, kinds that were put together named in one row."""
    return table.assign(origin=in_words(table, _kinds), line=in_words(table, _years))


def _years(row, language: Language) -> str:
    if pd.notna(row.line):
        return wording.format_value(row.line, "int", language)
    return wording.text("monitoring.origin.each_own", language) if "+" in row.origin else "—"


def _kinds(row, language: Language) -> str:
    words = [wording.text(f"monitoring.origin.{kind}", language) for kind in row.origin.split("+")]
    return wording.format_value(words, "", language)


def lecturers(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with pseudonyms cut to what tells people apart on a page."""
    return table.assign(lecturer_id=in_words(table, _lecturer))


def _titles(estimate: Estimate) -> dict[str, str]:
    return {lang: wording.indicator_title(estimate.indicator, lang) for lang in wording.LANGUAGES}


def _number(estimate: Estimate, value: float | None) -> dict[str, str]:
    return {
        lang: wording.in_unit(value, estimate.unit, lang, effect=True) for lang in wording.LANGUAGES
    }


def _interval(estimate: Estimate, low: float | None, high: float | None) -> dict[str, str]:
    lows, highs = _number(estimate, low), _number(estimate, high)
    return {
        lang: wording.text("report.interval", lang, low=lows[lang], high=highs[lang])
        for lang in wording.LANGUAGES
    }


def _subject(row, language: Language) -> str:
    subject = str(row.subject)
    if row.rule.startswith("lecturer_"):
        return wording.text("chapters.lecturer", language, code=subject[:6])
    if row.rule != "pass_rate_low":
        return sentences.label(subject, language)
    name, _, form = subject.rpartition(" / ")
    return f"{name} / {sentences.label(f'monitoring.form.{form}', language)}"


def _lecturer(row, language: Language) -> str:
    return wording.text("chapters.lecturer", language, code=str(row.lecturer_id)[:6])


def budget(table: pd.DataFrame) -> pd.DataFrame:
    """Return planned and spent by category, and their sums; the reserve deviates from no plan."""
    dashed = ["deviation", "deviation_share"]
    return with_total(table, "category", ["planned", "actual"], dashed=dashed)


def prices(table: pd.DataFrame) -> pd.DataFrame:
    """Return planned prices, each beside the range of the price list in words."""

    def listed(row, language: Language) -> str:
        if pd.isna(row.list_low):
            return "—"
        ends = {"low": row.list_low, "high": row.list_high}
        return wording.text("monitoring.price_range", language, **ends)

    def one(row, language: Language) -> str:
        return wording.text("monitoring.price_one", language, price=row.unit_price)

    return table.assign(list=in_words(table, listed), unit_price=in_words(table, one))


def earned_value(table: pd.DataFrame) -> pd.DataFrame:
    """Return where the money is heading by category, and the sums."""
    amounts = ["budget", "earned", "actual", "left", "at_completion"]
    return with_total(table, "category", amounts)
