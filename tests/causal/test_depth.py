"""One call beside an evaluation: what it holds, stored and without collisions of ids."""

import pytest
from causal_panels import staggered

from analysis.causal import Options, deepen, evaluate
from analysis.results import from_json, merge, to_json


def run(frame):
    return evaluate(
        frame, outcome="csat_mean", unit="score_1_5", options=Options(draws=49, alternatives=())
    )


@pytest.fixture(scope="module")
def frame():
    return staggered(1, sizes=(12, 12), starts=(8, 10), never=20)


def test_everything_at_once(frame):
    units = sorted(frame["unit"].unique())
    main = run(frame)
    found = deepen(
        main,
        frame,
        kinds={"property_type": {u: "ab"[i % 2] for i, u in enumerate(units)}},
        uptake=dict.fromkeys(units, 0.8),
        hours={u: float(i % 7) for i, u in enumerate(units)},
        exclude=units[-2:],
        horizons=(1, 3),
    )
    assert list(found.parts) == [
        "lasts",
        "bounds",
        "kinds",
        "attendance",
        "variants",
        "placebo",
        "synthetic",
    ]
    assert not found.parts["synthetic"]
    assert all(found.parts[name] for name in list(found.parts)[:-1])
    assert set(found.tables) == {"sensitivity", "leave_one_out", "hours"}
    whole = merge("tracking", [main.results(), found.results()])
    assert from_json(to_json(whole), whole.tables) == whole


def test_few_trained_sites_have_a_synthetic_twin():
    few = staggered(2, sizes=(1,), starts=(8,), never=6)
    found = deepen(run(few), few)
    assert [e.method for e in found.parts["synthetic"]] == ["synthetic_did", "synthetic_control"]
    assert {c.status for c in found.checks() if "sensitivity" in c.id} == {"not_possible"}


def test_nothing_without_a_comparison():
    alone = staggered(1, sizes=(9,), starts=(7,), never=0)
    found = deepen(run(alone), alone)
    assert found.estimates() == found.checks() == ()
