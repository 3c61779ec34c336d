"""Renewal with its exposure: contracts due, decided and still open, by site and month.

A renewal rate needs to say what happens to contracts not yet decided. Here a contract enters the
month it falls due; contracts due after the last day watched are not at risk yet, and those due but
undecided are censored: left out of the ratio, counted, and bounded by deciding them all one way and
all the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from analysis.causal.options import Options
from analysis.causal.outcome_models.pooled_ratio import ratio_effect
from analysis.causal.panel.frame import FrameError
from analysis.causal.panel.labels import starts
from analysis.memory import remembered
from analysis.results import Estimate
from analysis.tables import periods_of


@remembered
def renewal_effect(
    contracts: pd.DataFrame,
    cohort: Mapping[str, float | None],
    *,
    until: pd.Timestamp,
    outcome: str = "renewal_rate",
    options: Options | None = None,
) -> tuple[Estimate, ...]:
    """Estimate the effect on the share of contracts renewed.

    Parameters
    ----------
    contracts : DataFrame
        Canonical table ``contracts``: ``site_id``, ``due_on``, ``renewed`` (missing: open). Not
        modified.
    cohort : Mapping
        Running month (year·12 + month − 1) of each site's start; None or NaN for never. Sites not
        named are left out.
    until : Timestamp
        Last day watched.

    Returns
    -------
    tuple of Estimate
        ``…pooled.att`` and ``…pooled.amount`` (contracts) on decided contracts, then
        ``…pooled.att.lowest`` and ``…highest``: with the undecided contracts of trained sites
        after their start all lost and those of the comparison all renewed, and the reverse.
        ``dims["undecided"]`` counts them.

    Raises
    ------
    FrameError
        ``empty`` when no contract has come due or none is decided; else as
        :func:`analysis.causal.ratio_effect`.
    """
    options = options or Options()
    due = pd.to_datetime(contracts["due_on"])
    months = periods_of(due).dropna().astype("int64").unique()
    known = starts(cohort, periods=sorted(months) if len(months) else None)
    site = contracts["site_id"].astype(str)
    kept = (site.isin(list(known)) & (due <= pd.Timestamp(until))).to_numpy()
    rows = pd.DataFrame(
        {
            "unit": site[kept],
            "period": periods_of(due)[kept].astype("int64"),
            "renewed": contracts["renewed"][kept].astype("boolean").astype("Float64"),
        }
    )
    rows["cohort"] = rows["unit"].map(known).astype(float)
    undecided = rows["renewed"].isna()
    under = rows["period"] >= rows["cohort"]
    att, amount = ratio_effect(_cells(rows[~undecided]), outcome=outcome, options=options)
    dims = {"undecided": int(undecided.sum())}
    found = [
        replace(att, dims={**att.dims, **dims}),
        replace(amount, unit="count", dims={**amount.dims, **dims}),
    ]
    for name, trained, others in (("lowest", 0.0, 1.0), ("highest", 1.0, 0.0)):
        decided = under.map({True: trained, False: others}).astype("Float64")
        filled = rows.assign(renewed=rows["renewed"].fillna(decided))
        edge = ratio_effect(_cells(filled), outcome=outcome, options=options)[0]
        shown = {"beside": True, "variant": name, **dims}
        found.append(replace(edge, id=f"{att.id}.{name}", dims={**edge.dims, **shown}))
    return tuple(found)


def _cells(rows: pd.DataFrame) -> pd.DataFrame:
    """Contracts renewed and due by site and month, with months without any as zero."""
    if rows.empty:
        raise FrameError("empty", "no contract has come due and been decided at any of the sites")
    grouped = rows.groupby(["unit", "period"]).agg(
        numerator=("renewed", "sum"), denominator=("renewed", "size")
    )
    months = range(int(rows["period"].min()), int(rows["period"].max()) + 1)
    every = pd.MultiIndex.from_product([rows["unit"].unique(), months], names=["unit", "period"])
    cells = grouped.reindex(every, fill_value=0).astype(float).reset_index()
    first = rows.drop_duplicates("unit").set_index("unit")["cohort"]
    return cells.assign(cohort=cells["unit"].map(first))
