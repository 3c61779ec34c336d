"""The page of the monitoring stage."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from analysis.results import StageResults, Topic
from analysis.workspace.pages.page import Page
from analysis.workspace.wiring.monitoring import MonitoringStage


class MonitoringPage(Page):
    """What has to be done while the training runs."""

    stage: MonitoringStage

    def said(self, topic: Topic, step: str = "") -> None:
        """Show the sentence in which a check says what it found."""
        self.show.prose(**self.stage.said(self.found, topic, step))

    def part(self, name: str, *tables: str) -> None:
        """Open a section, and say so where none of the tables it shows has a row."""
        self.section(name)
        if all(self.found.table(table).empty for table in tables):
            self.show.prose(self.key("nothing"))

    def monday(self, actions: Iterable[Any]) -> None:
        """Show what to do this week, what changed since the last run, and the alerts."""
        self.title(date=self.stage.today)
        self.section("monday")
        self.show.tasks(actions)
        self.section("changes")
        self.said(Topic.HISTORY)
        self.view("changes")
        self.section("alerts")
        self.show.alerts(self.found.alerts)
        self.views("alert_rules", "history")
        self.show.prose(self.key("files"))

    def training(self, training: StageResults, composite: StageResults) -> None:
        """Show participation, reaction and learning."""
        self.part("training", "participation_by", "reaction_by", "passes", "completion")
        learned = (*training.estimates, *composite.estimates)
        if learned:
            self.kpis(learned, self.key("kpi"))
        self.views("completion", "satisfaction", "lecturers", "learning", "normalised_gains")
        self.views("passes", "resits", "composite", "tests", "test_items")
        self.views("reaction_by", "participation_by", "make_ups")
        self.views("class_sizes", "lecturer_hours", "lecturer_standards")

    def sites(self) -> None:
        """Show the charts of sites, by month and by week, and trained beside untrained sites."""
        self.part("chart", "chart")
        self.view("chart_figure", **self.stage.chart_labels)
        ranked = self.found.table("sites_ranked")
        if not ranked.empty:
            # What is watched may have too few months for a chart; then it is another outcome.
            labels = self.stage.labels_of(str(ranked["indicator"].iloc[0]))
            self.view("multiples_figure", **labels)
        for about in (Topic.SEASON, Topic.PHASES):
            if any(check.topic is about for check in self.found.checks):
                self.said(about)
        self.view("ranked")
        self.said(Topic.FUNNEL)
        self.view("funnel_figure", **self.stage.chart_labels)
        self.view("funnel")
        self.section("weekly")
        self.said(Topic.WEEKLY_OPENED, "weekly")
        self.view("weekly_worst_figure", **self.stage.weekly_labels)
        self.view("weekly_figure", **self.stage.weekly_labels)
        self.view("weekly")
        self.said(Topic.WEEKLY_IN_TIME, "weekly")
        late = {"unit": "share", "span": (0.0, 1.0), "start": self.stage.start_of_weeks}
        self.view("weekly_late_figure", **late)
        self.views("weekly_late", "rare", "platform_use")
        self.section("contrast")
        self.view("contrast_figure", **self.stage.contrast_labels)
        self.views("contrast", "complaint_categories", "complaint_posts", "events")

    def programme(self, budget: StageResults) -> None:
        """Show milestones, money, risks, how often to measure, and all checks."""
        self.part("milestones", "milestones")
        self.view("milestones_figure", today=self.stage.today)
        self.views("milestones", "gates")
        self.part("budget", "budget")
        if costs := budget.select("monitoring.cost."):
            self.kpis(costs, self.key("kpi"))
        self.views("budget", "forecast", "tiers")
        self.part("risks", "risks")
        self.views("risk_figure", "risks")
        self.section("cycle")
        self.view("cycle")
        self.section("checks")
        self.checks(self.found)
