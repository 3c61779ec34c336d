"""What the tracking stage hands to its steps."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

import pandas as pd

from analysis import causal, findings, indicators
from analysis.causal import Depth, Evaluation, Family
from analysis.causal.inference import inference_rule
from analysis.indicators.registry import OutcomeKind
from analysis.keywords import passing_on
from analysis.measurement.benchmarks import assess_benchmarks
from analysis.measurement.overall_satisfaction import READ
from analysis.memory import remembered
from analysis.results import Check, Estimate, Finding, StageResults, Topic, collect, merge
from analysis.settings import INFERENCE_DRAWS
from analysis.tables import RATER_ROLES, Rows
from analysis.workspace.inputs import behaviour_sources, explored, exposure, outcome_forms
from analysis.workspace.inputs.beside_truth import (
    beside_truth,
    exposed_truth,
    read_truth,
    true_cells,
)
from analysis.workspace.inputs.complaints import households
from analysis.workspace.inputs.spans import span
from analysis.workspace.opening.stage import Stage
from analysis.workspace.wiring import tracking_tables as tables

BASES: Mapping[str, causal.Base] = {"month_before": "universal", "all_before": "all_before"}
"""The plan's word for what a month is compared with, and the estimator's."""

STRATUM = "lot_stratum"
"""Column of an outcome frame: within what the site's wave was drawn."""

FORMS: Mapping[OutcomeKind, causal.Form] = {"count": "rate", "share": "share"}
"""In which form the effect of a kind of outcome leads; the others by means of sites."""

_KINDS_OF_TICKETS = ("complaint", "repair", "enquiry")
"""Kinds of requests whose waiting is told apart."""

_LATER = 6
"""Months after the start at which the early effect is compared with what is left of it."""


_ENDINGS = (
    ("replied", "first_response_at", "unanswered_tickets"),
    ("resolved", "resolved_at", "open_tickets"),
)
"""What ends the waiting of a customer: its column, and the table of its curves."""


