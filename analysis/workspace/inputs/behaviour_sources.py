"""Behaviour from several sides: sources against one another, layers of staff, knowing and doing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pandas as pd

from analysis import causal, measurement
from analysis.causal import Options
from analysis.causal.behaviour.skill_use import applying, assess_skill_use
from analysis.memory import remembered
from analysis.results import Estimate, StageResults, collect
from analysis.tables import periods_of
from analysis.workspace.inputs import exposure
from analysis.workspace.inputs.outcome_forms import attempt, named, without

LOG = "response_within_30min"
"""What the system itself records of behaviour at work."""
LAYERS = ("frontline", "middle", "senior")
_SELF = "self"


def triangulated(
    effects: Iterable[tuple[str, Estimate, pd.DataFrame, float | None]],
    *,
    first: int,
    options: Options,
) -> StageResults:
    """Pool what the sources say about behaviour, each in standard deviations of its own means.

    Parameters
    ----------
    effects : iterable of (name, effect, frame, reliability)
        A source, its effect, the estimation frame behind it, and the share of its spread that is
        not rater error; sources without effect or reliability are left out.
    first : int
        First month of training; spreads are those before.
    """
    sources, behind = [], []
    for name, effect, frame, reliability in effects:
        spread = frame.loc[frame["period"] < first, "y"].std()
        if effect.se and reliability and spread > 0:
            sources.append((name, effect.value / spread, effect.se / spread, reliability))
            behind.append(effect)
            against = effect.comparison
    if len(sources) < 2:
        nothing = without(
            "few_sources",
            label="triangulated",
            outcome="behaviour",
            unit="standard_deviations",
            options=options,
        )
        return collect("tracking", [nothing])
    pooled, check = causal.triangulate(
        sources, outcome="behaviour", causal_against=against, options=options
    )
    sites = [effect.n_units for effect in behind if effect.n_units is not None]
    pooled = replace(pooled, n=sum(e.n for e in behind), n_units=max(sites, default=None))
    return collect("tracking", [named(pooled, "triangulated"), check])


def by_layer(
    ratings: pd.DataFrame | None,
    staff: pd.DataFrame | None,
    cohort: pd.Series,
    *,
    unit: str,
    options: Options,
) -> tuple[Estimate, ...]:
    """Estimate the effect on rated behaviour by layer of staff, and the layers' difference.

    The difference is the effect on the gap between two layers of the same site: one interval of its
    own, not two intervals held against each other.
    """
    if ratings is None or staff is None:
        return ()
    rows = ratings[(ratings["rater_role"] != _SELF) & ratings["ratee_id"].notna()]
    rows = rows.merge(staff[["staff_id", "tier"]], left_on="ratee_id", right_on="staff_id")
    month = pd.to_datetime(rows["rated_on"])
    rows = rows.assign(unit=rows["site_id"], period=periods_of(month))
    rows = rows[rows["unit"].isin(cohort.index)]
    wide = rows.pivot_table(index=["unit", "period"], columns="tier", values="score")
    layers = [layer for layer in LAYERS if layer in wide]
    if len(layers) < 2:
        return (
            without(
                "one_layer", label="layer_gap", outcome="behaviour", unit=unit, options=options
            ),
        )
    frames = {f"layer_{layer}": wide[layer] for layer in layers}
    frames["layer_gap"] = wide[layers[0]] - wide[layers[1]]
    found: list[Estimate] = []
    for label, values in frames.items():
        frame = values.dropna().rename("y").reset_index()
        frame["cohort"] = frame["unit"].map(cohort).astype(float)
        quick = replace(options, prefix=f"{options.prefix}.{label}", alternatives=(), horizons=())

        def effect(frame=frame, quick=quick, label=label) -> Iterable[Estimate]:
            counted, rounds = causal.to_rounds(frame)
            asked = quick
            if rounds is not None:
                before = rounds.anticipated(quick.anticipation, cohort)
                asked = replace(quick, rounds=rounds, anticipation=before)
            found = remembered(causal.evaluate)(
                counted, outcome="behaviour", unit=unit, options=asked
            )
            return (named(found.overall, label),)

        found += attempt(effect, label=label, outcome="behaviour", unit=unit, options=options)
    return tuple(found)


def knowing_and_doing(
    people: pd.DataFrame | None, assessments: pd.DataFrame | None, *, options: Options
) -> tuple[Estimate, ...]:
    """Compare what people gained in the test with what they gained in rated behaviour.

    Parameters
    ----------
    people : DataFrame or None
        As :func:`analysis.workspace.inputs.exposure.rated_before` returns it.
    assessments : DataFrame or None
        Canonical table; written tests before and after count.
    """
    if people is None or assessments is None:
        return ()
    written = assessments[assessments["form"] == "written"]
    tests = written.pivot_table(index="staff_id", columns="occasion", values="score")
    tests = tests.reindex(columns=["pre", "post"]).add_prefix("test_")
    both = people.rename(columns={"before": "behaviour_before", "after": "behaviour_after"}).merge(
        tests.rename(columns={"test_pre": "test_before", "test_post": "test_after"}),
        left_on="ratee_id",
        right_index=True,
    )
    shown = {
        ("know", "treated"): "know",
        ("do", "treated"): "do",
        ("gap", "treated"): "gap",
        ("gap", None): "gap_att",
    }

    def gap() -> Iterable[Estimate]:
        found = causal.know_do_gap(both, outcome="behaviour", options=options)
        by_part = {(e.dims["part"], e.dims.get("arm")): e for e in found}
        return [named(by_part[part], label) for part, label in shown.items() if part in by_part]

    sd = "standard_deviations"
    return attempt(gap, label="gap", outcome="behaviour", unit=sd, options=options)


def change_alone(
    people: pd.DataFrame | None, *, unit: str, options: Options
) -> tuple[Estimate, ...]:
    """Describe how ratings of the same people changed where only the trained were rated.

    Parameters
    ----------
    people : DataFrame or None
        As :func:`analysis.workspace.inputs.exposure.rated_before` returns it.
    unit : str
        Unit of rated behaviour.
    """
    if people is None or people.empty or not people["treated"].all():
        return ()

    def change() -> Iterable[Estimate]:
        found = causal.rated_change(people, outcome="behaviour", unit=unit, options=options)
        return [named(estimate, "change_alone") for estimate in found]

    return attempt(change, label="change_alone", outcome="behaviour", unit=unit, options=options)


def sources(stage: Any, roles: Iterable[Estimate], cohort: pd.Series) -> StageResults:
    """Ask behaviour from several sides; nothing where nobody rates behaviour."""
    ratings, staff, assessments = stage.of("ratings", "staff", "assessments")
    if ratings is None:
        return StageResults(stage="tracking")
    options, first = stage.options(), stage.first_wave
    effects = [
        (
            role := effect.dims["role"],
            effect,
            stage.outcome("behaviour", stratum=role),
            measurement.error_free_share(ratings, role, first),
        )
        for effect in roles
        if effect.dims["role"] != _SELF
    ]
    log = stage.outcome(LOG)
    if not log.empty:
        own = stage.evaluate(LOG, draws=options.draws, alternatives=(), horizons=())
        if own.broken_rule in causal.Refusal.__members__.values():
            stage.asked.refuse("sources", causal.Refusal(own.broken_rule), about=LOG)
        effects.append((LOG, own.overall, log, 1.0))
    people = exposure.rated_before(ratings, cohort)
    unit = stage.unit("behaviour")
    return collect(
        "tracking",
        [
            triangulated(effects, first=first, options=options),
            by_layer(ratings, staff, cohort, unit=unit, options=options),
            change_alone(people, unit=unit, options=options),
            knowing_and_doing(people, assessments, options=options),
        ],
    )


def skills(stage: Any) -> StageResults:
    """Ask how much of what was learned is used at work, in all, by skill, post and month."""
    lines, options = stage.lines, stage.options()
    log, assessments, enrolments, staff = stage.of(
        "skill_use", "assessments", "enrolments", "staff"
    )
    reactions, instruments = stage.of("reactions", "instruments")
    marks, behaviours = lines.of("pass_marks") or {}, stage.client.coverage
    least = int(lines.of("skills_applied") or 1)
    found = assess_skill_use(
        log,
        assessments,
        enrolments,
        staff,
        reactions=reactions,
        instruments=instruments,
        marks=marks,
        behaviours=behaviours,
        least=least,
        per_week=lines.of("skill_uses_per_week"),
        level=options.level,
    )
    people = applying(log, assessments, enrolments, staff, marks=marks, behaviours=behaviours)
    if people is None:
        why = "skills_not_recorded" if log is None else "nobody_learned"
        rows = (without(why, label="application", outcome="behaviour", options=options),)
    else:

        def made() -> Iterable[Estimate]:
            rate, transfer = causal.application(
                people, outcome="behaviour", least=least, options=options
            )
            return (named(rate, "application"), named(transfer, "transfer"))

        rows = attempt(made, label="application", outcome="behaviour", options=options)
    return collect("tracking", [*found.checks, *rows], tables=dict(found.tables))
