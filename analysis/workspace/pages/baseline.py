"""The page of the baseline stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analysis import wording
from analysis.results import StageResults
from analysis.workspace.inputs.spans import span
from analysis.workspace.pages.page import Page
from analysis.workspace.wiring.baseline import BaselineStage


class BaselinePage(Page):
    """Whether the numbers can be trusted, and whether the sites are alike."""

    stage: BaselineStage

    @property
    def trend_labels(self) -> Mapping[str, Any]:
        """What labels the months before training."""
        stage = self.stage
        return {
            "indicator": stage.primary,
            "unit": stage.unit(),
            "seasons": stage.seasons,
            "span": span(stage.unit(), stage.table("instruments")),
        }

    def start(self, ready: StageResults, levels: StageResults) -> None:
        """Show whether one may start, the repairs by rank, and the sealed levels."""
        self.title()
        self.section("start", answer=True)
        self.show.readiness(ready.checks[0], ready.table("repairs"), self.found.checks)
        self.section("levels")
        self.estimates(levels.estimates, "levels")
        self.views("levels")
        facts = self.found.facts
        if "baseline_seal" in facts:
            seal = {"rows": facts["baseline_rows"], "hash": facts["baseline_seal"][:16]}
            self.show.prose(self.key("sealed"), **seal)

    def data(self, quality: StageResults, response: StageResults) -> None:
        """Show the quality of the tables, who answered, and what weights change."""
        self.section("quality")
        self.views("quality")
        self.checks(quality)
        self.section("response")
        self.show.kpis(response.select("baseline.return_rate"))
        self.views("response")
        self.samples("sheets_before")
        self.checks(response)

    def instruments(
        self, instruments: StageResults, scale: StageResults, raters: StageResults
    ) -> None:
        """Show whether items belong together, who uses the scale alike, and the raters."""
        self.section("instruments")
        self.views("instruments")
        self.samples("sheets_before")
        self.checks(instruments)
        self.scale(scale)
        self.section("raters")
        self.show.kpis(self.stage.rater_labels(raters))
        self.views("raters")
        self.checks(raters)

    def scale(self, scale: StageResults) -> None:
        """Show the gate of the scale, and what takes the place of averages that it refuses."""
        self.section("scale")
        self.samples("sheets", "sheets_before")
        self.checks(scale, fold=False)
        refused = [
            check
            for check in self.found.checks
            if ".invariance." in check.id and check.status == "failed"
        ]
        if refused:
            kinds = dict.fromkeys(f"measurement.by.{check.dims['by']}" for check in refused)
            groups = {
                language: wording.format_value(
                    [wording.text(kind, language) for kind in kinds], "", language
                )
                for language in wording.LANGUAGES
            }
            self.show.prose(self.key("refused_some"), groups=groups)
        self.views("scale")

    def needs(self, needs: StageResults, appraisal: StageResults) -> None:
        """Show skill gaps, what customers weigh, what modules cover, and the appraisal."""
        self.section("needs")
        self.views("needs")
        self.samples("sheets_before")
        self.checks(needs, fold=False)
        self.section("appraisal")
        self.kpis(appraisal.estimates, self.key("appraisal_reliability"))
        self.views("appraisal")
        self.checks(appraisal, fold=False)

    def comparability(self, comparable: StageResults, power: StageResults) -> None:
        """Show balance, overlap, the trend before, and the effect that could be seen."""
        self.section("comparable")
        self.views("comparable")
        self.kpis(comparable.estimates, self.key("detect"))
        self.checks(comparable)
        self.section("power")
        self.kpis(power.estimates, self.key("detect"))
        self.checks(power, fold=False)


class MeasurementPage(BaselinePage):
    """Whether the numbers can be trusted, where nothing is rolled out to sites."""

    def weights(self, appraisal: StageResults) -> None:
        """Show what ranks depend on, and how objections were answered."""
        self.section("appraisal")
        self.kpis(appraisal.estimates, self.key("appraisal_reliability"))
        self.views("appraisal")
        self.checks(appraisal, fold=False)
