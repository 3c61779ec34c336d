"""Money and records by site and month: fees, contracts, use of the CRM system."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from analysis.simulation.parameters import WorldParameters
from analysis.simulation.sites import Roster, ar1, stream
from analysis.tables import month_of

_MONTHLY_FEE = {"villa": 900.0, "high_end": 480.0, "ordinary": 260.0, "old": 120.0}
_FEE_LEVEL, _RENEWAL_LEVEL, _USE_LEVEL = 0.85, 0.82, 0.5
_CONTRACTS_A_SITE = 36


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
        receivable=receivable.ravel(), waived=waived.ravel(), collected=collected.ravel()
    )


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


def draw_contracts(parameters: WorldParameters, roster: Roster) -> pd.DataFrame:
    """Draw the canonical table ``contracts``; some of the last month's are undecided."""
    p = parameters
    rng = stream(p, "contracts")
    n = p.n_sites * _CONTRACTS_A_SITE
    site = np.repeat(np.arange(p.n_sites), _CONTRACTS_A_SITE)
    month = rng.integers(0, p.n_months, n)
    day = rng.integers(0, 28, n)
    renewed = rng.random(n) < renewal_probability(p, roster)[site, month]
    open_still = (month == p.n_months - 1) & (rng.random(n) < 0.5)
    return pd.DataFrame(
        {
            "contract_id": [f"HT{i:05d}" for i in range(1, n + 1)],
            "site_id": roster.sites["site_id"].to_numpy(object)[site],
            "due_on": [
                month_of(int(p.periods[m])) + dt.timedelta(days=int(d))
                for m, d in zip(month, day, strict=True)
            ],
            "renewed": np.where(open_still, None, renewed.astype(object)),
        }
    )


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
    return _site_months(p, roster).assign(
        users=np.repeat(users, p.n_months),
        active_users=active.ravel(),
        weekly_users=weekly.ravel(),
        active_days=days.ravel(),
        records_kept=records.ravel(),
        functions_used=functions.ravel(),
    )


def _site_months(p: WorldParameters, roster: Roster) -> pd.DataFrame:
    months = np.array([month_of(int(t)) for t in p.periods], dtype=object)
    return pd.DataFrame(
        {
            "site_id": np.repeat(roster.sites["site_id"].to_numpy(object), p.n_months),
            "month": np.tile(months, p.n_sites),
        }
    )
