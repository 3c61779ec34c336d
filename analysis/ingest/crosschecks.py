"""What a single cell cannot tell: missing keys, references, order of dates, the period."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pyarrow as pa

from analysis.client import Client
from analysis.ingest import october
from analysis.ingest.draft import Draft
from analysis.ingest.problems import Problem, fault
from analysis.ingest.totals import named_as_total, sums_of_neighbours, sums_of_others
from analysis.tables import TABLES

PERIOD_COLUMNS: Mapping[str, str] = {
    "enrolments": "held_on",
    "reactions": "answered_on",
    "assessments": "assessed_on",
    "test_answers": "answered_on",
    "ratings": "rated_on",
    "surveys": "answered_at",
    "survey_means": "month",
    "invitations": "month",
    "dispositions": "month",
    "tickets": "opened_at",
    "ticket_counts": "month",
    "fees": "month",
    "crm_usage": "month",
    "skill_use": "seen_on",
    "coaching": "held_on",
    "task_scores": "scored_on",
    "attributions": "answered_on",
    "reply_reports": "answered_at",
    "comments": "written_on",
}
"""The date that must lie in the evaluated period, by table."""

ORDER: Mapping[str, tuple[tuple[str, str], ...]] = {
    "staff": (("hired_on", "left_on"),),
    "needs_asked": (("asked_on", "answered_on"),),
    "appeals": (("filed_on", "due_on"), ("filed_on", "decided_on")),
    "tickets": (
        ("opened_at", "first_response_at"),
        ("opened_at", "resolved_at"),
        ("opened_at", "closed_at"),
        ("opened_at", "due_at"),
    ),
}
"""Pairs of dates, the earlier first."""


def cross_check(draft: Draft, client: Client, known: Mapping[str, frozenset[str]]) -> None:
    """Add the problems of a draft's rows that need more than one cell.

    Parameters
    ----------
    draft : Draft
        Gets the problems.
    client : Client
        Period and time zone.
    known : Mapping
        Identifiers by table; a table that is not there is not checked against.
    """
    _required(draft)
    _required_items(draft)
    _references(draft, known)
    _order(draft)
    _period(draft, client)
    october.tell(draft)
    _totals(draft)
    if draft.source.table == "waves":
        _starts(draft)
    if draft.source.table == "survey_means":
        _means(draft)


def _required(draft: Draft) -> None:
    told: set[str] = set()
    for column, spec in draft.table.columns.items():
        needed = spec.required or column in draft.table.key
        if not needed or column not in draft.frame:
            continue
        missing = draft.frame[column].isna().to_numpy() & ~draft.faulty(column)
        if column in draft.elsewhere:
            missing &= ~draft.elsewhere[column]
            _lacking(draft, column)
        rows = np.flatnonzero(missing)
        if column in draft.source.columns and draft.header(column) in told:
            continue  # one empty cell that feeds two columns is one fault
        told.add(draft.header(column))
        draft.at(
            rows,
            "required_missing",
            column,
            params={"column": column, "header": draft.header(column)},
        )


def _required_items(draft: Draft) -> None:
    """Tell blank cells of columns that become rows of a value that no row may lack."""
    unpivot = draft.source.unpivot
    if unpivot is None or unpivot.skip_blank or not draft.table.columns[unpivot.value].required:
        return
    for item, (values, _) in draft.items.items():
        missing = values.isna().to_numpy(dtype=bool, copy=True)
        for problem in draft.problems:
            if problem.item == item:
                missing[problem.rows] = False
        header = unpivot.items[item].join.join(unpivot.items[item].header)
        for position in np.flatnonzero(missing):
            origin = draft.origins[draft.origin[position]]
            found = fault(
                "item_blank",
                file=origin.file,
                sheet=origin.sheet,
                row=int(draft.row[position]),
                column=header,
            )
            problem = Problem(found, np.array([position]), unpivot.value, item)
            draft.problems.append(problem)


def _lacking(draft: Draft, column: str) -> None:
    """Tell what is to be summed over several sheets and has no row in one of them."""
    by = list(draft.source.aggregate.by) or [c for c in draft.table.key if c in draft.frame]
    elsewhere = pd.Series(draft.elsewhere[column])
    groups = draft.frame[by].reset_index(drop=True).groupby(by, dropna=False, sort=False)
    number = groups.ngroup()
    lacking = elsewhere.groupby(number).transform("all").to_numpy(dtype=bool)
    for group in number[lacking].unique():
        rows = np.flatnonzero((number == group).to_numpy())
        draft.at(
            rows[:1],
            "measure_lacking",
            column,
            params={
                "header": draft.header(column),
                "group": ", ".join(map(str, draft.frame[by].iloc[rows[0]])),
            },
            touched=rows,
        )


def _references(draft: Draft, known: Mapping[str, frozenset[str]]) -> None:
    for column, spec in draft.table.columns.items():
        if spec.refers not in known or column not in draft.frame or spec.refers == "instruments":
            continue
        values = draft.frame[column]
        wrong = set(values.dropna().unique()) - known[spec.refers]
        if wrong:
            rows = np.flatnonzero(values.isin(list(wrong)).to_numpy(dtype=bool))
            params = {"table": spec.refers, "right_key": "faults.reference.person"}
            if spec.kind != "person":
                some = min(known[spec.refers], default="P001")
                params |= {"right_key": "faults.reference.alias", "known": some, "to": column}
            draft.at(rows, "unmatched_reference", column, params=params)


def _order(draft: Draft) -> None:
    for earlier, later in ORDER.get(draft.source.table, ()):
        if earlier in draft.frame and later in draft.frame:
            wrong = (draft.frame[later] < draft.frame[earlier]).fillna(False)
            draft.at(
                np.flatnonzero(wrong.to_numpy(dtype=bool)),
                "date_order",
                later,
                params={"earlier": draft.header(earlier)},
            )


def _period(draft: Draft, client: Client) -> None:
    column = PERIOD_COLUMNS.get(draft.source.table)
    if column is None or column not in draft.frame:
        return
    days = local_days(draft.frame[column], client.client.timezone)
    first = pd.Timestamp(client.period.first)
    end = pd.Timestamp(client.period.last) + pd.DateOffset(months=1)
    outside = (days.notna() & ((days < first) | (days >= end))).to_numpy()
    params = {"first": f"{client.period.first:%Y-%m}", "last": f"{client.period.last:%Y-%m}"}
    draft.at(np.flatnonzero(outside), "period_outside", column, params=params)


def local_days(values: pd.Series, zone: str) -> pd.Series:
    """Return dates or instants as local times without a zone, NaT where missing."""
    cells = pa.array(values, from_pandas=True)
    cells = cells.combine_chunks() if isinstance(cells, pa.ChunkedArray) else cells
    zoned = getattr(cells.type, "tz", None) is not None
    plain = pd.Series(cells.cast(pa.timestamp("us")).to_numpy(zero_copy_only=False))
    if zoned:
        plain = plain.dt.tz_localize("UTC").dt.tz_convert(zone).dt.tz_localize(None)
    return plain


def _totals(draft: Draft) -> None:
    """Tell rows that stand for several sites together and would count as one more site."""
    spec = draft.table
    if "site_id" not in draft.frame or "site_id" not in draft.source.columns:
        return
    names = named_as_total(draft.frame["site_id"])
    wrong = draft.frame["site_id"].isin(names).to_numpy(dtype=bool, copy=True)
    by = [column for column in spec.key if column != "site_id"]
    amounts = [
        column
        for column, about in spec.columns.items()
        if about.kind in ("number", "int") and about.required and column not in spec.key
    ]
    usable = {*by, *amounts} <= set(draft.frame.columns)
    if draft.source.aggregate is None and "site_id" in spec.key and by and usable:
        for alike in (sums_of_others, sums_of_neighbours):
            wrong[alike(draft.frame, "site_id", by, amounts)] = True
    told = [p.rows for p in draft.problems if p.fault.rule == "total_suspected"]
    wrong[np.concatenate([np.empty(0, dtype=np.int64), *told])] = False
    draft.at(np.flatnonzero(wrong), "total_suspected", "site_id")


def _starts(draft: Draft) -> None:
    frame = draft.frame.reindex(columns=["arm", "planned_start", "actual_start"])
    wrong = (frame["arm"] == "treated") & frame["planned_start"].isna()
    wrong &= frame["actual_start"].isna()
    draft.at(np.flatnonzero(wrong.fillna(False).to_numpy(dtype=bool)), "start_missing", "arm")


def _means(draft: Draft) -> None:
    """Tell means beside which stands that nobody answered."""
    frame = draft.frame.reindex(columns=["score", "answers"])
    wrong = frame["score"].notna() & frame["answers"].eq(0).fillna(False)
    draft.at(np.flatnonzero(wrong.to_numpy(dtype=bool)), "mean_of_nobody", "answers")


def keys_of(table: str, frames: list[pd.DataFrame]) -> frozenset[str]:
    """Return the identifiers that other tables may refer to."""
    key = TABLES[table].key[0]
    return frozenset(v for f in frames if key in f for v in f[key].dropna().unique())
