"""From aggregates to :class:`~analysis.results.Estimate`: interval, counts and method attached."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from analysis.causal.did.aggregate import Aggregate, mean_of, outcome_weights
from analysis.causal.did.bands import satterthwaite, uniform_critical
from analysis.causal.did.group_time import GroupTime, by_cluster, comparison_units
from analysis.causal.did.two_by_two import small_sample_scale
from analysis.causal.evaluation.agreement import Compared
from analysis.causal.inference.distributions import t_p_value, t_quantile
from analysis.causal.inference.inference_rule import (
    FEWEST_FOR_BOOTSTRAP,
    InferenceRule,
    Lead,
    choose_inference,
    fewest_compared,
)
from analysis.causal.lottery import lot
from analysis.causal.options import Options
from analysis.causal.resampling.few_clusters import ROUNDED, wild_bootstrap
from analysis.causal.resampling.randomisation import Randomisation, among_draws
from analysis.causal.resampling.redrawn import Redrawn, redraw_group_time
from analysis.indicators.rounds import answering
from analysis.results import Estimate

#: Reason of a value that rests on fewer answers than may be shown.
FEW_ANSWERS = "causal.fault.few_answers"
#: Share of the larger of two counts below which the smaller is none but for rounding.
NO_CASES = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Horizon:
    """The effect at a horizon: ``place`` among the means of ``part``, measured after ``months``."""

    part: Aggregate
    place: int
    months: int


class Builder:
    """Builds the estimates of one outcome from its group-time effects."""

    def __init__(self, effects: GroupTime, outcome: str, unit: str, options: Options) -> None:
        self.effects, self.panel = effects, effects.panel
        self.outcome, self.unit, self.options = outcome, unit, options
        self.scale = small_sample_scale(self.panel)
        self.stem = f"{options.prefix}.{outcome}"
        self._rules: dict[bytes, InferenceRule] = {}
        self._errors: dict[Aggregate, np.ndarray] = {}

    @property
    def methods(self) -> Compared:
        """Which other methods speak for or against the leading one."""
        return Compared(len(self.panel.cohorts), self.effects.base_rule == "all_before")

    @cached_property
    def redrawn(self) -> Redrawn:
        """The cells of the leading estimator in other draws of the waves."""
        return redraw_group_time(self.effects, draws=self.options.draws, seed=self.options.seed)

    @cached_property
    def compared(self) -> np.ndarray:
        """(K,) comparison clusters behind each cell."""
        moved = self._moved & ~self._own
        if self.panel.n_clusters == len(moved):
            return moved.sum(axis=0)
        found = np.zeros((self.panel.n_clusters, moved.shape[1]), bool)
        np.logical_or.at(found, self.panel.cluster, moved)
        return found.sum(axis=0)

    def rule(self, cell_weights: np.ndarray) -> InferenceRule:
        """Apply the inference rule to the clusters behind a weighted mean of cells.

        On the comparison side the cell with fewest clusters counts.
        """
        used = (cell_weights != 0) & self.effects.estimated
        key = used.tobytes()
        if key not in self._rules:
            self._rules[key] = self._rule(used)
        return self._rules[key]

    def _rule(self, used: np.ndarray) -> InferenceRule:
        """Apply the inference rule to the clusters behind some cells, (K,) bool."""
        treated, _ = self._arms(used)
        panel = self.panel
        waves = [panel.clusters_among(treated & (panel.cohort == g)) for g in panel.cohorts]
        found = choose_inference(
            panel.clusters_among(treated),
            int(self.compared[used].min(initial=self.panel.n_clusters)),
            self.panel.n_clusters,
            min((size for size in waves if size), default=0),
        )
        if self.effects.lot:
            found = lot.choose(found, self.panel)
        if self.options.inference is None or found.lead == "none":
            return found
        return replace(
            found, lead=self.options.inference, beside=(), reason="causal.rule.overruled"
        )

    def arms(self, cell_weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(N,) bool each: treated units and comparison units behind a mean of cells."""
        return self._arms((cell_weights != 0) & self.effects.estimated)

    def _arms(self, used: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        moved, own = self._moved[:, used], self._own[:, used]
        return (moved & own).any(axis=1), (moved & ~own).any(axis=1)

    @cached_property
    def _own(self) -> np.ndarray:
        """(N, K) bool: units of the cohort that a cell is about."""
        return self.panel.cohort[:, None] == self.effects.cohort

    @cached_property
    def _moved(self) -> np.ndarray:
        """(N, K) bool: units whose outcome moves a cell."""
        effects, panel = self.effects, self.panel
        if effects.takes_part is not None:
            return effects.takes_part
        if effects.contrast is not None:
            return (effects.contrast != 0) | (effects.influence != 0)
        first, count = int(panel.periods[0]), len(effects.att)
        moved = np.zeros((len(panel.units), count), bool)
        for k in range(count):
            g, t, b = (int(x[k]) for x in (effects.cohort, effects.period, effects.base))
            rules = panel.anticipation, effects.comparison
            either = (panel.cohort == g) | comparison_units(panel.cohort, g, t, b, *rules)
            moved[:, k] = either & panel.observed[:, [b - first, t - first]].any(axis=1)
        return moved

    def overall(self, simple: Aggregate) -> tuple[Estimate, ...]:
        """Overall effect, with randomisation beside it where the rule says so."""
        dims = self.until(simple)
        found = [self.effect(simple, 0, "att_overall", "att.overall", dims, beside=True)]
        return tuple(item for items in found for item in items)

    def relative(self, part: Aggregate, name: str, dims: dict) -> tuple[Estimate, ...]:
        """Return the effect on a rate as a share of what the rate would have been.

        It is the difference of rates read otherwise: both exclude no effect, or neither does.
        Nothing where the outcome is no rate.
        """
        if self.effects.method != "rate":
            return ()
        weights = part.cell_weights[0]
        common = self.common(weights, "att_relative", dims) | {"unit": "share"}
        named = {"id": f"{self.stem}.{name}", **common}
        told = self.on_ratio(part, 0)
        if told is None:
            return (Estimate(**named, value=None, reason="causal.reason.no_ratio"),)
        level = float(weights @ np.nan_to_num(self.effects.level))
        lead = self.effect(part, 0, "att_overall", name, dims)[0]
        ends = {"interval_method": lead.interval_method, "reason": lead.reason}
        if lead.ci_low is not None and lead.ci_high < level:
            low, high = (level / (level - end) - 1 for end in (lead.ci_low, lead.ci_high))
            ends |= {"ci_low": low, "ci_high": high, "p_value": lead.p_value}
        return (Estimate(**named, value=float(np.expm1(told[0])), **ends),)

    def founded(self, event: Aggregate) -> np.ndarray:
        """(J,) bool: effects with a standard error from enough clusters of both arms."""
        known = ~np.isnan(event.se(self.panel.cluster))
        thin = [self.rule(weights).thinner < FEWEST_FOR_BOOTSTRAP for weights in event.cell_weights]
        return known & ~np.array(thin)

    def until(self, simple: Aggregate) -> dict[str, int]:
        """Return the last period averaged where later ones hardly have a comparison, as ``until``.

        ``left_out`` counts the cohort-periods after it that could be had; empty where none is.
        """
        left_out = self.effects.estimated & (self.effects.event_time >= 0) & ~simple.cells[0]
        if not left_out.any():
            return {}
        last = self.effects.period[self.effects.estimated & simple.cells[0]].max()
        return {"until": self._month(int(last)), "left_out": int(left_out.sum())}

    def event_times(self, event: Aggregate) -> tuple[Estimate, ...]:
        """Effects by event time; influence-function intervals are uniform over all of them.

        The multiplier bootstrap gives the tail that each event time may keep; its quantile is
        then taken from t with the event time's own degrees of freedom. Tails of t grow apart
        from the normal's the further out they are, so that the normal critical value times a
        factor for the pointwise level covers too rarely.
        """
        rules = [self.rule(weights) for weights in event.cell_weights]
        se = self._se(event)
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
            name, dims = f"att.event_time.{key}", {"event_time": self._since(int(key))}
            level = together if banded[j] else None
            found += self.effect(event, j, "att_event_time", name, dims, together=level)
        return tuple(found)

    def horizons(self, event: Aggregate) -> tuple[Estimate, ...]:
        """Effects at the horizons, with pointwise intervals; a reason where none was reached."""
        found = []
        for months in self.options.horizons:
            at = self.horizon(event, months)
            measured = months if at is None else at.months
            name, dims = f"att.horizon.{months}", {"horizon": months, "event_time": measured}
            if at is not None:
                found += self.effect(at.part, at.place, "att_horizon", name, dims)
            else:
                reason = f"causal.reason.{self.not_reached(months)}"
                found.append(self.absent(name, "att_horizon", dims, reason))
        return tuple(found)

    def horizon(self, event: Aggregate, months: int) -> Horizon | None:
        """Return where the effect at a horizon stands; None where nothing was measured near it.

        Where rounds count, each wave's round nearest to the horizon, at most a third of it or one
        month away, of two as near the later one. A round answers for one horizon, the nearest, and
        of two as near the longer one. Where rounds are months of which single ones are missing,
        the horizon's own month counts alone for the waves that have it.
        """
        if self.options.rounds is None:
            place = np.flatnonzero(event.key == months)
            return Horizon(event, int(place[0]), months) if len(place) else None
        cells = self._near(months)
        if not cells.any():
            return None
        part = mean_of(self.effects, cells, fewest_compared=fewest_compared(self.panel.n_clusters))
        weights = part.cell_weights[0]
        if self.effects.lot and self.rule(weights).lead == "influence_function":
            part = lot.efficient(self.effects, part, self.scale)
        used = weights != 0
        return Horizon(part, 0, _half_up(float(weights[used] @ self._months_since[used])))

    def not_reached(self, months: int) -> str:
        """Return why a horizon has no effect: not followed that long, or between two rounds."""
        after = ~np.isnan(self.effects.att) & (self.effects.event_time >= 0)
        later = self.options.rounds is not None and (self._months_since[after] > months).any()
        return "horizon_between_rounds" if later else "horizon_not_observed"

    def _near(self, months: int) -> np.ndarray:
        """(K,) bool: the cells that answer for a horizon where rounds count."""
        after = ~np.isnan(self.effects.att) & (self.effects.event_time >= 0)
        since = self._months_since
        exact = after & (since == months)
        if self.options.rounds.monthly and exact.any():
            return exact
        chosen = np.zeros(len(since), bool)
        for cohort in self.panel.cohorts:
            mine = np.flatnonzero(after & (self.effects.cohort == cohort))
            place = answering(since[mine], months, self.options.horizons)
            if place is not None:
                chosen[mine[place]] = True
        return chosen

    def cohorts(self, cohort: Aggregate) -> tuple[Estimate, ...]:
        """Mean effect of each cohort over its treated periods."""
        found = []
        for j, key in enumerate(cohort.key):
            rounds = self.options.rounds
            start = int(key) if rounds is None else rounds.start_of(int(key))
            found += self.effect(cohort, j, "att_cohort", f"att.cohort.{start}", {"cohort": start})
        return tuple(found)

    def calendar(self, calendar: Aggregate) -> tuple[Estimate, ...]:
        """Effect in each calendar period on those treated by then."""
        found = []
        for j, key in enumerate(calendar.key):
            month = self._month(int(key))
            name, dims = f"att.calendar.{month}", {"period": month}
            found += self.effect(calendar, j, "att_calendar", name, dims)
        return tuple(found)

    def _month(self, period: int) -> int:
        """Return the month of a period."""
        rounds = self.options.rounds
        return period if rounds is None else rounds.month_of(period)

    @cached_property
    def _months_since(self) -> np.ndarray:
        """(K,) months from the start of each cell's cohort to its period, where rounds count."""
        return self.options.rounds.since(self.effects.cohort, self.effects.period)

    def months_since(self, event_time: int) -> float:
        """Return months since the start; the mean over cohorts where rounds count."""
        if self.options.rounds is None:
            return float(event_time)
        return float(self._months_since[self.effects.event_time == event_time].mean())

    def _since(self, event_time: int) -> int:
        """Return whole months since the start, another one for each event time.

        Where rounds count, the mean over cohorts; that of the cohort nearest to the start, where
        cohorts' months differ so much that two means would be one month.
        """
        if self.options.rounds is None:
            return event_time
        known = np.unique(self.effects.event_time)
        means = [_half_up(self.months_since(int(e))) for e in known]
        if len(set(means)) == len(means):
            return means[int(np.searchsorted(known, event_time))]
        months = self._months_since[self.effects.event_time == event_time]
        return int(months.min() if event_time >= 0 else months.max())

    def lead(self, rule: InferenceRule, event_time: int = 0) -> Lead:
        """Inference that can be had: pre-periods have no bootstrap, cross-sections no weights."""
        if event_time < 0 and rule.lead != "influence_function":
            return "none" if rule.thinner < FEWEST_FOR_BOOTSTRAP else "influence_function"
        if rule.lead == "wild_bootstrap" and self.effects.level is not None:
            return "randomisation" if rule.waves_of_one else "influence_function"
        if rule.lead == "wild_bootstrap" and (self.effects.contrast is None or self.effects.lot):
            return "randomisation"
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
        common = self.common(weights, estimand, dims)
        if not (self.effects.estimated & (weights != 0)).any():
            return [
                Estimate(id=f"{self.stem}.{name}", value=0.0, interval_method="reference", **common)
            ]
        if self.fewest_answers(weights) < self.options.least_answers:
            return [Estimate(id=f"{self.stem}.{name}", value=None, reason=FEW_ANSWERS, **common)]
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
        for other in rule.beside if beside else ():
            if other == lead or (other == "wild_bootstrap" and self.effects.contrast is None):
                continue
            second = self._interval(part, j, other, None)
            sister = {**common, "dims": {**dims, "beside": True}}
            found.append(
                Estimate(id=f"{self.stem}.{name}.{other}", value=value, **sister, **second)
            )
        return found

    def absent(self, name: str, estimand: str, dims: dict, reason: str) -> Estimate:
        """Return an estimate that could not be had, with its reason."""
        common = self.common(np.zeros(len(self.effects.att)), estimand, dims)
        return Estimate(id=f"{self.stem}.{name}", value=None, reason=reason, **common)

    def common(self, weights: np.ndarray, estimand: str, dims: dict) -> dict:
        """Return the fields that estimates of a weighted mean of cells share, counts among them."""
        cells = (weights != 0) & self.effects.estimated
        treated, compared = self._arms(cells)
        counted = np.zeros(self.panel.y.shape[1], bool)
        first = int(self.panel.periods[0])
        counted[self.effects.period[cells] - first] = True
        for start, end in set(
            zip(self.effects.base_from[cells], self.effects.base[cells], strict=True)
        ):
            counted[start - first : end - first + 1] = True
        used = (treated | compared)[:, None] & counted[None, :]
        return {
            "estimand": estimand,
            "unit": self.unit,
            "indicator": self.outcome,
            "method": method_of(self.effects),
            "comparison": self.effects.comparison,
            "causal": True,
            "n": round(float(self.panel.n[used].sum())),
            "n_units": int((treated | compared).sum()),
            "n_clusters": self.panel.clusters_among(treated | compared),
            "n_treated": self.panel.clusters_among(treated),
            "level": self.options.level,
            "dims": dims,
            "simulated": self.options.simulated,
        }

    def fewest_answers(self, weights: np.ndarray) -> float:
        """Return the observations of the arm with fewest, before or after, behind a mean of cells.

        Cells of several cohorts are added up, as the mean does.
        """
        cells = (weights != 0) & self.effects.estimated
        return float(self._answers[:, cells].sum(axis=1).min())

    @cached_property
    def _answers(self) -> np.ndarray:
        """(4, K) observations behind each cell: of its cohort and of others, after and before."""
        effects, first = self.effects, int(self.panel.periods[0])
        until = np.hstack([np.zeros((len(self.panel.n), 1)), np.cumsum(self.panel.n, axis=1)])

        def between(start: np.ndarray, end: np.ndarray) -> np.ndarray:
            return until[:, end - first + 1] - until[:, start - first]

        after = between(effects.period, effects.period)
        before = between(effects.base_from, effects.base)
        return np.stack(
            [
                np.where(self._moved & arm, answers, 0.0).sum(axis=0)
                for arm in (self._own, ~self._own)
                for answers in (after, before)
            ]
        )

    def shown_cells(self) -> np.ndarray:
        """Return which cells of a cohort and period rest on enough answers to be shown, (K,) bool.

        Where one cell alone of a cohort's treated periods would be hidden, the one with the next
        fewest answers is hidden with it, because the cohort's mean would give it away.
        """
        least, effects = self.options.least_answers, self.effects
        counts = np.full(len(effects.att), np.inf)
        if least:
            counts = np.where(effects.estimated, self._answers.min(axis=0), np.inf)
        shown = counts >= least
        for cohort in np.unique(effects.cohort):
            treated = (effects.cohort == cohort) & (effects.event_time >= 0) & effects.estimated
            if (treated & ~shown).sum() == 1 and (treated & shown).any():
                left = np.flatnonzero(treated & shown)
                shown[left[np.argmin(counts[left])]] = False
        return shown

    def _interval(self, part: Aggregate, j: int, lead: Lead, together: float | None) -> dict:
        """Return the fields of an interval; the reason where none can be had."""
        found = self._interval_by(part, j, lead, together)
        numbers = [value for value in found.values() if isinstance(value, float)]
        if np.isfinite(numbers).all():
            return found
        return {"interval_method": "none", "reason": "causal.reason.no_inference"}

    def _interval_by(self, part: Aggregate, j: int, lead: Lead, together: float | None) -> dict:
        panel, weights = self.panel, part.cell_weights[j]
        if lead == "wild_bootstrap":
            got = self._wild(weights)
            if got is None:
                return {"interval_method": "none", "reason": "causal.reason.no_spread"}
            return interval(got.se, got.ci_low, got.ci_high, got.p_value, f"wild_{got.multipliers}")
        if lead == "randomisation":
            random = self.placed(part, j)
            low, high = random.ci_low, random.ci_high
            found = interval(None, low, high, random.p_value, "randomisation")
            return found if low is not None else found | {"reason": "causal.reason.no_interval"}
        if lead == "none":
            return {"interval_method": "none", "reason": "causal.reason.no_inference"}
        influence = part.influence[:, [j]] * self.scale[:, None]
        se = float(self._se(part)[j])
        nothing = ROUNDED * self._largest
        if not se > nothing:
            alike = np.isfinite(influence).all() and np.abs(influence).max() <= nothing
            reason = "no_spread" if alike or se <= nothing else "no_inference"
            return {"interval_method": "none", "reason": f"causal.reason.{reason}"}
        df = float(satterthwaite(influence, panel.cluster, panel.cohort)[0])
        if self.effects.method == "rate" and self._without_cases(part, j):
            return {"interval_method": "none", "reason": "causal.reason.no_cases"}
        found = self.t_interval(float(part.att[j]), se, df, self._told_by(), together)
        if self.effects.method == "rate":
            found |= self._by_ratio(part, j, df, together)
        return found | ({"adjustment": "uniform"} if together else {})

    def _se(self, part: Aggregate) -> np.ndarray:
        """(J,) standard errors of the effects of a part; reckoned once."""
        if part not in self._errors:
            self._errors[part] = part.se(self.panel.cluster, self.scale)
        return self._errors[part]

    @cached_property
    def _largest(self) -> float:
        """Return the largest outcome, its sign aside."""
        return float(np.abs(np.where(self.panel.observed, self.panel.y, 0.0)).max())

    def placed(self, part: Aggregate, j: int) -> Randomisation:
        """Place a mean of cells among its values in other draws of the waves."""
        cells = np.flatnonzero(part.cells[j])
        return among_draws(
            self.redrawn,
            self.effects.cohort[cells],
            self.effects.period[cells],
            part.cell_weights[j, cells] if part.kind == "exposure" else None,
            level=self.options.level,
        )

    def at(self, level: float) -> Builder:
        """Return a builder of the same effects whose intervals have another level."""
        other = Builder(self.effects, self.outcome, self.unit, replace(self.options, level=level))
        if "redrawn" in vars(self):
            vars(other)["redrawn"] = self.redrawn
        return other

    def _told_by(self) -> str:
        """Name what gives influence: linearised, or from leaving out clusters."""
        return "influence_function" if self.effects.level is None else "jackknife"

    def _without_cases(self, part: Aggregate, j: int) -> bool:
        """Return whether not one case was counted, or not one was to be expected.

        Leaving out a site then changes nothing on that side, as if its count were known for sure.
        """
        level = float(part.cell_weights[j] @ np.nan_to_num(self.effects.level))
        expected = level - float(part.att[j])
        return min(level, expected) <= NO_CASES * max(level, expected)

    def on_ratio(self, part: Aggregate, j: int) -> tuple[float, np.ndarray] | None:
        """Log of the treated rate over what it would have been, and its (N, 1) influence.

        None where one of the two is not above zero.
        """
        weights = part.cell_weights[j]
        level = float(weights @ np.nan_to_num(self.effects.level))
        expected = level - float(part.att[j])
        if self._without_cases(part, j) or not (level > 0 and expected > 0):
            return None
        drawn = self.effects.level_influence @ weights
        moved = drawn / level - (drawn - part.influence[:, j]) / expected
        return float(np.log(level / expected)), moved[:, None] * self.scale[:, None]

    def _by_ratio(self, part: Aggregate, j: int, df: float, level: float | None) -> dict:
        """Return the ends of a difference of rates from those of their ratio, if there is one.

        One effect in two readings: the difference is the treated rate times one less one over the
        ratio, so that both exclude no effect or neither does.
        """
        told = self.on_ratio(part, j)
        if told is None:
            return {}
        log_ratio, influence = told
        se = float(np.sqrt((by_cluster(influence, self.panel.cluster) ** 2).sum()))
        if not se > 0:
            return {}
        ends = self.t_interval(log_ratio, se, df, self._told_by(), level)
        rate = float(part.cell_weights[j] @ np.nan_to_num(self.effects.level))
        low, high = (rate * -np.expm1(-ends[name]) for name in ("ci_low", "ci_high"))
        return {"ci_low": float(low), "ci_high": float(high), "p_value": ends["p_value"]}

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

    def t_interval(
        self, value: float, se: float, df: float, method: str, level: float | None = None
    ) -> dict:
        """Return the fields of a t interval, at the options' level if none is given."""
        half = t_quantile(level or self.options.level, df) * se
        return interval(se, value - half, value + half, t_p_value(value / se, df), method)


def _half_up(value: float) -> int:
    """Round to a whole number, halves up."""
    return int(np.floor(value + 0.5))


def method_of(effects: GroupTime) -> str:
    """Return the estimator's name as estimates carry it, e.g. ``group_time_dr``."""
    if effects.method in ("rate", "share"):
        return f"{effects.method}_model"
    suffix = "_all_before" if effects.base_rule == "all_before" else ""
    if effects.lot:
        return f"random_timing{suffix}"
    return f"group_time_{effects.method}{suffix}"


def interval(se, low, high, p_value, method: str) -> dict:
    """Return the fields of an estimate that hold its interval."""
    return {
        "se": se,
        "ci_low": low,
        "ci_high": high,
        "p_value": p_value,
        "interval_method": method,
    }
