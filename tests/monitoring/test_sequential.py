"""The confidence sequence: its formula, its error under weekly looks, and a planted change."""

import numpy as np
import pandas as pd
import pytest
from scipy import optimize

from analysis.monitoring.inference.contrast import assess_contrast, watch_contrast
from analysis.monitoring.inference.sequential import (
    MIN_CLUSTERS,
    bounds,
    contrast_looks,
    finite_bounds,
    finite_factor,
    mixture_multiplier,
    mixture_scale,
    planned_se,
)

BEFORE, LOOKS = 26, 52


def test_the_width_is_that_of_the_published_form():
    # Waudby-Smith et al. (2024), eq. 3: sigma sqrt(2 (t rho^2 + 1) / (t rho)^2 log(sqrt(t rho^2
    # + 1) / alpha)); se = sigma / sqrt(t) and scale = sigma rho
    t, rho, sigma, alpha = 50, 0.3, 2.0, 0.05
    inside = 2 * (t * rho**2 + 1) / (t * rho) ** 2 * np.log(np.sqrt(t * rho**2 + 1) / alpha)
    se = sigma / np.sqrt(t)
    assert mixture_multiplier(se, sigma * rho) * se == pytest.approx(sigma * np.sqrt(inside))


def test_the_scale_makes_the_planned_look_the_narrowest():
    best = optimize.minimize_scalar(
        lambda log: float(mixture_multiplier(0.2, np.exp(log))), bounds=(-4, 4), method="bounded"
    )
    assert mixture_scale(0.2) == pytest.approx(np.exp(best.x), rel=1e-3)
    assert mixture_multiplier(0.2, mixture_scale(0.2)) < 3.1


def test_the_planned_error_is_that_of_the_change_between_two_halves():
    rng = np.random.default_rng(4)
    y, start = rng.normal(4, 1, (20, 8)), np.repeat([6.0, np.nan], 10)
    change = y[:, 3:6].mean(axis=1) - y[:, :3].mean(axis=1)
    expected = np.sqrt(sum(part.var(ddof=1) / 10 for part in (change[:10], change[10:])))
    assert planned_se(y, start) == pytest.approx(expected)


def null_worlds(worlds, sites=24, correlation=0.5):
    rng = np.random.default_rng(11)
    noise = rng.normal(0, 0.3, (worlds, sites, BEFORE + LOOKS))
    for t in range(1, BEFORE + LOOKS):
        noise[..., t] += correlation * noise[..., t - 1]
    noise[..., BEFORE:] += rng.normal(0, 0.1, (worlds, sites, 1))
    return 4 + rng.normal(0, 0.3, (worlds, sites, 1)) + noise


@pytest.mark.parametrize("waves", [1, 2])
def test_a_year_of_weekly_looks_keeps_its_promise_and_naive_intervals_do_not(waves):
    y = null_worlds(500)
    start = np.full(24, np.nan)
    start[:12] = BEFORE + 8 * (np.arange(12) % waves)
    looks = contrast_looks(y, start, looks=np.arange(BEFORE, BEFORE + LOOKS))
    wide, fixed = bounds(looks, scale=mixture_scale(1.0) * planned_se(y, start)[:, None])
    ever = {
        name: (np.abs(looks.value) > half).any(axis=1).mean()
        for name, half in (("sequence", wide), ("naive", fixed))
    }
    assert ever["sequence"] <= 0.05
    assert ever["naive"] > 0.12


