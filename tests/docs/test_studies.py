"""The studies behind the tables: tiny runs of each, and a page that says what the files say."""

import runpy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.causal import Options
from analysis.causal import lead as evaluate_lead
from analysis.tables import TABLES

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"


def script(name):
    return runpy.run_path(str(FOLDER / f"{name}.py"), run_name="loaded")


@pytest.fixture(scope="module")
def study():
    return script("monte_carlo")


def test_page_says_what_the_result_files_say():
    tables = script("tables")
    page = tables["PAGE"].read_text(encoding="utf-8")
    assert page.count("<!-- table ") == len(tables["TABLES"])
    assert tables["filled"](page) == page
    page = tables["TRACKING"].read_text(encoding="utf-8")
    assert page.count("<!-- table coverage -->") == 1
    assert tables["filled"](page) == page


def test_only_shares_off_by_two_errors_are_bold():
    share = script("tables")["share"]
    assert share(0.080, 400, nominal=0.05, worse=1) == "**0.080**"
    assert share(0.070, 400, nominal=0.05, worse=1) == "0.070"
    assert share(0.020, 400, nominal=0.05, worse=1) == "0.020"
    assert share(0.920, 400, nominal=0.95, worse=-1) == "**0.920**"
    assert share(0.990, 400, nominal=0.95, worse=-1) == "0.990"


@pytest.mark.parametrize("even", [True, False])
def test_worlds_have_the_variance_and_the_effect_they_name(study, even):
    design = study["Design"](40, 12, 3, 0.2, even)
    worlds = [study["untreated_outcome"](design, seed) for seed in range(60)]
    by_site = np.var([np.nanmean(y, axis=1) - np.nanmean(y) for y in worlds])
    permanent = study["ANSWER_SD"] ** 2 * design.icc / 2
    assert permanent < by_site < 2 * permanent
    gaps = np.mean([np.isnan(y).mean() for y in worlds])
    assert gaps == pytest.approx(0.0 if even else 0.1, abs=0.01)
    panel = study["template"](design)
    effect = study["true_effect"](panel, "growing")
    assert effect[panel.treated].mean() == pytest.approx(study["MEAN_EFFECT"])
    assert not effect[~panel.treated].any()
    assert not study["true_effect"](panel, "none").any()


def test_leaders_are_measured_in_the_same_worlds_by_every_method():
    leaders = script("leaders")
    design = leaders["Design"](12, 6, 2, 0.2, True)
    for shocks in leaders["SHOCKS"]:
        study = leaders["Study"](design, shocks, "growing")
        found = leaders["measure"](study, dict.fromkeys(leaders["METHODS"], 3))
        assert list(found["method"]) == list(leaders["METHODS"])
        assert found["coverage"].between(0, 1).all()
        assert found["half_width"].gt(0).all()


@pytest.mark.parametrize(("sites", "waves"), [(12, 2), (12, 3), (48, 2)])
def test_many_worlds_at_once_are_evaluated_as_one_is(sites, waves):
    """Value, p-value and interval of every estimator, as the estimators themselves give them."""
    lottery = script("lottery")
    study = lottery["Study"](
        script("leaders")["Design"](sites, sites // 2, waves, 0.2, True), "normal", "growing"
    )
    many = lottery["estimates"](study, 2, 199)
    panel = lottery["template"](study.design)
    truth = lottery["true_effect"](panel, "growing")
    for place in range(2):
        seed = lottery["FIRST_SEED"]
        drawn = replace(panel, y=lottery["outcome"](study, panel, seed + place) + truth)
        for name, base, by_lot in (
            ("before", "universal", False),
            ("all_before", "all_before", False),
            ("leads", "all_before", True),
        ):
            lead = None if by_lot else "randomisation"
            options = Options(draws=199, seed=seed, base=base, drawn_by_lot=by_lot, inference=lead)
            builder, parts = evaluate_lead(drawn, options, outcome="csat_mean", unit="")
            one = builder.overall(parts["simple"])[0]
            value, p_value, low, high = (part[place] for part in many[name])
            assert one.value == pytest.approx(value, abs=1e-10), name
            assert one.p_value == pytest.approx(p_value, abs=1e-10), name
            assert (one.ci_low, one.ci_high) == pytest.approx((low, high), abs=0.01), name


def test_study_gives_a_row_a_method(study):
    found = study["study"](study["Design"](12, 4, 2, 0.2, True), "growing", 3)
    assert list(found["method"]) == [*study["LEADING"], *study["OTHERS"]]
    assert found["coverage"].between(0, 1).all()
    band = study["study"](study["Design"](40, 20, 2, 0.2, True), "none", 2, study["band_world"])
    assert list(band["method"]) == ["band"]


def test_fake_rollouts_draw_sites_by_lot():
    fake = script("placebo_rollouts")["fake_waves"]
    real = pd.DataFrame({"site_id": [f"s{i:02d}" for i in range(22)]})
    real = real.reindex(columns=list(TABLES["waves"].columns))
    one, other = fake(real, 11, 24180, 1), fake(real, 11, 24180, 2)
    assert sorted(one["site_id"]) == sorted(real["site_id"])
    assert (one["wave"] > 0).sum() == 11
    assert set(one["wave"]) == {0, 1, 2}
    assert not one["wave"].equals(other["wave"])
    assert one.loc[one["wave"] > 0, "planned_start"].notna().all()


def test_sufficient_statistics_equal_all_rows(tmp_path):
    ways = script("microdata")
    path = tmp_path / "answers.parquet"
    ways["write"](path, 60_000, block=25_000)
    for one, full in zip(ways["statistics"](path), ways["all_rows"](path), strict=True):
        np.testing.assert_allclose(one, full, rtol=1e-9)


def test_absent_peers_are_named():
    peers = script("peers")
    assert peers["measure"]("", "wild", "pyfixest", 60, 1) == "not installed"
    assert {key[0] for key in peers["CALLS"]} == set(peers["TASKS"])
