"""What the deeper analyses hand on can be stored, and every word they use is in the catalogue."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from causal_panels import staggered

from analysis import causal, wording
from analysis.results import collect, from_json, to_json

OPTIONS = causal.Options(draws=99)
ROOM = Path(causal.__file__).parent


@pytest.fixture(scope="module")
def everything():
    frame = staggered(1)
    units = sorted(frame["unit"].unique())
    found = causal.evaluate(frame, outcome="csat_mean", unit="score_1_5", options=OPTIONS)
    bounded = causal.sensitivity(found, horizons=(1, 50))
    kinds = causal.effects_by(
        frame,
        {u: "ab"[i % 2] for i, u in enumerate(units)},
        by="property_type",
        outcome="csat_mean",
        unit="score_1_5",
        options=OPTIONS,
    )
    few = causal.prepare(staggered(2, sizes=(1,), starts=(7,), never=22))
    return [
        found.estimates(),
        bounded.estimates(),
        bounded.checks(),
        kinds.estimates(),
        kinds.checks(),
        causal.persistence(found),
        causal.complier_effect(found, dict.fromkeys(units, 0.7)),
        causal.change_by_hours(found, {u: float(i % 9) for i, u in enumerate(units)})[0],
        causal.romano_wolf([found]).estimates(),
        causal.synthetic_estimates(few, outcome="nps", unit="points", options=OPTIONS),
        causal.lee_estimates(
            causal.lee_bounds([1, 2, 3, 4.0], [1, 1, 1, 1], [0, 1, 0, 1]),
            outcome="test_post",
            unit="points",
        ),
        *beside(frame, found, units),
    ]


def beside(frame, found, units):
    """Results of the estimators that are called by themselves."""
    named = {"outcome": "csat_mean", "unit": "score_1_5", "options": OPTIONS}
    alone = {"outcome": "other", "options": OPTIONS}
    amounts = frame.assign(
        count=(frame["y"] * 5).round(), exposure=2.0, numerator=frame["y"], denominator=4.0
    )
    counts = pd.concat([frame.assign(label=k, count=8 + k) for k in (1, 2, 3)])
    counts = counts.assign(count=counts["count"] + (counts["y"] * 9 * counts["label"]).astype(int))
    spilled = causal.spillover(frame, {units[-1]: 24284.0, units[-2]: 24284.0}, **named)
    balanced = causal.balanced_effect(frame, causal.baseline_means(frame), **named)
    ordered = causal.ordered_effect(counts, outcome="ordered", options=OPTIONS)
    rng = np.random.default_rng(0)
    people = pd.DataFrame(rng.normal(size=(120, 4)), columns=["a", "b", "c", "d"])
    people = people.assign(site_id=np.arange(120) % 12, treated=np.arange(120) % 2 == 0)
    people = people.rename(columns={"a": "before", "b": "after"})
    tested = people.assign(
        test_before=people["before"],
        test_after=people["after"],
        behaviour_before=people["c"],
        behaviour_after=people["d"],
        learned=4,
        applied=np.arange(120) % 5,
    )
    return [
        spilled.estimates(),
        spilled.checks(),
        balanced.estimates(),
        balanced.checks(),
        ordered.estimates(),
        ordered.checks(),
        causal.count_effect(amounts, **alone),
        causal.ratio_effect(amounts, **alone),
        causal.level_before(found),
        causal.retraining(frame, dict.fromkeys(units[:7], 24289.0), **named),
        causal.weighted_for_response(found, frame.assign(y=frame["y"] + frame["y"] ** 2 / 99)),
        causal.mediation(frame, frame, through="other", **named),
        causal.share_improved(people, reliability=0.8, **alone),
        causal.know_do_gap(tested, **alone),
        causal.application(tested, least=2, **alone),
        causal.triangulate([("a", 0.1, 0.1, 0.8), ("b", -0.2, 0.1, 0.9)], **alone),
    ]


def test_round_trip(everything):
    results = collect("tracking", everything)
    assert from_json(to_json(results)) == results
    for item in results.estimates:
        for value in (item.value, item.se, item.ci_low, item.ci_high, *item.dims.values()):
            assert not isinstance(value, (np.bool_, np.integer))


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_words(everything, language):
    for item in collect("tracking", everything).estimates:
        for key in (
            f"estimand.{item.estimand}",
            f"interval_method.{item.interval_method}",
            f"method.{item.method}" if item.method != "none" else "interval_method.none",
        ):
            assert wording.text(f"causal.{key}", language)
        if item.reason:
            assert wording.text(item.reason, language)
    for check in collect("tracking", everything).checks:
        assert wording.text(check.question, language, **check.params)
        if check.reason:
            assert wording.text(check.reason, language, **check.params)
        if check.remedy:
            assert wording.text(check.remedy, language, **check.params)


def test_every_rule_and_reason_has_a_sentence():
    code = "\n".join(path.read_text(encoding="utf-8") for path in ROOM.rglob("*.py"))
    keys = set(re.findall(r'"causal\.(reason\.\w+)"', code))
    rules = set(re.findall(r'FrameError\(\s*"(\w+)"', code))
    keys |= {f"fault.{rule}" for rule in rules}
    for key in keys:
        assert wording.text(f"causal.{key}", "en")


def test_inputs_are_not_changed():
    frame = staggered(1)
    before = frame.copy()
    units = dict.fromkeys(frame["unit"], "a")
    causal.effects_by(frame, units, by="k", outcome="csat_mean", unit="x", options=OPTIONS)
    pd.testing.assert_frame_equal(frame, before)
