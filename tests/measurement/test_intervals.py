import json
import os
from pathlib import Path

import numpy as np
import pytest

from analysis.measurement import mean_t, net_promoter, newcombe, welch, wilson

SHARED = Path(os.environ.get("CRMEVAL_SHARED", Path(__file__).parents[3] / "shared"))
REFERENCE = SHARED / "reference" / "measurement.json"
TOLERANCE = 1e-5


@pytest.fixture(scope="module")
def reference():
    if not REFERENCE.exists():
        pytest.skip("reference values are not at hand")
    return {entry["id"]: entry for entry in json.loads(REFERENCE.read_text(encoding="utf-8"))}


def test_wilson_reproduces_the_published_intervals(reference):
    for shown, (low, high) in reference["wilson"]["values"].items():
        successes, n = map(int, shown.split("/"))
        interval = wilson(successes, n)
        assert interval.low == pytest.approx(low, abs=TOLERANCE)
        assert interval.high == pytest.approx(high, abs=TOLERANCE)


def test_newcombe_reproduces_the_published_intervals(reference):
    values = reference["newcombe_diff"]["values"]
    for counts, (low, high) in (((56, 70, 48, 80), values["a"]), ((9, 10, 3, 10), values["b"])):
        interval = newcombe(*counts)
        assert (interval.low, interval.high) == pytest.approx((low, high), abs=TOLERANCE)


def test_wilson_stays_within_zero_and_one_and_refuses_impossible_counts():
    assert wilson(0, 5).low == 0.0
    assert wilson(5, 5).high == 1.0
    with pytest.raises(ValueError, match="successes"):
        wilson(6, 5)


def test_net_promoter_by_hand():
    # 10 answers: 6 promoters, 2 passives, 2 detractors; adjusted shares 6.75/13, 2.75/13.
    interval = net_promoter(6, 2, 2)
    up, down = 6.75 / 13, 2.75 / 13
    se = ((up + down - (up - down) ** 2) / 13) ** 0.5
    assert interval.value == pytest.approx(0.4)
    assert interval.low == pytest.approx(up - down - 1.959964 * se, abs=1e-6)
    assert interval.se == pytest.approx(se)


def test_net_promoter_interval_covers_at_its_level():
    rng = np.random.default_rng(1)
    draws = rng.multinomial(30, [0.5, 0.3, 0.2], size=2000)
    inside = sum(i.low <= 0.3 <= i.high for i in (net_promoter(*map(int, d)) for d in draws))
    assert inside / 2000 == pytest.approx(0.95, abs=0.015)


def test_one_value_has_no_interval():
    assert mean_t(np.array([3.0, np.nan])).low is None


def test_welch_of_constant_samples_is_finite():
    interval, p_value = welch(np.ones(3), np.ones(4))
    assert (interval.value, interval.low, interval.high, p_value) == (0.0, 0.0, 0.0, 1.0)
