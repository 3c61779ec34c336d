"""For whom: effects by kind of site with a test of their equality.

Two p-values, one below and one above 5 %, do not show that two kinds of sites differ. Each kind is
estimated against comparison sites of its own kind, so the estimates are independent, and their
equality is tested at once.

References
----------
Welch (1951) for unequal variances and small degrees of freedom; Gelman, Stern (2006).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.causal.did.bands import satterthwaite
from analysis.causal.did.two_by_two import small_sample_scale
from analysis.causal.evaluation.estimates import Builder
from analysis.causal.evaluation.evaluate import Evaluation, evaluate_overall, refused
from analysis.causal.inference.distributions import f_p_value
from analysis.causal.options import Options
from analysis.causal.panel.frame import FrameError
from analysis.causal.refusals import Refusal
from analysis.memory import remembered
from analysis.results import Check, Estimate, Topic

#: Equality is rejected below this.
SIZE = 0.05


@dataclass(frozen=True, slots=True)
class WelchTest:
    """Whether K independent estimates are equal: F(``df1``, ``df2``)."""

    statistic: float
    df1: int
    df2: float
    p_value: float


@dataclass(frozen=True, slots=True, eq=False)
class Heterogeneity:
    """Effects by kind of site.

    Attributes
    ----------
    by : str
        Name of the characteristic, e.g. ``property_type``.
    test : WelchTest or None
        None with fewer than two kinds that can be estimated.
    """

    by: str
    test: WelchTest | None
    _estimates: tuple[Estimate, ...]
    _checks: tuple[Check, ...]

    def estimates(self) -> tuple[Estimate, ...]:
        """Return one effect a kind, then the spread between the kinds with the test's p-value."""
        return self._estimates

    def checks(self) -> tuple[Check, ...]:
        """Return the check whether kinds differ."""
        return self._checks


def welch_test(value: np.ndarray, variance: np.ndarray, df: np.ndarray) -> WelchTest:
    """Test that K independent estimates are equal.

    Parameters
    ----------
    value, variance, df : (K,)
        Estimates, their variances and degrees of freedom of those; K ≥ 2. For two it is the
        square of Welch's t.
    """
    K, weight = len(value), 1 / np.asarray(variance, float)
    total = weight.sum()
    mean = weight @ value / total
    doubt = ((1 - weight / total) ** 2 / df).sum()
    between = weight @ (value - mean) ** 2 / (K - 1)
    statistic = float(between / (1 + 2 * (K - 2) / (K**2 - 1) * doubt))
    df2 = float((K**2 - 1) / (3 * doubt))
    return WelchTest(statistic, K - 1, df2, f_p_value(statistic, K - 1, df2))


@remembered
def effects_by(
    frame: pd.DataFrame,
    kind: Mapping[str, str],
    *,
    by: str,
    outcome: str,
    unit: str,
    options: Options | None = None,
) -> Heterogeneity:
    """Estimate the overall effect by kind of unit and test whether the kinds differ.

    Parameters
    ----------
    frame : DataFrame
        As :func:`analysis.causal.evaluate` takes it. Not modified.
    kind : Mapping
        Kind of each unit, fixed before training; units without one are left out and counted in
        the check.
    by : str
        Name of the characteristic; key of ``dims``.

    Returns
    -------
    Heterogeneity
        A kind without comparison, or too small for influence functions, has an estimate whose
        reason says so, and stays out of the test.
    """
    options = options or Options()
    stem = f"{options.prefix}.{outcome}.by.{by}"
    label = frame["unit"].astype(str).map({str(k): v for k, v in kind.items()})
    kinds = sorted(str(v) for v in label.dropna().unique())
    if not kinds:
        raise FrameError("empty", f"no unit has a {by}")
    estimates, usable = [], []
    quick = replace(options, alternatives=(), horizons=())
    for name in kinds:
        dims = {by: name, "by": by}
        absent = {"id": f"{stem}.{name}", "estimand": "att_kind", "dims": dims}
        absent |= {"outcome": outcome, "unit": unit, "options": options}
        rows = frame[(label == name).to_numpy()]
        started = rows["cohort"].notna() & np.isfinite(rows["cohort"].astype(float))
        at_once = started.all() and rows["cohort"].min() == rows["cohort"].max()
        if at_once or not started.any():
            estimates.append(refused(Refusal.KIND_ONE_SIDED, **absent))
            continue
        try:
            found = evaluate_overall(rows, outcome=outcome, unit=unit, options=quick)
        except FrameError as error:
            estimates.append(refused(error.rule, **absent))
            continue
        if not found.causal:
            estimates.append(refused(found.broken_rule, **absent))
            continue
        own = found.overall
        estimates.append(
            replace(own, id=f"{stem}.{name}", estimand="att_kind", dims={**own.dims, **dims})
        )
        if own.se is not None and own.interval_method != "randomisation":
            usable.append((own.value, *overall_spread(found)))
    test = None
    if len(usable) > 1:
        value, variance, df = (np.array(column) for column in zip(*usable, strict=True))
        test = welch_test(value, variance, df)
        estimates.append(_range(stem, by, value, test, estimates, outcome, unit, options))
    missing = frame.loc[label.isna().to_numpy(), "unit"].nunique()
    check = _check(outcome, stem, by, test, len(usable), int(missing))
    return Heterogeneity(by, test, tuple(estimates), (check,))


