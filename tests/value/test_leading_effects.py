"""One effect of an outcome goes into targets, money and the chain: the leading one."""

from analysis.results import Estimate
from analysis.workspace.wiring.value import leading_effects


def effect(id, value=0.2, **dims):
    return Estimate(
        id=f"tracking.{id}", estimand="att_overall", indicator="behaviour", unit="score",
        value=value, reason=None if value is not None else "causal.fault.empty", n=40, method="m",
        dims=dims,
    )  # fmt: skip


def test_what_others_see_comes_before_what_people_say_of_themselves():
    rated = [effect("self", 0.4, role="self"), effect("customer", 0.3, role="customer")]
    visited = effect("visits", 0.1, role="mystery_shopper")
    unseen = effect("visits", None, role="mystery_shopper")
    assert leading_effects([*rated, visited])["behaviour"] is visited
    assert leading_effects([visited, *rated])["behaviour"] is visited
    assert leading_effects([*rated, unseen])["behaviour"] is rated[1]  # it gives no number
    assert leading_effects(rated[:1])["behaviour"] is rated[0]


def test_the_first_of_an_outcome_leads_and_what_stands_beside_it_does_not():
    first, second, beside = effect("a"), effect("b"), effect("c", beside=True)
    assert leading_effects([beside, first, second])["behaviour"] is first
