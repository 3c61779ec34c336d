"""Where attendance fell short of assignment: the effect of attending, and change by hours.

The complier effect divides the effect of being assigned by what assignment did to attendance. It
is an effect only if assignment works through attendance alone: colleagues who stay away must not
gain from those who come. Change by hours attended compares sites that chose how much to attend:
it is described and never called an effect.

References
----------
Angrist, Imbens, Rubin (1996); Anderson, Rubin (1949); de Chaisemartin, D'Haultfœuille (2018) on
Wald ratios of differences in differences.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.causal.did.aggregate import aggregate
from analysis.causal.did.bands import satterthwaite
from analysis.causal.did.group_time import group_time
from analysis.causal.did.two_by_two import small_sample_scale
from analysis.causal.evaluation.estimates import Builder
from analysis.causal.evaluation.evaluate import Evaluation
from analysis.causal.inference.distributions import t_p_value, t_quantile
from analysis.causal.inference.inference_rule import fewest_compared
from analysis.causal.inference.joint import joint_influence
from analysis.causal.inference.ratio import fieller
from analysis.causal.panel.frame import FrameError, prepare
from analysis.results import Estimate

#: Below this F of attendance on assignment the ratio's usual interval is not to be trusted.
WEAK_BELOW = 10.0
FEWEST_SITES = 5


def complier_effect(evaluation: Evaluation, uptake: Mapping[str, float]) -> tuple[Estimate, ...]:
    """Return the effect on those who attend because they were assigned, and the attendance moved.

    Parameters
    ----------
    evaluation : Evaluation
        By assignment (intention to treat).
    uptake : Mapping
        Share of each unit's staff who attended, 0–1, from its cohort on; before that, and for
        units not named, zero.

    Returns
    -------
    tuple of Estimate
        ``…complier`` (``effect_on_attenders``; interval ``anderson_rubin``, ``se`` by the delta
        method, ``dims["first_stage_f"]``) and ``…uptake`` (effect of assignment on attendance).
        The interval is absent, with its reason, where assignment did not clearly move attendance.

    Raises
    ------
    FrameError
        ``share_range`` for a share outside 0–1.
    """
    values = {str(k): float(v) for k, v in uptake.items()}
    if any(not 0 <= v <= 1 for v in values.values()):
        raise FrameError("share_range", "attendance is a share between 0 and 1")
    options, outcome = evaluation.options, evaluation.outcome
    stem = f"{options.prefix}.{outcome}"
    common = {
        "indicator": outcome,
        "level": options.level,
        "simulated": options.simulated,
        "method": "wald_did",
    }
    if not evaluation.causal:
        return (_no_complier(stem, evaluation, common, "causal.reason.no_comparison"),)
    panel = evaluation.panel
    share = np.array([values.get(str(u), 0.0) for u in panel.units])
    if not (share * np.isfinite(panel.cohort)).any():
        return (_no_complier(stem, evaluation, common, "causal.reason.nobody_attended"),)
    moved, covariance, df = _first_stage(evaluation, share)
    overall = evaluation.overall
    common |= {
        "n": overall.n,
        "n_units": overall.n_units,
        "n_clusters": overall.n_clusters,
        "n_treated": overall.n_treated,
        "comparison": overall.comparison,
        "causal": True,
    }
    simple = evaluation.aggregates["simple"]
    builder = Builder(evaluation.effects, outcome, evaluation.unit, options)
    rule = builder.rule(simple.cell_weights[0])
    found = fieller(float(simple.att[0]), moved, covariance, df=df, level=options.level)
    strength = float(moved**2 / covariance[1, 1]) if covariance[1, 1] > 0 else None
    reason = None
    if rule.lead != "influence_function":
        reason = "causal.reason.few_clusters_ratio"
    elif found.ci_low is None:
        reason = "causal.reason.weak_assignment"
    shown = {}
    if reason is None:
        shown = {
            "ci_low": found.ci_low,
            "ci_high": found.ci_high,
            "interval_method": "anderson_rubin",
        }
    half = float(t_quantile(options.level, df) * np.sqrt(covariance[1, 1]))
    return (
        Estimate(
            id=f"{stem}.complier",
            estimand="effect_on_attenders",
            unit=evaluation.unit,
            value=found.value,
            se=found.se,
            reason=reason,
            dims={
                "first_stage_f": strength,
                "weak": strength is not None and strength < WEAK_BELOW,
            },
            **shown,
            **common,
        ),
        Estimate(
            id=f"{stem}.uptake",
            estimand="att_uptake",
            unit="share",
            value=moved,
            se=float(np.sqrt(covariance[1, 1])),
            ci_low=moved - half,
            ci_high=moved + half,
            interval_method="influence_function",
            **common,
        ),
    )


def _first_stage(evaluation: Evaluation, share: np.ndarray) -> tuple[float, np.ndarray, float]:
    """Return attendance brought about, its covariance with the effect, and the ratio's df."""
    panel, effects = evaluation.panel, evaluation.effects
    simple, attended = evaluation.aggregates["simple"], _attendance(panel, share)
    first = aggregate(
        group_time(
            attended,
            method=effects.method if effects.level is None else "dr",
            comparison=effects.comparison,
            base=effects.base_rule,
            unbalanced="pairs",
        ),
        "simple",
        fewest_compared=fewest_compared(panel.n_clusters),
        shares=evaluation.options.shares,
    )
    scale = small_sample_scale(panel)
    own = [simple.influence[:, 0] * scale, first.influence[:, 0] * small_sample_scale(attended)]
    influence = joint_influence([panel, attended], own)
    moved = float(first.att[0])
    tilted = simple.influence - (float(simple.att[0]) / moved) * first.influence
    df = float(satterthwaite(tilted * scale[:, None], panel.cluster, panel.cohort)[0])
    return moved, influence.T @ influence, df


