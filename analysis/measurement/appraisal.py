"""A weighted appraisal of sites: what its ranks depend on, and what it may be used for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.measurement.agreement import INDIVIDUAL_LINE
from analysis.measurement.icc import Icc, icc_oneway, stepped_up
from analysis.results import Check, Estimate, StageResults, Topic, collect
from analysis.settings import LEVEL
from analysis.standards import Lines, course

SLACK = 0.10
"""How far a weight is moved to the corners."""

CONCENTRATION = 50.0
"""Of the Dirichlet weights: a weight of .3 then has a standard deviation of .064."""

LEAST_ANSWERS = 30
"""Observations that each indicator of each site needs before a score has consequences."""

UNSTABLE_SHARE = 0.10
"""More sites than this whose rank wanders over a quarter of the field make ranks unstable."""

_SATISFACTION = ("csat_mean", "csat_top2")


@dataclass(frozen=True, slots=True)
class Appraisal:
    """The appraisal of one period.

    Attributes
    ----------
    sites : DataFrame
        ``site_id, score`` (weighted standard deviations above the mean site), ``rank`` (1 is
        best), ``weights_low, weights_high`` (95 % of Dirichlet weights), ``corner_low,
        corner_high`` (each weight in turn up and down by ``SLACK``, and all weights equal),
        ``chance_low, chance_high`` (95 % of draws from the months' own spread), ``least``
        (fewest observations of an indicator; ledgers with one entry a month do not count).
    reliability : Icc or None
        Of one month; ``mean_reliability`` of the mean over the months.
    months : float
        Mean months a site.
    left_out : int
        Sites without every indicator.
    """

    sites: pd.DataFrame
    reliability: Icc | None
    months: float
    left_out: int

    def of_mean(self, value: float) -> float:
        """Reliability of the mean over the months, from that of one month (Spearman–Brown)."""
        return stepped_up(value, self.months)


def appraise(
    panel: pd.DataFrame,
    weights: Mapping[str, float],
    directions: Mapping[str, str],
    *,
    seed: int,
    draws: int = 1000,
    level: float = LEVEL,
) -> Appraisal | None:
    """Weigh indicators of sites into one score, and see what its ranks depend on.

    Each indicator is put in standard deviations of the sites' means, turned so that more is
    better. Months count as repeated measurements; what all sites share in a month is taken
    out. Months of one site are treated as independent: where they hang together, reliability
    is too high.

    Parameters
    ----------
    panel : DataFrame
        The indicator panel, restricted to the months to be appraised.
    weights : Mapping
        Weight of each indicator, above 0, together 1.
    directions : Mapping
        ``up`` or ``down`` by indicator.
    level : float
        Coverage of intervals.

    Returns
    -------
    Appraisal or None
        None with fewer than three sites that have every indicator, or where nothing varies.
    """
    if abs(sum(weights.values()) - 1) > 1e-9 or min(weights.values(), default=0) <= 0:
        raise ValueError(f"weights are above 0 and add up to 1, got {dict(weights)}")
    cells = panel[panel["indicator"].isin(list(weights)) & (panel["stratum"] == "")]
    cells = cells[cells["value"].notna() & (cells["site_id"] != "")]
    keys = ["site_id", "period"]
    wide = cells.pivot_table(index=keys, columns="indicator", values="value", observed=True)
    if set(weights) - set(wide.columns):
        return None
    wide = wide[list(weights)].astype(float).dropna()
    wide = wide - wide.groupby("period").transform("mean")
    means = wide.groupby("site_id").mean()
    spread = means.std()
    if len(means) < 3 or not (spread > 1e-12).all():
        return None
    sign = np.array([1.0 if directions[name] == "up" else -1.0 for name in weights])
    base = np.array(list(weights.values()))
    monthly = wide.to_numpy() / spread.to_numpy() * sign
    parts = means.to_numpy() / spread.to_numpy() * sign
    by = pd.DataFrame({"site": wide.index.get_level_values("site_id"), "y": monthly @ base})
    sums = by.assign(square=by["y"] ** 2).groupby("site")
    sums = sums.agg(n=("y", "size"), total=("y", "sum"), square=("square", "sum"))
    rng = np.random.default_rng(seed)
    score = parts @ base
    error = np.sqrt((by.groupby("site")["y"].var() / sums["n"]).fillna(0.0).to_numpy())
    chance = score + rng.standard_normal((draws, len(score))) * error
    moved = rng.dirichlet(CONCENTRATION * base, draws) @ parts.T
    sampled = cells.groupby("indicator", observed=True)["n"].transform("max") > 1
    counted = cells[sampled] if sampled.any() else cells
    least = counted.groupby(["site_id", "indicator"], observed=True)["n"].sum()
    table = pd.DataFrame({"site_id": means.index.astype(object), "score": score})
    table["rank"] = _ranks(score[None, :])[0].astype(int)
    for name, scores, tail in (
        ("weights", moved, 0.025),
        ("corner", corner_weights(base) @ parts.T, 0.0),
        ("chance", chance, 0.025),
    ):
        ends = np.quantile(_ranks(scores), [tail, 1 - tail], axis=0, method="nearest")
        table[[f"{name}_low", f"{name}_high"]] = ends.T.astype(int)
    table["least"] = table["site_id"].map(least.groupby("site_id").min()).astype("int64")
    return Appraisal(
        sites=table.sort_values(["rank", "site_id"], ignore_index=True),
        reliability=icc_oneway(
            *(sums[c].to_numpy() for c in ("n", "total", "square")), level=level
        ),
        months=float(sums["n"].mean()),
        left_out=int(cells["site_id"].nunique() - len(means)),
    )


def corner_weights(weights: np.ndarray, slack: float = SLACK) -> np.ndarray:
    """Move each weight up and down by ``slack``, the others in proportion; and make all equal.

    Returns
    -------
    ndarray of shape (2 k + 1, k)
        Rows add up to 1.
    """
    rows = [np.full(weights.size, 1 / weights.size)]
    for k in range(weights.size):
        for step in (slack, -slack):
            moved = float(np.clip(weights[k] + step, 0.0, 1.0))
            rest = 1 - weights[k]
            row = weights * ((1 - moved) / rest if rest > 0 else 0.0)
            row[k] = moved if rest > 0 else 1.0
            rows.append(row)
    return np.array(rows)


def _ranks(scores: np.ndarray) -> np.ndarray:
    return pd.DataFrame(scores).rank(axis=1, ascending=False, method="min").to_numpy()


def consequence_guard(
    id: str,
    *,
    reliability: float,
    low: float,
    n: int,
    least: int = LEAST_ANSWERS,
    line: float = INDIVIDUAL_LINE,
    appeals: bool = True,
) -> Check:
    """Keep a score from having consequences for one person or site.

    Parameters
    ----------
    reliability, low : float
        Of the score that would be used, with the lower end of its interval.
    n : int
        Fewest observations behind anybody's score.
    appeals : bool
        Whether objections to results are recorded.

    Returns
    -------
    Check
        ``failed`` unless the lower end reaches ``line``, ``n`` reaches ``least`` and objections
        are recorded (R213, R216): the reader may then look at averages only.
    """
    reliable = low >= line and n >= least
    fine = reliable and appeals
    unheard = reliable and not appeals
    reason, remedy = ("no_appeals", "open_appeals") if unheard else ("reason", "remedy")
    return Check(
        id=id,
        topic=Topic.APPRAISAL,
        question="measurement.check.consequence.question",
        status="passed" if fine else "failed",
        value=float(reliability),
        threshold=line,
        unit="coefficient",
        n=int(n),
        reason=f"measurement.check.consequence.{reason}",
        remedy=None if fine else f"measurement.check.consequence.{remedy}",
        params={
            "reliability": float(reliability),
            "low": float(low),
            "line": line,
            "fewest": int(n),
            "least": least,
        },
    )


def assess_appraisal(
    panel: pd.DataFrame,
    weights: Mapping[str, float],
    directions: Mapping[str, str],
    *,
    seed: int,
    before: int | None = None,
    months: int = 12,
    appeals: bool = True,
    lines: Lines | None = None,
    simulated: bool = False,
    level: float = LEVEL,
) -> StageResults:
    """Weigh the sites' indicators as the client does, and say what that may be used for.

    Parameters
    ----------
    panel : DataFrame
        The indicator panel.
    weights : Mapping
        The client's, by indicator; empty where there is no appraisal.
    directions : Mapping
        ``up`` or ``down`` by indicator.
    before : int, optional
        First month left out; the ``months`` before it are appraised.
    appeals : bool
        Whether objections to results are recorded.
    lines : Lines, optional
        What the client's programme is held to; the lines of the course without it.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Estimate ``baseline.appraisal.reliability``; checks ``baseline.appraisal.ranks``
        (stable under other weights), ``….chance`` (sites told apart), ``….consequence`` (see
        :func:`consequence_guard`) and ``….satisfaction`` (weight of satisfaction, R060);
        table ``appraisal``.
    """
    end = before if before is not None else int(panel["period"].max()) + 1 if len(panel) else 0
    window = panel[(panel["period"] < end) & (panel["period"] >= end - months)]
    found = appraise(window, weights, directions, seed=seed, level=level) if weights else None
    if found is None or found.reliability is None:
        reason = "measurement.reason.no_appraisal" if weights else "measurement.reason.no_weighing"
        missing = Check(
            id="baseline.appraisal.ranks",
            topic=Topic.APPRAISAL,
            question="measurement.check.appraisal.question",
            status="not_possible",
            reason=reason,
        )
        return collect("baseline", [missing])
    one = found.reliability
    value, low, high = (found.of_mean(end) for end in (one.value, one.low, one.high))
    estimate = Estimate(
        id="baseline.appraisal.reliability",
        estimand="icc",
        unit="coefficient",
        value=value,
        ci_low=low,
        ci_high=high,
        n=one.n,
        n_units=one.n_units,
        method="icc1k",
        interval_method="f_inversion",
        dims={"months": found.months},
        simulated=simulated,
        level=level,
    )
    drawn = lines or course()
    guard = consequence_guard(
        "baseline.appraisal.consequence",
        reliability=value,
        low=low,
        n=int(found.sites["least"].min()),
        least=int(drawn.of("consequence_records") or LEAST_ANSWERS),
        line=float(drawn.of("consequence_reliability") or INDIVIDUAL_LINE),
        appeals=appeals,
    )
    checks = [_ranks_check(found, "weights"), _ranks_check(found, "chance"), guard]
    share = sum(weight for name, weight in weights.items() if name in _SATISFACTION)
    line = drawn.of("satisfaction_weight")
    if line is not None:
        checks.append(_satisfaction(share, line))
    return collect("baseline", [estimate, *checks], tables={"appraisal": found.sites})


def _ranks_check(found: Appraisal, by: str) -> Check:
    sites = found.sites
    wide = sites[f"{by}_high"] - sites[f"{by}_low"] > len(sites) / 4
    share = float(wide.mean())
    fine = share <= UNSTABLE_SHARE
    corner = int((sites["corner_high"] - sites["corner_low"]).max())
    return Check(
        id=f"baseline.appraisal.{'ranks' if by == 'weights' else by}",
        topic=Topic.APPRAISAL,
        question=f"measurement.check.appraisal.{'question' if by == 'weights' else 'chance'}",
        status="passed" if fine else "caution",
        value=share,
        threshold=UNSTABLE_SHARE,
        unit="share",
        n=len(sites),
        reason=f"measurement.check.appraisal.by.{by}",
        remedy=None if fine else "measurement.check.appraisal.remedy",
        params={
            "sites": len(sites),
            "wide": int(wide.sum()),
            "corner": corner,
            "points": round(100 * SLACK),
            "left_out": found.left_out,
        },
    )


def _satisfaction(share: float, line: float) -> Check:
    fine = share >= line - 1e-9
    return Check(
        id="baseline.appraisal.satisfaction",
        topic=Topic.APPRAISAL,
        question="measurement.check.appraisal_satisfaction.question",
        status="passed" if fine else "caution",
        value=share,
        threshold=line,
        unit="share",
        reason="measurement.check.appraisal_satisfaction.reason",
        remedy=None if fine else "measurement.check.appraisal_satisfaction.remedy",
        params={"share": share, "line": line},
    )
