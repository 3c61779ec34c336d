"""What the tracking page shows beside the answer: counted by hand, and told where it cannot be."""

import numpy as np
import pandas as pd
import pytest

from analysis import causal, measurement
from analysis.causal import Options
from analysis.results import Estimate
from analysis.workspace.inputs import behaviour_sources, outcome_forms

OPTIONS = Options(draws=49)
INSTRUMENTS = pd.DataFrame({"instrument": ["v1"], "item": ["q1"], "role": ["overall"]})
COHORT = pd.Series({"a": 24277.0, "b": np.nan})


def surveys(rows):
    columns = ["site_id", "answered_at", "channel", "score"]
    return pd.DataFrame(rows, columns=columns).assign(instrument="v1", item="q1")


ANSWERS = surveys(
    [
        ("a", "2023-01-31T17:00:00Z", "app", 5.0),  # already February in Shanghai
        ("a", "2023-02-03T04:00:00Z", "app", 5.0),
        ("a", "2023-02-04T04:00:00Z", "text", 2.0),
        ("b", "2023-02-05T04:00:00Z", "app", 4.0),
    ]
)


def test_answers_are_counted_by_local_month_and_score():
    counts = measurement.label_counts(ANSWERS, INSTRUMENTS, COHORT, "Asia/Shanghai")
    cells = counts.set_index(["unit", "period", "label"])["count"].to_dict()
    assert cells == {("a", 24277, 2.0): 1, ("a", 24277, 5.0): 2, ("b", 24277, 4.0): 1}
    assert measurement.label_counts(None, INSTRUMENTS, COHORT, "Asia/Shanghai") is None


def test_channels_count_by_invitations():
    asked = pd.DataFrame(
        {
            "site_id": ["a", "a", "b"],
            "month": ["2023-02-01"] * 3,
            "channel": ["app", "text", "app"],
            "invited": [10, 30, 5],
        }
    )
    frame = pd.DataFrame({"unit": ["a", "b"], "cohort": [24277.0, np.nan]})
    found = measurement.weighted_outcome(ANSWERS, INSTRUMENTS, asked, frame, "Asia/Shanghai")
    mean = found.set_index("unit")["y"]
    assert mean["a"] == pytest.approx((10 * 5 + 30 * 2) / 40)  # 4.0 without weights
    assert mean["b"] == pytest.approx(4.0)
    one = ANSWERS[ANSWERS["channel"] == "app"]
    weighted = measurement.weighted_outcome(one, INSTRUMENTS, asked, frame, "Asia/Shanghai")
    assert weighted is None


def test_what_cannot_be_estimated_says_so_in_a_row():
    def fails():
        raise causal.FrameError("no_events", "nothing happened")

    (row,) = outcome_forms.attempt(
        fails, label="rate_ratio", outcome="complaints_per_1000", options=OPTIONS
    )
    assert row.value is None
    assert row.reason == "causal.fault.no_events"
    assert row.dims["label"] == "rate_ratio"
    assert (
        outcome_forms.contracts(None, COHORT, until=pd.Timestamp("2024-01-01"), options=OPTIONS)
        == ()
    )


def ratings(error, n=3000, sites=300, apart=1.0, seed=0):
    rng = np.random.default_rng(seed)
    site = np.repeat(np.arange(sites), n // sites)
    score = rng.normal(0, apart, sites)[site] + rng.normal(0, error, len(site))
    return pd.DataFrame(
        {
            "rating_id": np.arange(len(site)),
            "site_id": site.astype(str),
            "rater_role": "peer",
            "rated_on": [f"2023-{1 + k % 10:02d}-15" for k in range(len(site))],
            "score": score,
        }
    )


def test_rater_error_is_recovered_from_sheets_of_one_site():
    first = 2024 * 12
    assert measurement.error_free_share(ratings(1.0), "peer", first) == pytest.approx(0.5, abs=0.12)
    assert measurement.error_free_share(ratings(0.1), "peer", first) > 0.97
    assert measurement.error_free_share(ratings(1.0), "supervisor", first) is None
    later = measurement.error_free_share(ratings(1.0), "peer", 2023 * 12)
    assert later is None  # no sheet before training


def test_sites_that_raters_do_not_tell_apart_have_no_share_free_of_error():
    """By chance alone the share comes out above 0 in half of the worlds: 0.03 once made 5 of 1."""
    first = 2024 * 12
    found = [
        measurement.error_free_share(ratings(1.0, 600, 12, 0.0, seed), "peer", first)
        for seed in range(60)
    ]
    assert sum(share is not None for share in found) <= 9  # 3 of 60 are to be expected


def test_one_layer_of_staff_is_not_compared():
    rated = ratings(1.0).assign(ratee_id="p1", rated_on="2023-02-01")
    staff = pd.DataFrame({"staff_id": ["p1"], "tier": ["frontline"]})
    cohort = pd.Series({str(k): np.nan for k in range(300)})
    (row,) = behaviour_sources.by_layer(rated, staff, cohort, unit="score", options=OPTIONS)
    assert row.reason == "causal.fault.one_layer"


def test_the_gap_between_layers_has_its_own_effect():
    rng = np.random.default_rng(1)
    rows = []
    for k in range(40):
        start = 24282 if k < 20 else np.inf
        for month in range(24276, 24288):
            for tier, effect in (("frontline", 0.6), ("middle", 0.1)):
                gain = effect if month >= start else 0.0
                rows.append((str(k), f"{tier}{k}", month, 3 + gain + rng.normal(0, 0.1)))
    rated = pd.DataFrame(rows, columns=["site_id", "ratee_id", "month", "score"])
    rated["rated_on"] = [f"{m // 12}-{m % 12 + 1:02d}-01" for m in rated["month"]]
    rated["rater_role"] = "supervisor"
    people = rated["ratee_id"].unique()
    staff = pd.DataFrame({"staff_id": people, "tier": [p.rstrip("0123456789") for p in people]})
    cohort = pd.Series({str(k): 24282.0 if k < 20 else np.nan for k in range(40)})
    found = behaviour_sources.by_layer(rated, staff, cohort, unit="score", options=OPTIONS)
    effects = {e.dims["label"]: e for e in found}
    assert set(effects) == {"layer_frontline", "layer_middle", "layer_gap"}
    gap = effects["layer_gap"]
    assert gap.ci_low < 0.5 < gap.ci_high
    assert gap.p_value < 0.001


def test_sources_combined_tell_the_answers_behind_them_not_how_many_they_are():
    def effect(value, n):
        return Estimate(
            id="x", estimand="att_overall", indicator="behaviour", unit="score_1_5", value=value,
            se=0.1, ci_low=value - 0.2, ci_high=value + 0.2, n=n, n_units=12, level=0.95,
            method="doubly_robust",
        )  # fmt: skip

    frame = pd.DataFrame({"period": [1, 1, 2], "y": [3.0, 4.0, 5.0]})
    sources = [("peer", effect(0.3, 400), frame, 0.8), ("log", effect(0.4, 900), frame, 1.0)]
    found = behaviour_sources.triangulated(sources, first=2, options=OPTIONS)
    (pooled,) = found.estimates
    assert (pooled.n, pooled.n_units) == (1300, 12)
    assert pooled.dims["sources"] == "peer, log"
