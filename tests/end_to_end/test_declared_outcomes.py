"""A client that declares an outcome of every kind finds each in the finished pages."""

from __future__ import annotations

import pytest
from declared_client import OUTCOMES, declare
from in_process import run_here
from one_truth import differing, shown
from small_client import NAME, write_client
from visible import visible_text

from analysis import results, workspace
from analysis.workspace.opening import locks


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    made = write_client(tmp_path_factory.mktemp("declared"), change_file=declare)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRMEVAL_HOME", str(made.root))
        locks.lock_simulated(workspace.open_stage("tracking", client=NAME))
        yield made


@pytest.fixture(scope="module")
def run(client):
    done = run_here(client)
    assert done.state == "complete", done.error
    return done.folder


def found(run, stage):
    return results.load(stage, run / "results")


def test_each_has_an_effect_with_interval_or_says_why_not(run):
    overall = {
        e.indicator: e
        for e in reversed(found(run, "tracking").estimates)
        if e.indicator in OUTCOMES
    }
    assert overall.keys() == OUTCOMES.keys()
    for name, estimate in overall.items():
        assert estimate.value is not None or name == "kept_points"
        assert (estimate.value is None) == (estimate.reason is not None), name
        assert estimate.value is None or estimate.ci_low < estimate.ci_high


def test_no_number_has_two_values(run):
    assert differing(shown(run)) == {}


def test_target_price_and_alert_follow(run):
    targets = found(run, "tracking").table("targets")
    assert set(targets.loc[targets["indicator"] == "in_time", "agreed"]) == {"agreed", "other"}
    assert "in_time" in str(dict(found(run, "value").tables))
    tests = found(run, "monitoring").table("alert_tests")
    assert (tests["rule"] == "declared_line").any()


@pytest.mark.parametrize(("folder", "language"), [("zh", "zh_CN"), ("en", "en")])
def test_pages_name_each_in_their_language(run, folder, language):
    page = visible_text(run / folder / "tracking.html")
    for name, entry in OUTCOMES.items():
        own = entry["title"].get(language)
        if name != "kept_points":
            assert (own or f"{entry['title']['zh_CN']} (in Chinese)") in page
            assert "_" not in name or name not in page
    said = {"zh_CN": "3至5分为满意", "en": "satisfied = 3 to 5 of 5"}[language]
    assert said in page


def test_a_changed_declaration_shows_as_a_deviation(client, run):
    path = client.root / "data" / NAME / "client.yml"
    text = path.read_text(encoding="utf-8")
    stage = workspace.open_stage("tracking", client=NAME)
    assert stage.commitments.table_or_empty("deviations").empty
    try:
        path.write_text(
            text.replace("kinds:", "direction: up\n    kinds:").replace("- repair\n", "", 1)
        )
        stage = workspace.open_stage("tracking", client=NAME)
        rows = stage.commitments.table("deviations")
        plan = rows[rows["lock"] == "plan"]
        assert plan[["part", "item", "leaf"]].to_numpy().tolist() == [
            ["outcomes", "in_time", "kinds"]
        ]
        # The level of what is counted otherwise is another one, too.
        assert set(rows.loc[rows["lock"] == "baseline", "item"]) == {"in_time"}
    finally:
        path.write_text(text, encoding="utf-8")
