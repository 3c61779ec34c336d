"""The weekly command of the README, twice, with the records of further days between.

The last month of the period is not over: the report is about the last day that the exports tell of,
and its first screen says what changed since the one of the week before.
"""

import dataclasses
import datetime as dt

import pandas as pd
import pytest
from in_process import run_here
from lxml import html
from small_client import ROOT, SMALL, write_client

from analysis import results, simulation
from analysis.simulation import World

FIRST, SECOND = dt.date(2024, 8, 11), dt.date(2024, 8, 18)
CLIENT = dataclasses.replace(SMALL, n_sites=10, n_late=0, n_spill_over=0)
COMMAND = "crmeval run acme --stage monitoring"


def up_to(world: World, day: dt.date) -> World:
    """Take from the simulated exports what happened after a day."""
    tables = dict(world.tables)
    evening = pd.Timestamp(day + dt.timedelta(days=1), tz="Asia/Shanghai").tz_convert("UTC")
    for name, column in (("surveys", "answered_at"), ("tickets", "opened_at")):
        tables[name] = tables[name][tables[name][column] < evening].reset_index(drop=True)
    for name, column in (
        ("reactions", "answered_on"), ("assessments", "assessed_on"), ("ratings", "rated_on"),
        ("skill_use", "seen_on"), ("coaching", "held_on"),
    ):  # fmt: skip
        kept = tables[name][column].map(lambda when: pd.isna(when) or when <= day)
        tables[name] = tables[name][kept].reset_index(drop=True)
    return dataclasses.replace(world, tables=tables)


@pytest.fixture(scope="module")
def twice(tmp_path_factory):
    root = tmp_path_factory.mktemp("weekly")
    client = write_client(root, CLIENT, change_world=lambda world: up_to(world, FIRST))
    found = [run_here(client, stages=["monitoring"])]
    simulation.write_exports(up_to(simulation.simulate(CLIENT), SECOND), client.raw)
    found.append(run_here(client, stages=["monitoring"]))
    for result in found:
        assert result.state == "partial", f"{result.failed_step}: {result.error}"
    return found


def screen(result, language):
    """Return the words of the page's first screen: the title and what stands before any fold."""
    text = (result.folder / language / "monitoring.html").read_text(encoding="utf-8")
    main = html.fromstring(text.encode()).find(".//main")
    for folded in main.findall(".//details"):
        folded.getparent().remove(folded)
    return " ".join(main.text_content().split())


def test_the_readme_says_this_command():
    assert f"`{COMMAND}`" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_each_report_is_about_the_last_day_that_the_exports_tell_of(twice):
    for result, day in zip(twice, (FIRST, SECOND), strict=True):
        assert results.load("monitoring", result.folder / "results").facts["as_of"] == str(day)
        assert f"{day.day} Aug 2024" in screen(result, "en")
        assert f"2024年8月{day.day}日" in screen(result, "zh")


def test_the_second_says_on_its_first_screen_what_changed_since_the_first(twice):
    first, second = twice
    found = results.load("monitoring", second.folder / "results")
    assert found.facts["compared_with"] == str(FIRST)
    before = {a.id for a in results.load("monitoring", first.folder / "results").alerts}
    now = {a.id for a in found.alerts}
    changes = found.table("alert_changes")
    assert set(changes.loc[changes["change"] == "new", "alert_id"]) == now - before
    for language, words in (("en", "11 Aug 2024"), ("zh", "2024年8月11日")):
        assert words in screen(second, language)


def test_what_came_in_between_is_counted_from_the_exports(twice):
    found = results.load("monitoring", twice[1].folder / "results")
    (said,) = (check for check in found.checks if check.id == "monitoring.history")
    counted = {}
    for name, key, moment in (
        ("tickets", "ticket_id", "opened_at"),
        ("surveys", "response_id", "answered_at"),
    ):
        rows = pd.read_parquet(twice[1].folder / "canonical" / f"{name}.parquet")
        days = rows[moment].dt.tz_convert("Asia/Shanghai").dt.date
        counted[name] = rows.loc[(days > FIRST) & (days <= SECOND), key].nunique()
    assert min(counted.values()) > 0
    assert (said.params["tickets"], said.params["answers"]) == tuple(counted.values())
    for language in ("en", "zh"):
        words = screen(twice[1], language)
        assert all(str(n) in words for n in counted.values())
