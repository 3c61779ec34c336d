"""Effects over what they apply to: the quantity that has a price.

``Σ effect(g, t) × size(g, t)`` over cells, with the joint covariance of all of them and the
inference that the rule chooses. Where effects grow or fade it is not the overall effect, which
counts all site-months alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.causal.did.aggregate import Aggregate
from analysis.causal.did.group_time import GroupTime
from analysis.causal.evaluation.estimates import Builder
from analysis.causal.evaluation.evaluate import Evaluation
from analysis.causal.lottery import lot
from analysis.results import Estimate, Scalar

FEWEST_FOR_CORRELATION = 20
"""Sites from which on the correlation of two effects' errors is estimated."""
LEVELS = (0.5, 0.8, 0.9, 0.98)
"""Levels, beside the one of the interval, at which an effect's distribution is kept."""


def effect_over(
    evaluation: Evaluation,
    sizes: pd.DataFrame,
    *,
    name: str,
    dims: Mapping[str, Scalar],
) -> Estimate | None:
    """Return the mean effect over given amounts of exposure by cohort and period.

    Parameters
    ----------
    evaluation : Evaluation
    sizes : DataFrame
        ``cohort``, ``period``, ``size``: what the effect of a cell applies to. Cells without an
        effect count nothing: what was not compared is not claimed.
    name : str
        Last part of the id.
    dims : Mapping
        Further dimensions; ``exposure`` is added, the sizes' sum.

    Returns
    -------
    Estimate or None
        ``att_exposed``; None without a comparison or where no cell with an effect has a size.
    """
    over = _over(evaluation, sizes)
    if over is None:
        return None
    builder, part, total = over
    counted = {**dims, "exposure": total}
    found = builder.effect(part, 0, "att_exposed", f"att.exposed.{name}", counted)[0]
    own = evaluation.overall
    return replace(
        found,
        agreement=own.agreement,
        methods_low=own.methods_low,
        methods_high=own.methods_high,
    )


def quantiles_over(
    evaluation: Evaluation, sizes: pd.DataFrame, *, levels: tuple[float, ...] = LEVELS
) -> pd.DataFrame:
    """Return the distribution of the effect over exposure that its inference gives.

    The ends of the intervals at several levels, by the same inference as the interval reported: t
    with its degrees of freedom, the inverted bootstrap or the inverted randomisation test. The
    middle is the estimate. (A confidence distribution; Schweder, Hjort 2016.)

    Parameters
    ----------
    evaluation, sizes
        As :func:`effect_over` takes them.
    levels : tuple of float
        Beside the options' own. Levels without an interval are left out.

    Returns
    -------
    DataFrame
        ``probability`` (ascending) and ``value`` (not descending). Without rows where there is no
        effect or no interval.
    """
    over = _over(evaluation, sizes)
    found: list[tuple[float, float]] = []
    if over is not None:
        builder, part, _ = over
        own = evaluation.options.level  # first, for what it draws serves the others too
        for level in (own, *(level for level in levels if level != own)):
            one = builder.at(level) if level != own else builder
            one = one.effect(part, 0, "att_exposed", "att.exposed", {})[0]
            if one.ci_low is not None:
                outside = round((1 - level) / 2, 9)
                found += [(outside, one.ci_low), (1 - outside, one.ci_high)]
        found += [(0.5, float(part.att[0]))] if found else []
    table = pd.DataFrame(sorted(found), columns=["probability", "value"], dtype="float64")
    # A bootstrap's interval at a lower level may stick out by a draw.
    return table.assign(value=np.maximum.accumulate(table["value"]) if found else table["value"])


