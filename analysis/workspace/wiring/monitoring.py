"""What the monitoring stage hands to its steps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

import pandas as pd

from analysis import indicators, measurement, monitoring
from analysis.design.calendar import festival_days, festival_months, measurement_calendar, season
from analysis.indicators import registry
from analysis.look_back import came_in, last_recorded
from analysis.measurement.columns import dates
from analysis.measurement.comments import assess_comments
from analysis.measurement.regulator import assess_regulator
from analysis.memory import remembered
from analysis.monitoring.programme import gates, risk_triggers
from analysis.monitoring.programme.leavers import assess_leavers
from analysis.monitoring.rhythm.periods import assess_periods, follow_ups
from analysis.monitoring.sites.profiles import profiles
from analysis.monitoring.sites.standing import assess_sites, watched
from analysis.monitoring.training import measures
from analysis.monitoring.training.coaching import assess_coaching
from analysis.monitoring.training.reach import assess_reach
from analysis.monitoring.training.retention import assess_retention
from analysis.monitoring.training.tasks import assess_tasks
from analysis.results import Alert, StageResults, Topic, collect, merge
from analysis.settings import TRAINING
from analysis.tables import period_of
from analysis.workspace.inputs.complaints import arms_and_starts, complaints
from analysis.workspace.inputs.spans import span
from analysis.workspace.opening import decided, ledger
from analysis.workspace.opening.prepare import CANONICAL
from analysis.workspace.opening.stage import Stage

WATCHED = ("csat_top2", "response_within_30min", "response_median_hours", "staff_turnover")
"""Indicators of customers, the process and staff, watched beside the primary outcome."""

LATEST = 3
"""Months that are held against those before where nothing is rolled out to sites."""

RULES = ("beyond_3", "eight_one_side")
"""Run rules of the charts of sites; more would ring more often over many sites."""


class MonitoringStage(Stage):
    """One client opened for the monitoring stage."""

    @cached_property
    def today(self) -> dt.date:
        """Day looked back to; the last day that the exports tell of when everything was taken."""
        if self.as_of is not None:
            return self.as_of
        zone = self.client.client.timezone
        return last_recorded(self.folder / CANONICAL, until=self.until, timezone=zone)

    @property
    def decided_until(self) -> dt.date:
        """Decisions on the report of a week rest on the data of that week."""
        return self.today

    @property
    def chart_labels(self) -> Mapping[str, Any]:
        """What labels the control charts of what is watched."""
        return self.labels_of(self.charted["indicator"])

    def labels_of(self, indicator: str) -> Mapping[str, Any]:
        """Return indicator, unit, direction, ends of the scale and first month with training."""
        unit = self.unit(indicator)
        return {
            "indicator": indicator,
            "unit": unit,
            "direction": self.registry[indicator].direction,
            "span": span(unit, self.table("instruments")),
            "start": self.first_wave,
        }

    @property
    def weekly_labels(self) -> Mapping[str, Any]:
        """Site whose weekly chart is drawn large, and the running day on which training begins."""
        ranked = self.weekly.table_or_empty("weekly_opened_signals")
        subject = "" if ranked.empty else ranked["subject"].iloc[0]
        return {"subject": subject, "direction": "down", "start": self.start_of_weeks}

    @property
    def start_of_weeks(self) -> int:
        """First day of training, in days since 1970."""
        return (self.first_day - dt.date(1970, 1, 1)).days

    @property
    def contrast_labels(self) -> Mapping[str, Any]:
        """Indicator and unit of the contrast that is drawn."""
        return {"indicator": self.primary, "unit": self.unit()}

    @property
    def charted(self) -> Mapping[str, Any]:
        """What the control charts show: top-2-box satisfaction, else the primary outcome."""
        name = "csat_top2" if "csat_top2" in self.measured else self.primary
        known = self.registry[name]
        return {"indicator": name, "share": known.unit == "share", "direction": known.direction}

    @property
    def held(self) -> Mapping[str, Any]:
        """What the programme is held to, as the steps that judge by lines take it."""
        return {"lines": self.lines}

    def training(self) -> StageResults:
        """Assess levels 1 and 2: participation, reaction and learning."""
        courses = self.of("enrolments", "reactions", "assessments", "instruments")
        return self.step("training", monitoring.assess_training, *courses, **self.held, **self.made)

    def breakdowns(self) -> StageResults:
        """Split levels 1 and 2 by course, lecturer, mode and tier; resits apart."""
        courses = self.of("enrolments", "reactions", "assessments", "instruments")
        who = {"staff": self.table("staff"), **self.held, **self.told}
        return self.step("breakdowns", monitoring.assess_breakdowns, *courses, **who)

    def teaching(self) -> StageResults:
        """Hold classes and lecturers against their lines; count who left, and who was coached."""
        lecturers, enrolments = self.of("lecturers", "enrolments")
        day = {"as_of": self.today, **self.held}
        taught = self.step("teaching", monitoring.assess_teaching, enrolments, **day)
        held = {"min_cell": self.settings.min_cell, **self.held}
        listed = (lecturers, enrolments)
        who = self.step("lecturers", monitoring.assess_lecturers, *listed, **held)
        kept = (self.table("staff"), enrolments)
        until = {"until": self.today, **self.held}
        left = self.step("leavers", assess_leavers, *kept, **until, **self.told)
        log = (self.table("coaching"), enrolments, self.table("staff"))
        coached = self.step("coaching", assess_coaching, *log, **self.told)
        people = (self.table("staff"), enrolments)
        reached = self.step("reach", assess_reach, *people, on=self.today, **self.told)
        scored = self.of("task_scores", "staff", "sites")
        practised = self.step("tasks", assess_tasks, *scored, **self.held, **self.told)
        tested, least = self.table("assessments"), self.settings.min_cell
        known = self.step("retention", assess_retention, tested, min_cell=least, **self.told)
        return merge(self.name, (taught, who, left, coached, reached, practised, known))

    def items(self) -> StageResults:
        """Analyse the items of tests whose answers are at hand item by item."""
        return self.step("items", monitoring.assess_items, self.table("test_answers"), **self.told)

    def composite(self) -> StageResults:
        """Assess the composite mark and what depends on its weights."""
        tested = self.table("assessments")
        return self.step("composite", monitoring.assess_composite, tested, **self.held, **self.made)

    def alerts(self) -> StageResults:
        """Apply every alert rule in force, each firing tested against chance."""
        lines = {name: own.alert for name, own in self.client.outcomes.items() if own.alert}
        rules = monitoring.declared_rules(lines)
        measured = self.asked.ask(
            "alerts",
            lambda: monitoring.alert_measures(
                self.given(measures.TABLES),
                self.panel,
                baseline_until=self.first_wave,
                own=rules,
                **self.held,
            ),
            {},
            about="measures",
        ) | monitoring.weekly_measures(self.weekly.tables)
        how = {"on": self.today, "own": rules, **self.held}
        return self.step("alerts", monitoring.assess_alerts, measured, **how)

    def charts(self) -> StageResults:
        """Chart what is watched, site by site, and rank the sites by signal."""
        until = self.first_wave
        apart = {"phases": self._phases, "festival": self._festival_months}
        how = {"baseline_until": until, **self.charted, **apart}
        unit = self.unit(self.charted["indicator"])
        cells = self.cells(self.charted["indicator"])
        found = self.step("charts", monitoring.assess_charts, cells, unit=unit, **how)
        drawn, ranked = {}, []
        for name, kind in self._kinds_of_chart().items():
            rules = {"baseline_until": until, "rules": RULES}
            draw = partial(remembered(monitoring.chart_panel), **rules, **apart)
            chart = self.asked.ask(
                "charts",
                partial(draw, self.cells(name), indicator=name, kind=kind),
                pd.DataFrame(),
                about=f"{name}.{kind}",
            )
            if not chart.empty:
                order = monitoring.rank_sites(chart, direction=self.registry[name].direction)
                ranked.append(order.assign(indicator=name, kind=kind))
                drawn[f"charts_{name}"] = self._marked(_in_unit(chart, kind), name)
        tables = {**drawn, "sites_ranked": pd.concat(ranked)} if ranked else {}
        kind = {name: self.charted[name] for name in ("indicator", "share")}
        funnel = self.step("funnel", monitoring.assess_funnel, cells, **kind)
        if not (points := funnel.table_or_empty("funnel")).empty:
            # A figure and its data cannot hide single points: sites of few answers are not drawn.
            shown = points[points["n"] >= self.least_answers(kind["indicator"])]
            funnel = replace(funnel, tables={**funnel.tables, "funnel": shown})
        rare = self.step(
            "rare",
            monitoring.assess_rare,
            self.rows("tickets"),
            start=self.first_day,
            timezone=self.client.client.timezone,
            until=self.today,
        )
        watched = self.charted["indicator"]
        if not (points := found.table_or_empty("chart")).empty:
            points = self._marked(points, watched)
            found = replace(found, tables={**found.tables, "chart": points})
        more = collect(self.name, [], tables=tables)
        asked = (found, funnel, self.weekly, rare, self._platform(), self._regulator(), more)
        return merge(self.name, asked)

    def _regulator(self) -> StageResults:
        """Fill the regulator's form that the client declares."""
        form, known = self.client.regulator, self.sites.dropna(subset=["site_name"])
        names = dict(zip(known["site_id"], known["site_name"], strict=True))
        how = {"last": period_of(self.today), **self.told}
        asked = (self.panel, form, names, self.registry)
        return self.step("regulator", assess_regulator, *asked, **how)

    @cached_property
    def _phases(self) -> Mapping[str, tuple[int, ...]]:
        """Months from which the chart of a site begins anew."""
        return monitoring.phase_starts(self.table("events"), list(self.sites["site_id"]))

    @property
    def _festival_months(self) -> frozenset[int]:
        return festival_months(self.client.client.timezone)

    def _marked(self, chart: pd.DataFrame, indicator: str) -> pd.DataFrame:
        """Return a chart with ``few``: points that rest on too few answers to be shown.

        They count for the signals, which say nothing of their height.
        """
        least = self.least_answers(indicator)
        cells = self.panel[
            (self.panel["indicator"] == indicator)
            & (self.panel["stratum"] == "")
            & (self.panel["n"] < least)
        ]
        few = pd.MultiIndex.from_frame(cells[["site_id", "period"]].astype({"site_id": str}))
        keys = chart[["subject", "period"]].astype({"subject": str, "period": "int64"})
        return chart.assign(few=pd.MultiIndex.from_frame(keys).isin(few))

    @cached_property
    def weekly(self) -> StageResults:
        """Charts of work orders by week."""
        waves = self.waves
        return self.step(
            "weekly",
            monitoring.assess_weekly,
            self.rows("tickets"),
            start=self.first_day,
            timezone=self.client.client.timezone,
            until=self.today,
            never_trained=set(waves.loc[waves["arm"] != "treated", "site_id"].astype(str)),
            holidays=festival_days(self.client.client.timezone),
        )

    @property
    def last_look(self) -> int | None:
        """Month of the last look that is planned: that of the last goal; None without goals."""
        deadlines = [period_of(goal.deadline) for goal in self.client.goals]
        return max(deadlines) if deadlines else None

    def _platform(self) -> StageResults:
        """Count the households that report through the platform."""
        tickets, sites = self.rows("tickets"), self.table("sites")
        zone = self.client.client.timezone
        return self.step(
            "platform", measurement.assess_platform, tickets, sites, timezone=zone, **self.told
        )

    def _kinds_of_chart(self) -> Mapping[str, str]:
        """Chart by indicator: shares p, counts by exposure u, small shifts of means EWMA."""
        wanted = {
            self.charted["indicator"]: "p" if self.charted["share"] else "xmr",
            "complaints_per_1000": "u",
            "csat_mean": "ewma",
        }
        return {name: kind for name, kind in wanted.items() if name in self.measured}

    def contrasts(self) -> StageResults:
        """Compare trained with untrained sites, right at every look, and their complaints."""
        named = [name for name in dict.fromkeys((self.primary, *WATCHED)) if name in self.measured]
        found = [
            self.step(
                "contrast",
                monitoring.assess_contrast,
                self.outcome(name),
                about=name,
                indicator=name,
                unit=self.unit(name),
                until=self.last_look,
                **self.made,
            )
            for name in named
        ]
        arms = self.waves.drop_duplicates("site_id").set_index("site_id")["arm"]
        events, since = self.table("events"), {"since": self.first_day}
        changed = self.step("events", monitoring.assess_events, events, arms, **since, **self.told)
        subjects = self.step("complaints", complaints, self, self.rows("tickets"))
        said = self.step(
            "comments",
            assess_comments,
            self.table("comments"),
            arms_and_starts(self),
            {n: theme.title.model_dump() for n, theme in self.client.comments.themes.items()},
            min_cell=self.settings.min_cell,
            **self.told,
        )
        return merge(self.name, [*found, subjects, said, changed])

    def milestones(self) -> StageResults:
        """Compare milestones with their plan, and judge gates by what there was on their day."""
        planned = self.table("milestones")
        today = {"as_of": self.today, **self.held}
        states = self.step("milestones", monitoring.assess_milestones, planned, **today)
        taught = self.of("enrolments", "staff", "waves")
        spans = self.step("stages", monitoring.assess_stages, planned, *taught, **today)
        scorecard, ratios = ledger.earlier_verdicts(self.client.folder.name, before=self.today)
        judged = self.step(
            "gates",
            monitoring.assess_gates,
            planned,
            self.given(gates.TABLES),
            **today,
            verdicts=monitoring.verdicts(scorecard, ratios, lines=self.lines),
            decisions=self.known(decided.confirmations(self.client.folder)),
            **self.told,
        )
        return merge(self.name, (states, spans, judged))

    def budget(self) -> StageResults:
        """Compare planned and actual cost, what a trainee and an hour cost, and forecast."""
        costs, enrolments, staff = self.of("costs", "enrolments", "staff")
        trainees, hours = monitoring.attended_effort(enrolments)
        first = partial(monitoring.first_passes, self.table("assessments"), self.lines)
        passes = self.asked.ask("budget", first, None, about="passes")
        spent = self.step(
            "budget",
            monitoring.assess_budget,
            costs,
            trainees=trainees,
            hours=hours,
            passes=passes,
            **self.held,
            **self.made,
        )
        end = self.step(
            "forecast",
            monitoring.assess_forecast,
            costs,
            as_of=self.today,
            enrolments=enrolments,
            staff=staff,
            **self.held,
            **self.made,
        )
        priced = self.step("prices", monitoring.assess_prices, costs, **self.held)
        return merge(self.name, (spent, priced, end))

    def risks(self, *steps: StageResults) -> StageResults:
        """Grade the register of risks, its triggers set off by the alerts of other steps."""
        with registry.using(self.registry):  # a trigger may name an outcome of the client
            return self.step(
                "risks",
                monitoring.assess_risks,
                self.table("risks"),
                alerts=[alert for step in steps for alert in step.alerts],
                panel=self.panel,
                tables=self.given(risk_triggers.TABLES),
                as_of=self.today,
                before=self._before("risks"),
                **self.held,
            )

    def cycle(self, alerts: StageResults, charts: StageResults) -> StageResults:
        """Decide by stated rules how often to measure; they never see the effect."""
        waves = self.waves
        chart = charts.table_or_empty("chart")
        goals = [goal.deadline for goal in self.client.goals if goal.indicator == self.primary]
        facts = monitoring.CycleFacts(
            alarms=sum(alert.grade <= 2 for alert in self._timely(alerts)),
            half_width=monitoring.projected_half_width(
                self.panel,
                indicator=self.primary,
                treated=set(waves.loc[waves["arm"] == "treated", "site_id"]),
                first_wave=self.first_wave,
                deadline=period_of(max([*goals, self.today])),
                **self.told,
            ),
            tolerated=self.client.design.smallest_effect,
            quiet_months=0 if chart.empty else monitoring.quiet_months(chart),
            asked_a_year=monitoring.asked_a_year(self.table("invitations"), self.sites, self.today),
        )
        before = self._before("measurement_cycle")
        how = {
            "on": self.today,
            "before": before,
            "season": partial(season, timezone=self.client.client.timezone),
        }
        return self.step("cycle", monitoring.assess_cycle, facts, **how)

    def _before(self, name: str) -> Any:
        return ledger.earlier_table(self.client.folder.name, name, before=self.today)

    def follow(self, *steps: StageResults) -> StageResults:
        """Put steps together, and their alerts into the history of alerts.

        Returns
        -------
        StageResults
            The steps; alerts with the state and due day that the history gives them. Tables
            ``alert_history`` (the ledger), ``alert_changes`` (since the last run; none at the
            first) and ``alert_decisions`` (the sheet to fill in); facts ``as_of``,
            ``looked_back``, ``compared_with`` (day of the run before, None at the first); check
            ``monitoring.history``, what changed in words.
        """
        whole = merge(self.name, steps)
        ringing = monitoring.with_due(self._timely(whole), on=self.today)
        sheet = decided.decisions(self.client.folder)
        made = self.known(sheet)
        earlier = ledger.earlier_alerts(self.client.folder.name, before=self.today)
        before = monitoring.replay(earlier, made) if earlier else None
        after = monitoring.merge(before, ringing, made, on=self.today)
        changed = monitoring.changes(before if earlier else after, after)
        compared = earlier[-1][0] if earlier else None
        tables = {
            "alert_history": after,
            "alert_changes": changed,
            "alert_decisions": monitoring.decision_sheet(after, sheet),
        }
        facts = {
            "as_of": self.today.isoformat(),
            "looked_back": self.as_of is not None,
            "compared_with": compared and compared.isoformat(),
        }
        came = compared and came_in(
            self.folder / CANONICAL,
            after=compared,
            until=self.today,
            timezone=self.client.client.timezone,
        )
        asked = monitoring.history_check(changed, after, compared_with=compared, came=came)
        told = monitoring.with_states(ringing, after)
        others = (whole.estimates, whole.checks, asked, told, whole.findings)
        return collect(
            self.name, others, facts={**whole.facts, **facts}, tables={**whole.tables, **tables}
        )

    def _timely(self, found: StageResults) -> tuple[Alert, ...]:
        """Return alerts that ask for what can be done on the day looked back to."""
        return monitoring.timely(found.alerts, over=self._over, waiting=self._waiting)

    @property
    def _over(self) -> bool:
        """Whether classes are over on the day looked back to, and no wave is to come."""
        held = self.table("enrolments")
        classes = [] if held is None else dates(held["held_on"]).dropna().dt.date
        starts = indicators.cohorts(self.waves)
        coming = bool((starts > period_of(self.today)).any())
        return monitoring.is_over(classes, on=self.today, coming=coming)

    @property
    def _waiting(self) -> frozenset[str]:
        """Sites that no wave has trained on the day looked back to."""
        starts = indicators.cohorts(self.waves)
        later = starts.isna() | (starts > period_of(self.today))
        return frozenset(starts.index[later])

    def said(self, found: StageResults, topic: Topic, step: str = "") -> Mapping[str, Any]:
        """Return the sentence in which a check says what it found: its key, its blanks.

        Where the step that makes it (named as its topic, or as given) refused, why it did.
        """
        said = next(
            check for check in found.checks if check.topic is topic or check.refuses(step or topic)
        )
        return {"key": said.reason, **said.params}

    def standing(self) -> StageResults:
        """Set each site against its past and its peers, and each period against the one before.

        For the pages by site, and for those of a week, month, quarter, half-year and year.
        """
        sites = self.step("sites", self._standing)
        return merge(self.name, (sites, self.step("periods", self._periods)))

    def _periods(self) -> StageResults:
        goals = [goal.indicator for goal in self.client.goals]
        first = (self.primary, *goals, *WATCHED)
        known = sorted(
            (i for i in self.registry.values() if not i.strata_only and i.kind != "wait"),
            key=lambda i: (first.index(i.id) if i.id in first else len(first), -i.level),
        )
        told = [i for i in known if i.id in self.measured]
        tests, costs, enrolments = self.of("assessments", "costs", "enrolments")
        return assess_periods(
            self.panel,
            told,
            on=self.today,
            begins=self.client.period.first,
            timezone=self.client.client.timezone,
            lines=self.lines,
            in_part={i.id: self.months_in_part(i.id) for i in told},
            tickets=self.rows("tickets"),
            enrolments=enrolments,
            assessments=tests,
            costs=costs,
            due=self._follow_ups(),
            **self.told,
        )

    def _follow_ups(self) -> pd.DataFrame:
        """Say of each follow-up of each wave whether it was measured, was not, or is to come."""
        if self.client.programme != TRAINING:
            return pd.DataFrame()
        zone = self.client.client.timezone
        asked = {"as_of": self.today, "timezone": zone, "lines": self.lines}
        months = self.client.design.measure_at_months
        planned = measurement_calendar(self.waves, months=months, **asked)
        told = {"indicator": self.primary, "on": self.today}
        return follow_ups(planned, self.waves, self.panel, **told)

    def _standing(self) -> StageResults:
        known = watched(self.registry, first=(self.primary,))
        told = [indicator for indicator in known if indicator.id in self.measured]
        courses = self.of("enrolments", "staff")
        return assess_sites(
            self.panel,
            told,
            profiles(self.sites, self.waves, *courses, on=self.today, **self.told),
            least={i.id: self.least_answers(i.id) for i in told},
            in_part={i.id: self.months_in_part(i.id) for i in told},
            **self.told,
        )

    def monday(self, followed: StageResults) -> tuple[StageResults, tuple[Any, ...]]:
        """Rank what to do this week: what is stored of it, and the actions to show."""
        return monitoring.assess_monday(
            followed.alerts,
            on=self.today,
            milestones=followed.table_or_empty("milestones"),
            risks=followed.table_or_empty("risks"),
            changes=followed.table_or_empty("alert_changes"),
        )


class WeekStage(MonitoringStage):
    """One client opened for the monitoring stage where nothing is rolled out to sites."""

    @property
    def first_wave(self) -> int:
        """First of the latest three months: charts hold them against the months before."""
        period = self.client.period
        return max(period.first_period + 1, period.last_period + 1 - LATEST)


def _in_unit(chart: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Return a chart in the unit of its indicator: rates of counts are given per 1,000."""
    if kind != "u":
        return chart
    levels = ["value", "centre", "lower", "upper"]
    return chart.assign(**{name: 1000.0 * chart[name] for name in levels})
