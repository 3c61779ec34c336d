"""The forecast of the design stage is held against what was priced."""

import numpy as np
import pandas as pd
import pytest

from analysis.results import Check, Estimate, StageResults
from analysis.value.outlook_kept import assess_outlook_kept

PLAN = pd.DataFrame(
    [("csat_mean", "site_month", 100.0, 24.0, 0.2, 0.5, 1200.0, "")],
    columns=["indicator", "basis", "money", "exposure", "break_even", "target", "amount", "reason"],
)
FORECAST = Check(
    id="value.outlook", topic="outlook", question="value.outlook.question", status="passed",
    value=2.5, n=1, params={"benefit": 1200.0, "low": 600.0, "high": 1440.0, "cost": 480.0},
)  # fmt: skip


def came(gain, half, *, priced=True):
    amount, width = (100.0 * 20.0 * x for x in (gain, half))
    row = {
        "indicator": "csat_mean", "basis": "site_month", "effect": gain, "money": 100.0,
        "exposure": 20.0, "factor": 1.0, "amount": amount, "amount_low": amount - width,
        "amount_high": amount + width, "priced": priced,
    }  # fmt: skip
    made = {"id": "value.roi.benefit", "estimand": "benefit", "unit": "CNY", "method": "sum"}
    ends = {"ci_low": amount - width, "ci_high": amount + width, "n": 40}
    benefit = Estimate(**made, value=amount, **ends)
    estimates = (benefit,) if priced else ()
    return StageResults(
        stage="value", estimates=estimates, tables={"benefits": pd.DataFrame([row])}
    )


@pytest.mark.parametrize(
    ("gain", "half", "state", "status"),
    [
        (0.9, 0.1, "reached", "passed"),
        (0.3, 0.1, "short", "failed"),
        (0.55, 0.2, "open", "caution"),
    ],
)
def test_what_came_by_its_interval(gain, half, state, status):
    found = assess_outlook_kept(PLAN, FORECAST, came(gain, half))
    (row,) = found.table("outlook_kept").itertuples()
    assert row.state == f"value.outlook_kept.{state}"
    assert (row.effect_low, row.effect_high) == (
        pytest.approx(gain - half), pytest.approx(gain + half),
    )  # fmt: skip
    (check,) = found.checks
    assert check.status == status
    assert (check.params["planned_cost"], check.threshold) == (480.0, 1200.0)


def test_without_a_target_or_a_price_nothing_is_compared():
    plan = PLAN.assign(target=np.nan, amount=np.nan)
    found = assess_outlook_kept(plan, FORECAST, came(0.9, 0.1))
    assert found.table("outlook_kept")["state"].tolist() == ["value.outlook_kept.no_target"]
    found = assess_outlook_kept(PLAN, FORECAST, came(0.9, 0.1, priced=False))
    assert found.table("outlook_kept")["state"].tolist() == ["value.outlook_kept.not_priced"]
    assert found.checks[0].reason.endswith(".unpriced")


def test_a_client_without_a_forecast_is_told_in_one_line():
    for plan, check in ((PLAN.iloc[:0], FORECAST), (PLAN, None)):
        (told,) = assess_outlook_kept(plan, check, came(0.9, 0.1)).checks
        assert (told.status, told.reason) == ("not_possible", "value.check.outlook_kept.none")
