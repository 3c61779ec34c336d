"""Duplicates, freshness, sites beside each other, names, and the rows behind broken rules."""

import datetime as dt
import json
import random
import re
import shutil
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis import client as clients
from analysis import ingest, wording
from analysis.measurement import (
    assess_branches,
    assess_duplicates,
    assess_names,
    assess_quality,
    assess_timeliness,
    broken_rows,
    overlapping_names,
)
from analysis.measurement.branches import branch_extremes
from analysis.tables import conform

HERE = Path(__file__).parents[2]
EXPORT = Path("data/boston311/service_requests_2015.csv")
PLACES = [HERE / "data" / "boston" / "raw" / EXPORT.name, HERE.parent / "shared" / EXPORT]


def utc(*parts):
    return pd.Timestamp(*parts, tz="UTC")


def arrow(name, frame):
    return conform(name, frame).to_pandas()


def worded(found):
    for check in found.checks:
        params = {
            "value": check.value,
            "threshold": check.threshold,
            **check.params,
        }
        for language in wording.LANGUAGES:
            for key in (check.question, check.reason, check.remedy):
                if key:
                    said = {
                        k: wording.text(v, language)
                        if isinstance(v, str) and v.startswith("measurement.")
                        else v
                        for k, v in params.items()
                    }
                    assert wording.text(key, language, **said)


def tickets(rows):
    columns = ["ticket_id", "household_id", "category", "opened_at"]
    return arrow("tickets", pd.DataFrame(rows, columns=columns).assign(site_id="a", kind="repair"))


def test_a_matter_reported_again_within_the_hour_is_a_candidate():
    frame = tickets(
        [
            ("1", "h1", "lift", utc(2024, 1, 1, 8, 0)),
            ("2", "h1", "lift", utc(2024, 1, 1, 8, 40)),
            ("3", "h1", "lift", utc(2024, 1, 1, 9, 30)),
            ("4", "h1", "noise", utc(2024, 1, 1, 8, 5)),
            ("5", "h2", "lift", utc(2024, 1, 1, 8, 5)),
            ("6", "h1", "lift", utc(2024, 1, 1, 11, 0)),
            ("7", None, "lift", utc(2024, 1, 1, 8, 5)),
            ("8", None, "lift", utc(2024, 1, 1, 8, 6)),
        ]
    )
    found = assess_duplicates({"tickets": frame})
    row = found.table("duplicates").iloc[0]
    assert (row["rule"], row["applies"], row["groups"], row["rows"]) == ("ticket_twice", 6, 1, 3)
    assert found.table("duplicate_rows")["row"].tolist() == ["1", "2", "3"]
    assert found.checks[0].status == "failed"
    worded(found)
    moved = assess_duplicates({"tickets": frame.iloc[::-1].reset_index(drop=True)})
    pd.testing.assert_frame_equal(moved.table("duplicates"), found.table("duplicates"))


def sheets(rows):
    parts = [
        {
            "response_id": sheet,
            "item": item,
            "instrument": "v1",
            "site_id": site,
            "household_id": home,
            "answered_at": when,
            "score": score,
        }
        for sheet, site, home, when, scores in rows
        for item, score in zip(("q1", "q2"), scores, strict=True)
    ]
    return arrow("surveys", pd.DataFrame(parts))


def test_equal_sheets_of_a_day_and_households_of_two_sites_are_candidates():
    day, later = utc(2024, 1, 1, 8), utc(2024, 1, 1, 9)
    frame = sheets(
        [
            ("r1", "a", "h1", day, (5, 4)),
            ("r2", "a", "h1", later, (5, 4)),
            ("r3", "a", "h1", later, (5, 3)),
            ("r4", "b", "h1", utc(2024, 2, 1), (5, 4)),
            ("r5", "b", "h2", day, (5, 4)),
            ("r6", "b", None, day, (5, 4)),
        ]
    )
    counts = assess_duplicates({"surveys": frame}).table("duplicates").set_index("rule")
    assert counts.loc["sheet_twice", ["applies", "groups", "extra"]].tolist() == [5, 1, 1]
    assert counts.loc["household_two_sites", ["applies", "groups"]].tolist() == [2, 1]


