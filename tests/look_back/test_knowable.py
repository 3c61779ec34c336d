"""No look-ahead: every column of every canonical table is declared, and the future never leaks."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from analysis.errors import SchemaError
from analysis.look_back import knowledge as module
from analysis.look_back.knowable import (
    known_on,
    last_whole_month,
    tables_known_on,
    undated,
)
from analysis.look_back.knowledge import KNOWLEDGE, check_declared
from analysis.tables import TABLES, Column, Table, conform, period_of

DAY = dt.date(2024, 5, 15)
ZONE = "Asia/Shanghai"
TEMPORAL = ("date", "instant")
ALL = sorted(TABLES)


def made_up(name: str, rows: int = 120, seed: int = 1) -> pa.Table:
    """Fill a table of its schema alone: dates about the day, some NULL, values random."""
    rng = np.random.default_rng(seed)
    table, data = TABLES[name], {}
    for column, spec in table.columns.items():
        days = rng.integers(-60, 60, rows)
        if spec.kind == "date":
            moments = [DAY + dt.timedelta(int(d)) for d in days]
            if column == "month":
                moments = [dt.date(2024, 1 + i % 12, 1) for i in range(rows)]
            values = pd.Series(moments, dtype=object)
        elif spec.kind == "instant":
            values = pd.Series(pd.Timestamp(DAY, tz=ZONE).tz_convert("UTC"), index=range(rows))
            values = values + pd.to_timedelta(rng.integers(-(10**6), 10**6, rows), unit="s")
        elif spec.kind == "bool":
            values = pd.Series(rng.random(rows) < 0.5)
        elif spec.kind in ("int", "number", "share"):
            values = pd.Series(rng.integers(0, 2, rows) + (spec.low or 0))
        elif spec.labels:
            values = pd.Series(rng.choice(spec.labels, rows))
        else:
            values = pd.Series([f"{column}{i}" for i in range(rows)])
        if not spec.required and column not in table.key:
            values = values.astype(object).where(rng.random(rows) > 0.2, None)
        data[column] = values
    return conform(name, pd.DataFrame(data))


def test_every_column_of_every_table_is_declared_once():
    check_declared()
    assert set(KNOWLEDGE) == set(TABLES)


@pytest.mark.parametrize("kind", ["date", "instant", "number"])
def test_a_new_column_cannot_pass_undeclared(monkeypatch, kind):
    tickets = TABLES["tickets"]
    columns = {**tickets.columns, "escalated": Column(kind, "new")}
    wider = Table(tickets.name, tickets.row, tickets.key, columns)
    monkeypatch.setattr(module, "TABLES", {**TABLES, "tickets": wider})
    with pytest.raises(SchemaError, match=r"tickets\.escalated is not declared"):
        check_declared()
    with pytest.raises(SchemaError, match=r"tickets\.escalated"):
        known_on("tickets", made_up("tickets"), on=DAY, timezone=ZONE)


def test_wrong_declarations_are_named(monkeypatch):
    twice = replace(KNOWLEDGE["risks"], planned=("impact", "likelihood"))
    monkeypatch.setattr(module, "KNOWLEDGE", {**KNOWLEDGE, "risks": twice})
    with pytest.raises(SchemaError) as caught:
        check_declared()
    assert "risks.impact is declared twice" in str(caught.value)
    assert "risks.likelihood does not exist" in str(caught.value)


def last_moment() -> dt.datetime:
    return dt.datetime.combine(DAY + dt.timedelta(1), dt.time()) - dt.timedelta(hours=8)


@pytest.mark.parametrize("name", ALL)
def test_no_moment_after_the_day_is_left_but_plans(name):
    cut = known_on(name, made_up(name), on=DAY, timezone=ZONE)
    assert cut.schema == TABLES[name].schema()
    for column, spec in TABLES[name].columns.items():
        if spec.kind not in TEMPORAL or column in KNOWLEDGE[name].planned:
            continue
        left = [m for m in cut[column].to_pylist() if m is not None]
        if spec.kind == "instant":
            assert all(m.replace(tzinfo=None) < last_moment() for m in left)
        else:
            assert all(m <= DAY for m in left)
        assert left, f"{column}: the test has nothing to see"


@pytest.mark.parametrize("name", ALL)
def test_rewriting_the_future_changes_nothing(name):
    """Whatever is dated after the day may be anything: the same is knowable."""
    whole = made_up(name)
    other = made_up(name, seed=2)
    known = KNOWLEDGE[name]
    frame, future = whole.to_pandas(), other.to_pandas()
    ends = {"date": DAY, "instant": pd.Timestamp(last_moment(), tz="UTC")}

    def later(column):
        kind = TABLES[name].columns[column].kind
        moments = frame[column]
        if kind == "instant":
            return (moments >= ends["instant"]).fillna(False).to_numpy()
        return np.array([m is not None and not pd.isna(m) and m > DAY for m in moments])

    for event in known.events:
        rows = later(event.column)
        for column in event.brings:
            if column != event.column:
                frame.loc[rows, column] = future.loc[rows, column]
    if known.row and len(known.row) == 1:
        rows = later(known.row[0])
        free = [c for c in frame.columns if c not in (*TABLES[name].key, *known.row)]
        frame.loc[rows, free] = future.loc[rows, free]
    rewritten = conform(name, frame)
    assert known_on(name, rewritten, on=DAY, timezone=ZONE).equals(
        known_on(name, whole, on=DAY, timezone=ZONE)
    )


@pytest.mark.parametrize("name", ALL)
def test_looking_back_twice_is_looking_back_once(name):
    whole = made_up(name)
    earlier = DAY - dt.timedelta(20)
    once = known_on(name, whole, on=earlier, timezone=ZONE)
    twice = known_on(name, known_on(name, whole, on=DAY, timezone=ZONE), on=earlier, timezone=ZONE)
    assert twice.equals(once)


@pytest.mark.parametrize("name", ["tickets", "staff", "milestones"])
def test_a_day_after_everything_hides_nothing_that_is_dated(name):
    whole = made_up(name)
    late = known_on(name, whole, on=dt.date(2030, 1, 1), timezone=ZONE)
    assert late.num_rows == whole.num_rows
    moments = [c for c, s in TABLES[name].columns.items() if s.kind in TEMPORAL]
    assert late.select(moments).equals(whole.select(moments))


def test_a_day_after_everything_is_the_whole_table_where_all_is_dated():
    tickets = made_up("tickets")
    assert known_on("tickets", tickets, on=dt.date(2030, 1, 1), timezone=ZONE).equals(tickets)


def test_rows_that_no_day_can_be_given_are_counted():
    costs = {"category": "venue", "planned": 1.0, "spent_on": [DAY, None, None]}
    costs = pd.DataFrame({"cost_id": ["a", "b", "c"], **costs, "actual": [1.0, 1.0, None]})
    answers = {"response_id": ["a", "b"], "item": "q", "instrument": "i"}
    answers = pd.DataFrame({**answers, "answered_on": [DAY, None]})
    tables = {"costs": conform("costs", costs), "reactions": conform("reactions", answers)}
    assert undated(tables) == {"costs": 1, "reactions": 1}
    assert undated({"risks": made_up("risks"), "costs": tables["costs"].slice(0, 0)}) == {}


def test_a_ticket_by_hand_and_the_end_of_the_local_day():
    at = [pd.Timestamp(t, tz="UTC") for t in ("2024-05-15 15:59:59", "2024-05-15 16:00:00")]
    frame = pd.DataFrame(
        {
            "ticket_id": ["a", "b", "c"],
            "site_id": "s",
            "opened_at": [at[0] - pd.Timedelta(days=2), at[0], at[1]],
            "first_response_at": [at[0], at[1], at[1]],
            "resolved_at": [at[1], at[1], at[1]],
            "due_at": [at[1], at[1], at[1]],
            "rating": [1.0, 2.0, 3.0],
        }
    )
    kept = frame.copy()
    cut = known_on("tickets", frame, on=DAY, timezone=ZONE).to_pandas()
    assert cut["ticket_id"].tolist() == ["a", "b"]
    assert cut["first_response_at"].notna().tolist() == [True, False]
    assert cut["resolved_at"].isna().all()
    assert cut["rating"].isna().all()
    assert cut["due_at"].notna().all()
    pd.testing.assert_frame_equal(frame, kept)


def test_months_are_known_once_they_ended_and_undated_answers_cannot_be_placed():
    fees = pd.DataFrame({"site_id": "s", "month": [dt.date(2024, m, 1) for m in (3, 4, 5)]}).assign(
        receivable=1.0, collected=1.0
    )
    months = {
        day: known_on("fees", fees, on=day, timezone=ZONE)["month"].to_pylist()[-1].month
        for day in (dt.date(2024, 4, 29), dt.date(2024, 4, 30), DAY, dt.date(2024, 5, 31))
    }
    assert list(months.values()) == [3, 4, 4, 5]
    assert last_whole_month(dt.date(2024, 4, 29)) == period_of(dt.date(2024, 3, 1))
    assert last_whole_month(dt.date(2024, 4, 30)) == period_of(dt.date(2024, 4, 1))
    answers = pd.DataFrame(
        {"response_id": ["a", "b"], "item": "q", "instrument": "i", "answered_on": [DAY, None]}
    )
    assert tables_known_on({"reactions": answers}, on=DAY, timezone=ZONE)["reactions"].num_rows == 1


def test_people_who_finish_later_have_no_completion_yet():
    frame = pd.DataFrame(
        {
            "staff_id": ["on time", "later", "never"],
            "module": "m",
            "session": "1",
            "held_on": DAY - dt.timedelta(9),
            "attended": True,
            "completion": [1.0, 1.0, 0.6],
            "completed_on": [DAY, DAY + dt.timedelta(1), None],
        }
    )
    cut = known_on("enrolments", frame, on=DAY, timezone=ZONE).to_pandas()
    assert cut["completion"].isna().tolist() == [False, True, False]
    assert cut["attended"].all()
