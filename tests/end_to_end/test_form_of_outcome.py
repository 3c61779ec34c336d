"""In which form an outcome's effect leads."""

from types import SimpleNamespace

import pandas as pd
import pytest

from analysis.workspace.wiring.tracking import TrackingStage


@pytest.mark.parametrize(
    ("by_lot", "exposure", "form"),
    [
        (True, [30.0, 30.0], "mean"),
        (True, [30.0, 31.0], "rate"),
        (False, [30.0, 30.0], "rate"),
    ],
)
def test_a_lottery_leads_a_count_with_one_denominator(by_lot, exposure, form):
    stage = SimpleNamespace(
        steps=None,
        lottery=SimpleNamespace(holds=by_lot),
        registry={"complaints_per_1000": SimpleNamespace(kind="count")},
    )
    frame = pd.DataFrame({"total": [1.0, 2.0], "exposure": exposure})
    assert TrackingStage.form_of(stage, "complaints_per_1000", frame) == form


def test_an_outcome_without_denominators_is_a_mean():
    stage, frame = SimpleNamespace(steps=None), pd.DataFrame({"y": [1.0]})
    assert TrackingStage.form_of(stage, "x", frame) == "mean"
