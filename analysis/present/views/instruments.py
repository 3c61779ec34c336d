"""Questionnaires, items, scales and raters for display, by their titles and wordings."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from analysis import wording
from analysis.present.views.words import in_words
from analysis.results import Estimate, StageResults
from analysis.settings import Language

_SOURCES = ("surveys", "reactions", "ratings")
_MEASURES = ("cronbach_alpha", "mcdonald_omega", "average_variance_extracted")
_FITS = ("cfi", "rmsea", "srmr")


def titles_of(results: StageResults) -> Mapping[str, dict[str, str]]:
    """Return the titles of the registered questionnaires, by language."""
    table = results.table_or_empty("instrument_register")
    return {row.instrument: _title(row) for row in table.itertuples()}


def worded(results: StageResults, frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame of items with their ``wording`` and the ``title`` of the questionnaire.

    An item whose wording the client file does not give is called by its identifier.
    """
    if frame.empty:
        return frame
    table, titles = results.table_or_empty("instrument_items"), titles_of(results)
    known = table.dropna(subset=["wording"])
    words = {(r.instrument, r.item): r.wording for r in known.itertuples() if r.wording}
    keys = list(zip(frame["instrument"], frame["item"], strict=True))
    return frame.assign(
        wording=[words.get(key) or key[1] for key in keys],
        title=[titles.get(instrument, instrument) for instrument, _ in keys],
    )


def stacked(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """Return frames one below the other; those without rows are left out."""
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame()


def register(table: pd.DataFrame) -> pd.DataFrame:
    """Return the questionnaires with their titles and scales in words."""
    return table.assign(
        title=[_title(row) for row in table.itertuples()],
        scale=in_words(table, _scale),
        reversed=[f"measurement.reversed.{bool(v)}".lower() for v in table["reversed"]],
    )


def _title(row) -> dict[str, str]:
    return {"zh_CN": row.title_zh_CN, "en": row.title_en}


def _scale(row, language: Language) -> str:
    low, high = (f"{end:g}" for end in (row.scale_min, row.scale_max))
    return wording.text("report.interval", language, low=low, high=high)


def reliability(results: StageResults) -> pd.DataFrame:
    """Return one row per questionnaire: alpha, omega, variance extracted, fit.

    Of several dimensions the one with the lowest omega, or variance extracted, is shown.
    """
    titles = titles_of(results)
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
    return worded(results, results.table_or_empty("items_surveys"))


def other_items(results: StageResults) -> pd.DataFrame:
    """Return the statistics of the items of every other questionnaire."""
    frames = [results.table_or_empty(f"items_{source}") for source in _SOURCES[1:]]
    return worded(results, stacked(frames))


def loadings(results: StageResults) -> pd.DataFrame:
    """Return the standardised loadings of all questionnaires, in the items' own words."""
    frame = worded(results, stacked([results.table_or_empty(f"loadings_{s}") for s in _SOURCES]))
    if frame.empty:
        return frame
    one = {
        language: wording.text("measurement.one_dimension", language)
        for language in wording.LANGUAGES
    }
    return frame.assign(factor=[one if f == "all" else f for f in frame["factor"]])


def eigenvalues(results: StageResults) -> pd.DataFrame:
    """Return the eigenvalues of all questionnaires against noise."""
    frame = stacked([results.table_or_empty(f"eigenvalues_{s}") for s in _SOURCES])
    if frame.empty:
        return frame
    titles = titles_of(results)
    named = [titles.get(name, name) for name in frame["instrument"]]
    return frame.assign(key=frame["instrument"], instrument=named)


def icc_forms(results: StageResults) -> pd.DataFrame:
    """Return the six intraclass correlations of each questionnaire with what they count."""
    frame, titles = results.table_or_empty("icc_forms"), titles_of(results)
    if frame.empty:
        return frame
    return frame.assign(
        title=[titles.get(name, name) for name in frame["instrument"]],
        meaning=frame["form"],
        value=in_words(frame, _value_with_ends),
        chosen=frame["chosen"].map({True: "yes", False: "no"}),
    )


def _value_with_ends(row, language: Language) -> str:
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
    table = results.table_or_empty("raters")
    ends = table.rename(columns={"ac2": "value", "ac2_low": "ci_low", "ac2_high": "ci_high"})
    return worded(results, table.assign(ac2=in_words(ends, _value_with_ends)))


def task_agreement(table: pd.DataFrame) -> pd.DataFrame:
    """Return the agreement of assessors of practical tasks, with intervals in words."""
    mean = {"mean": "value", "mean_low": "ci_low", "mean_high": "ci_high"}
    together = table.drop(columns=list(mean.values())).rename(columns=mean)
    return table.assign(
        form=[form or "—" for form in table["form"]],
        single=in_words(table, _value_with_ends),
        together=in_words(together, _value_with_ends),
    )


def task_items(table: pd.DataFrame) -> pd.DataFrame:
    """Return the agreement on behaviour in videos, with intervals in words."""
    ends = table.rename(columns={"ac2": "value", "ac2_low": "ci_low", "ac2_high": "ci_high"})
    return table.assign(ac2=in_words(ends, _value_with_ends))


def group_means(results: StageResults) -> pd.DataFrame:
    """Return the means that the gate lets be compared, groups in words."""
    means = results.table_or_empty("group_means")
    return _by_group(results, means[means["comparable"]] if len(means) else means)


def open_means(results: StageResults) -> pd.DataFrame:
    """Return the means of groups of which the gate cannot tell, with what could move them."""
    means = results.table_or_empty("group_means")
    return _by_group(results, means[~means["comparable"]] if len(means) else means)


def latent_means(results: StageResults) -> pd.DataFrame:
    """Return latent means of the groups whose raw means the gate refuses."""
    return _by_group(results, _refused(results, "latent_means"))


def shifts(results: StageResults) -> pd.DataFrame:
    """Return by how much each group scores an item differently at equal satisfaction."""
    return _by_group(results, worded(results, _refused(results, "intercept_shifts")))


def ladder(results: StageResults) -> pd.DataFrame:
    """Return the steps of the gate for every kind of group."""
    frames = [
        frame.assign(by=name.rpartition("surveys_")[2])
        for name, frame in results.tables.items()
        if name.startswith("invariance_surveys_")
    ]
    return stacked(frames)


def _refused(results: StageResults, kind: str) -> pd.DataFrame:
    frames = []
    for check in results.checks:
        if ".invariance." not in check.id or check.status != "failed":
            continue
        by = check.dims["by"]
        frame = results.table_or_empty(f"{kind}_surveys_{by}")
        if len(frame):
            mine = frame[frame["instrument"] == check.dims["instrument"]]
            frames.append(mine.assign(by=by))
    return stacked(frames)


def _by_group(results: StageResults, frame: pd.DataFrame) -> pd.DataFrame:
    if frame.empty:
        return frame
    titles = titles_of(results)
    words = [_group(str(name), by) for name, by in zip(frame["group"], frame["by"], strict=True)]
    return frame.assign(
        group=words, instrument=[titles.get(name, name) for name in frame["instrument"]]
    )


def _group(name: str, by: str) -> str:
    keys = {"property_type": f"terms.property_type.{name}", "time": f"measurement.time.{name}"}
    key = keys.get(by, "")
    return key if key and wording.has(key) else name
