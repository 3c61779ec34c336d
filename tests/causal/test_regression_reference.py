"""Regression estimators against R: fixest 0.12.2, didimputation, bacondecomp 0.1.3, synthdid."""

import numpy as np
import pytest

from analysis.causal.event_study import sun_abraham, twfe, twfe_event_study
from analysis.causal.frame import prepare
from analysis.causal.goodman_bacon import goodman_bacon
from analysis.causal.imputation import imputation, imputation_pretrend
from analysis.causal.two_by_two import two_by_two

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
