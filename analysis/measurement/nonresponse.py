"""What the households that did not answer could change, and the mean with and without weights."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.measurement.columns import floats, present
from analysis.measurement.intervals import Interval
from analysis.measurement.refusals import Refusal, RefusedError
from analysis.measurement.weighting import Weights, rake, weighted_mean
from analysis.results import Check, Estimate, StageResults, Topic, collect
from analysis.settings import LEVEL
from analysis.tables import Rows, parts

BOUNDS = (0.2, 5.0)
"""Weights are kept between a fifth of and five times the mean weight.

Five times is where DeBell & Krosnick (2009) cut; the lower bound is its mirror image."""

DESIGN_EFFECT_LINE = 2.0
"""Above this, weighting costs half of the answers or more."""

CORRELATIONS = (0.02, 0.05, 0.10)
"""Correlations between answering and the score that are shown: small, notable, large."""


@dataclass(frozen=True, slots=True)
class NonresponseBias:
    """How far the mean of those who answered can lie from the mean of all households.

    Attributes
    ----------
    mean, sd : float
        Of those who answered.
    rate : float
        Share of households that answered.
    worst_low, worst_high : float
        Mean of all if every other household had given the lowest or the highest score.
    per_correlation : float
        Bias for each unit of correlation between answering and the score,
        ``sd * sqrt((1 - rate) / rate)``.
    """

    mean: float
    sd: float
    rate: float
    worst_low: float
    worst_high: float
    per_correlation: float

    def bias(self, correlation: float) -> float:
        """Mean of those who answered minus mean of all, at a correlation."""
        return correlation * self.per_correlation

    def breakdown(self, difference: float) -> float | None:
        """Least correlation that would produce ``difference``; None where nothing varies."""
        if self.per_correlation <= 0:
            return None
        return abs(difference) / self.per_correlation


def nonresponse_bias(
    mean: float, sd: float, rate: float, scale: tuple[float, float]
) -> NonresponseBias:
    """Bounds on non-response bias.

    Parameters
    ----------
    mean, sd : float
        Of those who answered; the sd stands in for that of all households.
    rate : float
        Share that answered, above 0 and at most 1.
    scale : (float, float)
        Lowest and highest possible score.

    References
    ----------
    Manski (1989) for the worst case; Bethlehem (1988) and Meng (2018), equation 2.3, for the
    correlation: ``bias = corr(R, Y) * sqrt((1 - f) / f) * sd(Y)``, an identity in a finite
    population.
    """
    if not 0 < rate <= 1:
        raise RefusedError(
            Refusal.RATE_RANGE, f"the response rate is above 0 and at most 1, got {rate!r}"
        )
    if not scale[0] <= mean <= scale[1]:
        raise RefusedError(Refusal.OFF_SCALE, f"the mean {mean} lies off the scale {scale}")
    return NonresponseBias(
        mean=float(mean),
        sd=float(sd),
        rate=float(rate),
        worst_low=float(rate * mean + (1 - rate) * scale[0]),
        worst_high=float(rate * mean + (1 - rate) * scale[1]),
        per_correlation=float(sd * math.sqrt((1 - rate) / rate)),
    )


@dataclass(frozen=True, slots=True)
class WeightedComparison:
    """The mean as answered and as weighted, side by side; both clustered by ``clusters``."""

    unweighted: Interval
    weighted: Interval
    weights: Weights

    @property
    def difference(self) -> float:
        """Weighted minus unweighted mean."""
        return self.weighted.value - self.unweighted.value


def compare_weighted(
    values: pd.Series,
    rows: pd.DataFrame,
    margins,
    *,
    clusters: Sequence | None = None,
    bounds: tuple[float, float] | None = BOUNDS,
    level: float = LEVEL,
) -> WeightedComparison:
    """Rake ``rows`` to ``margins`` and give the mean of ``values`` with and without weights.

    ``values`` and ``rows`` share their index; the other arguments are those of
    :func:`~analysis.measurement.weighting.rake` and
    :func:`~analysis.measurement.weighting.weighted_mean`.

    Parameters
    ----------
    values : Series
        Outcome by row; NaN where missing.
    rows : DataFrame
        Attributes of the same rows, the columns of the margins.
    margins : Mapping
        Known shares of the population by attribute, as of ``rake``.
    clusters : sequence, optional
        Cluster of each row.
    bounds : tuple of float or None
        Least and largest weight in units of their mean.
    level : float
        Confidence level.
    """
    weights = rake(rows, margins, bounds=bounds)
    y = values.to_numpy(dtype=float)
    return WeightedComparison(
        unweighted=weighted_mean(y, clusters=clusters, level=level),
        weighted=weighted_mean(y, weights.weight.to_numpy(), clusters=clusters, level=level),
        weights=weights,
    )


def assess_weighting(
    surveys: Rows | None,
    sites: pd.DataFrame | None,
    instruments: pd.DataFrame | None,
    *,
    rate: float | None = None,
    margins: Sequence[str] = ("region", "property_type"),
    indicator: str = "csat_mean",
    simulated: bool = False,
    level: float = LEVEL,
) -> StageResults:
    """Satisfaction as answered and weighted to households, and what silence could change.

    The item of role ``overall`` is weighted to the households of the sites by ``margins``
    (columns of ``sites``; those not filled in are left out). Sites without answers or without
    a household count are outside the population described. Each household counts in every
    questionnaire it hands in.

    Parameters
    ----------
    surveys : DataFrame, Stored or None
        Canonical table; of a stored one the answers to that item are in memory, each a site and a
        score.
    rate : float, optional
        Return rate; without it there is no bound on non-response bias.
    indicator : str
        Registry identifier the estimates carry.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Estimates ``baseline.<indicator>.unweighted`` and ``.weighted`` (sites are the
        clusters), the same of ``nps`` where customers were asked whether they recommend; checks
        ``baseline.weights.design_effect`` and ``baseline.nonresponse``; tables ``weights``
        (answers, households and mean weight by level) and ``nonresponse`` (bias by assumed
        correlation, worst case).
    """
    scores, item = _answered(surveys, instruments, "overall")
    if scores is None or not present(sites, "households"):
        return _impossible()
    known = sites[sites["households"].notna() & sites["site_id"].isin(scores["site_id"])]
    known = known[floats(known["households"]) > 0]
    columns = [c for c in margins if c in known and len(known) and known[c].notna().all()]
    if not columns:
        return _impossible()
    rows, levels, found = _compared(scores, known, columns, level)
    low, high = float(item["scale_min"]), float(item["scale_max"])
    unit = f"score_{low:g}_{high:g}"
    items: list = [*_both(indicator, unit, found, rows, simulated), _design_effect(found)]
    items += _promoters(surveys, sites, instruments, columns, simulated, level)
    tables = {"weights": _by_level(rows, columns, levels, found.weights)}
    if rate is not None and 0 < rate <= 1:
        bias = nonresponse_bias(
            found.unweighted.value, rows["score"].std(ddof=0), rate, (low, high)
        )
        check, tables["nonresponse"] = _bias_items(bias)
        items.append(check)
    else:
        items.append(_no_rate())
    return collect("baseline", items, tables=tables)


def _compared(scores, known, columns, level) -> tuple[pd.DataFrame, dict, WeightedComparison]:
    """Rows of answers with the margins of their sites, households by margin, and both means."""
    rows = scores.merge(known[["site_id", *columns, "households"]], on="site_id")
    for column in columns:
        rows[column] = rows[column].astype(object)
    levels = {c: _households(known, c) for c in columns}
    clusters = rows["site_id"]
    found = compare_weighted(rows["score"], rows[columns], levels, clusters=clusters, level=level)
    return rows, levels, found


def _promoters(surveys, sites, instruments, columns, simulated, level) -> list[Estimate]:
    """Net promoter score as answered and weighted to households by the same margins."""
    scores, item = _answered(surveys, instruments, "nps")
    if scores is None or (float(item["scale_min"]), float(item["scale_max"])) != (0.0, 10.0):
        return []
    known = sites[sites["households"].notna() & sites["site_id"].isin(scores["site_id"])]
    known = known[floats(known["households"]) > 0]
    if known.empty:
        return []
    worth = np.select([scores["score"] >= 9, scores["score"] <= 6], [100.0, -100.0], 0.0)
    rows, _, found = _compared(scores.assign(score=worth), known, columns, level)
    return _both("nps", "nps_points", found, rows, simulated)


def _answered(surveys, instruments, role: str):
    """Answers to the first item of a role that has any, with its row of ``instruments``."""
    if not present(surveys, "score", "site_id") or not present(instruments, "item", "scale_max"):
        return None, None
    asked = instruments[instruments["role"] == role]
    for item in asked.to_dict("records"):
        found = [_answers(part, item) for part in parts(surveys, _READ)]
        if any(map(len, found)):
            scores = pd.concat(found, ignore_index=True)
            return scores.astype({"site_id": object}), item
    return None, None


_READ = ("instrument", "item", "site_id", "score")


def _answers(part: pd.DataFrame, item: Mapping) -> pd.DataFrame:
    mine = part[
        (part["instrument"] == item["instrument"])
        & (part["item"] == item["item"])
        & part["score"].notna()
    ]
    return pd.DataFrame({"site_id": mine["site_id"], "score": floats(mine["score"])})


def _households(known: pd.DataFrame, column: str) -> dict:
    counts = pd.Series(floats(known["households"])).groupby(known[column].astype(object).to_numpy())
    return counts.sum().to_dict()


def _both(indicator, unit, found: WeightedComparison, rows, simulated) -> list[Estimate]:
    """Means as answered and as weighted, each with what the weights cost."""
    weights = found.weights
    costs = {"unweighted": (1.0, found.unweighted.n)}
    costs["weighted"] = (weights.design_effect, round(weights.n_effective))
    pairs = (("unweighted", found.unweighted), ("weighted", found.weighted))
    return [
        _estimate(indicator, name, unit, interval, rows, simulated, costs[name])
        for name, interval in pairs
    ]


def _estimate(
    indicator, name, unit, interval: Interval, rows, simulated, cost: tuple[float, int]
) -> Estimate:
    effect, effective = cost
    return Estimate(
        id=f"baseline.{indicator}.{name}",
        estimand="mean",
        indicator=indicator,
        unit=unit,
        value=interval.value,
        se=interval.se,
        ci_low=interval.low,
        ci_high=interval.high,
        n=interval.n,
        n_clusters=int(rows["site_id"].nunique()),
        method=f"{name}_mean",
        interval_method=interval.method,
        dims={"weighting": name, "design_effect": effect, "effective": effective},
        simulated=simulated,
        level=interval.level,
    )


def _design_effect(found: WeightedComparison) -> Check:
    weights = found.weights
    fine = weights.design_effect <= DESIGN_EFFECT_LINE and weights.margin_error <= 0.01
    return Check(
        id="baseline.weights.design_effect",
        topic=Topic.WEIGHTS,
        question="measurement.check.weights.question",
        status="passed" if fine else "caution",
        value=weights.design_effect,
        threshold=DESIGN_EFFECT_LINE,
        unit="ratio",
        n=weights.n,
        reason="measurement.check.weights.reason",
        remedy=None if fine else "measurement.check.weights.remedy",
        params={
            "effect": weights.design_effect,
            "effective": round(weights.n_effective),
            "trimmed": weights.trimmed,
            "margin_error": weights.margin_error,
            "difference": found.difference,
        },
    )


def _by_level(rows, columns, levels, weights: Weights) -> pd.DataFrame:
    relative = weights.weight.to_numpy() / weights.weight.mean()
    out = []
    for column in columns:
        total = sum(levels[column].values())
        for level, households in sorted(levels[column].items(), key=lambda pair: str(pair[0])):
            mine = (rows[column] == level).to_numpy()
            share = float(mine.mean()), households / total
            out.append((column, str(level), int(mine.sum()), *share, float(relative[mine].mean())))
    names = ["margin", "level", "n", "share_answers", "share_households", "mean_weight"]
    return pd.DataFrame(out, columns=names)


def _bias_items(bias: NonresponseBias) -> tuple[Check, pd.DataFrame]:
    rows = [
        ("correlation", rho, bias.mean - bias.bias(rho), bias.mean + bias.bias(rho))
        for rho in CORRELATIONS
    ]
    rows.append(("worst_case", None, bias.worst_low, bias.worst_high))
    table = pd.DataFrame(rows, columns=["assumption", "correlation", "low", "high"])
    half = bias.bias(CORRELATIONS[1])
    fine = half <= NOTABLE_BIAS * bias.sd
    check = Check(
        id="baseline.nonresponse",
        topic=Topic.NONRESPONSE,
        question="measurement.check.nonresponse.question",
        status="passed" if fine else "caution",
        value=half / bias.sd if bias.sd > 0 else 0.0,
        threshold=NOTABLE_BIAS,
        unit="sd",
        reason="measurement.check.nonresponse.reason",
        remedy=None if fine else "measurement.check.nonresponse.remedy",
        params={
            "rate": bias.rate,
            "correlation": CORRELATIONS[1],
            "bias": half,
            "low": bias.worst_low,
            "high": bias.worst_high,
        },
    )
    return check, table.astype({"correlation": float})


NOTABLE_BIAS = 0.10
"""A bias of a tenth of the score's standard deviation is worth a warning."""


def _no_rate() -> Check:
    return Check(
        id="baseline.nonresponse",
        topic=Topic.NONRESPONSE,
        question="measurement.check.nonresponse.question",
        status="not_possible",
        reason="measurement.reason.no_invitations",
    )


def _impossible() -> StageResults:
    missing = Check(
        id="baseline.weights.design_effect",
        topic=Topic.WEIGHTS,
        question="measurement.check.weights.question",
        status="not_possible",
        reason="measurement.reason.no_weights",
    )
    return collect("baseline", [missing])
