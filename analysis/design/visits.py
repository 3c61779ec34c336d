"""Spot checks and mystery visits, drawn over sites, days and times of day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from analysis.design.calendar import season
from analysis.design.refusals import Refusal, RefusedError
from analysis.results import StageResults, collect

TIMES = ("morning", "afternoon", "evening")


def draw_visits(
    sites: Sequence[str],
    *,
    first: dt.date,
    last: dt.date,
    per_site: int,
    seed: int,
    visitors: int = 3,
) -> pd.DataFrame:
    """Draw the day, the time of day and the visitor of each visit.

    Days are cut into ``per_site`` equal stretches; every site gets one visit in each, on a day
    drawn within it that no holiday or flood-season mark disturbs where there is such a day.
    Times of day and visitors are dealt out evenly and shuffled, so that neither goes with a
    site.

    Parameters
    ----------
    sites : sequence of str
        Site ids; their order does not matter.
    first, last : date
        Days in between, both included.
    per_site : int
        Visits of each site.
    seed : int
        Equal arguments give equal visits.
    visitors : int
        Number of visitors.

    Returns
    -------
    DataFrame
        ``visit_on, site_id, time, visitor, season`` in order of date.

    Raises
    ------
    DesignError
        When there are fewer days than visits of a site.
    """
    days = [first + dt.timedelta(days=i) for i in range((last - first).days + 1)]
    if per_site < 1 or len(days) < per_site or not len(sites):
        raise RefusedError(
            Refusal.FEW_DAYS,
            f"{len(days)} days cannot hold {per_site} visits of {len(sites)} sites. "
            "Correct: at least one site, one visit, and a day for each visit.",
        )
    rng = np.random.default_rng(seed)
    names = sorted(sites)
    total = per_site * len(names)
    times = rng.permutation(np.resize(np.arange(len(TIMES)), total))
    rows = []
    for stretch in np.array_split(np.array(days, dtype=object), per_site):
        calm = [day for day in stretch if not season(day)] or list(stretch)
        shift = rng.integers(visitors)
        for place, site in enumerate(rng.permutation(names)):
            day = calm[rng.integers(len(calm))]
            time = TIMES[times[len(rows)]]
            rows.append((day, str(site), time, int((place + shift) % visitors) + 1, season(day)))
    columns = ["visit_on", "site_id", "time", "visitor", "season"]
    return pd.DataFrame(rows, columns=columns).sort_values(
        ["visit_on", "site_id"], ignore_index=True
    )


def assess_visits(
    sites: Sequence[str], *, names: Mapping[str, str] | None = None, **settings
) -> StageResults:
    """Put :func:`draw_visits` among the results; nothing when no visit is planned.

    Parameters
    ----------
    names : Mapping[str, str], optional
        Names of sites by id; a site without one is shown by its id.

    Returns
    -------
    StageResults
        Table ``visits`` with ``label``; fact ``visits_seed``.
    """
    if not settings["per_site"] or not len(sites):
        return collect("design", [])
    drawn = draw_visits(sites, **settings)
    drawn["label"] = [(names or {}).get(site, site) for site in drawn["site_id"]]
    return collect("design", [], facts={"visits_seed": settings["seed"]}, tables={"visits": drawn})
