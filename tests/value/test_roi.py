from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis import wording
from analysis.causal import to_rounds
from analysis.findings import money_finding
from analysis.results import Estimate
from analysis.value import (
    Benefit,
    Switches,
    assess_roi,
    cost_per_percent,
    full_cost,
    price,
    treated_exposure,
)
from analysis.workspace.inputs.exposure import exposed_cells

REGISTRY = {
    "complaints_per_1000": SimpleNamespace(level=3, unit="rate", direction="down"),
    "fee_collection": SimpleNamespace(level=4, unit="share", direction="up"),
    "nps": SimpleNamespace(level=4, unit="nps_points", direction="up"),
}
COSTS = pd.DataFrame(
    {
        "category": ["trainer", "venue", "reserve"],
        "planned": [500.0, 300.0, 100.0],
        "actual": [600.0, None, None],
    }
)
EXPOSURE = {"site_month": 100.0, "household_month": 0.0, "once": 1.0}


def effect(indicator, value, se=0.1, causal=True):
    return Estimate(
        id=indicator, estimand="att", unit="u", indicator=indicator, value=value, se=se,
        ci_low=value - 1.96 * se, ci_high=value + 1.96 * se, n=100, method="m",
        interval_method="normal", causal=causal, comparison="never_treated" if causal else None,
    )  # fmt: skip


def value(benefits, effects, **extra):
    return assess_roi(benefits, effects, COSTS, registry=REGISTRY, exposure=EXPOSURE, **extra)


def test_ratio_and_return_by_hand():
    # cost 600 + 300 planned, the untouched reserve is not spent; benefit 2 fewer x 10 x 100
    found = value(
        [Benefit(indicator="complaints_per_1000", money_per_unit=10.0)],
        {"complaints_per_1000": effect("complaints_per_1000", -2.0)},
    )
    assert found.estimate("value.roi.cost").value == 900.0
    assert found.estimate("value.roi.benefit").value == pytest.approx(2000.0)
    assert found.estimate("value.roi.benefit_cost_ratio").value == pytest.approx(2000 / 900)
    assert found.estimate("value.roi.net_return").value == pytest.approx(1100 / 900)
    low, high = (2 - 0.196) * 1000, (2 + 0.196) * 1000
    interval = found.estimate("value.roi.benefit")
    assert interval.ci_low == pytest.approx(low, rel=0.01)
    assert interval.ci_high == pytest.approx(high, rel=0.01)
    assert found.table("benefits")["break_even"].tolist() == pytest.approx([0.9])


def until(*rows):
    """Effects on complaints up to each month: exposure, value and half the interval's width."""
    table = pd.DataFrame(rows, columns=["exposure", "value", "half"])
    ends = {"ci_low": table["value"] - table["half"], "ci_high": table["value"] + table["half"]}
    months = 24000 + np.arange(len(table))
    named = table.assign(indicator="complaints_per_1000", basis="site_month", month=months)
    return named.assign(**ends).drop(columns="half")


def paid_back(*rows):
    exposure, level, half = rows[-1]
    own = effect("complaints_per_1000", level)
    over = replace(own, dims={"exposure": exposure}, ci_low=level - half, ci_high=level + half)
    return value(
        [Benefit(indicator="complaints_per_1000", money_per_unit=10.0)],
        {"complaints_per_1000": own},
        exposed={("complaints_per_1000", "site_month"): over},
        until=until(*rows),
        start=24000,
    )


def test_the_cost_is_repaid_in_the_month_whose_accumulated_benefit_covers_it():
    # 900 of cost at 10 a unit: 90 unit-site-months. By month: 20, 60, 120, 200 (halves 10 to 40).
    found = paid_back((20.0, -1.0, 0.5), (40.0, -1.5, 0.5), (60.0, -2.0, 0.4), (80.0, -2.5, 0.5))
    table = found.table("return_by_month")
    assert table["benefit"].tolist() == pytest.approx([200, 600, 1200, 2000])
    assert table["net"].tolist() == pytest.approx([-700, -300, 300, 1100])
    assert table["since"].tolist() == [1, 2, 3, 4]
    # The last month is the whole benefit, interval included.
    whole = found.estimate("value.roi.benefit")
    ends = table[["benefit_low", "benefit_high"]].iloc[-1].tolist()
    assert ends == pytest.approx([whole.ci_low, whole.ci_high])
    payback = found.estimate("value.roi.payback_months")
    # lower ends 100, 400, 960; upper ends 300, 800, 1440
    assert (payback.value, payback.ci_low, payback.ci_high) == (3.0, 3.0, 3.0)


