"""How the effect of a roll-out will be judged, before there is one: for power by simulation.

A panel as planned is drawn once without content, and the ladder and the inference rule of
:func:`analysis.causal.evaluate` are asked what will lead. Estimates of that are linear in the
outcome, so that many simulated panels go through the same weights, the same bootstrap or the same
draws of the waves in a few products of matrices; a test holds that the intervals are those of the
leading estimate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.causal.did.aggregate import Aggregate, Shares, outcome_weights, shares_drift
from analysis.causal.did.bands import satterthwaite
from analysis.causal.did.base import last_untouched
from analysis.causal.evaluation.estimates import Builder
from analysis.causal.evaluation.evaluate import lead, prepared
from analysis.causal.heterogeneity.over_exposure import over_cells
from analysis.causal.inference.distributions import t_quantile
from analysis.causal.inference.inference_rule import Lead
from analysis.causal.lottery import lot
from analysis.causal.lottery.assignments import assignments
from analysis.causal.options import Options
from analysis.causal.resampling.few_clusters import invert_all, wild_ends
from analysis.settings import LEVEL

_BASES = {"month_before": "universal", "all_before": "all_before"}


@dataclass(frozen=True, slots=True, eq=False)
class PlannedTest:
    """The leading estimator and inference of a planned roll-out without gaps.

    Attributes
    ----------
    lead : str
        Inference that leads: ``influence_function``, ``wild_bootstrap``, ``randomisation``, or
        ``none``.
    n_units, n_periods : int
        Sites, trained ones first in order of their start, and months.
    """

    lead: Lead
    n_units: int
    n_periods: int
    _builder: Builder
    _part: Aggregate

    def intervals(
        self, y: np.ndarray, *, level: float, draws: int = 199, seed: int = 0
    ) -> tuple[np.ndarray, np.ndarray]:
        """Give the interval of the overall effect in each of many panels.

        Parameters
        ----------
        y : (B, n_units, n_periods)
        level : float
        draws, seed : int
            Of the bootstrap or of the waves, the same ones for every panel.

        Returns
        -------
        (B,), (B,)
            Ends; −inf and inf where there is no interval.
        """
        if self.lead == "none":
            return np.full(len(y), -np.inf), np.full(len(y), np.inf)
        if self.lead == "randomisation":
            return self._randomised(y, level, draws, seed)
        if self.lead == "wild_bootstrap":
            effects = self._builder.effects
            weights = outcome_weights(effects, self._part.cell_weights[0])
            cells = self._cells()
            panel = effects.panel
            return wild_ends(
                y, cells, weights, panel.cluster, level=level, draws=draws, seed=seed,
                observed=cells | ~panel.treated,
            )  # fmt: skip
        return self._by_influence(y, level)

    def spread(self, covariance: np.ndarray) -> float:
        """Give the standard deviation of the overall effect, units unrelated.

        Parameters
        ----------
        covariance : (n_periods, n_periods)
            Of a unit's periods.
        """
        cohort = self._builder.effects.panel.cohort
        _, row, sizes = np.unique(cohort, return_index=True, return_counts=True)
        after, before = self._weights_after()[row], self._weights_before()[row]

        def shared(a: np.ndarray, b: np.ndarray) -> float:
            return float(sizes @ np.einsum("gs,st,gt->g", a, covariance, b))

        slope = 1.0
        if self._builder.effects.lot:
            spread = shared(before, before)
            slope = shared(after, before) / spread if spread > 0 else 0.0
        left = after - slope * before
        return float(np.sqrt(shared(left, left)))

    def _cells(self) -> np.ndarray:
        """(N, T) bool: the site-months that the effect averages."""
        effects, panel = self._builder.effects, self._builder.panel
        used = np.flatnonzero((self._part.cell_weights[0] != 0) & effects.estimated)
        cells = np.zeros(panel.y.shape, bool)
        for g, t in zip(effects.cohort[used], effects.period[used], strict=True):
            cells[panel.cohort == g, t - int(panel.periods[0])] = True
        return cells

    def _by_influence(self, y: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
        effects, panel = self._builder.effects, self._builder.panel
        if effects.lot:
            value, influence = self._efficient(y)
        else:
            value, influence = self._linear(y)
            influence = influence * self._builder.scale[:, None]
        se = np.sqrt((influence**2).sum(axis=0))
        df = satterthwaite(influence, panel.cluster, panel.cohort)
        half = np.array([t_quantile(level, d) for d in df]) * se
        return value - half, value + half

    def _linear(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(B,) values and (N, B) influence of the mean of cells."""
        effects = self._builder.effects
        panel, first = effects.panel, int(effects.panel.periods[0])
        used = np.flatnonzero((self._part.cell_weights[0] != 0) & effects.estimated)
        weights = self._part.cell_weights[0][used]
        att, influence = np.zeros((len(used), len(y))), np.zeros((y.shape[1], len(y)))
        before: dict[tuple[int, int], np.ndarray] = {}
        for row, (k, weight) in enumerate(zip(used, weights, strict=True)):
            window = (effects.base_from[k] - first, effects.base[k] - first + 1)
            if window not in before:
                before[window] = y[:, :, slice(*window)].mean(axis=2)
            change = y[:, :, effects.period[k] - first] - before[window]
            own = panel.cohort == effects.cohort[k]
            others = (effects.contrast[:, k] != 0) & ~own
            for arm, sign in ((own, 1.0), (others, -1.0)):
                mean = change[:, arm].mean(axis=1)
                att[row] += sign * mean
                influence[arm] += sign * weight / arm.sum() * (change[:, arm] - mean[:, None]).T
        value = weights @ att
        cells = np.isin(np.arange(len(effects.att)), used)
        given = not shares_drift(effects, cells, self._builder.options.shares)
        if self._part.kind == "exposure" or given:
            return value, influence
        # Shares of cohorts are estimated too, as aggregate() counts it.
        belongs = (panel.cohort[:, None] == effects.cohort[used]).astype(float)
        share = belongs.mean(axis=0)
        influence += (belongs - share) @ (att - value) / share.sum() / y.shape[1]
        return value, influence

    def _efficient(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(B,) values with the coefficient of least variance, and their (N, B) influence."""
        after, before, scale, gap = self._split(y)
        beta, influence = lot.learnt(after, before, scale, gap)
        plain = np.einsum("bnt,nt->b", y, self._weights_after())
        return plain - beta * gap, influence.T

    def _weights_after(self) -> np.ndarray:
        effects, weights = self._builder.effects, self._part.cell_weights[0]
        first, omega = int(effects.panel.periods[0]), np.zeros(effects.panel.y.shape)
        for k in np.flatnonzero((weights != 0) & effects.estimated):
            omega[:, effects.period[k] - first] += weights[k] * effects.contrast[:, k]
        return omega

    def _weights_before(self) -> np.ndarray:
        effects, weights = self._builder.effects, self._part.cell_weights[0]
        first, omega = int(effects.panel.periods[0]), np.zeros(effects.panel.y.shape)
        for k in np.flatnonzero((weights != 0) & effects.estimated):
            window = slice(effects.base_from[k] - first, effects.base[k] - first + 1)
            share = weights[k] * effects.contrast[:, k] / (window.stop - window.start)
            omega[:, window] += share[:, None]
        return omega

    def _split(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """(B, N) scaled parts of units after and before, the (N,) scale, and (B,) gap."""
        panel = self._builder.panel
        place, size = np.unique(panel.cohort, return_inverse=True, return_counts=True)[1:]
        scale = np.sqrt(size / np.maximum(size - 1, 1))[place]
        parts = []
        for omega in (self._weights_after(), self._weights_before()):
            part = np.einsum("bnt,nt->bn", y, omega)
            gap = part.sum(axis=1)
            for g in range(place.max() + 1):
                own = place == g
                part[:, own] -= part[:, own].mean(axis=1, keepdims=True)
            parts.append(part * scale)
        return parts[0], parts[1], scale, gap

    def _randomised(
        self, y: np.ndarray, level: float, draws: int, seed: int
    ) -> tuple[np.ndarray, np.ndarray]:
        effects, panel = self._builder.effects, self._builder.panel
        place = np.unique(panel.cohort, return_inverse=True)[1]
        labels, enumerated = assignments(place, panel.stratum, draws, seed)
        labels = np.vstack([place, labels])
        others = len(labels) - 1
        added = 0 if enumerated and others else 1
        if 1 / (others + added) > 1 - level:
            return np.full(len(y), -np.inf), np.full(len(y), np.inf)
        row = np.unique(place, return_index=True)[1]
        after, before = self._weights_after()[row][labels], self._weights_before()[row][labels]
        treated = panel.treated.astype(float)
        flat = y.reshape(len(y), -1)

        def told(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
            return values @ weights.reshape(len(weights), -1).T

        outcome, treatment = told(flat, after), told(treated.reshape(1, -1), after)
        outcome_before, treatment_before = told(flat, before), told(treated.reshape(1, -1), before)
        slope, slope_treatment = self._slopes(y)
        base = outcome - slope * outcome_before
        moved = treatment - slope_treatment * (
            outcome_before if effects.slopes is not None else treatment_before
        )

        def p_value(effect: np.ndarray) -> np.ndarray:
            size = effect[:, None] * moved
            np.abs(np.subtract(base, size, out=size), out=size)
            least = size[:, :1] - 1e-10 * np.maximum(size[:, :1], 1e-12)
            return ((size[:, 1:] >= least).sum(axis=1) + added) / (others + added)

        centre = base[:, 0] / np.broadcast_to(moved, base.shape)[:, 0]
        return invert_all(p_value, centre, base.std(axis=1), level)

    def _slopes(self, y: np.ndarray) -> tuple[np.ndarray | float, np.ndarray | float]:
        """(B, 1) slopes on what was before, of outcome and treatment; 1 where none is learnt."""
        effects, panel = self._builder.effects, self._builder.panel
        if effects.slopes is None:
            return 1.0, 1.0
        first, start = int(panel.periods[0]), int(panel.cohorts[0])
        end = last_untouched(panel, start, effects.base_rule) - first + 1
        level = y[:, :, :end].mean(axis=2)
        level = level - level.mean(axis=1, keepdims=True)
        spread = (level**2).sum(axis=1, keepdims=True)
        later = y[:, :, start - first :].mean(axis=2)
        share = panel.treated[:, start - first :].mean(axis=1)
        found = [
            (level * (values - values.mean(axis=-1, keepdims=True))).sum(axis=1, keepdims=True)
            / spread
            for values in (later, np.broadcast_to(share, level.shape))
        ]
        return found[0], found[1]


def plan_test(
    starts: tuple[int, ...],
    n_never: int,
    n_periods: int,
    *,
    base: str = "all_before",
    by_lot: bool = False,
    counted: int | None = None,
    shares: Shares = "given",
) -> PlannedTest:
    """Ask the ladder and the inference rule what will lead in a planned roll-out.

    Parameters
    ----------
    starts : tuple of int
        First treated month of each trained site, counted from the first month measured.
    n_never, n_periods : int
        Sites never trained, and months.
    base : {"month_before", "all_before"}
        What months with training are compared with.
    by_lot : bool
        Whether a lottery decides who starts when.
    counted : int, optional
        Average the site-months of so many months from the start on, as a return counts them,
        instead of what the overall effect averages.
    shares : {"given", "estimated"}
        What cohorts' shares are, as of :class:`analysis.causal.Options`.
    """
    cohort = np.append(np.sort(np.asarray(starts, float)), np.full(n_never, np.nan))
    frame = pd.DataFrame(
        {
            "unit": np.repeat([f"s{i:04d}" for i in range(len(cohort))], n_periods),
            "period": np.tile(np.arange(n_periods), len(cohort)),
            "cohort": np.repeat(cohort, n_periods),
            "y": np.random.default_rng(0).standard_normal(len(cohort) * n_periods),
        }
    )
    options = Options(
        base=_BASES[base],
        shares=shares,
        drawn_by_lot=by_lot,
        alternatives=(),
        horizons=(),
        draws=199,
        level=LEVEL,
    )
    builder, parts = lead(
        prepared(frame, options), options, outcome="planned", unit="", kinds=("simple",)
    )
    part = parts["simple"]
    if counted is not None:
        since = frame["period"] - frame["cohort"]
        cells = frame[(since >= 0) & (since < counted)].groupby(["cohort", "period"]).size()
        part = over_cells(builder.effects, cells)
    rule = builder.rule(part.cell_weights[0])
    return PlannedTest(
        lead=builder.lead(rule),
        n_units=len(cohort),
        n_periods=n_periods,
        _builder=builder,
        _part=part,
    )
