"""Plan and baseline, locked in the client's folder and compared at every opening of a stage."""

from __future__ import annotations

import datetime as dt
import getpass
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from analysis import client as clients
from analysis import files, newest, results
from analysis.design import assign_balanced, baseline, locks
from analysis.design.plan import Plan, make_plan
from analysis.errors import DesignError, StoredFileError
from analysis.indicators import cohorts
from analysis.inert import csv_text
from analysis.results import Check, StageResults, Topic, collect
from analysis.tables import period_of
from analysis.workspace.opening.leading import bases_of
from analysis.workspace.opening.lock_files import lock_path, read_lock
from analysis.workspace.opening.opened import Opened
from analysis.workspace.opening.prepare import CANONICAL

DAYS_BEFORE: Mapping[locks.Kind, int] = {"plan": 14, "baseline": 1}
"""How long before the first wave a simulated client's plan and baseline count as locked."""


def plan_of(stage: Opened) -> Plan:
    """Return the plan as the client file and the table of waves state it now."""
    client, design = stage.client, stage.client.design
    base, bases = bases_of(stage)
    money = client.value.model_dump(mode="json")
    benefits = money.pop("benefits")
    return make_plan(
        stage.primary,
        client.goals,
        stage.table("waves"),
        secondary_outcomes=design.secondary_outcomes,
        alpha=design.alpha,
        power=design.power,
        smallest_effect=design.smallest_effect,
        measure_at_months=design.measure_at_months,
        anticipation_months=design.anticipation_months,
        base=base,
        bases=bases,
        assignment=design.assignment,
        min_evaluators=design.min_evaluators,
        choices=client.choices,
        money=money,
        benefits=tuple(benefits),
        outcomes={name: _declared(outcome) for name, outcome in client.outcomes.items()},
        satisfied=_satisfied(client),
    )


def _declared(outcome: clients.Outcome) -> dict[str, Any]:
    """Return what an outcome is counted from and asked of, with lists for pairs."""
    said = outcome.model_dump(mode="json", exclude_defaults=True, exclude={"title"})
    if outcome.satisfied is not None:
        said["satisfied"] = [outcome.satisfied.min, outcome.satisfied.max]
    if outcome.alert is not None:
        said["alert"] = outcome.alert.value
    return said


def _satisfied(client: clients.Client) -> dict[str, dict[str, float]]:
    """Return the lowest score that counts as satisfied, where declared."""
    said = {
        name: {
            item: least
            for item in instrument.items
            if (least := instrument.satisfied_from(item)) is not None
        }
        for name, instrument in client.instruments.items()
    }
    return {name: items for name, items in said.items() if items}


def baseline_of(stage: Opened, *, before: int) -> dict[str, Any]:
    """Return the baseline as the canonical tables hold it now, before a running month.

    Kept beside the canonical tables, because every stage of a run compares it.
    """
    kept = stage.folder / CANONICAL / f"baseline_{before}.json"
    if kept.is_file():
        return json.loads(kept.read_text(encoding="utf-8"))
    given = stage.given(baseline.SEALED)
    found = baseline.baseline_content(
        {name: rows for name, rows in given.items() if rows is not None},
        before=before,
        timezone=stage.client.client.timezone,
        levels=stage.mean_levels(before=before),
    )
    files.write_text(kept, json.dumps(found, sort_keys=True))
    return found


def compare(stage: Opened) -> StageResults:
    """Compare plan and baseline with what was locked.

    A stage that looks back to a day before the first wave says nothing about the seal.

    Returns
    -------
    StageResults
        Checks ``plan_lock`` and, from the baseline stage on, ``baseline_seal``; table
        ``deviations`` of both.
    """
    early = stage.as_of is not None and stage.as_of < stage.first_day
    kinds = ("plan",) if stage.name == "design" or early else locks.KINDS
    parts = [_compare(stage, kind) for kind in kinds]
    rows = pd.concat([part.tables["deviations"] for part in parts], ignore_index=True)
    return collect("locks", parts, tables={"deviations": rows})


def _compare(stage: Opened, kind: locks.Kind) -> StageResults:
    try:
        lock = read_lock(stage.client, kind)
    except DesignError:
        broken = Check(
            id=locks.CHECKS[kind],
            topic=Topic.LOCK,
            question=f"locks.{kind}.question",
            status="failed",
            reason=f"locks.{kind}.unreadable",
            remedy="locks.remedy",
            dims={"lock": kind},
        )
        return collect(
            "locks", [broken], tables={"deviations": pd.DataFrame(columns=locks.COLUMNS)}
        )
    return locks.assess_lock(
        kind,
        lock,
        None if lock is None else _now(stage, kind, lock),
        first_start=_first_start(stage),
        seen=_seen(stage),
        today=dt.date.today(),
    )


