"""Mean scores of groups, only where the gate lets them be compared."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from analysis.measurement.comparability import group_labels
from analysis.measurement.sheets import answer_sheets
from analysis.measurement.weighting import weighted_mean
from analysis.results import Check

_COLUMN = {"time": "answered_at", "channel": "channel"}
"""Columns of the answers that make groups; the others are looked up by site."""


def group_means(
    answers: pd.DataFrame | None,
    instruments: pd.DataFrame | None,
    gates: Iterable[Check],
    *,
    sites: pd.DataFrame | None = None,
    split_at: pd.Timestamp | str | None = None,
) -> pd.DataFrame:
    """Mean of all items by group, for every gate that passed.

    A gate that refused, or could not be asked, gives no rows: raw means of groups that use the
    scale differently are not written down anywhere.

    Parameters
    ----------
    answers, instruments : DataFrame or None
        Canonical tables.
    gates : Iterable of Check
        Checks of :func:`~analysis.measurement.assess_invariance`.
    sites, split_at
        As given to it.

    Returns
    -------
    DataFrame
        ``by, instrument, group, n`` (complete sheets), ``value, ci_low, ci_high`` (mean of the
        sheets' item means; sites are the clusters).
    """
    passed = {
        (check.dims["instrument"], check.dims["by"])
        for check in gates
        if check.status == "passed" and "by" in check.dims
    }
    kinds = sorted({by for _, by in passed})
    about = dict.fromkeys(["site_id", *(_COLUMN[by] for by in kinds if by in _COLUMN)])
    rows = []
    for sheets in answer_sheets(answers, instruments, about=list(about)) if passed else ():
        complete = sheets.scores.dropna()
        mean = complete.mean(axis=1)
        clusters = sheets.about["site_id"].reindex(complete.index)
        for by in kinds:
            if (sheets.instrument, by) not in passed:
                continue
            label = group_labels(sheets, by, sites, split_at).reindex(complete.index)
            for name, mine in mean.groupby(label):
                found = weighted_mean(mine.to_numpy(), clusters=clusters[mine.index])
                ends = (found.value, found.low, found.high)
                rows.append((by, sheets.instrument, str(name), len(mine), *ends))
    columns = ["by", "instrument", "group", "n", "value", "ci_low", "ci_high"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype({"value": float, "ci_low": float, "ci_high": float})
