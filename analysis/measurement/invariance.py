"""Do groups use a questionnaire in the same way? The gate before raw means are compared.

Three models are fitted over groups, each adding equalities to the one before: *configural*
(same items on same factors), *metric* (equal loadings), *scalar* (equal intercepts too). Raw
means may be compared only where scalar invariance holds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from analysis.measurement.artefact import largest_artefact
from analysis.measurement.covariance_structure import (
    Factors,
    Matrices,
    Moments,
    Solution,
    carry,
    lagrange,
    matrices,
    maximise,
    patterns,
    usable,
)
from analysis.measurement.factor import identified
from analysis.measurement.fit import FitIndices, fit_indices
from analysis.measurement.robust import expected_chi2, expected_null_chi2
from analysis.settings import ALPHA, LEVEL

Level = Literal["configural", "metric", "scalar"]
Decision = Literal["scalar", "partial_scalar", "metric", "configural", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When an added set of equalities is refused.

    It is refused when the chi-square difference is significant at ``alpha`` *and* CFI falls by
    more than ``cfi_drop`` or RMSEA rises by more than ``rmsea_rise``. The indices alone are
    noisy in small groups, chi-square alone refuses trifles in large ones. The configural model
    holds with CFI of at least ``least_cfi`` and SRMR of at most ``most_srmr``.

    References
    ----------
    Cheung & Rensvold (2002) for CFI; Chen (2007) for RMSEA.
    """

    cfi_drop: float = 0.01
    rmsea_rise: float = 0.015
    alpha: float = ALPHA
    least_cfi: float = 0.90
    most_srmr: float = 0.08

    def refuses(self, step: Step) -> bool:
        """Whether a step is refused; a model without a maximum is."""
        if not step.converged or step.p_value is None:
            return True
        if step.p_value >= self.alpha:
            return False
        worse = step.cfi_drop > self.cfi_drop
        return worse or (step.rmsea_rise is not None and step.rmsea_rise > self.rmsea_rise)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One model of the ladder, and what its equalities cost against the model before.

    ``chi2_change`` to ``rmsea_rise`` are None for the configural model. ``p_value`` is that of
    ``chi2_change / change_scaling``. ``released`` are the items left free in this step.
    """

    level: Level
    fit: FitIndices
    converged: bool
    released: tuple[str, ...] = ()
    chi2_change: float | None = None
    change_scaling: float = 1.0
    df_change: int | None = None
    p_value: float | None = None
    cfi_drop: float | None = None
    rmsea_rise: float | None = None
    refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Invariance:
    """What the ladder decided.

    Attributes
    ----------
    decision : str
        ``scalar``, ``partial_scalar``, ``metric``, ``configural``, ``none``.
    steps : tuple of Step
        Every model fitted, refused ones included, in order.
    free_loadings, free_intercepts : tuple of str
        Items that partial invariance leaves free.
    latent_means : DataFrame
        ``group, factor, value, se, ci_low, ci_high, reference``: latent means in standard
        deviations of the reference group's factor, from the last scalar model that was kept;
        empty below partial scalar invariance.
    intercepts : DataFrame
        ``group, item, shift``: by how many points the group answers the item otherwise than
        the reference group at an equal level of what is measured.
    artefact : float or None
        Largest difference between a group's and the reference's mean score over all items that
        is due to intercepts alone, in points.
    movable : float or None
        By how many points a difference of mean scores could come from different use of one or
        two items, at the end of the interval (:mod:`analysis.measurement.artefact`).
    least_n : int
        Complete sheets of the smallest group.
    least_clusters : int or None
        Sites behind the group that has the fewest; None where sites are not known, or where
        every group is one site.
    groups : tuple of str
        In order; the first is the reference.
    """

    decision: Decision
    steps: tuple[Step, ...]
    free_loadings: tuple[str, ...]
    free_intercepts: tuple[str, ...]
    latent_means: pd.DataFrame
    intercepts: pd.DataFrame
    artefact: float | None
    movable: float | None
    least_n: int
    least_clusters: int | None
    groups: tuple[str, ...]
    n: int

    @property
    def comparable(self) -> bool:
        """Whether raw means of the groups may be compared."""
        return self.decision == "scalar"

    def table(self) -> pd.DataFrame:
        """Return one row per model: indices, changes, and whether it was refused."""
        return pd.DataFrame(
            [
                {
                    "level": step.level,
                    "released": ", ".join(step.released),
                    "chi2": step.fit.chi2,
                    "df": step.fit.df,
                    "cfi": step.fit.cfi,
                    "rmsea": step.fit.rmsea,
                    "srmr": step.fit.srmr,
                    "chi2_change": step.chi2_change,
                    "df_change": step.df_change,
                    "p_value": step.p_value,
                    "cfi_drop": step.cfi_drop,
                    "rmsea_rise": step.rmsea_rise,
                    "refused": step.refused,
                }
                for step in self.steps
            ]
        )


@dataclass(frozen=True, slots=True)
class _Fitted:
    step: Step | None
    solution: Solution
    model: list

    def matrices(self) -> list[Matrices]:
        return [matrices(pattern, self.solution.theta) for pattern in self.model]


def measurement_invariance(
    groups: Mapping[str, Moments],
    factors: Factors,
    *,
    rule: Rule | None = None,
    level: float = LEVEL,
) -> Invariance | None:
    """Climb from configural to scalar invariance, releasing single items where a step fails.

    A refused step is repeated with one more item free, each time the one whose modification index
    is largest, as long as more than half of every factor's items (and two at least) stay
    equal. An item whose loading is free has a free intercept too. With partially equal
    loadings the decision is at most ``partial_scalar``.

    Parameters
    ----------
    groups : Mapping[str, Moments]
        Two groups or more; the first is the reference. Where they carry ``sampling``, chi-squares
        and their differences are scaled and the indices robust (see
        :mod:`analysis.measurement.robust`); otherwise answers count as normal, sheets as
        independent.
    factors : Mapping[str, Sequence[str]]
        Items by factor.
    rule : Rule, optional

    Returns
    -------
    Invariance or None
        None with one group, an unidentified model, a group whose covariance matrix cannot be
        inverted, or a configural model that does not converge.

    References
    ----------
    Jöreskog (1971); Meredith (1993); Byrne, Shavelson & Muthén (1989) and Steenkamp &
    Baumgartner (1998) for partial invariance; Satorra (2000) for the scaled difference, taken
    at the restricted model so that it cannot be negative.
    """
    rule = rule or Rule()
    data = list(groups.values())
    if len(data) < 2 or not identified(factors) or not all(usable(g) for g in data):
        return None
    base = _fit(data, factors, "configural")
    if not base.solution.converged:
        return None
    holds = base.step.fit.cfi >= rule.least_cfi and base.step.fit.srmr <= rule.most_srmr
    steps = [replace(base.step, refused=not holds)]
    kept, free = base, {"metric": (), "scalar": ()}
    decision: Decision = "configural" if holds else "none"
    if holds:
        for name in ("metric", "scalar"):
            passed = _climb(data, factors, name, kept, free["metric"], rule, steps)
            if passed is None:
                break
            kept, free[name] = passed, passed.step.released
            decision = name
        if decision == "scalar" and (free["metric"] or free["scalar"]):
            decision = "partial_scalar"
    names = tuple(groups)
    means = _latent_means(names, factors, kept, level) if decision.endswith("scalar") else None
    shifts, artefact = _shifts(names, data, factors, kept if means is not None else None)
    return Invariance(
        decision=decision,
        steps=tuple(steps),
        free_loadings=free["metric"],
        free_intercepts=free["scalar"] if decision.endswith("scalar") else (),
        latent_means=pd.DataFrame(columns=_MEANS) if means is None else means,
        intercepts=shifts,
        artefact=artefact,
        movable=None
        if decision == "none"
        else largest_artefact(groups, factors, kept.matrices(), level=level),
        least_n=min(g.n for g in data),
        least_clusters=min(_clusters(data), default=None),
        groups=names,
        n=sum(g.n for g in data),
    )


_MEANS = ["group", "factor", "value", "se", "ci_low", "ci_high", "reference"]


def _model(items, factors, groups: int, level: Level, loadings, intercepts):
    free = frozenset(loadings)
    return patterns(
        items,
        factors,
        groups,
        equal_loadings=level != "configural",
        equal_intercepts=level == "scalar",
        free_loadings=free,
        free_intercepts=free | frozenset(intercepts),
    )


def _fit(
    data: Sequence[Moments],
    factors: Factors,
    level: Level,
    before: _Fitted | None = None,
    loadings: Sequence[str] = (),
    intercepts: Sequence[str] = (),
    near: _Fitted | None = None,
) -> _Fitted:
    """Fit one model; ``before`` is the one it is compared with, ``near`` where to start."""
    model, size = _model(data[0].items, factors, len(data), level, loadings, intercepts)
    start = None if near is None else carry(model, near.matrices(), size)
    solution = maximise(data, model, size, start=start)
    if not solution.converged and start is not None:
        solution = maximise(data, model, size)
    found = _Fitted(None, solution, model)
    robust = all(group.sampling is not None for group in data) and solution.converged
    expected = None
    if robust:
        null = expected_null_chi2(data)
        expected = (expected_chi2(data, model, found.matrices(), size), null)
    fit = fit_indices(
        data,
        found.matrices(),
        solution.discrepancy,
        size,
        restricted_means=True,
        expected=expected,
    )
    change: dict = {}
    if before is not None:
        was = before.step.fit
        chi2, df = fit.chi2 - was.chi2, fit.df - was.df
        scaling = 1.0
        if robust and df > 0:
            freer = expected_chi2(data, before.model, found.matrices(), before.solution.theta.size)
            scaling = max((expected[0] - freer) / df, 1e-6)
        change = {
            "chi2_change": chi2,
            "change_scaling": scaling,
            "df_change": df,
            "p_value": _p_value(max(chi2, 0.0) / scaling, df, data) if df > 0 else None,
            "cfi_drop": was.cfi - fit.cfi,
            "rmsea_rise": None if was.rmsea is None else fit.rmsea - was.rmsea,
        }
    released = tuple(intercepts if level == "scalar" else loadings)
    step = Step(level=level, fit=fit, converged=solution.converged, released=released, **change)
    return replace(found, step=step)


def _climb(data, factors, level, before, free_loadings, rule, steps) -> _Fitted | None:
    """Fit one level, releasing items until it is kept; None when too few would stay equal."""

    def freed(items: tuple[str, ...]) -> tuple:
        return (items, ()) if level == "metric" else (free_loadings, items)

    found = _fit(data, factors, level, before, *freed(()), near=before)
    while True:
        refused = rule.refuses(found.step)
        steps.append(replace(found.step, refused=refused))
        if not refused:
            return found
        released = found.step.released
        taken = {*released, *(free_loadings if level == "scalar" else ())}
        promised = {}
        for members in factors.values():
            for item in members:
                if item not in taken and _may_release(members, taken):
                    parts = freed((*released, item))
                    model, size = _model(data[0].items, factors, len(data), level, *parts)
                    theta = carry(model, found.matrices(), size)
                    promised[item] = lagrange(data, model, theta)
        if not promised:
            return None
        best = max(promised, key=promised.__getitem__)
        found = _fit(data, factors, level, before, *freed((*released, best)), near=found)


def _may_release(members: Sequence[str], taken: set[str]) -> bool:
    stay = len(members) - len(taken & set(members)) - 1
    return stay >= 2 and stay > len(members) / 2


def _latent_means(names, factors, kept: _Fitted, level: float) -> pd.DataFrame:
    z = float(stats.norm.ppf((1 + level) / 2))
    rows = []
    for name, pattern in zip(names, kept.model, strict=True):
        for j, factor in enumerate(factors):
            k = pattern.latent[j]
            value = float(kept.solution.theta[k]) if k >= 0 else 0.0
            se = math.sqrt(max(kept.solution.covariance[k, k], 0.0)) if k >= 0 else 0.0
            rows.append((name, factor, value, se, value - z * se, value + z * se, k < 0))
    return pd.DataFrame(rows, columns=_MEANS)


def _shifts(names, data, factors, kept: _Fitted | None) -> tuple[pd.DataFrame, float | None]:
    """Difference of each group's intercepts from the reference's, at the model that was kept."""
    columns = ["group", "item", "shift"]
    if kept is None:
        return pd.DataFrame(columns=columns), None
    filled = kept.matrices()
    gaps = np.array([one.intercept - filled[0].intercept for one in filled])
    rows = [
        (name, item, float(gap))
        for name, row in zip(names, gaps, strict=True)
        for item, gap in zip(data[0].items, row, strict=True)
        if abs(gap) > 0
    ]
    return pd.DataFrame(rows, columns=columns), float(np.abs(gaps.mean(axis=1)).max())


def _p_value(chi2: float, df: int, data: Sequence[Moments]) -> float:
    """Return the p-value of a scaled difference; from F where it rests on clusters.

    A sampling covariance of few clusters is itself uncertain: with 10 sites a group chi-squared
    refuses twice as often as it says. F with clusters less groups as second degrees of freedom
    counts that (Thomas & Rao 1987).
    """
    counts = _clusters(data)
    if not counts:
        return float(stats.chi2.sf(chi2, df))
    return float(stats.f.sf(chi2 / df, df, sum(counts) - len(counts)))


def _clusters(data: Sequence[Moments]) -> list[int]:
    """Return the number of clusters of each group; none where they are not known, or all are one.

    Where every group is one site, sites are what is compared, and no sample of others.
    """
    counts = [group.n_clusters for group in data]
    if any(count is None for count in counts) or max(counts) == 1:
        return []
    return counts
