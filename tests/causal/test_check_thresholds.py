"""Checks of one evaluation turn where they say they do."""

import pytest
from causal_panels import staggered

from analysis import causal
from analysis.results import Topic

OPTIONS = causal.Options(horizons=(), draws=199, seed=3)
FEW = {"sizes": (6, 6), "starts": (6, 8), "never": 8, "periods": 12}


def evaluated(seed, effect):
    """The leading estimate, and the checks by topic."""
    frame = staggered(seed, effect=effect, **FEW)
    found = causal.evaluate(frame, outcome="csat_mean", unit="score", options=OPTIONS)
    return found.overall, {check.topic: check for check in found.checks()}


def test_a_drift_that_could_be_the_whole_effect_and_would_be_overlooked_is_said():
    """The same panel, with an effect added: the drift that could be overlooked stays the same."""
    none, some = evaluated(1, 0.0), evaluated(1, 1.0)
    for (lead, checks), status in ((none, "caution"), (some, "passed")):
        check = checks[Topic.PRETREND]
        assert check.value > 0.3
        assert (check.params["bias"] > abs(lead.value)) == (status == "caution")
        assert check.status == status
        assert ("overlooks" in check.dims) == (status == "caution")
    assert none[1][Topic.PRETREND].reason == "causal.why.pretrend.little_power"


def test_methods_may_be_as_far_apart_as_the_nearer_end_of_the_interval():
    lead, checks = evaluated(2, 0.0)
    near, far = sorted((lead.value - lead.ci_low, lead.ci_high - lead.value))
    assert far > 1.1 * near
    assert checks[Topic.ESTIMATOR_AGREEMENT].threshold == pytest.approx(near)
