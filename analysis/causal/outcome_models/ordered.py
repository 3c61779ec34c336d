r"""Ordered answers (1–5): proportional-odds difference in differences from label counts.

.. math:: P(Y \le k) = \Lambda(\kappa_k - \eta_{at}),\qquad
          \eta_{at} = \alpha_a + \lambda_t + \delta_{at} 1[t \ge g_a]

with one δ in each treated cohort and month. The likelihood needs the counts of labels by cohort and
month only; intervals come from fitting it again without each site. Answers count alike, so sites
count by their answers, and the model is of the population's shares, not of one site's.

References
----------
McCullagh (1980); Wooldridge (2023), section 4, on difference in differences in an index; Brant
(1990) for the comparison of cuts; Athey, Imbens (2006) on why the scale of a score matters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.causal.did.group_time import by_cluster
from analysis.causal.did.two_by_two import small_sample_scale
from analysis.causal.inference.distributions import f_p_value
from analysis.causal.inference.inference_rule import FEWEST_FOR_BOOTSTRAP
from analysis.causal.inference.jackknife import jackknife
from analysis.causal.options import Options
from analysis.causal.outcome_models.saturated import (
    Saturated,
    by_arm,
    clustered_t,
    counts_of,
    saturate,
    thinner_side,
)
from analysis.causal.panel.frame import FrameError, Prepared, prepare
from analysis.causal.panel.labels import labelled, numeric
from analysis.memory import remembered
from analysis.results import Check, Estimate, Topic

#: Proportional odds are doubted below this p-value.
SIZE = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class OrderedFit:
    """Fit of the ordered model.

    Attributes
    ----------
    cuts : (K−1,)
    coef : (P,)
        Of the design's columns, in log odds; positive is towards the higher labels.
    influence : (N, K−1+P)
        Influence of each unit on cuts and coefficients.
    log_likelihood : float
    """

    cuts: np.ndarray
    coef: np.ndarray
    influence: np.ndarray
    log_likelihood: float


@dataclass(frozen=True, slots=True, eq=False)
class OrderedEffect:
    """Effect in log odds, on each label's share and on the mean."""

    fit: OrderedFit
    labels: np.ndarray
    _estimates: tuple[Estimate, ...]
    _checks: tuple[Check, ...]

    def estimates(self) -> tuple[Estimate, ...]:
        """Return log odds, mean, then one share a label."""
        return self._estimates

    def checks(self) -> tuple[Check, ...]:
        """Return the check of proportional odds."""
        return self._checks


@remembered
def ordered_effect(
    counts: pd.DataFrame, *, outcome: str, options: Options | None = None
) -> OrderedEffect:
    """Estimate the effect on an ordered score.

    Parameters
    ----------
    counts : DataFrame
        ``unit``, ``period``, ``cohort``, ``label`` (number), ``count``; as
        :func:`analysis.causal.label_counts` makes them, with the cohort added. Not modified.
    outcome : str
        Registry id.
    options : Options, optional
        ``cluster``, ``anticipation`` and ``level`` are used.

    Returns
    -------
    OrderedEffect
        ``…ordered.log_odds`` (``att_log_odds``), ``…ordered.mean`` (``att_overall`` on the score,
        implied by the model) and ``…ordered.share.<label>`` (``att_share``): share with training
        less share without, on the answers given under treatment.

    Raises
    ------
    FrameError
        As :func:`prepare`; ``one_label``, ``no_never_treated``, ``separated`` when some month's
        answers all have the same extreme label.
    """
    options = options or Options()
    panel, cube, labels = _panel(counts, options)
    design = saturate(panel, arms=True)
    fit = fit_ordered(cube, design)
    stem = f"{options.prefix}.{outcome}.ordered"
    common = {
        "indicator": outcome,
        "method": "ordered_did",
        "level": options.level,
        "simulated": options.simulated,
        **counts_of(panel, cube.sum()),
    }

    def refit(kept: np.ndarray) -> np.ndarray:
        part = design.among(kept)
        again = fit_ordered(cube[kept], part, start=fit)
        return _effects(again, cube[kept], part, labels)

    values = _effects(fit, cube, design, labels)
    influence = jackknife(values, refit, panel.cluster, panel.cohort)
    rows = [("log_odds", "att_log_odds", "log_odds", {}), ("mean", "att_overall", "score", {})]
    rows += [(f"share.{x:g}", "att_share", "share", {"label": float(x)}) for x in labels]
    found = [
        Estimate(
            id=f"{stem}.{name}",
            estimand=estimand,
            unit=unit,
            value=float(values[j]),
            dims={"beside": True, **dims},
            **common,
            **clustered_t(float(values[j]), influence[:, j], panel, options.level),
        )
        for j, (name, estimand, unit, dims) in enumerate(rows)
    ]
    weight = design.average(by_arm(cube.sum(axis=2), design.arm, len(design.cohorts)))
    check = _proportional(cube, design, weight, panel, stem, outcome)
    return OrderedEffect(fit, labels, tuple(found), (check,))