def test_what_is_not_known_by_month_counts_at_the_end_alone():
    own, other = effect("complaints_per_1000", -2.0), effect("fee_collection", 0.05)
    found = value(
        [
            Benefit(indicator="complaints_per_1000", money_per_unit=10.0),
            Benefit(indicator="fee_collection", money_per_unit=1000.0, basis="once"),
        ],
        {"complaints_per_1000": own, "fee_collection": other},
        exposed={("complaints_per_1000", "site_month"): replace(own, dims={"exposure": 40.0})},
        until=until((20.0, -1.0, 0.5), (40.0, -2.0, 0.5)),
        start=24000,
    )
    assert found.table("return_by_month")["benefit"].tolist() == pytest.approx([200, 850])


def test_nothing_is_projected_beyond_the_months_observed():
    found = paid_back((20.0, -1.0, 0.5), (40.0, -1.5, 0.5), (48.0, -1.5, 0.6))
    payback = found.estimate("value.roi.payback_months")
    assert (payback.value, payback.reason) == (None, "value.reason.perhaps_repaid")
    assert (payback.dims["observed"], payback.dims["earliest"]) == (3, 3)
    assert found.estimate("value.roi.benefit_cost_ratio").value == pytest.approx(0.8)


def test_a_payback_that_is_not_certain_within_the_months_says_so():
    payback = paid_back((20.0, -1.0, 0.5), (60.0, -2.0, 1.0)).estimate("value.roi.payback_months")
    assert (payback.value, payback.ci_low, payback.ci_high) == (2.0, None, None)
    assert payback.reason == "value.reason.repaid_perhaps_later"


def test_what_is_lost_again_was_not_repaid():
    payback = paid_back((60.0, -2.0, 0.4), (90.0, -0.5, 0.1)).estimate("value.roi.payback_months")
    assert payback.value is None


def test_an_effect_that_is_not_known_by_month_has_no_payback_time():
    found = value(
        [Benefit(indicator="complaints_per_1000", money_per_unit=10.0)],
        {"complaints_per_1000": effect("complaints_per_1000", -2.0)},
    )
    payback = found.estimate("value.roi.payback_months")
    assert (payback.value, payback.reason) == (None, "value.reason.not_month_by_month")


def test_effects_are_drawn_from_the_distribution_that_their_inference_gave():
    """A t interval of four degrees of freedom keeps its middle and its tails."""
    own = effect("fee_collection", 1.0, 0.4)
    reach = stats.t.ppf(0.975, 4) * 0.4
    own = replace(own, ci_low=1 - reach, ci_high=1 + reach, dims={"exposure": 100.0})
    places = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99]
    known = [(p, 1 + 0.4 * stats.t.ppf(p, 4)) for p in places]
    key = ("fee_collection", "site_month")
    benefits = [Benefit(indicator="fee_collection", money_per_unit=1.0)]
    given = {"registry": REGISTRY, "exposure": EXPOSURE, "margin": 1.0, "exposed": {key: own}}
    [one], _ = price(benefits, {"fee_collection": own}, **given, quantiles={key: known})
    drawn = one.drawn(stats.norm.ppf(np.array([0.01, 0.25, 0.9, 0.975])))
    assert drawn == pytest.approx(1 + 0.4 * stats.t.ppf([0.01, 0.25, 0.9, 0.975], 4))
    [bare], _ = price(benefits, {"fee_collection": own}, **given)
    assert bare.drawn(np.array([-1.959964, 0.0])) == pytest.approx([1 - reach, 1.0])


@pytest.mark.parametrize(("money", "low", "high"), [(0.5, 0.3, 0.8), (-0.5, -0.8, -0.3)])
def test_fewer_complaints_are_a_benefit_whichever_sign_the_money_has(money, low, high):
    found = value(
        [Benefit(indicator="complaints_per_1000", money_per_unit=money, low=low, high=high)],
        {"complaints_per_1000": effect("complaints_per_1000", -2.0)},
    )
    assert found.estimate("value.roi.benefit").value == pytest.approx(100.0)
    assert found.estimate("value.roi.benefit").ci_low > 0
    moved = found.tables["tornado"].set_index("input").loc["money"]
    assert (moved["input_low"], moved["input_high"]) == (0.3, 0.8)


def test_only_causal_effects_and_margins_are_priced():
    benefits = [
        Benefit(indicator="nps", money_per_unit=5.0),
        Benefit(indicator="fee_collection", money_per_unit=5.0, margin=True),
        Benefit(indicator="complaints_per_1000", money_per_unit=5.0, basis="household_month"),
    ]
    effects = {
        "nps": effect("nps", 3.0, causal=False),
        "fee_collection": effect("fee_collection", 0.5),
        "complaints_per_1000": effect("complaints_per_1000", -1.0),
    }
    found = value(benefits, effects)
    assert found.tables["benefits"]["reason"].tolist() == [
        "value.reason.not_causal", "value.reason.no_margin", "value.reason.no_exposure",
    ]  # fmt: skip
    assert found.estimate("value.roi.net_return").value is None
    assert found.checks[0].status == "not_possible"
    with_margin = value(benefits[1:2], effects, margin=0.1)
    assert with_margin.estimate("value.roi.benefit").value == pytest.approx(0.5 * 5 * 100 * 0.1)


