"""``--as-of`` on all the exports gives byte for byte what a run on the exports of that day gives.

The exports of that day are made here by hand, file by file from the simulated tables, not by the
code that looks back.
"""

import dataclasses
import datetime as dt

import pandas as pd
import pytest
from in_process import run_here
from small_client import SMALL, write_client
from visible import visible_text

from analysis import newest, results
from analysis.report.run import open_run
from analysis.simulation import World
from analysis.tables import month_of

WEEK_10 = dt.date(2023, 11, 1) + dt.timedelta(weeks=10)
"""Ten weeks after the first wave began; in the middle of a month."""

PARAMETERS = dataclasses.replace(
    SMALL, families=("surveys", "staff", "training", "tickets", "ledgers", "programme"), n_sites=10
)
AS_OF = {"as_of": WEEK_10.isoformat()}


def exports_of_week_10(world: World) -> World:
    """Take from the simulated tables what came after the evening of the day."""
    tables = {name: frame.copy() for name, frame in world.tables.items()}
    evening = pd.Timestamp(WEEK_10 + dt.timedelta(days=1), tz="Asia/Shanghai").tz_convert("UTC")
    for name, column in (("surveys", "answered_at"), ("tickets", "opened_at")):
        tables[name] = tables[name][tables[name][column] < evening]
    for name, column in (
        ("reactions", "answered_on"), ("assessments", "assessed_on"), ("enrolments", "held_on"),
    ):  # fmt: skip
        tables[name] = tables[name][tables[name][column] <= WEEK_10]
    for name in ("invitations", "fees", "crm_usage"):
        ended = tables[name]["month"].map(lambda day: day < WEEK_10.replace(day=1))
        tables[name] = tables[name][ended]
    empty_after(tables["tickets"], "resolved_at", evening, "resolved_at", "reopened", "rating")
    empty_after(tables["tickets"], "first_response_at", evening, "first_response_at")
    days = (
        ("enrolments", "completed_on", ("completed_on", "completion")),
        ("waves", "actual_start", ("actual_start",)),
        ("milestones", "actual_on", ("actual_on",)),
        ("costs", "spent_on", ("spent_on", "actual")),
        ("actions", "done_on", ("done_on",)),
        ("contracts", "due_on", ("renewed",)),
        ("staff", "left_on", ("left_on",)),
    )
    for name, column, gone in days:
        empty_after(tables[name], column, WEEK_10 + dt.timedelta(days=1), *gone)
    tables = {name: frame.reset_index(drop=True) for name, frame in tables.items()}
    return dataclasses.replace(world, tables=tables)


def empty_after(table: pd.DataFrame, column: str, end, *gone: str) -> None:
    later = table[column].map(lambda moment: pd.notna(moment) and moment >= end)
    for name in gone:
        table[name] = table[name].where(~later, None)


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """A run on everything that looks back, and one on what there was that day."""
    runs = []
    for change in (lambda world: world, exports_of_week_10):
        client = write_client(tmp_path_factory.mktemp("c"), PARAMETERS, change_world=change)
        result = run_here(client, stages=["monitoring"], values=AS_OF)
        assert result.state == "complete", f"{result.failed_step}: {result.error}"
        runs.append((client, result))
    return runs


def test_results_are_equal_byte_for_byte(both):
    looked_back, on_the_day = (
        {
            path.relative_to(result.folder).as_posix(): path.read_bytes()
            for path in sorted((result.folder / "results").rglob("*"))
            if path.is_file() and "monitoring" in path.relative_to(result.folder).as_posix()
        }
        for _, result in both
    )
    assert list(looked_back) == list(on_the_day)
    assert len(looked_back) > 10
    differing = [name for name, found in looked_back.items() if found != on_the_day[name]]
    assert differing == []


def test_it_looks_at_what_there_was(both):
    _, result = both[0]
    found = results.load("monitoring", result.folder / "results")
    assert found.facts["as_of"] == WEEK_10.isoformat()
    panel = pd.read_parquet(result.folder / "panel.parquet")
    assert month_of(int(panel["period"].max())) == dt.date(2023, 12, 1)
    assert found.table("completion")["n"].max() > 0
    assert open_run(result.folder).until == dt.date(2023, 12, 31)
    assert "Data through 31 Dec 2023" in visible_text(result.folder / "en" / "index.html")


def test_it_has_a_page_and_a_home_of_its_own_and_leaves_latest_alone(both):
    client, result = both[0]
    assert (result.folder / "zh" / "monitoring.html").is_file()
    assert not (result.folder / "zh" / "tracking.html").exists()
    assert result.folder.parent == client.reports / "as-of" / WEEK_10.isoformat()
    assert newest.latest(client.reports) is None
    assert newest.latest(result.folder.parent) == result.folder
    again = run_here(client, stages=["monitoring"], values=AS_OF)
    assert (again.executed, again.folder) == ((), result.folder)


def test_its_alerts_are_kept_and_the_next_week_compares_with_them(both):
    client, _ = both[0]
    week_11 = WEEK_10 + dt.timedelta(weeks=1)
    later = run_here(client, stages=["monitoring"], values={"as_of": week_11.isoformat()})
    found = results.load("monitoring", later.folder / "results")
    assert found.facts["compared_with"] == WEEK_10.isoformat()
    ledger = found.table("alert_history")
    before = results.load("monitoring", both[0][1].folder / "results")
    for alert in before.alerts:
        row = ledger.set_index("alert_id").loc[alert.id]
        assert row["first_seen"] == WEEK_10.isoformat()
    earlier = results.load("monitoring", both[0][1].folder / "results")
    assert earlier.facts["compared_with"] is None
