"""Behaviour on the job, as people in several roles rate it."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
from scipy.special import ndtr

from analysis.simulation.parameters import WorldParameters
from analysis.simulation.people import employed
from analysis.simulation.sites import Roster, ar1, stream
from analysis.tables import month_of

INSTRUMENT_360 = "bars_v1"
INSTRUMENT_SHOPPER = "shopper_v1"
ITEMS_360 = {
    "b1": "主动问候并识别客户",
    "b2": "倾听并复述客户诉求",
    "b3": "三十分钟内回应",
    "b4": "安抚情绪",
    "b5": "跟进到办结",
    "b6": "在系统中记录完整",
}
DIMENSIONS_360 = {
    "b1": "服务主动性",
    "b2": "服务主动性",
    "b3": "服务主动性",
    "b4": "问题解决能力",
    "b5": "问题解决能力",
    "b6": "团队协作",
}
ITEMS_SHOPPER = {
    "s1": "话术规范",
    "s2": "仪容仪表",
    "s3": "响应速度",
    "s4": "问题解答",
}
ROLE_OFFSETS = {
    "self": 0.3,
    "supervisor": 0.0,
    "peer": 0.1,
    "customer": -0.1,
    "mystery_shopper": -0.2,
}
"""How each role's ratings differ from a supervisor's, before rounding."""

_LEVEL, _SITE_SD, _SHOCK_SD, _SHEET_SD, _ITEM_SD = 3.4, 0.18, 0.08, 0.45, 0.5
_RATEES_A_MONTH = 1
_CUTS = np.array([1.5, 2.5, 3.5, 4.5])


def rating_months(parameters: WorldParameters, role: str) -> np.ndarray:
    """Return the indices of the months in which a role rates.

    Colleagues and customers rate some employees of every site each month; mystery shoppers come
    every third one.
    """
    return (
        np.arange(2, parameters.n_months, 3)
        if role == "mystery_shopper"
        else np.arange(parameters.n_months)
    )


def behaviour_level(
    parameters: WorldParameters, roster: Roster, *, trained: bool = True
) -> np.ndarray:
    """Return a supervisor's mean rating before rounding, shape (n_sites, n_months)."""
    p = parameters
    rng = stream(p, "behaviour")
    level = _LEVEL + _SITE_SD * rng.standard_normal((p.n_sites, 1))
    level = level + ar1(rng, (p.n_sites, p.n_months), _SHOCK_SD, p.rho)
    return level + p.behaviour_effect * roster.fading if trained else level


def expected_rating(level: np.ndarray) -> np.ndarray:
    """Return the expected rating on 1-5 of one item; exact (see ``expected_score``)."""
    sd = np.hypot(_SHEET_SD, _ITEM_SD)
    return 1 + ndtr((np.asarray(level)[..., None] - _CUTS) / sd).sum(-1)


def draw_ratings(parameters: WorldParameters, roster: Roster, staff: pd.DataFrame) -> pd.DataFrame:
    """Draw the canonical table ``ratings``: 360-degree sheets and mystery-shopper visits."""
    rng = stream(parameters, "ratings")
    level = behaviour_level(parameters, roster)
    sheets = _sheets(parameters, rng, roster, staff)
    visits = _visits(parameters, rng, roster)
    rated = _filled(rng, sheets, level, tuple(ITEMS_360), INSTRUMENT_360, "HP")
    visited = _filled(rng, visits, level, tuple(ITEMS_SHOPPER), INSTRUMENT_SHOPPER, "SM")
    return pd.concat([rated, visited], ignore_index=True)


def instrument_rows() -> list[dict]:
    """Return the items of both instruments as rows of ``instruments``."""
    both = ((INSTRUMENT_360, ITEMS_360, True), (INSTRUMENT_SHOPPER, ITEMS_SHOPPER, False))
    return [
        {
            "instrument": instrument,
            "item": item,
            "wording": wording,
            "dimension": DIMENSIONS_360.get(item, "服务行为"),
            "role": "item",
            "scale_min": 1.0,
            "scale_max": 5.0,
            "reversed": turned,
        }
        for instrument, items, turned in both
        for item, wording in items.items()
    ]


