"""The page of the design stage."""

from __future__ import annotations

from analysis.results import StageResults, Topic
from analysis.workspace.pages.page import Page
from analysis.workspace.wiring.design import DesignStage


class DesignPage(Page):
    """What would count as success, and whether the roll-out can show it."""

    stage: DesignStage

    def goals(self, ready: StageResults) -> None:
        """Show the verdict, what the client has to decide, and the goals with their chain."""
        self.title()
        self.show.verdict(ready.checks[0], ready.checks[1:])
        self.section("goals")
        self.view("goals")
        if "plan_hash" in self.found.facts:
            self.show.prose(self.key("plan_locked"), hash=self.found.facts["plan_hash"][:16])

    def comparison(self, power: StageResults) -> None:
        """Show the designs, the comparison, power by size, and what power costs."""
        self.section("designs", effect=self.stage.effect_words)
        self.view("designs")
        self.section("comparison")
        self.view("roll_out")
        self.section("power")
        self.checks(power, fold=False)
        self.kpis(power.estimates, self.key("kpi"))
        self.show.prose(self.stage.base().reason, **self.stage.base_words())
        if "power_estimators" in power.tables:
            self.view("power_estimators")
        self.view("power_figure", effect=self.stage.effect)
        self.section("outlook")
        self.checks([c for c in self.found.checks if c.topic is Topic.OUTLOOK], fold=False)
        self.view("outlook")
        self.section("frontier")
        self.views("frontier_figure", "frontier")

    def fieldwork(self, *steps: StageResults) -> None:
        """Show calendar, samples, people, money, documents, risks, contradictions, checks."""
        self.section("calendar")
        self.view("calendar")
        self.section("fieldwork", seed=str(self.stage.seed))
        self.views("samples", "visits")
        self.section("evaluators")
        self.view("evaluators")
        for name, topic in (("finances", Topic.FINANCES), ("documents", Topic.DOCUMENTS)):
            self.section(name)
            self.view(name)
            asked = [check for check in self.found.checks if check.topic is topic]
            self.show.checks(asked, fold=False)
        self.section("risks")
        self.view("risks")
        self.section("privacy")
        self.show.prose(self.key("privacy_footing"), **self.stage.footing)
        self.view("privacy")
        self.section("contradictions")
        self.views("contradictions", "external_figures")
        self.section("checks")
        told = {check.id for step in steps for check in step.checks}
        rest = [c for c in self.found.checks if c.topic is Topic.REFUSED and c.id not in told]
        self.checks(*steps, rest)
