r"""Behaviour: who really changed, do people apply what they learned.

* **Reliable change** of a person: a change too large for measurement error,
  :math:`RCI = (x_2 - x_1) / (s_1 \sqrt{2 (1 - r)})`, beyond ±1.96. Of people who did not change at
  all one in forty is called improved, so the share is compared with untrained people.
* **Application**: of those trained, who applies at least k target skills in the window; and skills
  applied of skills learned, both numbers reported.
* **Knowing and doing**: gain of the test less gain of behaviour, in standard deviations before.

People of a site are not independent: every interval is clustered by site.

References
----------
Jacobson, Truax (1991); Wilson (1927) with the effective sample size of Kish (1965); Pfeffer,
Sutton (1999) on the knowing–doing gap.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.causal.inference.distributions import t_p_value, t_quantile
from analysis.causal.inference.inference_rule import FEWEST_FOR_BOOTSTRAP
from analysis.causal.options import Options
from analysis.causal.panel.frame import FrameError
from analysis.results import Estimate

#: Two-sided 5 % of a standard normal.
RELIABLE = 1.959963984540054


@dataclass(frozen=True, slots=True)
class ArmMean:
    """Mean of people with an error clustered by site; ``df`` sites less one."""

    value: float
    se: float
    df: float
    n: int
    n_clusters: int


def reliable_change(
    before: np.ndarray, after: np.ndarray, *, reliability: float, sd: float | None = None
) -> np.ndarray:
    """Return the reliable-change index of each person.

    Parameters
    ----------
    before, after : (n,)
        Scores, more is better.
    reliability : float
        Of the instrument, between 0 and 1 (exclusive): omega, or test–retest.
    sd : float, optional
        Standard deviation before training; that of ``before`` by default.

    Raises
    ------
    FrameError
        ``reliability_range``; ``no_variation`` when everybody scored alike before.

    Examples
    --------
    >>> import numpy as np
    >>> index = reliable_change([47.5], [32.5], reliability=0.8, sd=7.5)
    >>> float(np.round(index[0], 2))
    -3.16
    """
    if not 0 < reliability < 1:
        raise FrameError("reliability_range", f"reliability is between 0 and 1, not {reliability}")
    before, after = np.asarray(before, float), np.asarray(after, float)
    spread = float(np.std(before, ddof=1)) if sd is None else sd
    if not spread > 0:
        raise FrameError("no_variation", "everybody scored alike before training")
    return (after - before) / (spread * np.sqrt(2 * (1 - reliability)))


def rated_change(
    people: pd.DataFrame, *, outcome: str, unit: str, options: Options | None = None
) -> tuple[Estimate, ...]:
    """Describe by how much the same people's ratings changed, by arm; no cause is spoken of.

    Parameters
    ----------
    people : DataFrame
        One row per person: ``site_id``, ``treated`` (bool), ``before``, ``after`` (mean ratings by
        others); people without either are left out. Not modified.
    outcome, unit : str
        Indicator and its unit.

    Returns
    -------
    tuple of Estimate
        ``….rated_change.treated`` and ``….comparison`` where there are such people
        (``change_before_after``), with a t interval over people clustered by site; none below four
        sites.

    Raises
    ------
    FrameError
        ``empty`` where nobody was rated both before and after.
    """
    options = options or Options()
    data = people.dropna(subset=["site_id", "treated", "before", "after"])
    if data.empty:
        raise FrameError("empty", "nobody was rated both before and after training")
    values = (data["after"] - data["before"]).to_numpy(float)
    stem = f"{options.prefix}.{outcome}.rated_change"
    names = ("change_before_after", "change_before_after")
    found = _by_arm(
        data, values, stem, names, unit, "before_after", outcome, options, {"part": "change"}
    )
    return tuple(e for e in found if "arm" in e.dims)


def share_improved(
    people: pd.DataFrame, *, outcome: str, reliability: float, options: Options | None = None
) -> tuple[Estimate, ...]:
    """Return the share who improved reliably, by arm, and the difference between arms.

    Parameters
    ----------
    people : DataFrame
        One row per person: ``site_id``, ``treated`` (bool), ``before``, ``after``; incomplete rows
        are left out. Not modified.
    reliability : float
        As :func:`reliable_change` takes it; the spread before is that of all people.

    Returns
    -------
    tuple of Estimate
        ``…improved.treated`` and ``…improved.comparison`` (described) and ``…improved.att``
        (``att_improved``); without people untrained the last has its reason.
    """
    options = options or Options()
    data = people.dropna(subset=["site_id", "treated", "before", "after"])
    if data.empty:
        raise FrameError("empty", "nobody was measured before and after")
    index = reliable_change(
        data["before"].to_numpy(), data["after"].to_numpy(), reliability=reliability
    )
    worse = float(np.mean(index < -RELIABLE))
    return _by_arm(
        data,
        (index > RELIABLE).astype(float),
        f"{options.prefix}.{outcome}.improved",
        ("share_improved", "att_improved"),
        "share",
        "reliable_change",
        outcome,
        options,
        {"reliability": reliability, "share_worse": worse},
    )


def know_do_gap(
    people: pd.DataFrame, *, outcome: str, options: Options | None = None
) -> tuple[Estimate, ...]:
    """Return gain of knowledge, gain of behaviour, and the gap, in standard deviations before.

    Parameters
    ----------
    people : DataFrame
        One row per person: ``site_id``, ``treated``, ``test_before``, ``test_after``,
        ``behaviour_before``, ``behaviour_after``. People with all four count. Not modified.

    Returns
    -------
    tuple of Estimate
        ``…know.att``, ``…do.att`` and ``…gap.att`` (``know_do_gap``: positive when people know
        more than they do), trained less untrained; each arm's own beside it.
    """
    options = options or Options()
    columns = ["test_before", "test_after", "behaviour_before", "behaviour_after"]
    data = people.dropna(subset=["site_id", "treated", *columns])
    if data.empty:
        raise FrameError("empty", "nobody has both tests and both ratings of behaviour")
    gains = {}
    for name in ("test", "behaviour"):
        start = data[f"{name}_before"].to_numpy(float)
        spread = np.std(start, ddof=1)
        if not spread > 0:
            raise FrameError("no_variation", f"{name}: everybody scored alike before training")
        gains[name] = (data[f"{name}_after"].to_numpy(float) - start) / spread
    shown = (("know", gains["test"]), ("do", gains["behaviour"]))
    shown += (("gap", gains["test"] - gains["behaviour"]),)
    found: tuple[Estimate, ...] = ()
    for name, values in shown:
        estimand = "know_do_gap" if name == "gap" else "standardised_gain"
        found += _by_arm(
            data,
            values,
            f"{options.prefix}.{outcome}.{name}",
            (estimand, estimand),
            "standard_deviations",
            "standardised_gain",
            outcome,
            options,
            {"part": name},
        )
    return found


def application(
    people: pd.DataFrame, *, outcome: str, least: int, options: Options | None = None
) -> tuple[Estimate, Estimate]:
    """Return who applies at least ``least`` skills, and skills applied of skills learned.

    Parameters
    ----------
    people : DataFrame
        One row per trained person: ``site_id``, ``learned`` (target skills passed) and ``applied``
        (different target skills seen in the window; no more than learned). Not modified.
    least : int
        Skills that make an applier.

    Returns
    -------
    tuple of Estimate
        ``…application.rate`` (``application_rate``) and ``…application.transfer``
        (``transfer_rate``); ``dims`` has both numerator and denominator. The first has Wilson's
        interval with the effective number of people.

    Raises
    ------
    FrameError
        ``share_range`` when more is applied than was learned; ``empty``.
    """
    options = options or Options()
    data = people.dropna(subset=["site_id", "learned", "applied"])
    if data.empty or not data["learned"].sum() > 0:
        raise FrameError("empty", "nobody learned a target skill")
    applied, learned = data["applied"].to_numpy(float), data["learned"].to_numpy(float)
    if np.any(applied > learned) or np.any(applied < 0):
        raise FrameError("share_range", "skills applied cannot exceed skills learned")
    site = data["site_id"].astype(str).to_numpy()
    enough = (applied >= least).astype(float)
    stem = f"{options.prefix}.{outcome}.application"
    rate = clustered_mean(enough, site)
    transfer = clustered_mean(applied, site, learned)
    common = {"indicator": outcome, "unit": "share", "simulated": options.simulated}
    return (
        Estimate(
            id=f"{stem}.rate",
            estimand="application_rate",
            method="proportion",
            dims={"least": least, "applying": int(enough.sum()), "people": len(data)},
            **common,
            **_wilson(rate, options.level),
        ),
        Estimate(
            id=f"{stem}.transfer",
            estimand="transfer_rate",
            method="ratio",
            dims={"applied": float(applied.sum()), "learned": float(learned.sum())},
            **common,
            **_described(transfer, options.level),
        ),
    )


def clustered_mean(
    values: np.ndarray, cluster: np.ndarray, size: np.ndarray | None = None
) -> ArmMean:
    """Return Σ values / Σ size with an error clustered by site (size 1 by default)."""
    size = np.ones(len(values)) if size is None else size
    codes, labels = pd.factorize(cluster)
    value = float(values.sum() / size.sum())
    score = np.bincount(codes, weights=(values - value * size) / size.sum())
    C = len(labels)
    se = float(np.sqrt(C / (C - 1) * score @ score)) if C > 1 else float("nan")
    return ArmMean(value, se, C - 1, len(values), C)


def described_mean(values: np.ndarray, cluster: np.ndarray, level: float) -> dict:
    """Return value, counts and interval of a described mean, clustered by site.

    Parameters
    ----------
    values, cluster : (n,)
        One value per person, and the person's site.
    level : float
        Coverage of the interval; there is none where fewer than four sites tell.
    """
    return _described(clustered_mean(values, cluster), level)


def _by_arm(data, values, stem, estimands, unit, method, outcome, options, dims):
    """One described mean an arm, then their difference as an effect."""
    site, treated = data["site_id"].astype(str).to_numpy(), data["treated"].to_numpy(bool)
    common = {
        "indicator": outcome,
        "unit": unit,
        "method": method,
        "simulated": options.simulated,
    }
    described = _wilson if unit == "share" else _described
    arms, found = {}, []
    for name, rows in (("treated", treated), ("comparison", ~treated)):
        if not rows.any():
            continue
        arms[name] = clustered_mean(values[rows], site[rows])
        found.append(
            Estimate(
                id=f"{stem}.{name}",
                estimand=estimands[0],
                dims={"arm": name, **dims},
                **common,
                **described(arms[name], options.level),
            )
        )
    if len(arms) < 2:
        reason = "causal.reason.no_comparison_people"
        nothing = Estimate(
            id=f"{stem}.att",
            estimand=estimands[1],
            value=None,
            n=len(data),
            level=options.level,
            dims=dims,
            reason=reason,
            **common,
        )
        return (*found, nothing)
    one, two = arms["treated"], arms["comparison"]
    value, se = one.value - two.value, float(np.hypot(one.se, two.se))
    ends = {"reason": "causal.reason.no_inference"}
    if min(one.n_clusters, two.n_clusters) >= FEWEST_FOR_BOOTSTRAP and se > 0:
        df = se**4 / (one.se**4 / one.df + two.se**4 / two.df)
        half = t_quantile(options.level, df) * se
        ends = {
            "se": se,
            "ci_low": value - half,
            "ci_high": value + half,
            "p_value": t_p_value(value / se, df),
            "interval_method": "clustered_t",
        }
    effect = Estimate(
        id=f"{stem}.att",
        estimand=estimands[1],
        value=value,
        n=len(data),
        n_units=one.n_clusters + two.n_clusters,
        n_clusters=one.n_clusters + two.n_clusters,
        n_treated=one.n_clusters,
        n_smallest=min(one.n, two.n),
        level=options.level,
        comparison="never_treated",
        causal=True,
        dims=dims,
        **common,
        **ends,
    )
    return (*found, effect)


def _described(mean: ArmMean, level: float) -> dict:
    """Value, counts and interval of an arm's mean; none with fewer than four sites."""
    counts = {
        "value": mean.value,
        "n": mean.n,
        "n_units": mean.n_clusters,
        "n_clusters": mean.n_clusters,
        "level": level,
    }
    if mean.n_clusters < FEWEST_FOR_BOOTSTRAP or not mean.se > 0:
        return counts | {"reason": "causal.reason.no_inference"}
    half = t_quantile(level, mean.df) * mean.se
    ends = {"ci_low": mean.value - half, "ci_high": mean.value + half}
    return counts | ends | {"se": mean.se, "interval_method": "clustered_t"}


def _wilson(mean: ArmMean, level: float) -> dict:
    """As :func:`_described`, with Wilson's interval at the effective number of people."""
    found = _described(mean, level)
    if "ci_low" not in found:
        return found
    p, quantile = mean.value, t_quantile(level, mean.df)
    effective = p * (1 - p) / mean.se**2
    share = quantile**2 / effective
    middle = (p + share / 2) / (1 + share)
    half = np.sqrt(share * (p * (1 - p) + share / 4)) / (1 + share)
    ends = {"ci_low": float(middle - half), "ci_high": float(middle + half)}
    return found | ends | {"interval_method": "wilson_clustered"}
