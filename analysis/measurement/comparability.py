"""The gate before raw means of branches, or of times, are compared."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Literal

import pandas as pd

from analysis.measurement.covariance_structure import Moments, usable
from analysis.measurement.invariance import Invariance, Rule, measurement_invariance
from analysis.measurement.robust import robust_moments
from analysis.measurement.sheets import Sheets, answer_sheets
from analysis.refusals import Asked
from analysis.results import Check, StageResults, Topic, collect
from analysis.settings import LEVEL

LEAST_GROUP = 100
"""Groups with fewer complete sheets are left out of the comparison of groups."""

LEAST_TO_PASS = 400
"""Complete sheets of the smallest group from which the gate may say yes."""

LEAST_SITES = 10
"""Sites behind the sheets of each group from which the gate may say yes.

With fewer, how far sheets of a site resemble each other is itself hardly known."""

MOST_MOVABLE = 0.015
"""Share of the scale's width that different use of one or two items may still move a difference
of means by where the gate says yes: .06 points from 1 to 5.

Below any of the three it overlooks too often that two of five items are used .2 points otherwise
(rates in the methods page), so that it says "cannot tell" where it finds nothing."""

Answer = Literal[
    "scalar",
    "cannot_tell",
    "cannot_tell_sites",
    "cannot_tell_size",
    "cannot_tell_bound",
    "partial_scalar",
    "metric",
    "configural",
    "none",
]

WORDS = {
    "site_id": "sites",
    "region": "regions",
    "property_type": "property_types",
    "channel": "channels",
    "time": "time",
}
"""What can be compared, and the word of its question in the catalogue."""


def assess_invariance(
    answers: pd.DataFrame | None,
    instruments: pd.DataFrame | None,
    *,
    by: str = "region",
    sites: pd.DataFrame | None = None,
    split_at: pd.Timestamp | str | None = None,
    rule: Rule | None = None,
    least: int = LEAST_GROUP,
    sheet: str = "response_id",
    source: str = "surveys",
    simulated: bool = False,
    level: float = LEVEL,
) -> StageResults:
    """Ask of each instrument whether raw means of groups may be compared.

    Parameters
    ----------
    by : {"site_id", "region", "property_type", "channel", "time"}
        What makes the groups; ``region`` and ``property_type`` are looked up in ``sites``,
        ``time`` splits at ``split_at`` (before, after).
    split_at : timestamp, optional
        Instant of the split, needed for ``time``.
    least : int
        Groups with fewer complete sheets, or without variation in an item, are left out and
        counted.
    rule : Rule, optional
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Checks ``baseline.invariance.<source>.<instrument>.<by>``: passed only under scalar
        invariance; a caution where nothing is found, but too little is known for that to say
        anything (:func:`answered`), so that it cannot be told; failed refuses the comparison of
        raw means and says why (``none``, ``configural``, ``metric``; under ``partial_scalar``
        latent means are offered).
        Tables ``invariance_<source>_<by>`` (the ladder), ``latent_means_<source>_<by>``,
        ``intercept_shifts_<source>_<by>``.
    """
    if by not in WORDS:
        raise ValueError(f"by must be one of {sorted(WORDS)}, for example 'region'; got {by!r}")
    checks: list[Check] = []
    parts: dict[str, list[pd.DataFrame]] = {}
    column = {"time": "answered_at", "channel": "channel"}.get(by, "site_id")
    if answers is not None and column not in answers:
        answers = None
    asked = Asked("baseline")
    about = [column]
    if answers is not None and "site_id" in answers and column != "site_id":
        about.append("site_id")
    for sheets in answer_sheets(answers, instruments, sheet=sheet, about=about):
        id = f"baseline.invariance.{source}.{sheets.instrument}.{by}"
        labels = group_labels(sheets, by, sites, split_at)
        held = asked.ask(
            "scale_use",
            partial(_held, sheets, labels, least, rule, level=level),
            None,
            about=f"{source}.{sheets.instrument}.{by}",
        )
        if held is None:
            continue
        found, groups, left_out = held
        checks.append(_gate(id, by, sheets, found, rule or Rule(), len(groups), left_out))
        if found is not None:
            tables = {
                "invariance": found.table(),
                "latent_means": found.latent_means,
                "intercept_shifts": found.intercepts,
            }
            for name, table in tables.items():
                marked = table.assign(instrument=sheets.instrument)
                parts.setdefault(f"{name}_{source}_{by}", []).append(marked)
    checks += asked.checks
    if not checks:
        checks = [
            Check(
                id=f"baseline.invariance.{source}.{by}",
                topic=Topic.INVARIANCE,
                question=f"measurement.check.invariance.{WORDS[by]}",
                status="not_possible",
                reason="measurement.reason.no_instrument",
                params={"instrument": source},
            )
        ]
    tables = {name: pd.concat(frames, ignore_index=True) for name, frames in parts.items()}
    return collect("baseline", checks, tables=tables)


def group_labels(sheets: Sheets, by: str, sites, split_at) -> pd.Series:
    """Group of each sheet; missing where it is not known."""
    if by == "time":
        if split_at is None:
            raise ValueError("by='time' needs split_at, for example '2024-03-01'")
        line = pd.Timestamp(split_at)
        line = line.tz_localize("UTC") if line.tzinfo is None else line
        answered = pd.to_datetime(sheets.about["answered_at"], utc=True)
        return (answered < line).map({True: "before", False: "after"}).where(answered.notna())
    if by in ("site_id", "channel"):
        return sheets.about[by]
    if sites is None or by not in sites:
        return pd.Series(None, index=sheets.about.index, dtype=object)
    lookup = sites.set_index("site_id")[by].astype(object)
    return sheets.about["site_id"].map(lookup)


def _held(
    sheets: Sheets, labels: pd.Series, least: int, rule: Rule | None, level: float
) -> tuple[Invariance | None, Mapping[str, Moments], int]:
    """Hold the groups of one questionnaire against each other."""
    groups, left_out = _groups(sheets, labels, least, sheets.about.get("site_id"))
    found = (
        measurement_invariance(groups, sheets.factors, rule=rule, level=level) if groups else None
    )
    return found, groups, left_out


def _groups(
    sheets: Sheets, labels: pd.Series, least: int, sites: pd.Series | None
) -> tuple[Mapping[str, Moments], int]:
    """Moments by group, the largest first as the reference; and how many groups are left out.

    ``sites`` are the clusters of the sheets; None counts sheets as independent.
    """
    complete = sheets.scores.dropna()
    mine = labels.reindex(complete.index)
    found, left_out = {}, 0
    for name in mine.value_counts().index:
        rows = complete[mine == name]
        data = robust_moments(rows, sites) if len(rows) >= max(least, 2) else None
        if data is None or not usable(data):
            left_out += 1
        else:
            found[str(name)] = data
    return found, left_out


def answered(found: Invariance, width: float) -> Answer:
    """Return what the gate says: its decision, or that it cannot be told, and why.

    Parameters
    ----------
    found : Invariance
    width : float
        Points from the lowest to the highest answer.

    Returns
    -------
    str
        The decision where something was found. Where nothing was: ``cannot_tell_bound`` (too few
        items to bound what was overlooked), ``cannot_tell`` (too few sheets,
        :data:`LEAST_TO_PASS`), ``cannot_tell_sites`` (too few sites, :data:`LEAST_SITES`),
        ``cannot_tell_size`` (what may have been overlooked is above :data:`MOST_MOVABLE`), else
        ``scalar``.
    """
    if not found.comparable:
        return found.decision
    if found.movable is None:
        return "cannot_tell_bound"
    if found.least_n < LEAST_TO_PASS:
        return "cannot_tell"
    if found.least_clusters is not None and found.least_clusters < LEAST_SITES:
        return "cannot_tell_sites"
    return "scalar" if found.movable <= MOST_MOVABLE * width else "cannot_tell_size"


_STATUS = {"scalar": "passed"} | dict.fromkeys(
    ("cannot_tell", "cannot_tell_sites", "cannot_tell_size", "cannot_tell_bound"), "caution"
)


def _gate(
    id: str,
    by: str,
    sheets: Sheets,
    found: Invariance | None,
    rule: Rule,
    groups: int,
    left_out: int,
) -> Check:
    common = {
        "id": id,
        "topic": Topic.INVARIANCE,
        "question": f"measurement.check.invariance.{WORDS[by]}",
        "threshold": rule.cfi_drop,
        "unit": "coefficient",
        "dims": {"instrument": sheets.instrument, "by": by},
    }
    params = {"instrument": sheets.instrument, "groups": groups, "left_out": left_out}
    if found is None:
        reason = "few_groups" if groups < 2 else "no_factors"
        return Check(
            **common,
            status="not_possible",
            reason=f"measurement.reason.{reason}",
            params={**params, "least": LEAST_GROUP},
        )
    refused = [step for step in found.steps if step.refused]
    told = refused[0] if refused else found.steps[-1]
    answer = answered(found, sheets.width)
    status = _STATUS.get(answer, "failed")
    return Check(
        **common,
        status=status,
        value=told.cfi_drop,
        n=found.n,
        reason=f"measurement.check.invariance.{answer}",
        remedy=None if status == "passed" else f"measurement.check.invariance.remedy.{answer}",
        params={
            **params,
            "n": found.n,
            "cfi": told.fit.cfi,
            "srmr": told.fit.srmr,
            "cfi_drop": told.cfi_drop,
            "rmsea_rise": told.rmsea_rise,
            "p_value": told.p_value,
            "items": ", ".join(dict.fromkeys([*found.free_loadings, *found.free_intercepts])),
            "artefact": found.artefact,
            "movable": found.movable,
            "fewest": found.least_n,
            "enough": LEAST_TO_PASS,
            "sites": found.least_clusters,
            "enough_sites": LEAST_SITES,
            "most": MOST_MOVABLE * sheets.width,
        },
    )
