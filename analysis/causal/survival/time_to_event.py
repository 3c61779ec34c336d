"""Time to resolve and time to the first reply, open tickets included, before and after training.

Before: opened in the months before any site's start. After: opened in the months from the last
start on, and early enough that every ticket could be watched as long as it is counted. Comparison:
sites never trained. Each ticket counts up to a horizon: the shortest of :data:`HORIZONS` by which
at most a fifth of the tickets from before training were still open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from analysis.causal.inference.distributions import t_quantile
from analysis.causal.inference.inference_rule import FEWEST_FOR_BOOTSTRAP
from analysis.causal.options import Options
from analysis.causal.panel.frame import FrameError
from analysis.causal.panel.labels import starts
from analysis.causal.survival.kaplan_meier import (
    RestrictedMeans,
    kaplan_meier,
    restricted_mean_difference,
)
from analysis.indicators.requests import requests
from analysis.memory import remembered
from analysis.results import Estimate
from analysis.tables import periods_of

Ending = Literal["resolved", "replied"]
#: Hours up to which a ticket may be counted.
HORIZONS = (4.0, 24.0, 72.0, 168.0, 336.0, 720.0)
#: A horizon up to this many hours is read in minutes.
READ_IN_MINUTES = 4.0
#: Share of the earlier tickets that may still be open then.
STILL_OPEN = 0.2
QUANTILES: Mapping[str, float] = {"median": 0.5, "p90": 0.9}
"""Shares done, by which time the slow are told apart from the usual."""
WHY_NONE: Mapping[str, tuple[str, str]] = {
    "median": ("causal.reason.median_beyond", "causal.reason.median_open"),
    "p90": ("causal.reason.p90_beyond", "causal.reason.p90_open"),
}
"""Why such a time cannot be given, and why its interval cannot."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """Column of the instant, first part of the ids, and indicator."""

    column: str
    stem: str
    indicator: str
    tickets: str = ""

    def of(self, tickets: str) -> _Kind:
        """Return the same ending for tickets of one kind."""
        if not tickets:
            return self
        return replace(self, stem=f"{self.stem}.{tickets}", tickets=tickets)

    @property
    def dims(self) -> dict[str, str]:
        """What names the effect's row."""
        if not self.tickets:
            return {"label": "time_effect"}
        return {"label": f"time_effect_{self.tickets}", "kind": self.tickets}


ENDINGS: Mapping[str, Ending] = {
    "resolution_median_hours": "resolved",
    "response_median_hours": "replied",
}
"""What ends the waiting that an indicator is about."""

_KINDS = {
    "resolved": _Kind("resolved_at", "time_to_resolve", "resolution_median_hours"),
    "replied": _Kind("first_response_at", "time_to_reply", "response_median_hours"),
}


@remembered
def time_to(
    ending: Ending,
    tickets: pd.DataFrame,
    cohort: Mapping[str, float],
    *,
    until: pd.Timestamp,
    timezone: str,
    tau_hours: float | None = None,
    kind: str = "",
    options: Options | None = None,
) -> tuple[tuple[Estimate, ...], pd.DataFrame]:
    """Compare the mean time to an ending, each ticket counted up to a horizon.

    Parameters
    ----------
    ending : {"resolved", "replied"}
    tickets : DataFrame
        Canonical table ``tickets``: ``site_id``, ``opened_at``, and ``resolved_at`` or
        ``first_response_at`` (missing: not yet). Requests alone count
        (:func:`analysis.indicators.requests`), as in the indicators of waiting.
    cohort : Mapping
        Running month of each site's start; missing or infinite for never.
    until : Timestamp
        Last instant observed, with zone; what happened later counts as open then.
    timezone : str
        Zone that decides the month in which a ticket was opened.
    tau_hours : float, optional
        Horizon; chosen from the tickets before training when not given.
    kind : str
        Kind of tickets, where only one is given: part of ids, ``dims["kind"]`` and of the labels.

    Returns
    -------
    tuple of Estimate
        The effect (``att_restricted_mean``), then mean, median and 90th percentile by arm and
        phase, described, in hours, or in minutes where the horizon is short, and last the effect
        as a relative change; ``dims["label"]`` names each row, ``dims["tau_hours"]`` is the
        horizon.
    DataFrame
        Kaplan–Meier curves by arm and phase; without rows where there is no comparison.
    """
    options, about = options or Options(), _KINDS[ending].of(kind)
    try:
        data = _durations(tickets, cohort, until, timezone, about.column)
        tau = tau_hours or _horizon(data)
        data = data[data["watched"] >= tau]
        found = restricted_mean_difference(
            data["hours"].to_numpy(),
            data["done"].to_numpy(),
            data["treated"].to_numpy(),
            data["after"].to_numpy(),
            data["site"].to_numpy(),
            tau=tau,
            level=options.level,
        )
    except FrameError as error:
        if error.reason is None:
            raise
        nothing = Estimate(
            id=f"{options.prefix}.{about.stem}.att",
            estimand="att_restricted_mean",
            value=None,
            n=0,
            method="restricted_mean_did",
            reason=f"causal.fault.{error.rule}",
            dims=about.dims,
            **_common(about, options),
        )
        return (nothing,), pd.DataFrame(columns=["arm", "phase", "hours", "open_share"])
    described = [
        estimate
        for arm, phase in found.curves
        for estimate in _described(found, arm, phase, about, options)
    ]
    scaled = (_in_minutes(e) for e in (_effect(found, about, options), *described))
    return (*scaled, *_relative(found, about, options)), found.table()


