"""The privacy sheet: which personal data are used, what for, on what basis and how long."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

import pandas as pd

from analysis.results import Check, StageResults, Topic, collect
from analysis.tables import TABLES, Rows, filled

PERSONAL: Mapping[str, tuple[str, ...]] = {
    "staff": ("role", "tier", "hired_on", "left_on", "age_band", "education_band"),
    "assessments": ("score",),
    "test_answers": ("score",),
    "ratings": ("score",),
    "surveys": ("score",),
    "reactions": ("score",),
    "enrolments": ("attended", "completion"),
    "tickets": ("rating", "category"),
    "lecturers": ("origin", "service_years", "certified", "certified_on"),
    "appeals": ("about", "outcome"),
    "skill_use": ("skill", "times"),
    "coaching": ("kind", "skill"),
    "task_scores": ("score", "video_consent"),
    "attributions": ("estimate", "confidence", "improvement"),
}
"""Columns that say something about a person without naming one."""


def privacy_sheet(
    tables: Mapping[str, Rows],
    used_by: Mapping[tuple[str, str], int],
    *,
    legal_basis: Mapping[str, str],
    retain_until: dt.date | None,
) -> pd.DataFrame:
    """List every personal column that was taken over.

    Parameters
    ----------
    tables : Mapping[str, DataFrame or Stored]
        Canonical tables; a column without values was not delivered.
    used_by : Mapping[(table, column), int]
        Number of indicators that read a column.
    legal_basis : Mapping[str, str]
        Basis by table, ``default`` for the others.
    retain_until : date or None
        Last day the data may be kept.

    Returns
    -------
    DataFrame
        ``table, column, kind`` (``pseudonym`` or ``attribute``), ``indicators`` (that read
        it), ``basis, retain_until``.
    """
    rows = []
    for name, frame in tables.items():
        spec = TABLES[name].columns
        for column in spec:
            pseudonym = spec[column].kind == "person"
            taken = column in frame.columns and filled(frame, column) > 0
            if not taken or not (pseudonym or column in PERSONAL.get(name, ())):
                continue
            rows.append(
                {
                    "table": name,
                    "column": column,
                    "kind": "pseudonym" if pseudonym else "attribute",
                    "indicators": used_by.get((name, column), 0),
                    "basis": legal_basis.get(name, legal_basis.get("default")),
                    "retain_until": retain_until,
                }
            )
    columns = ["table", "column", "kind", "indicators", "basis", "retain_until"]
    return pd.DataFrame(rows, columns=columns)


def assess_privacy(
    tables: Mapping[str, Rows],
    used_by: Mapping[tuple[str, str], int],
    *,
    purpose: str,
    legal_basis: Mapping[str, str],
    notice_version: str | None,
    retain_until: dt.date | None,
    last_month: dt.date,
) -> StageResults:
    """Check that purpose, basis, notice and term of the personal data are stated.

    Parameters
    ----------
    tables : Mapping of str to DataFrame or Stored
        Canonical tables by name.
    used_by : Mapping
        Indicators that read a column, by (table, column); of :func:`columns_used`.
    purpose, notice_version : str, str or None
        As the client file states them.
    legal_basis : Mapping
        Basis by table; ``default`` covers the others.
    retain_until : date or None
        Last day on which the data may be kept.
    last_month : date
        First day of the last month evaluated.

    Returns
    -------
    StageResults
        Table ``privacy`` (:func:`privacy_sheet`); checks ``design.privacy.*``: ``purpose``,
        ``basis`` (every table with personal data has one), ``notice``, ``retention`` (stated,
        and not before the last month evaluated).
    """
    sheet = privacy_sheet(tables, used_by, legal_basis=legal_basis, retain_until=retain_until)
    without = sorted(set(sheet.loc[sheet["basis"].isna(), "table"]))
    ends_early = retain_until is not None and retain_until < last_month
    checks = [
        _stated("purpose", bool(purpose)),
        _stated("basis", not without, missing=len(without)),
        _stated("notice", notice_version is not None),
        _stated("retention", retain_until is not None and not ends_early),
    ]
    return collect("design", checks, tables={"privacy": sheet} if len(sheet) else {})


def _stated(name: str, stated: bool, **params: int) -> Check:
    return Check(
        id=f"design.privacy.{name}",
        topic=Topic.PRIVACY,
        question=f"planning.privacy.{name}.question",
        status="passed" if stated else "caution",
        reason=None if stated else f"planning.privacy.{name}.reason",
        remedy=None if stated else f"planning.privacy.{name}.remedy",
        params=params,
    )


def columns_used(sources: Iterable[Mapping[str, tuple[str, ...]]]) -> dict[tuple[str, str], int]:
    """Count how many indicators read each column, from their ``sources``.

    Returns
    -------
    dict
        Number of indicators by (table, column).
    """
    counts: dict[tuple[str, str], int] = {}
    for source in sources:
        for table, columns in source.items():
            for column in columns:
                counts[table, column] = counts.get((table, column), 0) + 1
    return counts
