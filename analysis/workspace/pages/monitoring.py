"""The page of the monitoring stage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from analysis.results import StageResults, Topic
from analysis.workspace.pages.page import Page
from analysis.workspace.wiring.monitoring import MonitoringStage, WeekStage


class MonitoringPage(Page):
    """What has to be done while the training runs."""

    stage: MonitoringStage

    @property
    def multiples_labels(self) -> Mapping[str, Any]:
        """What labels the small charts of sites.

        What is watched may have too few months for a chart; then it is another outcome.
        """
        ranked = self.found.table_or_empty("sites_ranked")
        return {} if ranked.empty else self.stage.labels_of(str(ranked["indicator"].iloc[0]))

    @property
    def late_labels(self) -> Mapping[str, Any]:
        """Scale of the weekly shares in time, and the day on which training begins."""
        return {"unit": "share", "span": (0.0, 1.0), "start": self.stage.start_of_weeks}

    @property
    def today_labels(self) -> Mapping[str, Any]:
        """The day up to which the page tells."""
        return {"today": self.stage.today}

    def said(self, topic: Topic, step: str = "") -> None:
        """Show the sentence in which a check says what it found."""
        self.show.prose(**self.stage.said(self.found, topic, step))

    def part(self, name: str, *tables: str) -> None:
        """Open a section, and say so where none of the tables it shows has a row."""
        self.section(name)
        if all(self.found.table_or_empty(table).empty for table in tables):
            self.show.prose(self.key("nothing"))

    def monday(self, actions: Iterable[Any]) -> None:
        """Show what to do this week, what changed since the last run, and the alerts."""
        self.title(date=self.stage.today)
        self.section("monday", answer=True)
        self.said(Topic.HISTORY)
        self.show.tasks(actions)
        if not self.found.table_or_empty("alert_changes").empty:
            self.section("changes")
            self.views("changes")
        self.section("alerts")
        self.show.alerts(self.found.alerts)
        self.views("alerts")
        self.show.prose(self.key("files"))

    def training(self, training: StageResults, composite: StageResults) -> None:
        """Show participation, reaction and learning."""
        self.part("training", "participation_by", "reaction_by", "passes", "completion")
        learned = (*training.estimates, *composite.estimates)
        if learned:
            self.kpis(learned, self.key("kpi"))
        self.views("training")

    def sites(self) -> None:
        """Show the charts of sites, by month and by week, and trained beside untrained sites."""
        self.part("chart", "chart")
        self.views("chart")
        for about in (Topic.SEASON, Topic.PHASES):
            if any(check.topic is about for check in self.found.checks):
                self.said(about)
        self._side_by_side()
        self.section("contrast")
        self.views("contrast")

    def _side_by_side(self) -> None:
        """Show which sites have signals, and work orders by week."""
        self.views("ranked")
        self.said(Topic.FUNNEL)
        self.views("funnel")
        self.section("weekly")
        self.said(Topic.WEEKLY_OPENED, "weekly")
        self.views("weekly_opened")
        self.said(Topic.WEEKLY_IN_TIME, "weekly")
        self.views("weekly_in_time")

    def programme(self, budget: StageResults) -> None:
        """Show milestones, money, risks, how often to measure, and all checks."""
        self.part("milestones", "milestones")
        self.views("milestones")
        self.part("budget", "budget")
        if costs := budget.select("monitoring.cost."):
            self.kpis(costs, self.key("kpi"))
        self.views("budget")
        self.part("risks", "risks")
        self.views("risks")
        self.section("cycle")
        self.views("cycle")
        self.section("checks")
        self.checks(self.found)


class WeekPage(MonitoringPage):
    """What has to be done this week, where nothing is rolled out to sites."""

    stage: WeekStage

    def signals(self) -> None:
        """Show the charts of sites, by month and by week."""
        self.part("chart", "chart")
        self.views("chart")
        self._side_by_side()

    def schedule(self) -> None:
        """Show milestones, risks and all checks."""
        self.part("milestones", "milestones")
        self.views("milestones")
        self.part("risks", "risks")
        self.views("risks")
        self.section("checks")
        self.checks(self.found)
