"""One difference-in-differences a trained site, against the sites never trained."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.causal.panel.labels import labelled

LEAST_CONTROLS = 5
"""Never-trained sites without which the spread of a single site's change cannot be told."""


def effects_by_site(outcome: pd.DataFrame) -> pd.DataFrame:
    """Estimate each trained site's own effect, with the error a single site has.

    The change of a site from its months before training to those since, minus the mean change of
    the never-trained sites over the same months. The standard error is the spread of that change
    *between* never-trained sites, so that serial correlation within sites is in it; sites are
    taken to vary alike.

    Parameters
    ----------
    outcome : DataFrame
        ``unit, period, y, cohort`` (NaN never).

    Returns
    -------
    DataFrame
        ``unit, cohort, effect, se, months`` (since training), sorted by unit; without rows when
        fewer than five never-trained sites are observed before and after.

    Raises
    ------
    FrameError
        As :func:`analysis.causal.panel.labels.labelled`.
    """
    columns = ["unit", "cohort", "effect", "se", "months"]
    outcome = labelled(outcome)[0] if len(outcome) else outcome
    never = outcome[outcome["cohort"].isna()]
    rows = []
    for cohort, treated in outcome.dropna(subset=["cohort"]).groupby("cohort"):
        controls = _change(never, cohort)["change"].to_numpy()
        if len(controls) < LEAST_CONTROLS:
            continue
        se = float(controls.std(ddof=1) * np.sqrt(1 + 1 / len(controls)))
        for unit, row in _change(treated, cohort).iterrows():
            effect = float(row["change"] - controls.mean())
            rows.append((str(unit), int(cohort), effect, se, int(row["months"])))
    return pd.DataFrame(rows, columns=columns).sort_values("unit", ignore_index=True)


def _change(cells: pd.DataFrame, cohort: float) -> pd.DataFrame:
    """Return ``change`` and ``months`` by unit, of units observed before and since ``cohort``."""
    since = cells["period"] >= cohort
    after = cells[since].groupby("unit")["y"]
    before = cells[~since].groupby("unit")["y"]
    table = pd.DataFrame({"change": after.mean() - before.mean(), "months": after.size()})
    return table.dropna()