def score_frame(counts: pd.DataFrame, values: dict[float, float] | str) -> pd.DataFrame:
    """Return the estimation frame of a score that is a mean over labels.

    Parameters
    ----------
    counts : DataFrame
        ``unit``, ``period``, ``cohort``, ``label``, ``count``.
    values : dict or {"mean", "nps", "top_two"}
        Value of each label; ``nps``: +100 for 9–10, −100 for 0–6 on labels 0–10; ``top_two``: 1
        for the two highest labels seen anywhere, else 0; ``mean``: the label itself.

    Returns
    -------
    DataFrame
        ``unit``, ``period``, ``cohort``, ``y``, ``n``.

    Raises
    ------
    FrameError
        ``label_range`` for a label outside 0–10 under ``nps``, or without value.
    """
    counts = _checked(counts)
    label = counts["label"]
    if values == "nps":
        if not label.between(0, 10).all():
            raise FrameError("label_range", "the net promoter score needs answers of 0–10")
        worth = np.where(label >= 9, 100.0, np.where(label <= 6, -100.0, 0.0))
    elif values == "top_two":
        worth = label.isin(np.unique(label)[-2:]).to_numpy(float)
    elif values == "mean":
        worth = label.to_numpy()
    else:
        worth = label.map(values).to_numpy(float)
        if np.isnan(worth).any():
            raise FrameError("label_range", "a label has no value")
    data = counts.assign(_sum=worth * counts["count"])
    found = data.groupby(["unit", "period"], as_index=False).agg(
        total=("_sum", "sum"), n=("count", "sum"), cohort=("cohort", "first")
    )
    found = found[found["n"] > 0]
    return found.assign(y=found["total"] / found["n"]).drop(columns="total")


def fit_ordered(
    cube: np.ndarray, design: Saturated, *, start: OrderedFit | None = None
) -> OrderedFit:
    """Fit by Fisher scoring.

    Parameters
    ----------
    cube : (N, T, K)
        Counts of labels, ascending.
    design : Saturated
        With arm dummies.
    start : OrderedFit, optional
        Where the steps begin.
    """
    A, K = len(design.cohorts), cube.shape[2]
    table = by_arm(cube, design.arm, A)
    P = design.X.shape[2]
    share = table.sum(axis=(0, 1)) / table.sum()
    below = np.clip(np.cumsum(share)[:-1], 1e-9, 1 - 1e-9)
    theta = np.concatenate([np.log(below / (1 - below)), np.zeros(P)])
    if start is not None:
        theta = np.concatenate([start.cuts, start.coef])
    n = table.sum(axis=2)

    def likelihood(theta: np.ndarray) -> float:
        if np.any(np.diff(theta[: K - 1]) <= 0):
            return -np.inf
        p = _shares(theta, design, K)
        return float((table * np.log(np.maximum(p, 1e-300))).sum())

    value = likelihood(theta)
    for _ in range(100):
        p, slope = _shares(theta, design, K), _slopes(theta, design, K)
        ratio = np.maximum(p, 1e-300)
        gradient = np.einsum("atk,atkp->p", table / ratio, slope, optimize=True)
        information = np.einsum("at,atkp,atkq,atk->pq", n, slope, slope, 1 / ratio, optimize=True)
        try:
            step = np.linalg.solve(information, gradient)
        except np.linalg.LinAlgError:
            break
        if np.abs(theta[K - 1 :]).max() > 30:
            break
        if np.abs(step).max() < 1e-10:
            by_row = np.einsum("itk,itkp->ip", cube / ratio[design.arm], slope[design.arm])
            influence = np.linalg.solve(information, by_row.T).T
            return OrderedFit(theta[: K - 1], theta[K - 1 :], influence, value)
        size = 1.0
        while size > 1e-8 and (better := likelihood(theta + size * step)) < value - 1e-9:
            size /= 2
        theta, value = theta + size * step, better
    raise FrameError("separated", "the answers of some wave and month all have one extreme label")


