"""What the baseline stage hands to its steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property

import pandas as pd

from analysis import results
from analysis.present import views
from analysis.results import Estimate, StageResults
from analysis.tables import month_of
from analysis.workspace import naming
from analysis.workspace.complaints import complaints
from analysis.workspace.pages import BaselinePage
from analysis.workspace.stage import Stage

_SHEETS = {"surveys": "response_id", "reactions": "response_id", "ratings": "rating_id"}
"""Tables of answers, and the column that tells their sheets apart."""

_BESIDE = ("response_median_hours", "response_p90_hours", "staff_turnover")
"""Indicators whose level is told beside those of the goals, where they are measured."""

_GROUPS = ("property_type", "region", "channel", "time")
"""What the gate is asked for; ``time`` is before and after the first wave."""


class BaselineStage(Stage):
    """One client opened for the baseline stage."""

    def page(self, found: StageResults) -> BaselinePage:
        """Return what the notebook shows of the stored results, a method a chapter."""
        return BaselinePage(self, found)

    @property
    def goal_units(self) -> Mapping[str, str]:
        """Unit of every indicator that has a goal, of the primary outcome, and of some beside."""
        measured = set(self.panel["indicator"])
        beside = [name for name in _BESIDE if name in measured]
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

    def before(self, name: str, day: str) -> pd.DataFrame | None:
        """Rows of a table dated before the first wave; None where the client has no such table."""
        frame = self.table(name)
        if frame is None or frame.empty:
            return frame
        moments = pd.to_datetime(frame[day], utc=True)
        start = pd.Timestamp(self.first_day)
        if moments.dt.normalize().ne(moments).any():
            start = start.tz_localize(self.client.client.timezone)
        else:
            start = start.tz_localize("UTC")
        return frame[moments < start]

    @cached_property
    def surveys_before(self) -> pd.DataFrame | None:
        """Customer answers before the first wave."""
        return self.before("surveys", "answered_at")

    def data_quality(self) -> StageResults:
        """Score the tables; the ingest counts go with them."""
        from analysis import measurement

        found = measurement.assess_quality(self.tables, self.ingest_counts)
        late = measurement.assess_timeliness(
            self.tables, until=self.until, timezone=self.client.client.timezone
        )
        others = (
            late,
            measurement.assess_unread(self.unread),
            measurement.assess_duplicates(self.tables),
            measurement.assess_branches(self.tables),
            measurement.assess_names(self.table("sites"), tickets=self.table("tickets")),
        )
        sides = measurement.scorecard(
            found.table("quality_tables"), found.table("quality_rules"), late.table("timeliness")
        )
        tables = {"scorecard": sides, "ingest": self.ingest_counts, "unread": self.unread}
        return self.named(results.merge("baseline", [found, *others], tables=tables))

    def response(self) -> StageResults:
        """Who answered, what weights change, and what silence could."""
        from analysis import measurement

        surveys, invitations, instruments = self.of("surveys", "invitations", "instruments")
        returned = measurement.assess_response(
            surveys, invitations, sites=self.table("sites"), **self.clock
        )
        known = measurement.assess_aapor(self.table("dispositions"), **self.made)
        rate = next((e.value for e in returned.estimates), None)
        weighted = measurement.assess_weighting(
            self.surveys_before, self.table("sites"), instruments, rate=rate, **self.made
        )
        channels = measurement.assess_channels(self.surveys_before, instruments, **self.clock)
        return self.named(results.merge("baseline", [returned, known, weighted, channels]))

    def instruments(self) -> StageResults:
        """Register every questionnaire; ask each whether its items belong together."""
        from analysis import measurement

        described = self.table("instruments")
        dated = {"surveys": self.surveys_before, "ratings": self.before("ratings", "rated_on")}
        parts = []
        for source, sheet in _SHEETS.items():
            answers = dated.get(source, self.table(source))
            if source != "surveys" and (answers is None or answers.empty):
                continue
            how = {"source": source, "sheet": sheet, **self.made}
            parts.append(measurement.assess_instruments(answers, described, **how))
            parts.append(measurement.assess_factors(answers, described, seed=self.seed, **how))
            parts.append(measurement.assess_items(answers, described, source=source, sheet=sheet))
        return self.named(results.merge("baseline", parts, tables=self._register(described)))

    def scale_use(self) -> StageResults:
        """Ask whether groups, and the time before and after, use the scale alike."""
        from analysis import measurement

        surveys, described = self.of("surveys", "instruments")
        parts = []
        for by in _GROUPS:
            time = by == "time"
            parts.append(
                measurement.assess_invariance(
                    surveys if time else self.surveys_before,
                    described,
                    by=by,
                    sites=self.sites,
                    split_at=str(self.first_day) if time else None,
                    **self.made,
                )
            )
        means = measurement.group_means(
            surveys,
            described,
            [check for part in parts for check in part.checks],
            sites=self.sites,
            split_at=str(self.first_day),
        )
        return self.named(results.merge("baseline", parts, tables={"group_means": means}))

    def raters(self) -> StageResults:
        """Hold the raters of behaviour to each other, before training."""
        from analysis import measurement

        ratings, described = self.of("ratings", "instruments")
        day = {"before": self.first_day}
        parts = [
            measurement.assess_raters(ratings, **day, **self.made),
            measurement.assess_views(ratings, **day, **self.made),
            measurement.assess_anchors(ratings, described, seed=self.seed, **day, **self.made),
            measurement.assess_rater_drift(ratings, **day),
            measurement.assess_shoppers(ratings, **day, **self.made),
        ]
        return self.named(results.merge("baseline", parts))

    def training_needs(self) -> StageResults:
        """Where skills fall short, what customers weigh and complain of, what modules change."""
        from analysis import measurement

        assessments, staff, instruments = self.of("assessments", "staff", "instruments")
        gaps = measurement.assess_needs(
            assessments, staff, self.surveys_before, instruments, target=self.skill_target
        )
        wanted = [g.indicator for g in self.client.goals if self.registry[g.indicator].level >= 3]
        chain = measurement.assess_coverage(
            self.tables, self.client.coverage, panel=self.panel, goals=wanted
        )
        subjects = complaints(self, self.before("tickets", "opened_at"))
        return self.named(results.merge("baseline", [gaps, subjects, chain]))

    def appraisal(self) -> StageResults:
        """Say what the weighted appraisal of sites may be used for, from the year before."""
        from analysis import measurement

        total = sum(self.client.appraisal.values())
        weights = {name: weight / total for name, weight in self.client.appraisal.items()}
        found = measurement.assess_appraisal(
            self.panel,
            weights,
            {name: self.registry[name].direction for name in weights},
            seed=self.seed,
            before=self.first_wave,
            appeals=self.table("appeals") is not None,
            **self.made,
        )
        objections = measurement.assess_appeals(self.table("appeals"), on=self.until)
        table = pd.DataFrame({"indicator": list(weights), "weight": list(weights.values())})
        return results.merge("baseline", [found, objections], tables={"appraisal_weights": table})

    def comparability(self) -> StageResults:
        """Whether the arms were alike and moved alike before the first wave."""
        from analysis import measurement

        outcome = self.outcome()
        alike = measurement.assess_balance(
            self.sites, outcome, indicator=self.primary, seed=self.seed
        )
        trends = measurement.assess_pretrends(outcome, unit=self.unit(), **self.main)
        measured = measurement.measured_before(
            outcome, first_wave=self.first_wave, indicator=self.primary
        )
        shared = measurement.assess_overlap(
            self.sites, outcome, indicator=self.primary, seed=self.seed
        )
        return self.named(results.merge("baseline", [measured, alike, shared, trends]))

    def baseline_levels(self) -> StageResults:
        """Levels of the goals' indicators before the first wave, and the seal of the baseline."""
        from analysis import measurement

        return measurement.assess_levels(
            self.panel, before=self.first_wave, units=self.goal_units, simulated=self.simulated
        )

    def readiness(self, steps: Iterable[StageResults]) -> StageResults:
        """May we start: the written rules on the checks of all steps."""
        from analysis import measurement

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
        """One row a questionnaire with its version, one row an item."""
        from analysis import measurement

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
        from analysis.design.calendar import SPRING_FESTIVAL, season

        months = range(self.client.period.first_period, self.first_wave)
        festivals = {day.year * 12 + day.month - 1 for day in SPRING_FESTIVAL.values()}
        named = {
            month: "spring_festival" if month in festivals else season(month_of(month))
            for month in months
        }
        return {month: name for month, name in named.items() if name}

    def detectable(self) -> StageResults:
        """Likeness of answers within sites, and power with the sites and months at hand."""
        from analysis import design, measurement

        within = measurement.assess_icc(self.panel, before=self.first_wave, **self.main)

        plan = self.client.design
        found = design.assess_power(
            self.outcome(),
            unit=self.unit(),
            smallest_effect=plan.smallest_effect,
            alpha=plan.alpha,
            power=plan.power,
            base=self.base().base,
            by_lot=self.lottery.holds,
            draws=1000,
            seed=self.seed,
            **self.main,
        )
        kept = [e for e in found.estimates if e.method == "simulation_ar1"]
        renamed = [replace(e, id=e.id.replace("design.", "baseline.", 1)) for e in kept]
        checks = [replace(check, id="baseline.power") for check in found.checks]
        return results.collect("baseline", [within, *renamed, *checks])
