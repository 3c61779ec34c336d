r"""Time to resolve with open tickets censored, and its restricted mean compared between arms.

Leaving open tickets out makes the slow look fast: they are the slow ones. Kaplan–Meier keeps them
as "longer than so far". The restricted mean :math:`\int_0^\tau S(t)\,dt` is the mean time to
resolve, counted up to τ hours a ticket; it exists when the median does not.

References
----------
Kaplan, Meier (1958); Brookmeyer, Crowley (1982) on medians; Royston, Parmar (2013) on restricted
means; MacKinnon, Nielsen, Webb (2023) on leaving out clusters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.causal.inference.distributions import t_p_value, t_quantile
from analysis.causal.inference.inference_rule import FEWEST_FOR_BOOTSTRAP
from analysis.causal.panel.frame import FrameError
from analysis.settings import LEVEL

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
    last : float
        Longest observation, with or without event.
    """

    time: np.ndarray
    survival: np.ndarray
    at_risk: np.ndarray
    events: np.ndarray
    n: int
    n_censored: int
    last: float

    def at(self, time: float) -> float:
        """Return the share still open just after ``time``."""
        place = int(np.searchsorted(self.time, time, side="right"))
        return float(self.survival[place - 1]) if place else 1.0

    def quantile(self, done: float) -> float | None:
        """Return the first time by which a share is done; None where that never happens."""
        below = np.flatnonzero(self.survival <= 1 - done + 1e-12)
        return float(self.time[below[0]]) if len(below) else None

    def median(self) -> float | None:
        """Return the first time at which at most half are open; None where that never happens."""
        return self.quantile(0.5)

    def restricted_mean(self, tau: float) -> tuple[float, float]:
        """Return the mean time up to ``tau`` and its (unclustered) standard error.

        Raises
        ------
        FrameError
            ``beyond_observation`` where some are still open when the last observation ends before
            ``tau``: how long they stay open after it nobody has seen.
        """
        if tau > self.last and self.at(self.last) > 0:
            raise FrameError(
                "beyond_observation",
                f"nobody was observed longer than {self.last:g}, and some were still open then; "
                f"a mean up to {tau:g} is not known. Choose tau of at most {self.last:g}.",
            )
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
        float(distinct[-1]),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """What leaving out each site does to one curve, on a grid up to the horizon.

    Attributes
    ----------
    hours : (GRID,)
    survival : (GRID,)
        Share still open after each of ``hours``.
    se : (GRID,)
        Of ``survival``, from leaving out sites.
    mean_moved : (m,)
        Restricted mean less that without each of the m sites.
    """

    hours: np.ndarray
    survival: np.ndarray
    se: np.ndarray
    mean_moved: np.ndarray

    @property
    def n_sites(self) -> int:
        """Sites with a ticket."""
        return len(self.mean_moved)

    @property
    def mean_se(self) -> float:
        """Standard error of the restricted mean."""
        m = self.n_sites
        return float(np.sqrt((m - 1) / m * self.mean_moved @ self.mean_moved))

    def quantile_interval(self, done: float, level: float) -> tuple[float, float] | None:
        """Return the times at which that share done is not rejected (Brookmeyer, Crowley 1982).

        None with fewer than four sites, or where the last of them lies beyond the horizon.
        """
        if self.n_sites < FEWEST_FOR_BOOTSTRAP:
            return None
        half = t_quantile(level, self.n_sites - 1) * self.se
        inside = np.flatnonzero(np.abs(self.survival - (1 - done)) <= half)
        if not len(inside) or inside[-1] == len(self.hours) - 1:
            return None
        return float(self.hours[max(inside[0] - 1, 0)]), float(self.hours[inside[-1]])