def change_by_dose(
    evaluation: Evaluation, dose: Mapping[str, float], *, of: str
) -> tuple[Estimate, ...]:
    """Describe trained sites' change by something that differs between them.

    An association: nobody assigned the dose.

    Parameters
    ----------
    evaluation : Evaluation
        As for :func:`change_by_hours`.
    dose : Mapping
        By trained unit; units not named are left out.
    of : str
        Names the dose: the estimand is ``change_per_<of>``.
    """
    (found,), _ = change_by_hours(evaluation, dose)
    name = f"{evaluation.options.prefix}.{evaluation.outcome}.change_by_{of}"
    return (replace(found, id=name, estimand=f"change_per_{of}"),)


def change_by_hours(
    evaluation: Evaluation, hours: Mapping[str, float]
) -> tuple[tuple[Estimate, ...], pd.DataFrame]:
    """Describe trained sites' change by the hours attended.

    Parameters
    ----------
    evaluation : Evaluation
        With a comparison, whose change over each site's months is taken off.
    hours : Mapping
        Mean hours attended by staff of each trained unit; trained units not named are left out.

    Returns
    -------
    tuple of Estimate
        The slope (``change_per_hour``; not causal), with a heteroscedasticity-robust t interval
        (HC3) over sites.
    DataFrame
        One row per trained site: ``unit``, ``hours``, ``change``.
    """
    options, outcome = evaluation.options, evaluation.outcome
    common = {
        "id": f"{options.prefix}.{outcome}.change_by_hours",
        "estimand": "change_per_hour",
        "indicator": outcome,
        "unit": evaluation.unit,
        "level": options.level,
        "method": "least_squares",
        "simulated": options.simulated,
    }
    columns = ["unit", "hours", "change"]
    if not evaluation.causal:
        nothing = Estimate(value=None, n=0, reason="causal.reason.no_comparison", **common)
        return (nothing,), pd.DataFrame(columns=columns)
    given = {str(k): float(v) for k, v in hours.items() if pd.notna(v)}
    table = _changes(evaluation.panel)
    table = table[table["unit"].isin(list(given))].reset_index(drop=True)
    table["hours"] = table["unit"].map(given).astype(float)
    table = table[columns]
    m = len(table)
    if m < FEWEST_SITES or table["hours"].nunique() < 3:
        nothing = Estimate(value=None, n=m, reason="causal.reason.few_sites_slope", **common)
        return (nothing,), table
    X = np.column_stack([np.ones(m), table["hours"]])
    inverse = np.linalg.inv(X.T @ X)
    beta = inverse @ X.T @ table["change"].to_numpy()
    left = table["change"].to_numpy() - X @ beta
    leverage = np.einsum("ij,jk,ik->i", X, inverse, X)
    score = X * (left / np.maximum(1 - leverage, 1e-9))[:, None]
    se = float(np.sqrt((inverse @ score.T @ score @ inverse)[1, 1]))
    half = t_quantile(options.level, m - 2) * se
    slope = float(beta[1])
    found = Estimate(
        value=slope,
        se=se,
        ci_low=slope - half,
        ci_high=slope + half,
        p_value=t_p_value(slope / se, m - 2) if se > 0 else None,
        interval_method="robust_t",
        n=m,
        n_units=m,
        **common,
    )
    return (found,), table