class TrackingStage(Stage):
    """One client opened for the tracking stage."""

    def trend_labels(self, evaluation: Evaluation) -> Mapping[str, Any]:
        """Return indicator, unit, ends of its scale and first treated months for a trend figure."""
        return {
            "indicator": evaluation.outcome,
            "unit": evaluation.unit,
            "span": span(evaluation.unit, self.table("instruments")),
            "starts": evaluation.starts,
        }

    def form_of(self, indicator: str, frame: pd.DataFrame) -> causal.Form:
        """Return the form in which the effect on an outcome leads.

        The registry's kind of outcome decides. Where every site-month has the same denominator, a
        rate is a mean of sites; under a lottery its estimator leads.
        """
        if not {"total", "exposure"} <= set(frame.columns):
            return "mean"
        if self.lottery.holds and frame["exposure"].min() == frame["exposure"].max():
            return "mean"
        return FORMS.get(self.registry[indicator].kind, "mean")

    def outcome(self, indicator: str = "", *, stratum: str = "") -> pd.DataFrame:
        """Return the estimation frame of an indicator, with the lottery's strata where known."""
        frame = super().outcome(indicator, stratum=stratum)
        known = self.lottery.strata if self.lottery.holds else {}
        return frame.assign(**{STRATUM: frame["unit"].map(known)}) if known else frame

    def options(
        self, base: str = "", *, draws: int = INFERENCE_DRAWS, **chosen: Any
    ) -> causal.Options:
        """Return the options of the plan; ``chosen`` ones win.

        Parameters
        ----------
        base : str
            What months with training are compared with; as for the primary outcome when empty.
        """
        planned = {
            "anticipation": self.client.design.anticipation_months,
            "base": BASES[base or self.base().base],
            "drawn_by_lot": self.lottery.holds,
            "level": 1 - self.client.design.alpha,
            "draws": draws,
            "seed": self.seed,
            "horizons": self.client.design.measure_at_months,
            "simulated": self.simulated,
        }
        return causal.Options(**{**planned, **chosen})

    @passing_on(causal.Options)
    def evaluate(
        self, indicator: str = "", *, draws: int = INFERENCE_DRAWS, stratum: str = "", **chosen: Any
    ) -> Evaluation:
        """Evaluate one outcome as the plan says; the primary one when none is named.

        An outcome that is not in the panel, never changes, or has no trained site gives an
        evaluation without a value that says so. ``chosen`` are options.
        """
        indicator = indicator or self.primary
        unit = self.unit(indicator)
        frame = self.outcome(indicator, stratum=stratum)
        few = {"least_answers": self.least_answers(indicator)}
        chosen = {"form": self.form_of(indicator, frame), **few, **chosen}
        # Asked in months, as the plan lock asks it.
        base = self.base(indicator, frame if stratum else None).base
        frame, rounds = causal.to_rounds(frame)
        if rounds is not None:
            months = self.client.design.anticipation_months
            before = rounds.anticipated(months, self._cohorts)
            chosen = {"rounds": rounds, "anticipation": before, **chosen}
        strata = {"stratum": STRATUM} if STRATUM in frame else {}
        options = self.options(base, draws=draws, **{**strata, **chosen})
        if frame.empty:
            return causal.without_value(outcome=indicator, unit=unit, options=options)
        try:
            found = remembered(causal.evaluate)(
                frame, outcome=indicator, unit=unit, options=options
            )
            if part := self.months_in_part(indicator):
                found = found.with_checks(_in_part(found, part))
            if found.causal and not stratum:
                found = found.with_checks(*self._separated(found))
            return found if stratum else self._by_waiting(found)
        except causal.FrameError as error:
            if error.reason is None:
                raise
            return causal.without_value(
                outcome=indicator,
                unit=unit,
                options=options,
                reason=f"causal.fault.{error.rule}",
            )

    def _separated(self, found: Evaluation) -> tuple[Check, ...]:
        """Return what the baseline says where a characteristic tells both arms apart entirely.

        What the characteristic does is then not told from what the training does, by any method.
        """
        return tuple(
            replace(
                check,
                id=f"{found.options.prefix}.{found.outcome}.check.separated",
                topic=Topic.SEPARATED,
                indicator=found.outcome,
                dims={"outcome": found.outcome},
            )
            for check in self.earlier("baseline").checks
            if check.dims.get("separated")
        )

    def _by_waiting(self, found: Evaluation) -> Evaluation:
        """Let survival lead where the outcome is a wait and the tickets allow it."""
        ending = causal.ENDINGS.get(found.outcome)
        if ending is None or not found.causal or (tickets := self._tickets) is None:
            return found
        waited = self._waited(ending, tickets)
        if waited is None or waited[0][0].value is None:
            return found
        return causal.led_by(found, waited[0][0])

    @cached_property
    def _tickets(self) -> pd.DataFrame | None:
        """Work orders whose waiting is followed one by one; a sample where there are many."""
        read = ("site_id", "kind", "opened_at", "first_response_at", "resolved_at")
        found = self.sampled(self.rows("tickets"), read, unit="ticket_id", about="waits")
        return found if found is None else found[[name for name in read if name in found]]

    @cached_property
    def answers(self) -> Rows | None:
        """Customers' answers, of a table in memory what overall satisfaction is made of."""
        found = self.rows("surveys")
        if not isinstance(found, pd.DataFrame):
            return found
        return found[[name for name in READ if name in found]]

    def _time_to(self, ending: str, tickets: pd.DataFrame, **named: Any) -> Any:
        zone = self.client.client.timezone
        return causal.time_to(
            ending,
            tickets,
            self._cohorts.to_dict(),
            until=pd.Timestamp(self.until, tz=zone) + pd.Timedelta(days=1),
            timezone=zone,
            options=self.options(),
            **named,
        )

    def in_other_reading(self, evaluations: Iterable[Evaluation]) -> tuple[Estimate, ...]:
        """Return the effects on rates as shares of what the rates would have been."""
        return tuple(e for found in evaluations for e in found.of("att_relative"))

    def exposed(self, evaluations: Iterable[Evaluation]) -> StageResults:
        """Return effects averaged over what benefits are counted for, as the client prices them.

        Each priced outcome is averaged over its trained site-months or household-months, as the
        plan counts them and over all months: what it is worth is this effect times the exposure
        in its ``dims``. The table ``correlations`` has a row per pair of them in the same months:
        ``indicator, basis, other, other_basis, months, correlation`` of their errors, where it can
        be told. ``exposed_quantiles`` holds the distribution of each effect
        (:func:`analysis.causal.quantiles_over`), ``exposed_until`` the effect over what was exposed
        up to each month (:func:`analysis.causal.effects_until`), as the plan counts months.
        """
        found, rows, shapes, paths = [], [], [], []
        counted_by = list(self._priced(evaluations))
        priced = [
            (main, basis, months, exposure.by_wave(counted))
            for main, basis, months, counted in counted_by
        ]
        for main, basis, months, counted in counted_by:
            key = {"indicator": main.outcome, "basis": basis, "months": months}
            about = ".".join(map(str, key.values()))
            if basis == "once":
                continue
            asked = [(shapes, partial(causal.quantiles_over, main, exposure.by_wave(counted)))]
            if months == self.client.value.months_counted:
                until = partial(causal.effects_until, main, exposure.by_month(counted))
                asked.append((paths, until))
            for kept, make in asked:
                one = self.asked.ask("exposed_months", make, None, about=about)
                kept += [] if one is None else [one.assign(**key)]
        for main, basis, months, sizes in priced:
            dims = {"basis": basis, "months": months}
            if main.options.rounds is not None and sizes["size"].sum() > 0:
                dims["measured"] = float(sizes["measured"].sum() / sizes["size"].sum())
            named = {"name": f"{basis}.{months}", "dims": dims}
            over = partial(causal.effect_over, main, sizes, **named)
            about = f"{main.outcome}.{basis}.{months}"
            own = self.asked.ask("exposed_months", over, None, about=about)
            found += [] if own is None or basis == "once" else [own]
        for one, other in itertools.combinations(priced, 2):
            if one[2] == other[2]:
                named = (one[0].outcome, one[1], other[0].outcome, other[1], one[2])
                pair = (one[0], one[3]), (other[0], other[3])
                told = self.asked.ask(
                    "exposed_months",
                    partial(causal.correlation_of, *pair),
                    None,
                    about=".".join(map(str, named)),
                )
                rows += [] if told is None else [(*named, told)]
        columns = ["indicator", "basis", "other", "other_basis", "months", "correlation"]
        tables = {"correlations": pd.DataFrame(rows, columns=columns)}
        for name, parts in (("exposed_quantiles", shapes), ("exposed_until", paths)):
            tables[name] = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
        return collect("tracking", found, tables=tables)

    def _priced(
        self, evaluations: Iterable[Evaluation]
    ) -> Iterator[tuple[Evaluation, str, int, pd.DataFrame]]:
        """Give each priced effect with its basis, months, and what each site-month counts.

        Benefits of one outcome that are counted alike share their effect, whatever they are worth.
        """
        known = {e.outcome: e for e in evaluations}
        rules = self.client.value
        served = self.sites.dropna(subset=["households"]).set_index("site_id")["households"]
        for indicator, basis in dict.fromkeys((b.indicator, b.basis) for b in rules.benefits):
            main = known.get(indicator)
            if main is None or not main.causal:
                continue
            for months in dict.fromkeys((rules.months_counted, exposure.ALL_MONTHS)):
                counted = exposure.exposed_site_months(
                    self.outcome(main.outcome),
                    served.astype("float64").to_dict() if basis != "site_month" else None,
                    months=months,
                    discount_rate=rules.discount_rate,
                    rounds=main.options.rounds,
                )
                yield main, basis, months, counted

    def beside_truth(
        self, evaluations: Iterable[Evaluation], *, draws: int = INFERENCE_DRAWS
    ) -> StageResults:
        """Set the effects of a simulated client beside what is true in its world.

        The table ``truth`` has a row per outcome and, for behaviour, per role that rates it;
        ``true_exposed`` the true effects averaged over what each benefit counts, which the
        value stage prices. Both have no rows for other clients.
        """
        truth, evaluations = self._truth, tuple(evaluations)
        triples = [(e, self.outcome(e.outcome), "") for e in evaluations]
        if len(truth):
            triples += [
                (e, self.outcome(e.outcome, stratum=role), role)
                for role, e in self._rated(draws).items()
            ]
        tables = {"truth": beside_truth(triples, truth)}
        tables["true_exposed"] = self._true_exposed(evaluations, truth)
        return collect("tracking", (), tables=tables)

    def _true_exposed(self, evaluations: Iterable[Evaluation], truth: pd.DataFrame) -> pd.DataFrame:
        rows = []
        for main, basis, months, counted in self._priced(evaluations) if len(truth) else ():
            cells = true_cells(truth, main.outcome)
            value = None if cells is None else exposed_truth(main, counted, cells)
            rows += [] if value is None else [(main.outcome, basis, months, value)]
        return pd.DataFrame(rows, columns=["indicator", "basis", "months", "truth"])

    def evaluate_others(self, *, draws: int = INFERENCE_DRAWS) -> tuple[Evaluation, ...]:
        """Evaluate the secondary outcomes of the plan and whatever else benefits are priced by.

        Every outcome that the client declares is evaluated, whether the plan names it or not.
        """
        wanted = [*self.client.design.secondary_outcomes]
        wanted += [benefit.indicator for benefit in self.client.value.benefits]
        wanted += self.client.outcomes
        named = [name for name in dict.fromkeys(wanted) if name != self.primary]
        return tuple(self.evaluate(name, draws=draws) for name in named)

    def deepen(self, evaluation: Evaluation) -> Depth:
        """Ask everything beside the primary outcome's effect that the client's tables allow."""
        named = sorted(self.client.design.measure_at_months)
        if evaluation.options.rounds is not None:
            # What no round is near to cannot be followed.
            effects = evaluation.of("att_horizon")
            named = [int(e.dims["horizon"]) for e in effects if e.value is not None] or named
        horizons = (named[0], _LATER if _LATER in named[1:] else named[-1])
        enrolments, staff = self.of("enrolments", "staff")
        deeper = partial(
            causal.deepen,
            evaluation,
            self._compared(evaluation),
            kinds=self.kinds,
            uptake=exposure.attended_share(enrolments, staff, self.waves),
            hours=exposure.mean_hours(enrolments, staff, self.waves),
            doses=self._doses(evaluation.outcome),
            changed=exposure.changed_sites(self.table("events"), self.first_wave),
            horizons=horizons if len(set(horizons)) > 1 else horizons[:1],
        )
        return self.asked.ask("depth", deeper, Depth(evaluation.outcome, {}, {}))

    def _doses(self, outcome: str) -> Mapping[str, Mapping[str, float]]:
        """Return what trained sites' changes are described by besides hours attended by all."""
        enrolments, staff = self.of("enrolments", "staff")
        doses = exposure.hours_by_tier(enrolments, staff, self.waves)
        if outcome == exposure.STANDARD:
            return doses
        kept = exposure.standard_kept(self.outcome(exposure.STANDARD))
        return doses | ({"standard_kept": kept} if kept else {})

    def family(self, others: Sequence[Evaluation]) -> Family:
        """Correct the secondary outcomes for being several."""
        if not others:
            return Family((), (), (), (), float("nan"), 0, 0, ())
        level = 1 - self.client.design.alpha
        return self.asked.ask(
            "family",
            lambda: causal.romano_wolf(others, seed=self.seed, level=level),
            Family((), (), (), tuple(e.outcome for e in others), float("nan"), 0, 0, ()),
        )

    def several(self, others: Sequence[Evaluation], family: Family) -> StageResults:
        """Return effects with raw and corrected p-values, and a check an outcome."""
        return tables.several_outcomes(others, family, alpha=self.client.design.alpha)

    def _compared(self, evaluation: Evaluation) -> pd.DataFrame:
        """Return the frame an evaluation compared, counted in rounds where it counts them."""
        frame, rounds = self.outcome(evaluation.outcome), evaluation.options.rounds
        return frame if rounds is None else rounds.counted(frame)

    def threats(self, evaluation: Evaluation) -> StageResults:
        """Ask for spill-over and for attrition of respondents and of staff."""
        enrolments, staff = self.of("enrolments", "staff")
        frame, rounds = self._compared(evaluation), evaluation.options.rounds
        ask = self.asked.ask
        exposed = exposure.exposed_sites(enrolments, staff, self.waves)
        spill_over = ask(
            "spill_over",
            lambda: causal.assess_spill_over(
                evaluation, frame, exposed, where_known=enrolments is None or staff is not None
            ),
            StageResults(stage="tracking"),
        )
        named = {
            "outcome": evaluation.outcome,
            "unit": evaluation.unit,
            "options": evaluation.options,
        }
        found: list[Any] = [spill_over, self._respondents(evaluation)]
        since = exposure.exposed_since(enrolments, staff, self.waves)
        since = {site: month for site, month in since.items() if site in set(frame["unit"])}
        if rounds is not None:
            since = {site: float(rounds.first_round(month)) for site, month in since.items()}
        if since and evaluation.causal:
            spilled = ask("exposed", lambda: causal.spillover(frame, since, **named), None)
            found += [] if spilled is None else [spilled.estimates()[0]]
        if evaluation.causal and self._assigned != {"randomised"}:
            # A lot makes sites alike but for chance; where sites were chosen they are weighted.
            balanced = ask(
                "balanced",
                lambda: causal.balanced_effect(frame, _level_and_trend(frame, rounds), **named),
                None,
            )
            found += [] if balanced is None else [balanced.estimates(), balanced.checks()]
        return collect("tracking", found)

    def staff_attrition(self) -> StageResults:
        """Ask whether as many rated staff stay in both arms, and bound the behaviour's change."""
        everybody = exposure.rated_before(self.table("ratings"), self._cohorts)
        if everybody is not None and len(everybody) and everybody["treated"].all():
            return _not_asked("staff", "behaviour", "causal.why.staff.no_comparison")
        return self._attrition(everybody, "staff", "behaviour", "causal.why.staff.not_recorded")

    def improved(self) -> tuple[Estimate, ...]:
        """Return the share of rated staff who improved beyond rater error, by arm.

        The reliability of a person's mean rating is that of one rating sheet (the intraclass
        correlation of the baseline stage) stepped up to the sheets a person has (Spearman–Brown).
        """
        ratings = self.table("ratings")
        people = exposure.rated_before(ratings, self._cohorts)
        if people is None:
            return ()
        forms = set(ratings.loc[ratings["ratee_id"].notna(), "instrument"])
        earlier = self.earlier("baseline").estimates
        one = next((e.value for e in earlier if _is_sheet(e, forms)), None)
        if one is None or not 0 < one < 1:
            return ()
        sheets = people["sheets"].median()
        reliability = sheets * one / (1 + (sheets - 1) * one)
        found = self.asked.ask(
            "improved",
            lambda: causal.share_improved(
                people, outcome="behaviour", reliability=reliability, options=self.options()
            ),
            (),
        )
        return tuple(replace(e, dims={**e.dims, "label": _arm_of(e)}) for e in found)

    def behaviour(self, *, draws: int = INFERENCE_DRAWS) -> tuple[Estimate, ...]:
        """Evaluate the rated behaviour, a rater role at a time."""
        return tuple(
            replace(e.overall, dims={**e.overall.dims, "role": role})
            for role, e in self._rated(draws).items()
        )

    def _rated(self, draws: int) -> Mapping[str, Evaluation]:
        """Return the evaluation of the rated behaviour by role that rates it; made once."""
        known = self._by_role
        for role in RATER_ROLES:
            if (role, draws) not in known and not self.outcome("behaviour", stratum=role).empty:
                known[role, draws] = self.evaluate(
                    "behaviour",
                    draws=draws,
                    stratum=role,
                    prefix=f"tracking.{role}",
                    alternatives=(),
                    horizons=(),
                )
        return {role: known[role, draws] for role in RATER_ROLES if (role, draws) in known}

    @cached_property
    def _truth(self) -> pd.DataFrame:
        """What is true in a simulated client's world; without rows for other clients."""
        truth = read_truth(self.client.folder)
        return truth if self.simulated else truth.iloc[:0]

    @cached_property
    def _by_role(self) -> dict[tuple[str, int], Evaluation]:
        return {}

    def time_to_resolve(self) -> StageResults:
        """Compare the time to the first reply and to the solution, open tickets included.

        Nothing without tickets. The table ``open_tickets`` holds the curves of the solution,
        ``unanswered_tickets`` those of the reply.
        """
        tickets = self._tickets
        if tickets is None:
            return StageResults(stage="tracking")
        found: list[Any] = []
        shown = {}
        for ending, column, table in _ENDINGS:
            if tickets[column].notna().any():
                waited = self._waited(ending, tickets)
                if waited is None:
                    continue
                estimates, shown[table] = waited
                found.append(estimates)
                # Complaints wait for other things than repairs do; the mix may change besides.
                for kind in _KINDS_OF_TICKETS:
                    mine = tickets[tickets["kind"] == kind]
                    if mine[column].notna().any():
                        same = {"kind": kind, "tau_hours": estimates[0].dims.get("tau_hours")}
                        apart = self._waited(ending, mine, **same)
                        if apart is not None:
                            found.append(apart[0] if kind == "complaint" else apart[0][:1])
        return collect("tracking", found, tables=shown)

    def _waited(self, ending: str, tickets: pd.DataFrame, **named: Any) -> Any:
        ask = partial(self._time_to, ending, tickets, **named)
        return self.asked.ask("waits", ask, None, about=ending)

    def forms(self) -> StageResults:
        """Ask scores and contracts in the form in which they are recorded; who did not renew."""
        found = self.asked.ask(
            "forms",
            lambda: outcome_forms.forms(self, self._cohorts, options=self.options()),
            StageResults(stage="tracking"),
        )
        return merge("tracking", [found, self.step("households", households, self)])

    def sources(self, roles: Sequence[Estimate]) -> StageResults:
        """Hold sources on behaviour against one another; layers of staff; knowing and doing.

        What the log of skills at work says goes with them.
        """
        seen = self.asked.ask(
            "skill_use",
            lambda: behaviour_sources.skills(self),
            StageResults(stage="tracking"),
        )
        rated = self.asked.ask(
            "sources",
            lambda: behaviour_sources.sources(self, roles, self._cohorts),
            StageResults(stage="tracking"),
        )
        return merge("tracking", [rated, seen])

    def explored(self, main: Evaluation) -> tuple[Estimate, ...]:
        """Ask by which way the outcome changed, as exploration, and what training again adds."""
        ask = self.asked.ask
        return (
            *ask("mediation", lambda: explored.by_which_way(self, main), ()),
            *ask("again", lambda: explored.trained_again(self, main), ()),
        )

    def weighted(self, main: Evaluation) -> tuple[Estimate, ...]:
        """Return the effect weighted for non-response, and what the weights change."""
        return self.asked.ask("weighted", lambda: explored.weighted(self, main), ())

    def waves_alike(self, main: Evaluation) -> tuple[Check, ...]:
        """Ask whether the effect is the same for all training waves."""
        return self.asked.ask("waves", lambda: (causal.waves_alike(main),), ())

    def targets(self, *evaluations: Evaluation) -> StageResults:
        """Return the probability that each target of change was reached, in both readings.

        A relative target is a share of the trained sites' level before training; of all sites'
        where there is no comparison. Where the effect is one on a rate, it is read as a share of
        what the rate would have been: the headline's own effect, in its other reading.
        """
        effects = {e.outcome: e.overall for e in evaluations}
        relative = {e.outcome: e.of("att_relative")[0] for e in evaluations if e.of("att_relative")}
        before = [
            self.asked.ask("level", partial(causal.level_before, e), None, about=e.outcome)
            for e in evaluations
        ]
        own = {e.indicator: self._on_scale(e) for e in before if e is not None}
        levels = self.mean_levels(before=self.first_wave) | own
        found = tables.targets(
            self.client.goals,
            effects,
            levels,
            self.registry,
            relative,
            **self.made,
        )
        figures = [b for b in self.client.benchmarks if b.of == "change"]
        units = {b.indicator: self.unit(b.indicator) for b in figures}
        beside = partial(assess_benchmarks, figures, effects, units, stage="tracking")
        published = self.asked.ask("benchmarks", beside, StageResults(stage="tracking"))
        return merge("tracking", [found, published, *own.values()])

    def _on_scale(self, level: Estimate) -> Estimate:
        """Return a level with the ends of its scale, where they are known, among its dims."""
        ends = span(level.unit, self.table("instruments"))
        if ends is None:
            return level
        return replace(level, dims={**level.dims, "scale_min": ends[0], "scale_max": ends[1]})

    def claims(
        self,
        main: Evaluation,
        others: Iterable[Evaluation] = (),
        *,
        checks: Iterable[Check] = (),
        others_checks: Iterable[Check] = (),
    ) -> tuple[Finding, ...]:
        """Grade what evaluations say about their overall effects, the primary one first.

        Parameters
        ----------
        main : Evaluation
            Of the primary outcome.
        others : Iterable of Evaluation
        checks : Iterable of Check
            What else was asked about the primary effect.
        others_checks : Iterable of Check
            What else was asked about the other effects; each names its outcome in ``dims``.
        """
        extra = tuple(others_checks)
        return (
            self._claim(main, (*main.checks(), *checks), self.client.design.smallest_effect),
            *(
                self._claim(
                    other,
                    (*other.checks(), *(c for c in extra if c.dims["outcome"] == other.outcome)),
                    None,
                )
                for other in others
            ),
        )

    def first_screen(
        self, main: Evaluation, depth: Depth, finding: Finding, checks: Iterable[Check]
    ) -> tuple[findings.Line, ...]:
        """Answer in four sentences: whether it worked, for whom, for how long, how surely."""
        first = next(iter(self.kinds), None)
        return findings.first_screen(
            finding,
            horizons=main.of("att_horizon") or main.of("change_horizon"),
            lasts=depth.part("lasts"),
            kinds=tuple(e for e in depth.part("kinds") if first in (*e.dims, e.dims.get("by"))),
            bounds=depth.part("bounds"),
            checks=checks,
            direction=self.registry[main.outcome].direction,
        )

    def shown(self, depth: Depth, lines: Sequence[findings.Line]) -> StageResults:
        """Return the tables that the page shows of several results."""
        shown = {
            "first_screen": findings.lines_table(lines),
            "kinds": tables.kinds_table(depth),
            "bounds": tables.bounds_table(depth, self.unit(depth.outcome)),
        }
        return collect("tracking", (), tables=shown)

    @staticmethod
    def lasting(depth: Depth) -> tuple[Estimate, ...]:
        """Return how much is left and how fast it fades, a row each."""
        return tables.lasting(depth)

    @staticmethod
    def by_estimator(main: Evaluation) -> tuple[Estimate, ...]:
        """Return the leading estimate, its second inference, and the other estimators."""
        return tables.by_estimator(main)

    @staticmethod
    def by_kind(depth: Depth) -> tuple[Estimate, ...]:
        """Return the effects by kind of sites as a figure labels them."""
        return tables.by_kind(depth)

    def rule(self, evaluation: Evaluation) -> Mapping[str, Any]:
        """Return the rules that chose estimator and inference, and what they chose here."""
        rule = evaluation.rule
        return {
            "few": inference_rule.FEWEST_FOR_BOOTSTRAP,
            "enough": inference_rule.FEWEST_FOR_INFLUENCE,
            "clusters": inference_rule.FEWEST_CLUSTERS_FOR_INFLUENCE,
            "method": f"causal.method.{evaluation.overall.method}",
            "here": rule.reason if rule else "causal.rule.description",
        }

    @property
    def kinds(self) -> Mapping[str, Mapping[str, str]]:
        """What sites are told apart by, where known: property type, level before, managers."""
        known = self.sites.dropna(subset=["property_type"]).set_index("site_id")["property_type"]
        before = exposure.level_before(self.outcome(), self.first_wave)
        mix = exposure.managers_among_staff(self.table("staff"), self.first_wave)
        kinds = {"property_type": known.to_dict(), "baseline_level": before, "staff_mix": mix}
        return {name: kind for name, kind in kinds.items() if len(set(kind.values())) > 1}

    @cached_property
    def _cohorts(self) -> pd.Series:
        return indicators.cohorts(self.waves)

    @cached_property
    def _assigned(self) -> set[str]:
        return set(self.waves.loc[self.waves["wave"] > 0, "assigned_by"].fillna("unknown"))

    def _claim(self, evaluation, checks, smallest) -> Finding:
        return findings.effect_finding(
            evaluation.overall,
            checks,
            assigned_by=self._assigned,
            direction=self.registry[evaluation.outcome].direction,
            subject=evaluation.outcome,
            smallest=smallest,
        )

    def _respondents(self, evaluation: Evaluation) -> StageResults:
        if "surveys" not in self.registry[evaluation.outcome].sources:
            return _not_asked(
                "respondents", evaluation.outcome, "causal.why.respondents.other_source"
            )
        surveys, (instruments, asked) = self.answers, self.of("instruments", "invitations")
        everybody = exposure.asked_after(
            surveys, instruments, asked, self._cohorts, self.client.client.timezone
        )
        return self._attrition(
            everybody, "respondents", "csat_mean", "causal.why.respondents.not_recorded"
        )

    def _attrition(self, everybody, who: str, outcome: str, missing: str) -> StageResults:
        if everybody is None or everybody.empty:
            return _not_asked(who, outcome, missing)
        return self.asked.ask(
            "attrition",
            lambda: causal.assess_attrition(
                everybody["y"],
                everybody["stayed"],
                everybody["treated"],
                everybody["site_id"],
                who=who,
                outcome=outcome,
                unit=self.unit(outcome),
                options=self.options(),
            ),
            StageResults(stage="tracking"),
            about=who,
        )


