"""Money in a table: one unit, and a total that is the sum of what stands above it."""

import re

import pandas as pd
import pytest

from analysis import wording
from analysis.present import tables, views
from analysis.results import StageResults

LEDGER = pd.DataFrame(
    {"category": ["trainer", "venue", "reserve"], "amount": [236_000.0, 3_400.0, 0.0],
     "source": ["", "", ""]}
)  # fmt: skip


def amounts(name, stage, language, **stored):
    """Cells of a view's table that are amounts of money."""
    view = views.get(name)
    frame = view.of(StageResults(stage=stage, tables=stored))
    html = tables.frame_table(
        frame, caption="c", columns=view.columns, anchor="a", language=language
    )
    return [
        cell for cell in re.findall(r"<td[^>]*>([^<]*)</td>", html) if re.search("元|CNY", cell)
    ]


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("zh_CN", ["23.6万元", "0.3万元", "0元", "23.9万元"]),
        ("en", ["CNY 236 thousand", "CNY 3 thousand", "CNY 0", "CNY 239 thousand"]),
    ],
)
def test_costs_are_in_one_unit_and_summed(language, written):
    assert amounts("value.costs", "value", language, cost=LEDGER) == written


def test_small_amounts_stay_in_yuan():
    ledger = LEDGER.assign(amount=[3_600.0, 400.0, 0.0])
    found = amounts("value.costs", "value", "zh_CN", cost=ledger)
    assert found == ["3,600元", "400元", "0元", "4,000元"]


def test_one_cost_needs_no_total():
    assert len(amounts("value.costs", "value", "en", cost=LEDGER.head(1))) == 1


def test_what_deviates_from_no_plan_is_not_summed():
    budget = pd.DataFrame(
        {"category": ["trainer", "reserve"], "planned": [50_000.0, 9_000.0],
         "actual": [52_000.0, None], "deviation": [2_000.0, None],
         "deviation_share": [0.04, None]}
    )  # fmt: skip
    view = views.get("monitoring.budget")
    last = view.of(StageResults(stage="monitoring", tables={"budget": budget})).iloc[-1]
    assert (last["planned"], last["actual"]) == (59_000.0, 52_000.0)
    assert last["deviation"] == last["deviation_share"] == {"zh_CN": "—", "en": "—"}


def test_the_unit_ends_with_the_table():
    with wording.amounts_up_to(1e6):
        assert wording.format_value(1_200.0, "cny", "zh_CN") == "0.1万元"
    assert wording.format_value(500.0, "cny", "zh_CN") == "500元"


@pytest.mark.parametrize("name", [n for n in views.names() if views.get(n).columns])
def test_every_table_writes_its_amounts_in_one_unit(name):
    """From a thousand to millions no two units stand in one table; what is less is in yuan."""
    view = views.get(name)
    money = [column for column, (_, spec) in view.columns.items() if spec == "cny"]
    frame = pd.DataFrame({c: [1_200.0, 12_000.0, 3.2e8] for c in money})
    if not money:
        return
    with wording.amounts_up_to(tables.largest_amount(frame, view.columns)):
        written = [wording.format_value(v, "cny", "zh_CN") for v in frame.to_numpy().ravel()]
    assert {re.sub(r"[\d.,−]", "", cell) for cell in written} == {"万元"}


@pytest.mark.parametrize("language", wording.LANGUAGES)
def test_no_amount_reads_as_none_in_the_unit_of_its_table(language):
    with wording.amounts_up_to(3.2e8):
        written = [wording.format_value(v, "cny", language) for v in (0.0, 90.0, 500.0, 1000.0)]
    nothing, *some = (re.sub(r"[^\d.]", "", cell) for cell in written)
    assert nothing == "0"
    assert all(float(number) > 0 for number in some)


@pytest.mark.parametrize(("effect", "written"), [(-0.65, "−0.65 件"), (0.65, "0.65 件")])
def test_what_got_worse_is_no_improvement(effect, written):
    row = {"indicator": "complaints_per_1000", "effect": effect, "money": 0.18, "low": None,
           "high": None, "exposure": 25_120.0, "basis": "household_month", "factor": 1.0,
           "amount": effect * 0.18 * 25_120, "amount_low": -9_000.0, "amount_high": 9_000.0,
           "break_even": 0.03, "methods_low": None, "methods_high": None,
           "reason": "", "priced": True}  # fmt: skip
    stored = StageResults(stage="value", tables={"benefits": pd.DataFrame([row])})
    shown = views.get("value.benefits").of(stored)
    assert shown["effect"].iloc[0]["zh_CN"] == written
