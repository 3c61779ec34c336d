r"""What a household is worth over the years that it stays, as a range; not counted in the return.

With a yearly margin :math:`m`, a yearly retention :math:`r` and a discount rate :math:`d` the
lifetime value is :math:`m\,(1+d)/(1+d-r)`, the first year's margin included (Gupta, Lehmann 2005).
Fees and margin are taken as known and as lasting; the range is that of retention.
"""

from __future__ import annotations

import pandas as pd

from analysis.results import Check, StageResults, Topic, collect

COLUMNS = ["group", "n", "kept", "kept_low", "kept_high", "value", "ci_low", "ci_high"]


def lifetime_value(margin: float, retention: float, discount_rate: float) -> float | None:
    """Return the lifetime value of a household; None where it has no end.

    Parameters
    ----------
    margin : float
        CNY a year.
    retention : float
        Share of households still there a year later.
    discount_rate : float
        A year.
    """
    left = 1 + discount_rate - retention
    return margin * (1 + discount_rate) / left if left > 0 else None


def assess_lifetime(
    left: pd.DataFrame,
    *,
    term_months: float | None,
    yearly_fee: float | None,
    margin: float,
    discount_rate: float,
) -> StageResults:
    """Return the lifetime value of a household before and since training, by arm.

    Parameters
    ----------
    left : DataFrame
        Shares of households that did not renew: ``group, n, value, ci_low, ci_high``.
    term_months : float or None
        Months that a household's contract runs; turns the share kept into one a year.
    yearly_fee : float or None
        Fees received from a household in a year, CNY.
    margin : float
        Share of fees that is margin.
    discount_rate : float
        A year.

    Returns
    -------
    StageResults
        Table ``lifetime`` (:data:`COLUMNS`): share kept a year with its interval, and the lifetime
        value at the share kept and at both ends. Check ``value.lifetime``. Groups describe; no
        effect of the training on the value is claimed.
    """
    if left.empty:
        return collect("value", [_told("no_households")])
    if not term_months:
        return collect("value", [_told("no_term_months")])
    if not yearly_fee:
        return collect("value", [_told("no_yearly_fee")])
    rows = []
    for row in left.itertuples():
        kept = [(1 - share) ** (12 / term_months) for share in (row.value, row.ci_high, row.ci_low)]
        worth = [lifetime_value(margin * yearly_fee, share, discount_rate) for share in kept]
        rows.append((row.group, int(row.n), *kept, *worth))
    table = pd.DataFrame(rows, columns=COLUMNS)
    params = {"fee": yearly_fee, "margin": margin, "rate": discount_rate, "term": int(term_months)}
    return collect("value", [_told("from", **params)], tables={"lifetime": table})


def _told(why: str, **params: float) -> Check:
    return Check(
        id="value.lifetime",
        topic=Topic.LIFETIME,
        question="value.check.lifetime.question",
        status="passed" if params else "not_possible",
        reason=f"value.check.lifetime.{why}",
        params=params,
    )
