"""The risk register a programme starts with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from analysis import packaged
from analysis.results import Check, StageResults, Topic, collect


def starting_risks() -> list[dict[str, Any]]:
    """Return the risks of the requirements, as ``risks.yml`` beside this module lists them."""
    return packaged.content(Path(__file__).with_name("risks.yml"))


def assess_risks(register: pd.DataFrame | None) -> StageResults:
    """Give the risks to start with, and say whether the client keeps a register.

    Parameters
    ----------
    register : DataFrame, optional
        Canonical table ``risks``: ``probability, impact``.

    Returns
    -------
    StageResults
        Table ``starting_risks``: ``risk, area, trigger, owner, requirement``; check
        ``design.risks``: passed when every risk of the client's register is rated.
    """
    table = pd.DataFrame(starting_risks()).rename(columns={"id": "risk"})
    check = {"id": "design.risks", "topic": Topic.RISKS, "question": "planning.risks.question"}
    if register is None or register.empty:
        found = Check(
            **check,
            status="caution",
            reason="planning.risks.none",
            remedy="planning.risks.remedy",
        )
    else:
        unrated = int(register[["probability", "impact"]].isna().any(axis=1).sum())
        found = Check(
            **check,
            status="caution" if unrated else "passed",
            value=float(unrated),
            threshold=0.0,
            unit="count",
            n=len(register),
            reason="planning.risks.unrated" if unrated else None,
            remedy="planning.risks.remedy" if unrated else None,
        )
    kept = ["risk", "area", "owner", "requirement"]
    return collect("design", [found], tables={"starting_risks": table[kept]})
