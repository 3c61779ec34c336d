r"""Synthetic control and synthetic difference in differences for one or few treated sites.

Donors are weighted so that together they move before treatment as the treated sites did; what
the treated sites do afterwards beyond their synthetic twin is the effect:

.. math:: \hat\tau = \Big(\bar Y_{tr,post} - \sum_i \omega_i \bar Y_{i,post}\Big)
   - \sum_t \lambda_t \Big(\bar Y_{tr,t} - \sum_i \omega_i Y_{it}\Big).

Synthetic control has λ = 0 and no intercept in ω. Donors are the units never treated in the
window. Cohorts are estimated apart and averaged by their treated unit-periods.

Inference is by placebo: donors are given the treated sites' paths, each donor once where one site
is treated, and the effect is compared with what they show.

References
----------
Abadie, Diamond, Hainmueller (2010); Arkhangelsky, Athey, Hirshberg, Imbens, Wager (2021),
algorithms 1 and 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from analysis.causal.lottery.assignments import assignments
from analysis.causal.options import Options
from analysis.causal.panel.frame import FrameError, Prepared
from analysis.causal.synthetic_control.frank_wolfe import simplex_weights
from analysis.memory import remembered
from analysis.results import Estimate
from analysis.settings import LEVEL, SEED

SyntheticMethod = Literal["synthetic_did", "synthetic_control"]
#: Penalty of synthetic control and of the period weights, in units of the noise.
HARDLY = 1e-6
FEWEST_PRE_PERIODS = 3
#: Placebo assignments drawn at most in a report where several sites are treated.
MOST_DRAWS = 199


@dataclass(frozen=True, slots=True, eq=False)
class Synthetic:
    """Effect on the treated sites against weighted donors.

    Attributes
    ----------
    method : {"synthetic_did", "synthetic_control"}
    att : float
    treated, donors : tuple of str
        Unit labels.
    cohort : (G,) int64
    cohort_att : (G,)
    omega : (G, D)
        Donor weights; rows sum to one.
    lambdas : (G, T)
        Period weights, zero from the cohort on; all zero for synthetic control.
    path : DataFrame
        Key ``cohort``, ``period``: ``treated`` mean, ``synthetic`` mean (shifted by the weighted
        pre-period difference), ``difference``.
    rmse_before : float
        Root mean squared difference over the pre-periods; compare it with ``att``.
    placebo : (P,)
        Effects that placebo assignments show.
    enumerated : bool
        Whether these are all there are.
    se : float or None
        Standard deviation of the placebo effects; None with fewer than two.
    p_value : float or None
        Share of assignments, the actual one included, with an effect at least as large in size.
    ci_low, ci_high : float or None
        Constant effects not rejected at 1 − ``level``; None where the donors are too few.
    units_dropped : tuple of str
        Units with gaps.
    """

    method: SyntheticMethod
    att: float
    treated: tuple[str, ...]
    donors: tuple[str, ...]
    cohort: np.ndarray
    cohort_att: np.ndarray
    omega: np.ndarray
    lambdas: np.ndarray
    path: pd.DataFrame
    rmse_before: float
    placebo: np.ndarray
    enumerated: bool
    se: float | None
    p_value: float | None
    ci_low: float | None
    ci_high: float | None
    level: float
    n: int
    units_dropped: tuple[str, ...]

    def weights(self) -> pd.DataFrame:
        """Donor weights above zero: ``cohort``, ``unit``, ``weight``, largest first."""
        rows = [
            (int(g), self.donors[d], float(self.omega[k, d]))
            for k, g in enumerate(self.cohort)
            for d in np.argsort(-self.omega[k])
            if self.omega[k, d] > 0
        ]
        return pd.DataFrame(rows, columns=["cohort", "unit", "weight"])


def synthetic(
    panel: Prepared,
    *,
    method: SyntheticMethod = "synthetic_did",
    level: float = LEVEL,
    draws: int = 199,
    seed: int = SEED,
) -> Synthetic:
    """Estimate the effect on the treated sites against weighted donors.

    Parameters
    ----------
    panel : Prepared
        Unit weights and covariates are not used.
    draws : int
        Placebo assignments drawn when there are more than these; one treated site always takes
        every donor once.

    Raises
    ------
    FrameError
        ``no_donors`` without a never-treated unit observed throughout, ``no_pre_period`` with
        fewer than three periods before a cohort, ``empty`` when gaps leave no treated unit.
    """
    whole = panel.observed.all(axis=1)
    never = np.isinf(panel.cohort)
    if not (whole & never).any():
        raise FrameError("no_donors", "no never-treated unit is observed in every period")
    if not (whole & ~never).any():
        raise FrameError("empty", "no treated unit is observed in every period")
    own = np.flatnonzero(whole & ~never)
    order = own[np.argsort(panel.cohort[own], kind="stable")]
    cohorts, sizes = np.unique(panel.cohort[order], return_counts=True)
    starts = (cohorts - panel.periods[0]).astype(int)
    donors = panel.y[whole & never]
    if starts.min() - panel.anticipation < FEWEST_PRE_PERIODS:
        raise FrameError(
            "no_pre_period",
            f"synthetic methods need {FEWEST_PRE_PERIODS} periods before treatment",
        )
    blocks = [_Block(donors, g, panel.anticipation, method) for g in starts]
    share = sizes * (len(panel.periods) - starts)
    share = share / share.sum()

    nobody = np.zeros((1, len(donors)), bool)
    series = np.split(panel.y[order], np.cumsum(sizes)[:-1])
    fits = [
        block.fit(rows.mean(axis=0)[None], nobody, len(rows))
        for block, rows in zip(blocks, series, strict=True)
    ]
    by_cohort = np.array([fit[0][0] for fit in fits])
    att = float(share @ by_cohort)

    label = np.repeat(np.arange(len(sizes) + 1), [*sizes, max(len(donors) - sizes.sum(), 0)])
    placebo, enumerated = np.zeros(0), True
    if len(donors) > sizes.sum():
        every = max(draws, len(donors)) if sizes.sum() == 1 else draws
        labels, enumerated = assignments(label, np.zeros(len(label)), every, seed)
        used = labels < len(sizes)
        placebo = np.zeros(len(labels))
        for k, block in enumerate(blocks):
            series_k = (labels == k) @ donors / sizes[k]
            placebo += share[k] * block.fit(series_k, used, int(sizes[k]))[0]
    se, p_value, low, high = _inference(att, placebo, level)
    omega = np.vstack([fit[1] for fit in fits])
    lambdas = np.vstack([fit[2] for fit in fits])
    path, rmse = _path(panel, cohorts, series, donors, omega, lambdas, method)
    return Synthetic(
        method=method,
        att=att,
        treated=tuple(panel.units[order]),
        donors=tuple(panel.units[whole & never]),
        cohort=cohorts.astype(np.int64),
        cohort_att=by_cohort,
        omega=omega,
        lambdas=lambdas,
        path=path,
        rmse_before=rmse,
        placebo=placebo,
        enumerated=enumerated,
        se=se,
        p_value=p_value,
        ci_low=low,
        ci_high=high,
        level=level,
        n=round(float(panel.n[whole].sum())),
        units_dropped=tuple(panel.units[~whole]),
    )


@remembered
def synthetic_estimates(
    panel: Prepared,
    *,
    outcome: str,
    unit: str,
    options: Options | None = None,
    methods: tuple[SyntheticMethod, ...] = ("synthetic_did", "synthetic_control"),
) -> tuple[Estimate, ...]:
    """Return the effect by each method; without donors the reason, never a number.

    Ids are ``<prefix>.<outcome>.att.<method>``; ``dims`` has ``beside``. The interval is the
    inverted placebo test; with fewer than 19 donors none exists at 95 %.

    Parameters
    ----------
    panel : Prepared
        Of :func:`prepare`: the outcome by site (rows) and month (columns).
    outcome, unit : str
        Indicator and its unit, for the ids.
    options : Options, optional
        Level, prefix of the ids and whether the world is simulated.
    methods : tuple of str
        ``synthetic_did``, ``synthetic_control``.
    """
    options = options or Options()
    found = []
    for method in methods:
        common = {
            "id": f"{options.prefix}.{outcome}.att.{method}",
            "estimand": "att_overall",
            "indicator": outcome,
            "unit": unit,
            "method": method,
            "level": options.level,
            "dims": {"beside": True},
            "simulated": options.simulated,
        }
        try:
            fit = synthetic(
                panel,
                method=method,
                level=options.level,
                draws=min(options.draws, MOST_DRAWS),
                seed=options.seed,
            )
        except FrameError as error:
            if error.reason is None:
                raise
            reason = f"causal.fault.{error.rule}"
            found.append(Estimate(value=None, n=0, reason=reason, **common))
            continue
        reason = None
        if fit.ci_low is None:
            kind = "no_interval" if len(fit.placebo) else "no_inference"
            reason = f"causal.reason.{kind}"
        found.append(
            Estimate(
                value=fit.att,
                se=fit.se,
                ci_low=fit.ci_low,
                ci_high=fit.ci_high,
                p_value=fit.p_value,
                interval_method="placebo" if len(fit.placebo) else "none",
                n=fit.n,
                n_units=len(fit.treated) + len(fit.donors),
                n_clusters=len(fit.treated) + len(fit.donors),
                n_treated=len(fit.treated),
                comparison="weighted_donors",
                causal=True,
                reason=reason,
                **common,
            )
        )
    return tuple(found)


class _Block:
    """One cohort's problem: which periods are before and after, and the donors' products."""

    def __init__(self, donors, start: int, anticipation: int, method) -> None:
        self.donors, self.method = donors, method
        self.before = slice(0, start - anticipation)
        self.after = slice(start, donors.shape[1])
        self.pre = donors[:, self.before]
        self.centred = self.pre
        if method == "synthetic_did":
            self.centred = self.pre - self.pre.mean(axis=1, keepdims=True)
        self.gram = self.centred @ self.centred.T

    def fit(self, series: np.ndarray, used: np.ndarray, n_treated: int):
        """Effects (P,), donor weights (P, D) and period weights (P, T) of P assignments.

        ``series`` (P, T) are the treated means, ``used`` (P, D) the donors that play treated.
        """
        sdid = self.method == "synthetic_did"
        P, T0 = len(series), self.pre.shape[1]
        target = series[:, self.before]
        if sdid:
            target = target - target.mean(axis=1, keepdims=True)
        noise = np.array([np.diff(self.pre[~row], axis=1).std(ddof=1) for row in used])
        n_after = self.donors.shape[1] - self.after.start
        penalty = (n_treated * n_after) ** 0.25 if sdid else HARDLY
        omega = simplex_weights(
            self.gram,
            target @ self.centred.T,
            (target**2).sum(axis=1),
            np.full(P, T0),
            penalty * noise,
            ~used,
            1e-5 * noise,
        )
        lambdas = np.zeros((P, series.shape[1]))
        if sdid:
            lambdas[:, self.before] = self._period_weights(used, noise)
        gap = series - omega @ self.donors
        after = gap[:, self.after].mean(axis=1)
        return after - (lambdas * gap).sum(axis=1), omega, lambdas

    def _period_weights(self, used: np.ndarray, noise: np.ndarray) -> np.ndarray:
        P, T0 = len(used), self.pre.shape[1]
        later = self.donors[:, self.after].mean(axis=1)
        gram, toward = np.empty((P, T0, T0)), np.empty((P, T0))
        square, rows = np.empty(P), np.empty(P)
        for p in range(P):
            A, b = self.pre[~used[p]], later[~used[p]]
            A, b = A - A.mean(axis=0), b - b.mean()
            gram[p], toward[p] = A.T @ A, A.T @ b
            square[p], rows[p] = b @ b, len(b)
        allowed = np.ones((P, T0), bool)
        return simplex_weights(gram, toward, square, rows, HARDLY * noise, allowed, 1e-5 * noise)


def _inference(att: float, placebo: np.ndarray, level: float):
    """Return standard error, rank p-value and the ends of the constant effects not rejected."""
    if not len(placebo):
        return None, None, None, None
    size = np.abs(placebo)
    p_value = float((1 + np.sum(size >= abs(att) * (1 - 1e-12))) / (1 + len(placebo)))
    # An effect at distance d is rejected when fewer than k placebo effects are as large.
    needed = int(np.floor((1 - level) * (len(placebo) + 1) + 1e-9))
    se = float(placebo.std(ddof=1)) if len(placebo) > 1 else None
    if needed < 1:
        return se, p_value, None, None
    reach = float(np.sort(size)[-needed])
    return se, p_value, att - reach, att + reach


def _path(panel, cohorts, series, donors, omega, lambdas, method):
    rows, squares = [], []
    for k, g in enumerate(cohorts):
        treated, twin = series[k].mean(axis=0), omega[k] @ donors
        twin = twin + lambdas[k] @ (treated - twin)
        gap = treated - twin
        before = panel.periods < g - panel.anticipation
        level_shift = gap[before].mean() if method == "synthetic_did" else 0.0
        squares.append((gap[before] - level_shift) ** 2)
        rows += [
            (int(g), int(t), a, b, a - b)
            for t, a, b in zip(panel.periods, treated, twin, strict=True)
        ]
    columns = ["cohort", "period", "treated", "synthetic", "difference"]
    rmse = float(np.sqrt(np.concatenate(squares).mean()))
    return pd.DataFrame(rows, columns=columns), rmse