def _now(stage: Opened, kind: locks.Kind, lock: locks.Lock) -> dict[str, Any]:
    if kind == "plan":
        return plan_of(stage).content()
    year, month = lock.current.content["before"].split("-")
    return baseline_of(stage, before=period_of(dt.date(int(year), int(month), 1)))


def _first_start(stage: Opened) -> dt.date | None:
    """First training day held, or planned while none was."""
    treated = stage.waves[stage.waves["wave"].fillna(0) > 0]
    for column in ("actual_start", "planned_start"):
        known = pd.to_datetime(treated[column]).dropna()
        if len(known):
            return known.min().date()
    return None


def _seen(stage: Opened) -> pd.DataFrame | None:
    """Return the deviations that the client's last complete report showed."""
    complete = newest.latest(files.project_root() / "reports" / stage.client.id)
    if complete is None or not (complete / "results" / f"{stage.name}.json").is_file():
        return None
    try:
        found = results.load(stage.name, complete / "results").table_or_empty("deviations")
    except StoredFileError:
        return None  # a run of another version, or a damaged one, showed nothing we know of
    return found if "since" in found else None


def make_lock(
    stage: Opened,
    kind: locks.Kind,
    *,
    again: str = "",
    by: str = "",
    on: dt.date | None = None,
) -> locks.Lock:
    """Lock the plan or the baseline of an opened client and write it to its folder.

    Parameters
    ----------
    stage : Stage
        The client, opened for any stage.
    kind : {"plan", "baseline"}
        What is locked.
    again : str
        Why it is locked again; the versions before are kept.
    by : str
        Who locks; the account's name when empty.
    on : date, optional
        Day of the lock; today. A simulated client's locks have simulated dates.

    Raises
    ------
    DesignError
        When a lock stands and no reason is given, or there is no wave before which a baseline
        could lie.
    """
    if kind == "baseline" and not cohorts(stage.waves).notna().any():
        raise DesignError(
            "No site has a first training month, so no month is known to lie before it. "
            "Correct: give planned_start in the table of waves."
        )
    content = (
        plan_of(stage).content() if kind == "plan" else baseline_of(stage, before=stage.first_wave)
    )
    lock = locks.seal(
        kind,
        content,
        on=on or dt.date.today(),
        by=by or _account(),
        again=again,
        before=read_lock(stage.client, kind),
        simulated=stage.simulated and on is not None,
    )
    files.write_text(lock_path(stage.client, kind), lock.to_json())
    return lock


def _account() -> str:
    """Return the name of the account.

    Raises
    ------
    DesignError
        Where the system knows none, as in some containers.
    """
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError) as error:
        raise DesignError(
            "This account has no name, so the lock would not say whose it is. "
            "Correct: crmeval lock CLIENT WHAT --by NAME"
        ) from error


def lock_simulated(stage: Opened) -> None:
    """Lock a simulated client's plan and baseline on days before its first wave.

    What was locked for an earlier world goes: it promises nothing about this one.

    Raises
    ------
    DesignError
        When the client is not simulated.
    """
    if not stage.simulated:
        raise DesignError("Only a simulated client's locks may have made-up dates.")
    for kind, days in DAYS_BEFORE.items():
        files.remove(lock_path(stage.client, kind))
        first = _first_start(stage) or stage.first_day
        make_lock(stage, kind, by="simulation", on=first - dt.timedelta(days=days))


def draw_waves(
    stage: Opened, *, waves: int, share: float, seed: int
) -> tuple[Path, dict[str, Any]]:
    """Draw the waves of a client's sites and keep the draw with its audit.

    Parameters
    ----------
    stage : Stage
        The client, opened for any stage.
    waves : int
        Number of training waves.
    share : float
        Share of sites never trained.
    seed : int
        Seed of the draw.

    Returns
    -------
    Path, dict
        ``locks/draw.csv`` (``site_id, stratum, wave, arm``), beside it ``draw.json``; the audit.

    Raises
    ------
    DesignError
        When lots were drawn before, or the sites cannot be drawn.
    """
    path = lock_path(stage.client, "draw").with_suffix(".csv")
    if path.exists():
        raise DesignError(
            f"{path} holds a draw already; drawing until one likes the result is no lottery. "
            "Correct: use it, or move it away and record why."
        )
    varies = stage.sites["households"].astype(float).std() > 0
    balance_on = ["households"] if varies else []
    settings = {"waves": waves, "comparison_share": share, "seed": seed}
    drawn, audit = assign_balanced(stage.sites, balance_on=balance_on, **settings)
    files.write_text(path, csv_text(drawn.columns, drawn.itertuples(index=False), line_end="\n"))
    files.write_text(path.with_suffix(".json"), json.dumps(audit, indent=1, sort_keys=True) + "\n")
    return path, audit
