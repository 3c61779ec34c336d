"""The one entrance: an estimation frame in, estimates and checks out.

The default ladder, applied to every design without further choice:

1. No unit untreated at any time: the change is described (``change_before_after``), nothing is
   called an effect.
2. Otherwise doubly robust group-time effects against the not yet treated lead; overall (every
   treated site-month alike), by event time, by cohort, by calendar period, and at the horizons.
3. Two-way fixed effects, the plain 2×2, imputation and Sun–Abraham stand beside the overall
   effect, to see whether the answer depends on the estimator.
4. Intervals follow :func:`analysis.causal.inference.inference_rule.choose_inference`, effect by
   effect.

Event time 0 is the cohort's own period: the month in which training started. Horizon k is event
time k, the k-th month after that month.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from analysis.causal.did.aggregate import Aggregate, Kind, aggregate
from analysis.causal.did.group_time import GroupTime, group_time
from analysis.causal.did.pooled_cells import pooled_group_time, with_denominators
from analysis.causal.evaluation import checks as _checks
from analysis.causal.evaluation import report_tables
from analysis.causal.evaluation.agreement import with_agreement
from analysis.causal.evaluation.before_after import describe
from analysis.causal.evaluation.beside import beside
from analysis.causal.evaluation.estimates import FEW_ANSWERS, Builder
from analysis.causal.inference.inference_rule import InferenceRule, fewest_compared
from analysis.causal.lottery import lot
from analysis.causal.options import Options
from analysis.causal.panel.frame import (
    FrameError,
    NoComparisonError,
    NoPrePeriodError,
    Prepared,
    prepare,
)
from analysis.causal.panel.labels import labelled
from analysis.keywords import Named
from analysis.results import (
    Check,
    Estimate,
    Scalar,
    Shown,
    StageResults,
    Topic,
    collect,
    stored_table,
)

#: Ways in which group-time effects are averaged.
KINDS: tuple[Kind, ...] = ("simple", "event", "cohort", "calendar")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Evaluation(Shown):
    """Everything found about one outcome.

    Attributes
    ----------
    outcome : str
        Registry id.
    unit : str
        Unit of the outcome.
    options : Options
    panel : Prepared or None
        None where no comparison exists.
    effects : GroupTime or None
        Group-time cells with influence functions, for further work.
    aggregates : Mapping
        ``simple``, ``event``, ``cohort``, ``calendar``.
    """

    outcome: str
    unit: str
    options: Options
    panel: Prepared | None
    effects: GroupTime | None
    aggregates: Mapping[str, Aggregate]
    _estimates: tuple[Estimate, ...]
    _checks: tuple[Check, ...]
    _tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    def __repr__(self) -> str:
        counts = f"{len(self._estimates)} estimates, {len(self._checks)} checks"
        return f"<Evaluation {self.overall}; {counts}>"

    @property
    def causal(self) -> bool:
        """Whether the design has a comparison, so that effects may be spoken of."""
        return self.effects is not None

    @property
    def broken_rule(self) -> str | None:
        """Rule of the frame that keeps a change from being an effect; None for an effect."""
        return None if self.causal else self._checks[0].reason.rpartition(".")[2]

    @property
    def rule(self) -> InferenceRule | None:
        """What the inference rule decided for the overall effect; None without a comparison."""
        if not self.causal:
            return None
        builder = Builder(self.effects, self.outcome, self.unit, self.options)
        return builder.rule(self.aggregates["simple"].cell_weights[0])

    @property
    def overall(self) -> Estimate:
        """The leading estimate: the overall effect, or the described change."""
        return self._estimates[0]

    def estimates(self) -> tuple[Estimate, ...]:
        """All estimates, the leading one first."""
        return self._estimates

    def checks(self) -> tuple[Check, ...]:
        """All checks on data, design and result."""
        return self._checks

    def with_checks(self, *checks: Check) -> Evaluation:
        """Return the same with further checks on its data."""
        return replace(self, _checks=(*self._checks, *checks))

    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Tidy frames: ``<outcome>_trends``, ``<outcome>_group_time``, ``<outcome>_bacon``."""
        return Named(f"table of {self.outcome}", self._tables)

    def table(self, name: str) -> pd.DataFrame:
        """Return the table ``<outcome>_<name>``; KeyError names the near ones."""
        known = {key.removeprefix(f"{self.outcome}_"): table for key, table in self._tables.items()}
        return stored_table(self.outcome, name, known)

    def table_or_empty(self, name: str) -> pd.DataFrame:
        """Return the table ``<outcome>_<name>``; one without rows where it could not be made."""
        return self._tables.get(f"{self.outcome}_{name}", pd.DataFrame())

    def of(self, estimand: str) -> tuple[Estimate, ...]:
        """Return the estimates of one estimand, e.g. ``att_cohort``, in stored order."""
        return tuple(e for e in self._estimates if e.estimand == estimand)

    def by_estimator(self) -> tuple[Estimate, ...]:
        """Return the leading estimate and the other estimators' beside it."""
        return tuple(e for e in self._estimates if e is self.overall or e.dims.get("beside"))

    def at_horizon(self, months: int) -> Estimate:
        """Return the effect at a horizon; KeyError when it was not among the options."""
        for item in self.of("att_horizon"):
            if item.dims["horizon"] == months and not item.dims.get("beside"):
                return item
        raise KeyError(f"no horizon {months}; options have {self.options.horizons}")

    def by_event_time(
        self, *, first: int | None = None, last: int | None = None
    ) -> tuple[Estimate, ...]:
        """Effects by event time, ascending; ``first`` and ``last`` are included."""
        found = self.of("att_event_time")
        low = -math.inf if first is None else first
        high = math.inf if last is None else last
        return tuple(e for e in found if low <= e.dims["event_time"] <= high)

    @property
    def starts(self) -> tuple[int, ...]:
        """First treated periods, ascending; empty without a comparison."""
        if self.panel is None:
            return ()
        rounds = self.options.rounds
        return tuple(int(g) if rounds is None else rounds.start_of(g) for g in self.panel.cohorts)

    def results(self, stage: str = "tracking") -> StageResults:
        """Return estimates, checks and tables as results of a stage."""
        return collect(stage, [self._estimates, self._checks], tables=dict(self._tables))


