"""Exploratory mediation and renewal of contracts, against known truths and sums."""

import numpy as np
import pandas as pd
import pytest

from analysis.causal import FrameError, Options, mediation, renewal_effect

OPTIONS = Options(draws=199)
N, T = 60, 10
COHORT = np.where(np.arange(N) < 30, 6.0, np.nan)


def frames(seed, a=0.5, b=0.8, direct=0.2):
    rng = np.random.default_rng(seed)
    under = (np.arange(1, T + 1) >= 6)[None, :] * 1.0
    trained = np.isfinite(COHORT)[:, None] * under
    m = a * trained + rng.normal(0, 0.3, (N, 1)) * under + rng.normal(0, 0.05, (N, T))
    y = b * m + direct * trained + rng.normal(0, 0.1, (N, 1)) * under + rng.normal(0, 0.05, (N, T))
    base = {
        "unit": np.repeat([f"s{i:02d}" for i in range(N)], T),
        "period": np.tile(np.arange(1, T + 1), N),
        "cohort": np.repeat(COHORT, T),
    }
    return pd.DataFrame(base | {"y": y.ravel()}), pd.DataFrame(base | {"y": m.ravel()})


NAMED = {"outcome": "csat_mean", "through": "behaviour", "unit": "score_1_5", "options": OPTIONS}


def test_known_parts():
    found = np.array([[e.value for e in mediation(*frames(s), **NAMED)] for s in range(25)])
    mean, error = found.mean(axis=0), found.std(axis=0) / 5
    assert (
        abs(mean[1] - 0.4) < 3 * error[1] + 0.02
    )  # noise of the mediator's mean shrinks b a little
    assert abs(mean[0] - 0.6) < 3 * error[0]
    assert abs(mean[2] - 0.2) < 3 * error[2] + 0.02
    np.testing.assert_allclose(found[:, 0], found[:, 1] + found[:, 2])
    np.testing.assert_allclose(found[:, 3], found[:, 1] / found[:, 0])


def test_never_called_an_effect_and_has_its_sensitivity():
    found = mediation(*frames(1), **NAMED)
    assert not any(e.causal for e in found)
    assert all(e.dims["exploratory"] for e in found)
    assert found[1].ci_low < found[1].value < found[1].ci_high
    assert 0.5 < found[4].value < 1


def test_a_mediator_that_training_moves_but_that_does_nothing():
    found = mediation(*frames(2, b=0.0), **NAMED)
    assert found[1].ci_low < 0 < found[1].ci_high


def test_no_share_of_no_change():
    y, m = frames(1)
    still = y["unit"].str[1:].astype(float)
    found = {e.estimand: e for e in mediation(y.assign(y=still), m, **NAMED)}
    share = found["indirect_share"]
    assert (share.value, share.ci_low) == (None, None)
    assert share.reason == "causal.reason.nothing_to_split"
    assert found["total_change"].value == found["indirect_part"].value == 0


def test_mediation_refusals():
    y, m = frames(1)
    with pytest.raises(FrameError, match="no_never_treated"):
        mediation(y.assign(cohort=y["cohort"].fillna(8.0)), m, **NAMED)
    with pytest.raises(FrameError, match="empty"):
        mediation(y, m.assign(unit="x" + m["unit"]), **NAMED)
    with pytest.raises(FrameError, match="no_variation"):
        mediation(y, m.assign(y=1.0 * (m["period"] > 5)), **NAMED)
    few = y["unit"].isin(["s00", "s01", *[f"s{i}" for i in range(30, 40)]])
    assert mediation(y[few], m[few], **NAMED)[1].reason == "causal.reason.no_inference"


def contracts(seed, effect=0.09):
    rng = np.random.default_rng(seed)
    site = rng.integers(0, 40, 4000)
    month = rng.integers(0, 18, 4000)
    trained = (site < 20) & (month >= 9)
    renewed = rng.random(4000) < 0.8 + rng.normal(0, 0.04, 40)[site] + effect * trained
    day = pd.to_datetime({"year": 2023 + month // 12, "month": month % 12 + 1, "day": 15})
    data = pd.DataFrame({"site_id": [f"s{i:02d}" for i in site], "due_on": day, "renewed": renewed})
    cohort = {f"s{i:02d}": 2023 * 12 + 9.0 if i < 20 else None for i in range(40)}
    return data, cohort


def test_known_effect_on_renewal():
    until = pd.Timestamp("2024-12-31")
    found = [renewal_effect(*contracts(s), until=until)[0] for s in range(30)]
    values = np.array([e.value for e in found])
    assert abs(values.mean() - 0.09) < 3 * values.std() / np.sqrt(30)
    assert np.mean([e.ci_low <= 0.09 <= e.ci_high for e in found]) >= 0.83
    assert found[0].n_treated == 20


def test_undecided_contracts_are_counted_and_bounded():
    data, cohort = contracts(1)
    until = pd.Timestamp("2024-12-31")
    rng = np.random.default_rng(0)
    data["renewed"] = data["renewed"].astype("boolean").mask(rng.random(len(data)) < 0.03)
    att, amount, lowest, highest = renewal_effect(data, cohort, until=until)
    assert att.dims["undecided"] == data["renewed"].isna().sum()
    assert lowest.value < att.value < highest.value
    assert amount.unit == "count"
    cut = renewal_effect(data, cohort, until=pd.Timestamp("2024-03-31"))[0]
    assert cut.dims["undecided"] < att.dims["undecided"]  # not yet due, so not at risk


def test_no_contract_has_come_due_or_none_is_decided():
    data, cohort = contracts(1)
    with pytest.raises(FrameError) as refused:
        renewal_effect(data, cohort, until=pd.Timestamp("2022-12-31"))
    assert refused.value.rule == "empty"
    undecided = data.assign(renewed=pd.array([None] * len(data), dtype="boolean"))
    with pytest.raises(FrameError) as refused:
        renewal_effect(undecided, cohort, until=pd.Timestamp("2024-12-31"))
    assert refused.value.rule == "empty"
