"""What is kept beside the training: lecturers, objections, documents, other changes at sites."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from analysis.simulation.parameters import WorldParameters
from analysis.simulation.sites import Roster, stream
from analysis.tables import month_of, period_of

# Lecturer, origin, years in the field, months from the start of the programme to the certificate.
_LECTURERS = (
    ("J001", "internal", 8.0, 1),
    ("J002", "internal", 6.5, 1),
    ("J003", "internal", 4.0, 2),
    ("J004", "internal", 2.5, 2),
    ("J005", "technical", 3.5, 1),
    ("J006", "internal", 5.0, 2),
    ("J007", "internal", 3.0, None),
    ("J008", "external", 11.0, 1),
    ("J009", "internal", 7.0, 2),
    ("J010", "internal", 3.5, 5),
    ("J011", "internal", 9.0, 1),
    ("J012", "technical", 2.0, 2),
    ("J013", "internal", 5.5, 2),
    ("J014", "internal", 4.5, 2),
)

# Title, version, months after the start of issue and of approval, who approved it.
_DOCUMENTS = (
    ("培训需求分析报告", "V1.0", 1, 1, "总经理"),
    ("客户关系管理标准化操作手册", "V1.0", 2, 2, "运营总监"),
    ("客户关系管理标准化操作手册", "V1.1", 9, 10, "运营总监"),
    ("课程体系设计方案", "V1.0", 2, 2, "人力资源总监"),
    ("年度培训预算方案", "2024版", 1, 1, "财务总监"),
    ("应急预案手册", "V1.0", 3, None, None),
    ("培训调整通知", "2024-01", 10, 10, "培训经理"),
)
_EVENTS = 9
_CHANGES = {
    "takeover": "交接更换物业团队",
    "management": "项目经理更换",
    "system": "上线新门禁系统",
    "price": "停车费调整",
    "other": "电梯大修",
}
_STANDARD = "报修响应标准统一为三十分钟"
_PASS, _OBJECTS = 80, 0.06
_TERM_DAYS = 15
_LEGAL = dt.timedelta(days=6)


def draw_lecturers(parameters: WorldParameters) -> pd.DataFrame:
    """Draw the canonical table ``lecturers``: those who teach, and those in reserve."""
    start = period_of(parameters.wave_months[0]) - 3
    frame = pd.DataFrame(
        _LECTURERS, columns=["lecturer_id", "origin", "service_years", "certified_on"]
    )
    frame["certified_on"] = [
        None if np.isnan(m) else month_of(start + int(m)) + dt.timedelta(days=17)
        for m in frame["certified_on"]
    ]
    return frame.assign(certified=frame["certified_on"].notna())


def draw_appeals(parameters: WorldParameters, assessments: pd.DataFrame) -> pd.DataFrame:
    """Draw the canonical table ``appeals``: some who failed a test object, and are answered."""
    rng = stream(parameters, "appeals")
    failed = (assessments["occasion"] == "post") & (assessments["score"] < _PASS)
    failed = assessments.loc[failed].reset_index(drop=True)
    mine = failed.loc[rng.random(len(failed)) < _OBJECTS].reset_index(drop=True)
    filed = [
        day + dt.timedelta(days=int(w))
        for day, w in zip(mine["assessed_on"], rng.integers(1, 8, len(mine)), strict=True)
    ]
    waited = rng.integers(3, 19, len(mine))
    decided = [day + dt.timedelta(days=int(w)) for day, w in zip(filed, waited, strict=True)]
    still_open = rng.random(len(mine)) < 0.06
    outcome = rng.choice(["upheld", "changed", "withdrawn"], len(mine), p=[0.7, 0.25, 0.05])
    return pd.DataFrame(
        {
            "appeal_id": [f"SS{i:03d}" for i in range(1, len(mine) + 1)],
            "staff_id": mine["staff_id"],
            "about": "test",
            "filed_on": filed,
            "due_on": [day + dt.timedelta(days=_TERM_DAYS) for day in filed],
            "decided_on": [
                None if o or day >= parameters.end else day
                for o, day in zip(still_open, decided, strict=True)
            ],
            "outcome": [
                None if o or day >= parameters.end else what
                for o, day, what in zip(still_open, decided, outcome, strict=True)
            ],
        },
        dtype=object,
    )


def draw_documents(parameters: WorldParameters) -> pd.DataFrame:
    """Draw the canonical table ``documents``; one waits for approval, one was never written."""
    start = period_of(parameters.wave_months[0]) - 3
    rows = []
    for title, version, issued, approved, role in _DOCUMENTS:
        day = None if approved is None else month_of(start + approved) + dt.timedelta(days=23)
        rows.append((title, version, month_of(start + issued) + dt.timedelta(days=9), role, day))
    columns = ["title", "version", "issued_on", "approved_by", "approved_on"]
    found = pd.DataFrame(rows, columns=columns)
    # Legal has signed what management approved, but for the newest.
    signed = found["approved_on"].map(lambda day: None if day is None else day + _LEGAL)
    newest = found["approved_on"].map(lambda day: dt.date.min if day is None else day).idxmax()
    signed = signed.astype(object).where(signed.index != newest, None)
    who = signed.map(lambda day: None if day is None else "法务")
    return found.assign(second_approved_by=who, second_approved_on=signed)


def draw_events(parameters: WorldParameters, roster: Roster) -> pd.DataFrame:
    """Draw the canonical table ``events``: changes that move no outcome, one at all sites."""
    p = parameters
    rng = stream(p, "events")
    n = min(_EVENTS, p.n_sites)
    where = roster.sites["site_id"].to_numpy(object)[rng.permutation(p.n_sites)[:n]]
    kinds = rng.choice(list(_CHANGES), n)
    days = np.sort(rng.integers(60, max(61, p.n_months * 30 - 60), n))
    first = p.first_month + dt.timedelta(days=45)
    rows = [(None, "service_standard", _STANDARD, first)]
    rows += [
        (site, kind, _CHANGES[kind], p.first_month + dt.timedelta(days=int(d)))
        for site, kind, d in zip(where, kinds, days, strict=True)
    ]
    frame = pd.DataFrame(rows, columns=["site_id", "change", "name", "happened_on"])
    return frame.assign(event_id=[f"BD{i:02d}" for i in range(1, len(frame) + 1)])
