"""Questions put to the data, the design and the result of an evaluation.

Thresholds are stated here and travel with each check. Without ``inference_possible`` nothing may
be claimed; without ``comparison_group`` a change is described and no effect spoken of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.causal.did.aggregate import Aggregate
from analysis.causal.did.bands import satterthwaite
from analysis.causal.evaluation.agreement import Compared, comparable, disagree
from analysis.causal.evaluation.estimates import Builder
from analysis.causal.inference.distributions import f_p_value
from analysis.causal.inference.inference_rule import FEWEST_FOR_BOOTSTRAP, FEWEST_FOR_INFLUENCE
from analysis.causal.lottery import lot
from analysis.causal.options import Options
from analysis.causal.panel.frame import FrameError, Prepared
from analysis.causal.parallel_trends import pretrend_draws
from analysis.causal.parallel_trends.pretrend import PreTrend, pretrend_test
from analysis.results import Check, Estimate, Topic

OBSERVED_AT_LEAST = 0.95
ROWS_DROPPED_AT_MOST = 0.05
POOR_OVERLAP_AT_MOST = 0.10
LOT_BALANCE_AT_LEAST = 0.01
PRETREND_FAILS_BELOW, PRETREND_CAUTION_BELOW = 0.05, 0.10
MOST_UNSEEN = 0.1
"""Share of an effect's variance that may stay unseen in waves of one before F promises too much."""


def without_comparison(
    outcome: str, options: Options, rule: str, frame: pd.DataFrame, change: Estimate
) -> tuple[Check, ...]:
    """Return the checks of a design that cannot show an effect."""
    maker = _Maker(f"{options.prefix}.{outcome}.check", outcome)
    units = int(frame["unit"].nunique())
    found = [
        maker.check(
            Topic.COMPARISON_GROUP,
            "failed",
            value=0.0,
            threshold=1.0,
            unit="sites",
            n=units,
            reason=rule,
            remedy=True,
        ),
        maker.impossible(Topic.PRETREND, "no_comparison" if rule == "no_comparison" else rule),
    ]
    if change.ci_low is None:
        found.append(
            maker.check(Topic.INFERENCE_POSSIBLE, "failed", reason="no_interval", remedy=True)
        )
    return tuple(found)


_FEW = {"wild_bootstrap": "few", "randomisation": "few_randomised"}
"""What is said of few sites, by what leads then; the others leave out one site after another."""


def with_comparison(
    builder: Builder,
    parts: Mapping[str, Aggregate],
    overall: tuple[Estimate, ...],
    alternatives: tuple[Estimate, ...],
) -> tuple[Check, ...]:
    """Return all checks of a design with a comparison."""
    maker = _Maker(f"{builder.stem}.check", builder.outcome)
    lead = overall[0]
    found = [
        *_design(maker, builder, parts["simple"], lead),
        *_data(maker, builder),
        _pretrend(maker, builder, parts, lead),
        _agreement(maker, lead, alternatives, builder.methods),
    ]
    if builder.effects.lot:
        found.append(_lot_balance(maker, builder))
    if len(overall) > 1:
        found.append(_inference_agreement(maker, lead, overall[1]))
    return tuple(found)


def measured_in_rounds(outcome: str, options: Options, units: int) -> Check:
    """Say in which rounds the outcome was measured, and every month that is missing."""
    rounds = options.rounds
    reason = "months_missing" if rounds.monthly else "several"
    return _Maker(f"{options.prefix}.{outcome}.check", outcome).check(
        Topic.MEASURED_IN_ROUNDS,
        "passed",
        value=float(len(rounds.months)),
        unit="count",
        n=units,
        reason="two" if len(rounds.months) == 2 else reason,
        params={
            "rounds": len(rounds.months),
            "measured": list(rounds.months),
            "first": rounds.months[0],
            "last": rounds.months[-1],
            "after": len(rounds.months) + 1 - min((n for n, _ in rounds.starts), default=1),
            "missing": len(rounds.missing),
            "gaps": list(rounds.missing),
        },
    )


def started_together(outcome: str, options: Options, frame: pd.DataFrame) -> tuple[Check, ...]:
    """Say which sites started in different months and were first measured after in one round.

    Parameters
    ----------
    frame : DataFrame
        Counted in rounds; ``options.rounds`` knows the months of the starts.
    """
    rounds = options.rounds
    found = []
    for number, first, last in rounds.joined:
        units = frame.loc[frame["cohort"] == number, "unit"].nunique()
        about = f"{options.prefix}.{outcome}.check.{number}"
        found.append(
            _Maker(about, outcome).check(
                Topic.STARTED_TOGETHER,
                "passed",
                value=float(units),
                unit="sites",
                n=int(units),
                reason="one_group",
                params={
                    "earliest": first,
                    "latest": last,
                    "round": rounds.month_of(number),
                    "dated": rounds.start_of(number),
                },
            )
        )
    return tuple(found)


