"""What can be decided next, with the price and the expected return of each option.

Nothing new is estimated. To train the sites that no wave trains is priced at what a trained site
cost, once with everything that was paid and once without what need not be paid again; it is
expected to return per household, or per site, what the trained sites returned in the months that
count. How an option comes out under the other ways of counting stands beside it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.results import Check, Claim, StageResults, Topic, collect

ONCE = ("platform", "administration", "evaluation")
"""Categories of cost that another wave may not have to pay again."""

COLUMNS = ["option", "sites", "cost_low", "cost_high", "benefit", "benefit_low", "benefit_high",
           "ratio_low", "ratio_high", "ratio_least", "ratio_most", "reason"]  # fmt: skip

_HARMFUL = frozenset({Claim.WORSE, Claim.WORSE_WEAK, Claim.WORSE_RANGE})
_HOPEFUL = frozenset({Claim.BETTER_WEAK, Claim.BETTER_RANGE, Claim.DISPUTED})
_EMPTY = frozenset({Claim.NONE, Claim.UNDONE, Claim.UNDONE_IN_OTHER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sites:
    """Sites, and the households they serve where these are known of all of them.

    Attributes
    ----------
    trained, untrained : int
        Sites of a wave that has begun; sites of none.
    served, unserved : float or None
        Households of the trained and of the untrained sites.
    planned : int
        Sites of waves that begin later.
    begins : int or None
        Running month in which the first of those begins.
    """

    trained: int
    untrained: int
    served: float | None = None
    unserved: float | None = None
    planned: int = 0
    begins: int | None = None

    def share(self, basis: str) -> float:
        """Return how much of what the trained sites returned the untrained ones would return."""
        if basis == "household_month" and self.served and self.unserved is not None:
            return self.unserved / self.served
        return self.untrained / self.trained if self.trained else math.nan


def assess_options(
    money: StageResults, claims: Mapping[str, Claim], sites: Sites, *, months: int
) -> StageResults:
    """Price the options and say which is advised.

    Parameters
    ----------
    money : StageResults
        Tables ``benefits``, ``cost`` and ``variants``, and the estimates of the return, as
        :func:`analysis.value.assess_roi` and :func:`analysis.value.compare_variants` give them.
    claims : Mapping
        What is claimed of the leading effect (``effect``) and of money (``money``).
    sites : Sites
        Trained and untrained sites.
    months : int
        Months after training that count.

    Returns
    -------
    StageResults
        Table ``options``: ``option`` (wording key), ``sites``, price in CNY (``cost_low`` without
        :data:`ONCE`, ``cost_high`` with everything), expected ``benefit`` with its interval,
        the benefit–cost ratio as planned at the higher and the lower price (``ratio_low,
        ratio_high``), the least and the most of it under any way of counting (``ratio_least,
        ratio_most``), ``reason`` where it is not known; and the check ``value.options``, whose
        reason is the advice. Before the first wave there is nothing to choose from.
    """
    if not sites.trained and sites.begins is not None:
        return collect("value", [_not_begun(sites, sites.begins)])
    rows = [_stop(), _extend(money, sites), _repeat(money, sites)]
    table = pd.DataFrame(rows, columns=COLUMNS)
    extended = rows[1]
    advice = _advice(claims, extended, sites)
    names = ("cost_low", "cost_high", "benefit", "benefit_low", "benefit_high", "ratio_low",
             "ratio_high")  # fmt: skip
    check = Check(
        id="value.options",
        topic=Topic.NEXT_STEP,
        question="value.check.options.question",
        status="passed" if advice in ("extend", "keep") else "caution",
        n=sites.trained + sites.untrained,
        reason=f"value.option.advice.{advice}",
        params={
            **{name: _or_none(extended[name]) for name in names},
            "sites": sites.untrained,
            "trained": sites.trained,
            "months": months,
            "each": _or_none(extended["cost_high"] / max(sites.untrained, 1)),
        },
    )
    return collect("value", [check], tables={"options": table})


def _not_begun(sites: Sites, begins: int) -> Check:
    return Check(
        id="value.options",
        topic=Topic.NEXT_STEP,
        question="value.check.options.question",
        status="not_possible",
        n=sites.planned + sites.untrained,
        reason="value.option.advice.not_begun",
        params={"begins": begins, "planned": sites.planned},
    )


def _advice(claims: Mapping[str, Claim], extended: Mapping[str, float], sites: Sites) -> str:
    effect, money = claims.get("effect"), claims.get("money")
    if effect in _HARMFUL:
        return "stop"
    if effect in _HOPEFUL:
        return "confirm"
    if effect in _EMPTY:
        return "measure"
    if effect is Claim.ABSENT:
        return "redesign"
    if effect is not Claim.BETTER:
        return "compare"
    if not sites.untrained:
        return "keep"
    if math.isnan(extended["cost_high"]):
        return "no_cost"
    if money is Claim.MONEY_DISPUTED or math.isnan(extended["ratio_low"]):
        return "worth"
    if extended["benefit_low"] >= extended["cost_high"]:
        return "extend"
    return "cheaper" if extended["benefit_high"] < extended["cost_low"] else "open"


def _stop() -> dict[str, object]:
    return _row("stop", 0) | {"cost_low": 0.0, "cost_high": 0.0, "reason": "value.option.none"}


def _extend(money: StageResults, sites: Sites) -> dict[str, object]:
    row = _row("extend", sites.untrained)
    if not sites.untrained:
        return row | {"reason": "value.option.all_trained"}
    row |= _price(money, _share(sites.untrained, sites))
    benefits = money.table_or_empty("benefits")
    priced = benefits[benefits["priced"].astype(bool)] if len(benefits) else benefits
    total = next((e for e in money.estimates if e.estimand == "benefit"), None)
    if total is None or not total.value or total.ci_low is None or priced.empty:
        return row | {"reason": "value.option.unpriced"}
    part = priced["basis"].map(sites.share)
    scale = float((priced["amount"] * part).sum() / priced["amount"].sum())
    row |= {
        "benefit": total.value * scale,
        "benefit_low": total.ci_low * scale,
        "benefit_high": total.ci_high * scale,
    }
    if not row["cost_low"] > 0:
        return row
    ratios = sorted(row["benefit"] / row[price] for price in ("cost_low", "cost_high"))
    row |= dict(zip(("ratio_low", "ratio_high"), ratios, strict=True))
    return row | _spread(money, row, scale)


_NOT_ADMISSIBLE = "value.variant.revenue"
"""Revenue counted as if it were margin: shown among the variants, no way of counting to go by."""


def _spread(money: StageResults, row: Mapping[str, object], scale: float) -> dict[str, float]:
    """Return the least and the most ratio under any way of counting and either price."""
    variants = money.table_or_empty("variants")
    admissible = variants["variant"] != _NOT_ADMISSIBLE
    known = variants[admissible & variants["benefit"].notna() & variants["cost"].gt(0)]
    if known.empty:
        return {}
    planned = money.table_or_empty("cost")["amount"].sum()
    share = known["cost"] / planned  # a way of counting may leave costs out
    ratios = pd.concat(
        [known["benefit"] * scale / (row[price] * share) for price in ("cost_low", "cost_high")]
    )
    return {"ratio_least": float(ratios.min()), "ratio_most": float(ratios.max())}


def _repeat(money: StageResults, sites: Sites) -> dict[str, object]:
    row = _row("repeat", sites.trained) | _price(money, _share(sites.trained, sites))
    return row | {"reason": "value.option.never_twice"}


def _share(number: int, sites: Sites) -> float:
    """Return how much of the whole cost, which is that of all waves, some sites would take."""
    all_waves = sites.trained + sites.planned
    return number / all_waves if all_waves else math.nan


def _price(money: StageResults, share: float) -> dict[str, float]:
    cost = money.table_or_empty("cost")
    if cost.empty:
        return {}
    every = float(cost["amount"].sum())
    again = float(cost.loc[~cost["category"].isin(ONCE), "amount"].sum())
    return {"cost_low": again * share, "cost_high": every * share}


def _row(option: str, sites: int) -> dict[str, object]:
    row = dict.fromkeys(COLUMNS, math.nan)
    return row | {"option": f"value.option.{option}", "sites": sites, "reason": None}


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
