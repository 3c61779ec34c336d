"""The documents that the client asks for: which exist, in which version, approved by whom."""

from __future__ import annotations

import pandas as pd

from analysis.results import Check, StageResults, Topic, collect
from analysis.standards import Document, Lines, course

_COLUMNS = (
    "document",
    "title",
    "requirement",
    "versions",
    "version",
    "issued_on",
    "approved_by",
    "approved_on",
    "second_approved_by",
    "second_approved_on",
    "state",
)


def assess_documents(documents: pd.DataFrame | None, lines: Lines | None = None) -> StageResults:
    """Hold the client's register to the documents that are asked for.

    Parameters
    ----------
    documents : DataFrame or None
        Canonical table ``documents``; titles are compared as they stand, brackets apart.
    lines : Lines, optional
        What the client's programme is held to; the lines of the course without it.

    Returns
    -------
    StageResults
        Table ``documents``: one row per document named (``document`` its identifier), then the
        client's others (``document`` empty), with the number of ``versions``, the newest one's
        ``version, issued_on, approved_by, approved_on, second_approved_by, second_approved_on``
        (legal, where the client has two approve), and ``state``: ``approved``,
        ``waiting`` (issued, not approved), ``absent``, ``not_arisen`` (absent, and needed only
        when something happens). Check ``design.documents``: passed when none that is always
        needed is absent or waits; no check where none is asked for.
    """
    asked = (lines or course()).documents
    if documents is None or documents.empty:
        if not asked:
            return collect("design", [])
        check = Check(
            id="design.documents",
            topic=Topic.DOCUMENTS,
            question="planning.documents.question",
            status="not_possible",
            reason="planning.documents.none",
            remedy="planning.documents.supply",
        )
        return collect("design", [check])
    titles = documents["title"].astype(str).str.strip("《》 ")
    rows = [_row(documents[titles == named.title], key, named) for key, named in asked.items()]
    wanted = {named.title for named in asked.values()}
    others = [Document(title=title) for title in dict.fromkeys(titles) if title not in wanted]
    rows += [_row(documents[titles == named.title], "", named) for named in others]
    table = pd.DataFrame(rows, columns=list(_COLUMNS))
    if not asked:
        return collect("design", [], tables={"documents": table})
    needed = table["document"].isin([key for key, named in asked.items() if named.always])
    absent = int((needed & (table["state"] == "absent")).sum())
    waiting = int((needed & (table["state"] == "waiting")).sum())
    fine = not absent and not waiting
    check = Check(
        id="design.documents",
        topic=Topic.DOCUMENTS,
        question="planning.documents.question",
        status="passed" if fine else "caution",
        value=float(absent + waiting),
        threshold=0.0,
        unit="count",
        n=int(needed.sum()),
        reason=None if fine else "planning.documents.short",
        remedy=None if fine else "planning.documents.remedy",
        params={"absent": absent, "waiting": waiting, "needed": int(needed.sum())},
    )
    return collect("design", [check], tables={"documents": table})


def _row(mine: pd.DataFrame, key: str, named: Document) -> tuple:
    """Return the row of one document from all its versions."""
    if mine.empty:
        state = "absent" if named.always else "not_arisen"
        return (key, named.title, named.requirement, 0, *[None] * 6, state)
    last = mine.assign(day=pd.to_datetime(mine["issued_on"])).sort_values("day").iloc[-1]
    approved = bool(pd.notna(last["approved_on"]))
    return (
        key,
        named.title,
        named.requirement,
        len(mine),
        last["version"],
        _known(last["issued_on"]),
        _known(last["approved_by"]),
        _known(last["approved_on"]),
        _known(last.get("second_approved_by")),
        _known(last.get("second_approved_on")),
        "approved" if approved else "waiting",
    )


def _known(value: object) -> object:
    return None if pd.isna(value) else value
