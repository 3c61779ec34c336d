"""A client whose tables are too large to hold: counts of all rows, samples that say so."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pandas as pd
import pytest
from small_client import NAME, SMALL, write_client

from analysis import tables, workspace
from analysis.present import display
from analysis.workspace.opening import locks
from analysis.workspace.opening import opened as stages

FEW = dataclasses.replace(
    SMALL, n_sites=12, n_months=18, tickets_per_1000=16.0, invited=20.0,
    wave_months=(dt.date(2023, 10, 1), dt.date(2024, 1, 1)),
)  # fmt: skip
MOST = 1_000
SEED = 20240101


@pytest.fixture(scope="module")
def shown():
    """What pages show, in the order they do."""
    return []


@pytest.fixture(scope="module")
def opened(tmp_path_factory, shown):
    """Open a stage with tables in memory, or with those above a thousand rows on disk."""
    made = write_client(tmp_path_factory.mktemp("large"), FEW)
    folder = made.root / "run"
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRMEVAL_HOME", str(made.root))
        patch.setattr(display, "_to_notebook", shown.append)
        workspace.prepare(NAME, folder)

        def open_stage(name, *, large):
            patch.setattr(stages, "MOST_ROWS", MOST if large else tables.MOST_ROWS)
            stage = workspace.open_stage(name, client=NAME, run_dir=str(folder), seed=SEED)
            assert isinstance(stage.rows("tickets"), tables.Stored) == large
            return stage

        yield open_stage


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("baseline", "data_quality"),
        ("baseline", "training_needs"),
        ("monitoring", "alerts"),
        ("monitoring", "charts"),
        ("monitoring", "contrasts"),
        ("monitoring", "milestones"),
        ("tracking", "forms"),
        ("design", "care"),
    ],
)
def test_what_is_counted_is_counted_on_all_rows(opened, name, step):
    small, large = (getattr(opened(name, large=large), step)() for large in (False, True))
    first_rows = {"quality_rows", "duplicate_rows"}
    single_sheets = {"importance_performance"}
    assert small.checks == large.checks
    assert small.alerts == large.alerts
    assert small.estimates == large.estimates
    assert small.tables.keys() == large.tables.keys()
    for table in small.tables.keys() - first_rows - single_sheets:
        pd.testing.assert_frame_equal(small.table(table), large.table(table))


def test_rates_of_return_and_weights_are_of_all_rows(opened):
    small, large = (opened("baseline", large=large).response() for large in (False, True))
    sampled = ("channel",)
    for kind in ("estimates", "checks"):
        told = [
            [one for one in getattr(found, kind) if one.id.split(".")[1] not in sampled]
            for found in (small, large)
        ]
        assert told[0] == told[1]
        assert told[0]


def test_months_in_part_and_the_seal_are_of_all_rows(opened):
    found = []
    for large in (False, True):
        stage = opened("tracking", large=large)
        kept = stage.folder / "canonical" / f"baseline_{stage.first_wave}.json"
        kept.unlink(missing_ok=True)
        sealed = locks.baseline_of(stage, before=stage.first_wave)
        found.append((stage.months_in_part("repeat_complaint_30d"), sealed))
        kept.unlink()
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("name", "step", "about", "table"),
    [
        ("tracking", "time_to_resolve", "waits", "tickets"),
        ("baseline", "instruments", "sheets_before", "surveys"),
        ("baseline", "scale_use", "sheets", "surveys"),
    ],
)
def test_a_sample_is_told_in_both_languages(opened, shown, name, step, about, table):
    id = f"{name}.sampled.{about}"
    small = opened(name, large=False)
    assert id not in {check.id for check in small.save(getattr(small, step)()).checks}
    large = opened(name, large=True)
    found = large.save(getattr(large, step)())
    (check,) = [check for check in found.checks if check.id == id]
    assert check.value == check.params["used"]
    assert 0.7 * MOST < check.params["used"] < 1.3 * MOST
    assert MOST < check.n == check.params["there"]
    assert check.n == len(large.surveys_before if about == "sheets_before" else large.rows(table))
    shown.clear()
    large.page(found).samples(about)
    text = str(shown)
    assert text.count(f"{check.params['used']:,}") >= 2
    assert text.count(str(SEED)) >= 2
    assert "seed of the draw" in text
    assert "抽样种子" in text


def test_what_rests_on_a_sample_says_how_many_it_used(opened):
    small, large = (opened("tracking", large=large).time_to_resolve() for large in (False, True))
    assert {e.id for e in small.estimates} == {e.id for e in large.estimates}
    pairs = zip(small.estimates, large.estimates, strict=True)
    assert all(one.n > other.n > 0 for one, other in pairs)


def test_the_same_seed_gives_the_same_results(opened):
    found = [opened("tracking", large=True).time_to_resolve() for _ in range(2)]
    assert found[0].estimates == found[1].estimates
