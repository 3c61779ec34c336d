"""What a run could answer from the exports at hand: said by the check, before anything runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pandas as pd

from analysis import indicators
from analysis.client import Client
from analysis.indicators.registry import Indicator
from analysis.tables import TABLES
from analysis.workspace.opening.prepare import panel_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """Which outcomes can be measured, and whether training and measurement meet.

    Attributes
    ----------
    measured : dict of str to tuple
        Outcomes that may be primary and have a value: id → first and last running month, sites.
    primary : str
        Id of the primary outcome.
    lacking : dict of str to tuple of str
        Outcomes that the client file names and nothing measures → tables or columns that would
        allow them; empty where these are there without a usable row in the period.
    trained, listed, unlisted : tuple of str
        Sites to be trained; sites listed as untrained; sites that the exports name but the table
        of waves does not, which count as never trained. All empty without that table.
    n_waves : int
        Different months in which training starts.
    early, late, unmeasured : tuple of str
        Trained sites without a month of the primary outcome before their start; without one
        since; without any. Empty where the primary outcome is not measured.
    panel : DataFrame or None
        What it was found in.
    """

    measured: Mapping[str, tuple[int, int, int]]
    primary: str
    lacking: Mapping[str, tuple[str, ...]]
    trained: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
    unlisted: tuple[str, ...] = ()
    n_waves: int = 0
    early: tuple[str, ...] = ()
    late: tuple[str, ...] = ()
    unmeasured: tuple[str, ...] = ()
    panel: pd.DataFrame | None = field(default=None, repr=False, compare=False)


def look_ahead(client: Client, frames: Mapping[str, pd.DataFrame]) -> Outlook:
    """Say what a run of a client could answer.

    Parameters
    ----------
    client : Client
        The client file.
    frames : Mapping[str, DataFrame]
        Canonical tables without blocking faults, as :func:`analysis.ingest.examine` gives them.

    Returns
    -------
    Outlook
        From the panel that the run itself would build.
    """
    registry = indicators.of_client(client)
    with indicators.connect("duckdb", timezone=client.client.timezone) as engine:
        panel = panel_of(client, frames, engine=engine)
        covered = indicators.coverage({}, panel, engine=engine, indicators=registry)
    cells = panel[(panel["stratum"] == "") & (panel["site_id"] != "") & panel["value"].notna()]
    months = cells.groupby("indicator").agg(
        first=("period", "min"), last=("period", "max"), sites=("site_id", "nunique")
    )
    primary = client.design.primary_outcome
    missing = covered.set_index("indicator")["missing"]
    return Outlook(
        measured={
            name: tuple(int(n) for n in months.loc[name])
            for name, about in registry.items()
            if name in months.index and _may_be_primary(about)
        },
        primary=primary,
        lacking={
            name: tuple(filter(None, missing[name].split(", ")))
            for name in dict.fromkeys(_named(client))
            if name in missing.index and name not in set(panel["indicator"])
        },
        **_sites(frames, cells[cells["indicator"] == primary]),
        panel=panel,
    )


def _may_be_primary(about: Indicator) -> bool:
    outcome = about.primary or (about.declared is not None and about.level >= 3)
    return outcome and not about.strata_only


def _named(client: Client) -> Iterator[str]:
    yield client.design.primary_outcome
    yield from client.design.secondary_outcomes
    yield from (goal.indicator for goal in client.goals)
    yield from (benefit.indicator for benefit in client.value.benefits)
    yield from client.appraisal
    yield from client.outcomes


def _sites(frames: Mapping[str, pd.DataFrame], cells: pd.DataFrame) -> dict[str, object]:
    """Return what :class:`Outlook` says of sites."""
    waves = frames.get("waves")
    if waves is None or waves.empty:
        return {}
    cohort = indicators.cohorts(waves.reindex(columns=list(TABLES["waves"].columns)))
    start = cohort.dropna()
    named = {
        str(site)
        for table, frame in frames.items()
        if table != "waves" and "site_id" in frame
        for site in frame["site_id"].dropna().unique()
    }
    found: dict[str, object] = {
        "trained": tuple(sorted(start.index)),
        "listed": tuple(sorted(cohort.index[cohort.isna()])),
        "unlisted": tuple(sorted(named - set(cohort.index))),
        "n_waves": int(start.nunique()),
    }
    if len(cells):
        first, last = cells["period"].min(), cells["period"].max()
        measured = start.index.isin(cells["site_id"])
        found["early"] = tuple(sorted(start.index[measured & (start <= first).to_numpy()]))
        found["late"] = tuple(sorted(start.index[measured & (start > last).to_numpy()]))
        found["unmeasured"] = tuple(sorted(start.index[~measured]))
    return found