def outcome(effect=0.0, treated=12, sites=24, seed=3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(sites):
        cohort = 24012.0 if i < treated else np.nan
        level = rng.normal(4, 0.3)
        for t in range(30):
            y = level + rng.normal(0, 0.1) + (effect if i < treated and t >= 12 else 0)
            rows.append((f"s{i:02d}", 24000 + t, y, 50, cohort))
    return pd.DataFrame(rows, columns=["unit", "period", "y", "n", "cohort"])


def test_the_newest_look_is_the_difference_of_changes_by_hand():
    frame = outcome(0.2)
    table = watch_contrast(frame)
    late = frame["period"] >= 24012
    change = (
        frame[late].groupby("unit")["y"].mean() - frame[~late].groupby("unit")["y"].mean()
    ).to_numpy()
    assert table["value"].iloc[-1] == pytest.approx(change[:12].mean() - change[12:].mean())
    se = np.sqrt(change[:12].var(ddof=1) / 12 + change[12:].var(ddof=1) / 12)
    assert table["se"].iloc[-1] == pytest.approx(se)
    assert table["period"].tolist() == list(range(24012, 24030))
    assert (table["price"] > 1).all()


def test_a_planted_change_is_seen_and_never_called_an_effect():
    before = outcome(0.3)
    found = assess_contrast(before, indicator="csat_mean", unit="score_1_5")
    assert found.checks[0].status == "caution"
    assert found.checks[0].params["first"] <= 24014
    estimate = found.estimate("monitoring.contrast.csat_mean")
    assert not estimate.causal
    assert estimate.ci_low < 0.3 < estimate.ci_high
    assert (estimate.n_treated, estimate.n_clusters) == (12, 24)
    pd.testing.assert_frame_equal(before, outcome(0.3))
    calm = assess_contrast(outcome(), indicator="csat_mean", unit="score_1_5")
    assert calm.checks[0].status == "passed"


def test_a_constant_or_other_names_and_order_change_nothing():
    frame = outcome(0.1)
    table = watch_contrast(frame)
    moved = frame.assign(y=frame["y"] + 10, unit="x" + frame["unit"]).sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(watch_contrast(moved), table, rtol=1e-9)


def test_what_comes_later_does_not_change_earlier_looks():
    frame = outcome(0.1, treated=16, sites=30)
    frame.loc[frame["unit"].isin(["s12", "s13", "s14", "s15"]), "cohort"] = 24022.0
    early = watch_contrast(frame[frame["period"] < 24020])
    late = watch_contrast(frame)
    pd.testing.assert_frame_equal(early, late.iloc[: len(early)])


@pytest.mark.parametrize(
    "frame",
    [
        outcome(treated=MIN_CLUSTERS - 1),
        outcome(treated=0),
        outcome(treated=24),
        outcome().query("period >= 24011"),
    ],
    ids=["few trained", "none trained", "all trained", "short baseline"],
)
def test_too_little_is_said(frame):
    found = assess_contrast(frame, indicator="nps", unit="points")
    assert found.checks[0].status == "not_possible"
    assert not found.estimates


def test_planned_looks_keep_their_promise_and_are_narrower():
    rng = np.random.default_rng(3)
    start = np.array([BEFORE] * 10 + [np.nan] * 10)
    y = rng.standard_normal((400, 20, BEFORE + LOOKS))
    looks = contrast_looks(y, start, looks=np.arange(BEFORE, BEFORE + LOOKS))
    scale = mixture_scale(1.0) * planned_se(y, start)[:, None]
    factor = finite_factor(start, BEFORE + LOOKS)
    wide, fixed = bounds(looks, scale=scale)
    planned = finite_bounds(looks, scale=scale, factor=factor)
    assert (planned < wide).all()
    assert (planned[:, -1] > fixed[:, -1]).all()
    error = (np.abs(looks.value) > planned).any(axis=1).mean()
    assert error <= 0.05 + 2 * (0.05 * 0.95 / 400) ** 0.5
    assert error > (np.abs(looks.value) > wide).any(axis=1).mean()
    # Fewer looks cost less; who never trains has no look to plan
    assert finite_factor(start, BEFORE + 6) < factor
    assert finite_factor(np.full(20, np.nan), 30) == 1.0


def test_after_the_last_planned_look_only_the_sequence_is_given():
    rng = np.random.default_rng(6)
    rows = [(f"s{i}", 24000 + t, rng.normal(4, 0.2)) for i in range(20) for t in range(24)]
    frame = pd.DataFrame(rows, columns=["unit", "period", "y"])
    frame["cohort"] = frame["unit"].map({f"s{i}": 24010.0 if i < 10 else np.nan for i in range(20)})
    table = watch_contrast(frame, until=24016).set_index("period")
    assert table["planned_low"].notna().sum() == 7
    assert table.loc[24017:, "planned_low"].isna().all()
    early = table.loc[:24016]
    assert (early["planned_low"] > early["ci_low"]).all()
    assert not table.loc[24017:, "planned_excludes"].any()
