import datetime as dt

import pandas as pd
import pytest
from plans import GOALS, waves

from analysis.design import Goal, assess_lock, baseline_content, differences, make_plan, seal
from analysis.design.locks import from_json
from analysis.errors import DesignError

DAY = dt.date(2024, 1, 1)
START = dt.date(2024, 3, 1)
BEFORE = 2024 * 12 + 2


def plan(goals=GOALS, **settings):
    return make_plan("csat_mean", goals, waves(), **settings).content()


def locked(**settings):
    return seal("plan", plan(**settings), on=DAY, by="QA")


def state(lock, now, **options):
    found = assess_lock("plan", lock, now, first_start=START, **options)
    return found.checks[0], found.tables["deviations"]


def test_without_a_lock_it_is_said():
    check, rows = state(None, None)
    assert (check.status, check.reason, len(rows)) == ("caution", "locks.plan.none", 0)


def test_a_kept_plan_is_as_planned():
    check, rows = state(locked(), plan())
    assert (check.status, check.reason, len(rows)) == ("passed", "locks.plan.kept", 0)


def test_a_lock_on_the_first_training_day_is_too_late():
    lock = seal("plan", plan(), on=START, by="QA")
    check, _ = state(lock, plan())
    assert (check.status, check.reason) == ("caution", "locks.plan.late")


def test_every_kind_of_change_is_listed():
    goals = [
        Goal(indicator="csat_mean", target=0.10, unit="relative", deadline=dt.date(2025, 9, 30)),
        Goal(indicator="fcr", target=0.8, unit="level", deadline=dt.date(2025, 9, 30)),
    ]
    check, rows = state(locked(), plan(goals, alpha=0.1, choices={"C2": "plus_5"}))
    assert check.status == "failed"
    found = {tuple(row) for row in rows[["part", "item", "leaf", "locked", "now"]].to_numpy()}
    assert found == {
        ("alpha", "", "", "0.05", "0.1"),
        ("choices", "C2", "", "", '"plus_5"'),
        ("goals", "csat_mean mid", "target", "0.15", "0.1"),
        ("goals", "fcr mid", "", "", "{}"),
        ("goals", "nps mid", "", "{}", ""),
    }


def test_a_moved_site_is_listed_an_actual_start_is_not():
    now = waves()
    now.loc[2, "actual_start"] = dt.date(2024, 9, 2)
    assert state(locked(), make_plan("csat_mean", GOALS, now).content())[0].status == "passed"
    now.loc[2, "planned_start"] = dt.date(2024, 10, 1)
    _, rows = state(locked(), make_plan("csat_mean", GOALS, now).content())
    assert rows[["part", "item", "leaf"]].to_numpy().tolist() == [["waves", "c", "planned_start"]]


def test_a_lock_is_not_overwritten_and_its_history_is_kept():
    with pytest.raises(DesignError, match="--again"):
        seal("plan", plan(alpha=0.1), on=DAY, by="QA", before=locked())
    with pytest.raises(DesignError, match="without --again"):
        seal("plan", plan(), on=DAY, by="QA", again="why not")
    later = dt.date(2024, 5, 1)
    lock = seal("plan", plan(alpha=0.1), on=later, by="QA", again="stricter", before=locked())
    check, rows = state(lock, plan(alpha=0.1))
    assert (check.status, check.reason) == ("caution", "locks.plan.amended")
    assert rows[["part", "since", "reason"]].to_numpy().tolist() == [
        ["alpha", "2024-05-01", "stricter"]
    ]
    assert len(from_json(lock.to_json()).versions) == 2
    # Going back silently is a deviation from the version that holds.
    assert state(lock, plan())[0].status == "failed"


def test_an_edited_lock_file_is_noticed():
    lock = from_json(locked().to_json().replace('"alpha": 0.05', '"alpha": 0.2'))
    check, _ = state(lock, plan(alpha=0.2))
    assert (check.status, check.reason) == ("failed", "locks.plan.edited")
    with pytest.raises(DesignError, match="no lock"):
        from_json("{}")


def test_equal_locks_are_equal_bytes():
    assert locked().to_json() == locked().to_json() == from_json(locked().to_json()).to_json()


def test_a_deviation_keeps_the_day_it_was_first_seen():
    now = plan(alpha=0.1)
    _, first = state(locked(), now, today=dt.date(2024, 6, 1))
    _, again = state(locked(), now, today=dt.date(2024, 7, 1), seen=first)
    assert set(again["since"]) == {"2024-06-01"}
    other = plan(alpha=0.2)
    assert set(state(locked(), other, today=dt.date(2024, 7, 1), seen=first)[1]["since"]) == {
        "2024-07-01"
    }


def tables():
    opened = pd.to_datetime(["2024-02-10 00:00", "2024-02-29 17:00", "2024-03-02 00:00"], utc=True)
    return {
        "tickets": pd.DataFrame(
            {
                "ticket_id": ["a", "b", "c"],
                "opened_at": opened,
                "resolved_at": pd.to_datetime(["2024-02-11 00:00", None, None], utc=True),
                "rating": [5.0, None, None],
            }
        )
    }


def content(frames):
    return baseline_content(frames, before=BEFORE, timezone="Asia/Shanghai", levels={})


def test_the_baseline_is_what_lies_before_the_first_wave_in_local_time():
    # 29 February 17:00 UTC is 1 March in Shanghai.
    assert content(tables())["rows"] == {"tickets": 1}


def test_rows_in_another_order_and_later_events_keep_the_seal():
    now = tables()
    late = pd.Timestamp("2024-04-01", tz="UTC")
    now["tickets"] = now["tickets"].iloc[::-1]
    now["tickets"].loc[1, "resolved_at"] = late
    now["tickets"].loc[0, "rating"] = 1.0
    assert differences(content(tables()), content(now)).empty


@pytest.mark.parametrize("column", ["resolved_at", "opened_at"])
def test_a_changed_baseline_is_listed(column):
    now = tables()
    now["tickets"].loc[0, column] = pd.Timestamp("2024-02-12", tz="UTC")
    rows = differences(content(tables()), content(now))
    assert rows[["part", "item"]].to_numpy().tolist() == [["hashes", "tickets"]]


def test_a_column_that_nobody_filled_breaks_no_seal():
    from analysis.design.baseline import table_hash

    frame = pd.DataFrame({"fee": [1.0, 2.0], "site": ["a", "b"]})
    wider = frame.assign(later=pd.array([None, None], dtype="string"))
    assert table_hash(wider) == table_hash(frame)
    assert table_hash(wider.assign(later=["x", None])) != table_hash(frame)
    assert table_hash(frame.iloc[:0]) == table_hash(frame.iloc[:0])
