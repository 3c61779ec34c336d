"""The page of the value stage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from analysis.present import views
from analysis.results import Finding, StageResults, Topic
from analysis.workspace.pages.page import Page
from analysis.workspace.wiring.value import ValueStage


class ValuePage(Page):
    """Whether the targets were reached, whether it paid, and what is next."""

    stage: ValueStage

    @property
    def tornado_labels(self) -> Mapping[str, Any]:
        """Unit of the return."""
        return {"unit": "ratio"}

    def answer(self, claims: Iterable[Finding], money: StageResults, actions: StageResults) -> None:
        """Show what is claimed, what speaks against it, and the targets."""
        self.title()
        self.section("answer", answer=True)
        self.show.answer(claims, self.found.checks)
        self.checks(views.worst(actions.checks), fold=False)
        self.kpis(money.estimates, "value.kpi")
        self.section("options")
        advised = [c for c in self.found.checks if c.topic is Topic.NEXT_STEP]
        self.checks(advised, fold=False)
        self.views("options")
        self.section("against")
        self.checks(self.stage.against())
        self.section("scorecard")
        self.views("scorecard")

    def money(self, sharing: StageResults) -> None:
        """Show benefits and costs, what they depend on, what is not priced, and the sharing."""
        self.section("money")
        self.views("money")
        assumed = [c for c in self.found.checks if c.topic is Topic.BETWEEN_ROUNDS]
        self.checks(assumed, fold=False)
        beside = (Topic.OUTLOOK_KEPT, Topic.ISOLATION)
        known = [c for c in self.found.checks if c.topic in beside and c.status != "not_possible"]
        self.checks(known, fold=False)
        self.views("return")
        self.section("unpriced")
        self.views("unpriced")
        self.section("sharing")
        self.checks(sharing, fold=False)
        self.views("sharing")

    def actions(self, actions: StageResults) -> None:
        """Show the chain from training to results, the actions, and all checks."""
        self.section("chain")
        self.views("chain")
        self.section("actions")
        self.kpis(actions.estimates, "value.kpi")
        self.views("actions")
        self.section("checks")
        self.checks(self.found, fold=False)


class TargetsPage(Page):
    """Which targets were reached and what is next, where nothing is rolled out to sites."""

    stage: ValueStage

    def targets(self, claims: Iterable[Finding], actions: StageResults) -> None:
        """Show the targets against what was reached, the actions, and all checks."""
        self.title()
        self.section("answer", answer=True)
        self.show.answer(claims, self.found.checks)
        self.section("scorecard")
        self.views("scorecard")
        self.section("actions")
        self.kpis(actions.estimates, "value.kpi")
        self.views("actions")
        self.section("checks")
        self.checks(self.found, fold=False)