def test_one_profile_under_two_numbers_is_a_candidate():
    staff = arrow(
        "staff",
        pd.DataFrame(
            {
                "staff_id": ["p1", "p2", "p3", "p4"],
                "site_id": ["a", "a", "b", None],
                "role": "steward",
                "tier": "frontline",
                "hired_on": [dt.date(2020, 5, 1)] * 4,
            }
        ),
    )
    found = assess_duplicates({"staff": staff})
    assert found.table("duplicate_rows")["row"].tolist() == ["p1", "p2"]
    assert assess_duplicates({}).checks[0].status == "not_possible"


def monthly(months, sites=("a", "b")):
    rows = [(s, dt.date(2024, m, 1)) for s in sites for m in months]
    frame = pd.DataFrame(rows, columns=["site_id", "month"])
    return arrow("fees", frame.assign(receivable=1.0, collected=1.0))


@pytest.mark.parametrize(
    ("frame", "status"),
    [
        (monthly(range(1, 13)), "passed"),
        (monthly([1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12]), "caution"),
        (monthly(range(1, 11)), "caution"),
        (monthly(range(1, 8)), "failed"),
        (pd.concat([monthly(range(1, 13)), monthly(range(1, 7), ("c",))]), "failed"),
    ],
    ids=["fresh", "a gap", "two months late", "five months late", "a site fell silent"],
)
def test_freshness(frame, status):
    found = assess_timeliness({"fees": frame}, until=dt.date(2024, 12, 31), timezone="UTC")
    assert [c.status for c in found.checks] == [status]
    worded(found)


@pytest.mark.parametrize(
    ("frame", "status"),
    [
        (monthly((2, 8)), "passed"),
        (pd.concat([monthly((2, 8)), monthly((2,), ("c",))]), "failed"),
        (monthly((2, 7, 8, 9, 10, 11)), "caution"),
    ],
    ids=["two rounds", "a site missed the last round", "most months"],
)
def test_months_between_rounds_are_no_gaps(frame, status):
    day = pd.to_datetime(frame["month"]) + pd.Timedelta(days=9)
    asked = frame.assign(answered_at=day.dt.tz_localize("UTC")).drop(columns="month")
    found = assess_timeliness({"surveys": asked}, until=dt.date(2024, 12, 31), timezone="UTC")
    assert [c.status for c in found.checks] == [status]
    worded(found)


def test_a_site_that_ends_in_all_tables_may_have_been_merged():
    """Its cases may stand under another site's name, against that site's households alone."""
    fees = pd.concat([monthly(range(1, 13)), monthly(range(1, 7), ("c",))])
    asked = fees.assign(answered_at=pd.to_datetime(fees["month"]).dt.tz_localize("UTC"))
    given = {"fees": fees, "surveys": asked.drop(columns="month")}
    known = {"until": dt.date(2024, 12, 31), "timezone": "UTC"}
    found = assess_timeliness(given, **known)
    (check,) = (c for c in found.checks if c.id == "baseline.timeliness.ended")
    assert (check.status, check.params["named"]) == ("caution", "c")
    assert check.params["last"] == [2024 * 12 + 5]
    worded(found)
    still_asked = {**given, "surveys": given["surveys"].assign(site_id="c")}
    assert all(
        c.id != "baseline.timeliness.ended" for c in assess_timeliness(still_asked, **known).checks
    )


@pytest.mark.parametrize(("last", "stale"), [(10, []), (9, [["c", 3]])])
def test_a_site_is_stale_without_a_record_in_the_last_three_months(last, stale):
    frame = pd.concat([monthly(range(1, 13)), monthly(range(1, last + 1), ("c",))])
    found = assess_timeliness({"fees": frame}, until=dt.date(2024, 12, 31), timezone="UTC")
    assert found.table("stale_sites")[["site_id", "months_behind"]].to_numpy().tolist() == stale


@pytest.mark.parametrize(("answered", "stale"), [(7, []), (6, ["c"])])
def test_a_round_that_spans_two_months_leaves_no_site_behind(answered, stale):
    frame = pd.concat([monthly((2, 8)), monthly((2, answered), ("c",))])
    day = pd.to_datetime(frame["month"]) + pd.Timedelta(days=9)
    asked = frame.assign(answered_at=day.dt.tz_localize("UTC")).drop(columns="month")
    found = assess_timeliness({"surveys": asked}, until=dt.date(2024, 12, 31), timezone="UTC")
    assert found.table("stale_sites")["site_id"].tolist() == stale


