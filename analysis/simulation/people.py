"""Employees: where they work, when they came and left."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from analysis.simulation.parameters import WorldParameters
from analysis.simulation.sites import Roster, stream
from analysis.tables import month_of

ROLES = {
    "frontline": ("管家", "客服", "工程", "秩序", "保洁"),
    "middle": ("主管", "客服经理"),
    "senior": ("项目经理",),
}
_AGE_BANDS = ("18-29", "30-39", "40-49", "50+")
_EDUCATION = ("初中及以下", "高中", "大专", "本科及以上")


def draw_staff(parameters: WorldParameters, roster: Roster) -> pd.DataFrame:
    """Draw the canonical table ``staff``.

    One employee a site is senior and a sixth are middle managers. The chance to leave in a
    month is constant; from the month of training it is higher by ``leaver_ratio_treated``.
    """
    p = parameters
    rng = stream(p, "staff")
    n = p.n_staff
    site = np.sort(np.arange(n) % p.n_sites)
    place = np.arange(n) - np.searchsorted(site, site)
    tier = np.where(place == 0, "senior", np.where(place % 6 == 1, "middle", "frontline"))
    tier = tier.astype(object)
    draw = rng.random((n, 3))
    role = [ROLES[t][int(u * len(ROLES[t]))] for t, u in zip(tier, draw[:, 0], strict=True)]
    hired = _hired(p, rng, n)
    return pd.DataFrame(
        {
            "staff_id": [f"E{i + 1:05d}" for i in range(n)],
            "site_id": roster.sites["site_id"].to_numpy()[site],
            "role": role,
            "tier": tier,
            "hired_on": hired,
            "left_on": _left(p, roster, rng, site, hired),
            "age_band": [_AGE_BANDS[int(u * len(_AGE_BANDS))] for u in draw[:, 1]],
            "education_band": [_EDUCATION[int(u * len(_EDUCATION))] for u in draw[:, 2]],
        }
    )


def monthly_hazard(
    parameters: WorldParameters, roster: Roster, *, trained: bool = True
) -> np.ndarray:
    """Return the hazard of leaving in a month, shape (n_sites, n_months)."""
    p = parameters
    monthly = -np.log1p(-p.leaver_rate) / 12
    higher = roster.trained if trained else np.zeros_like(roster.trained)
    return np.where(higher, p.leaver_ratio_treated, 1.0) * monthly


def employed(staff: pd.DataFrame, day: dt.date) -> np.ndarray:
    """Return whether each employee was on the roster on a day, shape (len(staff),)."""
    hired = staff["hired_on"].to_numpy(object)
    left = staff["left_on"].to_numpy(object)
    return np.array(
        [h <= day and (out is None or out > day) for h, out in zip(hired, left, strict=True)]
    )


def _hired(p: WorldParameters, rng: np.random.Generator, n: int) -> list[dt.date]:
    during = rng.random(n) < 0.12
    before = rng.integers(30, 2500, n)
    after = rng.integers(0, p.n_months * 30 - 60, n)
    days = np.where(during, after, -before)
    return [p.first_month + dt.timedelta(days=int(d)) for d in days]


def _left(
    p: WorldParameters,
    roster: Roster,
    rng: np.random.Generator,
    site: np.ndarray,
    hired: list[dt.date],
) -> list[dt.date | None]:
    hazard = monthly_hazard(p, roster)
    start = np.array([max(0, d.year * 12 + d.month - int(p.first)) for d in hired])
    cumulated = np.cumsum(hazard, axis=1)[site]
    before = np.where(start > 0, cumulated[np.arange(len(site)), start - 1], 0.0)
    limit = before + rng.exponential(1.0, len(site))
    month = (cumulated < limit[:, None]).sum(axis=1)
    day = rng.integers(0, 28, len(site))
    return [
        month_of(int(p.periods[m])) + dt.timedelta(days=int(d)) if m < p.n_months else None
        for m, d in zip(month, day, strict=True)
    ]