def _until(theta: np.ndarray, design: Saturated, K: int) -> np.ndarray:
    """Return (A, T, K−1) shares of answers up to each label but the last."""
    eta = design.X @ theta[K - 1 :]
    upper = theta[: K - 1] - eta[..., None]
    return 1 / (1 + np.exp(-np.clip(upper, -500, 500)))


def _shares(theta: np.ndarray, design: Saturated, K: int) -> np.ndarray:
    """Return (A, T, K) shares of labels."""
    F = _until(theta, design, K)
    edge = np.zeros((*F.shape[:2], 1))
    return np.diff(np.concatenate([edge, F, edge + 1], axis=2), axis=2)


def _slopes(theta: np.ndarray, design: Saturated, K: int) -> np.ndarray:
    """Return (A, T, K, K−1+P) derivatives of the shares of labels."""
    F = _until(theta, design, K)
    f = F * (1 - F)
    edge = np.zeros((*F.shape[:2], 1))
    slope = np.zeros((*F.shape[:2], K, len(theta)))
    for k in range(K - 1):
        slope[:, :, k, k] += f[..., k]
        slope[:, :, k + 1, k] -= f[..., k]
    along = np.diff(np.concatenate([edge, f, edge], axis=2), axis=2)
    slope[..., K - 1 :] = -along[..., None] * design.X[:, :, None, :]
    return slope


def _effects(fit: OrderedFit, cube: np.ndarray, design: Saturated, labels) -> np.ndarray:
    """(2+K,) effects in log odds, on the mean, and on each label's share.

    Averaged over the answers given under treatment: shares with training less shares without.
    """
    sizes = by_arm(cube.sum(axis=2), design.arm, len(design.cohorts))
    K = len(labels)
    theta = np.concatenate([fit.cuts, fit.coef])
    untreated = theta.copy()
    untreated[K - 1 + design.first_cell :] = 0.0
    weight = np.zeros(sizes.shape)
    for (a, t), counted in zip(design.cells, design.counted, strict=True):
        weight[a, t] = sizes[a, t] * counted
    moved = _shares(theta, design, K) - _shares(untreated, design, K)
    shares = np.einsum("at,atk->k", weight / weight.sum(), moved)
    return np.concatenate([[design.average(sizes) @ fit.coef, labels @ shares], shares])


