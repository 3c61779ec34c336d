"""Who may teach: years in the field and certificates against the lines the client chose.

A list of lecturers is complete, not a sample: counts are facts and carry no interval. Nobody is
shown alone; what is judged is the list.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from analysis.measurement.columns import floats, present
from analysis.monitoring.lacking import lacking
from analysis.results import Check, StageResults, Topic, collect

YEARS: Mapping[str, float] = {"years_3": 3.0, "years_5": 5.0}
"""Years that each reading of contradiction C7 asks of internal lecturers (R080, R105)."""

TECHNICAL_YEARS = 3.0
"""Years with digital systems asked of technical lecturers (R108)."""

CERTIFIED: Mapping[str, float] = {"share_80": 0.8, "share_100": 1.0}
"""Share with a certificate that each reading of contradiction C5 asks for (R133, R139)."""

ORIGINS = ("internal", "technical", "external")


def lecturer_standards(lecturers: pd.DataFrame, choices: Mapping[str, str]) -> pd.DataFrame:
    """Count lecturers by kind: how many have the years and the certificate asked of them.

    Parameters
    ----------
    lecturers : DataFrame
        Canonical table ``lecturers``.
    choices : Mapping
        Chosen reading by contradiction.

    Returns
    -------
    DataFrame
        One row per kind that there is: ``origin, n, line`` (years asked; NULL where none is asked
        or C7 is open), ``experienced`` (with at least those years; NULL without a line),
        ``certified, unknown`` (without years although asked, or without a word on the
        certificate), ``qualified`` (all that is asked of the kind: years of internal and
        technical ones, the certificate of internal ones; NULL while C7 is open).
    """
    internal = YEARS.get(choices.get("C7", ""))
    lines = {"internal": internal, "technical": TECHNICAL_YEARS}
    rows = []
    for origin in ORIGINS:
        mine = lecturers[lecturers["origin"] == origin]
        if mine.empty:
            continue
        line = lines.get(origin)
        years = pd.Series(floats(mine["service_years"]), index=mine.index)
        certified = mine["certified"].fillna(False).astype(bool)
        enough = years >= line if line is not None else None
        unknown = mine["certified"].isna() | (years.isna() & (line is not None))
        qualified = certified if enough is None else enough
        if origin == "internal" and enough is not None:
            qualified = enough & certified
        undecided = origin == "internal" and line is None
        rows.append(
            (
                origin,
                len(mine),
                line,
                None if enough is None else int(enough.sum()),
                int(certified.sum()),
                int(unknown.sum()),
                None if undecided else int(qualified.sum()),
            )
        )
    columns = ["origin", "n", "line", "experienced", "certified", "unknown", "qualified"]
    table = pd.DataFrame(rows, columns=columns)
    whole = dict.fromkeys(["n", "experienced", "certified", "unknown", "qualified"], "Int64")
    return table.astype({**whole, "line": float})


def assess_lecturers(
    lecturers: pd.DataFrame | None,
    enrolments: pd.DataFrame | None,
    choices: Mapping[str, str],
) -> StageResults:
    """Hold the list of lecturers to years in the field and certificates.

    Parameters
    ----------
    lecturers, enrolments : DataFrame or None
        Canonical tables: one row per lecturer; one row per employee, module and session.
    choices : Mapping
        The client's readings of contradictions (C5, C7).

    Returns
    -------
    StageResults
        Table ``lecturer_standards`` (of :func:`lecturer_standards`); checks
        ``monitoring.lecturers.qualified`` (everybody has what is asked of the kind),
        ``….certified`` (share with a certificate against C5) and ``….listed`` (everybody who
        taught is on the list).
    """
    if not present(lecturers, "origin"):
        question = "monitoring.check.lecturers_qualified.question"
        return collect(
            "monitoring",
            [lacking("monitoring.lecturers.qualified", Topic.LECTURERS, question, "lecturers")],
        )
    table = lecturer_standards(lecturers, choices)
    checks = [_qualified(table), _certified(lecturers, choices)]
    if present(enrolments, "lecturer_id"):
        taught = set(enrolments["lecturer_id"].dropna())
        checks.append(_listed(taught, taught - set(lecturers["lecturer_id"])))
    return collect("monitoring", checks, tables={"lecturer_standards": table})


def _qualified(table: pd.DataFrame) -> Check:
    question = "monitoring.check.lecturers_qualified.question"
    if table["qualified"].isna().any():
        return Check(
            id="monitoring.lecturers.qualified",
            topic=Topic.LECTURERS,
            question=question,
            status="not_possible",
            reason="monitoring.check.lecturers_qualified.open",
            remedy="monitoring.check.lecturers_qualified.choose",
        )
    short = int((table["n"] - table["qualified"]).sum())
    internal = table.loc[table["origin"] == "internal", "line"]
    return Check(
        id="monitoring.lecturers.qualified",
        topic=Topic.LECTURERS,
        question=question,
        status="caution" if short else "passed",
        value=float(short),
        threshold=0.0,
        unit="count",
        n=int(table["n"].sum()),
        reason="monitoring.check.lecturers_qualified.reason" if short else None,
        remedy="monitoring.check.lecturers_qualified.remedy" if short else None,
        params={
            "short": short,
            "lecturers": int(table["n"].sum()),
            "years": float(internal.iloc[0]) if len(internal) else TECHNICAL_YEARS,
            "technical": TECHNICAL_YEARS,
        },
    )


def _certified(lecturers: pd.DataFrame, choices: Mapping[str, str]) -> Check:
    question = "monitoring.check.lecturers_certified.question"
    line = CERTIFIED.get(choices.get("C5", ""))
    have = int(lecturers["certified"].fillna(False).astype(bool).sum())
    if line is None:
        return Check(
            id="monitoring.lecturers.certified",
            topic=Topic.LECTURERS,
            question=question,
            status="not_possible",
            reason="monitoring.check.lecturers_certified.open",
            remedy="monitoring.check.lecturers_certified.choose",
        )
    fine = have >= line * len(lecturers)
    return Check(
        id="monitoring.lecturers.certified",
        topic=Topic.LECTURERS,
        question=question,
        status="passed" if fine else "caution",
        value=have / len(lecturers),
        threshold=line,
        unit="share",
        n=len(lecturers),
        reason="monitoring.check.lecturers_certified.reason",
        remedy=None if fine else "monitoring.check.lecturers_certified.remedy",
        params={"certified": have, "lecturers": len(lecturers), "line": line},
    )


def _listed(taught: set, absent: set) -> Check:
    return Check(
        id="monitoring.lecturers.listed",
        topic=Topic.LECTURERS,
        question="monitoring.check.lecturers_listed.question",
        status="caution" if absent else "passed",
        value=float(len(absent)),
        threshold=0.0,
        unit="count",
        n=len(taught),
        reason="monitoring.check.lecturers_listed.reason" if absent else None,
        remedy="monitoring.check.lecturers_listed.remedy" if absent else None,
        params={"absent": len(absent), "taught": len(taught)},
    )
