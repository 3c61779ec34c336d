"""What participants and supervisors put down to the training: opinions, which move no outcome."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from analysis.simulation.parameters import WorldParameters
from analysis.simulation.sites import stream

REFERS_TO = "complaints_per_1000"
ASKED_AFTER_DAYS = 180
_ASKED_SHARE = 0.25
_ANSWER = 0.78
_ROLES = {"participant": (0.46, 0.16, 0.70), "supervisor": (0.36, 0.12, 0.64)}
"""Mean and spread of the share put down to the training, and mean confidence, by role."""
_WORTH = {"participant": 2600.0, "supervisor": 9000.0}
"""Yearly worth of the improvement that people of a role see around themselves (CNY)."""
_BOAST = 2_000_000.0


def draw_attributions(
    parameters: WorldParameters, staff: pd.DataFrame, enrolments: pd.DataFrame
) -> pd.DataFrame:
    """Draw the canonical table ``attributions``: some who came to a course, and their seniors.

    Who does not answer has a row without a share; one participant names an absurd worth.
    """
    rng = stream(parameters, "attributions")
    came = enrolments[enrolments["attended"].fillna(False).astype(bool)]
    first = came.groupby("staff_id", sort=True)["held_on"].min()
    known = staff.set_index("staff_id")
    first = first[known["tier"].reindex(first.index).eq("frontline").to_numpy()]
    asked = first[rng.random(len(first)) < _ASKED_SHARE]
    later = dt.timedelta(days=ASKED_AFTER_DAYS)
    days = {str(person): day + later for person, day in asked.to_dict().items()}
    where = known["site_id"].reindex(asked.index).to_dict()
    latest: dict[str, dt.date] = {}
    for person, day in days.items():
        latest[where[person]] = max(day, latest.get(where[person], day))
    seniors = staff[staff["tier"].eq("senior") & staff["site_id"].isin(list(latest))]
    bosses = seniors.groupby("site_id")["staff_id"].first()
    people = [(person, "participant", where[person], days[person]) for person in days]
    people += [
        (boss, "supervisor", site, latest[str(site)]) for site, boss in bosses.to_dict().items()
    ]
    rows = []
    for person, role, site, day in people:
        mean, spread, sure = _ROLES[role]
        share = round(float(np.clip(rng.normal(mean, spread), 0.05, 0.95)) * 20) / 20
        confident = round(float(np.clip(rng.normal(sure, 0.15), 0.1, 1.0)) * 10) / 10
        worth = round(float(rng.lognormal(np.log(_WORTH[role]), 0.4)), -2)
        answers = rng.random() < _ANSWER
        if day < parameters.end:
            told = (share, confident, worth) if answers else (np.nan,) * 3
            rows.append((person, role, REFERS_TO, site, day, *told))
    columns = ["respondent_id", "respondent_role", "refers_to", "site_id", "answered_on"]
    frame = pd.DataFrame(rows, columns=[*columns, "estimate", "confidence", "improvement"])
    first_told = frame.index[frame["estimate"].notna() & frame["respondent_role"].eq("participant")]
    if len(first_told):
        frame.loc[first_told[0], "improvement"] = _BOAST
    return frame
