"""What leads for one client: the base its outcomes are compared with, and whether by lottery."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

import pandas as pd

from analysis import design
from analysis.design.power import Base
from analysis.errors import DesignError
from analysis.workspace.opening.lock_files import lock_path, read_lock
from analysis.workspace.opening.opened import Opened


def base_of(stage: Opened, indicator: str, frame: pd.DataFrame | None = None) -> design.BaseChoice:
    """Return what an outcome's months with training are compared with, and why.

    The client file's word counts; under ``auto`` that of the locked plan; else the rule on the
    months before training.

    Parameters
    ----------
    stage : Opened
    indicator : str
    frame : DataFrame, optional
        The outcome's frame where it is at hand.
    """
    found = stage.base_by_rule(indicator) if frame is None else design.choose_base(frame)
    named = base_named(stage, indicator)
    return found if named is None else found.as_stated(*named)


def base_named(stage: Opened, indicator: str) -> tuple[Base, Literal["stated", "locked"]] | None:
    """Return the base that the client file or the locked plan names; None leaves it to the rule."""
    stated = stage.client.design.base
    if stated != "auto":
        return stated, "stated"
    locked = locked_plan(stage)
    if locked is None:
        return None
    return locked.get("bases", {}).get(indicator, locked.get("base", "month_before")), "locked"


def bases_of(stage: Opened) -> tuple[str, Mapping[str, str]]:
    """Return the primary outcome's base, and those of planned outcomes that differ from it."""
    stated = stage.client.design
    others = [*stated.secondary_outcomes, *(b.indicator for b in stage.client.value.benefits)]
    first = _base(stage, stage.primary)
    found = {name: _base(stage, name) for name in dict.fromkeys(others)}
    return first, {name: base for name, base in found.items() if base != first}


def _base(stage: Opened, indicator: str) -> str:
    """Return an outcome's base; the rule reads the outcome only where it decides."""
    named = base_named(stage, indicator)
    return stage.base_by_rule(indicator).base if named is None else named[0]


def locked_plan(stage: Opened) -> Mapping[str, Any] | None:
    """Return the content of the locked plan; None without one that can be read."""
    try:
        lock = read_lock(stage.client, "plan")
    except DesignError:
        return None  # the comparison with the lock says that it cannot be read
    return None if lock is None else lock.current.content


def lottery_of(stage: Opened) -> design.Lottery:
    """Return whether a lottery is declared and the waves are those of the kept draw."""
    path = lock_path(stage.client, "draw").with_suffix(".csv")
    drawn = audit = None
    if path.is_file():
        drawn = pd.read_csv(path, dtype=str, keep_default_na=False).astype({"wave": int})
        kept = path.with_suffix(".json")
        audit = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else None
    declared = stage.client.design.assignment == "randomised"
    return design.audit_lottery(stage.waves, declared=declared, drawn=drawn, audit=audit)
