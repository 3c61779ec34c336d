r"""Time to resolve with open tickets censored, and its restricted mean compared between arms.

Leaving open tickets out makes the slow look fast: they are the slow ones. Kaplan–Meier keeps them
as "longer than so far". The restricted mean :math:`\int_0^\tau S(t)\,dt` is the mean time to
resolve, counted up to τ hours a ticket; it exists when the median does not.

References
----------
Kaplan, Meier (1958); Royston, Parmar (2013) on restricted means; MacKinnon, Nielsen, Webb (2023)
on leaving out clusters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.causal.distributions import t_p_value, t_quantile
from analysis.causal.frame import FrameError
from analysis.causal.inference_rule import FEWEST_FOR_BOOTSTRAP
from analysis.causal.options import Options
from analysis.results import Estimate

#: Steps of the grid on which sites are left out; the estimate itself uses exact times.
GRID = 240
ARMS = ("treated", "comparison")
PHASES = ("before", "after")


@dataclass(frozen=True, slots=True, eq=False)
class KaplanMeier:
    """Share still open by time.

    Attributes
    ----------
    time : (K,)
        Distinct times with an event, ascending.
    survival : (K,)
        Share still open just after each.
    at_risk, events : (K,)
    n, n_censored : int
    """

    time: np.ndarray
    survival: np.ndarray
    at_risk: np.ndarray
    events: np.ndarray
    n: int
    n_censored: int

    def median(self) -> float | None:
        """Return the first time at which at most half are open; None where that never happens."""
        below = np.flatnonzero(self.survival <= 0.5 + 1e-12)
        return float(self.time[below[0]]) if len(below) else None

    def restricted_mean(self, tau: float) -> tuple[float, float]:
        """Return the mean time up to ``tau`` and its (unclustered) standard error."""
        inside = self.time < tau
        edges = np.concatenate([[0.0], self.time[inside], [tau]])
        area = np.concatenate([[1.0], self.survival[inside]]) * np.diff(edges)
        left = area[::-1].cumsum()[::-1][1:]
        n, d = self.at_risk[inside], self.events[inside]
        spread = np.divide(d, n * (n - d), out=np.zeros(len(n)), where=n > d)
        return float(area.sum()), float(np.sqrt((left**2 * spread).sum()))


def kaplan_meier(duration: np.ndarray, event: np.ndarray) -> KaplanMeier:
    """Estimate the share still open.

    Parameters
    ----------
    duration : (n,)
        Time to the event, or to the end of observation; not negative.
    event : (n,) bool
        Whether it happened (False: censored). Where both fall on one time, events come first.
    """
    times, happened = np.asarray(duration, float), np.asarray(event, bool)
    if not len(times):
        raise FrameError("empty", "no durations")
    if not np.isfinite(times).all() or (times < 0).any():
        raise FrameError("duration_negative", "durations must be finite and not negative")
    distinct, place = np.unique(times, return_inverse=True)
    events = np.bincount(place, weights=happened)
    leaving = np.bincount(place)
    at_risk = leaving[::-1].cumsum()[::-1].astype(float)
    kept = events > 0
    survival = np.cumprod(1 - events[kept] / at_risk[kept])
    return KaplanMeier(
        distinct[kept],
        survival,
        at_risk[kept],
        events[kept],
        len(times),
        int((~happened).sum()),
    )


@dataclass(frozen=True, slots=True, eq=False)
class RestrictedMeans:
    """Restricted means by arm and phase, and their difference in differences.

    Attributes
    ----------
    means : Mapping
        (arm, phase) → mean hours up to ``tau``.
    curves : Mapping
        (arm, phase) → KaplanMeier.
    difference : float
        Change of the treated arm less change of the comparison.
    se, ci_low, ci_high, p_value : float or None
        From estimating again without each site (:mod:`analysis.causal.jackknife`), t with
        Satterthwaite's degrees of freedom; None with fewer than four sites in an arm.
    """

    means: Mapping[tuple[str, str], float]
    curves: Mapping[tuple[str, str], KaplanMeier]
    difference: float
    se: float | None
    ci_low: float | None
    ci_high: float | None
    p_value: float | None
    level: float
    tau: float
    n: int
    n_clusters: int
    n_treated: int

    def table(self, points: int = 200) -> pd.DataFrame:
        """Curves for plotting: ``arm``, ``phase``, ``hours``, ``open_share``."""
        hours = np.linspace(0, self.tau, points)
        parts = []
        for (arm, phase), curve in self.curves.items():
            place = np.searchsorted(curve.time, hours, side="right")
            share = np.concatenate([[1.0], curve.survival])[place]
            parts.append(
                pd.DataFrame({"arm": arm, "phase": phase, "hours": hours, "open_share": share})
            )
        return pd.concat(parts, ignore_index=True)


def restricted_mean_difference(
    duration: np.ndarray,
    event: np.ndarray,
    treated: np.ndarray,
    after: np.ndarray,
    cluster: np.ndarray,
    *,
    tau: float,
    level: float = 0.95,
) -> RestrictedMeans:
    """Compare the change of the restricted mean between arms.

    Parameters
    ----------
    duration, event
        As :func:`kaplan_meier` takes them.
    treated, after : (n,) bool
        Arm and phase.
    cluster : (n,)
        Labels; an arm is constant within a cluster.
    tau : float
        Horizon, no longer than the shortest observation possible in any arm and phase.

    Raises
    ------
    FrameError
        ``empty_arm`` where an arm has no ticket in a phase; ``not_constant`` where a cluster is
        in both arms.
    """
    times, happened = np.asarray(duration, float), np.asarray(event, bool)
    D, A = np.asarray(treated, bool), np.asarray(after, bool)
    labels, codes = np.unique(np.asarray(cluster), return_inverse=True)
    arm_of = np.zeros(len(labels), bool)
    arm_of[codes] = D
    if (arm_of[codes] != D).any():
        raise FrameError("not_constant", "a cluster is in both arms")
    curves, means, tables = {}, {}, {}
    for arm, is_treated in zip(ARMS, (True, False), strict=True):
        for phase, is_after in zip(PHASES, (False, True), strict=True):
            rows = (is_treated == D) & (is_after == A)
            if not rows.any():
                raise FrameError("empty_arm", f"no tickets: {arm}, {phase}")
            curves[arm, phase] = kaplan_meier(times[rows], happened[rows])
            means[arm, phase] = curves[arm, phase].restricted_mean(tau)[0]
            tables[arm, phase] = _by_site(
                times[rows], happened[rows], codes[rows], len(labels), tau
            )
    change = {arm: means[arm, "after"] - means[arm, "before"] for arm in ARMS}
    difference = change["treated"] - change["comparison"]
    sizes = (int(arm_of.sum()), int((~arm_of).sum()))
    se = low = high = p_value = None
    if min(sizes) >= FEWEST_FOR_BOOTSTRAP:
        se, df = _without_each(tables, arm_of, tau)
        if se > 0:
            half = t_quantile(level, df) * se
            low, high = difference - half, difference + half
            p_value = t_p_value(difference / se, df)
    return RestrictedMeans(
        means=means,
        curves=curves,
        difference=float(difference),
        se=se,
        ci_low=low,
        ci_high=high,
        p_value=p_value,
        level=level,
        tau=tau,
        n=len(times),
        n_clusters=len(labels),
        n_treated=sizes[0],
    )


def time_to_resolve(
    tickets: pd.DataFrame,
    cohort: Mapping[str, float],
    *,
    until: pd.Timestamp,
    timezone: str,
    tau_hours: float = 72.0,
    options: Options | None = None,
) -> tuple[tuple[Estimate, ...], pd.DataFrame]:
    """Compare the mean time to resolve, up to ``tau_hours`` a ticket, before and after training.

    Before: opened in the months before any site's start. After: opened in the months from the
    last start on and at least ``tau_hours`` before ``until``, so that every ticket could be
    watched that long. Comparison: sites never trained.

    Parameters
    ----------
    tickets : DataFrame
        Canonical table ``tickets``: ``site_id``, ``opened_at``, ``resolved_at`` (missing: open).
    cohort : Mapping
        Running month of each site's start; missing or infinite for never.
    until : Timestamp
        Last instant observed, with zone; tickets resolved later count as open then.
    timezone : str
        Zone that decides the month in which a ticket was opened.

    Returns
    -------
    tuple of Estimate
        The effect (``att_restricted_mean``, hours) and the four restricted means, described.
    DataFrame
        Kaplan–Meier curves by arm and phase; without rows where there is no comparison.
    """
    options = options or Options()
    stem = f"{options.prefix}.time_to_resolve"
    common = {
        "indicator": "resolution_median_hours",
        "unit": "hours",
        "level": options.level,
        "simulated": options.simulated,
    }
    try:
        data = _durations(tickets, cohort, until, timezone, tau_hours)
        found = restricted_mean_difference(
            data["hours"].to_numpy(),
            data["resolved"].to_numpy(),
            data["treated"].to_numpy(),
            data["after"].to_numpy(),
            data["site_id"].to_numpy(),
            tau=tau_hours,
            level=options.level,
        )
    except FrameError as error:
        nothing = Estimate(
            id=f"{stem}.att",
            estimand="att_restricted_mean",
            value=None,
            n=0,
            method="restricted_mean_did",
            reason=f"causal.fault.{error.rule}",
            **common,
        )
        return (nothing,), pd.DataFrame(columns=["arm", "phase", "hours", "open_share"])
    effect = Estimate(
        id=f"{stem}.att",
        estimand="att_restricted_mean",
        value=found.difference,
        se=found.se,
        ci_low=found.ci_low,
        ci_high=found.ci_high,
        p_value=found.p_value,
        n=found.n,
        n_units=found.n_clusters,
        n_clusters=found.n_clusters,
        n_treated=found.n_treated,
        method="restricted_mean_did",
        interval_method="jackknife" if found.ci_low is not None else "none",
        comparison="never_treated",
        causal=True,
        dims={"tau_hours": tau_hours},
        reason=None if found.ci_low is not None else "causal.reason.no_inference",
        **common,
    )
    described = tuple(
        Estimate(
            id=f"{stem}.{arm}.{phase}",
            estimand="restricted_mean",
            value=found.means[arm, phase],
            n=curve.n,
            method="kaplan_meier",
            dims={
                "arm": arm,
                "phase": phase,
                "tau_hours": tau_hours,
                "median_hours": curve.median(),
                "still_open": curve.n_censored,
            },
            **common,
        )
        for (arm, phase), curve in found.curves.items()
    )
    return (effect, *described), found.table()


def _durations(tickets, cohort, until, timezone, tau_hours) -> pd.DataFrame:
    known = {str(k): float("inf") if pd.isna(v) else float(v) for k, v in cohort.items()}
    starts = [g for g in known.values() if np.isfinite(g)]
    if not starts:
        raise FrameError("no_treated", "no site is trained")
    opened = pd.to_datetime(tickets["opened_at"], utc=True)
    resolved = pd.to_datetime(tickets["resolved_at"], utc=True)
    end = pd.Timestamp(until).tz_convert("UTC")
    site = tickets["site_id"].astype(str)
    kept = (site.isin(list(known)) & (opened <= end)).to_numpy()
    opened, resolved, site = opened[kept], resolved[kept], site[kept]
    local = opened.dt.tz_convert(timezone)
    period = (local.dt.year * 12 + local.dt.month - 1).to_numpy(int)
    done = (resolved.notna() & (resolved <= end)).to_numpy(bool)
    hours = (resolved.where(done, end) - opened).dt.total_seconds().to_numpy(float) / 3600
    before, after = period < min(starts), period >= max(starts)
    watched = ((end - opened).dt.total_seconds() / 3600).to_numpy(float) >= tau_hours
    data = pd.DataFrame(
        {
            "site_id": site.to_numpy(),
            "hours": hours,
            "resolved": done,
            "treated": np.isfinite(site.map(known).to_numpy(float)),
            "after": after,
        }
    )
    return data[(before | after) & watched]


def _by_site(times, happened, codes, n_sites, tau) -> tuple[np.ndarray, np.ndarray]:
    """(S, GRID) events and tickets at risk by site, on the grid up to ``tau``."""
    step = tau / GRID
    place = np.minimum(np.ceil(times / step).astype(int), GRID + 1)
    place = np.maximum(place, 1)
    counted = np.zeros((n_sites, GRID + 2))
    np.add.at(counted, (codes, place), 1.0)
    events = np.zeros((n_sites, GRID + 2))
    np.add.at(events, (codes, place), happened.astype(float))
    at_risk = counted[:, ::-1].cumsum(axis=1)[:, ::-1]
    return events[:, 1 : GRID + 1], at_risk[:, 1 : GRID + 1]


def _without_each(tables, arm_of: np.ndarray, tau: float) -> tuple[float, float]:
    """Return standard error and degrees of freedom from leaving out each site."""
    variance, spread = 0.0, 0.0
    for arm, is_treated in zip(ARMS, (True, False), strict=True):
        members = np.flatnonzero(arm_of == is_treated)
        m = len(members)
        moved = np.zeros(m)
        for phase, turn in zip(PHASES, (-1.0, 1.0), strict=True):
            events, at_risk = (part[members] for part in tables[arm, phase])
            whole = _grid_mean(events.sum(axis=0), at_risk.sum(axis=0), tau)
            without = _grid_mean(events.sum(axis=0) - events, at_risk.sum(axis=0) - at_risk, tau)
            moved += turn * (whole - without)
        own = (m - 1) / m * float(moved @ moved)
        variance += own
        spread += own**2 / (m - 1)
    return float(np.sqrt(variance)), variance**2 / spread if spread > 0 else 1.0


def _grid_mean(events: np.ndarray, at_risk: np.ndarray, tau: float) -> np.ndarray:
    """Restricted means from events and tickets at risk on the grid (…, GRID)."""
    hazard = np.divide(events, at_risk, out=np.zeros_like(events), where=at_risk > 0)
    survival = np.cumprod(1 - hazard, axis=-1)
    return (1 + survival[..., :-1].sum(axis=-1)) * tau / GRID
