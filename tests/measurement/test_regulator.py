"""Indicators in a regulator's form, counted by hand."""

import pandas as pd
import pytest

from analysis.client.plan import Regulator
from analysis.indicators import registry
from analysis.measurement.regulator import assess_regulator

FORM = Regulator.model_validate(
    {
        "title": "Quarterly form",
        "columns": [
            {
                "indicator": "complaints_per_1000",
                "heading": "投诉率",
                "definition": {"zh_CN": "按月", "en": "by month"},
            },
            {"indicator": "csat_top2", "heading": "满意率"},
        ],
    }
)


def cells(indicator, rows):
    """Rows of site, month, value, n and exposure."""
    frame = pd.DataFrame(rows, columns=["site_id", "period", "value", "n", "exposure"])
    return frame.assign(indicator=indicator, stratum="")


PANEL = pd.concat(
    [
        cells(
            "complaints_per_1000",
            [
                ("a", 99, 2.0, 1000, 1000.0),
                ("a", 100, 4.0, 1000, 1000.0),
                ("b", 100, 0.0, 3000, 3000.0),
            ],
        ),
        cells("complaints_per_1000", [("a", 80, 90.0, 1000, 1000.0)]),  # a year and a half ago
    ]
)


def test_values_are_those_of_the_sums_of_the_months():
    found = assess_regulator(PANEL, FORM, {"a": "East"}, registry.load(), last=100)
    table = found.table("regulator").set_index("label")
    whole = table.loc[""]
    assert whole["value"] == pytest.approx(6 / 5)  # six complaints, 5,000 household-months
    assert (whole["n"], whole["months"]) == (5000, 2)
    assert 0 <= whole["ci_low"] < 6 / 5 < whole["ci_high"]
    assert table.loc["East", "value"] == pytest.approx(3.0)
    # No complaint among 3,000 household-months: at most −ln(.025) of them in truth.
    assert table.loc["b", ["value", "ci_low"]].tolist() == [0, 0]
    assert table.loc["b", "ci_high"] == pytest.approx(3.689 / 3, abs=1e-3)
    assert table.loc["b", "definition_en"] == "by month"


def test_a_column_without_data_is_said_and_no_form_asks_nothing():
    (check,) = assess_regulator(PANEL, FORM, {}, registry.load(), last=100).checks
    assert (check.status, check.value, check.n) == ("caution", 1.0, 2)
    assert assess_regulator(PANEL, Regulator(), {}, registry.load(), last=100).checks == ()