def test_three_benefits_that_err_together_are_drawn():
    """Their correlations, all of them one, have an eigenvalue a hair below nought."""
    benefits = [Benefit(indicator=name, money_per_unit=1.0) for name in REGISTRY]
    found = value(benefits, {name: effect(name, 1.0) for name in REGISTRY})
    assert found.table("benefits")["priced"].tolist() == [True] * 3
    assert all(np.isfinite(e.value) for e in found.estimates if e.value is not None)


def test_a_harm_costs_money():
    found = value(
        [Benefit(indicator="fee_collection", money_per_unit=10.0)],
        {"fee_collection": effect("fee_collection", -1.0)},
    )
    assert found.estimate("value.roi.benefit").value == pytest.approx(-1000)
    assert found.estimate("value.roi.payback_months").value is None
    assert found.checks[0].status == "failed"


def test_the_interval_covers_a_known_benefit():
    rng = np.random.default_rng(11)
    benefit = Benefit(indicator="fee_collection", money_per_unit=10.0, low=8.0, high=12.0)
    covered = 0
    for world in range(300):
        money = rng.triangular(8, 10, 12)
        truth = 1.5 * money * 100
        estimate = effect("fee_collection", 1.5 + 0.4 * rng.standard_normal(), 0.4)
        priced = value([benefit], {"fee_collection": estimate}, draws=1000, seed=world).estimate(
            "value.roi.benefit"
        )
        covered += priced.ci_low <= truth <= priced.ci_high
    assert covered / 300 >= 0.925
    assert covered / 300 <= 0.99


def test_switches_change_what_they_say():
    outcome = pd.DataFrame({"unit": "a", "period": np.arange(24000, 24030), "cohort": 24006.0})
    houses = {"a": 200}
    first = treated_exposure(outcome, houses, horizon_months=24)
    every = treated_exposure(outcome, houses, horizon_months=24, first_year_only=False)
    assert (first["site_month"], first["household_month"]) == (12.0, 2400.0)
    assert every["site_month"] == 24.0
    discounted = treated_exposure(outcome, houses, discount_rate=0.1)
    by_hand = sum(1.1 ** (-m / 12) for m in range(12))
    assert discounted["site_month"] == pytest.approx(by_hand)
    later = outcome.assign(unit="b", cohort=24009.0)  # three months nearer to now for nobody
    both = treated_exposure(pd.concat([outcome, later]), houses, discount_rate=0.1)
    of_b = sum(1.1 ** (-m / 12) for m in range(3, 15))
    assert both["site_month"] == pytest.approx(by_hand + of_b)
    assert both["household_month"] == pytest.approx(200 * by_hand)  # b's are not known
    benefits = [Benefit(indicator="fee_collection", money_per_unit=1.0)]
    effects = {"fee_collection": effect("fee_collection", 1.0)}
    careful = value(benefits, effects, switches=Switches(lower_bound_only=True))
    assert careful.estimate("value.roi.benefit").value == pytest.approx(100 * (1 - 0.196))
    assert careful.facts["roi_switches"]["lower_bound_only"]


def test_participants_time_is_counted_once():
    assert full_cost(COSTS, hours=10, hour_cost=3.0)["amount"].sum() == 930.0
    ledger = pd.concat(
        [COSTS, pd.DataFrame({"category": ["participant_time"], "planned": [7.0],
                              "actual": [7.0]})]
    )  # fmt: skip
    assert full_cost(ledger, hours=10, hour_cost=3.0)["amount"].sum() == 907.0


def test_tornado_moves_one_input_at_a_time():
    found = value(
        [Benefit(indicator="fee_collection", money_per_unit=10.0, low=9.0, high=11.0)],
        {"fee_collection": effect("fee_collection", 1.0, 0.5)},
    )
    table = found.tables["tornado"]
    assert table["input"].tolist() == ["effect", "money"]
    assert table.loc[1, "high"] == pytest.approx((1100 - 900) / 900)


def test_no_cost_no_return():
    found = assess_roi([], {}, None, registry=REGISTRY, exposure=EXPOSURE)
    assert {e.value for e in found.estimates} == {None}