def _arm_of(estimate: Estimate) -> str:
    """Return the words for the arm that an estimate is about; of the effect for both."""
    arm = estimate.dims.get("arm")
    return f"terms.arm.{arm}" if arm else f"causal.estimand.{estimate.estimand}"


def _is_sheet(estimate: Estimate, instruments: set[str]) -> bool:
    """Tell whether an estimate is the reliability of one sheet of one of the instruments."""
    return estimate.dims.get("form") == "ICC1" and estimate.dims.get("instrument") in instruments


def _in_part(evaluation: Evaluation, months: Sequence[int]) -> Check:
    """Name the months that are left out because few of their cases are known."""
    name = f"{evaluation.options.prefix}.{evaluation.outcome}.check.months_in_part"
    return Check(
        id=name,
        topic=Topic.MONTHS_IN_PART,
        indicator=evaluation.outcome,
        question="causal.check.months_in_part",
        status="passed",
        value=float(len(months)),
        unit="count",
        n=evaluation.overall.n,
        reason="causal.why.months_in_part.left_out",
        params={"months": len(months), "first": months[0]},
    )


def _not_asked(who: str, outcome: str, reason: str) -> StageResults:
    check = Check(
        id=f"tracking.{outcome}.check.{who}",
        topic=Topic(who),
        indicator=outcome,
        question=f"causal.check.{who}",
        status="not_possible",
        reason=reason,
    )
    return collect("tracking", [check])


def _level_and_trend(frame: pd.DataFrame, rounds: causal.Rounds | None) -> pd.DataFrame:
    """Return sites' level and trend before training; the level alone where one round was before."""
    if rounds is None:
        return causal.baseline_means(frame)
    before = min(6, max(1, int(frame["cohort"].min())))
    return causal.baseline_means(frame, last=before).dropna(axis=1, how="all")
