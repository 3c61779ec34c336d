"""What the baseline stage hands to its steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property, partial

import pandas as pd

from analysis import design, indicators, measurement, results
from analysis import tables as canonical
from analysis.design.calendar import festival_months, season
from analysis.measurement.benchmarks import assess_benchmarks
from analysis.measurement.course_domains import assess_course_domains
from analysis.measurement.coverage import READ
from analysis.measurement.needs_asked import assess_needs_asked
from analysis.measurement.reply_reports import assess_reply_reports
from analysis.measurement.role_weights import assess_role_weights
from analysis.measurement.staff_balance import assess_staff_balance
from analysis.measurement.tasks import assess_task_agreement
from analysis.memory import remembered
from analysis.present import views
from analysis.results import Check, Estimate, StageResults
from analysis.settings import TRAINING
from analysis.tables import OF_TRAINING, Rows, Stored, month_of
from analysis.workspace.inputs import naming
from analysis.workspace.inputs.complaints import complaints
from analysis.workspace.inputs.detectable import judged
from analysis.workspace.opening.stage import Stage

_SHEETS = {"surveys": "response_id", "reactions": "response_id", "ratings": "rating_id"}
"""Tables of answers, and the column that tells their sheets apart."""

_BESIDE = (
    "response_median_hours",
    "response_p90_hours",
    "complaint_resolution_median_hours",
    "complaint_resolution_p90_hours",
    "staff_turnover",
    "crm_active_share",
    "crm_weekly_login",
    "crm_active_days",
    "crm_records",
    "crm_functions",
)
"""Indicators whose level is told beside those of the goals, where they are measured."""

_SELDOM = ("staff", "crm_usage")
"""Tables whose absence is no lack where nobody is trained."""

_SHEET = ("instrument", "item", "score", "site_id", "channel", "answered_at")
"""What is asked of a customer's sheet."""

_GROUPS = ("property_type", "region", "channel", "time")
"""What the gate is asked for; ``time`` is before and after the first wave."""


