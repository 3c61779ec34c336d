"""The same programme counted otherwise: each conservative rule flipped alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping

import pandas as pd

from analysis.indicators import digits
from analysis.results import Estimate, StageResults
from analysis.value.roi import BenefitLike

_READ = {
    "benefit": "value.roi.benefit",
    "cost": "value.roi.cost",
    "ratio": "value.roi.benefit_cost_ratio",
    "net": "value.roi.net_return",
}


def compare_variants(variants: Mapping[str, Callable[[], StageResults]]) -> StageResults:
    """Count money under each variant.

    Parameters
    ----------
    variants : Mapping[str, Callable]
        Name → a call of :func:`analysis.value.assess_roi`; the first is how it was planned.

    Returns
    -------
    StageResults
        Table ``variants``: ``variant, benefit, cost, ratio, ratio_low, ratio_high, net,
        net_low, net_high``; NaN where a variant prices nothing.
    """
    rows = []
    for name, count in variants.items():
        found = {e.id: e for e in count().estimates}
        row: dict[str, object] = {"variant": f"value.variant.{name}"}
        for column, id in _READ.items():
            estimate = found.get(id)
            row[column] = _number(estimate and estimate.value)
            if column in ("ratio", "net"):
                row[f"{column}_low"] = _number(estimate and estimate.ci_low)
                row[f"{column}_high"] = _number(estimate and estimate.ci_high)
        rows.append(row)
    return StageResults(stage="value", tables={"variants": pd.DataFrame(rows)})


def list_unpriced(effects: Mapping[str, Estimate], benefits: Iterable[BenefitLike]) -> StageResults:
    """List effects that no money is attached to: they count, but not in the return.

    Returns
    -------
    StageResults
        Table ``unpriced``: ``indicator, value, ci_low, ci_high, methods_low, methods_high, n, unit,
        causal, disputed``; ``n`` are the answers by which the numbers are rounded where shown.
    """
    priced = {benefit.indicator for benefit in benefits}
    rows = [
        (
            e.indicator,
            e.value,
            *map(_number, (e.ci_low, e.ci_high, e.methods_low, e.methods_high)),
            e.n_smallest or e.n,
            e.unit,
            e.causal,
            e.disputed,
        )
        for e in map(digits.of_estimate, effects.values())
        if e.indicator not in priced and e.value is not None
    ]
    columns = ["indicator", "value", "ci_low", "ci_high", "methods_low", "methods_high", "n",
               "unit", "causal", "disputed"]  # fmt: skip
    return StageResults(stage="value", tables={"unpriced": pd.DataFrame(rows, columns=columns)})


def _number(value: float | None) -> float:
    return math.nan if value is None else value
