"""The documents that the requirements name: which exist, in which version, approved by whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.results import Check, StageResults, Topic, collect


@dataclass(frozen=True, slots=True)
class Named:
    """A document that the requirements name.

    Attributes
    ----------
    title : str
        As they cite it, without the brackets.
    requirement : str
        Requirement that names it.
    always : bool
        Whether every programme needs it; others only arise when something happens.
    """

    title: str
    requirement: str
    always: bool = True


NAMED: Mapping[str, Named] = {
    "needs_report": Named("培训需求分析报告", "R082"),
    "manual": Named("客户关系管理标准化操作手册", "R083"),
    "budget_plan": Named("年度培训预算方案", "R111"),
    "curriculum": Named("课程体系设计方案", "R129"),
    "emergency_manual": Named("应急预案手册", "R147"),
    "adjustment": Named("培训调整通知", "R147", always=False),
    "emergency_report": Named("应急处理报告", "R147", always=False),
}
"""Documents that people write; what the reports of this project answer is not among them."""

_COLUMNS = (
    "document",
    "title",
    "requirement",
    "versions",
    "version",
    "issued_on",
    "approved_by",
    "approved_on",
    "state",
)


def assess_documents(documents: pd.DataFrame | None) -> StageResults:
    """Hold the client's register to the documents that are asked for.

    Parameters
    ----------
    documents : DataFrame or None
        Canonical table ``documents``; titles are compared as they stand, brackets apart.

    Returns
    -------
    StageResults
        Table ``documents``: one row per document named (``document`` its identifier), then the
        client's others (``document`` empty), with the number of ``versions``, the newest one's
        ``version, issued_on, approved_by, approved_on``, and ``state``: ``approved``,
        ``waiting`` (issued, not approved), ``absent``, ``not_arisen`` (absent, and needed only
        when something happens). Check ``design.documents``: passed when none that is always
        needed is absent or waits.
    """
    if documents is None or documents.empty:
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
    wanted = {named.title: key for key, named in NAMED.items()}
    rows = [_row(documents[titles == named.title], key) for key, named in NAMED.items()]
    others = [title for title in dict.fromkeys(titles) if title not in wanted]
    rows += [_row(documents[titles == title], "", title) for title in others]
    table = pd.DataFrame(rows, columns=list(_COLUMNS))
    needed = table["document"].map({key: named.always for key, named in NAMED.items()})
    needed = needed.fillna(False).astype(bool)
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


def _row(mine: pd.DataFrame, key: str, title: str = "") -> tuple:
    """Return the row of one document from all its versions."""
    named = NAMED.get(key)
    requirement = named.requirement if named else ""
    if mine.empty:
        state = "absent" if named is None or named.always else "not_arisen"
        return (key, NAMED[key].title, requirement, 0, None, None, None, None, state)
    last = mine.assign(day=pd.to_datetime(mine["issued_on"])).sort_values("day").iloc[-1]
    approved = bool(pd.notna(last["approved_on"]))
    return (
        key,
        named.title if named else title,
        requirement,
        len(mine),
        last["version"],
        _known(last["issued_on"]),
        _known(last["approved_by"]),
        _known(last["approved_on"]),
        "approved" if approved else "waiting",
    )


def _known(value: object) -> object:
    return None if pd.isna(value) else value
