"""A count is the same whether a table is in memory or read in parts; a sample says what it is."""

import dataclasses
import datetime as dt

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from analysis import measurement, monitoring
from analysis.design import baseline, privacy
from analysis.design.sample import assess_samples
from analysis.indicators import cohorts
from analysis.monitoring.training.measures import complaints_in_time
from analysis.simulation import DEMO, simulate
from analysis.tables import Stored, conform, filled, parts, sample
from analysis.workspace.inputs import exposure

ZONE = "Asia/Shanghai"
START, UNTIL = dt.date(2023, 11, 1), dt.date(2024, 8, 31)
FEW = dataclasses.replace(
    DEMO, seed=3, n_sites=14, n_months=20, n_staff=60, invited=10.0, tickets_per_1000=12.0,
    wave_months=(dt.date(2023, 11, 1), dt.date(2024, 2, 1)), n_late=1, n_spill_over=1,
)  # fmt: skip
LARGE = ("tickets", "surveys", "dispositions")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Canonical tables in files; the name of the folder has signs that patterns are made of."""
    folder = tmp_path_factory.mktemp("in [parts] *")
    for name, table in simulate(FEW).tables.items():
        pq.write_table(conform(name, table), folder / f"{name}.parquet", row_group_size=700)
    return folder


@pytest.fixture(scope="module")
def whole(folder):
    return {path.stem: pd.read_parquet(path) for path in folder.glob("*.parquet")}


@pytest.fixture(scope="module")
def stored(folder, whole):
    """The same tables, those that customers fill on disk, in parts of 500 rows."""
    large = {name: Stored(folder / f"{name}.parquet", most=500) for name in LARGE if name in whole}
    assert min(len(large[name]) for name in ("tickets", "surveys")) > 2_000
    return {**whole, **large}


def starts(tables):
    first = cohorts(tables["waves"])
    arms = first.notna().map({True: "treated", False: "comparison"}).to_numpy(object)
    return pd.DataFrame({"site_id": first.index, "arm": arms, "start": first.fillna(24_290.0)})


STEPS = {
    "quality": measurement.assess_quality,
    "timeliness": lambda t: measurement.assess_timeliness(t, until=UNTIL, timezone=ZONE),
    "duplicates": measurement.assess_duplicates,
    "branches": measurement.assess_branches,
    "names": lambda t: measurement.assess_names(t["sites"], tickets=t["tickets"]),
    "platform": lambda t: measurement.assess_platform(t["tickets"], t["sites"], timezone=ZONE),
    "complaints": lambda t: measurement.assess_complaints(
        t["tickets"], t["staff"], starts(t), timezone=ZONE, seed=1
    ),
    "response": lambda t: measurement.assess_response(
        t["surveys"], t["invitations"], timezone=ZONE, sites=t["sites"]
    ),
    "weighting": lambda t: measurement.assess_weighting(
        t["surveys"], t["sites"], t["instruments"], rate=0.3
    ),
    "coverage": lambda t: measurement.assess_coverage(t, {"m": {"b": ["csat_v1.q1"]}}),
    "weekly": lambda t: monitoring.assess_weekly(
        t["tickets"], start=START, timezone=ZONE, until=UNTIL
    ),
    "rare": lambda t: monitoring.assess_rare(t["tickets"], start=START, timezone=ZONE, until=UNTIL),
    "samples": lambda t: assess_samples(t["sites"], t["surveys"], t["staff"], months=20),
}
FIRST_ROWS = {"quality_rows", "duplicate_rows"}
"""The first rows of each rule, to look at: which come first depends on the parts."""


@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_counts_finds_the_same_in_parts(whole, stored, step):
    one, other = STEPS[step](whole), STEPS[step](stored)
    assert one.checks == other.checks
    assert one.estimates == other.estimates
    assert one.tables.keys() == other.tables.keys()
    assert one.checks or one.tables
    for name, table in one.tables.items():
        if name in FIRST_ROWS:
            assert len(table) == len(other.tables[name])
        else:
            pd.testing.assert_frame_equal(table, other.tables[name], check_exact=True)


def test_straight_lines_are_counted_on_all_sheets(whole, stored):
    """Sums over sheets in another order differ in their last digits; counts do not."""
    found = [measurement.assess_items(t["surveys"], t["instruments"]).checks
             for t in (whole, stored)]  # fmt: skip
    assert len(found[0]) == len(found[1]) == 3
    for one, other in zip(*found, strict=True):
        assert (one.id, one.status, one.reason, one.n) == (
            other.id, other.status, other.reason, other.n
        )  # fmt: skip
        assert one.params.keys() == other.params.keys()
        for name, value in one.params.items():
            assert other.params[name] == (
                pytest.approx(value, abs=1e-12) if isinstance(value, float) else value
            )


def test_broken_and_repeated_rows_are_counted_in_parts(tmp_path, whole):
    tickets = whole["tickets"].copy()
    late = tickets.index[::40]
    tickets.loc[late, "resolved_at"] = tickets.loc[late, "opened_at"] - pd.Timedelta(hours=1)
    again = tickets[tickets["household_id"].notna()].head(9).assign(
        ticket_id=lambda rows: rows["ticket_id"] + "-2"
    )  # fmt: skip
    tickets = pd.concat([tickets, again], ignore_index=True)
    pq.write_table(conform("tickets", tickets), tmp_path / "tickets.parquet")
    given = {"tickets": tickets}, {"tickets": Stored(tmp_path / "tickets.parquet", most=300)}
    found = [measurement.assess_quality(tables).table("quality_rules") for tables in given]
    pd.testing.assert_frame_equal(*found)
    broken = found[0].set_index("rule")["broken"]
    assert broken["resolved_before_opened"] >= len(late) - 9
    twice = [measurement.assess_duplicates(tables).table("duplicates") for tables in given]
    pd.testing.assert_frame_equal(*twice)
    assert twice[0].set_index("rule").loc["ticket_twice", "extra"] >= 9


def test_what_other_stages_count_is_the_same_in_parts(whole, stored):
    pd.testing.assert_frame_equal(
        complaints_in_time(whole["tickets"]), complaints_in_time(stored["tickets"])
    )
    cohort = cohorts(whole["waves"])
    both = [
        (t["surveys"], t["instruments"], t["invitations"]) for t in (whole, stored)
    ]  # fmt: skip
    made = [measurement.label_counts(s, i, cohort, ZONE) for s, i, _ in both]
    pd.testing.assert_frame_equal(*made)
    made = [exposure.asked_after(*tables, cohort, ZONE) for tables in both]
    pd.testing.assert_frame_equal(*made)
    sheets = [privacy.privacy_sheet(t, {}, legal_basis={}, retain_until=None)
              for t in (whole, stored)]  # fmt: skip
    pd.testing.assert_frame_equal(*sheets)


def test_the_seal_is_the_same_in_parts(whole, stored):
    sealed = [
        baseline.baseline_content(tables, before=24_286, timezone=ZONE, levels={})
        for tables in (whole, stored)
    ]
    assert sealed[0] == sealed[1]
    assert sealed[0]["rows"]["tickets"] > 500


def test_rows_of_one_key_come_in_one_part_and_no_row_is_lost(whole, stored):
    found = list(parts(stored["tickets"], ["ticket_id", "opened_at"], by="household_id"))
    assert len(found) > 3
    homes = [set(part["household_id"]) for part in found]
    assert sum(map(len, homes)) == len(set().union(*homes))
    known = whole["tickets"][whole["tickets"]["household_id"].notna()]
    told = pd.concat(found).sort_values("ticket_id", ignore_index=True)
    expected = known.sort_values("ticket_id", ignore_index=True)[told.columns]
    pd.testing.assert_frame_equal(told, expected)
    assert filled(stored["tickets"], "household_id") == len(known)


def test_a_table_until_a_moment_holds_what_came_before(whole, stored):
    moment = pd.Timestamp(START, tz=ZONE)
    earlier = dataclasses.replace(stored["tickets"], before=("opened_at", moment))
    expected = whole["tickets"][whole["tickets"]["opened_at"] < moment]
    assert 0 < len(expected) < len(whole["tickets"])
    assert len(earlier) == len(expected)
    assert list(pd.concat(earlier.parts(["ticket_id"]))["ticket_id"]) == list(expected["ticket_id"])
    by_site = pd.concat(earlier.parts(["ticket_id"], by="site_id"))
    assert set(by_site["ticket_id"]) == set(expected["ticket_id"])


def test_the_same_seed_draws_the_same_whole_sheets(whole, stored):
    surveys = stored["surveys"]
    how = {"unit": "response_id", "seed": 7}
    found, drawn = sample(surveys, ["item", "score"], **how)
    again, _ = sample(surveys, ["item", "score"], **how)
    pd.testing.assert_frame_equal(found, again)
    other, _ = sample(surveys, ["item", "score"], unit="response_id", seed=8)
    assert set(other["response_id"]) != set(found["response_id"])
    assert (drawn.unit, drawn.seed, drawn.there) == ("response_id", 7, len(whole["surveys"]))
    assert drawn.used == len(found)
    assert 350 < drawn.used < 650
    items, kept = (rows.groupby("response_id").size() for rows in (whole["surveys"], found))
    assert (kept == items[kept.index]).all()


def test_the_order_of_the_rows_does_not_change_who_is_drawn(tmp_path, stored, whole):
    shuffled = whole["surveys"].sample(frac=1.0, random_state=1)
    pq.write_table(conform("surveys", shuffled), tmp_path / "surveys.parquet")
    how = {"unit": "response_id", "seed": 7}
    one, _ = sample(stored["surveys"], ["score"], **how)
    other, _ = sample(Stored(tmp_path / "surveys.parquet", most=500), ["score"], **how)
    assert set(one["response_id"]) == set(other["response_id"])


def test_every_row_has_the_same_chance(tmp_path, whole):
    """Over 60 seeds the mean score of the samples is that of all, within its sampling error."""
    tickets = Stored(tmp_path / "tickets.parquet", most=500)
    pq.write_table(conform("tickets", whole["tickets"]), tickets.path)
    shares = [
        (sample(tickets, ["kind"], unit="ticket_id", seed=seed)[0]["kind"] == "complaint").mean()
        for seed in range(60)
    ]
    true = (whole["tickets"]["kind"] == "complaint").mean()
    assert abs(np.mean(shares) - true) < 4 * np.std(shares) / np.sqrt(60)


def test_a_table_in_memory_and_one_that_fits_are_not_sampled(folder, whole):
    found, drawn = sample(whole["tickets"], ["kind"], unit="ticket_id", seed=1)
    assert drawn is None
    assert found is whole["tickets"]
    fits = Stored(folder / "tickets.parquet", most=len(whole["tickets"]))
    found, drawn = sample(fits, ["kind"], unit="ticket_id", seed=1)
    assert drawn is None
    assert list(found["ticket_id"]) == list(whole["tickets"]["ticket_id"])
