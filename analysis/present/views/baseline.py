"""The tables of the baseline report for the eye: rows chosen, cells put into words."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pandas as pd

from analysis import wording
from analysis.present.views.words import in_words, lowest
from analysis.results import Estimate, StageResults

_SOURCES = ("surveys", "reactions", "ratings")
_MEASURES = ("cronbach_alpha", "mcdonald_omega", "average_variance_extracted")
_FITS = ("cfi", "rmsea", "srmr")


def broken_rules(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rules that rows break, the most broken first."""
    rows = table[table["broken"] > 0].sort_values("broken", ascending=False, kind="stable")
    return rows.assign(column=in_words(rows, _columns))


def _columns(row, language: str) -> str:
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
    check = next((c for c in results.checks if c.id == "baseline.weights.design_effect"), None)
    rows = [
        {
            "way": e.dims["weighting"],
            "value": e.value,
            "ci_low": e.ci_low,
            "ci_high": e.ci_high,
            "n": e.n,
            "design_effect": check.params["effect"] if e.dims["weighting"] == "weighted" else 1.0,
            "effective": check.params["effective"] if e.dims["weighting"] == "weighted" else e.n,
        }
        for e in results.estimates
        if "weighting" in e.dims and check is not None
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
    frame, titles = results.table("views"), _titles(results)
    if frame.empty:
        return frame
    return frame.assign(title=[titles.get(name, name) for name in frame["instrument"]])


def ingest(table: pd.DataFrame) -> pd.DataFrame:
    """Return the ingest counts with their reasons in words."""
    return table.assign(reasons=in_words(table, _reasons))


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


def lowest_known(table: pd.DataFrame) -> pd.DataFrame:
    """Return the sites with the lowest return rate, those without a rate left out."""
    return lowest(table[table["value"].notna()])


def known_months(table: pd.DataFrame) -> pd.DataFrame:
    """Return the months that have a return rate."""
    return table[table["value"].notna()]


def register(table: pd.DataFrame) -> pd.DataFrame:
    """Return the questionnaires with their titles and scales in words."""
    return table.assign(
        title=[_title(row) for row in table.itertuples()],
        scale=in_words(table, _scale),
        reversed=[f"measurement.reversed.{bool(v)}".lower() for v in table["reversed"]],
    )


def _title(row) -> dict[str, str]:
    return {"zh_CN": row.title_zh_CN, "en": row.title_en}


def _scale(row, language: str) -> str:
    low, high = (f"{end:g}" for end in (row.scale_min, row.scale_max))
    return wording.text("report.interval", language, low=low, high=high)


def reliability(results: StageResults) -> pd.DataFrame:
    """Return one row a questionnaire: alpha, omega, variance extracted, fit.

    Of several dimensions the one with the lowest omega, or variance extracted, is shown.
    """
    titles = _titles(results)
    found: dict[tuple[str, str], dict[str, Estimate]] = {}
    for estimate in results.select("baseline."):
        if estimate.estimand in (*_MEASURES, *_FITS) and "instrument" in estimate.dims:
            key = (str(estimate.dims["source"]), str(estimate.dims["instrument"]))
            mine = found.setdefault(key, {})
            known = mine.get(estimate.estimand)
            if known is None or (estimate.value or 0) < (known.value or 0):
                mine[estimate.estimand] = estimate
    rows = [
        {
            "title": titles.get(instrument, instrument),
            "n": max((e.n for e in mine.values()), default=0),
            **{name: _with_interval(mine.get(name)) for name in (*_MEASURES, *_FITS)},
        }
        for (_, instrument), mine in found.items()
    ]
    return pd.DataFrame(rows)


def _with_interval(estimate: Estimate | None) -> dict[str, str]:
    if estimate is None or estimate.value is None:
        return dict.fromkeys(wording.LANGUAGES, "—")
    cells = {}
    for language in wording.LANGUAGES:
        spec = "num3" if estimate.estimand in _FITS else "num2"
        words = wording.format_value(estimate.value, spec, language)
        if estimate.ci_low is not None:
            ends = [
                wording.format_value(end, spec, language)
                for end in (estimate.ci_low, estimate.ci_high)
            ]
            words = wording.text(
                "chapters.baseline.with_interval", language, value=words, low=ends[0], high=ends[1]
            )
        cells[language] = words
    return cells


def items(results: StageResults) -> pd.DataFrame:
    """Return the statistics of the customer questionnaire's items, in the items' own words."""
    return _worded(results, results.table("items_surveys"))


def other_items(results: StageResults) -> pd.DataFrame:
    """Return the statistics of the items of every other questionnaire."""
    frames = [results.table(f"items_{source}") for source in _SOURCES[1:]]
    return _worded(results, _stacked(frames))


def loadings(results: StageResults) -> pd.DataFrame:
    """Return the standardised loadings of all questionnaires, in the items' own words."""
    frame = _worded(results, _stacked([results.table(f"loadings_{s}") for s in _SOURCES]))
    if frame.empty:
        return frame
    one = {
        language: wording.text("measurement.one_dimension", language)
        for language in wording.LANGUAGES
    }
    return frame.assign(factor=[one if f == "all" else f for f in frame["factor"]])


def eigenvalues(results: StageResults) -> pd.DataFrame:
    """Return the eigenvalues of all questionnaires against noise."""
    frame = _stacked([results.table(f"eigenvalues_{s}") for s in _SOURCES])
    if frame.empty:
        return frame
    titles = _titles(results)
    named = [titles.get(name, name) for name in frame["instrument"]]
    return frame.assign(key=frame["instrument"], instrument=named)


def icc_forms(results: StageResults) -> pd.DataFrame:
    """Return the six intraclass correlations of each questionnaire with what they count."""
    frame, titles = results.table("icc_forms"), _titles(results)
    if frame.empty:
        return frame
    return frame.assign(
        title=[titles.get(name, name) for name in frame["instrument"]],
        meaning=frame["form"],
        value=in_words(frame, _value_with_ends),
        chosen=frame["chosen"].map({True: "yes", False: "no"}),
    )


def _value_with_ends(row, language: str) -> str:
    if pd.isna(row.value):
        return "—"
    words = [
        wording.format_value(v, "num2", language) for v in (row.value, row.ci_low, row.ci_high)
    ]
    return wording.text(
        "chapters.baseline.with_interval", language, value=words[0], low=words[1], high=words[2]
    )


def raters(results: StageResults) -> pd.DataFrame:
    """Return the agreement of raters by item, in the items' own words."""
    return _worded(results, results.table("raters"))


def group_means(results: StageResults) -> pd.DataFrame:
    """Return the means that the gate lets be compared, groups in words."""
    return _by_group(results, results.table("group_means"))


def latent_means(results: StageResults) -> pd.DataFrame:
    """Return latent means of the groups whose raw means the gate refuses."""
    return _by_group(results, _refused(results, "latent_means"))


def shifts(results: StageResults) -> pd.DataFrame:
    """Return by how much each group scores an item differently at equal satisfaction."""
    return _by_group(results, _worded(results, _refused(results, "intercept_shifts")))


def ladder(results: StageResults) -> pd.DataFrame:
    """Return the steps of the gate for every kind of group."""
    frames = [
        frame.assign(by=name.rpartition("surveys_")[2])
        for name, frame in results.tables.items()
        if name.startswith("invariance_surveys_")
    ]
    return _stacked(frames)


def _refused(results: StageResults, kind: str) -> pd.DataFrame:
    frames = []
    for check in results.checks:
        if ".invariance." not in check.id or check.status != "failed":
            continue
        by = check.dims["by"]
        frame = results.table(f"{kind}_surveys_{by}")
        if len(frame):
            mine = frame[frame["instrument"] == check.dims["instrument"]]
            frames.append(mine.assign(by=by))
    return _stacked(frames)


def _by_group(results: StageResults, frame: pd.DataFrame) -> pd.DataFrame:
    if frame.empty:
        return frame
    titles = _titles(results)
    words = [_group(str(name), by) for name, by in zip(frame["group"], frame["by"], strict=True)]
    return frame.assign(
        group=words, instrument=[titles.get(name, name) for name in frame["instrument"]]
    )


def _group(name: str, by: str) -> str:
    keys = {"property_type": f"terms.property_type.{name}", "time": f"measurement.time.{name}"}
    key = keys.get(by, "")
    return key if key and wording.has(key) else name


def skill_gaps(table: pd.DataFrame) -> pd.DataFrame:
    """Return the gaps with their intervals in words, the widest first."""
    return table.assign(interval=in_words(table, _gap_interval))


def _gap_interval(row, language: str) -> str:
    if pd.isna(row.ci_low):
        return "—"
    low, high = (wording.format_value(end, "num1", language) for end in (row.ci_low, row.ci_high))
    return wording.text("report.interval", language, low=low, high=high)


def coverage(results: StageResults) -> pd.DataFrame:
    """Return one row a module and behaviour: what measures it, and what is named without data."""
    matrix = results.table("coverage")
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
    gaps = results.table("coverage_gaps")
    return (
        gaps.assign(name=[_listed(results, [name]) for name in gaps["name"]]) if len(gaps) else gaps
    )


def _listed(results: StageResults, names: list[str]) -> dict[str, str]:
    """Return indicators by title and items by wording, as one list."""
    table = results.table("instrument_items")
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
    def write(row, language: str) -> str:
        low, high = getattr(row, f"{name}_low"), getattr(row, f"{name}_high")
        if low == high:
            return str(low)
        return wording.text("report.interval", language, low=str(low), high=str(high))

    return write


def importance(results: StageResults) -> pd.DataFrame:
    """Return importance and performance of the items, in the items' own words."""
    frame = _worded(results, results.table("importance_performance"))
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


def _titles(results: StageResults) -> Mapping[str, dict[str, str]]:
    table = results.table("instrument_register")
    return {row.instrument: _title(row) for row in table.itertuples()}


def _worded(results: StageResults, frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame of items with their ``wording`` and the ``title`` of the questionnaire."""
    if frame.empty:
        return frame
    table, titles = results.table("instrument_items"), _titles(results)
    words = {(r.instrument, r.item): r.wording for r in table.itertuples() if r.wording}
    keys = list(zip(frame["instrument"], frame["item"], strict=True))
    return frame.assign(
        wording=[words.get(key) or key[1] for key in keys],
        title=[titles.get(instrument, instrument) for instrument, _ in keys],
    )


def _stacked(frames: list[pd.DataFrame]) -> pd.DataFrame:
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame()
