"""A tiny client whose indicators are counted by hand; each row says what it is there for.

The client's zone is Asia/Shanghai (UTC+8). Site A serves 500 households, B 250, C has no count.
"""

from __future__ import annotations

import datetime as dt

import pandas as pd

TIMEZONE = "Asia/Shanghai"
FIRST, LAST = "2024-01", "2024-04"
JAN, FEB, MAR, APR = (2024 * 12 + month for month in range(4))


def at(local: str) -> pd.Timestamp:
    """Return the UTC instant of a wall-clock time in Shanghai."""
    return pd.Timestamp(local, tz=TIMEZONE).tz_convert("UTC")


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def sites() -> pd.DataFrame:
    return pd.DataFrame(
        {"site_id": ["A", "B", "C"], "site_name": ["A", "B", "C"], "households": [500, 250, None]}
    ).astype({"households": "Int64"})


def instruments() -> pd.DataFrame:
    rows = [
        ("owner_v1", "q_all", "overall", 1, 5),
        ("owner_v1", "q_nps", "nps", 0, 10),
        ("owner_v1", "q_staff", "item", 1, 5),
        # Never answered: its other scale must not matter.
        ("owner_v0", "q_all", "overall", 1, 10),
        ("course", "c_all", "overall", 1, 5),
        ("course", "c_pace", "item", 1, 5),
        ("rating", "r1", "item", 1, 5),
        ("rating", "r2", "item", 1, 5),
        ("shopper", "s1", "item", 0, 100),
    ]
    return pd.DataFrame(rows, columns=["instrument", "item", "role", "scale_min", "scale_max"])


def surveys() -> pd.DataFrame:
    rows = [
        # A, January: scores 5, 4, 2.
        ("s1", "q_all", "A", "2024-01-05 10:00", 5, None),
        ("s1", "q_nps", "A", "2024-01-05 10:00", 10, None),
        ("s1", "q_staff", "A", "2024-01-05 10:00", 1, None),
        ("s2", "q_all", "A", "2024-01-06 10:00", 4, None),
        ("s2", "q_nps", "A", "2024-01-06 10:00", 8, None),
        ("s3", "q_all", "A", "2024-01-31 23:59:59", 2, None),  # last local second of January
        ("s3", "q_nps", "A", "2024-01-31 23:59:59", 6, None),
        # A, February: 16:00 UTC of 31 January is already February in Shanghai.
        ("s4", "q_all", "A", "2024-02-01 00:00", 3, None),
        ("s4", "q_nps", "A", "2024-02-01 00:00", 9, None),
        ("s5", "q_all", "A", "2024-02-02 09:00", None, "dont_know"),
        # B, January: nothing scored, yet handed in.
        ("s6", "q_all", "B", "2024-01-10 09:00", None, "blank"),
        ("s6", "q_nps", "B", "2024-01-10 09:00", None, "blank"),
        # Outside the period.
        ("s7", "q_all", "A", "2023-12-31 23:00", 1, None),
        ("s8", "q_all", "A", "2024-05-01 00:00", 1, None),
    ]
    return pd.DataFrame(
        {
            "response_id": [r[0] for r in rows],
            "item": [r[1] for r in rows],
            "instrument": "owner_v1",
            "site_id": [r[2] for r in rows],
            "answered_at": [at(r[3]) for r in rows],
            "score": pd.array([r[4] for r in rows], dtype="Float64"),
            "missing": [r[5] for r in rows],
        }
    )


def invitations() -> pd.DataFrame:
    rows = [
        ("A", "2024-01-01", "wechat", 6),
        ("A", "2024-01-01", "phone", 4),
        ("A", "2024-02-01", "wechat", 0),  # none sent: no cell, though two came in
        ("B", "2024-01-01", "wechat", 5),
        ("B", "2024-02-01", "wechat", 5),  # none came in: zero
    ]
    found = pd.DataFrame(rows, columns=["site_id", "month", "channel", "invited"])
    found["month"] = found["month"].map(day)
    return found


