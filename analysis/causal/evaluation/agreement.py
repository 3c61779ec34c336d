"""Whether methods that aim at one effect agree on it, and what follows for the leading number.

The rule (``docs/methods/evidence-grades.md``): another method disagrees where its value lies
outside the leading interval and the leading value outside its own, if it has one. Chance alone
would rarely set them so far apart: both are made of the same data. Only methods of the same average
count. Two-way fixed effects and the plain 2x2 average the months of several waves by other weights,
so that with more than one wave they may differ although both are right. And a method that looks
back on one month only says nothing against one that looks back on all of them: how that month
differs from the others is what the test of the months before asks, at its proper size. Such methods
are shown and do not count. Nor does a method that assumes something else than parallel trends.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from analysis.causal.options import AIMS
from analysis.results import Agreement, Estimate


@dataclass(frozen=True, slots=True)
class Compared:
    """What decides which methods aim at the leading one's effect with no less to go by.

    Attributes
    ----------
    n_waves : int
        Waves whose months are averaged.
    all_months : bool
        Whether the leading method looks back on all months before.
    """

    n_waves: int
    all_months: bool = False

    def counts(self, method: str) -> bool:
        """Tell whether another method's answer speaks for or against the leading one."""
        aim = AIMS.get(method)
        if aim is None:
            return True
        if not aim.differences:
            return False
        if self.n_waves > 1 and aim.own_average:
            return False
        return not (self.all_months and aim.one_month)


def comparable(alternatives: Iterable[Estimate], compared: Compared) -> tuple[Estimate, ...]:
    """Return the estimates by other methods whose answer counts."""
    return tuple(e for e in alternatives if e.value is not None and compared.counts(e.method))


def disagree(lead: Estimate, other: Estimate) -> bool:
    """Tell whether two estimates of one effect are further apart than either's interval allows."""
    if lead.ci_low is None or lead.ci_high is None:
        return False
    if lead.ci_low <= other.value <= lead.ci_high:
        return False
    return other.ci_low is None or not other.ci_low <= lead.value <= other.ci_high


def with_agreement(
    lead: Estimate, alternatives: Iterable[Estimate], compared: Compared
) -> Estimate:
    """Return the leading estimate with what the other methods say of it.

    Parameters
    ----------
    lead : Estimate
    alternatives : Iterable of Estimate
        Of the same effect, by other methods.
    compared : Compared
        Which of them count.
    """
    others = comparable(alternatives, compared)
    if lead.value is None or lead.ci_low is None or not others:
        return lead
    values = [lead.value, *(other.value for other in others)]
    split = any(disagree(lead, other) for other in others)
    return replace(
        lead,
        agreement=Agreement.DISAGREE if split else Agreement.AGREE,
        methods_low=min(values),
        methods_high=max(values),
    )