def effects_until(evaluation: Evaluation, sizes: pd.DataFrame) -> pd.DataFrame:
    """Return the effect over what was exposed up to each month.

    Parameters
    ----------
    evaluation : Evaluation
    sizes : DataFrame
        ``month`` in which it counts, and ``cohort``, ``period``, ``size`` as
        :func:`effect_over` takes them; period and month differ where a round stands for others.

    Returns
    -------
    DataFrame
        ``month`` (ascending), ``exposure`` (up to and with that month), ``value, ci_low, ci_high``
        of the mean effect over it; ends are NaN where there is no interval. Months before the
        first effect are absent.
    """
    rows, builder = [], None
    for month in sorted(sizes["month"].unique()):
        over = _over(evaluation, sizes[sizes["month"] <= month], builder)
        if over is None:
            continue
        builder, part, total = over
        one = builder.effect(part, 0, "att_exposed", "att.exposed", {})[0]
        ends = (np.nan, np.nan) if one.ci_low is None else (one.ci_low, one.ci_high)
        rows.append((int(month), total, one.value, *ends))
    return pd.DataFrame(rows, columns=["month", "exposure", "value", "ci_low", "ci_high"])


def correlation_of(
    one: tuple[Evaluation, pd.DataFrame], other: tuple[Evaluation, pd.DataFrame]
) -> float | None:
    """Return the correlation of the errors of two effects over exposure, −1 to 1.

    That of the sites' influence on both: what moves a site's complaints may move its fees.

    Parameters
    ----------
    one, other : (Evaluation, DataFrame)
        As :func:`effect_over` takes them.

    Returns
    -------
    float or None
        None where it cannot be told: without a comparison, with fewer than
        :data:`FEWEST_FOR_CORRELATION` sites in common, where sites are not the clusters, or where
        an effect has no error.
    """
    found = []
    for evaluation, sizes in (one, other):
        over = _over(evaluation, sizes)
        if over is None:
            return None
        panel = evaluation.effects.panel
        if panel.n_clusters < len(panel.units):
            return None
        found.append(pd.Series(over[1].influence[:, 0], index=panel.units))
    both = pd.concat(found, axis=1, join="inner").to_numpy()
    spread = np.sqrt((both**2).sum(axis=0))
    if len(both) < FEWEST_FOR_CORRELATION or not (spread > 0).all():
        return None
    return float(np.clip(both[:, 0] @ both[:, 1] / spread.prod(), -1, 1))


def _over(
    evaluation: Evaluation, sizes: pd.DataFrame, builder: Builder | None = None
) -> tuple[Builder, Aggregate, float] | None:
    """Return the mean over exposure as an aggregate, and the sizes' sum."""
    if not evaluation.causal or sizes.empty:
        return None
    effects, rounds = evaluation.effects, evaluation.options.rounds
    if rounds is not None:
        sizes = sizes.assign(
            cohort=[float(rounds.first_round(g)) for g in sizes["cohort"]],
            period=[rounds.round_of(t) for t in sizes["period"]],
        )
    known = sizes.groupby(["cohort", "period"])["size"].sum()
    part = over_cells(effects, known)
    if part is None:
        return None
    weights = part.cell_weights[0]
    counted = known.reindex(_keys(effects)).to_numpy()[part.cells[0]]
    total = float(counted.sum())
    if builder is None:
        builder = Builder(effects, evaluation.outcome, evaluation.unit, evaluation.options)
    if effects.lot and builder.rule(weights).lead == "influence_function":
        part = lot.efficient(effects, part, builder.scale)
    return builder, part, total


def _keys(effects: GroupTime) -> pd.MultiIndex:
    return pd.MultiIndex.from_arrays([effects.cohort.astype(float), effects.period])


def over_cells(effects: GroupTime, sizes: pd.Series) -> Aggregate | None:
    """Return the mean of cells by what they apply to.

    Parameters
    ----------
    effects : GroupTime
    sizes : Series
        Amounts by (cohort, period).

    Returns
    -------
    Aggregate or None
        None where no estimated cell has an amount.
    """
    size = sizes.reindex(_keys(effects)).fillna(0.0).to_numpy()
    used = effects.estimated & (effects.event_time >= 0) & (size > 0)
    if not used.any():
        return None
    weights = np.where(used, size, 0.0) / size[used].sum()
    return Aggregate(
        kind="exposure",
        key=np.zeros(1, dtype=np.int64),
        att=np.array([weights[used] @ effects.att[used]]),
        influence=(effects.influence[:, used] @ weights[used])[:, None],
        cell_weights=weights[None, :],
        cells=used[None, :],
    )