class _Maker:
    """Names checks and their wording."""

    def __init__(self, stem: str, outcome: str) -> None:
        self.stem, self.outcome = stem, outcome

    def check(self, topic: Topic, status: str, *, reason=None, remedy=False, **rest) -> Check:
        return Check(
            id=f"{self.stem}.{topic}",
            topic=topic,
            indicator=self.outcome,
            question=f"causal.check.{topic}",
            status=status,
            reason=f"causal.why.{topic}.{reason}" if reason else None,
            remedy=f"causal.remedy.{topic}" if remedy and status != "passed" else None,
            **rest,
        )

    def impossible(self, topic: Topic, reason: str, **rest) -> Check:
        return self.check(topic, "not_possible", reason=reason, **rest)


def _design(maker: _Maker, builder: Builder, simple: Aggregate, lead: Estimate) -> list[Check]:
    panel = builder.panel
    rule = builder.rule(simple.cell_weights[0])
    found = [
        maker.check(
            Topic.COMPARISON_GROUP,
            "passed",
            value=float(rule.n_comparison),
            threshold=1.0,
            unit="sites",
            n=len(panel.units),
        ),
    ]
    for name, number in (
        (Topic.TREATED_CLUSTERS, rule.n_treated),
        (Topic.COMPARISON_SIZE, rule.n_comparison),
    ):
        if number >= FEWEST_FOR_INFLUENCE:
            status, reason = "passed", None
        elif number >= FEWEST_FOR_BOOTSTRAP:
            status, reason = "caution", _FEW.get(builder.lead(rule), "few_jackknife")
        else:
            status, reason = "caution", "very_few"
        found.append(
            maker.check(
                name,
                status,
                value=float(number),
                threshold=float(FEWEST_FOR_INFLUENCE),
                unit="sites",
                n=panel.n_clusters,
                reason=reason,
                remedy=True,
            )
        )
    if until := builder.until(simple):
        found.append(
            maker.check(
                Topic.MONTHS_LEFT_OUT,
                "caution",
                value=float(until["left_out"]),
                threshold=0.0,
                unit="count",
                n=int(simple.cells[0].sum()) + until["left_out"],
                reason="hardly_compared",
                remedy=True,
                params={**until, "fewest": FEWEST_FOR_BOOTSTRAP},
            )
        )
    possible = lead.ci_low is not None
    params = {"n_treated": rule.n_treated, "n_comparison": rule.n_comparison}
    if not possible and lead.p_value is not None:
        params |= {"p": lead.p_value, "extreme_p": builder.placed(simple, 0).extreme_p}
    found.append(
        maker.check(
            Topic.INFERENCE_POSSIBLE,
            "passed" if possible else "failed",
            n=panel.n_clusters,
            reason=None if possible else "no_interval",
            remedy=True,
            params=params,
        )
    )
    alone = panel.count("cohort_of_one")
    found.append(
        maker.check(
            Topic.COHORT_SIZE,
            "caution" if alone else "passed",
            value=float(alone),
            threshold=0.0,
            unit="count",
            reason="alone" if alone else None,
            remedy=True,
        )
    )
    return found


def _data(maker: _Maker, builder: Builder) -> list[Check]:
    panel, effects = builder.panel, builder.effects
    observed = float(panel.observed.mean())
    missing = panel.count("rows_missing") / max(panel.n_rows_read, 1)
    stayed = panel.count("always_treated_kept")
    always = panel.count("always_treated") + stayed
    full = observed >= OBSERVED_AT_LEAST
    kept = missing <= ROWS_DROPPED_AT_MOST
    found = [
        maker.check(
            Topic.PANEL_BALANCE,
            "passed" if full else "caution",
            value=observed,
            threshold=OBSERVED_AT_LEAST,
            unit="share",
            n=panel.observed.size,
            reason=None if full else "gaps",
            remedy=True,
            params={"units": panel.count("units_unbalanced")},
        ),
        maker.check(
            Topic.ROWS_DROPPED,
            "passed" if kept else "caution",
            value=missing,
            threshold=ROWS_DROPPED_AT_MOST,
            unit="share",
            n=panel.n_rows_read,
            reason=None if kept else "incomplete",
            remedy=True,
            params={"rows": panel.count("rows_missing")},
        ),
        maker.check(
            Topic.ALWAYS_TREATED,
            "caution" if always else "passed",
            value=float(always),
            threshold=0.0,
            unit="sites",
            reason="kept" if stayed else "dropped" if always else None,
            remedy=True,
        ),
    ]
    failed = [(g, t) for g, t, _ in effects.failures if t >= g]
    post = len(failed)
    unmeasured = all(_nobody_measured(panel, g, t) for g, t in failed)
    found.append(
        maker.check(
            Topic.CELLS_ESTIMATED,
            "caution" if post else "passed",
            value=float(post),
            threshold=0.0,
            unit="count",
            n=len(effects.att),
            reason=("not_measured" if unmeasured else "not_estimated") if post else None,
            remedy=True,
            params={"after_start": post},
        )
    )
    if builder.options.covariates and builder.options.method != "reg":
        worst = float(effects.poor_overlap[effects.event_time >= 0].max(initial=0.0))
        fine = worst <= POOR_OVERLAP_AT_MOST
        found.append(
            maker.check(
                Topic.OVERLAP,
                "passed" if fine else "caution",
                value=worst,
                threshold=POOR_OVERLAP_AT_MOST,
                unit="share",
                reason=None if fine else "poor",
                remedy=True,
            )
        )
    return found