def test_freshness_counts_local_days_and_names_the_silent_sites():
    frame = pd.concat([monthly(range(1, 13)), monthly(range(1, 7), ("c",))])
    found = assess_timeliness({"fees": frame}, until=dt.date(2024, 12, 31), timezone="UTC")
    assert found.table("stale_sites")[["site_id", "months_behind"]].to_numpy().tolist() == [
        ["c", 6]
    ]
    late = tickets([("1", "h", "lift", utc(2024, 12, 31, 20))])
    for zone, days in (("UTC", 0), ("Asia/Shanghai", 0)):
        seen = assess_timeliness({"tickets": late}, until=dt.date(2024, 12, 31), timezone=zone)
        assert seen.table("timeliness")["lag_days"].tolist() == [days]
    seen = assess_timeliness({"tickets": late}, until=dt.date(2025, 1, 1), timezone="Asia/Shanghai")
    assert seen.table("timeliness")["lag_days"].tolist() == [0]
    nothing = assess_timeliness({}, until=dt.date(2025, 1, 1), timezone="UTC")
    assert nothing.checks[0].status == "not_possible"


def branches(far=None, blank=None):
    rng = np.random.default_rng(1)
    parts = []
    for k in range(12):
        part = pd.DataFrame(
            {
                "ticket_id": [f"{k}-{i}" for i in range(40)],
                "site_id": f"s{k}",
                "opened_at": utc(2024, 1, 1),
                "category": "lift",
                "rating": rng.choice([3.0, 4.0, 5.0], 40),
            }
        )
        if k == far:
            part["rating"] = 1.0
        if k == blank:
            part.loc[:9, "category"] = None
        parts.append(part)
    return {"tickets": arrow("tickets", pd.concat(parts, ignore_index=True))}


def test_sites_that_stand_out_are_named_and_alike_ones_pass():
    alike = assess_branches(branches())
    assert [c.status for c in alike.checks] == ["passed", "passed"]
    found = assess_branches(branches(far=3, blank=5))
    assert [c.status for c in found.checks] == ["caution", "caution"]
    assert found.checks[0].params["site"] == "s5"
    assert found.table("branch_blanks")[["site_id", "missing"]].to_numpy().tolist() == [
        ["s5", 0.25]
    ]
    assert found.table("branch_extremes")["site_id"].tolist() == ["s3"]
    worded(found)
    single = {"tickets": branches()["tickets"].iloc[:40]}
    assert assess_branches(single).checks[0].status == "not_possible"


def test_names_that_hold_each_other():
    names = pd.Series(
        [
            "Allston / Brighton",
            "Allston",
            "Roxbury",
            "West Roxbury",
            "云栖新村",
            "云栖新村二期",
            "滨江",
        ],
        index=list("abcdefg"),
    )
    pairs = overlapping_names(names, pd.Series({"a": 10, "b": 2}))
    assert pairs[["site", "other", "kind"]].to_numpy().tolist() == [
        ["Allston / Brighton", "Allston", "listed"],
        ["West Roxbury", "Roxbury", "contained"],
        ["云栖新村二期", "云栖新村", "contained"],
    ]
    assert pairs.loc[0, ["rows", "rows_other"]].tolist() == [10, 2]
    sites = pd.DataFrame({"site_id": names.index, "site_name": names})
    worded(assess_names(sites))
    assert assess_names(sites.iloc[[0, 2, 6]]).checks[0].status == "passed"
    assert assess_names(None).checks[0].status == "not_possible"


def test_pairs_of_names_are_found_without_comparing_all_of_them():
    draw = random.Random(1)
    parts = ["花园", "东区", "云", "A", "b", "Allston", "Brighton", "/", "、", " ", "1", "12"]
    for _ in range(60):
        names = ["".join(draw.choices(parts, k=draw.randint(1, 4))) for _ in range(14)]
        expected = [
            (wide, narrow, kind)
            for wide, narrow in (wider(*pair) for pair in combinations(names, 2))
            if (kind := related(wide, narrow))
        ]
        found = overlapping_names(pd.Series(names))[["site", "other", "kind"]]
        assert sorted(found.itertuples(index=False, name=None)) == sorted(expected)
    many = pd.Series([f"云栖{i}号花园" for i in range(3000)] + ["云栖7号花园二期"])
    assert len(overlapping_names(many)) == 1


def wider(first, second):
    return (second, first) if len(first) < len(second) else (first, second)


