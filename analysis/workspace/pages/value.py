"""The page of the value stage."""

from __future__ import annotations

from collections.abc import Iterable

from analysis.present import views
from analysis.results import Finding, StageResults, Topic
from analysis.workspace.pages.page import Page
from analysis.workspace.wiring.value import ValueStage


class ValuePage(Page):
    """Whether the targets were reached, whether it paid, and what is next."""

    stage: ValueStage

    def answer(self, claims: Iterable[Finding], money: StageResults, actions: StageResults) -> None:
        """Show what is claimed, what speaks against it, and the targets."""
        self.title()
        self.section("answer")
        self.show.answer(claims, self.found.checks)
        self.checks(views.worst(actions.checks), fold=False)
        self.kpis(money.estimates, "value.kpi")
        self.section("options")
        advised = [c for c in self.found.checks if c.topic is Topic.NEXT_STEP]
        self.checks(advised, fold=False)
        self.view("options")
        self.section("against")
        self.checks(self.stage.against())
        self.section("scorecard")
        self.views("scorecard_figure", "scorecard")

    def money(self, sharing: StageResults) -> None:
        """Show benefits and costs, what they depend on, what is not priced, and the sharing."""
        self.section("money")
        self.views("benefits", "costs")
        assumed = [c for c in self.found.checks if c.topic is Topic.BETWEEN_ROUNDS]
        self.checks(assumed, fold=False)
        if len(self.found.table("return_by_month")):
            self.views("return_by_month_figure", "return_by_month")
        if len(self.found.tables.get("tornado", ())):
            self.view("tornado_figure", unit="ratio")
        if not self.found.table("truth").empty:
            self.view("truth")
        self.view("variants")
        self.section("unpriced")
        self.view("unpriced")
        self.section("sharing")
        self.checks(sharing, fold=False)
        self.view("sharing")

    def actions(self, actions: StageResults) -> None:
        """Show the chain from training to results, the actions, and all checks."""
        self.section("chain")
        self.view("chain")
        self.section("actions")
        self.kpis(actions.estimates, "value.kpi")
        self.views("actions", "earlier_actions")
        self.section("checks")
        self.checks(self.found, fold=False)
