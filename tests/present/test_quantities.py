"""What a number is called where it stands alone: never by the name of a column."""

import re
from pathlib import Path

import pytest

import analysis
from analysis import wording
from analysis.present import sentences
from analysis.results import Estimate

ROOT = Path(analysis.__file__).parent
NAMED = re.compile(r'estimand="([a-z_0-9]+)"')
ESTIMANDS = sorted(
    {name for path in ROOT.rglob("*.py") for name in NAMED.findall(path.read_text("utf-8"))}
    | {"cfi", "rmsea", "srmr"}
)


@pytest.mark.parametrize("estimand", ESTIMANDS)
def test_every_estimand_of_the_code_has_words(estimand):
    rooms = ("causal.estimand", "value.kpi", "terms.estimand")
    assert any(wording.has(f"{room}.{estimand}") for room in rooms)


def test_another_methods_number_is_not_called_the_effect():
    lead = {"estimand": "att_overall", "value": None, "n": 0, "unit": "score", "reason": "r"}
    lead |= {"indicator": "csat_mean", "id": "tracking.csat_mean.att.overall", "method": "twfe"}
    beside = Estimate(**lead | {"method": "synthetic_did"}, dims={"beside": True})
    assert sentences.quantity(Estimate(**lead), "en").endswith("all months since the start")
    assert sentences.quantity(beside, "en").endswith("(Synthetic difference in differences)")
    late = Estimate(**lead | {"estimand": "att_horizon"}, dims={"horizon": 3})
    assert sentences.quantity(late, "en").endswith("(3 months after the month of the start)")
    kind = Estimate(**lead | {"estimand": "att_kind"}, dims={"property_type": "old"})
    assert sentences.quantity(kind, "en").endswith("(Old estates)")


@pytest.mark.parametrize(
    ("id", "estimand", "english", "chinese"),
    [
        ("monitoring.cost.per_trainee", "amount", "Cost of the training: Per trainee", "培训费用"),
        ("baseline.fit.x.rmsea", "rmsea", "Fit of the factor model: RMSEA", "因子模型拟合"),
    ],
)
def test_a_number_without_indicator_is_named_by_what_it_estimates(id, estimand, english, chinese):
    estimate = Estimate(
        id=id,
        estimand=estimand,
        value=None,
        n=0,
        unit="ratio",
        method="m",
        reason="report.empty_table",
    )
    assert sentences.quantity(estimate, "en") == english
    assert sentences.quantity(estimate, "zh_CN").startswith(chinese)