class BaselineStage(Stage):
    """One client opened for the baseline stage."""

    @property
    def goal_units(self) -> Mapping[str, str]:
        """Unit of every indicator that has a goal, of the primary outcome, and of some beside."""
        beside = [name for name in _BESIDE if name in self.measured]
        named = [self.primary, *(goal.indicator for goal in self.client.goals), *beside]
        return {name: self.unit(name) for name in dict.fromkeys(named)}

    @property
    def skill_target(self) -> float:
        """Points asked for in tests: the client's goal, else the registry's level."""
        goals = [g.target for g in self.client.goals if g.indicator == "test_post"]
        levels = [
            mark.value
            for mark in self.registry["test_post"].targets
            if mark.kind == "level" and not mark.stratum
        ]
        return float([*goals, *levels][0])

    def before(self, name: str, day: str) -> Rows | None:
        """Rows of a table dated before the first wave; None where the client has no such table."""
        rows = self.rows(name)
        if rows is None or not len(rows):
            return rows
        start = pd.Timestamp(self.first_day)
        if any(_timed(part[day]) for part in canonical.parts(rows, [day])):
            start = start.tz_localize(self.client.client.timezone)
        else:
            start = start.tz_localize("UTC")
        if isinstance(rows, Stored):
            return replace(rows, before=(day, start))
        return rows[pd.to_datetime(rows[day], utc=True) < start]

    @cached_property
    def surveys_before(self) -> Rows | None:
        """Customer answers before the first wave."""
        return self.before("surveys", "answered_at")

    @cached_property
    def sheets(self) -> pd.DataFrame | None:
        """Customer answers whose sheets are looked at one by one; a sample where there are many."""
        return self.sampled(self.rows("surveys"), _SHEET, unit="response_id", about="sheets")

    @cached_property
    def sheets_before(self) -> pd.DataFrame | None:
        """The same before the first wave."""
        return self.sampled(self.surveys_before, _SHEET, unit="response_id", about="sheets_before")

    def data_quality(self) -> StageResults:
        """Score the tables; the ingest counts go with them."""
        step, tables = self.step, self.tables
        unasked = () if self.client.programme == TRAINING else (*OF_TRAINING, *_SELDOM)
        counts = self.ingest_counts
        found = step("quality", measurement.assess_quality, tables, counts, unasked=unasked)
        late = step(
            "timeliness",
            measurement.assess_timeliness,
            tables,
            until=self.until,
            timezone=self.client.client.timezone,
        )
        sites, tickets = self.table("sites"), self.rows("tickets")
        means, answers = self.table("survey_means"), self.rows("surveys")
        others = (
            late,
            step("unread", measurement.assess_unread, self.unread),
            step("means", measurement.assess_means, means, answers),
            step("duplicates", measurement.assess_duplicates, tables),
            step("branches", measurement.assess_branches, tables),
            step("names", measurement.assess_names, sites, tickets=tickets),
            step(
                "reply_reports",
                assess_reply_reports,
                self.table("reply_reports"),
                tickets,
                timezone=self.client.client.timezone,
                **self.told,
            ),
        )
        tables = {"ingest": self.ingest_counts, "unread": self.unread}
        sides = [found.table_or_empty(f"quality_{name}") for name in ("tables", "rules")]
        sides.append(late.table_or_empty("timeliness"))
        if all(len(side.columns) for side in sides):
            tables["scorecard"] = measurement.scorecard(*sides)
        return self.named(results.merge("baseline", [found, *others], tables=tables))

    def response(self) -> StageResults:
        """Who answered, what weights change, and what silence could."""
        surveys, (invitations, instruments) = (
            self.rows("surveys"),
            self.of("invitations", "instruments"),
        )
        step, sites, before = self.step, self.table("sites"), self.surveys_before
        returned = step(
            "response",
            measurement.assess_response,
            surveys,
            invitations,
            sites=sites,
            lines=self.lines,
            **self.clock,
        )
        known = step("aapor", measurement.assess_aapor, self.table("dispositions"), **self.made)
        rate = next((e.value for e in returned.estimates), None)
        weighted = step(
            "weights",
            measurement.assess_weighting,
            before,
            sites,
            instruments,
            rate=rate,
            **self.made,
        )
        sheets = self.sheets_before
        channels = step("channels", measurement.assess_channels, sheets, instruments, **self.clock)
        return self.named(results.merge("baseline", [returned, known, weighted, channels]))

    def instruments(self) -> StageResults:
        """Register every questionnaire; ask each whether its items belong together."""
        described = self.table("instruments")
        ratings = self.before("ratings", "rated_on")
        dated = {"surveys": self.sheets_before, "ratings": ratings}
        parts = []
        for source, sheet in _SHEETS.items():
            answers = dated.get(source, self.table(source))
            if source != "surveys" and (answers is None or answers.empty):
                continue
            how = {"source": source, "sheet": sheet, **self.made}
            step = partial(self.step, about=source)
            parts.append(step("alpha", measurement.assess_instruments, answers, described, **how))
            how |= {"seed": self.seed}
            parts.append(step("factors", measurement.assess_factors, answers, described, **how))
            # How many ticked one answer throughout is counted on all sheets.
            every = self.surveys_before if source == "surveys" else answers
            keys = {"source": source, "sheet": sheet, **self.told}
            parts.append(step("directions", measurement.assess_items, every, described, **keys))
        asked = (self.table("reactions"), described)
        parts.append(self.step("course_domains", assess_course_domains, *asked, **self.told))
        return self.named(results.merge("baseline", parts, tables=self._register(described)))

    def scale_use(self, *, over_time: bool = True) -> StageResults:
        """Ask whether groups, and the time before and after, use the scale alike."""
        described, parts = self.table("instruments"), []
        for by in _GROUPS if over_time else _GROUPS[:-1]:
            time = by == "time"
            parts.append(
                self.step(
                    "scale_use",
                    measurement.assess_invariance,
                    self.sheets if time else self.sheets_before,
                    described,
                    about=by,
                    by=by,
                    sites=self.sites,
                    split_at=str(self.first_day) if time else None,
                    **self.made,
                )
            )
        checks = [check for part in parts for check in part.checks]
        means = self.step("group_means", self._group_means, described, checks)
        return self.named(results.merge("baseline", [*parts, means]))

    def _group_means(self, described: pd.DataFrame, gates: list[Check]) -> StageResults:
        """Return the means over the sheets that each gate judged."""
        how = {"sites": self.sites, "split_at": str(self.first_day), **self.told}
        of_time = [gate for gate in gates if gate.dims.get("by") == "time"]
        others = [gate for gate in gates if gate.dims.get("by") != "time"]
        means = [
            remembered(measurement.group_means)(answers, described, asked, **how)
            for answers, asked in ((self.sheets, of_time), (self.sheets_before, others))
        ]
        whole = pd.concat(means, ignore_index=True)
        return results.collect("baseline", [], tables={"group_means": whole})

    def raters(self) -> StageResults:
        """Hold the raters of behaviour to each other, before training."""
        ratings, described = self.of("ratings", "instruments")
        day = {"before": self.first_day}
        step, how = self.step, {**day, **self.made}
        least, line = (self.lines.of(n) for n in ("raters_least", "consequence_reliability"))
        fewest = {} if least is None else {"least": int(least)}
        drawn = {} if line is None else {"line": float(line)}
        asked = {**fewest, **drawn}
        anchors = partial(step, "anchors", measurement.assess_anchors)
        parts = [
            step("raters", measurement.assess_raters, ratings, **asked, **how),
            step("views", measurement.assess_views, ratings, **fewest, **how),
            anchors(ratings, described, seed=self.seed, lines=self.lines, **how),
            step("drift", measurement.assess_rater_drift, ratings, **day, **self.told),
            step("shoppers", measurement.assess_shoppers, ratings, **drawn, **how),
            step(
                "role_weights",
                assess_role_weights,
                ratings,
                described,
                self.client.design.evaluator_weights,
                **day,
                **self.told,
            ),
        ]
        if self.client.programme == TRAINING:
            scored = self.table("task_scores")
            parts.append(
                step("task_agreement", assess_task_agreement, scored, **drawn, **self.told)
            )
        return self.named(results.merge("baseline", parts))

    def training_needs(self) -> StageResults:
        """Where skills fall short, what customers weigh and complain of, what modules change."""
        assessments, staff, instruments = self.of("assessments", "staff", "instruments")
        tables = (assessments, staff, self.sheets_before, instruments)
        gaps = self.step(
            "needs", measurement.assess_needs, *tables, target=self.skill_target, **self.told
        )
        wanted = [g.indicator for g in self.client.goals if self.registry[g.indicator].level >= 3]
        valued = set(self.panel.loc[self.panel["value"].notna(), "indicator"].astype(str))
        chain = self.step(
            "coverage",
            measurement.assess_coverage,
            {name: rows for name, rows in self.tables.items() if name in READ},
            self.client.coverage,
            measured=sorted(valued),
            goals=wanted,
        )
        subjects = self.step("complaints", complaints, self, self.before("tickets", "opened_at"))
        asked = self.step(
            "needs_asked",
            assess_needs_asked,
            self.table("needs_asked"),
            staff,
            lines=self.lines,
            **self.told,
        )
        return self.named(results.merge("baseline", [gaps, subjects, chain, asked]))

    def appraisal(self) -> StageResults:
        """Say what the weighted appraisal of sites may be used for, from the year before."""
        appeals = self.table("appeals")
        total = sum(self.client.appraisal.values())
        weights = {name: weight / total for name, weight in self.client.appraisal.items()}
        before = self.cells_before(self.first_wave)
        found = self.step(
            "appraisal",
            measurement.assess_appraisal,
            before[before["indicator"].isin(list(weights))],
            weights,
            {name: self.registry[name].direction for name in weights},
            seed=self.seed,
            before=self.first_wave,
            appeals=appeals is not None,
            lines=self.lines,
            **self.made,
        )
        objections = self.step(
            "appeals", measurement.assess_appeals, appeals, on=self.until, **self.told
        )
        table = pd.DataFrame({"indicator": list(weights), "weight": list(weights.values())})
        return results.merge("baseline", [found, objections], tables={"appraisal_weights": table})

    def comparability(self) -> StageResults:
        """Whether the arms were alike and moved alike before the first wave."""
        step, outcome = self.step, self.outcome()
        named = {"indicator": self.primary, "seed": self.seed}
        alike = step("balance", measurement.assess_balance, self.sites, outcome, **named)
        shared = step("overlap", measurement.assess_overlap, self.sites, outcome, **named)
        trained = set(indicators.cohorts(self.waves).dropna().index)
        made_up = step(
            "staff_balance",
            assess_staff_balance,
            self.table("staff"),
            trained,
            on=self.first_day,
            **self.told,
        )
        unit = self.unit()
        shown = {"unit": unit, "least_answers": self.least_answers(self.primary)}
        trends = step("pretrend", measurement.assess_pretrends, outcome, **shown, **self.main)
        measured = measurement.measured_before(
            outcome, first_wave=self.first_wave, indicator=self.primary
        )
        return self.named(results.merge("baseline", [measured, alike, made_up, shared, trends]))

    def baseline_levels(self) -> StageResults:
        """Levels of the goals' indicators before the first wave, and the seal of the baseline."""
        figures = [b for b in self.client.benchmarks if b.of == "level"]
        units = dict(self.goal_units) | {b.indicator: self.unit(b.indicator) for b in figures}
        found = self.step(
            "level",
            measurement.assess_levels,
            self.cells_before(self.first_wave),
            before=self.first_wave,
            units=units,
            **self.made,
        )
        own = {e.indicator: e for e in found.estimates if e.indicator is not None}
        beside = self.step("benchmarks", assess_benchmarks, figures, own, units)
        return results.merge("baseline", [found, beside])

    def readiness(self, steps: Iterable[StageResults]) -> StageResults:
        """Say whether the evaluation can start: the written rules on the checks of all steps."""
        checks = [check for step in steps for check in step.checks]
        made_of = self.registry[self.primary].sources
        return measurement.assess_readiness(checks, tables=made_of)

    def named(self, found: StageResults) -> StageResults:
        """Put titles of questionnaires, wordings of items and names of columns into the checks."""
        return naming.named(found, self.client)

    def rater_labels(self, found: StageResults) -> tuple[tuple[str, Estimate], ...]:
        """Pair the estimates of the raters with their labels, questionnaires by title."""
        titled = [
            replace(
                e,
                n_units=None,
                dims={
                    **e.dims,
                    "instrument": naming.title(self.client, str(e.dims["instrument"])),
                    "subjects": e.n_units or e.n,
                },
            )
            for e in found.select("baseline.raters.")
        ]
        return views.labelled(titled, "chapters.baseline.rater")

    def _register(self, described: pd.DataFrame | None) -> dict[str, pd.DataFrame]:
        """One row per questionnaire with its version, one row per item."""
        if described is None or described.empty:
            return {}
        rows = []
        for name, items in described.groupby("instrument", observed=True, sort=True):
            scored = items[items["role"] != "nps"] if (items["role"] != "nps").any() else items
            known = self.client.instruments.get(str(name))
            title = known.title.model_dump() if known and known.title else {}
            rows.append(
                {
                    "instrument": str(name),
                    "title_zh_CN": title.get("zh_CN", str(name)),
                    "title_en": title.get("en", str(name)),
                    "items": len(items),
                    "scale_min": float(scored["scale_min"].min()),
                    "scale_max": float(scored["scale_max"].max()),
                    "reversed": bool(items["reversed"].fillna(False).any()),
                    "version": measurement.seal(items)[:12],
                }
            )
        columns = ["instrument", "item", "wording", "dimension", "role"]
        worded = described[columns].astype(object)
        return {"instrument_register": pd.DataFrame(rows), "instrument_items": worded}

    @property
    def seasons(self) -> Mapping[int, str]:
        """Months before the first wave that a season disturbs, and its name."""
        months = range(self.client.period.first_period, self.first_wave)
        zone = self.client.client.timezone
        festivals = festival_months(zone)
        named = {
            month: "spring_festival" if month in festivals else season(month_of(month), zone)
            for month in months
        }
        return {month: name for month, name in named.items() if name}

    def detectable(self) -> StageResults:
        """Likeness of answers within sites, and power with the sites and months at hand."""
        before = {"before": self.first_wave}
        within = self.step(
            "icc", measurement.assess_icc, self.cells(self.primary), **before, **self.main
        )
        plan = self.client.design
        found = self.step(
            "power",
            design.assess_power,
            self.outcome(),
            unit=self.unit(),
            smallest_effect=plan.smallest_effect,
            alpha=plan.alpha,
            power=plan.power,
            base=self.base().base,
            by_lot=self.lottery.holds,
            judge=judged,
            seed=self.seed,
            indicator=self.primary,
            simulated=self.simulated,
            tables=False,
        )
        kept = [e for e in found.estimates if e.method == "simulation_ar1"]
        renamed = [replace(e, id=e.id.replace("design.", "baseline.", 1)) for e in kept]
        checks = [
            replace(check, id=check.id.replace("design.", "baseline.", 1)) for check in found.checks
        ]
        return results.collect("baseline", [within, *renamed, *checks])


def _timed(moments: pd.Series) -> bool:
    """Return whether moments have a time of the day, or are mere dates."""
    known = pd.to_datetime(moments, utc=True)
    return bool(known.dt.normalize().ne(known).any())
