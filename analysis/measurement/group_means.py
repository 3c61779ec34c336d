"""Mean scores of groups, only where the gate does not refuse to compare them."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from analysis.measurement.comparability import group_labels
from analysis.measurement.items import item_directions, items_against
from analysis.measurement.sheets import answer_sheets
from analysis.measurement.weighting import weighted_mean
from analysis.results import Check
from analysis.settings import LEVEL

_COLUMN = {"time": "answered_at", "channel": "channel"}
"""Columns of the answers that make groups; the others are looked up by site."""


def group_means(
    answers: pd.DataFrame | None,
    instruments: pd.DataFrame | None,
    gates: Iterable[Check],
    *,
    sites: pd.DataFrame | None = None,
    split_at: pd.Timestamp | str | None = None,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Mean of all items by group, for every gate that passed or that cannot tell.

    A gate that refused, or could not be asked, gives no rows: raw means of groups that use the
    scale differently are not written down anywhere. Where the gate cannot tell, means come with the
    points that different use of the scale could move a difference by; where not even these are
    known, there are no rows. Nor are there any of an instrument with an item that runs against the
    others: the mean of its items means nothing.

    Parameters
    ----------
    answers, instruments : DataFrame or None
        Canonical tables.
    gates : Iterable of Check
        Checks of :func:`~analysis.measurement.assess_invariance`.
    sites, split_at
        As given to it.
    level : float
        Coverage of intervals.

    Returns
    -------
    DataFrame
        ``by, instrument, group, n`` (complete sheets), ``value, ci_low, ci_high`` (mean of the
        sheets' item means; sites are the clusters), ``comparable`` (False where the gate cannot
        tell), ``movable`` (points that different use of one or two items could move a difference
        of two means by).
    """
    shown = {
        (check.dims["instrument"], check.dims["by"]): (
            check.status == "passed",
            check.params["movable"],
        )
        for check in gates
        if check.status in ("passed", "caution")
        and "by" in check.dims
        and check.params["movable"] is not None
    }
    kinds = sorted({by for _, by in shown})
    about = dict.fromkeys(["site_id", *(_COLUMN[by] for by in kinds if by in _COLUMN)])
    rows = []
    for sheets in answer_sheets(answers, instruments, about=list(about)) if shown else ():
        directions = item_directions(sheets.scores, sheets.factors, level=level)
        if items_against(directions.dropna(subset="correlation")):
            continue
        complete = sheets.scores.dropna()
        mean = complete.mean(axis=1)
        clusters = sheets.about["site_id"].reindex(complete.index)
        for by in kinds:
            if (sheets.instrument, by) not in shown:
                continue
            label = group_labels(sheets, by, sites, split_at).reindex(complete.index)
            for name, mine in mean.groupby(label):
                found = weighted_mean(mine.to_numpy(), clusters=clusters[mine.index], level=level)
                ends = (found.value, found.low, found.high)
                rows.append(
                    (
                        by,
                        sheets.instrument,
                        str(name),
                        len(mine),
                        *ends,
                        *shown[sheets.instrument, by],
                    )
                )
    columns = ["by", "instrument", "group", "n", "value", "ci_low", "ci_high"]
    frame = pd.DataFrame(rows, columns=[*columns, "comparable", "movable"])
    numbers = dict.fromkeys(["value", "ci_low", "ci_high", "movable"], float)
    return frame.astype({"comparable": bool, **numbers})