def _proportional(cube, design, weight, panel, stem, outcome) -> Check:
    """Compare the effect between cuts: one binary fit per cut, joint covariance by site.

    The covariance rests on few sites, so the statistic is Hotelling's with twice the degrees of
    freedom of the thinner side. A chi-square called 20 % of true models wrong with 4 trained of 14
    sites.
    """
    common = {
        "id": f"{stem}.check",
        "topic": Topic.PROPORTIONAL_ODDS,
        "indicator": outcome,
        "question": "causal.check.proportional_odds",
    }
    K = cube.shape[2]
    effects, influence = [], []
    for k in range(1, K):
        two = np.stack([cube[..., :k].sum(axis=2), cube[..., k:].sum(axis=2)], axis=2)
        try:
            fit = fit_ordered(two, design)
        except FrameError:
            continue
        effects.append(weight @ fit.coef)
        influence.append(fit.influence[:, 1:] @ weight)
    if len(effects) < 2:
        return Check(status="not_possible", reason="causal.why.proportional_odds.sparse", **common)
    moved = np.stack(influence, axis=1) * small_sample_scale(panel)[:, None]
    score = by_cluster(np.diff(moved, axis=1), panel.cluster)
    step = np.diff(effects)
    statistic = float(step @ np.linalg.pinv(score.T @ score) @ step)
    thinner, q = thinner_side(panel), len(step)
    spare = 2 * (thinner - 1) - q + 1
    if thinner < FEWEST_FOR_BOOTSTRAP or spare < 1:
        few = {"reason": "causal.why.proportional_odds.few_sites", "params": {"sites": thinner}}
        return Check(status="not_possible", **few, **common)
    p_value = f_p_value(statistic * spare / (q * 2 * (thinner - 1)), q, spare)
    doubted = p_value < SIZE
    return Check(
        status="caution" if doubted else "passed",
        value=p_value,
        threshold=SIZE,
        unit="p_value",
        n=len(effects),
        reason="causal.why.proportional_odds.differ" if doubted else None,
        remedy="causal.remedy.proportional_odds" if doubted else None,
        params={"value": p_value, "lowest": float(min(effects)), "highest": float(max(effects))},
        **common,
    )


def _checked(counts: pd.DataFrame) -> pd.DataFrame:
    """Return the counts with numeric labels and counts; a fault names its row.

    Raises
    ------
    FrameError
        ``columns``; ``label_missing``; ``count_negative`` for a missing, infinite or negative
        count; those of the labels of units and periods.
    """
    if missing := [name for name in ("label", "count") if name not in counts]:
        raise FrameError("columns", f"the frame has no column {missing}")
    data = labelled(counts)[0]
    data = data.assign(label=numeric(data, "label"), count=numeric(data, "count"))
    wrong = ~np.isfinite(data["label"].to_numpy())
    if wrong.any():
        raise FrameError("label_missing", f"{_place(data[wrong])} has no label, which is a number")
    wrong = ~(np.isfinite(data["count"].to_numpy()) & (data["count"].to_numpy() >= 0))
    if wrong.any():
        raise FrameError(
            "count_negative", f"{_place(data[wrong])} has no count of 0 or more answers"
        )
    return data


def _place(rows: pd.DataFrame) -> str:
    row = rows.iloc[0]
    return f"unit {row['unit']!r}, period {row['period']}"


def _panel(counts: pd.DataFrame, options: Options) -> tuple[Prepared, np.ndarray, np.ndarray]:
    counts = _checked(counts)
    frame = score_frame(counts[counts["count"] > 0], "mean")
    if options.cluster:
        of = counts.drop_duplicates("unit").set_index("unit")[options.cluster]
        frame[options.cluster] = frame["unit"].map(of)
    panel = prepare(frame, cluster=options.cluster, anticipation=options.anticipation)
    labels = np.unique(counts.loc[counts["count"] > 0, "label"].to_numpy(float))
    if len(labels) < 2:
        raise FrameError("one_label", "all answers have the same label")
    place = {name: i for i, name in enumerate(panel.units)}
    rows = counts[counts["unit"].astype(str).isin(list(place)).to_numpy() & (counts["count"] > 0)]
    cube = np.zeros((*panel.y.shape, len(labels)))
    where = (
        rows["unit"].astype(str).map(place).to_numpy(int),
        (rows["period"] - panel.periods[0]).to_numpy(int),
        np.searchsorted(labels, rows["label"].to_numpy(float)),
    )
    np.add.at(cube, where, rows["count"].to_numpy(float))
    return panel, cube, labels
