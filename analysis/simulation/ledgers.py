"""Money and records by site and month: fees, contracts, use of the CRM system."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from analysis.simulation.customers import room_codes
from analysis.simulation.parameters import WorldParameters
from analysis.simulation.sites import Roster, ar1, stream
from analysis.tables import month_of

_MONTHLY_FEE = {"villa": 900.0, "high_end": 480.0, "ordinary": 260.0, "old": 120.0}
_FEE_LEVEL, _RENEWAL_LEVEL, _USE_LEVEL = 0.85, 0.82, 0.5
_CONTRACTS_A_SITE = 36
_TERM = 12
"""Months that a household's contract runs."""
_QUALITY_LEVEL = 0.62
_BAD, _GOOD = 2, 4
"""Ratings up to which, and from which, a complaint's handling was rated badly and well."""
AFTER_COMPLAINT = {
    "not_renewed": {"badly": 0.30, "well": 0.12},
    "renewed": {"badly": 0.08, "well": 0.25},
}
"""Share of decisions, by what was decided, before which a complaint of the household was rated
badly or well: how handling and renewal go together in the simulated world."""


def collection_rate(
    parameters: WorldParameters, roster: Roster, *, trained: bool = True
) -> np.ndarray:
    """Return the expected share collected of what is due less waived, (n_sites, n_months)."""
    p = parameters
    rng = stream(p, "collection")
    rate = _FEE_LEVEL + 0.04 * rng.standard_normal((p.n_sites, 1))
    rate = rate + ar1(rng, (p.n_sites, p.n_months), 0.012, p.rho)
    # Arrears are chased before the year ends.
    rate = rate + 0.03 * (p.periods % 12 == 11)
    if trained:
        rate = rate + p.fee_effect * roster.lasting
    return np.clip(rate, 0.3, 0.995)


def draw_fees(parameters: WorldParameters, roster: Roster) -> pd.DataFrame:
    """Draw the canonical table ``fees``; amounts are whole fen."""
    p = parameters
    rng = stream(p, "fees")
    unit = np.array([_MONTHLY_FEE[t] for t in roster.types])
    receivable = (unit * roster.households)[:, None] * np.ones(p.n_months)
    receivable = np.round(receivable * (1 + 0.01 * rng.standard_normal(receivable.shape)), 2)
    waived = np.round(receivable * rng.uniform(0, 0.01, receivable.shape), 2)
    collected = np.round((receivable - waived) * collection_rate(p, roster), 2)
    return _site_months(p, roster).assign(
        receivable=receivable.ravel(),
        waived=waived.ravel(),
        collected=collected.ravel(),
        collected_quality=_from_quality_customers(p, collected).ravel(),
    )


def _from_quality_customers(p: WorldParameters, collected: np.ndarray) -> np.ndarray:
    """Return what quality customers paid, (n_sites, n_months); training changes nothing in it."""
    rng = stream(p, "quality customers")
    share = _QUALITY_LEVEL + 0.05 * rng.standard_normal((p.n_sites, 1))
    share = share + 0.01 * rng.standard_normal(collected.shape)
    return np.round(collected * np.clip(share, 0.2, 0.95), 2)


def renewal_probability(
    parameters: WorldParameters, roster: Roster, *, trained: bool = True
) -> np.ndarray:
    """Return the probability that a contract due is renewed, shape (n_sites, n_months)."""
    p = parameters
    rng = stream(p, "renewal")
    level = _RENEWAL_LEVEL + 0.04 * rng.standard_normal((p.n_sites, 1))
    level = level + np.zeros(p.n_months)
    if trained:
        level = level + p.renewal_effect * roster.lasting
    return np.clip(level, 0.05, 0.98)


