"""Whether methods that aim at one effect agree on it, and what follows for the leading number.

The rule (``docs/methods/evidence-grades.md``): another method disagrees where its value lies
outside the leading interval and the leading value outside its own, if it has one. Chance alone
would rarely set them so far apart: both are made of the same data. Only methods of the same average
count. Two-way fixed effects and the plain 2x2 average the months of several waves by other weights,
so that with more than one wave they may differ although both are right; they are shown and do not
count.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from analysis.results import Agreement, Estimate

#: Methods whose weights differ from the overall effect's as soon as there are several waves.
OTHER_AVERAGE = frozenset({"two_by_two", "twfe"})


def comparable(alternatives: Iterable[Estimate], n_waves: int) -> tuple[Estimate, ...]:
    """Return the estimates by other methods that aim at the leading one's average."""
    return tuple(
        e
        for e in alternatives
        if e.value is not None and not (n_waves > 1 and e.method in OTHER_AVERAGE)
    )


def disagree(lead: Estimate, other: Estimate) -> bool:
    """Tell whether two estimates of one effect are further apart than either's interval allows."""
    if lead.ci_low is None or lead.ci_high is None:
        return False
    if lead.ci_low <= other.value <= lead.ci_high:
        return False
    return other.ci_low is None or not other.ci_low <= lead.value <= other.ci_high


def with_agreement(lead: Estimate, alternatives: Iterable[Estimate], n_waves: int) -> Estimate:
    """Return the leading estimate with what the other methods say of it.

    Parameters
    ----------
    lead : Estimate
    alternatives : Iterable of Estimate
        Of the same effect, by other methods.
    n_waves : int
        Waves whose months are averaged.
    """
    others = comparable(alternatives, n_waves)
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