def tickets() -> pd.DataFrame:
    rows = [
        # The earliest ticket: the data begin on 1 January, the end is 30 April 12:00.
        ("t01", "A", "h1", "repair", "lift", "01-01 00:00", "01-01 00:30", "01-01 02:00", 0),
        # One second too late; repeated by t03 after 19 days.
        ("t02", "A", "h1", "complaint", "noise", "01-01 08:00", "01-01 08:30:01", "01-01 12:00", 0),
        ("t03", "A", "h1", "complaint", "noise", "01-20 08:00", "01-20 08:05", "01-20 14:00", 0),
        # Reopened.
        ("t04", "A", "h2", "repair", "lift", "01-15 08:00", "01-15 08:10", "01-15 18:00", 1),
        # Resolved without a recorded answer: response unknown; household unknown: by reopening.
        ("t05", "A", None, "enquiry", "fees", "01-16 08:00", None, "01-16 09:00", 0),
        # Praise is no request.
        ("t06", "A", "h3", "praise", "staff", "01-17 08:00", None, None, 0),
        # Repeats t03 after 30 days to the second; its own successor comes a second too late.
        ("t07", "A", "h1", "complaint", "noise", "02-19 08:00", "02-19 08:01", "02-20 08:00", 0),
        ("t08", "A", "h1", "complaint", "noise", "03-20 08:00:01", None, None, 0),
        # March: still open and never answered (t08); reopening unknown (t09).
        ("t09", "A", "h4", "repair", "door", "03-21 08:00", "03-21 08:20", "03-21 10:00", None),
        # April: open for ten minutes when the data end, so not yet known.
        ("t10", "A", "h5", "repair", "lift", "04-30 11:50", None, None, 0),
        # Resolved, but its 30 days are not over; kind unknown is a request.
        ("t11", "A", "h6", None, "lift", "04-10 08:00", "04-10 08:01", "04-10 09:00", 0),
        # B: one ticket in January and one in March; February counts zero.
        ("t12", "B", "h9", "repair", "lift", "01-31 23:59:59", "02-01 00:10", "02-02 00:00", 0),
        ("t13", "B", "h9", "repair", "lift", "03-01 00:00", "03-01 00:10", "03-01 01:00", 0),
        # C has no count of households: no rate. It is the latest ticket of all; answered before
        # it was opened, so unknown.
        ("t14", "C", "h9", "repair", "lift", "04-30 12:00", "04-30 11:00", None, 0),
        # Other category and other household do not repeat t02.
        ("t15", "A", "h1", "complaint", "attitude", "02-02 08:00", "02-02 08:01", "02-02 09:00", 0),
        ("t16", "A", "h7", "complaint", "noise", "02-03 08:00", "02-03 08:01", "02-03 11:00", 0),
    ]  # fmt: skip
    names = [
        "ticket_id", "site_id", "household_id", "kind", "category", "opened_at",
        "first_response_at", "resolved_at", "reopened",
    ]  # fmt: skip
    found = pd.DataFrame(rows, columns=names)
    stars = {"t01": 5, "t02": 3, "t03": 4, "t05": 2, "t06": 5, "t07": 5, "t09": 4}  # t06 is praise
    found["rating"] = found["ticket_id"].map(stars).astype("Float64")
    for column in ("opened_at", "first_response_at", "resolved_at"):
        found[column] = [at(f"2024-{v}") if isinstance(v, str) else pd.NaT for v in found[column]]
        found[column] = pd.to_datetime(found[column], utc=True)
    # t03 was solved and never closed; t07 was closed after 35 days.
    closed = {
        "t02": "01-13 08:00",
        "t07": "03-25 08:00",
        "t15": "02-02 10:00",
        "t16": "03-04 08:00",
    }
    found["closed_at"] = pd.to_datetime(
        [at(f"2024-{closed[t]}") if t in closed else pd.NaT for t in found["ticket_id"]], utc=True
    )
    return found.astype({"reopened": "Int64"})


def contracts() -> pd.DataFrame:
    rows = [
        ("k1", "A", "h1", "2024-01-31", False),
        ("k2", "A", "h2", "2024-01-01", True),
        ("k3", "A", None, "2024-01-20", False),  # a shop: no household
        ("k4", "A", "h3", "2024-01-20", None),  # undecided
        ("k5", "B", "h9", "2024-02-29", True),
    ]
    found = pd.DataFrame(
        rows, columns=["contract_id", "site_id", "household_id", "due_on", "renewed"]
    )
    found["due_on"] = found["due_on"].map(day)
    return found.astype({"renewed": "boolean"})


def fees() -> pd.DataFrame:
    rows = [
        ("A", "2024-01-01", 1000.0, 200.0, 600.0, 450.0),  # 600 / 800
        ("A", "2024-02-01", 1000.0, None, 900.0, None),  # no waiver, nor who paid, recorded
        ("A", "2024-03-01", 500.0, 500.0, 0.0, 0.0),  # nothing due: no cell
        ("B", "2024-01-01", 100.0, 0.0, 110.0, 55.0),  # arrears paid
    ]
    columns = ["site_id", "month", "receivable", "waived", "collected", "collected_quality"]
    found = pd.DataFrame(rows, columns=columns)
    found["month"] = found["month"].map(day)
    return found


def crm_usage() -> pd.DataFrame:
    rows = [
        ("A", "2024-01-01", 10, 6, 4.5, 45, 120, 7),
        ("A", "2024-02-01", 10, 8, None, None, 200, 9),  # days and weeks not recorded
        ("B", "2024-01-01", 0, 0, 0.0, 0, 0, 3),  # no accounts: functions alone
    ]
    columns = ["site_id", "month", "users", "active_users", "weekly_users", "active_days"]
    found = pd.DataFrame(rows, columns=[*columns, "records_kept", "functions_used"])
    found["month"] = found["month"].map(day)
    found = found.astype({"active_days": "Int64"})
    more = {
        "profiles": [100, 100, None], "profiles_complete": [40, 55, None],
        "records_checked": [20, None, None], "records_right": [18, None, None],
        "call_backs": [30, 12, 0],
    }  # fmt: skip
    return found.assign(**{name: pd.array(values, "Int64") for name, values in more.items()})


