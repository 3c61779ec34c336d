"""Options are priced from what happened; the advice follows the claim and the money."""

import math

import pandas as pd
import pytest

from analysis import wording
from analysis.results import Claim, Estimate, StageResults, Topic
from analysis.value import Sites, assess_options

SITES = Sites(trained=4, untrained=2, served=8000.0, unserved=2000.0)
COST = pd.DataFrame(
    {"category": ["trainer", "venue", "platform"], "amount": [600.0, 200.0, 200.0], "source": "l"}
)


def money(benefit=1000.0, low=800.0, high=1200.0, basis="household_month", cost=COST):
    """What a programme of 1,000 CNY returned."""
    benefits = pd.DataFrame(
        {"indicator": ["nps"], "amount": [benefit], "basis": [basis], "priced": [benefit != 0]}
    )
    variants = pd.DataFrame(
        {
            "variant": [
                f"value.variant.{v}" for v in ("planned", "all_months", "revenue", "other")
            ],
            "benefit": [benefit, 3 * benefit, 99 * benefit, math.nan],
            "cost": [1000.0] * 4,
        }
    )
    total = Estimate(
        id="value.roi.benefit", estimand="benefit", unit="CNY", value=benefit, ci_low=low,
        ci_high=high, n=1, method="m",
    )  # fmt: skip
    tables = {"benefits": benefits, "cost": cost, "variants": variants}
    return StageResults(stage="value", estimates=(total,), tables=tables)


def assessed(claim=Claim.BETTER, paid=Claim.PAID, sites=SITES, **given):
    return assess_options(money(**given), {"effect": claim, "money": paid}, sites, months=12)


def extended(**given):
    table = assessed(**given).table("options").set_index("option")
    return table.loc["value.option.extend"]


def advice(**given):
    (check,) = assessed(**given).checks
    assert check.topic is Topic.NEXT_STEP
    for language in wording.LANGUAGES:
        assert wording.text(check.reason, language, **check.params)
    return check.reason.rpartition(".")[2]


def test_to_extend_by_hand():
    """Two of four sites' cost is half, 400 of it without the platform; a quarter of households."""
    row = extended()
    assert (row["cost_low"], row["cost_high"]) == (400.0, 500.0)
    assert (row["benefit"], row["benefit_low"], row["benefit_high"]) == (250.0, 200.0, 300.0)
    assert (row["ratio_low"], row["ratio_high"]) == (0.5, 0.625)
    assert (row["ratio_least"], row["ratio_most"]) == (0.5, pytest.approx(1.875))
    (check,) = assessed().checks
    assert check.params["each"] == 250.0


def test_a_loss_has_its_ratios_the_right_way_round():
    row = extended(benefit=-1000.0, low=-1200.0, high=-800.0)
    assert (row["ratio_low"], row["ratio_high"]) == (-0.625, -0.5)
    assert (row["ratio_least"], row["ratio_most"]) == (pytest.approx(-1.875), -0.5)


def test_households_that_are_not_known_of_all_sites_do_not_count():
    assert extended(sites=Sites(trained=4, untrained=2))["benefit"] == 500.0
    assert extended(basis="site_month")["benefit"] == 500.0


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [(2100.0, 4000.0, "extend"), (1500.0, 1590.0, "cheaper"), (1500.0, 2100.0, "open")],
)
def test_the_interval_of_the_return_decides_not_its_value(low, high, told):
    """A quarter of it against 400 to 500."""
    assert advice(benefit=(low + high) / 2, low=low, high=high) == told


@pytest.mark.parametrize(
    ("claim", "told"),
    [
        (Claim.WORSE, "stop"),
        (Claim.WORSE_WEAK, "stop"),
        (Claim.BETTER_WEAK, "confirm"),
        (Claim.DISPUTED, "confirm"),
        (Claim.NONE, "measure"),
        (Claim.UNDONE, "measure"),
        (Claim.ABSENT, "redesign"),
        (Claim.DESCRIBED, "compare"),
        (Claim.NO_EFFECT_STATED, "compare"),
    ],
)
def test_without_a_proven_gain_nothing_is_extended(claim, told):
    assert advice(claim=claim, benefit=9000.0, low=8000.0, high=9999.0) == told


def test_every_claim_about_an_effect_has_an_advice():
    for claim in Claim:
        if "effect" in claim:
            assert advice(claim=claim)


def test_where_all_are_trained_there_is_nothing_to_extend_to():
    sites = Sites(trained=6, untrained=0)
    assert advice(sites=sites) == "keep"
    assert extended(sites=sites)["reason"] == "value.option.all_trained"


def test_what_has_no_price_is_left_to_the_client():
    assert advice(benefit=0.0, low=0.0, high=0.0) == "worth"
    assert extended(benefit=0.0, low=0.0, high=0.0)["reason"] == "value.option.unpriced"


def test_without_a_record_of_costs_no_price_is_made_up():
    row = extended(cost=COST.iloc[:0])
    assert math.isnan(row["cost_low"])
    assert math.isnan(row["ratio_low"])
    assert advice(cost=COST.iloc[:0]) == "no_cost"


def test_before_the_first_wave_there_is_nothing_to_choose():
    sites = Sites(trained=0, untrained=2, planned=4, begins=24286)
    found = assessed(sites=sites, claim=Claim.NO_EFFECT_STATED)
    assert "options" not in found.tables
    assert found.checks[0].status == "not_possible"
    assert advice(sites=sites, claim=Claim.NO_EFFECT_STATED) == "not_begun"


def test_what_waves_to_come_cost_is_not_a_price_of_the_trained():
    """Four of eight sites are trained: two more cost a quarter of the whole."""
    sites = Sites(trained=4, untrained=2, planned=4, served=8000.0, unserved=2000.0)
    table = assessed(sites=sites).table("options").set_index("option")
    assert table["cost_high"].tolist() == [0.0, 250.0, 500.0]
    assert table.loc["value.option.extend", "benefit"] == 250.0


def test_nobody_trained():
    assert advice(sites=Sites(trained=0, untrained=6), claim=Claim.NO_EFFECT_STATED) == "compare"
