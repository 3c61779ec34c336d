"""The page of the tracking stage."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from analysis.causal import Depth, Evaluation
from analysis.findings import Line
from analysis.present import views
from analysis.results import Check, Estimate, Finding, StageResults, Topic
from analysis.workspace.pages.page import Page
from analysis.workspace.wiring.scorecards import ScorecardStage
from analysis.workspace.wiring.tracking import TrackingStage

_EVENT_TIME = {"first": -12, "last": 18}
"""Months around the start that the event study shows."""

_LASTS = "findings.ask.lasts"
"""Question whose answer the event study shows."""


_WAITED = (
    ("reply", "reply_figure", "reply_complaints"),
    ("resolve", "resolve_figure", "resolve_complaints"),
)
"""What customers wait for, and the figure of it."""


_IN_ROUNDS = (Topic.MEASURED_IN_ROUNDS, Topic.STARTED_TOGETHER)
"""What is said of an outcome that is not measured every month."""


class TrackingPage(Page):
    """Whether it worked, for whom, for how long, and how sure we are.

    A table without rows is left out; the section, or the checks below it, say what is not measured.
    """

    stage: TrackingStage

    def estimates(self, chosen: Iterable[Estimate], name: str, **how: Any) -> None:
        """Show estimates where there are any."""
        if rows := tuple(chosen):
            super().estimates(rows, name, **how)

    def _agreed(self, effect: Estimate) -> tuple[float, ...]:
        """Return the changes agreed as targets of an effect, in its unit."""
        rows = self.found.table_or_empty("targets")
        if rows.empty:
            return ()
        own = rows["source"].eq(effect.id) & rows["unit"].eq(effect.unit)
        agreed = rows.loc[own & rows["agreed"].eq("agreed"), "threshold"].dropna()
        return tuple(float(value) for value in agreed.unique())

    def _has(self, table: str) -> bool:
        return not self.found.table_or_empty(table).empty

    def answer(
        self, main: Evaluation, claim: Finding, checks: Iterable[Check], lines: Iterable[Line]
    ) -> None:
        """Show the claim about the primary outcome in four lines, its months, and the targets."""
        self.title()
        self.section("answer", answer=True)
        lines = tuple(lines)
        self.show.answer(claim, (*main.checks(), *checks), lines=lines)
        lasts = next((line for line in lines if line.question == _LASTS), None)
        self.estimates(
            main.by_event_time(**_EVENT_TIME),
            "event_figure",
            indicator=main.outcome,
            targets=self._agreed(main.overall),
            says=None if lasts is None else (lasts.sentence, lasts.params),
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
        if any(e.value is not None for e in left):
            self.estimates(left, "fades")
        self.estimates(later, "lasts", **({"rows": "event_time"} if in_rounds else {}))

    def whom(self, main: Evaluation, depth: Depth, waves: Sequence[Check]) -> None:
        """Show effects by kind of site, by wave and by attendance."""
        self.section("whom")
        self.estimates(self.stage.by_kind(depth), "kinds_figure", rows="kind")
        self.views("whom")
        self.estimates(main.of("att_cohort"), "whom")
        self.checks(waves, fold=False)
        self.estimates(depth.part("attendance"), "attendance")

    def behaviour(
        self,
        roles: Iterable[Estimate],
        improved: Iterable[Estimate],
        stayed: StageResults,
        sources: StageResults,
    ) -> None:
        """Show the rated behaviour by role, who improved, and what other sources say."""
        roles = tuple(roles)
        measured = any(e.value is not None for e in (*roles, *sources.estimates))
        self.section("behaviour" if measured else "behaviour_none")
        self.estimates(roles, "behaviour")
        self.estimates(improved, "improved")
        self.estimates(sources.estimates, "sources")
        self.views("behaviour")
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
        for name, figure, apart in _WAITED:
            waited = resolved.select(f"tracking.time_to_{name}")
            if any(e.value is not None for e in waited):
                self.view(figure, about=name)
                hours = waited[0].dims["tau_hours"]
                complaints = [e for e in waited if e.dims.get("kind") == "complaint"]
                described = [e for e in complaints if e.estimand != "att_restricted_mean"]
                self.estimates([e for e in waited if e not in described], name, hours=hours)
                self.estimates(complaints, apart, hours=hours)
        self.estimates(self.stage.in_other_reading(others), "relative")
        self.estimates(forms.estimates, "forms")
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
        self.estimates(self.stage.by_estimator(main), "depends")
        self.estimates(variants, "variants")
        self.estimates(threats.estimates, "threats")
        self.estimates(explored, "explored")
        self.section("checks")
        self.checks(main.checks(), forms, self.stage.asked.checks)


class ScorecardPage(Page):
    """What moved between periods, who stands out, and what may follow from it."""

    stage: ScorecardStage

    def summary(self, claims: Iterable[Finding], *steps: StageResults) -> None:
        """Show what is claimed."""
        self.title()
        self.section("answer", answer=True)
        self.show.answer(tuple(claims), [check for step in steps for check in step.checks])

    def scores(self, scores: StageResults) -> None:
        """Show the scorecards of the latest period, then what moved."""
        self.section("scorecards")
        self.views("scorecards")
        reliability = scores.select("tracking.score.reliability")
        self.kpis(reliability, self.key("kpi"))
        self.section("periods")
        self.views("periods")

    def service(self, service: StageResults) -> None:
        """Show waits, shares within the line and what is open beyond it."""
        self.section("service")
        self.views("service")
        self.checks(service, fold=False)

    def spot(self, spot: StageResults) -> None:
        """Show regular appraisals beside spot checks, and all checks."""
        self.section("spot_checks")
        self.views("spot_checks")
        self.checks(spot, fold=False)
        self.section("checks")
        self.checks(self.found)
