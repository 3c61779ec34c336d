"""What the design stage hands to its steps."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import pandas as pd

from analysis import design, wording
from analysis.design import Plan
from analysis.results import StageResults, collect, merge
from analysis.tables import month_of
from analysis.workspace.inputs.detectable import judged
from analysis.workspace.inputs.outlook import forecast
from analysis.workspace.opening.locks import plan_of
from analysis.workspace.opening.stage import Stage


class DesignStage(Stage):
    """One client opened for the design stage."""

    @property
    def plan(self) -> Plan:
        """The plan as the client file and the table of waves state it."""
        return plan_of(self)

    @property
    def power_settings(self) -> Mapping[str, Any]:
        """What power is computed for, as ``design.assess_power`` takes it."""
        stated = self.client.design
        return {
            "indicator": self.primary,
            "simulated": self.simulated,
            "unit": self.unit(),
            "smallest_effect": stated.smallest_effect,
            "alpha": stated.alpha,
            "power": stated.power,
            **self.leads,
            "judge": judged,
            "seed": self.seed,
        }

    @property
    def leads(self) -> Mapping[str, Any]:
        """What months with training are compared with, and whether a lottery's estimator leads."""
        return {"base": self.base().base, "by_lot": self.lottery.holds}

    def goals(self) -> StageResults:
        """Goals, the chain from each to its indicator, and what the documents claim."""
        claims = [claim.model_dump() for claim in self.client.claims]
        stated = self.step("plan", design.assess_plan, self.plan, claims)
        chain = self.step("chain", design.assess_chain, self._chain())
        drawn = collect("design", [self.lottery.check()])
        return merge("design", [stated, chain, drawn, design.assess_figures()])

    def aims(self) -> StageResults:
        """Goals, and the chain from each to its indicator, where nothing is rolled out."""
        claims = [claim.model_dump() for claim in self.client.claims]
        stated = self.step("plan", design.assess_plan, self.plan, claims)
        chain = self.step("chain", design.assess_chain, self._chain())
        return merge("design", [stated, chain])

    def samples(self) -> StageResults:
        """Answers and visits each site needs, and the calendar of visits."""
        return merge("design", [self._answers_needed(), self._visits()])

    def conflicts(self) -> StageResults:
        """Contradictions between requirements, and what the client chose."""
        stated = self.client
        return self.step("conflicts", design.assess_conflicts, stated.choices, stated.goals)

    def roll_out(self) -> StageResults:
        """Who is trained when, by kind of site."""
        return self.step("roll_out", design.assess_roll_out, *self.of("waves", "sites"))

    def power(self) -> StageResults:
        """Compute the power of the roll-out, and the smallest effect that it can find."""
        return self.step("power", design.assess_power, self.outcome(), **self.power_settings)

    def _chain(self) -> pd.DataFrame:
        levels = self.mean_levels(before=self.first_wave)
        rows = []
        for goal in self.client.goals:
            row = goal.model_dump(exclude={"requirement", "stratum"})
            measured = levels.get(goal.indicator)
            row["measured"] = None if measured is None else measured.value
            row["aim"], row["behaviour"] = (
                None if words is None else words.model_dump_json()
                for words in (goal.aim, goal.behaviour)
            )
            rows.append(row)
        return pd.DataFrame(rows)

    def advice(self) -> StageResults:
        """Admissible designs with assumption, power and cost, and the one recommended."""
        stated, outcome = self.client.design, self.outcome()
        facts = design.read_facts(
            outcome, self.table("waves"), can_draw=stated.can_draw_lots, base=self.base().base
        )
        errors = None if outcome.empty else design.errors_before(outcome)
        return self.step(
            "advice",
            design.assess_designs,
            facts,
            errors,
            effect=self.effect,
            site_cost=stated.unit_costs.site,
            answer_cost=stated.unit_costs.answer,
            alpha=stated.alpha,
            power=stated.power,
            judge=judged,
            seed=self.seed,
        )

    @property
    def effect_words(self) -> Mapping[str, str]:
        """The effect that power is computed for, in words by language."""
        return {
            language: wording.in_unit(self.effect, self.unit(), language, effect=True).lstrip("+")
            for language in wording.LANGUAGES
        }

    @cached_property
    def effect(self) -> float | None:
        """Smallest effect worth knowing; a quarter of the spread of site-months without one."""
        outcome = self.outcome()
        if self.client.design.smallest_effect is not None or outcome.empty:
            return self.client.design.smallest_effect
        before = outcome[outcome["period"] < self.first_wave]["y"]
        return 0.25 * float(before.std()) if len(before) > 1 else None

    def fieldwork(self) -> StageResults:
        """Answers and visits each site needs, what power costs, and the calendar of visits."""
        stated, effect = self.client.design, self.effect
        frontier = self.step(
            "frontier",
            design.assess_frontier,
            self.outcome(),
            effect,
            **self.leads,
            site_cost=stated.unit_costs.site,
            answer_cost=stated.unit_costs.answer,
            alpha=stated.alpha,
            judge=judged,
            seed=self.seed,
        )
        return merge("design", [self._answers_needed(), frontier, self._visits()])

    def _answers_needed(self) -> StageResults:
        return self.step(
            "samples",
            design.assess_samples,
            self.sites,
            self.rows("surveys"),
            self.table("staff"),
            months=self._months_asked(),
            lines=self.lines,
            **self.told,
        )

    def _visits(self) -> StageResults:
        known = self.sites.dropna(subset=["site_name"])
        return self.step(
            "visits",
            design.assess_visits,
            sorted(self.waves["site_id"]),
            names=known.set_index("site_id")["site_name"].to_dict(),
            first=self.first_day,
            last=month_of(self.first_wave + 12),
            per_site=self.client.design.visits_per_site,
            seed=self.seed,
        )

    def _months_asked(self) -> int:
        period = self.client.period
        return period.last_period - period.first_period + 1

    def outlook(self) -> StageResults:
        """Say which effects would pay for the training, and what its targets would return."""
        return forecast(self)

    def calendar(self) -> StageResults:
        """When to measure: the months after each wave that the client file names."""
        months = self.client.design.measure_at_months
        zone = self.client.client.timezone
        when = {"months": months, "as_of": self.until, "timezone": zone, "lines": self.lines}
        return self.step("calendar", design.assess_calendar, self.waves, **when)

    @property
    def footing(self) -> dict[str, Any]:
        """Purpose, notice and term of the personal data, as the client file states them."""
        privacy = self.client.privacy
        return {
            "purpose": privacy.purpose or "—",
            "notice": privacy.notice_version or "—",
            "until": privacy.retain_until,
        }

    def care(self) -> StageResults:
        """Who judges, what it may cost, documents, risks to start with, the privacy sheet."""
        stated = self.client.design
        evaluators = self.step(
            "evaluators",
            design.assess_evaluators,
            stated.min_evaluators,
            stated.evaluator_weights,
            self.table("ratings"),
        )
        costs, documents, risks = self.of("costs", "documents", "risks")
        stated = {year: books.model_dump() for year, books in self.client.finances.items()}
        finances = self.step("finances", design.assess_finances, stated, costs, self.lines)
        written = self.step("documents", design.assess_documents, documents, self.lines)
        known = self.step("risks", design.assess_risks, risks)
        return merge("design", [evaluators, finances, written, known, self._privacy()])

    def _privacy(self) -> StageResults:
        privacy = self.client.privacy
        sources = (indicator.sources for indicator in self.registry.values())
        return self.step(
            "privacy",
            design.assess_privacy,
            self.tables,
            design.columns_used(sources),
            purpose=privacy.purpose,
            legal_basis=privacy.legal_basis,
            notice_version=privacy.notice_version,
            retain_until=privacy.retain_until,
            last_month=self.until,
        )

    def care_without_budget(self) -> StageResults:
        """Who judges, documents and the privacy sheet, where nothing is rolled out."""
        documents, ratings = self.of("documents", "ratings")
        stated = self.client.design
        weighed = (stated.min_evaluators, stated.evaluator_weights, ratings)
        evaluators = self.step("evaluators", design.assess_evaluators, *weighed)
        written = self.step("documents", design.assess_documents, documents, self.lines)
        return merge("design", [evaluators, written, self._privacy()])

    def readiness(self, *steps: StageResults) -> StageResults:
        """Draw the verdict of the first screen from the other steps."""
        return design.assess_readiness(
            steps,
            effect=self.client.design.smallest_effect,
            unit=self.unit(),
            indicator=self.primary,
        )
