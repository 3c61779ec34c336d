r"""Does the effect last: ratio of a later to an early effect, decay and half-life.

The ratio has Fieller's interval and, beside it, the percentiles of a joint multiplier bootstrap.
The half-life comes from :math:`\tau_e = a e^{-\lambda e}` fitted to the effects by month;
:math:`\ln 2 / \lambda` has an interval only where growth (λ ≤ 0) is excluded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.causal.did.bands import satterthwaite
from analysis.causal.did.group_time import by_cluster
from analysis.causal.did.two_by_two import small_sample_scale
from analysis.causal.evaluation.estimates import Builder
from analysis.causal.evaluation.evaluate import Evaluation
from analysis.causal.inference.distributions import t_p_value, t_quantile
from analysis.causal.inference.ratio import fieller
from analysis.results import Estimate

FEWEST_MONTHS = 3


@dataclass(frozen=True, slots=True)
class Decay:
    """Exponential decay fitted to effects by month.

    ``initial`` is the fitted effect at event time 0, ``rate`` λ a month (negative: growing).
    """

    initial: float
    rate: float
    rate_se: float
    initial_se: float
    n_months: int


def decay(event_time: np.ndarray, att: np.ndarray, covariance: np.ndarray) -> Decay:
    """Fit ``a·exp(−λ e)`` by weighted least squares with a robust covariance.

    Parameters
    ----------
    event_time, att : (J,)
        Effects from month 0 on, J ≥ 3.
    covariance : (J, J)
        Their clustered covariance; weights are its inverse diagonal, the sandwich uses all of it.
    """
    from scipy.optimize import least_squares

    weight = 1 / np.sqrt(np.diag(covariance))
    slope, level = np.polyfit(event_time, att, 1, w=weight)
    start_rate = -slope / level if level else 0.0

    def model(x: np.ndarray) -> np.ndarray:
        return x[0] * np.exp(-x[1] * event_time)

    def jacobian(x: np.ndarray) -> np.ndarray:
        along = np.exp(-x[1] * event_time)
        return np.column_stack([along, -x[0] * event_time * along])

    starts = [(level, np.clip(start_rate, -0.2, 1.0)), (att @ weight / weight.sum(), 0.0)]
    fits = [
        least_squares(
            lambda x: weight * (att - model(x)),
            start,
            jac=lambda x: -weight[:, None] * jacobian(x),
            x_scale=(max(abs(att).max(), 1e-12), 0.1),
            bounds=([-np.inf, -1.0], [np.inf, 5.0]),
        )
        for start in starts
    ]
    best = min(fits, key=lambda fit: fit.cost)
    G = weight[:, None] * jacobian(best.x)
    bread = np.linalg.pinv(G.T @ G)
    score = G * weight[:, None]
    robust = bread @ score.T @ covariance @ score @ bread
    return Decay(
        initial=float(best.x[0]),
        rate=float(best.x[1]),
        rate_se=float(np.sqrt(robust[1, 1])),
        initial_se=float(np.sqrt(robust[0, 0])),
        n_months=len(att),
    )


def persistence(
    evaluation: Evaluation, *, early: int = 1, late: int = 6, last: int = 12
) -> tuple[Estimate, ...]:
    """Return how much of the early effect is left, the decay rate and the half-life.

    Parameters
    ----------
    evaluation : Evaluation
    early, late : int
        Months after the starting month.
    last : int
        Last month of the decay fit.

    Returns
    -------
    tuple of Estimate
        ``…persistence.ratio`` (``att_ratio``, interval ``fieller``), ``…persistence.ratio.draws``
        (``multiplier_bootstrap``, beside), ``…persistence.decay`` (``decay_rate``, a month) and
        ``…persistence.half_life`` (months). Where a number or interval cannot be had, the
        reason; ``dims["at_least"]`` of a half-life without interval is its lower bound.
    """
    maker = _Maker(evaluation, early, late)
    event = evaluation.aggregates.get("event")
    if event is None:
        return maker.nothing("causal.reason.no_comparison")
    builder = Builder(evaluation.effects, evaluation.outcome, evaluation.unit, evaluation.options)
    pair = [builder.horizon(event, months) for months in (late, early)]
    if None in pair:
        missing = (late, early)[pair.index(None)]
        return maker.nothing(f"causal.reason.{builder.not_reached(missing)}")
    weights = [at.part.cell_weights[at.place] for at in pair]
    if any(builder.rule(w).lead != "influence_function" for w in weights):
        return maker.nothing("causal.reason.few_clusters_ratio")
    panel = evaluation.panel
    scale = small_sample_scale(panel)[:, None]
    influence = event.influence * scale
    since = np.array([builder.months_since(int(e)) for e in event.key])
    after = np.flatnonzero((event.key >= 0) & (since <= last) & influence.any(axis=0))
    att = np.array([at.part.att[at.place] for at in pair])
    both = np.column_stack([at.part.influence[:, at.place] for at in pair]) * scale
    found = maker.ratio(att, both, panel)
    if len(after) < FEWEST_MONTHS:
        return (*found, *maker.nothing("causal.reason.few_months")[2:])
    return (*found, *maker.decay(since[after], event.att[after], influence[:, after], panel))


class _Maker:
    """Builds the estimates of one outcome's persistence."""

    def __init__(self, evaluation: Evaluation, early: int, late: int) -> None:
        self.options, self.outcome = evaluation.options, evaluation.outcome
        self.stem = f"{self.options.prefix}.{self.outcome}.persistence"
        self.dims = {"early": early, "late": late}
        self.n = evaluation.overall.n
        self.counts = {
            "n_units": evaluation.overall.n_units,
            "n_clusters": evaluation.overall.n_clusters,
            "n_treated": evaluation.overall.n_treated,
            "comparison": evaluation.overall.comparison,
            "causal": evaluation.causal,
        }

    def make(self, name: str, estimand: str, unit: str, **rest) -> Estimate:
        return Estimate(
            id=f"{self.stem}.{name}",
            estimand=estimand,
            indicator=self.outcome,
            unit=unit,
            n=self.n,
            level=self.options.level,
            simulated=self.options.simulated,
            **self.counts,
            **rest,
        )

    def nothing(self, reason: str) -> tuple[Estimate, ...]:
        rest = {"value": None, "reason": reason, "method": "none", "dims": self.dims}
        return (
            self.make("ratio", "att_ratio", "ratio", **rest),
            self.make("decay", "decay_rate", "per_month", **rest),
            self.make("half_life", "half_life", "months", **rest),
        )

    def ratio(self, att: np.ndarray, influence: np.ndarray, panel) -> tuple[Estimate, Estimate]:
        clusters = by_cluster(influence, panel.cluster)
        covariance = clusters.T @ clusters
        df = float(
            satterthwaite(influence @ [[1.0], [-att[0] / att[1]]], panel.cluster, panel.cohort)[0]
        )
        exact = fieller(att[0], att[1], covariance, df=df, level=self.options.level)
        rest = {"value": exact.value, "se": exact.se, "method": "ratio"}
        unbounded = None if exact.ci_low is not None else "causal.reason.denominator_near_zero"
        rng = np.random.default_rng(self.options.seed)
        signs = rng.integers(0, 2, (max(self.options.draws, 999), len(clusters))) * 2.0 - 1.0
        drawn = att + signs @ clusters
        tail = (1 - self.options.level) / 2
        low, high = np.quantile(drawn[:, 0] / drawn[:, 1], [tail, 1 - tail])
        usual = {"ci_low": float(low), "ci_high": float(high)}
        return (
            self.make(
                "ratio",
                "att_ratio",
                "ratio",
                ci_low=exact.ci_low,
                ci_high=exact.ci_high,
                interval_method="fieller" if unbounded is None else "none",
                reason=unbounded,
                dims=self.dims,
                **rest,
            ),
            self.make(
                "ratio.draws",
                "att_ratio",
                "ratio",
                interval_method="multiplier_bootstrap" if unbounded is None else "none",
                reason=unbounded,
                dims={**self.dims, "beside": True},
                **(usual if unbounded is None else {}),
                **rest,
            ),
        )

    def decay(self, event_time, att, influence, panel) -> tuple[Estimate, Estimate]:
        clusters = by_cluster(influence, panel.cluster)
        fit = decay(event_time.astype(float), att, clusters.T @ clusters)
        df = float(satterthwaite(influence.mean(axis=1)[:, None], panel.cluster, panel.cohort)[0])
        half = t_quantile(self.options.level, df) * fit.rate_se
        low, high = fit.rate - half, fit.rate + half
        rate = self.make(
            "decay",
            "decay_rate",
            "per_month",
            value=fit.rate,
            se=fit.rate_se,
            ci_low=low,
            ci_high=high,
            p_value=t_p_value(fit.rate / fit.rate_se, df),
            method="exponential_decay",
            interval_method="influence_function",
            dims={"months": fit.n_months},
        )
        common = {"method": "exponential_decay"}
        at_least = float(np.log(2) / high) if high > 0 else None
        if fit.rate <= 0:
            common |= {"value": None, "reason": "causal.reason.no_decay"}
        elif low <= 0:
            common |= {
                "value": float(np.log(2) / fit.rate),
                "reason": "causal.reason.no_decay_limit",
            }
        else:
            common |= {
                "value": float(np.log(2) / fit.rate),
                "se": float(np.log(2) / fit.rate**2 * fit.rate_se),
                "ci_low": at_least,
                "ci_high": float(np.log(2) / low),
                "interval_method": "influence_function",
            }
        dims = {"months": fit.n_months, "at_least": at_least}
        return rate, self.make("half_life", "half_life", "months", dims=dims, **common)
