"""Mystery shoppers: whether they hold one standard, and how many visits a site needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from analysis.measurement.agreement import INDIVIDUAL_LINE, rating_rows
from analysis.measurement.columns import present
from analysis.measurement.icc import Icc, icc_oneway, stepped_up
from analysis.results import Check, Estimate, StageResults, Topic, collect
from analysis.settings import LEVEL

_ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class ShopperStudy:
    """What the visits of one instrument tell.

    Attributes
    ----------
    effects : DataFrame
        ``shopper, visits, effect`` (points above the mean shopper, sites and months held
        fixed).
    f, p_value : float or None
        Test that all shoppers hold one standard; None with one shopper or nothing left over.
    single : Icc or None
        Of one visit by a site's own shoppers (their severity counts as error).
    n, visits : int, float
        Visits; mean visits a site.
    doubles : int
        Pairs of visits to one site in one month by different shoppers.
    double_gap : float or None
        Mean absolute difference within them, points.
    """

    effects: pd.DataFrame
    f: float | None
    p_value: float | None
    single: Icc | None
    n: int
    visits: float
    doubles: int
    double_gap: float | None

    def needed(self, line: float) -> float | None:
        """Return the visits to a site for so reliable a mean of theirs (Spearman–Brown)."""
        if self.single is None or self.single.value <= 0:
            return None
        return line * (1 - self.single.value) / ((1 - line) * self.single.value)


def shopper_study(rows: pd.DataFrame, *, level: float = LEVEL) -> ShopperStudy:
    """Separate shoppers from sites.

    Least squares of a visit's mean score on site, month and shopper. Shoppers are told from
    sites only where they cross: a shopper who alone visits his sites has no effect of his own.

    Parameters
    ----------
    rows : DataFrame
        Ratings of role ``mystery_shopper``, one instrument, as of
        :func:`~analysis.measurement.agreement.rating_rows`.
    level : float
        Coverage of intervals.

    References
    ----------
    Searle (1971), section 7.1, for the test; Shrout & Fleiss (1979), case 1.
    """
    visits = rows.groupby(["sheet", "site", "rater"], as_index=False, sort=True)
    visits = visits.agg(score=("score", "mean"), day=("day", "first"), named=("named", "first"))
    visits["month"] = visits["day"].dt.to_period("M").astype(str)
    named = visits[visits["named"]]
    f = p_value = None
    effects = pd.DataFrame(columns=["shopper", "visits", "effect"])
    if len(named) and len(named["rater"].unique()) > 1:
        effects, f, p_value = _effects(named)
    by = visits.assign(square=visits["score"] ** 2).groupby("site")
    sums = by.agg(n=("score", "size"), total=("score", "sum"), square=("square", "sum"))
    pairs = named.merge(named, on=["site", "month"], suffixes=("", "_other"))
    pairs = pairs[pairs["rater"] < pairs["rater_other"]]
    gap = (pairs["score"] - pairs["score_other"]).abs().mean()
    steps = np.diff(np.unique(visits["score"]))
    counts = [sums[c].to_numpy() for c in ("n", "total", "square")]
    return ShopperStudy(
        effects=effects,
        f=f,
        p_value=p_value,
        single=icc_oneway(*counts, step=float(steps.min()) if steps.size else None, level=level),
        n=len(visits),
        visits=float(sums["n"].mean()),
        doubles=len(pairs),
        double_gap=float(gap) if len(pairs) else None,
    )


def _effects(named: pd.DataFrame) -> tuple[pd.DataFrame, float | None, float | None]:
    shoppers = pd.get_dummies(named["rater"], dtype=float)
    months = pd.get_dummies(named["month"], dtype=float)

    def within(frame):
        return (frame - frame.groupby(named["site"]).transform("mean")).to_numpy()

    y = within(named[["score"]])[:, 0]
    base = within(months)
    full = np.hstack([base, within(shoppers)])
    rest, less = _residual(base, y), _residual(full, y)
    ranks = [int(np.linalg.matrix_rank(part)) if part.size else 0 for part in (base, full)]
    sites = len(named["site"].unique())
    df1, df2 = ranks[1] - ranks[0], len(y) - sites - ranks[1]
    f = p_value = None
    if df1 > 0 and df2 > 0 and less > 1e-12 * max(float(y @ y), 1e-300):
        f = (rest - less) / df1 / (less / df2)
        p_value = float(stats.f.sf(f, df1, df2))
    solved = np.linalg.lstsq(full, y, rcond=None)[0][base.shape[1] :]
    count = named["rater"].value_counts().reindex(shoppers.columns)
    effect = solved - float((solved * count).sum() / count.sum())
    frame = pd.DataFrame({"shopper": shoppers.columns, "visits": count.to_numpy()})
    return frame.assign(effect=effect), f, p_value


def _residual(design: np.ndarray, y: np.ndarray) -> float:
    fitted = design @ np.linalg.lstsq(design, y, rcond=None)[0] if design.shape[1] else 0.0
    return float(((y - fitted) ** 2).sum())


def assess_shoppers(
    ratings: pd.DataFrame | None,
    *,
    before: pd.Timestamp | str | None = None,
    line: float = INDIVIDUAL_LINE,
    simulated: bool = False,
    level: float = LEVEL,
) -> StageResults:
    """Whether mystery shoppers hold one standard, and whether their visits tell sites apart.

    Parameters
    ----------
    ratings : DataFrame or None
        Canonical ``ratings``; only those of mystery shoppers count.
    before : Timestamp or str, optional
        Only visits before this day.
    line : float
        Reliability of a site's mean by which sites may be told apart.
    simulated : bool
        Whether the results are of a simulated world.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Estimate ``baseline.shoppers.<instrument>.icc`` (one visit), checks ``….standard`` (F
        test over shoppers, sites and months held fixed) and ``….visits`` (visits at hand
        against those needed for ``line``), table ``shoppers`` (effect of each; pseudonyms).
    """
    rows = rating_rows(ratings, before) if present(ratings, "score") else pd.DataFrame()
    rows = rows[rows["role"] == "mystery_shopper"] if len(rows) else rows
    if rows.empty:
        return collect("baseline", [_impossible("", "measurement.reason.no_shoppers")])
    items: list = []
    tables = []
    for name, mine in rows.groupby("instrument", sort=True):
        instrument = str(name)
        study = shopper_study(mine, level=level)
        tables.append(study.effects.assign(instrument=instrument))
        items.append(_standard(instrument, study))
        items += _reliability(instrument, study, simulated, line=line, level=level)
    return collect("baseline", items, tables={"shoppers": pd.concat(tables, ignore_index=True)})


def _impossible(instrument: str, reason: str) -> Check:
    return Check(
        id=f"baseline.shoppers{'.' + instrument if instrument else ''}.standard",
        topic=Topic.SHOPPERS,
        question="measurement.check.shoppers.question",
        status="not_possible",
        reason=reason,
        params={"instrument": instrument},
    )


def _standard(instrument: str, study: ShopperStudy) -> Check:
    if study.p_value is None:
        return _impossible(instrument, "measurement.reason.one_shopper")
    fine = study.p_value >= _ALPHA
    return Check(
        id=f"baseline.shoppers.{instrument}.standard",
        topic=Topic.SHOPPERS,
        question="measurement.check.shoppers.question",
        status="passed" if fine else "caution",
        value=study.p_value,
        threshold=_ALPHA,
        unit="p_value",
        n=study.n,
        reason="measurement.check.shoppers.reason",
        remedy=None if fine else "measurement.check.shoppers.remedy",
        params={
            "instrument": instrument,
            "shoppers": len(study.effects),
            "visits": study.n,
            "apart": float(np.ptp(study.effects["effect"])),
            "doubles": study.doubles,
            "p_value": study.p_value,
        },
    )


def _reliability(
    instrument: str, study: ShopperStudy, simulated: bool, *, line: float, level: float
) -> list:
    single, id = study.single, f"baseline.shoppers.{instrument}"
    asked = {
        "id": f"{id}.visits",
        "topic": Topic.SHOPPERS,
        "question": "measurement.check.visits.question",
    }
    if single is None:
        reason = "measurement.reason.no_agreement"
        return [
            Check(**asked, status="not_possible", reason=reason, params={"instrument": instrument})
        ]
    estimate = Estimate(
        id=f"{id}.icc",
        estimand="icc",
        unit="coefficient",
        value=single.value,
        ci_low=single.low,
        ci_high=single.high,
        n=single.n,
        n_units=single.n_units,
        method="icc1",
        interval_method="f_inversion",
        dims={"instrument": instrument, "form": "ICC1"},
        simulated=simulated,
        level=level,
    )
    mean = stepped_up(single.value, study.visits)
    fine, needed = mean >= line, study.needed(line)
    check = Check(
        **asked,
        status="passed" if fine else "caution",
        value=float(mean),
        threshold=line,
        unit="coefficient",
        n=study.n,
        reason=f"measurement.check.visits.{'reason' if needed else 'no_difference'}",
        remedy=None if fine else "measurement.check.visits.remedy",
        params={
            "instrument": instrument,
            "single": single.value,
            "low": single.low,
            "high": single.high,
            "visits": study.visits,
            "needed": float(np.ceil(needed)) if needed else None,
            "line": line,
        },
    )
    return [estimate, check]
