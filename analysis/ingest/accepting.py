"""Acting on the faults a client declared it lives with, and counting what that costs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.client import Accept, Client
from analysis.ingest import falls
from analysis.ingest.draft import Draft
from analysis.ingest.problems import NEVER_ACCEPTED, Problem, fault
from analysis.ingest.record import AcceptedRecord


def accept_known(draft: Draft, client: Client, *, number: int) -> None:
    """Apply every ``accept`` entry of a source to its draft.

    Accepted problems leave the list; their rows are dropped, or lose the value, or stay as
    read (faults that belong to no column). What is not accepted stays and blocks.

    Parameters
    ----------
    draft : Draft
        Changed in place.
    client : Client
        For the line of a faulty entry.
    number : int
        Position of the source in the client file.
    """
    gone = np.zeros(len(draft.frame), dtype=bool)
    for entry, accept in enumerate(draft.source.accept):
        if accept.rule in falls.RULES:
            continue  # about the source, not about its rows
        place = falls.place_of(client, number, entry)
        params = {"accepted": accept.rule, "max_rows": accept.max_rows}
        hit = [problem for problem in draft.problems if _matches(problem, accept)]
        then = _then(draft, accept)
        if accept.rule in NEVER_ACCEPTED or then is None:
            draft.faults.append(fault("accept_refused", params=params, **place))
            continue
        if not hit:
            draft.faults.append(fault("accept_unused", params=params, blocking=False, **place))
            continue
        rows = np.unique(np.concatenate([problem.rows for problem in hit]))
        if max(len(rows), 1) > accept.max_rows:
            exceeded = params | {"rows": len(rows)}
            draft.faults.append(fault("accept_exceeded", params=exceeded, **place))
            continue
        draft.problems = [problem for problem in draft.problems if problem not in hit]
        if then == "drop":
            fresh = np.zeros_like(gone)
            fresh[rows] = True
            draft.left_out[f"accepted:{accept.rule}"] += int((fresh & ~gone).sum())
            gone |= fresh
        elif then == "null":
            _nullify(draft, hit)
        draft.accepted.append(
            AcceptedRecord(
                rule=accept.rule,
                column=accept.column,
                rows=len(rows),
                max_rows=accept.max_rows,
                then=then,
                reason=accept.reason,
            )
        )
    counted = draft.left_out.copy()
    draft.keep(~gone, "accepted")
    draft.left_out = counted


def _matches(problem: Problem, accept: Accept) -> bool:
    if problem.fault.rule != accept.rule:
        return False
    return accept.column in (None, problem.column, problem.fault.column)


def _then(draft: Draft, accept: Accept) -> str | None:
    """Return what happens to the rows; None where that is impossible."""
    spec = draft.table.columns.get(accept.column) if accept.column else None
    if spec is None:
        mapped = [c for c in draft.source.columns if draft.header(c) == accept.column]
        spec = draft.table.columns[mapped[0]] if mapped else None
        name = mapped[0] if mapped else None
    else:
        name = accept.column
    needed = spec is not None and (spec.required or name in draft.table.key)
    if accept.then == "null" and needed:
        return None
    if accept.then is not None:
        return accept.then
    if spec is None:
        return "drop" if accept.rule in ("required_missing", "unmatched_reference") else "keep"
    return "drop" if needed else "null"


def _nullify(draft: Draft, problems: list[Problem]) -> None:
    for problem in problems:
        if problem.item is not None:
            values, _ = draft.items[problem.item]
            values.iloc[problem.rows] = pd.NA
        elif problem.column in draft.frame:
            draft.frame.loc[problem.rows, problem.column] = pd.NA