def waves_alike(evaluation: Evaluation) -> Check:
    """Test that all training waves have the same average effect.

    Waves share their comparison sites, so their joint clustered covariance is used: the F test of
    K − 1 contrasts with clusters less waves as second degrees of freedom.

    Returns
    -------
    Check
        Passed where equality is not rejected. Not possible without an effect (with the reason why
        there is none), with one wave, where the waves' joint variance is singular, or where some
        wave is too small for influence functions.
    """
    options, outcome = evaluation.options, evaluation.outcome
    common = {
        "id": f"{options.prefix}.{outcome}.by.wave.check",
        "topic": Topic.WAVES_ALIKE,
        "indicator": outcome,
        "question": "causal.check.waves_alike",
        "dims": {"by": "wave"},
    }
    if not evaluation.causal:
        why = evaluation.checks()[0]
        return Check(status="not_possible", reason=why.reason, params=why.params, **common)
    waves = evaluation.aggregates.get("cohort")
    if waves is None or len(waves.key) < 2:
        rounds = evaluation.options.rounds
        together = waves is not None and rounds is not None and rounds.joined
        reason = f"causal.why.waves_alike.{'one_round' if together else 'one'}"
        return Check(status="not_possible", reason=reason, **common)
    panel = evaluation.panel
    builder = Builder(evaluation.effects, outcome, evaluation.unit, options)
    if any(builder.rule(w).lead != "influence_function" for w in waves.cell_weights):
        return Check(status="not_possible", reason="causal.why.waves_alike.too_few", **common)
    covariance = waves.covariance(panel.cluster, small_sample_scale(panel))
    contrast = np.diff(np.eye(len(waves.key)), axis=0)
    step, df1 = contrast @ waves.att, len(waves.key) - 1
    spread = contrast @ covariance @ contrast.T
    if np.linalg.matrix_rank(spread) < df1:
        return Check(status="not_possible", reason=Refusal.SINGULAR.key, **common)
    statistic = float(step @ np.linalg.solve(spread, step)) / df1
    p_value = f_p_value(statistic, df1, panel.n_clusters - len(waves.key))
    differs = p_value < SIZE
    return Check(
        status="caution" if differs else "passed",
        value=p_value,
        threshold=SIZE,
        unit="p_value",
        n=len(waves.key),
        reason=f"causal.why.waves_alike.{'differ' if differs else 'no_sign'}",
        remedy="causal.remedy.waves_alike" if differs else None,
        params={"value": p_value, "waves": len(waves.key)},
        **common,
    )


def overall_spread(found: Evaluation) -> tuple[float, float]:
    """Variance of the overall effect by influence functions, and its degrees of freedom."""
    panel = found.panel
    simple = found.aggregates["simple"]
    scale = small_sample_scale(panel)
    df = satterthwaite(simple.influence * scale[:, None], panel.cluster, panel.cohort)[0]
    return float(simple.covariance(panel.cluster, scale)[0, 0]), float(df)


def _range(stem, by, value, test, estimates, outcome, unit, options) -> Estimate:
    shown = [e for e in estimates if e.value is not None]
    return Estimate(
        id=f"{stem}.range",
        estimand="att_kind_range",
        indicator=outcome,
        unit=unit,
        value=float(value.max() - value.min()),
        p_value=test.p_value,
        n=sum(e.n for e in shown),
        method="welch_test",
        comparison=shown[0].comparison,
        causal=True,
        level=options.level,
        dims={"kinds": len(value), "by": by},
        simulated=options.simulated,
    )


_WORDED = ("property_type", "baseline_level", "staff_mix")
"""Characteristics that have a name in the catalogue; another is called as the caller calls it."""


def _check(outcome, stem, by, test, kinds, missing) -> Check:
    common = {
        "id": f"{stem}.check",
        "topic": Topic.KINDS_ALIKE,
        "indicator": outcome,
        "question": "causal.check.kinds_alike",
        "dims": {"by": by},
    }
    named = {"by": f"causal.by.{by}"} if by in _WORDED else {}
    if test is None:
        reason = "causal.why.kinds_alike.too_few"
        return Check(status="not_possible", reason=reason, params=named, **common)
    differs = test.p_value < SIZE
    return Check(
        status="caution" if differs else "passed",
        value=test.p_value,
        threshold=SIZE,
        unit="p_value",
        n=kinds,
        reason=f"causal.why.kinds_alike.{'differ' if differs else 'no_sign'}",
        remedy="causal.remedy.kinds_alike" if differs else None,
        params={"value": test.p_value, "kinds": kinds, "missing": missing, **named},
        **common,
    )