@pytest.mark.parametrize("spent", [(0.0, 0.0), (500.0, -900.0)])
def test_costs_that_add_up_to_nothing_are_named_and_not_divided_by(spent):
    costs = pd.DataFrame({"category": ["trainer", "venue"], "planned": None, "actual": spent})
    found = assess_roi(
        [Benefit(indicator="nps", money_per_unit=10.0)], {"nps": effect("nps", 2.0)}, costs,
        registry=REGISTRY, exposure=EXPOSURE,
    )  # fmt: skip
    assert {e.value for e in found.estimates} == {None}
    assert {e.reason for e in found.estimates} == {"value.reason.nothing_spent"}
    said = wording.text("value.reason.nothing_spent", "en", **found.estimates[0].dims)
    assert f"CNY {sum(spent):.0f}".replace("-", "−") in said


def test_a_refund_lowers_the_cost():
    costs = pd.DataFrame({"category": ["venue"] * 2, "planned": None, "actual": [900.0, -200.0]})
    assert full_cost(costs)["amount"].tolist() == [700.0]


def test_money_without_effect_is_not_priced():
    _, table = price(
        [Benefit(indicator="nps", money_per_unit=1.0)], {}, registry=REGISTRY,
        exposure=EXPOSURE, margin=1.0,
    )  # fmt: skip
    assert table["reason"].tolist() == ["value.reason.no_effect"]


def test_months_between_rounds_are_named_as_an_assumption_of_the_return():
    own = effect("nps", 2.0)
    exposed = {("nps", "site_month"): replace(own, dims={"exposure": 60.0, "measured": 0.25})}
    benefits = [Benefit(indicator="nps", money_per_unit=10.0)]
    found = value(benefits, {"nps": own}, exposed=exposed)
    check = next(c for c in found.checks if c.id == "value.between_rounds.nps")
    assert (check.status, check.value) == ("caution", 0.25)
    assert check.params["amount"] == pytest.approx(1200.0)  # 2 points x 10 x 60 site-months
    assert check.params["measured"] == pytest.approx(300.0)
    assert money_finding(found, []).reasons == ("value.check.between_rounds.reason",)


def test_every_month_up_to_the_last_round_is_priced_at_the_nearest_round():
    """Rounds in November, June and December; trained in March: March to September count as June."""
    november, march, june, december = 24286, 24290, 24293, 24299
    frame = pd.DataFrame(
        [
            (unit, month, 1.0, 5, start)
            for unit, start in (("a", float(march)), ("b", np.nan))
            for month in (november, june, december)
        ],
        columns=["unit", "period", "y", "n", "cohort"],
    )
    cells = exposed_cells(frame, months=60, rounds=to_rounds(frame)[1])
    by_month = cells.set_index("period")
    assert by_month["size"].to_dict() == {june: 7.0, december: 3.0}
    assert by_month["measured"].to_dict() == {june: 1.0, december: 1.0}


def test_cost_of_one_per_cent():
    share = cost_per_percent(900, effect("fee_collection", 0.05, 0.01), None, unit="share")
    assert share.value == pytest.approx(180)
    known = effect("fee_collection", 0.05, 0.01)
    ends = [9 / known.ci_high, 9 / known.ci_low]
    assert [share.ci_low, share.ci_high] == pytest.approx(ends)
    nothing = cost_per_percent(900, effect("fee_collection", 0.05, 0.1), None, unit="share")
    assert nothing.reason == "value.reason.effect_may_be_zero"


def test_an_effect_on_which_methods_disagree_is_not_priced_and_no_return_stated():
    split = replace(
        effect("complaints_per_1000", -4.5), agreement="disagree", methods_low=-4.5,
        methods_high=-1.5,
    )  # fmt: skip
    benefits = [
        Benefit(indicator="complaints_per_1000", money_per_unit=10.0),
        Benefit(indicator="nps", money_per_unit=1.0),
    ]
    effects = {"complaints_per_1000": split, "nps": effect("nps", 3.0)}
    found = value(benefits, effects)
    table = found.table("benefits").set_index("indicator")
    assert not table.loc["complaints_per_1000", "priced"]
    assert table.loc["complaints_per_1000", "reason"] == "value.reason.methods_disagree"
    assert table.loc["complaints_per_1000", ["methods_low", "methods_high"]].tolist() == [1.5, 4.5]
    for name in ("benefit", "net_return", "payback_months", "reached_ratio"):
        assert found.estimate(f"value.roi.{name}").value is None
    ratio = found.estimate("value.roi.benefit_cost_ratio")
    # by hand: (1.5 x 10 + 3) x 100 / 900 and (4.5 x 10 + 3) x 100 / 900
    assert (ratio.value, ratio.disputed) == (None, True)
    assert ratio.methods_low == pytest.approx(2.0)
    assert ratio.methods_high == pytest.approx(48 * 100 / 900)
    claim = money_finding(found, [])
    assert (claim.claim, claim.strength) == ("findings.money.disputed", "insufficient")
    assert claim.disputed
