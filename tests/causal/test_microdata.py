"""Regression through sufficient statistics against the regression on all rows."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from statsmodels.regression.linear_model import OLS

from analysis.causal import (
    FrameError,
    Options,
    cell_moments,
    evaluate,
    evaluate_microdata,
    label_counts,
    regress_microdata,
)

EXACT = 1e-9
COHORT = {f"s{i:02d}": (24275.0 + i % 3 if i < 12 else None) for i in range(25)}


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(3)
    n = 8000
    data = pd.DataFrame(
        {"unit": rng.choice(list(COHORT), n), "period": rng.integers(24270, 24282, n)}
    )
    data["households"] = 1e4 + rng.normal(size=n)
    site = data["unit"].str[1:].astype(int)
    data["treated"] = (data["period"] >= data["unit"].map(COHORT).astype(float)).astype(float)
    data["y"] = rng.integers(1, 6, n) + 0.3 * (data["households"] - 1e4) + 0.1 * site
    data["y"] += 0.2 * data["treated"]
    return data


@pytest.fixture(scope="module")
def path(rows, tmp_path_factory):
    target = tmp_path_factory.mktemp("rows") / "answers.parquet"
    rows.to_parquet(target)
    return target


@pytest.fixture(scope="module")
def full(rows):
    formula = "y ~ treated + households + C(unit) + C(period)"
    centred = rows.assign(households=rows["households"] - 1e4)
    codes = pd.factorize(rows["unit"])[0]
    return {
        "iid": OLS.from_formula(formula, centred).fit(),
        "clustered": OLS.from_formula(formula, centred).fit(
            cov_type="cluster", cov_kwds={"groups": codes}
        ),
    }


@pytest.mark.parametrize("covariance", ["iid", "clustered"])
def test_equals_the_regression_on_all_rows(path, full, covariance):
    own = regress_microdata(
        path, y="y", cohort=COHORT, covariates=["households"], covariance=covariance
    )
    fit = full[covariance]
    wanted = fit.bse[["treated", "households"]].to_numpy()
    if covariance == "clustered":  # statsmodels counts site effects, which are nested in clusters
        n, k = own.n_obs, len(fit.params)
        wanted = wanted * np.sqrt((n - k) / (n - 2 - 12))
    np.testing.assert_allclose(own.coef, fit.params[["treated", "households"]], atol=EXACT)
    np.testing.assert_allclose(own.se, wanted, atol=EXACT)
    assert own.n_obs == len(fit.model.endog)


def test_coarser_clusters(path, rows):
    region = {u: f"r{int(u[1:]) % 5}" for u in COHORT}
    own = regress_microdata(path, y="y", cohort=COHORT, cluster=region)
    groups = pd.factorize(rows["unit"].map(region))[0]
    fit = OLS.from_formula("y ~ treated + C(unit) + C(period)", rows).fit(
        cov_type="cluster", cov_kwds={"groups": groups}
    )
    n, k = own.n_obs, len(fit.params)
    assert own.n_clusters == 5
    assert own.se[0] == pytest.approx(fit.bse["treated"] * np.sqrt((n - k) / (n - 13)), abs=EXACT)


def test_cells_are_the_means_that_evaluate_takes(path, rows):
    options = Options(draws=99)
    own = evaluate_microdata(
        path, y="y", cohort=COHORT, outcome="csat_mean", measured_in="score_1_5", options=options
    )
    frame = rows.groupby(["unit", "period"])["y"].agg(y="mean", n="size").reset_index()
    frame["cohort"] = frame["unit"].map(COHORT).astype(float)
    other = evaluate(frame, outcome="csat_mean", unit="score_1_5", options=options)
    for a, b in zip(own.estimates(), other.estimates(), strict=True):
        assert (a.id, a.n) == (b.id, b.n)
        assert a.value == pytest.approx(b.value, abs=EXACT)


def test_missing_rows_are_counted_and_dates_become_months(rows, tmp_path):
    holes = rows.assign(
        y=rows["y"].where(rows.index % 10 > 0),
        day=pd.to_datetime(
            {"year": rows["period"] // 12, "month": rows["period"] % 12 + 1, "day": 9}
        ),
    )
    holes.to_parquet(tmp_path / "a.parquet")
    one = cell_moments(tmp_path / "a.parquet", y="y")
    two = cell_moments(tmp_path / "*.parquet", y="y", period="day")
    assert one.n_rows_dropped == 800
    assert one.n.sum() == 7200
    pd.testing.assert_frame_equal(one.frame(), two.frame())


def test_label_counts(path, rows):
    found = label_counts(path, y="treated")
    wanted = rows.groupby(["unit", "period", "treated"]).size()
    assert found["count"].tolist() == wanted.tolist()


@pytest.mark.parametrize(
    ("change", "call", "rule"),
    [
        ({}, {"y": "absent"}, "columns"),
        ({"y": "text"}, {"y": "y"}, "mixed_types"),
        ({"y": np.inf}, {"y": "y"}, "not_finite"),
        ({"y": np.nan}, {"y": "y"}, "empty"),
        ({"period": 0.5}, {"y": "y"}, "period_not_integer"),
        ({}, {"y": "y", "cohort": {"s00": 24275.0}}, "unknown_unit"),
        ({}, {"y": "y", "cohort": dict.fromkeys(COHORT)}, "no_treated"),
        ({}, {"y": "y", "cohort": dict.fromkeys(COHORT, 24275.0)}, "collinear"),
        ({"x": 7.0}, {"y": "y", "covariates": ["x"]}, "collinear"),
    ],
)
def test_refusals(rows, tmp_path, change, call, rule):
    rows.head(400).assign(**change).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(FrameError) as caught:
        regress_microdata(tmp_path / "a.parquet", **call)
    assert caught.value.rule == rule


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_memory_does_not_grow_with_rows(tmp_path):
    """The peak of a process stays while the file grows eightfold."""
    script = (
        "import pathlib, re, sys; from analysis.causal import regress_microdata;"
        "regress_microdata(sys.argv[1], y='y', covariates=['x'], threads=1, memory_limit='200MB');"
        "status = pathlib.Path('/proc/self/status').read_text();"
        "print(re.search(r'VmHWM:\\s+(\\d+)', status)[1])"
    )
    peaks = []
    for n in (300_000, 2_500_000):
        rng = np.random.default_rng(1)
        data = {"unit": rng.integers(0, 50, n), "period": rng.integers(0, 12, n)}
        pd.DataFrame(data | {"x": rng.normal(size=n), "y": rng.normal(size=n)}).to_parquet(
            tmp_path / f"{n}.parquet", row_group_size=50_000
        )
        found = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path / f"{n}.parquet")],
            capture_output=True,
            text=True,
            check=True,
        )
        peaks.append(int(found.stdout))
    assert peaks[1] - peaks[0] < 30_000  # kB; the added rows alone are 80 MB