def _sheets(
    p: WorldParameters, rng: np.random.Generator, roster: Roster, staff: pd.DataFrame
) -> pd.DataFrame:
    rows = []
    front = staff.loc[staff["tier"] == "frontline"]
    of_site = {s: f.reset_index(drop=True) for s, f in front.groupby("site_id", sort=False)}
    ids_of = {s: f["staff_id"].to_numpy(object) for s, f in of_site.items()}
    bosses = staff.loc[staff["tier"] == "senior"].groupby("site_id")["staff_id"].first()
    for t in rating_months(p, "peer"):
        first = month_of(int(p.periods[t]))
        for i, site in enumerate(roster.sites["site_id"]):
            mine = of_site.get(site)
            if mine is None:
                continue
            there = np.flatnonzero(employed(mine, first + dt.timedelta(days=27)))
            drawn = ids_of[site][rng.permutation(there)]
            day = first + dt.timedelta(days=int(rng.integers(0, 28)))
            for place, ratee in enumerate(drawn[:_RATEES_A_MONTH]):
                rows += [
                    (i, t, ratee, ratee, "self", day),
                    (i, t, ratee, bosses.get(site), "supervisor", day),
                    (i, t, ratee, None, "customer", day),
                ]
                peer = drawn[(place + 1) % len(drawn)]
                if peer != ratee:
                    rows.append((i, t, ratee, peer, "peer", day))
    columns = ["site", "month", "ratee_id", "rater_id", "rater_role", "rated_on"]
    return pd.DataFrame(rows, columns=columns).assign(site_id=_ids(roster, [r[0] for r in rows]))


def _visits(p: WorldParameters, rng: np.random.Generator, roster: Roster) -> pd.DataFrame:
    site, month = (
        i.ravel() for i in np.meshgrid(range(p.n_sites), rating_months(p, "mystery_shopper"))
    )
    offsets = rng.integers(0, 28, len(site))
    days = [
        month_of(int(p.periods[t])) + dt.timedelta(days=int(d))
        for t, d in zip(month, offsets, strict=True)
    ]
    return pd.DataFrame(
        {
            "site": site,
            "month": month,
            "ratee_id": None,
            "rater_id": [f"SK{k}" for k in rng.integers(1, 6, len(site))],
            "rater_role": "mystery_shopper",
            "rated_on": days,
            "site_id": _ids(roster, site),
        }
    )


def _ids(roster: Roster, site: list[int] | np.ndarray) -> np.ndarray:
    return roster.sites["site_id"].to_numpy(object)[np.asarray(site, dtype=int)]


def _filled(
    rng: np.random.Generator,
    sheets: pd.DataFrame,
    level: np.ndarray,
    items: tuple[str, ...],
    instrument: str,
    prefix: str,
) -> pd.DataFrame:
    n, k = len(sheets), len(items)
    mean = level[sheets["site"].to_numpy(int), sheets["month"].to_numpy(int)]
    mean = mean + sheets["rater_role"].map(ROLE_OFFSETS).to_numpy(float)
    theta = (mean + _SHEET_SD * rng.standard_normal(n))[:, None]
    score = np.clip(np.rint(theta + _ITEM_SD * rng.standard_normal((n, k))), 1, 5)
    rows = np.repeat(np.arange(n), k)
    ids = np.array([f"{prefix}{i:06d}" for i in range(1, n + 1)], dtype=object)
    keep = ["ratee_id", "site_id", "rater_id", "rater_role", "rated_on"]
    return (
        sheets[keep]
        .iloc[rows]
        .reset_index(drop=True)
        .assign(
            rating_id=ids[rows],
            item=np.tile(np.array(items, dtype=object), n),
            instrument=instrument,
            score=score.ravel(),
        )
    )