def _in_minutes(estimate: Estimate) -> Estimate:
    """Return an estimate in minutes where its horizon is short."""
    if estimate.dims["tau_hours"] > READ_IN_MINUTES:
        return estimate
    fields = ("value", "se", "ci_low", "ci_high")
    known = {name: getattr(estimate, name) for name in fields}
    scaled = {name: None if x is None else 60 * x for name, x in known.items()}
    return replace(estimate, unit="minutes", **scaled)


def _common(kind: _Kind, options: Options) -> dict:
    return {
        "indicator": kind.indicator,
        "unit": "hours",
        "level": options.level,
        "simulated": options.simulated,
    }


def _compared(found: RestrictedMeans, known: bool) -> dict[str, Any]:
    """Return what every comparison of restricted means says of itself."""
    return {
        "n": found.n,
        "n_units": found.n_clusters,
        "n_clusters": found.n_clusters,
        "n_treated": found.n_treated,
        "method": "restricted_mean_did",
        "interval_method": "jackknife" if known else "none",
        "comparison": "never_treated",
        "causal": True,
        "reason": None if known else "causal.reason.no_inference",
    }


def _effect(found: RestrictedMeans, kind: _Kind, options: Options) -> Estimate:
    known = found.ci_low is not None
    return Estimate(
        id=f"{options.prefix}.{kind.stem}.att",
        estimand="att_restricted_mean",
        value=found.difference,
        se=found.se,
        ci_low=found.ci_low,
        ci_high=found.ci_high,
        p_value=found.p_value,
        dims={"tau_hours": found.tau, **kind.dims},
        **_compared(found, known),
        **_common(kind, options),
    )


def _relative(found: RestrictedMeans, kind: _Kind, options: Options) -> tuple[Estimate, ...]:
    """Return the effect as a relative change; nothing where a mean is zero."""
    if (moved := found.relative) is None:
        return ()
    known = moved.ci_low is not None
    label = kind.dims["label"].replace("time_effect", "time_relative")
    shared = {**_common(kind, options), "unit": "relative"}
    return (
        Estimate(
            id=f"{options.prefix}.{kind.stem}.relative",
            estimand="att_relative_mean",
            value=moved.value,
            ci_low=moved.ci_low,
            ci_high=moved.ci_high,
            p_value=moved.p_value,
            dims={"tau_hours": found.tau, **kind.dims, "label": label},
            **_compared(found, known),
            **shared,
        ),
    )


