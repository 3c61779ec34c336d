"""What the value stage hands to its steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis import causal, findings, indicators, monitoring, value
from analysis.monitoring import attended_effort
from analysis.results import Check, Estimate, Finding, StageResults, Topic, collect, merge
from analysis.value import Switches, treated_exposure
from analysis.value.isolation import assess_isolation
from analysis.value.lifetime import assess_lifetime
from analysis.value.outlook_kept import assess_outlook_kept
from analysis.workspace.inputs.beside_truth import return_beside_truth
from analysis.workspace.inputs.exposure import ALL_MONTHS
from analysis.workspace.inputs.outlook import forecast
from analysis.workspace.opening import ledger
from analysis.workspace.opening.decided import action_decisions
from analysis.workspace.opening.stage import Stage

if TYPE_CHECKING:
    from analysis.value import TrueReturn

_TRUE = ("benefit", "benefit_cost_ratio", "net_return")
"""Estimands of the return that have a truth in a simulated world."""


_ARMS_BEFORE = (Topic.TRENDS_BEFORE, Topic.BALANCE, Topic.BALANCE_LARGEST)
"""What of the baseline speaks against a comparison of trained and untrained sites."""


class ValueStage(Stage):
    """One client opened for the value stage."""

    @property
    def reached(self) -> Mapping[str, Any]:
        """What goals are compared with besides changes, as ``value.assess_goals`` takes it."""
        return {
            "registry": self.registry,
            "levels": self.levels(),
            "baselines": self.baselines(),
            "relatives": self.relatives(),
            "on": self.until,
            **self.made,
        }

    @property
    def money(self) -> Mapping[str, Any]:
        """How money is counted, as ``value.assess_roi`` takes it."""
        rules = self.client.value
        return {
            "registry": self.registry,
            "exposure": self.exposure(),
            "exposed": self.exposed(rules.months_counted),
            "quantiles": self.quantiles(rules.months_counted),
            "until": self.exposed_until(),
            "start": self.first_wave,
            "correlations": self.correlations(rules.months_counted),
            **self.made,
            "margin": rules.margin,
            "hour_cost": rules.participant_time_cost,
            "hours": self._hours_attended(),
            "months": rules.months_counted,
            "lines": self.lines,
            "switches": Switches(
                first_year_only=rules.first_year_only, lower_bound_only=rules.lower_bound_only
            ),
        }

    def goals(self) -> StageResults:
        """Compare goals with what was reached."""
        stated, changes = self.client.goals, self.effects()
        return self.step("goals", value.assess_goals, stated, changes=changes, **self.reached)

    def chain(self) -> StageResults:
        """Audit the chain from training to results: no link may be claimed over one that broke."""
        known = (self.registry.get(name) for name in self.levels())
        measured = {indicator.level for indicator in known if indicator is not None}
        return self.step("value_chain", value.audit_chain, self.changes(), self.registry, measured)

    def counted(self, *, draws: int, **changed: Any) -> StageResults:
        """Price the effects as the client file says, or with some of :attr:`money` changed.

        Parameters
        ----------
        draws : int
            Draws of the simulation.
        **changed
            Arguments of ``value.assess_roi`` in place of the client's; ``costs`` too.
        """
        given = {"costs": self.table("costs"), **self.money, **changed}
        costs = given.pop("costs")
        made = {"draws": draws, "seed": self.seed, **given}
        benefits, effects = self.client.value.benefits, self.effects()
        return self.step("roi", value.assess_roi, benefits, effects, costs, **made)

    def count_money(self, *, draws: int) -> StageResults:
        """Price the effects, and count the same programme otherwise: each rule flipped alone.

        For a simulated client the table ``truth`` sets benefit and return beside what is true.
        """
        rules, effects = self.client.value, self.effects()
        switches = self.money["switches"]

        flipped = {
            "all_months": {
                "switches": replace(switches, first_year_only=False),
                "exposure": self.exposure(first_year_only=False, horizon_months=ALL_MONTHS),
                "exposed": self.exposed(ALL_MONTHS),
                "quantiles": self.quantiles(ALL_MONTHS),
                "months": ALL_MONTHS,
                "correlations": self.correlations(ALL_MONTHS),
            },
            "lower_bound": {
                "switches": replace(switches, lower_bound_only=not switches.lower_bound_only)
            },
            "no_time": {"hour_cost": None, "costs": _without_time(self.table("costs"))},
            "revenue": {"margin": 1.0, "revenue": True},
        }
        main = self.counted(draws=draws)
        ways = {"planned": partial(self.counted, draws=draws)}
        ways |= {  # when the training was repaid is told of the plan alone
            name: partial(self.counted, draws=draws, until=None, **changed)
            for name, changed in flipped.items()
        }
        others = self.step("variants_of_money", value.compare_variants, ways)
        unpriced = self.step("unpriced", value.list_unpriced, effects, rules.benefits)
        parts = [main, others, unpriced, self._cost_per_percent(main), self.beside_truth(main)]
        return merge("value", [*parts, self._lifetime()])

    def _lifetime(self) -> StageResults:
        """Return what a household is worth while it stays, before and since training by arm."""
        left = self.earlier("tracking").table_or_empty("households")
        if not left.empty:
            left = left[~left["group"].str.startswith("rated.")]
        contracts, rules = self.table("contracts"), self.client.value
        terms = None if contracts is None else contracts["term_months"].dropna()
        return self.step(
            "lifetime",
            assess_lifetime,
            left,
            term_months=None if terms is None or terms.empty else float(terms.median()),
            yearly_fee=self._yearly_fee(),
            margin=rules.margin,
            discount_rate=rules.discount_rate,
        )

    def _yearly_fee(self) -> float | None:
        """Return the fees received from a household in a year; None where they are not known."""
        fees = self.table("fees")
        if fees is None:
            return None
        served = self.sites.dropna(subset=["households"]).set_index("site_id")["households"]
        households = fees["site_id"].map(served.astype("float64")).astype("float64")
        known = households.notna().to_numpy()
        paid = fees.loc[known, "collected"].astype("float64").sum()
        return 12 * float(paid) / float(households[known].sum()) if known.any() else None

    def options(self, money: StageResults, claims: Sequence[Finding]) -> StageResults:
        """Price what can be decided next, and say which is advised.

        Parameters
        ----------
        money : StageResults
            As :meth:`count_money` returns it.
        claims : Sequence of Finding
            As :meth:`value_claims` returns them: the first is about money.
        """
        leading = next((f.claim for f in self.earlier("tracking").findings), None)
        said = {"money": claims[0].claim} | ({} if leading is None else {"effect": leading})
        months = self.client.value.months_counted
        return self.step("options", value.assess_options, money, said, self._arms(), months=months)

    def _arms(self) -> Any:
        """Return how many sites are trained and not, and the households of both where known."""
        starts = indicators.cohorts(self.waves)
        trained = starts.le(self.client.period.last_period).to_numpy(bool, na_value=False)
        none, later = starts.isna().to_numpy(), starts.notna().to_numpy() & ~trained
        known = self.sites.set_index("site_id")["households"]
        served = known.reindex(starts.index).astype("float64")
        whole = served.notna().all() and len(served) > 0
        return value.Sites(
            trained=int(trained.sum()),
            untrained=int(none.sum()),
            served=float(served[trained].sum()) if whole else None,
            unserved=float(served[none].sum()) if whole else None,
            planned=int(later.sum()),
            begins=int(starts[later].min()) if later.any() else None,
        )

    def beside_truth(self, counted: StageResults) -> StageResults:
        """Set benefit and return of a simulated client beside what is true in its world.

        The table ``truth`` has no rows for other clients.

        Parameters
        ----------
        counted : StageResults
            As :meth:`counted` returns it.
        """
        known = len(self.earlier("tracking").tables.get("truth", ())) > 0
        shown = [e for e in counted.estimates if e.estimand in _TRUE] if known else []
        true = self.true_return(counted) if known else None
        rows = return_beside_truth(shown, None if true is None else true.by_estimand())
        return StageResults(stage="value", tables={"truth": rows})

    def true_return(self, counted: StageResults) -> TrueReturn | None:
        """Return what the training of a simulated client was truly worth; None if not known."""
        true = self.earlier("tracking").tables.get("true_exposed")
        cost = next((e.value for e in counted.estimates if e.estimand == "cost"), None)
        if true is None or cost is None:
            return None
        mine = true[true["months"] == self.client.value.months_counted]
        rules = self.money
        names = ("registry", "exposure", "exposed", "margin", "switches")
        return value.true_return(
            self.client.value.benefits,
            self.effects(),
            mine.set_index(["indicator", "basis"])["truth"].to_dict(),
            cost=cost,
            **{name: rules[name] for name in names},
        )

    def _cost_per_percent(self, counted: StageResults) -> tuple[Estimate, ...]:
        """Return what one per cent of the primary outcome cost (R119)."""
        effect = self.effects().get(self.primary)
        cost = next((e.value for e in counted.estimates if e.estimand == "cost"), None)
        if effect is None or cost is None:
            return ()
        before = self.baselines().get(self.primary)
        made = partial(value.cost_per_percent, cost, effect, before, unit=effect.unit)
        return self.asked.ask("cost_per_percent", lambda: (made(),), ())

    def beside_return(self, money: StageResults) -> StageResults:
        """Set beside the return what people put down to the training, and what was forecast.

        Neither enters the return: one is opinion, the other a sum over the plan.

        Parameters
        ----------
        money : StageResults
            As :meth:`count_money` returns it.
        """
        counted = {e.estimand: e for e in money.estimates}
        asked, least = self.table("attributions"), self.settings.min_cell
        isolated = self.step(
            "isolation", assess_isolation, asked, counted, min_cell=least, **self.told
        )
        planned = forecast(self)
        told = next((c for c in planned.checks if c.topic is Topic.OUTLOOK), None)
        plan = planned.table_or_empty("outlook")
        kept = self.step("outlook_kept", assess_outlook_kept, plan, told, money)
        return merge("value", [isolated, kept])

    def sharing(self) -> StageResults:
        """Say how a reward for the gain could be shared between sites, and whether it should."""
        sites = self.sites.dropna(subset=["households"]).set_index("site_id")["households"]
        effects = partial(causal.effects_by_site, self.outcome())
        found = self.asked.ask("sharing", effects, None, about="effects")
        if found is None:
            return StageResults(stage="value")
        known = self.registry[self.primary]
        return self.step(
            "sharing",
            value.assess_sharing,
            found,
            sites.astype("float64") if len(sites) else None,
            direction=known.direction,
            line=float(self.lines.of("consequence_reliability") or value.LEAST_RELIABILITY),
            **self.told,
        )

    def against(self) -> tuple[Check, ...]:
        """Return what speaks against the answer: checks of design and effect that failed.

        On the primary outcome also those with caution, and wherever methods disagree. What is
        found alike of several outcomes is said once.
        """
        found = (
            check
            for stage in ("baseline", "tracking")
            for check in self.earlier(stage).checks
            if check.status in ("failed", "caution")
            and (stage == "tracking" or check.topic in _ARMS_BEFORE)
            and (
                check.indicator == self.primary
                or check.status == "failed"
                or check.topic is Topic.ESTIMATOR_AGREEMENT
            )
        )
        told: dict[tuple[Any, ...], Check] = {}
        for check in found:
            told.setdefault(
                (check.question, check.reason, repr(sorted(check.params.items()))), check
            )
        return tuple(told.values())

    def _hours_attended(self) -> float | None:
        return attended_effort(self.table("enrolments"))[1]

    def exposure(
        self, *, first_year_only: bool | None = None, horizon_months: int | None = None
    ) -> dict[str, float]:
        """Site-months, household-months and clients that the effects apply to."""
        sites, rules = self.sites, self.client.value
        served = sites.dropna(subset=["households"]).set_index("site_id")["households"]
        return treated_exposure(
            self.outcome(),
            served.astype("float64").to_dict(),
            horizon_months=horizon_months or rules.horizon_months,
            first_year_only=(rules.first_year_only if first_year_only is None else first_year_only),
            discount_rate=rules.discount_rate,
        )

    def changes(self) -> tuple[Estimate, ...]:
        """Every change found on any level: learning gains and effects on behaviour and results."""
        gains = [e for e in self.earlier("monitoring").estimates if e.estimand == "paired_gain"]
        return (*gains, *self.effects().values())

    def value_claims(self, goals: StageResults, roi: StageResults) -> tuple[Finding, ...]:
        """Say whether the training paid and which targets were reached."""
        effects = tuple(self.earlier("tracking").findings)
        return findings.money_finding(roi, effects), findings.targets_finding(goals, effects)

    def target_claims(self, goals: StageResults) -> tuple[Finding, ...]:
        """Say which targets were reached, where no effect is estimated."""
        return (findings.targets_finding(goals),)

    def effects(self) -> dict[str, Estimate]:
        """Overall effect (or described change) by indicator, from the tracking stage.

        Of behaviour, which several sources rate, that of the source with the least to gain.
        """
        return leading_effects(self.earlier("tracking").estimates)

    def levels(self) -> dict[str, Estimate]:
        """Level reached by indicator: from monitoring, else the last twelve months' mean."""
        monitoring = {
            e.indicator: e
            for e in self.earlier("monitoring").estimates
            if e.dims.get("scope") == "overall"
        }
        return self.mean_levels(before=self.client.period.last_period + 1) | monitoring

    def baselines(self) -> dict[str, Estimate]:
        """Level before training by indicator: the trained sites' where the effects know it."""
        found = self.earlier("tracking").estimates
        own = {e.indicator: e for e in found if e.estimand == "level_before"}
        return self.mean_levels(before=self.first_wave) | own

    def relatives(self) -> dict[str, Estimate]:
        """Effects on rates as shares of what the rates would have been, by indicator."""
        found = self.earlier("tracking").estimates
        return {e.indicator: e for e in found if e.estimand == "att_relative" and e.indicator}

    def exposed(self, months: int) -> dict[tuple[str, str], Estimate]:
        """Effects averaged over what is counted in so many months, by indicator and basis."""
        found = self.earlier("tracking").estimates
        return {
            (e.indicator, e.dims["basis"]): e
            for e in found
            if e.estimand == "att_exposed" and e.dims["months"] == months
        }

    def quantiles(self, months: int) -> dict[tuple[str, str], list[tuple[float, float]]]:
        """Distributions of the effects of :meth:`exposed`: probability and value, ascending."""
        table = self.earlier("tracking").table_or_empty("exposed_quantiles")
        if table.empty:
            return {}
        mine = table[table["months"] == months].sort_values("probability", kind="stable")
        return {
            key: list(zip(part["probability"], part["value"], strict=True))
            for key, part in mine.groupby(["indicator", "basis"])
        }

    def exposed_until(self) -> pd.DataFrame:
        """Effects over what was exposed up to each month, as the client counts months."""
        table = self.earlier("tracking").table_or_empty("exposed_until")
        if table.empty:
            return table
        return table[table["months"] == self.client.value.months_counted].drop(columns="months")

    def correlations(self, months: int) -> dict[frozenset[tuple[str, str]], float]:
        """Return the correlation of the errors of priced effects, by pair of indicator and basis.

        Pairs of which it is not known are absent.
        """
        table = self.earlier("tracking").tables.get("correlations")
        if table is None:
            return {}
        mine = table[table["months"] == months]
        return {
            frozenset({(row.indicator, row.basis), (row.other, row.other_basis)}): row.correlation
            for row in mine.itertuples()
        }

    def actions(self, *steps: StageResults) -> StageResults:
        """Propose actions from all stages, and say what became of those of earlier runs.

        Parameters
        ----------
        *steps : StageResults
            Steps of this stage, whose failed checks ask for something too.
        """
        client = self.client.folder
        own = [check for step in steps for check in step.checks if check.status != "passed"]
        decided = self.known(action_decisions(client))
        return self.step(
            "actions",
            value.assess_actions,
            (*self.evidence("baseline", "monitoring", "tracking"), *own),
            self.table("actions"),
            on=self.until,
            runs=ledger.earlier_actions(client.name, until=self.until),
            decisions=decided,
            untrained=int(indicators.cohorts(self.waves).isna().sum()),
            **self.made,
        )

    def gates(self, goals: StageResults, money: StageResults) -> StageResults:
        """Settle the criteria of gates that monitoring left to the verdicts of this report.

        Parameters
        ----------
        goals, money : StageResults
            Steps of this stage: the verdicts on targets, and the return.
        """
        left = self.earlier("monitoring").table_or_empty("gates")
        if left.empty:
            return collect(self.name, [])
        improved = self.earlier("tracking").select("tracking.behaviour.improved.treated")
        known = monitoring.verdicts(
            goals.table_or_empty("scorecard"),
            pd.DataFrame(ledger.ratios(money)),
            lines=self.lines,
            improved=next(iter(improved), None),
        )
        how = {"lines": self.lines, "on": self.until}
        return self.step("gates", monitoring.settle_gates, left, known, **how)

    def evidence(self, *stages: str) -> tuple[Finding | Check | Any, ...]:
        """Return the findings, alerts and failed checks of earlier stages."""
        found: list[Any] = []
        for stage in stages:
            part = self.earlier(stage)
            found += [*part.findings, *part.alerts]
            found += [check for check in part.checks if check.status in ("failed", "caution")]
        return tuple(found)


def leading_effects(found: Sequence[Estimate]) -> dict[str, Estimate]:
    """Return the leading effect or change by indicator; of several sources the most detached one's.

    Where that source gives none, the next one's counts: a person's own word last.
    """
    wanted = [
        e
        for e in reversed(found)
        if e.estimand in ("att_overall", "change_before_after")
        and not e.dims.get("beside")
        and e.indicator
    ]
    return {e.indicator: e for e in sorted(wanted, key=_detached)}


_DETACHED = ("self", "peer", "supervisor", "customer", "mystery_shopper")


def _detached(effect: Estimate) -> tuple[bool, int]:
    role = effect.dims.get("role")
    return effect.value is not None, _DETACHED.index(role) if role in _DETACHED else len(_DETACHED)


def _without_time(costs: pd.DataFrame | None) -> pd.DataFrame | None:
    return None if costs is None else costs[costs["category"] != "participant_time"]
