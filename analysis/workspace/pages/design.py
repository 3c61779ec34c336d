"""The page of the design stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analysis.results import StageResults, Topic
from analysis.workspace.pages.page import Page
from analysis.workspace.wiring.design import DesignStage


class DesignPage(Page):
    """What would count as success, and whether the roll-out can show it."""

    stage: DesignStage

    @property
    def power_labels(self) -> Mapping[str, Any]:
        """The effect that the curves of power are drawn for."""
        return {"effect": self.stage.effect}

    def goals(self, ready: StageResults) -> None:
        """Show the verdict, what the client has to decide, and the goals with their chain."""
        self.title()
        self.show.verdict(ready.checks[0], ready.checks[1:])
        self.section("goals")
        self.views("goals")
        if "plan_hash" in self.found.facts:
            self.show.prose(self.key("plan_locked"), hash=self.found.facts["plan_hash"][:16])

    def comparison(self, power: StageResults) -> None:
        """Show the designs, the comparison, power by size, and what power costs."""
        self.section("designs", effect=self.stage.effect_words)
        self.views("designs")
        self.section("comparison")
        self.views("comparison")
        self.section("power")
        self.checks(power, fold=False)
        self.kpis(power.estimates, self.key("kpi"))
        self.show.prose(self.stage.base().reason, **self.stage.base_words())
        self.views("power")
        self.section("outlook")
        self.checks([c for c in self.found.checks if c.topic is Topic.OUTLOOK], fold=False)
        self.views("outlook")
        self.section("frontier")
        self.views("frontier")

    def fieldwork(self, *steps: StageResults) -> None:
        """Show calendar, samples, people, money, documents, risks, contradictions, checks."""
        self.section("calendar")
        self.views("calendar")
        self.section("fieldwork", seed=str(self.stage.seed))
        self.views("fieldwork")
        self.section("evaluators")
        self.views("evaluators")
        for name, topic in (("finances", Topic.FINANCES), ("documents", Topic.DOCUMENTS)):
            self.section(name)
            self.views(name)
            asked = [check for check in self.found.checks if check.topic is topic]
            self.show.checks(asked, fold=False)
        self.section("risks")
        self.views("risks")
        self.section("privacy")
        self.show.prose(self.key("privacy_footing"), **self.stage.footing)
        self.views("privacy")
        self.section("contradictions")
        self.views("contradictions")
        self.section("checks")
        told = {check.id for step in steps for check in step.checks}
        rest = [c for c in self.found.checks if c.topic is Topic.REFUSED and c.id not in told]
        self.checks(*steps, rest)


class PlanPage(Page):
    """What is appraised or promised, by what and by whom; nothing is rolled out."""

    stage: DesignStage

    def plan(self, *steps: StageResults) -> None:
        """Show goals, answers needed, people, documents, privacy, and checks."""
        self.title()
        self.section("goals", answer=True)
        self.views("goals")
        if "plan_hash" in self.found.facts:
            self.show.prose(self.key("plan_locked"), hash=self.found.facts["plan_hash"][:16])
        self.section("fieldwork", seed=str(self.stage.seed))
        self.views("fieldwork")
        self.section("evaluators")
        self.views("evaluators")
        self.section("documents")
        self.views("documents")
        self.section("privacy")
        self.show.prose(self.key("privacy_footing"), **self.stage.footing)
        self.views("privacy")
        self.section("checks")
        self.checks(*steps)
