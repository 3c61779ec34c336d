"""Who may teach: years in the field and certificates against the lines the client drew.

A list of lecturers is complete, not a sample: counts are facts and carry no interval. Nobody is
shown alone; what is judged is the list.
"""

from __future__ import annotations

import pandas as pd

from analysis.measurement.columns import floats, present
from analysis.monitoring.lacking import lacking
from analysis.results import Check, StageResults, Topic, collect
from analysis.settings import MIN_CELL
from analysis.standards import Lines, course

ORIGINS = ("internal", "technical", "external")


def lecturer_standards(lecturers: pd.DataFrame, lines: Lines) -> pd.DataFrame:
    """Count lecturers by kind: how many have the years and the certificate asked of them.

    Parameters
    ----------
    lecturers : DataFrame
        Canonical table ``lecturers``.
    lines : Lines
        What the client's programme is held to.

    Returns
    -------
    DataFrame
        One row per kind that there is: ``origin, n, line`` (years asked; NULL where none are asked,
        or which is still open), ``experienced`` (with at least those years; NULL without a line),
        ``certified, unknown`` (without years although asked, or without a word on the certificate),
        ``qualified`` (all that is asked of the kind: years of internal and technical ones, the
        certificate of internal ones; NULL while the years are open).
    """
    asked = {
        "internal": lines.of("lecturer_years"),
        "technical": lines.of("lecturer_years_technical"),
    }
    rows = []
    for origin in ORIGINS:
        mine = lecturers[lecturers["origin"] == origin]
        if mine.empty:
            continue
        line = asked.get(origin)
        years = pd.Series(floats(mine["service_years"]), index=mine.index)
        certified = mine["certified"].fillna(False).astype(bool)
        enough = years >= line if line is not None else None
        unknown = mine["certified"].isna() | (years.isna() & (line is not None))
        qualified = certified if enough is None else enough
        if origin == "internal" and enough is not None:
            qualified = enough & certified
        undecided = origin == "internal" and "lecturer_years" in lines.open
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


def pooled(table: pd.DataFrame, least: int) -> pd.DataFrame:
    """Put kinds with few lecturers into one row, so that they are counted and nobody is told of.

    The kinds with fewer than ``least`` form one row, with the smallest other one where they are
    still fewer together, or where one kind stands alone: the total less the others would tell of
    it. All kinds in one row have no other to be told apart from.

    Parameters
    ----------
    table : DataFrame
        As of :func:`lecturer_standards`.
    least : int
        Fewest lecturers of a row.

    Returns
    -------
    DataFrame
        The same columns. ``origin`` of the row put together names its kinds, joined by ``+``;
        ``line`` is NULL where they differ; a count that is NULL for one kind leaves that kind out,
        and is NULL where it is for all.
    """
    ordered = table.sort_values("n", kind="stable")
    small = int((ordered["n"] < least).sum())
    if not small or len(ordered) < 2:
        return table
    taken = max(small, 2)
    while taken < len(ordered) and int(ordered["n"].iloc[:taken].sum()) < least:
        taken += 1
    few = ordered.iloc[:taken].sort_index()
    lines = set(few["line"].dropna())
    row = {name: few[name].sum(min_count=1) for name in table.columns if name not in _NAMED}
    row["origin"] = "+".join(few["origin"])
    row["line"] = lines.pop() if len(lines) == 1 and few["line"].notna().all() else None
    rest = table.drop(index=few.index)
    together = pd.DataFrame([row], columns=list(table.columns)).astype(table.dtypes.to_dict())
    return pd.concat([rest, together], ignore_index=True)


_NAMED = ("origin", "line")


def assess_lecturers(
    lecturers: pd.DataFrame | None,
    enrolments: pd.DataFrame | None,
    lines: Lines | None = None,
    *,
    min_cell: int = MIN_CELL,
) -> StageResults:
    """Hold the list of lecturers to years in the field and certificates.

    Parameters
    ----------
    lecturers, enrolments : DataFrame or None
        Canonical tables: one row per lecturer; one row per employee, module and session.
    lines : Lines, optional
        What the client's programme is held to; the lines of the course without it.
    min_cell : int
        Fewest lecturers of a kind that are told of by themselves.

    Returns
    -------
    StageResults
        Table ``lecturer_standards`` (of :func:`lecturer_standards`, :func:`pooled`); checks
        ``monitoring.lecturers.qualified`` (everybody has what is asked of the kind),
        ``….certified`` (share with a certificate, where a line is drawn) and ``….listed``
        (everybody who taught is on the list).
    """
    if not present(lecturers, "origin"):
        question = "monitoring.check.lecturers_qualified.question"
        return collect(
            "monitoring",
            [lacking("monitoring.lecturers.qualified", Topic.LECTURERS, question, "lecturers")],
        )
    lines = lines or course()
    table = lecturer_standards(lecturers, lines)
    checks = [_qualified(table, lines)] if _asks(lines) else []
    if lines.of("lecturers_certified") is not None or "lecturers_certified" in lines.open:
        checks.append(_certified(lecturers, lines))
    if present(enrolments, "lecturer_id"):
        taught = set(enrolments["lecturer_id"].dropna())
        checks.append(_listed(taught, taught - set(lecturers["lecturer_id"])))
    return collect("monitoring", checks, tables={"lecturer_standards": pooled(table, min_cell)})


def _asks(lines: Lines) -> bool:
    """Whether anything is asked of lecturers, or waits for a reading."""
    asked = ("lecturer_years", "lecturer_years_technical")
    return any(lines.of(name) is not None or name in lines.open for name in asked)


def _qualified(table: pd.DataFrame, lines: Lines) -> Check:
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
    years, technical = lines.of("lecturer_years"), lines.of("lecturer_years_technical")
    said = "reason" if None not in (years, technical) else "reason_some"
    return Check(
        id="monitoring.lecturers.qualified",
        topic=Topic.LECTURERS,
        question=question,
        status="caution" if short else "passed",
        value=float(short),
        threshold=0.0,
        unit="count",
        n=int(table["n"].sum()),
        reason=f"monitoring.check.lecturers_qualified.{said}" if short else None,
        remedy="monitoring.check.lecturers_qualified.remedy" if short else None,
        params={
            "short": short,
            "lecturers": int(table["n"].sum()),
            "years": years,
            "technical": technical,
        },
    )


def _certified(lecturers: pd.DataFrame, lines: Lines) -> Check:
    question = "monitoring.check.lecturers_certified.question"
    line = lines.of("lecturers_certified")
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
