"""The page of the tracking stage."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from analysis.causal import Depth, Evaluation
from analysis.findings import Line
from analysis.present import plots, views
from analysis.results import Check, Estimate, Finding, StageResults, Topic
from analysis.workspace.pages.page import Page
from analysis.workspace.wiring.tracking import TrackingStage

_EVENT_TIME = {"first": -12, "last": 18}
"""Months around the start that the event study shows."""


_WAITED = (("reply", "reply_figure"), ("resolve", "resolve_figure"))
"""What customers wait for, and the figure of it."""


_IN_ROUNDS = (Topic.MEASURED_IN_ROUNDS, Topic.STARTED_TOGETHER)
"""What is said of an outcome that is not measured every month."""


class TrackingPage(Page):
    """Whether it worked, for whom, for how long, and how sure we are.

    A table without rows is left out; the section, or the checks below it, say what is not measured.
    """

    stage: TrackingStage

    def estimates(self, chosen: Iterable[Estimate], table: str, **how: Any) -> None:
        """Show a table of estimates that has rows."""
        if rows := tuple(chosen):
            super().estimates(rows, table, **how)

    def _has(self, table: str) -> bool:
        return not self.found.table_or_empty(table).empty

    def answer(
        self, main: Evaluation, claim: Finding, checks: Iterable[Check], lines: Iterable[Line]
    ) -> None:
        """Show the claim about the primary outcome in four lines, its months, and the targets."""
        self.title()
        self.section("answer")
        self.show.answer(claim, (*main.checks(), *checks), lines=lines)
        self.show.figure(
            plots.event_study,
            main.by_event_time(**_EVENT_TIME),
            caption=self.key("event_figure"),
            alt=self.key("event_alt"),
            indicator=main.outcome,
        )
        if self._has("targets"):
            self.section("targets")
            self.views("targets")
        else:
            self.section("targets_none")

    def development(self, main: Evaluation, depth: Depth) -> None:
        """Show how the arms moved, what is left of the effect, and how fast it fades."""
        later = main.of("att_horizon")
        self.section("development")
        in_rounds = [c for c in main.checks() if c.topic in _IN_ROUNDS]
        if in_rounds:
            self.checks(in_rounds, fold=False)
        self._in_part(main)
        followed = (e for e in later if e.value is not None)
        self.kpis((main.overall, *followed), self.key("kpi"))
        self.show.view("tracking.trend_figure", main, **self.stage.trend_labels(main))
        self.section("lasts")
        left = self.stage.lasting(depth)
        known = any(e.value is not None for e in left)
        if known:
            self.estimates(left, "fades", rows="estimand")
        self.estimates(later, "lasts", rows="event_time" if in_rounds else "horizon", fold=known)

    def whom(self, main: Evaluation, depth: Depth, waves: Sequence[Check]) -> None:
        """Show effects by kind of site, by wave and by attendance."""
        self.section("whom")
        if kinds := self.stage.by_kind(depth):
            self.show.figure(
                plots.forest,
                kinds,
                caption=self.key("kinds_figure"),
                alt=self.key("kinds_alt"),
                rows="kind",
            )
        self.views("whom")
        self.estimates(main.of("att_cohort"), "whom", rows="cohort")
        self.checks(waves, fold=False)
        self.estimates(depth.part("attendance"), "attendance", rows="estimand")

    def behaviour(
        self,
        roles: Iterable[Estimate],
        improved: Iterable[Estimate],
        stayed: StageResults,
        sources: StageResults,
    ) -> None:
        """Show the rated behaviour by role, who improved, and what other sources say."""
        roles = tuple(roles)
        self.section("behaviour" if roles or sources.estimates else "behaviour_none")
        self.estimates(roles, "behaviour", rows="role")
        self.estimates(improved, "improved", rows="label")
        self.estimates(sources.estimates, "sources", rows="label")
        self.checks(stayed, sources, fold=False)

    def others(
        self,
        others: Sequence[Evaluation],
        claims: Iterable[Finding],
        several: StageResults,
        resolved: StageResults,
        forms: StageResults,
    ) -> None:
        """Show the secondary outcomes as one family, and in the form they are recorded in.

        Those that the client declares have a figure each.
        """
        self.section("others")
        self.views("others")
        self._in_part(*others)
        for other in others:
            if other.outcome in self.stage.client.outcomes and other.overall.value is not None:
                self.show.view("tracking.trend_figure", other, **self.stage.trend_labels(other))
        self.samples("waits")
        for name, figure in _WAITED:
            waited = resolved.select(f"tracking.time_to_{name}")
            if any(e.value is not None for e in waited):
                self.view(figure, about=name)
                hours = waited[0].dims["tau_hours"]
                self.estimates(waited, name, rows="label", hours=hours)
        self.estimates(self.stage.in_other_reading(others), "relative", rows="indicator")
        self.estimates(forms.estimates, "forms", rows="label", fold=True)
        self.show.answer(claims, (*views.all_checks(others), *several.checks))

    def _in_part(self, *evaluations: Evaluation) -> None:
        """Name the months that are left out because few of their cases are known."""
        found = [c for e in evaluations for c in e.checks() if c.topic is Topic.MONTHS_IN_PART]
        if found:
            self.checks(found, fold=False)

    def undo(self, beside: Iterable[Check]) -> None:
        """Show what could undo the answer, and how large a violation it withstands."""
        self.section("undo")
        self.checks(beside)
        self.views("undo")

    def methods(
        self,
        main: Evaluation,
        variants: Iterable[Estimate],
        threats: StageResults,
        explored: Iterable[Estimate],
        forms: StageResults,
    ) -> None:
        """Show the rule that chose the method, other estimators and variants, and all checks."""
        self.section("depends", **self.stage.rule(main))
        self.views("depends")
        self.estimates(self.stage.by_estimator(main), "depends", rows="method", fold=True)
        self.estimates(variants, "variants", rows="variant", fold=True)
        self.estimates(threats.estimates, "threats", rows="estimand", fold=True)
        self.estimates(explored, "explored", rows="estimand", fold=True)
        self.section("checks")
        self.checks(main.checks(), forms, self.stage.asked.checks)