def evaluate(
    frame: pd.DataFrame, *, outcome: str, unit: str, options: Options | None = None
) -> Evaluation:
    """Evaluate one outcome.

    Parameters
    ----------
    frame : DataFrame
        A row is one unit in one period: ``unit``, ``period``, ``y``, ``cohort`` (missing =
        never treated), optionally ``n`` and the columns named in the options. Not modified.
    outcome : str
        Registry id; part of every id.
    unit : str
        Unit of ``y``, as in the registry.
    options : Options, optional

    Returns
    -------
    Evaluation

    Raises
    ------
    FrameError
        When the frame breaks a rule; having no comparison is not an error but a description.
    """
    options = options or Options()
    frame = labelled(frame)[0]
    try:
        panel = prepared(frame, options)
    except (NoComparisonError, NoPrePeriodError) as error:
        return _described(frame, error.rule, outcome=outcome, unit=unit, options=options)

    builder, parts = lead(panel, options, outcome=outcome, unit=unit)
    effects = builder.effects
    rounds = options.rounds
    overall = builder.overall(parts["simple"])
    if overall[0].reason == FEW_ANSWERS:
        return without_value(outcome=outcome, unit=unit, options=options, reason=FEW_ANSWERS)
    alternatives = beside(builder, parts["simple"])
    overall = (with_agreement(overall[0], alternatives, builder.methods), *overall[1:])
    estimates = (
        *overall,
        *_relative(builder, parts["simple"], overall[0]),
        *builder.event_times(parts["event"]),
        *builder.horizons(parts["event"]),
        *builder.cohorts(parts["cohort"]),
        *builder.calendar(parts["calendar"]),
        *alternatives,
        *_site_means(frame, options, outcome=outcome, unit=unit),
    )
    found = _checks.with_comparison(builder, parts, overall, alternatives)
    shown = builder.shown_cells()
    tables = report_tables.tables(effects, outcome, options.level, options.least_answers, shown)
    if rounds is not None:
        told = _checks.measured_in_rounds(outcome, options, len(panel.units))
        found = (*found, told, *_checks.started_together(outcome, options, frame))
        tables = {name: report_tables.in_months(table, rounds) for name, table in tables.items()}
    return Evaluation(
        outcome, unit, options, effects.panel, effects, parts, estimates, found, tables
    )


def evaluate_overall(
    frame: pd.DataFrame, *, outcome: str, unit: str, options: Options
) -> Evaluation:
    """Evaluate the overall effect of one outcome and nothing else.

    Parameters
    ----------
    frame, outcome, unit, options
        As :func:`evaluate` takes them; other methods and horizons are not asked for.

    Returns
    -------
    Evaluation
        The same overall effect as :func:`evaluate` finds without other methods; none by month,
        wave or horizon, no tables, and no checks but of a change that is no effect.

    Raises
    ------
    FrameError
        As :func:`evaluate`.
    """
    frame = labelled(frame)[0]
    try:
        panel = prepared(frame, options)
    except (NoComparisonError, NoPrePeriodError) as error:
        return _described(frame, error.rule, outcome=outcome, unit=unit, options=options)
    builder, parts = lead(panel, options, outcome=outcome, unit=unit, kinds=("simple",))
    overall = builder.overall(parts["simple"])
    if overall[0].reason == FEW_ANSWERS:
        return without_value(outcome=outcome, unit=unit, options=options, reason=FEW_ANSWERS)
    effects = builder.effects
    return Evaluation(outcome, unit, options, effects.panel, effects, parts, overall, ())


