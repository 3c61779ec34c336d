"""How small an effect a client's roll-out can find, told before anything is evaluated."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis import causal, design, indicators, ingest
from analysis import client as clients
from analysis.errors import InputError
from analysis.refusals import RefusedError
from analysis.settings import ALPHA
from analysis.tables import TABLES, month_of, period_of
from analysis.workspace.opening.prepare import panel_of

if TYPE_CHECKING:
    from analysis.workspace.opening.stage import Stage

DRAWS = 500
"""Draws of the simulation: the smallest effect is told to about 3 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detectable:
    """The smallest effect by what leads, or what is lacking.

    Attributes
    ----------
    table : DataFrame or None
        As of :func:`analysis.design.power_by_estimator`.
    indicator, unit : str
        The outcome; empty without a table.
    alpha, power : float
        What was asked.
    reason : str
        Wording key of what is lacking; empty with a table.
    places : tuple of str
        Lines of the client file still to be decided, where these are lacking.
    """

    table: pd.DataFrame | None = None
    indicator: str = ""
    unit: str = ""
    alpha: float = ALPHA
    power: float = 0.8
    reason: str = ""
    places: tuple[str, ...] = ()


def of_stage(stage: Stage) -> Detectable:
    """Return the smallest effects of an opened client's primary outcome."""
    return _found(
        stage.outcome(),
        stage.primary,
        stage.unit(),
        stage.client,
        base=stage.base().base,
        by_lot=stage.lottery.holds,
    )


def of_tables(
    client: clients.Client,
    frames: Mapping[str, pd.DataFrame],
    *,
    panel: pd.DataFrame | None = None,
) -> Detectable:
    """Return the smallest effects of the primary outcome, else of the first that is measured.

    Parameters
    ----------
    client : Client
    frames : Mapping[str, DataFrame]
        Canonical tables, as :func:`analysis.ingest.examine` gives them.
    panel : DataFrame, optional
        Their panel, where it is built already.
    """
    waves = frames.get("waves")
    if waves is None or waves.empty:
        return Detectable(reason="cli.detectable.no_waves")
    waves = waves.reindex(columns=list(TABLES["waves"].columns))
    registry = indicators.of_client(client)
    if panel is None:
        with indicators.connect("duckdb", timezone=client.client.timezone) as engine:
            panel = panel_of(client, frames, engine=engine)
    whole = panel[(panel["stratum"] == "") & (panel["site_id"] != "") & panel["value"].notna()]
    measured = set(whole["indicator"])
    possible = [client.design.primary_outcome, *(n for n, i in registry.items() if i.primary)]
    name = next((name for name in possible if name in measured), None)
    if name is None:
        return Detectable(reason="cli.detectable.no_outcome")
    frame = indicators.outcome(panel, name, waves, indicators=registry)
    base = client.design.base
    if base == "auto":
        base = design.choose_base(frame).base
    drawn = set(waves["assigned_by"].dropna()) == {"randomised"}
    return _found(frame, name, registry[name].unit, client, base=base, by_lot=drawn)


def of_proposal(path: Path) -> Detectable:
    """Return the smallest effects as far as a proposed client file can be read already.

    Parameters
    ----------
    path : Path
        ``client.yml`` as :func:`analysis.ingest.new_client` wrote it, beside ``raw/``.
    """
    from ruamel.yaml import YAML

    document, places = ingest.readable(YAML(typ="safe").load(path))
    lacking = Detectable(reason="cli.detectable.undecided", places=places)
    tables = {source["table"] for source in document.get("sources", ())}
    for table in ("waves", "sites"):
        if table not in tables and not any(place.startswith(f"{table}.") for place in places):
            return Detectable(reason=f"cli.detectable.no_{table}")
    if not {"sites", "waves"} <= tables:
        return lacking
    if len(tables) == 2:
        return lacking if places else Detectable(reason="cli.detectable.no_outcome")
    wrong: list[str] = []
    for table in [table for table in ingest.OUTCOMES if table in tables]:
        found = _of_part(document, table, path.parent / "raw")
        if found.reason != "cli.detectable.faults":
            return found
        wrong += found.places
    return Detectable(reason="cli.detectable.faults", places=tuple(dict.fromkeys(wrong)))


def _of_part(document: dict[str, Any], table: str, raw: Path) -> Detectable:
    """Return the smallest effects by what one table measures."""
    from ruamel.yaml import YAML

    wanted = (*ingest.NEEDED, table)
    sources = [source for source in document["sources"] if source["table"] in wanted]
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder) / document["client"]["id"]
        own.mkdir()
        _lend(raw, own / "raw")
        with (own / "client.yml").open("w", encoding="utf-8") as file:
            YAML(typ="safe").dump({**document, "sources": sources}, file)
        try:
            client = clients.load(own)
        except InputError as error:
            return Detectable(reason="cli.detectable.faults", places=_places(error.faults))
        examined = ingest.examine(client)
        if blocking := [fault for fault in examined.faults if fault.blocking]:
            return Detectable(reason="cli.detectable.faults", places=_places(blocking))
        months = _months(examined.frames, client.client.timezone)
        if months is None:
            return Detectable(reason="cli.detectable.no_outcome")
        period = client.period.model_copy(update={"first": months[0], "last": months[1]})
        return of_tables(client.model_copy(update={"period": period}), examined.frames)


@lru_cache(maxsize=32)
def judged(plan: design.RollOut) -> causal.PlannedTest:
    """Ask what will lead in a roll-out as planned, so that power is that of what leads."""
    return causal.plan_test(
        plan.starts, plan.n_never, plan.n_periods, base=plan.base, by_lot=plan.by_lot
    )


def _found(
    frame: pd.DataFrame, name: str, unit: str, client: clients.Client, **leads: Any
) -> Detectable:
    stated = client.design
    asked = {"alpha": stated.alpha, "power": stated.power}
    try:
        plan = design.read_roll_out(frame, **leads)
        errors, before = design.error_model(frame)
        effect = stated.smallest_effect or 0.25 * float(before["y"].std())
        table = design.power_by_estimator(plan, errors, effect, **asked, draws=DRAWS, judge=judged)
    except RefusedError as error:
        if error.reason is None:
            raise
        return Detectable(reason=error.reason.key)
    return Detectable(table=table, indicator=name, unit=unit, **asked)


def _lend(folder: Path, place: Path) -> None:
    try:
        place.symlink_to(folder.resolve(), target_is_directory=True)
    except OSError:  # Windows without the right to make links
        shutil.copytree(folder, place)


def _places(faults: list) -> tuple[str, ...]:
    named = (": ".join(filter(None, (fault.file, fault.column))) for fault in faults)
    return tuple(dict.fromkeys(filter(None, named)))


def _months(frames: Mapping[str, pd.DataFrame], timezone: str) -> tuple | None:
    """Return first and last month in which anything is measured."""
    days = []
    for table, column in (
        ("tickets", "opened_at"),
        ("surveys", "answered_at"),
        ("survey_means", "month"),
        ("ticket_counts", "month"),
        ("fees", "month"),
    ):
        if (frame := frames.get(table)) is not None and column in frame:
            known = pd.to_datetime(frame[column]).dropna()
            if known.dt.tz is not None:
                known = known.dt.tz_convert(timezone).dt.tz_localize(None)
            days += [known.min(), known.max()] if len(known) else []
    if not days:
        return None
    first, last = min(days), max(days)
    return tuple(month_of(period_of(day)) for day in (first, last))