@dataclass(frozen=True, slots=True)
class Relative:
    """Ratio of the arms' ratios of restricted means, less 1.

    Attributes
    ----------
    value : float
        −0.2 says that the treated arm's mean fell to 80 % of what the comparison's change implies.
    se : float or None
        Of the logarithm of the ratio.
    ci_low, ci_high, p_value : float or None
        On the logarithm, from leaving out sites, as of the difference.
    """

    value: float
    se: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    p_value: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class RestrictedMeans:
    """Restricted means by arm and phase, and their difference in differences.

    Attributes
    ----------
    means : Mapping
        (arm, phase) → mean hours up to ``tau``.
    curves : Mapping
        (arm, phase) → KaplanMeier.
    spread : Mapping
        (arm, phase) → :class:`Spread` of the curve over sites.
    difference : float
        Change of the treated arm less change of the comparison.
    se, ci_low, ci_high, p_value : float or None
        From estimating again without each site (:mod:`analysis.causal.inference.jackknife`), t with
        Satterthwaite's degrees of freedom; None with fewer than four sites in an arm.
    relative : Relative or None
        The same as a ratio; None where an arm and phase waits no time at all.
    """

    means: Mapping[tuple[str, str], float]
    curves: Mapping[tuple[str, str], KaplanMeier]
    spread: Mapping[tuple[str, str], Spread]
    difference: float
    se: float | None
    ci_low: float | None
    ci_high: float | None
    p_value: float | None
    relative: Relative | None
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
    level: float = LEVEL,
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
        ``beyond_observation`` where ``tau`` is longer than the longest observation of an arm and
        phase; ``empty_arm`` where an arm has no ticket in a phase; ``not_constant`` where a cluster
        is in both arms.
    """
    times, happened = np.asarray(duration, float), np.asarray(event, bool)
    D, A = np.asarray(treated, bool), np.asarray(after, bool)
    labels, codes = np.unique(np.asarray(cluster), return_inverse=True)
    arm_of = np.zeros(len(labels), bool)
    arm_of[codes] = D
    if (arm_of[codes] != D).any():
        raise FrameError("not_constant", "a cluster is in both arms")
    curves, means, spread = {}, {}, {}
    for arm, is_treated in zip(ARMS, (True, False), strict=True):
        for phase, is_after in zip(PHASES, (False, True), strict=True):
            rows = (is_treated == D) & (is_after == A)
            if not rows.any():
                raise FrameError("empty_arm", f"no tickets: {arm}, {phase}")
            curves[arm, phase] = kaplan_meier(times[rows], happened[rows])
            means[arm, phase] = curves[arm, phase].restricted_mean(tau)[0]
            events, at_risk = _by_site(times[rows], happened[rows], codes[rows], len(labels), tau)
            members = np.flatnonzero(arm_of == is_treated)
            spread[arm, phase] = _spread(events[members], at_risk[members], tau)
    change = {arm: means[arm, "after"] - means[arm, "before"] for arm in ARMS}
    difference = change["treated"] - change["comparison"]
    sizes = (int(arm_of.sum()), int((~arm_of).sum()))
    se = low = high = p_value = None
    if min(sizes) >= FEWEST_FOR_BOOTSTRAP:
        se, df = _standard_error({cell: of.mean_moved for cell, of in spread.items()})
        if se > 0:
            half = t_quantile(level, df) * se
            low, high = difference - half, difference + half
            p_value = t_p_value(difference / se, df)
    return RestrictedMeans(
        means=means,
        curves=curves,
        spread=spread,
        difference=float(difference),
        se=se,
        ci_low=low,
        ci_high=high,
        p_value=p_value,
        relative=_relative(means, spread, level, enough=min(sizes) >= FEWEST_FOR_BOOTSTRAP),
        level=level,
        tau=tau,
        n=len(times),
        n_clusters=len(labels),
        n_treated=sizes[0],
    )


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


def _spread(events: np.ndarray, at_risk: np.ndarray, tau: float) -> Spread:
    """Leave out each of m sites; ``events`` and ``at_risk`` are (m, GRID)."""
    whole = _survival(events.sum(axis=0), at_risk.sum(axis=0))
    without = _survival(events.sum(axis=0) - events, at_risk.sum(axis=0) - at_risk)
    m = len(events)
    return Spread(
        hours=np.arange(1, GRID + 1) * tau / GRID,
        survival=whole,
        se=np.sqrt((m - 1) / m * ((whole - without) ** 2).sum(axis=0)),
        mean_moved=(whole[:-1] - without[:, :-1]).sum(axis=1) * tau / GRID,
    )


def _survival(events: np.ndarray, at_risk: np.ndarray) -> np.ndarray:
    hazard = np.divide(events, at_risk, out=np.zeros_like(events), where=at_risk > 0)
    return np.cumprod(1 - hazard, axis=-1)


def _relative(
    means: Mapping[tuple[str, str], float],
    spread: Mapping[tuple[str, str], Spread],
    level: float,
    *,
    enough: bool,
) -> Relative | None:
    """Return the relative change with its interval; the logarithm is moved by leaving out sites."""
    if min(means.values()) <= 0:
        return None
    change = {arm: np.log(means[arm, "after"] / means[arm, "before"]) for arm in ARMS}
    log = float(change["treated"] - change["comparison"])
    without = {cell: means[cell] - of.mean_moved for cell, of in spread.items()}
    if not enough or min(float(kept.min()) for kept in without.values()) <= 0:
        return Relative(float(np.expm1(log)))
    moved = {cell: np.log(means[cell] / kept) for cell, kept in without.items()}
    se, df = _standard_error(moved)
    if se <= 0:
        return Relative(float(np.expm1(log)))
    half = t_quantile(level, df) * se
    ends = float(np.expm1(log - half)), float(np.expm1(log + half))
    return Relative(float(np.expm1(log)), se, *ends, t_p_value(log / se, df))


def _standard_error(moved_by: Mapping[tuple[str, str], np.ndarray]) -> tuple[float, float]:
    """Return standard error and Satterthwaite's degrees of freedom of a change between arms.

    ``moved_by`` says, by arm and phase, what leaving out each site does.
    """
    variance = squares = 0.0
    for arm in ARMS:
        moved = moved_by[arm, "after"] - moved_by[arm, "before"]
        m = len(moved)
        own = (m - 1) / m * float(moved @ moved)
        variance += own
        squares += own**2 / (m - 1)
    return float(np.sqrt(variance)), variance**2 / squares if squares > 0 else 1.0