def _described(
    found: RestrictedMeans, arm: str, phase: str, kind: _Kind, options: Options
) -> tuple[Estimate, ...]:
    """Return mean, median and 90th percentile of one arm in one phase."""
    curve, spread = found.curves[arm, phase], found.spread[arm, phase]
    place = {"arm": arm, "phase": phase, "tau_hours": found.tau, "still_open": curve.n_censored}
    place |= {"kind": kind.tickets} if kind.tickets else {}
    common = {
        **_common(kind, options),
        "n": curve.n,
        "n_units": spread.n_sites,
        "n_clusters": spread.n_sites,
        "method": "kaplan_meier",
    }
    value, ends = found.means[arm, phase], {}
    if spread.n_sites >= FEWEST_FOR_BOOTSTRAP and spread.mean_se > 0:
        half = t_quantile(options.level, spread.n_sites - 1) * spread.mean_se
        ends = {"se": spread.mean_se, "ci_low": value - half, "ci_high": value + half}
        ends["interval_method"] = "jackknife"
    mean = Estimate(
        id=f"{options.prefix}.{kind.stem}.{arm}.{phase}",
        estimand="restricted_mean",
        value=value,
        dims={**place, "label": f"time_mean_{arm}_{phase}"},
        reason=None if ends else "causal.reason.no_inference",
        **common,
        **ends,
    )
    return mean, *(
        _quantile(found, arm, phase, kind, options, name=name, dims=place, common=common)
        for name in QUANTILES
    )


def _quantile(
    found: RestrictedMeans,
    arm: str,
    phase: str,
    kind: _Kind,
    options: Options,
    *,
    name: str,
    dims: dict,
    common: dict,
) -> Estimate:
    """Return the time by which a share is done, with Brookmeyer and Crowley's interval."""
    share = QUANTILES[name]
    time = found.curves[arm, phase].quantile(share)
    time = None if time is None or time > found.tau else time
    around = None
    if time is not None:
        around = found.spread[arm, phase].quantile_interval(share, options.level)
    ends: dict = {}
    if around is not None and time is not None:
        ends = {"ci_low": min(around[0], time), "ci_high": max(around[1], time)}
        ends["interval_method"] = "jackknife"
    else:
        ends["reason"] = WHY_NONE[name][time is not None]
    return Estimate(
        id=f"{options.prefix}.{kind.stem}.{arm}.{phase}.{name}",
        estimand=f"{name}_time",
        value=time,
        dims={**dims, "label": f"time_{name}_{arm}_{phase}"},
        **common,
        **ends,
    )


def _horizon(data: pd.DataFrame) -> float:
    """Return the shortest horizon by which few of the earlier tickets are open."""
    before = data[~data["after"]]
    if before.empty:
        raise FrameError("empty_arm", "no tickets before training")
    curve = kaplan_meier(before["hours"].to_numpy(), before["done"].to_numpy())
    longest = float(data.loc[data["after"], "watched"].max()) if data["after"].any() else 0.0
    possible = [tau for tau in HORIZONS if tau <= longest] or [HORIZONS[0]]
    reached = [tau for tau in possible if curve.at(tau) <= STILL_OPEN]
    return reached[0] if reached else possible[-1]


def _durations(tickets, cohort, until, timezone, column) -> pd.DataFrame:
    """Return ``site, hours, done, treated, after, watched`` of the tickets of both phases.

    ``site`` counts sites by their labels' order.
    """
    tickets = requests(tickets)
    opened = pd.to_datetime(tickets["opened_at"], utc=True)
    local = opened.dropna().dt.tz_convert(timezone)
    months = sorted(periods_of(local).unique())
    known = starts(cohort, periods=months or None)
    first = [g for g in known.values() if np.isfinite(g)]
    if not first:
        raise FrameError("no_treated", "no site is trained")
    ended = pd.to_datetime(tickets[column], utc=True)
    end = pd.Timestamp(until).tz_convert("UTC")
    code, site = pd.factorize(tickets["site_id"].astype(str), sort=True)
    start = np.array([known.get(name, np.nan) for name in site], float)
    followed = np.array([name in known for name in site], bool)
    # A time that ends before it began is a slip of the pen; the indicators leave it out as well.
    kept = followed[code] & ((opened <= end) & ~(ended < opened)).to_numpy()
    opened, ended, code = opened[kept], ended[kept], code[kept]
    local = opened.dt.tz_convert(timezone)
    period = periods_of(local).to_numpy(int)
    done = (ended.notna() & (ended <= end)).to_numpy(bool)
    data = pd.DataFrame(
        {
            "site": code,
            "hours": (ended.where(done, end) - opened).dt.total_seconds().to_numpy(float) / 3600,
            "done": done,
            "treated": np.isfinite(start[code]),
            "after": period >= max(first),
            "watched": (end - opened).dt.total_seconds().to_numpy(float) / 3600,
        }
    )
    return data[(period < min(first)) | data["after"].to_numpy()]
