"""Data-quality scorecard: completeness, uniqueness and consistency of the canonical tables."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping

import numpy as np
import pandas as pd

from analysis import tables
from analysis.measurement.quality_rules import RULES, Rule
from analysis.results import Check, StageResults, Topic, collect, none_found

CAUTION_SHARE = 0.0
FAILED_SHARE = 0.01
"""Rows that break a rule: none passes, up to 1 % is a caution, more has failed."""

COMPLETE_SHARE = 0.95
"""A column that may be NULL only by oversight is complete from here on."""

MEANINGFUL_NULL = {
    ("instruments", "satisfied_min"),
    ("instruments", "satisfied_max"),
    ("staff", "left_on"),
    ("waves", "planned_start"),
    ("waves", "actual_start"),
    ("enrolments", "completed_on"),
    ("assessments", "assessor_id"),
    ("reactions", "staff_id"),
    ("ratings", "ratee_id"),
    ("ratings", "rater_id"),
    ("ratings", "occasion"),
    ("surveys", "household_id"),
    ("surveys", "missing"),
    ("survey_means", "score"),
    ("survey_means", "answers"),
    ("tickets", "household_id"),
    ("tickets", "first_response_at"),
    ("tickets", "resolved_at"),
    ("tickets", "closed_at"),
    ("tickets", "rating"),
    ("tickets", "paused_minutes"),
    ("fees", "waived"),
    ("fees", "collected_quality"),
    ("contracts", "household_id"),
    ("contracts", "term_months"),
    ("contracts", "renewed"),
    ("costs", "actual"),
    ("costs", "priced_as"),
    ("costs", "quantity"),
    ("costs", "unit_price"),
    ("costs", "life_years"),
    ("milestones", "actual_on"),
    ("milestones", "after"),
    ("risks", "trigger"),
    ("risks", "drilled_on"),
    ("risks", "drill_level"),
    ("actions", "done_on"),
    ("lecturers", "certified_on"),
    ("tickets", "channel"),
    ("tickets", "second_category"),
    ("appeals", "staff_id"),
    ("appeals", "decided_on"),
    ("appeals", "outcome"),
    ("documents", "approved_on"),
    ("documents", "second_approved_by"),
    ("documents", "second_approved_on"),
    ("crm_usage", "records_checked"),
    ("crm_usage", "records_right"),
    ("events", "site_id"),
    ("skill_use", "days"),
    ("coaching", "skill"),
    ("coaching", "coach_id"),
    ("task_scores", "pass_score"),
    ("task_scores", "blinded"),
    ("task_scores", "video_consent"),
    ("needs_asked", "answered_on"),
    ("attributions", "site_id"),
    ("comments", "origin"),
    ("comments", "themes"),
    ("comments", "first_coder"),
    ("comments", "second_coder"),
    ("attributions", "improvement"),
    ("attributions", "estimate"),
    ("attributions", "confidence"),
    ("reply_reports", "over_24h"),
}
"""Columns whose NULL says something (still open, anonymous, never left); not judged."""


NEVER_MISSED = frozenset(
    {
        "survey_means",
        "dispositions",
        "test_answers",
        "lecturers",
        "appeals",
        "documents",
        "events",
        "skill_use",
        "coaching",
        "task_scores",
        "needs_asked",
        "attributions",
        "reply_reports",
        "comments",
    }
)
"""Tables whose absence is told by the step that would use them, not by the scorecard."""


def completeness(given: Mapping[str, tables.Rows]) -> pd.DataFrame:
    """Return share of filled values by column.

    Returns
    -------
    DataFrame
        One row per declared column of each table with rows, in declared order: ``table,
        column, rows, filled, completeness`` (0-1), ``judged`` (False where NULL has a meaning).
    """
    rows = []
    for name, table in tables.TABLES.items():
        frame = given.get(name)
        if frame is None or not len(frame):
            continue
        for column in table.columns:
            filled = tables.filled(frame, column) if column in frame.columns else 0
            rows.append(
                {
                    "table": name,
                    "column": column,
                    "rows": len(frame),
                    "filled": filled,
                    "completeness": filled / len(frame),
                    "judged": (name, column) not in MEANINGFUL_NULL,
                }
            )
    columns = ["table", "column", "rows", "filled", "completeness", "judged"]
    return pd.DataFrame(rows, columns=columns)


ROWS_SHOWN = 50
"""Rows listed of each broken rule; the counts are never cut."""

_ROW_COLUMNS = ["table", "rule", "column", "row", "values"]


def consistency(given: Mapping[str, tables.Rows]) -> pd.DataFrame:
    """Return how many rows break each rule that can be asked of the tables at hand.

    Returns
    -------
    DataFrame
        ``rule, table, column, applies, broken, share``; rules are references to absent rows
        (``orphan``), repeated keys (``repeated_key``) and those in ``RULES``.
    """
    return _judged(given, 0)[0]


def broken_rows(given: Mapping[str, tables.Rows], *, cap: int = ROWS_SHOWN) -> pd.DataFrame:
    """Return the rows behind the counts of :func:`consistency`, to be looked up and mended.

    Returns
    -------
    DataFrame
        ``table, rule, column``, ``row`` (its key, parts joined by ``/``; people are
        pseudonyms) and ``values`` (of the rule's columns); the first ``cap`` rows of each rule.
    """
    return _judged(given, cap)[1]


def _judged(given: Mapping[str, tables.Rows], cap: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Count what breaks every rule, and list the first such rows, in one pass over the parts."""
    counts, listed = [], [pd.DataFrame(columns=_ROW_COLUMNS)]
    for rule, table, columns, asked in _asked(given):
        named = {"table": table, "rule": rule, "column": "/".join(columns)}
        applying = broken = 0
        for part, applies, breaks in asked:
            places = np.flatnonzero(breaks.to_numpy(dtype=bool))
            mine = part.iloc[places[: max(cap - broken, 0)]]
            applying += int(applies.sum())
            broken += len(places)
            if len(mine):
                key = tables.TABLES[table].key
                told = {"row": _joined(mine, key), "values": _joined(mine, columns)}
                listed.append(pd.DataFrame(told).assign(**named)[_ROW_COLUMNS])
        counts.append((rule, table, named["column"], applying, broken))
    found = pd.DataFrame(counts, columns=["rule", "table", "column", "applies", "broken"])
    found["share"] = found["broken"] / found["applies"].where(found["applies"] > 0)
    rows = pd.concat(listed[1:] or listed, ignore_index=True)
    return found[found["applies"] > 0].reset_index(drop=True), rows


def _joined(rows: pd.DataFrame, columns) -> list[str]:
    values = rows[list(columns)].astype(object)
    values = values.where(values.notna(), "")
    return [" / ".join(map(str, row)) for row in values.itertuples(index=False)]


def _asked(given: Mapping[str, tables.Rows]) -> Iterator[tuple]:
    """Rule, table, columns, and part by part: rows, those it applies to, those that break it."""
    yield from _keys_and_references(given)
    for rule in RULES:
        frame = given.get(rule.table)
        usable = frame is not None and len(frame) and set(rule.columns) <= set(frame.columns)
        if not usable or any(given.get(n) is None or not len(given[n]) for n in rule.needs):
            continue
        if all(tables.filled(frame, column) for column in rule.somewhere):
            yield rule.id, rule.table, rule.columns, _by_rule(rule, frame, given)


def _by_rule(rule: Rule, frame: tables.Rows, given: Mapping[str, tables.Rows]) -> Iterator[tuple]:
    for part in tables.parts(frame, [*tables.TABLES[rule.table].key, *rule.columns, *rule.reads]):
        applies, breaks = rule.broken(part, given)
        yield part, applies, (applies & breaks).fillna(False)


def _keys_and_references(given: Mapping[str, tables.Rows]) -> Iterator[tuple]:
    for name, table in tables.TABLES.items():
        frame = given.get(name)
        if frame is None or not len(frame):
            continue
        yield "repeated_key", name, table.key, _repeated(frame, table.key)
        for column, spec in table.columns.items():
            target = given.get(spec.refers) if spec.refers else None
            if target is None or not len(target) or column not in frame.columns:
                continue
            key = "item" if spec.refers == "instruments" else tables.TABLES[spec.refers].key[0]
            key = "instrument" if spec.refers == "instruments" else key
            known = set(target[key].dropna())
            yield "orphan", name, (column,), _orphans(frame, table.key, column, known)


def _repeated(frame: tables.Rows, key: tuple[str, ...]) -> Iterator[tuple]:
    for part in tables.parts(frame, key, by=key[0]):
        yield part, pd.Series(True, index=part.index), part.duplicated(list(key))


def _orphans(
    frame: tables.Rows, key: tuple[str, ...], column: str, known: set[str]
) -> Iterator[tuple]:
    for part in tables.parts(frame, [*key, column]):
        named = part[column].notna()
        yield part, named, named & ~part[column].isin(known)


def assess_quality(
    given: Mapping[str, tables.Rows],
    ingest: pd.DataFrame | None = None,
    *,
    unasked: Collection[str] = (),
) -> StageResults:
    """Score the tables: a check a table for completeness and a check for each rule asked.

    Parameters
    ----------
    given : Mapping[str, DataFrame or Stored]
        Canonical tables by name; absent and empty ones are named, not judged.
    ingest : DataFrame, optional
        ``table, rows_in, rows_out``: what ingest read and kept, one row per source; ``reasons``
        (JSON, rows by reason) adds the check of rows left out with a declared fault.
    unasked : Collection of str
        Tables that the programme does not need, so that their absence is not told.

    Returns
    -------
    StageResults
        Checks ``baseline.quality.<table>.…``; tables ``quality_columns``, ``quality_rules``,
        ``quality_tables`` and ``quality_rows`` (the rows behind the counts, at most
        ``ROWS_SHOWN`` a rule).
    """
    columns, (rules, broken_now) = completeness(given), _judged(given, ROWS_SHOWN)
    checks = []
    summary = []
    for name in tables.TABLES:
        frame = given.get(name)
        if frame is None or not len(frame):
            if name in NEVER_MISSED or name in unasked:
                continue
            checks.append(
                Check(
                    id=f"baseline.quality.{name}.present",
                    topic=Topic.PRESENT,
                    question="measurement.check.table_present.question",
                    status="not_possible",
                    reason="measurement.check.table_present.reason",
                    remedy="measurement.check.table_present.remedy",
                    params={"table": f"measurement.table.{name}"},
                    dims={"table": name},
                )
            )
            continue
        mine = columns[(columns["table"] == name) & columns["judged"]]
        worst = mine.loc[mine["completeness"].idxmin()]
        absent = mine.loc[mine["filled"] == 0, "column"]
        part = mine["completeness"].between(0, COMPLETE_SHARE, inclusive="neither")
        short = mine.loc[part, "column"]
        told = "both" if len(absent) and len(short) else "absent" if len(absent) else "reason"
        broken = int(rules.loc[rules["table"] == name, "broken"].sum())
        summary.append(
            {
                "table": name,
                "rows": len(frame),
                "completeness": float(mine["completeness"].mean()),
                "least_complete": str(worst["column"]),
                "columns_short": len(short) + len(absent),
                "rows_broken": broken,
            }
        )
        checks.append(
            Check(
                id=f"baseline.quality.{name}.complete",
                topic=Topic.COMPLETE,
                question="measurement.check.complete.question",
                status="passed" if short.empty and absent.empty else "caution",
                value=float(worst["completeness"]),
                threshold=COMPLETE_SHARE,
                unit="share",
                n=len(frame),
                reason=f"measurement.check.complete.{told}" if len(short) + len(absent) else None,
                remedy="measurement.check.complete.remedy" if len(short) + len(absent) else None,
                params={
                    "table": f"measurement.table.{name}",
                    "columns": ", ".join(short),
                    "absent": ", ".join(absent),
                },
                dims={"table": name},
            )
        )
    checks.extend(_rule_check(row) for row in rules.itertuples())
    frame = pd.DataFrame(
        summary,
        columns=["table", "rows", "completeness", "least_complete", "columns_short", "rows_broken"],
    )
    if ingest is not None:
        sums = ingest.groupby("table", as_index=False)[["rows_in", "rows_out"]].sum()
        frame = frame.merge(sums, on="table", how="left")
        checks.extend(_left_out_checks(ingest))
    return collect(
        "baseline",
        checks,
        tables={
            "quality_columns": columns,
            "quality_rules": rules,
            "quality_tables": frame,
            "quality_rows": broken_now,
        },
    )


def assess_unread(unread: pd.DataFrame) -> StageResults:
    """Ask whether everything that lies among the exports was read.

    Parameters
    ----------
    unread : DataFrame
        ``file, sheet, rows, reason``, one row per file or sheet that no source reads (``reason``
        is ``file_unread``, ``sheet_unread`` or ``sheet_hidden``) or whose hidden rows were read
        (``rows_hidden``).
    """
    counted = unread["reason"].value_counts()
    left = int(counted.get("file_unread", 0) + counted.get("sheet_unread", 0))
    hidden = unread.loc[unread["reason"] == "rows_hidden", "rows"]
    first = unread[unread["reason"].isin(["file_unread", "sheet_unread"])].head(3)
    names = [
        " / ".join(part for part in pair if isinstance(part, str))
        for pair in zip(first["file"], first["sheet"], strict=True)
    ]
    listed = ", ".join(names)
    check = none_found(
        "baseline.quality.sources.unread",
        Topic.LEFT_OUT,
        "measurement.check.unread",
        left,
        n=max(len(unread), left),
        params={
            "left": left,
            "names": {"en": f" ({listed})", "zh_CN": f"（{listed}）"} if listed else "",
            "sheets": int(counted.get("sheet_hidden", 0)),
            "hidden": int(hidden.sum()),
        },
    )
    return StageResults(stage="baseline", checks=(check,))


def _left_out_checks(ingest: pd.DataFrame) -> Iterator[Check]:
    """Rows with a declared fault that ingest left out; needs the reasons, as JSON by source."""
    if "reasons" not in ingest:
        return
    for table, sources in ingest.groupby("table", sort=False):
        reasons = [json.loads(text) for text in sources["reasons"]]
        total = int(sources["rows_in"].sum())
        if not total or any("repeated" in each for each in reasons):
            continue  # gathered from another table, whose rows are judged there
        out = sum(n for each in reasons for why, n in each.items() if why.startswith("accepted:"))
        if out:
            yield _left_out_check(str(table), total, out)


def _left_out_check(table: str, total: int, out: int) -> Check:
    fine = out / total <= FAILED_SHARE
    return Check(
        id=f"baseline.quality.{table}.left_out",
        topic=Topic.LEFT_OUT,
        question="measurement.check.left_out.question",
        status="passed" if fine else "caution",
        value=out / total,
        threshold=FAILED_SHARE,
        unit="share",
        n=total,
        reason="measurement.check.left_out.reason",
        remedy=None if fine else "measurement.check.left_out.remedy",
        params={"table": f"measurement.table.{table}", "rows": total, "out": out},
        dims={"table": table},
    )


def _rule_check(row) -> Check:
    share = float(row.share)
    status = "passed" if share <= CAUTION_SHARE else "caution"
    if share > FAILED_SHARE:
        status = "failed"
    return Check(
        id=f"baseline.quality.{row.table}.{row.rule}.{row.column.replace('/', '_')}",
        topic=Topic.RULE,
        question=f"measurement.check.{row.rule}.question",
        status=status,
        value=share,
        threshold=FAILED_SHARE,
        unit="share",
        n=int(row.applies),
        reason=None if status == "passed" else "measurement.check.rows_broken",
        remedy=None if status == "passed" else f"measurement.check.{row.rule}.remedy",
        params={
            "table": f"measurement.table.{row.table}",
            "column": row.column,
            "broken": int(row.broken),
            "applies": int(row.applies),
        },
        dims={"table": row.table, "rule": row.rule},
    )
