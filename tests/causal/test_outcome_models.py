"""Counts, ordered answers, net promoter score and amounts: against statsmodels and known truths."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.genmod.families import Poisson
from statsmodels.genmod.generalized_linear_model import GLM
from statsmodels.miscmodels.ordinal_model import OrderedModel

from analysis.causal import (
    FrameError,
    Options,
    count_effect,
    evaluate,
    ordered_effect,
    ratio_effect,
    score_frame,
)
from analysis.causal.outcome_models.saturated import saturate
from analysis.causal.panel.frame import prepare

T, N = 8, 30
COHORT = np.where(np.arange(N) < 8, 4.0, np.where(np.arange(N) < 15, 6.0, np.nan))
BASE = pd.DataFrame(
    {
        "unit": np.repeat([f"s{i:02d}" for i in range(N)], T),
        "period": np.tile(np.arange(1, T + 1), N),
        "cohort": np.repeat(COHORT, T),
    }
)
UNDER = (BASE["period"] >= BASE["cohort"]).to_numpy()


def complaints(seed, log_ratio=-0.5):
    rng = np.random.default_rng(seed)
    site = np.repeat(rng.normal(0, 0.4, N), T)
    exposure = np.repeat(rng.uniform(100, 900, N), T) * rng.uniform(0.9, 1.1, N * T)
    season = 0.2 * np.sin(BASE["period"])
    extra = rng.gamma(4, 1 / 4, N * T)  # more spread than Poisson
    rate = 0.02 * np.exp(site + season + log_ratio * UNDER) * extra
    return BASE.assign(count=rng.poisson(rate * exposure), exposure=exposure)


def answers(seed, log_odds=0.6, n=40, scale=5):
    rng = np.random.default_rng(seed)
    latent = (
        np.repeat(rng.normal(0, 0.3, N), T) + 0.1 * BASE["period"].to_numpy() + log_odds * UNDER
    )
    cuts = np.array([-2.0, -1.0, 0.3, 1.6]) if scale == 5 else np.linspace(-2.5, 2.5, scale - 1)
    noise = rng.logistic(size=(N * T, n))
    label = 1 + (latent[:, None] + noise > cuts[:, None, None]).sum(axis=0)
    long = BASE.loc[BASE.index.repeat(n)].assign(label=label.ravel() - (0 if scale == 5 else 1))
    grouped = long.fillna({"cohort": -1}).groupby(list(long.columns)).size()
    return grouped.rename("count").reset_index().replace({"cohort": {-1: np.nan}})


def design_of(frame, *, arms=False):
    return saturate(prepare(frame.assign(y=np.arange(len(frame)) * 1.0)), arms=arms)


def test_poisson_is_the_regression_with_site_dummies():
    frame = complaints(1)
    design = design_of(frame)
    dummies = pd.get_dummies(frame["unit"], dtype=float)
    X = np.hstack([dummies.to_numpy(), design.X[design.arm].reshape(N * T, -1)])
    offset = np.log(frame["exposure"])
    fit = GLM(frame["count"], X, family=Poisson(), offset=offset).fit(
        cov_type="cluster",
        cov_kwds={"groups": np.repeat(np.arange(N), T), "use_correction": False},
        tol=1e-12,
    )
    exposure = frame["exposure"].to_numpy().reshape(N, T)
    weight = design.average(np.stack([exposure[design.arm == a].sum(axis=0) for a in range(3)]))
    weight = np.concatenate([np.zeros(N), weight])
    ratio, change = count_effect(frame, outcome="complaints")
    assert np.log(ratio.value) == pytest.approx(weight @ fit.params, abs=1e-8)
    plain = np.sqrt(weight @ fit.cov_params() @ weight)
    assert plain < ratio.se / ratio.value < 1.3 * plain  # leaving out sites adds their leverage
    assert change.value == pytest.approx(ratio.value - 1)
    assert change.ci_low == pytest.approx(ratio.ci_low - 1)


def test_known_rate_ratio():
    found = [count_effect(complaints(s), outcome="complaints")[0] for s in range(40)]
    logs = np.log([e.value for e in found])
    assert abs(logs.mean() + 0.5) < 3 * logs.std() / np.sqrt(40)
    covered = np.mean([e.ci_low <= np.exp(-0.5) <= e.ci_high for e in found])
    assert 0.85 <= covered <= 1.0


def test_count_refusals():
    frame = complaints(1)
    for change, rule in (
        ({"exposure": 0.0}, "exposure_not_positive"),
        ({"count": np.where(UNDER, 0, frame["count"])}, "no_events"),
        ({"count": frame["count"] - 100}, "count_negative"),
        ({"cohort": frame["cohort"].fillna(8.0)}, "no_never_treated"),
    ):
        with pytest.raises(FrameError) as caught:
            count_effect(frame.assign(**change), outcome="complaints")
        assert caught.value.rule == rule
    one = frame[frame["unit"].isin(["s00", "s20", "s21", "s22", "s23", "s24"])]
    alone = count_effect(one, outcome="complaints")[0]
    assert alone.reason == "causal.reason.no_inference"
    assert alone.ci_low is None


def test_ordered_model_is_that_of_statsmodels():
    counts = answers(1, n=12)
    design = design_of(BASE, arms=True)
    long = counts.loc[counts.index.repeat(counts["count"])]
    X = design.X[design.arm[long["unit"].str[1:].astype(int)], long["period"].to_numpy(int) - 1]
    fit = OrderedModel(long["label"].to_numpy(), X, distr="logit").fit(
        method="bfgs", disp=False, gtol=1e-7
    )
    found = ordered_effect(counts, outcome="csat_mean")
    np.testing.assert_allclose(found.fit.coef, fit.params[: X.shape[1]], atol=2e-4)
    assert found.fit.log_likelihood == pytest.approx(fit.llf, abs=1e-5)
    size = counts.groupby(["unit", "period"])["count"].sum().to_numpy().reshape(N, T)
    weight = design.average(np.stack([size[design.arm == a].sum(axis=0) for a in range(3)]))
    assert found.estimates()[0].value == pytest.approx(weight @ fit.params[: len(weight)], abs=2e-4)


def test_known_log_odds_and_shares_that_cancel():
    found = [ordered_effect(answers(s), outcome="csat_mean").estimates() for s in range(12)]
    own = np.array([e[0].value for e in found])
    # site differences make the population's odds ratio a little smaller than one site's
    assert abs(own.mean() - 0.6) < 3 * own.std() / np.sqrt(12) + 0.02
    assert np.mean([e[0].ci_low <= 0.6 <= e[0].ci_high for e in found]) >= 0.8
    for items in found:
        assert sum(e.value for e in items[2:]) == pytest.approx(0, abs=1e-12)
        mean = sum(e.value * e.dims["label"] for e in items[2:])
        assert items[1].value == pytest.approx(mean, abs=1e-12)
        assert items[2].value < 0 < items[-1].value


def test_standard_errors_match_resampling_of_sites():
    counts = answers(3)
    own = ordered_effect(counts, outcome="csat_mean").estimates()[1]
    rng = np.random.default_rng(0)
    arms = [
        np.flatnonzero(COHORT == 4),
        np.flatnonzero(COHORT == 6),
        np.flatnonzero(np.isnan(COHORT)),
    ]
    parts = {int(u[1:]): rows for u, rows in counts.groupby("unit")}
    drawn = []
    for _ in range(30):
        picked = np.concatenate([rng.choice(a, len(a)) for a in arms])
        again = [parts[k].assign(unit=f"d{j:02d}") for j, k in enumerate(picked)]
        drawn.append(ordered_effect(pd.concat(again), outcome="x").estimates()[1].value)
    assert own.se == pytest.approx(np.std(drawn), rel=0.4)


def test_proportional_odds_are_doubted_when_only_the_top_moves():
    assert ordered_effect(answers(2), outcome="x").checks()[0].status == "passed"
    counts = answers(2, log_odds=0.0, n=80)
    under = counts["period"] >= counts["cohort"]
    moved = np.where(under & (counts["label"] == 4), counts["count"] // 2, 0)
    extra = counts.assign(label=5, count=moved)
    shifted = pd.concat([counts.assign(count=counts["count"] - moved), extra])
    shifted = shifted.groupby(
        ["unit", "period", "cohort", "label"], dropna=False, as_index=False
    ).sum()
    assert ordered_effect(shifted, outcome="x").checks()[0].status == "caution"


def _among(counts, trained, never):
    """Return the answers of so many sites of the first wave and of those never trained."""
    arms = np.flatnonzero(COHORT == 4)[:trained], np.flatnonzero(np.isnan(COHORT))[:never]
    return counts[counts["unit"].str[1:].astype(int).isin(np.concatenate(arms))]


def test_proportional_odds_of_few_sites_are_seldom_doubted_wrongly():
    told = [
        ordered_effect(_among(answers(seed), 4, 8), outcome="x").checks()[0].status
        for seed in range(20)
    ]
    assert told.count("caution") <= 3  # 5 % of 20 is 1; 4 or more have probability .016
    (refused,) = ordered_effect(_among(answers(1), 3, 8), outcome="x").checks()
    assert (refused.status, refused.reason) == (
        "not_possible",
        "causal.why.proportional_odds.few_sites",
    )


def test_ordered_refusals():
    counts = answers(1, n=5)
    with pytest.raises(FrameError) as caught:
        ordered_effect(counts.assign(label=3), outcome="x")
    assert caught.value.rule in {"one_label", "no_variation"}
    with pytest.raises(FrameError) as caught:
        ordered_effect(
            counts.assign(label=np.where(counts["period"] >= counts["cohort"], 5, counts["label"])),
            outcome="x",
        )
    assert caught.value.rule == "separated"


def test_net_promoter_score_and_top_two_box():
    counts = answers(1, scale=11)
    rows = counts.loc[counts.index.repeat(counts["count"])]
    nps = score_frame(counts, "nps").set_index(["unit", "period"])["y"]
    by = rows.groupby(["unit", "period"])["label"]
    wanted = 100 * (by.apply(lambda s: (s >= 9).mean()) - by.apply(lambda s: (s <= 6).mean()))
    np.testing.assert_allclose(nps, wanted, atol=1e-9)
    five = answers(1)
    top = score_frame(five, "top_two")
    rows = five.loc[five.index.repeat(five["count"])]
    np.testing.assert_allclose(
        top["y"], rows.groupby(["unit", "period"])["label"].apply(lambda s: (s >= 4).mean())
    )
    found = evaluate(
        score_frame(counts, "nps"), outcome="nps", unit="nps_points", options=Options(draws=99)
    )
    assert found.overall.value > 0
    with pytest.raises(FrameError, match="label_range"):
        score_frame(five.assign(label=11), "nps")


def fees(seed, effect=0.05):
    rng = np.random.default_rng(seed)
    due = np.repeat(rng.lognormal(10, 0.6, N), T)
    share = 0.7 + np.repeat(rng.normal(0, 0.05, N), T) + rng.normal(0, 0.02, N * T) + effect * UNDER
    return BASE.assign(numerator=due * share, denominator=due)


def test_fees_by_amounts():
    """A hand count with two sites an arm, and coverage of a known effect."""
    small = BASE[BASE["unit"].isin(["s00", "s01", "s20", "s21"])]
    due = np.where(small["unit"].isin(["s00", "s20"]), 100.0, 300.0)
    share = np.where(small["unit"] == "s01", 0.5, 0.7) + 0.1 * (small["period"] >= small["cohort"])
    hand = ratio_effect(
        small.assign(numerator=due * share, denominator=due), outcome="fee_collection"
    )
    assert hand[0].value == pytest.approx(0.1)
    assert hand[1].value == pytest.approx(0.1 * 400 * 5)
    assert hand[0].reason == "causal.reason.no_inference"
    found = [ratio_effect(fees(s), outcome="fee_collection")[0] for s in range(60)]
    values = np.array([e.value for e in found])
    assert abs(values.mean() - 0.05) < 3 * values.std() / np.sqrt(60)
    assert np.mean([e.ci_low <= 0.05 <= e.ci_high for e in found]) >= 0.88
    assert np.mean([e.se for e in found]) == pytest.approx(values.std(), rel=0.3)


def test_ratio_refusals():
    frame = fees(1)
    for change, rule in (
        ({"denominator": -1.0}, "denominator_negative"),
        (
            {"denominator": np.where(UNDER, 0.0, frame["denominator"] * frame["cohort"].isna())},
            "empty_arm",
        ),
        ({"cohort": frame["cohort"].fillna(8.0)}, "no_never_treated"),
    ):
        with pytest.raises(FrameError) as caught:
            ratio_effect(frame.assign(**change), outcome="fee_collection")
        assert caught.value.rule == rule