def _nobody_measured(panel: Prepared, wave: int, period: int) -> bool:
    """Tell whether no unit of a wave was observed in a period."""
    return not panel.observed[panel.cohort == wave, period - int(panel.periods[0])].any()


def _pretrend(
    maker: _Maker, builder: Builder, parts: Mapping[str, Aggregate], lead: Estimate
) -> Check:
    """Joint test of the last pre-periods; passing it with little power asks for caution.

    Event times that rest on few clusters of either arm are left out: a wave of one has no variance
    before its start, and would pass for known exactly.
    """
    event, panel = parts["event"], builder.panel
    treated, compared = builder.arms(parts["simple"].cell_weights[0])
    arms = [len(np.unique(panel.cluster[arm])) for arm in (treated, compared)]
    thinner = min(arms)
    rounds = builder.options.rounds
    opened = int(max(panel.cohorts)) - int(panel.periods[0]) - panel.anticipation
    if rounds is not None and opened < 2:
        return maker.impossible(Topic.PRETREND, "one_round", n=panel.n_clusters)
    if thinner < FEWEST_FOR_BOOTSTRAP:
        return maker.impossible(Topic.PRETREND, "few_clusters", n=panel.n_clusters)
    reference = -1 - builder.options.anticipation
    latest = reference - (builder.effects.base_rule == "universal")
    known = (event.key <= latest) & builder.founded(event)
    most = max(1, min(builder.options.pretrend_periods, thinner // 2, panel.n_clusters // 4))
    if builder.effects.base_rule == "all_before":
        most = min(most, int(known.sum()) - 1)  # deviations from their own mean add up to zero
    chosen = np.flatnonzero(known & (event.key > latest - most))
    if not len(chosen):
        reason = "no_pre_periods" if rounds is None else "no_pre_rounds"
        return maker.impossible(Topic.PRETREND, reason, n=panel.n_clusters)
    if _unseen(builder, event.cell_weights[chosen]) > MOST_UNSEEN:
        return maker.impossible(Topic.PRETREND, "single_waves", n=panel.n_clusters)
    covariance = event.covariance(panel.cluster, builder.scale)[np.ix_(chosen, chosen)]
    distance = event.cell_weights[chosen] @ builder.effects.distance
    try:
        test = pretrend_test(event.att[chosen], covariance, distance, n_clusters=panel.n_clusters)
        test = _placed(builder, event, chosen, test)
    except FrameError:
        return maker.impossible(Topic.PRETREND, "singular", n=panel.n_clusters)
    simple = parts["simple"].cell_weights[0]
    months = float(simple @ builder.effects.distance)
    bias = test.detectable_slope * months
    if test.p_value < PRETREND_FAILS_BELOW:
        status, reason = "failed", "rejected"
    elif test.p_value < PRETREND_CAUTION_BELOW:
        status, reason = "caution", "doubtful"
    elif lead.value is not None and bias > abs(lead.value):
        status, reason = "caution", "little_power"
    else:
        status, reason = "passed", None
    overlooks = {"overlooks": True} if reason == "little_power" else {}
    if reason is not None and rounds is not None:
        reason = f"{reason}_rounds"
    return maker.check(
        Topic.PRETREND,
        status,
        value=test.p_value,
        threshold=PRETREND_FAILS_BELOW,
        unit="p",
        n=panel.n_clusters,
        reason=reason,
        remedy=True,
        params={
            "periods": test.df,
            "slope": test.detectable_slope,
            "bias": bias,
            "power": test.power,
            "outcome_unit": builder.unit,
        },
        dims=overlooks,
    )


def _unseen(builder: Builder, cell_weights: np.ndarray) -> float:
    """Return the largest share of an effect's variance that no spread within a wave tells.

    A wave of one cluster has none. Among other draws that does not matter: they have such waves
    too. The F reference takes what is seen for the whole. Clusters count as varying alike.
    """
    panel, effects = builder.panel, builder.effects
    if pretrend_draws.applies(effects):
        return 0.0
    largest = 0.0
    for weights in cell_weights:
        treated, compared = builder.arms(weights)
        whole = 1 / len(np.unique(panel.cluster[compared]))
        alone = 0.0
        for wave in panel.cohorts:
            clusters = len(np.unique(panel.cluster[treated & (panel.cohort == wave)]))
            own = float(weights[effects.cohort == wave].sum()) ** 2 / max(clusters, 1)
            whole += own
            alone += own if clusters == 1 else 0.0
        largest = max(largest, alone / whole)
    return largest


def _placed(builder: Builder, event: Aggregate, chosen: np.ndarray, test: PreTrend) -> PreTrend:
    """Give the test its p-value among other draws; where they cannot be had, one that is safe.

    Without draws the F reference has the effects' own degrees of freedom, of which small waves
    leave few.
    """
    options, panel = builder.options, builder.panel
    if pretrend_draws.applies(builder.effects):
        weights = event.cell_weights[chosen]
        found = pretrend_draws.joint_p_value(
            builder.effects, weights, draws=options.draws, seed=options.seed
        )
        return test if found is None else replace(test, p_value=found)
    if panel.n_clusters > pretrend_draws.MOST_CLUSTERS:
        return test
    influence = event.influence[:, chosen] * builder.scale[:, None]
    df = float(np.median(satterthwaite(influence, panel.cluster, panel.cohort)))
    if df <= test.df:
        raise FrameError("singular", "too few degrees of freedom for a joint test")
    shrink = (df + 1 - test.df) / df
    return replace(
        test, p_value=f_p_value(test.statistic * shrink / test.df, test.df, df + 1 - test.df)
    )


def _lot_balance(maker: _Maker, builder: Builder) -> Check:
    """Ask whether waves differed before training by more than a lottery makes them."""
    options, panel = builder.options, builder.panel
    p_value = lot.balance_p(panel, draws=options.draws, seed=options.seed)
    alike = p_value >= LOT_BALANCE_AT_LEAST
    return maker.check(
        Topic.LOT_BALANCE,
        "passed" if alike else "caution",
        value=p_value,
        threshold=LOT_BALANCE_AT_LEAST,
        unit="p",
        n=panel.n_clusters,
        reason=None if alike else "differ",
        remedy=True,
    )


def _agreement(
    maker: _Maker, lead: Estimate, alternatives: tuple[Estimate, ...], compared: Compared
) -> Check:
    """Ask whether the methods that aim at the leading one's effect agree with it."""
    others = comparable(alternatives, compared)
    if lead.ci_low is None or not others:
        return maker.impossible(Topic.ESTIMATOR_AGREEMENT, "no_interval" if others else "no_other")
    agree = not any(disagree(lead, other) for other in others)
    several = len({other.value for other in others}) > 1
    return maker.check(
        Topic.ESTIMATOR_AGREEMENT,
        "passed" if agree else "caution",
        value=max(abs(e.value - lead.value) for e in others),
        threshold=min(lead.value - lead.ci_low, lead.ci_high - lead.value),
        unit=lead.unit,
        n=len(others),
        reason=None if agree else "outside" if several else "outside_one",
        remedy=True,
        params={
            "method": f"causal.method.{others[0].method}",
            "lowest": min(e.value for e in others),
            "highest": max(e.value for e in others),
            "difference": True,
        },
    )


def _inference_agreement(maker: _Maker, lead: Estimate, beside: Estimate) -> Check:
    """Ask whether both inferences reach the same verdict."""
    size = 1 - lead.level
    if lead.p_value is None or beside.p_value is None:
        return maker.impossible(Topic.INFERENCE_AGREEMENT, "no_p_value")
    same = (lead.p_value < size) == (beside.p_value < size)
    return maker.check(
        Topic.INFERENCE_AGREEMENT,
        "passed" if same else "caution",
        value=beside.p_value,
        threshold=size,
        unit="p",
        reason=None if same else "differ",
        remedy=True,
        params={
            "first": f"causal.interval_method.{lead.interval_method}",
            "second": f"causal.interval_method.{beside.interval_method}",
            "p_first": lead.p_value,
            "p_second": beside.p_value,
        },
    )
