"""A plan edited after it was locked, and a baseline that changed: every later page says so."""

from __future__ import annotations

import dataclasses
import datetime as dt
import shutil

import pandas as pd
import pytest
from click.testing import CliRunner
from in_process import run_here
from ruamel.yaml import YAML
from small_client import NAME, SMALL, STAGES, write_client
from visible import accidents, visible_text

from analysis import results, workspace
from analysis.cli import main
from analysis.simulation import simulate, write_exports
from analysis.workspace.opening import locks

FEW = dataclasses.replace(
    SMALL, n_sites=10, n_months=16, wave_months=(dt.date(2023, 9, 1), dt.date(2023, 12, 1))
)


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    made = write_client(tmp_path_factory.mktemp("locked"), FEW)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRMEVAL_HOME", str(made.root))
        yield made


@pytest.fixture(scope="module")
def kept(client):
    """What the stages see right after locking, as the demo is locked."""
    stage = workspace.open_stage("tracking", client=NAME)
    locks.lock_simulated(stage)
    first = written(stage)
    locks.lock_simulated(stage)
    assert written(stage) == first
    return workspace.open_stage("tracking", client=NAME).commitments


def written(stage):
    return [locks.lock_path(stage.client, kind).read_bytes() for kind in ("plan", "baseline")]


@pytest.fixture(scope="module")
def edited(client, kept):
    """The run after goal and error rate were edited and a work order disappeared."""
    path = client.root / "data" / NAME / "client.yml"
    yaml = YAML()
    document = yaml.load(path)
    document["design"]["alpha"] = 0.1
    goal = next(g for g in document["goals"] if g["indicator"] == "csat_mean")
    goal["target"] = 0.07
    yaml.dump(document, path)
    world = simulate(FEW)
    tickets = world.tables["tickets"].sort_values("opened_at", ignore_index=True)
    shutil.rmtree(client.raw)
    fewer = dataclasses.replace(world, tables={**world.tables, "tickets": tickets.drop(index=0)})
    write_exports(fewer, client.raw)
    result = run_here(client)
    assert result.state == "complete", f"{result.failed_step}: {result.error}"
    return result.folder


def test_right_after_locking_everything_is_as_planned(kept):
    assert {c.id: c.status for c in kept.checks} == {
        "plan_lock": "passed",
        "baseline_seal": "passed",
    }
    assert kept.tables["deviations"].empty
    assert all(check.params["simulated"] for check in kept.checks)


def test_a_second_lock_needs_a_reason(client, kept):
    done = CliRunner().invoke(main, ["--lang", "en", "lock", NAME, "plan"])
    assert done.exit_code == 1
    assert "--again" in done.output


def test_lots_are_drawn_once(client, kept):
    command = ["--lang", "en", "draw", NAME, "--waves", "2", "--seed", "7"]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0, done.output
    drawn = pd.read_csv(client.root / "data" / NAME / "locks" / "draw.csv")
    assert sorted(drawn["wave"].unique()) == [0, 1, 2]
    again = CliRunner().invoke(main, command)
    assert again.exit_code == 1
    assert "no lottery" in again.output


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_stores_the_deviations(edited, stage):
    found = results.load(stage, edited / "results")
    states = {c.id: c.status for c in found.checks if c.id in ("plan_lock", "baseline_seal")}
    rows = found.table("deviations")
    changed = {(r.part, r.item, r.leaf, r.locked, r.now) for r in rows.itertuples()}
    assert states["plan_lock"] == "failed"
    assert ("alpha", "", "", "0.05", "0.1") in changed
    assert ("goals", "csat_mean mid", "target", "0.15", "0.07") in changed
    assert set(rows["since"]) == {dt.date.today().isoformat()}
    if stage != "design":
        assert states["baseline_seal"] == "failed"
        assert "tickets" in set(rows.loc[rows["part"] == "rows", "item"])


@pytest.mark.parametrize("stage", ["index", *STAGES])
def test_every_page_opens_with_the_deviations(edited, stage):
    english, chinese = (edited / language / f"{stage}.html" for language in ("en", "zh"))
    assert "Error rate: 0.05 → 0.1" in visible_text(english)
    assert "容许误判率：0.05 → 0.1" in visible_text(chinese)
    if stage != "design":
        assert "Records before training: work orders" in visible_text(english)
    assert accidents(english) == accidents(chinese) == []
