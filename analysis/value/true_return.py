"""What a simulated client's training was truly worth, by the rules by which effects are priced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from analysis.measurement import IndicatorLike
from analysis.results import Agreement, Estimate
from analysis.value.roi import BenefitLike, Switches, price


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueReturn:
    """Money as it truly is in a simulated world, at the stated money per unit.

    Attributes
    ----------
    amounts : Mapping[str, float]
        CNY by priced indicator.
    cost : float
        CNY, of the ledger: known, not estimated.
    """

    amounts: Mapping[str, float]
    cost: float

    @property
    def benefit(self) -> float:
        """CNY of all priced benefits together."""
        return sum(self.amounts.values())

    @property
    def benefit_cost_ratio(self) -> float:
        """Benefit over cost."""
        return self.benefit / self.cost

    @property
    def net_return(self) -> float:
        """Benefit less cost, over cost."""
        return self.benefit_cost_ratio - 1

    def by_estimand(self) -> dict[str, float]:
        """Return what is true of the estimates of :func:`analysis.value.assess_roi`."""
        names = ("benefit", "benefit_cost_ratio", "net_return")
        return {name: getattr(self, name) for name in names}


def true_return(
    benefits: Iterable[BenefitLike],
    effects: Mapping[str, Estimate],
    truths: Mapping[tuple[str, str], float],
    *,
    cost: float,
    registry: Mapping[str, IndicatorLike],
    exposure: Mapping[str, float],
    exposed: Mapping[tuple[str, str], Estimate],
    margin: float,
    switches: Switches,
    revenue: bool = False,
) -> TrueReturn | None:
    """Price what is true as :func:`analysis.value.price` prices what was estimated.

    Parameters
    ----------
    benefits, effects, registry, exposure, exposed, margin, switches, revenue
        As :func:`analysis.value.price` takes them: the same benefits are priced, for the same
        site-months.
    truths : Mapping
        By indicator and basis, the true effect averaged over what the benefit counts.
    cost : float
        CNY.

    Returns
    -------
    TrueReturn or None
        None where nothing is priced, a priced benefit has no truth, or nothing was spent; and
        where the unfavourable end of each interval is priced, which is meant to miss the truth.
    """
    if switches.lower_bound_only or not cost > 0:
        return None
    benefits = tuple(benefits)
    rules = {"registry": registry, "exposure": exposure, "margin": margin, "revenue": revenue}
    priced, _ = price(benefits, effects, exposed=exposed, **rules)
    counted = [b for b in benefits if b.indicator in {one.indicator for one in priced}]
    if not counted or any((b.indicator, b.basis) not in truths for b in counted):
        return None
    # The same estimates with the truth in the place of what was found.
    known = {
        b.indicator: _as_true(effects[b.indicator], truths[b.indicator, b.basis]) for b in counted
    }
    over = {key: _as_true(e, truths[key]) for key, e in exposed.items() if key in truths}
    real, _ = price(counted, known, exposed=over, **rules)
    return TrueReturn(amounts={one.indicator: one.amount for one in real}, cost=cost)


def _as_true(estimate: Estimate, truth: float) -> Estimate:
    return replace(
        estimate,
        value=truth,
        ci_low=truth,
        ci_high=truth,
        agreement=Agreement.NOT_ASKED,
        methods_low=None,
        methods_high=None,
    )