def draw_contracts(
    parameters: WorldParameters, roster: Roster, tickets: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Draw the canonical table ``contracts``; some of the last month's are undecided.

    Each is a household's. Where there are ``tickets``, a household that complained within the term
    before is more often one that left where its complaint was rated badly
    (:data:`AFTER_COMPLAINT`).
    """
    p = parameters
    rng = stream(p, "contracts")
    n = p.n_sites * _CONTRACTS_A_SITE
    site = np.repeat(np.arange(p.n_sites), _CONTRACTS_A_SITE)
    month = rng.integers(0, p.n_months, n)
    day = rng.integers(0, 28, n)
    renewed = rng.random(n) < renewal_probability(p, roster)[site, month]
    open_still = (month == p.n_months - 1) & (rng.random(n) < 0.5)
    found = pd.DataFrame(
        {
            "contract_id": [f"HT{i:05d}" for i in range(1, n + 1)],
            "site_id": roster.sites["site_id"].to_numpy(object)[site],
            "term_months": _TERM,
            "due_on": [
                month_of(int(p.periods[m])) + dt.timedelta(days=int(d))
                for m, d in zip(month, day, strict=True)
            ],
            "renewed": np.where(open_still, None, renewed.astype(object)),
        }
    )
    return found.assign(household_id=_households(p, roster, site, found, tickets))


def _households(
    p: WorldParameters,
    roster: Roster,
    site: np.ndarray,
    contracts: pd.DataFrame,
    tickets: pd.DataFrame | None,
) -> list[str]:
    """Return whose each contract is; a household signs one contract."""
    rng = stream(p, "households of contracts")
    draw = rng.random(len(contracts))
    anyone = room_codes(site, rng.integers(0, roster.households[site]))
    pools = {} if tickets is None else _complained(tickets)
    taken: set[str] = set()
    chosen = []
    for i, (site_id, due, renewed) in enumerate(
        zip(contracts["site_id"], contracts["due_on"], contracts["renewed"], strict=True)
    ):
        shares = AFTER_COMPLAINT["not_renewed" if renewed is False else "renewed"]
        rated = (
            "badly"
            if draw[i] < shares["badly"]
            else "well"
            if draw[i] < shares["badly"] + shares["well"]
            else None
        )
        days, rooms = pools.get((site_id, rated), (np.empty(0, "datetime64[D]"), np.empty(0)))
        last = np.datetime64(due, "D")
        first = last - np.timedelta64(365, "D")
        known = rooms[np.searchsorted(days, first) : np.searchsorted(days, last)]
        free = [room for room in known if room not in taken]
        room = free[int(rng.integers(len(free)))] if free else anyone[i]
        while room in taken:
            room = room_codes(site[[i]], rng.integers(0, roster.households[site[[i]]]))[0]
        taken.add(room)
        chosen.append(room)
    return chosen


def _complained(tickets: pd.DataFrame) -> dict[tuple[str, str], tuple[np.ndarray, np.ndarray]]:
    """Return days and rooms of rated complaints by site and whether rated badly or well."""
    rating = tickets["rating"].astype("float64")
    mine = tickets[
        (tickets["kind"] == "complaint") & rating.notna() & tickets["household_id"].notna()
    ]
    rating = rating[mine.index]
    how = np.where(rating <= _BAD, "badly", np.where(rating >= _GOOD, "well", ""))
    day = mine["resolved_at"].dt.tz_convert("Asia/Shanghai").dt.tz_localize(None)
    rows = pd.DataFrame(
        {
            "site_id": mine["site_id"].to_numpy(object),
            "how": how,
            "day": day.to_numpy("datetime64[D]"),
            "room": mine["household_id"].to_numpy(object),
        }
    ).sort_values(["day", "room"], kind="stable")
    return {
        key: (part["day"].to_numpy("datetime64[D]"), part["room"].to_numpy(object))
        for key, part in rows.groupby(["site_id", "how"])
    }


def active_share(
    parameters: WorldParameters, roster: Roster, *, trained: bool = True
) -> np.ndarray:
    """Return the expected share of accounts used in a month, shape (n_sites, n_months)."""
    return np.clip(_use(parameters, roster, trained=trained)[1], 0.05, 0.98)


def _use(
    p: WorldParameters, roster: Roster, *, trained: bool
) -> tuple[np.ndarray, np.ndarray, np.random.Generator]:
    """Return accounts by site, how likely one is used by site and month, and what draws on."""
    rng = stream(p, "crm usage")
    users = np.maximum(4, (p.n_staff / p.n_sites * rng.uniform(0.6, 0.9, p.n_sites)).astype(int))
    share = _USE_LEVEL + 0.06 * rng.standard_normal((p.n_sites, 1)) + np.zeros(p.n_months)
    if trained:
        share = share + 0.2 * bool(p.behaviour_effect) * roster.fading
    return users, share, rng


def draw_crm_usage(parameters: WorldParameters, roster: Roster) -> pd.DataFrame:
    """Draw the canonical table ``crm_usage``."""
    p = parameters
    users, share, rng = _use(p, roster, trained=True)
    shape = (p.n_sites, p.n_months)
    active = rng.binomial(users[:, None] * np.ones(shape, int), np.clip(share, 0.05, 0.98))
    records = rng.poisson(12.0 * active)
    functions = np.minimum(12, 3 + rng.poisson(3 * np.clip(share, 0, 1)))
    detail = stream(p, "crm usage by week and day")
    weekly = np.round(active * detail.uniform(0.72, 0.92, shape), 1)
    days = active + detail.binomial(20 * active, 0.3)
    kept = stream(p, "profiles, checks and follow-up calls")
    profiles = np.repeat(roster.sites["households"].to_numpy(int), p.n_months).reshape(shape)
    complete = kept.binomial(profiles, np.clip(0.45 + 0.4 * share, 0, 1))
    checked = np.full(shape, 20)
    right = kept.binomial(checked, np.clip(0.75 + 0.2 * share, 0, 1))
    calls = kept.poisson(3.0 * active)
    return _site_months(p, roster).assign(
        users=np.repeat(users, p.n_months),
        active_users=active.ravel(),
        weekly_users=weekly.ravel(),
        active_days=days.ravel(),
        records_kept=records.ravel(),
        functions_used=functions.ravel(),
        profiles=profiles.ravel(),
        profiles_complete=complete.ravel(),
        records_checked=checked.ravel(),
        records_right=right.ravel(),
        call_backs=calls.ravel(),
    )


def _site_months(p: WorldParameters, roster: Roster) -> pd.DataFrame:
    months = np.array([month_of(int(t)) for t in p.periods], dtype=object)
    return pd.DataFrame(
        {
            "site_id": np.repeat(roster.sites["site_id"].to_numpy(object), p.n_months),
            "month": np.tile(months, p.n_sites),
        }
    )
