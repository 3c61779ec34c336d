"""The demo client: what its report says against what is true in its world."""

from __future__ import annotations

import dataclasses
import json

import pytest

from analysis import newest, results
from analysis.causal import Options, evaluate
from analysis.simulation import DEMO, simulate


def test_the_interval_covers_the_demos_true_effect():
    world = simulate(dataclasses.replace(DEMO, families=("surveys",)))
    found = evaluate(
        world.satisfaction_means(),
        outcome="csat_mean",
        unit="score_1_5",
        options=Options(alternatives=(), simulated=True),
    )
    assert found.overall.ci_low <= world.truth.att() <= found.overall.ci_high
    assert found.overall.ci_low > 0
    for estimate in found.of("att_horizon"):
        truth = world.truth.at(estimate.dims["horizon"])
        assert estimate.ci_low <= truth <= estimate.ci_high


@pytest.mark.parametrize("indicator", ["csat_mean", "csat_top2", "fcr"])
def test_the_demos_report_covers_the_truth(project_root, indicator):
    run = newest.latest(project_root / "reports" / "demo")
    if run is None:
        pytest.skip("the demo has not been run here: make demo")
    truth = json.loads((project_root / "data" / "demo" / "truth.json").read_text(encoding="utf-8"))
    effect = truth["effects"][indicator]["att_overall"]
    found = results.load("tracking", run / "results").estimates
    (overall,) = (e for e in found if e.id == f"tracking.{indicator}.att.overall")
    assert overall.ci_low <= effect <= overall.ci_high