def staff() -> pd.DataFrame:
    rows = [
        ("p1", "A", "2023-05-01", None),
        ("p2", "A", "2023-06-01", "2024-02-10"),  # leaves in February
        ("p3", "B", "2024-01-15", "2024-03-31"),  # counts from February, leaves in March
        ("p4", None, None, "2024-01-31"),  # head office: no site
        ("p5", "A", "2024-02-05", "2024-02-20"),  # came and left within a month
        ("p6", "A", None, "2023-12-31"),  # left before the period
    ]
    found = pd.DataFrame(rows, columns=["staff_id", "site_id", "hired_on", "left_on"])
    for column in ("hired_on", "left_on"):
        found[column] = [day(v) if isinstance(v, str) else None for v in found[column]]
    return found


def enrolments() -> pd.DataFrame:
    rows = [
        ("p1", "m1", "x1", "classroom", "2024-02-05", True, 1.0),
        ("p2", "m1", "x1", "classroom", "2024-02-05", False, 0.0),
        ("p3", "m1", "x1", "classroom", "2024-02-05", None, None),  # not recorded
        ("p4", "m1", "x1", "classroom", "2024-02-05", True, 1.0),  # head office: no site
        ("p1", "m2", "x2", "online", "2024-02-20", True, 0.5),
        ("p2", "m2", "x2", None, "2024-02-20", None, 0.25),  # delivery unknown
        ("p1", "m3", "x3", "online", None, True, 1.0),  # never held: no month
    ]
    found = pd.DataFrame(
        rows, columns=["staff_id", "module", "session", "mode", "held_on", "attended", "completion"]
    )
    found["held_on"] = [day(v) if isinstance(v, str) else None for v in found["held_on"]]
    return found.astype({"attended": "boolean"})


def reactions() -> pd.DataFrame:
    rows = [
        ("r1", "c_all", "p1", "m1", 5),
        ("r1", "c_pace", "p1", "m1", 1),
        ("r2", "c_all", "p2", "m1", 3),
        ("r3", "c_all", "p1", "m2", 4),
        ("r4", "c_all", None, "m1", 4),  # anonymous
        ("r5", "c_all", "p3", None, 2),  # module unknown: overall only
    ]
    found = pd.DataFrame(rows, columns=["response_id", "item", "staff_id", "module", "score"])
    return found.assign(instrument="course", answered_on=day("2024-02-06"))


def assessments() -> pd.DataFrame:
    rows = [
        ("p1", "m1", "pre", "written", 1, "2024-02-01", 50.0),
        ("p2", "m1", "pre", "written", 1, "2024-02-01", 60.0),
        ("p1", "m1", "post", "written", 1, "2024-02-28", 70.0),
        ("p2", "m1", "post", "written", 1, "2024-03-01", 90.0),
        ("p1", "m1", "post", "practical", 1, "2024-02-28", 80.0),
        ("p1", "m1", "post", "written", 2, "2024-02-29", 100.0),  # resit
        ("p3", "m1", "post", "written", 1, "2024-02-28", None),  # absent
    ]
    names = ["staff_id", "module", "occasion", "form", "attempt", "assessed_on", "score"]
    found = pd.DataFrame(rows, columns=names)
    found["assessed_on"] = found["assessed_on"].map(day)
    return found


def ratings() -> pd.DataFrame:
    rows = [
        ("g1", "r1", "rating", "A", "supervisor", 4.0),
        ("g1", "r2", "rating", "A", "supervisor", 2.0),  # sheet mean 3
        ("g2", "r1", "rating", "A", "supervisor", 5.0),
        ("g2", "r2", "rating", "A", "supervisor", None),  # sheet mean 5
        ("g3", "r1", "rating", "A", "peer", 4.0),
        ("g4", "s1", "shopper", "A", "mystery_shopper", 80.0),  # its own scale
        ("g5", "r1", "rating", "B", "peer", None),  # nothing scored
    ]
    found = pd.DataFrame(
        rows, columns=["rating_id", "item", "instrument", "site_id", "rater_role", "score"]
    )
    return found.assign(rated_on=day("2024-03-31"))


def everything() -> dict[str, pd.DataFrame]:
    """Return all tables of the client by canonical name."""
    makers = (
        sites, instruments, surveys, invitations, tickets, fees, contracts, staff, enrolments,
        reactions, assessments, ratings, crm_usage,
    )  # fmt: skip
    return {make.__name__: make() for make in makers}