def _attendance(panel, share: np.ndarray):
    """Attendance as an outcome on the same cells as the panel's own."""
    rows, cols = np.nonzero(panel.observed)
    frame = pd.DataFrame(
        {
            "unit": panel.units[rows],
            "period": panel.periods[cols],
            "y": np.where(panel.treated[rows, cols], share[rows], 0.0),
            "cohort": panel.cohort[rows],
            "cluster": panel.cluster[rows],
            "weight": panel.weights[rows],
            **{
                name: panel.covariates[rows, cols, k]
                for k, name in enumerate(panel.covariate_names)
            },
        }
    )
    return prepare(
        frame,
        covariates=panel.covariate_names,
        cluster="cluster",
        weights="weight",
        anticipation=panel.anticipation,
    )


def _changes(panel) -> pd.DataFrame:
    """Each treated unit's mean change from before, less the never or later treated units'."""
    rows = []
    compared: dict[float, dict[int, float]] = {}
    for i in np.flatnonzero(np.isfinite(panel.cohort)):
        g = panel.cohort[i]
        if g not in compared:
            compared[g] = _compared_changes(panel, g)
        before = panel.periods < g - panel.anticipation
        level = _row_mean(panel.y[[i]][:, before])[0]
        own = {t: panel.y[i, t] - level for t in compared[g]}
        changes = [own[t] - mean for t, mean in compared[g].items() if np.isfinite(own[t])]
        if changes:
            rows.append((str(panel.units[i]), float(np.mean(changes))))
    return pd.DataFrame(rows, columns=["unit", "change"])


def _compared_changes(panel, g: float) -> dict[int, float]:
    """Mean change of units not treated by then, from before a start, by place of the period."""
    before = panel.periods < g - panel.anticipation
    found = {}
    for t in np.flatnonzero(panel.periods >= g):
        others = panel.cohort > panel.periods[t]
        moved = panel.y[others, t] - _row_mean(panel.y[others][:, before])
        if np.isfinite(moved).any():
            found[int(t)] = moved[np.isfinite(moved)].mean()
    return found


def _row_mean(values: np.ndarray) -> np.ndarray:
    count = (~np.isnan(values)).sum(axis=1)
    out = np.full(len(values), np.nan)
    return np.divide(np.nansum(values, axis=1), count, out=out, where=count > 0)


def _no_complier(stem, evaluation, common, reason) -> Estimate:
    return Estimate(
        id=f"{stem}.complier",
        estimand="effect_on_attenders",
        unit=evaluation.unit,
        value=None,
        n=0,
        reason=reason,
        **common,
    )
