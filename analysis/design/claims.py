"""What documents state: growth recomputed from its own end points, figures without a source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from analysis import packaged
from analysis.design.refusals import Refusal, RefusedError
from analysis.refusals import Asked
from analysis.results import Check, StageResults, Topic, collect

TOLERANCE = 0.005
"""Half a percentage point a year: what rounding of the end points may explain."""


def annual_growth(start: float, end: float, years: float) -> float:
    """Compound annual growth rate, ``(end / start) ** (1 / years) - 1``.

    Parameters
    ----------
    start, end : float
        First and last value, both above 0.
    years : float
        Years between them.

    Returns
    -------
    float
        Growth a year as a share: 0.142 is 14.2 %.
    """
    if start <= 0 or end <= 0 or years <= 0:
        raise RefusedError(
            Refusal.GROWTH_ENDS, "growth needs positive end points and a positive number of years"
        )
    return (end / start) ** (1 / years) - 1


def check_claims(claims: Iterable[Mapping[str, Any]] = ()) -> list[Check]:
    """Recompute stated growth rates from their end points.

    Parameters
    ----------
    claims : Iterable[Mapping]
        The client's own: ``name, start, end, years, stated``. Those of the source documents
        (``claims.yml`` beside this module) come first.

    Returns
    -------
    list of Check
        ``design.claim.<name>``, numbered from the second of a name on
        (``design.claim.<name>.2``): failed where the stated rate is further than
        :data:`TOLERANCE` from the computed one.
    """
    known = [{**claim, "name": claim["requirement"]} for claim in _packaged("claims")]
    stated = [*known, *claims]
    asked = Asked("design")
    found = [
        asked.ask("claim", partial(_check, claim, name), None, about=name)
        for claim, name in zip(stated, _numbered(str(c["name"]) for c in stated), strict=True)
    ]
    return [*(check for check in found if check is not None), *asked.checks]


def _numbered(names: Iterable[str]) -> list[str]:
    """Return names, each once: what is called like one before it has a number after it."""
    taken: dict[str, None] = {}
    for name in names:
        own, number = name, 1
        while own in taken:
            number += 1
            own = f"{name}.{number}"
        taken[own] = None
    return list(taken)


def _check(claim: Mapping[str, Any], name: str) -> Check:
    rate = annual_growth(claim["start"], claim["end"], claim["years"])
    adds_up = abs(rate - claim["stated"]) <= TOLERANCE
    return Check(
        id=f"design.claim.{name}",
        topic=Topic.CLAIM,
        question="design.check.claim.question",
        status="passed" if adds_up else "failed",
        value=rate,
        threshold=claim["stated"],
        unit="share",
        reason=None if adds_up else "design.check.claim.reason",
        remedy=None if adds_up else "design.check.claim.remedy",
        params={
            "claim": claim["name"],
            "start": claim["start"],
            "end": claim["end"],
            "years": claim["years"],
            "stated": claim["stated"],
            "computed": rate,
        },
    )


def assess_figures() -> StageResults:
    """List the figures that the source documents state without a source.

    Returns
    -------
    StageResults
        Table ``external_figures``: ``requirement, conflict`` (the contradiction it is part of,
        or ``""``), ``source`` (or ``""``) and ``state``: ``verified``, ``contradicted`` or
        ``unverified``. None of them enters any number of a report.
    """
    rows = [
        (
            figure["requirement"],
            figure["conflict"] or "",
            figure["source"] or "",
            "verified"
            if figure["verified"]
            else "contradicted"
            if figure["conflict"]
            else "unverified",
        )
        for figure in _packaged("figures")
    ]
    table = pd.DataFrame(rows, columns=["requirement", "conflict", "source", "state"])
    return collect("design", [], tables={"external_figures": table})


def _packaged(name: str) -> list[dict[str, Any]]:
    return packaged.content(Path(__file__).with_name(f"{name}.yml"))
