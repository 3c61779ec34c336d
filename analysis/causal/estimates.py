"""From aggregates to :class:`~analysis.results.Estimate`: interval, counts and method attached."""

from __future__ import annotations

import numpy as np

from analysis.causal.aggregate import Aggregate, outcome_weights
from analysis.causal.bands import satterthwaite, uniform_critical
from analysis.causal.distributions import t_p_value, t_quantile
from analysis.causal.event_study import sun_abraham, twfe
from analysis.causal.few_clusters import wild_bootstrap
from analysis.causal.frame import FrameError, Prepared
from analysis.causal.group_time import GroupTime
from analysis.causal.imputation import imputation
from analysis.causal.inference_rule import InferenceRule, Lead, choose_inference
from analysis.causal.options import Beside, Options
from analysis.causal.randomisation import randomisation_test
from analysis.causal.two_by_two import small_sample_scale, two_by_two
from analysis.results import Estimate

_COMPARED = {
    "two_by_two": "never_treated",
    "twfe": "all_others",
    "imputation": "not_yet_treated",
    "sun_abraham": "never_treated",
}
_COMPARED_WITHOUT_NEVER = _COMPARED | {"two_by_two": None, "sun_abraham": "last_treated"}


class Builder:
    """Builds the estimates of one outcome from its group-time effects."""

    def __init__(self, effects: GroupTime, outcome: str, unit: str, options: Options) -> None:
        self.effects, self.panel = effects, effects.panel
        self.outcome, self.unit, self.options = outcome, unit, options
        self.scale = small_sample_scale(self.panel)
        self.stem = f"{options.prefix}.{outcome}"

    def rule(self, cell_weights: np.ndarray) -> InferenceRule:
        """Apply the inference rule to the clusters behind a weighted mean of cells."""
        treated, compared = self.arms(cell_weights)
        cluster = self.panel.cluster
        found = choose_inference(
            len(np.unique(cluster[treated])),
            len(np.unique(cluster[compared])),
            self.panel.n_clusters,
        )
        if self.options.inference is None or found.lead == "none":
            return found
        return InferenceRule(
            self.options.inference,
            (),
            "causal.rule.overruled",
            found.n_treated,
            found.n_comparison,
            found.n_clusters,
        )

    def arms(self, cell_weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(N,) bool each: treated units and comparison units behind a mean of cells."""
        cells = np.flatnonzero((cell_weights != 0) & self.effects.estimated)
        treated = np.isin(self.panel.cohort, self.effects.cohort[cells])
        active = np.zeros(len(treated), bool)
        compared = np.zeros(len(treated), bool)
        for k in cells:
            moved = self.effects.influence[:, k] != 0
            if self.effects.contrast is not None:
                moved |= self.effects.contrast[:, k] != 0
            own = self.panel.cohort == self.effects.cohort[k]
            active |= moved & own
            compared |= moved & ~own
        return treated & active, compared

    def overall(self, simple: Aggregate) -> tuple[Estimate, ...]:
        """Overall effect, with randomisation beside it where the rule says so."""
        found = [self.effect(simple, 0, "att_overall", "att.overall", {}, beside=True)]
        return tuple(item for items in found for item in items)

    def event_times(self, event: Aggregate) -> tuple[Estimate, ...]:
        """Effects by event time; influence-function intervals are uniform over all of them.

        The multiplier bootstrap gives the tail that each event time may keep; its quantile is
        then taken from t with the event time's own degrees of freedom. Tails of t grow apart
        from the normal's the further out they are, so that the normal critical value times a
        factor for the pointwise level covers too rarely.
        """
        rules = [self.rule(weights) for weights in event.cell_weights]
        se = event.se(self.panel.cluster, self.scale)
        leads = [self.lead(rule, key) for rule, key in zip(rules, event.key, strict=True)]
        banded = np.array([lead == "influence_function" for lead in leads]) & ~np.isnan(se)
        together = self.options.level
        if banded.any():
            critical = uniform_critical(
                event.influence[:, banded],
                self.panel.cluster,
                level=self.options.level,
                draws=self.options.draws,
                seed=self.options.seed,
            )
            together = 1 - t_p_value(critical, np.inf)
        found = []
        for j, key in enumerate(event.key):
            name, dims = f"att.event_time.{key}", {"event_time": int(key)}
            level = together if banded[j] else None
            found += self.effect(event, j, "att_event_time", name, dims, together=level)
        return tuple(found)

    def horizons(self, event: Aggregate) -> tuple[Estimate, ...]:
        """Effects at the horizons, with pointwise intervals; a reason where none was reached."""
        found = []
        for months in self.options.horizons:
            name, dims = f"att.horizon.{months}", {"horizon": months, "event_time": months}
            place = np.flatnonzero(event.key == months)
            if len(place):
                found += self.effect(event, int(place[0]), "att_horizon", name, dims)
            else:
                reason = "causal.reason.horizon_not_observed"
                found.append(self.absent(name, "att_horizon", dims, reason))
        return tuple(found)

    def cohorts(self, cohort: Aggregate) -> tuple[Estimate, ...]:
        """Mean effect of each cohort over its treated periods."""
        found = []
        for j, key in enumerate(cohort.key):
            dims = {"cohort": int(key)}
            found += self.effect(cohort, j, "att_cohort", f"att.cohort.{key}", dims)
        return tuple(found)

    def calendar(self, calendar: Aggregate) -> tuple[Estimate, ...]:
        """Effect in each calendar period on those treated by then."""
        found = []
        for j, key in enumerate(calendar.key):
            dims = {"period": int(key)}
            found += self.effect(calendar, j, "att_calendar", f"att.calendar.{key}", dims)
        return tuple(found)

    def lead(self, rule: InferenceRule, event_time: int = 0) -> Lead:
        """Inference that can be had: pre-periods have no bootstrap, cross-sections no weights."""
        if rule.lead == "wild_bootstrap" and (event_time < 0 or self.effects.contrast is None):
            return "influence_function" if event_time < 0 else "randomisation"
        if rule.lead == "randomisation" and event_time < 0:
            return "none"
        return rule.lead

    def effect(
        self,
        part: Aggregate,
        j: int,
        estimand: str,
        name: str,
        dims: dict,
        *,
        together: float | None = None,
        beside: bool = False,
    ) -> list[Estimate]:
        """One aggregate as an estimate, and the inference that stands beside it."""
        weights = part.cell_weights[j]
        event_time = dims.get("event_time", 0)
        common = self._common(weights, estimand, dims)
        if not (self.effects.estimated & (weights != 0)).any():
            return [
                Estimate(id=f"{self.stem}.{name}", value=0.0, interval_method="reference", **common)
            ]
        rule = self.rule(weights)
        lead = self.lead(rule, event_time)
        value = float(part.att[j])
        main = Estimate(
            id=f"{self.stem}.{name}",
            value=value,
            **common,
            **self._interval(part, j, lead, together),
        )
        found = [main]
        if beside and "randomisation" in rule.beside:
            second = self._interval(part, j, "randomisation", None)
            sister = {**common, "dims": {**dims, "beside": True}}
            found.append(
                Estimate(id=f"{self.stem}.{name}.randomisation", value=value, **sister, **second)
            )
        return found

    def absent(self, name: str, estimand: str, dims: dict, reason: str) -> Estimate:
        """Return an estimate that could not be had, with its reason."""
        common = self._common(np.zeros(len(self.effects.att)), estimand, dims)
        return Estimate(id=f"{self.stem}.{name}", value=None, reason=reason, **common)

    def alternatives(self) -> tuple[Estimate, ...]:
        """Other estimators of the overall effect; a reason where one does not apply."""
        found = []
        panel = self.panel
        everything = self.effects.estimated & (self.effects.event_time >= 0)
        common = self._common(everything.astype(float), "att_overall", {})
        never = bool(np.isinf(panel.cohort).any())
        clustered = self.rule(everything.astype(float)).lead == "influence_function"
        for method in self.options.alternatives:
            name = f"{self.stem}.att.{method}"
            place = {**common, "method": method, "dims": {"beside": True}}
            place["comparison"] = _COMPARED[method] if never else _COMPARED_WITHOUT_NEVER[method]
            if place["comparison"] is None:
                place |= {"causal": False, "value": None}
                found.append(Estimate(id=name, reason="causal.reason.no_never_treated", **place))
                continue
            try:
                value, se = _alternative(method, panel)
            except FrameError as fault:
                place |= {"causal": False, "value": None}
                reason = f"causal.fault.{fault.rule}"
                found.append(Estimate(id=name, reason=reason, **place))
                continue
            if clustered:
                place |= self._t(value, se, panel.n_clusters - 1, "clustered_t")
            else:
                place["reason"] = "causal.reason.few_clusters_beside"
            found.append(Estimate(id=name, value=value, **place))
        return tuple(found)

    def _common(self, weights: np.ndarray, estimand: str, dims: dict) -> dict:
        treated, compared = self.arms(weights)
        cluster, cells = self.panel.cluster, (weights != 0) & self.effects.estimated
        counted = np.zeros(self.panel.y.shape[1], bool)
        first = int(self.panel.periods[0])
        counted[self.effects.period[cells] - first] = True
        counted[self.effects.base[cells] - first] = True
        used = (treated | compared)[:, None] & counted[None, :]
        return {
            "estimand": estimand,
            "unit": self.unit,
            "indicator": self.outcome,
            "method": f"group_time_{self.effects.method}",
            "comparison": self.effects.comparison,
            "causal": True,
            "n": round(float(self.panel.n[used].sum())),
            "n_units": int((treated | compared).sum()),
            "n_clusters": len(np.unique(cluster[treated | compared])),
            "n_treated": len(np.unique(cluster[treated])),
            "level": self.options.level,
            "dims": dims,
            "simulated": self.options.simulated,
        }

    def _interval(self, part: Aggregate, j: int, lead: Lead, together: float | None) -> dict:
        options, panel = self.options, self.panel
        weights = part.cell_weights[j]
        if lead == "wild_bootstrap":
            got = self._wild(weights)
            return _ends(got.se, got.ci_low, got.ci_high, got.p_value, f"wild_{got.multipliers}")
        if lead == "randomisation":
            random = randomisation_test(
                self.effects, weights, level=options.level, draws=options.draws, seed=options.seed
            )
            low, high = random.ci_low, random.ci_high
            found = _ends(None, low, high, random.p_value, "randomisation")
            return found if low is not None else found | {"reason": "causal.reason.no_interval"}
        if lead == "none":
            return {"interval_method": "none", "reason": "causal.reason.no_inference"}
        influence = part.influence[:, [j]] * self.scale[:, None]
        se = float(part.se(panel.cluster, self.scale)[j])
        if not se > 0:
            return {"interval_method": "none", "reason": "causal.reason.no_inference"}
        df = float(satterthwaite(influence, panel.cluster, panel.cohort)[0])
        found = self._t(float(part.att[j]), se, df, "influence_function", together)
        return found | ({"adjustment": "uniform"} if together else {})

    def _wild(self, weights: np.ndarray):
        panel = self.panel
        used = np.flatnonzero((weights != 0) & self.effects.estimated)
        cells = np.zeros(panel.y.shape, bool)
        for g, t in zip(self.effects.cohort[used], self.effects.period[used], strict=True):
            cells[panel.cohort == g, t - int(panel.periods[0])] = True
        return wild_bootstrap(
            panel.y,
            cells & panel.observed,
            outcome_weights(self.effects, weights),
            panel.observed & (cells | ~panel.treated),
            panel.cluster,
            weights=panel.weights,
            level=self.options.level,
            draws=self.options.draws,
            seed=self.options.seed,
        )

    def _t(
        self, value: float, se: float, df: float, method: str, level: float | None = None
    ) -> dict:
        half = t_quantile(level or self.options.level, df) * se
        return _ends(se, value - half, value + half, t_p_value(value / se, df), method)


def _alternative(method: Beside, panel: Prepared) -> tuple[float, float]:
    """Overall effect and clustered standard error by another estimator."""
    if method == "two_by_two":
        plain = two_by_two(panel)
        return plain.att, plain.se
    if method == "twfe":
        fit = twfe(panel)
        return float(fit.coef[0]), float(fit.se[0])
    if method == "imputation":
        guess = imputation(panel)
        return guess.overall, guess.overall_se
    interaction = sun_abraham(panel)
    return interaction.overall, interaction.overall_se


def _ends(se, low, high, p_value, method: str) -> dict:
    return {
        "se": se,
        "ci_low": low,
        "ci_high": high,
        "p_value": p_value,
        "interval_method": method,
    }
