"""Whether a course questionnaire asks about usefulness, lecturer and organisation, and the answers.

The client says of each item which domain it belongs to (``role``); what has none is not guessed.
"""

from __future__ import annotations

import pandas as pd

from analysis.indicators.scales import satisfied_from
from analysis.measurement.columns import floats, present
from analysis.measurement.intervals import wilson
from analysis.results import Check, StageResults, Topic, collect
from analysis.settings import LEVEL

DOMAINS = ("useful", "lecturer", "organisation")
"""Domains of a course questionnaire, as roles of its items; words: ``measurement.domain.``."""


def satisfied_by_domain(
    reactions: pd.DataFrame, instruments: pd.DataFrame, *, level: float = LEVEL
) -> pd.DataFrame:
    """Return the share of satisfied questionnaires by questionnaire and domain.

    Of several items of a domain the mean score and the mean line count, so that a questionnaire
    counts once.

    Parameters
    ----------
    reactions, instruments : DataFrame
        Canonical tables.
    level : float
        Coverage of intervals.

    Returns
    -------
    DataFrame
        ``instrument, domain, hits, n, value, ci_low, ci_high`` (Wilson); a domain without an
        answered item has no row.
    """
    items = instruments[instruments["role"].isin(DOMAINS)]
    items = items[["instrument", "item", "role"]].assign(least=satisfied_from(items))
    rows = reactions[reactions["score"].notna()].merge(items, on=["instrument", "item"])
    rows = rows.assign(score=floats(rows["score"])).dropna(subset=["least"])
    sheets = rows.groupby(["instrument", "role", "response_id"], observed=True)
    hit = sheets[["score", "least"]].mean().eval("score >= least").astype(int)
    found = []
    for (instrument, domain), part in hit.groupby(level=["instrument", "role"]):
        share = wilson(int(part.sum()), len(part), level)
        found.append(
            (instrument, domain, int(part.sum()), len(part), share.value, share.low, share.high)
        )
    columns = ["instrument", "domain", "hits", "n", "value", "ci_low", "ci_high"]
    return pd.DataFrame(found, columns=columns)


def assess_course_domains(
    reactions: pd.DataFrame | None,
    instruments: pd.DataFrame | None,
    *,
    level: float = LEVEL,
) -> StageResults:
    """Ask whether every course questionnaire covers the three domains.

    Parameters
    ----------
    reactions, instruments : DataFrame or None
        Canonical tables.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Nothing without course questionnaires; else table ``course_domains`` (of
        :func:`satisfied_by_domain`) and a check per questionnaire, ``caution`` where a domain has
        no answered item.
    """
    if not present(reactions, "score") or not present(instruments, "role"):
        return StageResults(stage="baseline")
    table = satisfied_by_domain(reactions, instruments, level=level)
    checks = []
    for instrument in sorted(set(reactions["instrument"].astype(str))):
        mine = table[table["instrument"] == instrument]
        missing = len(mine) < len(DOMAINS)
        sheets = reactions.loc[reactions["instrument"] == instrument, "response_id"]
        checks.append(
            Check(
                id=f"baseline.course_domains.{instrument}",
                topic=Topic.COURSE_DOMAINS,
                question="measurement.check.course_domains",
                status="caution" if missing else "passed",
                value=float(len(mine)),
                threshold=float(len(DOMAINS)),
                unit="count",
                n=int(sheets.nunique()),
                reason=f"measurement.check.course_domains.{'missing' if missing else 'all'}",
                remedy="measurement.check.course_domains.remedy" if missing else None,
                params={"instrument": instrument, "found": len(mine), "asked": len(DOMAINS)},
                dims={"instrument": instrument},
            )
        )
    return collect("baseline", checks, tables={"course_domains": table})