def _described(
    frame: pd.DataFrame, rule: str, *, outcome: str, unit: str, options: Options
) -> Evaluation:
    """Return the change of an outcome whose frame breaks a rule that an effect needs."""
    estimates = describe(frame, outcome=outcome, unit=unit, options=options)
    found = _checks.without_comparison(outcome, options, rule, frame, estimates[0])
    if options.rounds is not None:
        found += (_checks.measured_in_rounds(outcome, options, frame["unit"].nunique()),)
    return Evaluation(outcome, unit, options, None, None, {}, estimates, found)


def _site_means(
    frame: pd.DataFrame, options: Options, *, outcome: str, unit: str
) -> tuple[Estimate, ...]:
    """Return, beside an effect in which denominators weigh, the one on the average site.

    It counts every site alike and is another average, so that agreement is not asked of it.
    """
    if options.form == "mean" or not options.alternatives:
        return ()
    named = {"id": f"{options.prefix}.{outcome}.att.site_means", "estimand": "att_overall"}
    plain = replace(options, form="mean")
    dims = {"beside": True}
    own = overall_effect(frame, outcome=outcome, unit=unit, options=plain, dims=dims, **named)
    return (replace(own, agreement="not_asked", methods_low=None, methods_high=None),)


def _relative(builder: Builder, simple: Aggregate, lead: Estimate) -> tuple[Estimate, ...]:
    """Return the rate's effect read as a share of the rate there would have been.

    Where methods disagree, their range too; no rate falls by more than all of it.
    """
    found = builder.relative(simple, "att.relative", {"label": "rate_change"})
    if not lead.disputed or not found or not found[0].value:
        return found
    expected = lead.value / found[0].value
    spread = {
        "methods_low": max(lead.methods_low / expected, -1.0),
        "methods_high": max(lead.methods_high / expected, -1.0),
    }
    return (replace(found[0], agreement=lead.agreement, **spread),)


def lead(
    panel: Prepared,
    options: Options,
    *,
    outcome: str,
    unit: str,
    kinds: tuple[Kind, ...] = KINDS,
    many: bool | None = None,
    sloped: bool | None = None,
) -> tuple[Builder, dict[str, Aggregate]]:
    """Cells and their means by the estimator that leads, ready to be made into estimates.

    Parameters
    ----------
    panel : Prepared
    options : Options
        ``drawn_by_lot`` lets the lottery's estimator lead where the panel fits it.
    outcome, unit : str
        As :func:`evaluate` takes them.
    kinds : tuple of str
        Which means, as of :func:`analysis.causal.aggregate`.
    many : bool, optional
        Whether cohorts are large enough to learn from one by one, where that, and that a lottery
        is used at all, was settled with other units; by default both are asked of the panel.
    sloped : bool, optional
        Likewise, whether few clusters learn a slope.

    Returns
    -------
    Builder, dict
        What makes estimates of means; the means by kind, ``simple`` among them.
    """
    plain = cells(panel, options)
    by_lot = options.drawn_by_lot and options.form == "mean"
    settled = many is not None
    if not (by_lot and (settled or lot.fits(plain.panel, plain))):
        return Builder(plain, outcome, unit, options), _aggregates(plain, kinds, options)
    plain = replace(plain, lot=True)
    simple = aggregate(plain, "simple", fewest_compared=fewest_compared(panel.n_clusters))
    if not settled:
        rule = Builder(plain, outcome, unit, options).rule(simple.cell_weights[0])
        many = rule.lead == "influence_function"
    beta, slopes = lot.coefficient(plain, simple, many=many, sloped=sloped)
    found = replace(cells(plain.panel, options, coefficient=beta), slopes=slopes, lot=True)
    builder, parts = Builder(found, outcome, unit, options), _aggregates(found, kinds, options)
    if many:
        parts = {kind: lot.efficient(found, part, builder.scale) for kind, part in parts.items()}
    return builder, parts


def led_by(evaluation: Evaluation, lead: Estimate) -> Evaluation:
    """Return an evaluation with another form of the outcome's effect in the lead.

    What led before, and its effects by month, wave and horizon, stand beside it.

    Parameters
    ----------
    evaluation : Evaluation
    lead : Estimate
        The overall effect in the form that fits the outcome; it takes the place and id of the
        one that led, whose id gets the end ``.means``.
    """
    own = evaluation.overall
    place = {"id": own.id, "estimand": own.estimand, "indicator": own.indicator}
    # Other methods spoke about the mean of sites, not about this.
    before = replace(
        own, id=f"{own.id}.means", agreement="not_asked", methods_low=None, methods_high=None
    )
    others = (before, *evaluation.estimates()[1:])
    moved = tuple(replace(e, dims={**e.dims, "beside": True}) for e in others)
    return replace(evaluation, _estimates=(replace(lead, **place), *moved))