def related(wide, narrow):
    """How two names overlap, by the definition: every pair is looked at."""
    split = [
        {p.casefold() for p in re.split(r"\s*[/、,，;；&+]\s*", n) if p} for n in (wide, narrow)
    ]
    if max(map(len, split)) > 1 and split[0] & split[1]:
        return "listed"
    if re.search(r"[\u4e00-\u9fff]", narrow):
        return "contained" if len(narrow) > 1 and narrow in wide and narrow != wide else None
    words, fewer = (set(re.findall(r"\w+", name.casefold())) for name in (wide, narrow))
    return "contained" if fewer and fewer < words else None


def test_rows_behind_a_broken_rule_are_listed_and_capped():
    frame = pd.concat([tickets([("1", "h", "lift", utc(2024, 1, 2))])] * 4, ignore_index=True)
    frame["resolved_at"] = pd.Series([utc(2024, 1, 1)] * 4, dtype=frame["resolved_at"].dtype)
    rows = broken_rows({"tickets": frame}, cap=2)
    assert rows["rule"].tolist() == ["repeated_key"] * 2 + ["resolved_before_opened"] * 2
    assert rows["row"].tolist() == ["1"] * 4
    assert "2024-01-01" in rows["values"].iloc[-1]
    assert assess_quality({"tickets": frame}).table("quality_rows")["rule"].nunique() == 2


def test_rows_left_out_with_a_declared_fault_are_told():
    counts = pd.DataFrame(
        {
            "table": ["tickets", "sites"],
            "source": "x",
            "rows_in": [100, 100],
            "rows_out": [90, 3],
            "left_out": [10, 97],
            "reasons": [
                json.dumps({"accepted:required_missing": 8, "duplicate": 2}),
                json.dumps({"repeated": 97}),
            ],
        }
    )
    found = assess_quality({"tickets": tickets([("1", "h", "lift", utc(2024, 1, 2))])}, counts)
    told = [c for c in found.checks if c.id.endswith("left_out")]
    assert [(c.id, c.value, c.status) for c in told] == [
        ("baseline.quality.tickets.left_out", 0.08, "caution")
    ]
    worded(found)


def test_the_defects_of_real_requests_are_found(tmp_path):
    """Boston 311 (2015): what its scorecard has to find; docs/methods/baseline.md lists it."""
    export = next((place for place in PLACES if place.is_file()), None)
    if export is None:
        pytest.skip("the requests are not here; data/boston/README.md says where to put them")
    folder = tmp_path / "boston"
    (folder / "raw").mkdir(parents=True)
    shutil.copy(HERE / "data" / "boston" / "client.yml", folder)
    shutil.copy(export, folder / "raw" / EXPORT.name)
    record = ingest.ingest(clients.load(folder), tmp_path / "canonical")
    given = {p.stem: pd.read_parquet(p) for p in (tmp_path / "canonical").glob("*.parquet")}
    counts = pd.DataFrame(
        [
            (t, s.rows_in, s.rows_out, json.dumps(s.left_out))
            for t, r in record.tables.items()
            for s in r.sources
        ],
        columns=["table", "rows_in", "rows_out", "reasons"],
    )
    found = assess_quality(given, counts)
    checks = {c.id: c for c in found.checks}
    blank = checks["baseline.quality.tickets.left_out"]
    assert (blank.status, blank.params["out"], blank.params["rows"]) == ("caution", 785, 20_576)
    promise = checks["baseline.quality.tickets.open_without_due.resolved_at_due_at"]
    assert (promise.status, promise.params["broken"]) == ("caution", 1)
    assert found.table("quality_rows")["rule"].tolist() == ["open_without_due"]
    names = assess_names(given["sites"], tickets=given["tickets"])
    pairs = names.table("site_names")
    listed = pairs.loc[pairs["kind"] == "listed", ["site", "other", "rows", "rows_other"]]
    assert listed.to_numpy().tolist() == [
        ["Allston / Brighton", "Allston", 1273, 24],
        ["Allston / Brighton", "Brighton", 1273, 61],
        ["South Boston / South Boston Waterfront", "South Boston", 1192, 52],
    ]
    contained = pairs.loc[pairs["kind"] == "contained", ["site", "other"]].to_numpy().tolist()
    assert ["Greater Mattapan", "Mattapan"] in contained
    assert ["East Boston", "Boston"] in contained
    worded(found)
    worded(names)


def test_rows_of_unknown_sites_alone_have_no_branch_that_lies_far_off():
    fees = pd.DataFrame(
        {"site_id": [None, None], "month": ["2024-01", "2024-02"], "due": [1.0, 2.0]}
    )
    assert branch_extremes({"fees": fees}).empty