def _aggregates(
    effects: GroupTime, kinds: tuple[Kind, ...], options: Options
) -> dict[str, Aggregate]:
    few = fewest_compared(effects.panel.n_clusters)
    found = {}
    for kind in kinds:
        # The uniform band of the event study is too narrow with given shares (as measured).
        shares = options.shares if kind == "simple" else "estimated"
        found[kind] = aggregate(effects, kind, fewest_compared=few, shares=shares)
    return found


def prepared(frame: pd.DataFrame, options: Options) -> Prepared:
    """Check a frame and turn it into arrays as the options say.

    Where denominators weigh, a unit's weight is its mean denominator.
    """
    if options.rounds is not None and not options.rounds.counts(frame):
        raise FrameError("in_rounds", "the frame counts months and the options count rounds")
    counted = options.form != "mean"
    if counted and (options.covariates or options.weights):
        raise ValueError("a rate or share takes neither covariates nor weights of units")
    panel = prepare(
        frame,
        covariates=("total", "exposure") if counted else options.covariates,
        cluster=options.cluster,
        weights=options.weights,
        stratum=options.stratum,
        anticipation=options.anticipation,
        always_treated=options.always_treated,
    )
    return with_denominators(panel) if counted else panel


def cells(panel: Prepared, options: Options, *, coefficient: float = 1.0) -> GroupTime:
    """Estimate the group-time effects that the options name."""
    if options.form != "mean":
        return pooled_group_time(panel, options.form, comparison=options.comparison)
    return group_time(
        panel,
        method=options.method,
        comparison=options.comparison,
        base=options.base,
        unbalanced=options.unbalanced,
        coefficient=coefficient,
    )


def overall_effect(
    frame: pd.DataFrame,
    *,
    id: str,
    estimand: str,
    outcome: str,
    unit: str,
    options: Options,
    dims: Mapping[str, Scalar],
) -> Estimate:
    """Return the overall effect alone under another id, or the rule of the frame it broke.

    For the same question asked in other ways: other rows, another comparison, another treatment.
    """
    named = {"id": id, "estimand": estimand, "dims": dims}
    quick = replace(options, alternatives=(), horizons=())
    try:
        found = evaluate_overall(frame, outcome=outcome, unit=unit, options=quick)
    except FrameError as error:
        if error.reason is None:
            raise
        return refused(error.rule, outcome=outcome, unit=unit, options=options, **named)
    if (rule := found.broken_rule) is not None:
        return refused(rule, outcome=outcome, unit=unit, options=options, **named)
    own = found.overall
    return replace(own, id=id, estimand=estimand, dims={**own.dims, **dims})


def refused(
    rule: str,
    *,
    id: str,
    estimand: str,
    outcome: str,
    unit: str,
    options: Options,
    dims: Mapping[str, Scalar],
) -> Estimate:
    """Return an estimate without value whose reason is the broken rule's sentence.

    Parameters
    ----------
    rule : str
        The broken rule, a key of the wording catalogue's reasons.
    id, estimand, outcome, unit : str
        As the estimate would have had them.
    options : Options
        Level and whether the world is simulated.
    dims : Mapping
        Further dimensions of the estimate.
    """
    return Estimate(
        id=id,
        estimand=estimand,
        indicator=outcome,
        unit=unit,
        value=None,
        n=0,
        method="none",
        level=options.level,
        dims=dims,
        simulated=options.simulated,
        reason=f"causal.fault.{rule}",
    )


def without_value(
    *,
    outcome: str,
    unit: str,
    options: Options | None = None,
    reason: str = "causal.reason.not_measured",
) -> Evaluation:
    """Return the evaluation of an outcome that nothing can be said about: no value, and why.

    Parameters
    ----------
    outcome : str
        Registry id.
    unit : str
        Unit of the outcome.
    options : Options, optional
    reason : str
        Wording key.
    """
    options = options or Options()
    nothing = Estimate(
        id=f"{options.prefix}.{outcome}.att.overall",
        estimand="att_overall",
        indicator=outcome,
        unit=unit,
        value=None,
        n=0,
        method="none",
        level=options.level,
        simulated=options.simulated,
        reason=reason,
    )
    check = Check(
        id=f"{options.prefix}.{outcome}.check.comparison_group",
        topic=Topic.COMPARISON_GROUP,
        indicator=outcome,
        question="causal.check.comparison_group",
        status="not_possible",
        reason=reason,
        dims={"outcome": outcome},
    )
    return Evaluation(outcome, unit, options, None, None, {}, (nothing,), (check,))
