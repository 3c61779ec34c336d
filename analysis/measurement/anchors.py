"""Behaviourally anchored scales: are there enough indicators, do raters agree on each."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.measurement.agreement import rating_rows
from analysis.measurement.columns import present
from analysis.measurement.raters import krippendorff_alpha
from analysis.results import Check, Estimate, StageResults, Topic, collect
from analysis.settings import LEVEL
from analysis.standards import Lines, course

AGREEMENT_LINE = 0.667
"""Below it not even tentative conclusions are drawn (Krippendorff 2019, section 12.4)."""

_OUTSIDE = ("self", "mystery_shopper")


def anchored_indicators(
    rows: pd.DataFrame, *, seed: int, draws: int = 200, level: float = LEVEL
) -> pd.DataFrame:
    """Level, spread and agreement of each indicator of one instrument.

    A case is one person (or site) in one month; only cases with two raters tell agreement.
    Self ratings and mystery shoppers take no part.

    Parameters
    ----------
    rows : DataFrame
        As of :func:`~analysis.measurement.agreement.rating_rows`, one instrument.
    draws : int
        Bootstrap draws over cases for the interval of alpha.
    level : float
        Coverage of intervals.

    Returns
    -------
    DataFrame
        ``item, n`` (ratings), ``mean, sd, cases`` (with two raters), ``alpha`` (Krippendorff,
        ordinal), ``ci_low, ci_high``; NaN where all ratings are equal or nobody is rated twice.
    """
    mine = rows[~rows["role"].isin(_OUTSIDE)]
    case = mine["subject"].astype(str) + "|" + mine["day"].dt.to_period("M").astype(str)
    mine = mine.assign(case=case, slot=mine.groupby(["item", case]).cumcount())
    out = []
    for item, each in mine.groupby("item", sort=True):
        wide = each.pivot_table(index="slot", columns="case", values="score").to_numpy()
        found = krippendorff_alpha(wide, "ordinal", draws=draws, seed=seed, level=level)
        alpha = (found.n, found.value, found.low, found.high) if found else (0, *[np.nan] * 3)
        out.append((str(item), len(each), each["score"].mean(), each["score"].std(), *alpha))
    columns = ["item", "n", "mean", "sd", "cases", "alpha", "ci_low", "ci_high"]
    return pd.DataFrame(out, columns=columns)


def assess_anchors(
    ratings: pd.DataFrame | None,
    instruments: pd.DataFrame | None,
    *,
    seed: int,
    before: pd.Timestamp | str | None = None,
    lines: Lines | None = None,
    simulated: bool = False,
    level: float = LEVEL,
) -> StageResults:
    """Whether the behaviour sheets carry the indicators asked for, and raters agree on them.

    Parameters
    ----------
    ratings, instruments : DataFrame or None
        Canonical tables.
    before : date, optional
        Only ratings before it (the first wave).
    lines : Lines, optional
        What the client's programme is held to; the lines of the course without it.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Estimates ``baseline.bars.<instrument>.<item>``, checks ``….indicators`` (how many there
        are, where so many are asked for) and ``….agreement`` (on how many raters agree), table
        ``bars_indicators`` (with the wording of each).
    """
    rows = rating_rows(ratings, before) if present(ratings, "score") else pd.DataFrame()
    rows = rows[~rows["role"].isin(_OUTSIDE)] if len(rows) else rows
    if rows.empty:
        missing = Check(
            id="baseline.bars",
            topic=Topic.ANCHORS,
            question="measurement.check.bars.none",
            status="not_possible",
            reason="measurement.reason.no_ratings",
        )
        return collect("baseline", [missing])
    asked = (lines or course()).of("behaviour_items")
    items: list = []
    tables = []
    for instrument, mine in rows.groupby("instrument", sort=True):
        frame = anchored_indicators(mine, seed=seed, level=level).assign(instrument=str(instrument))
        tables.append(_worded(frame, instruments))
        items += [
            _estimate(str(instrument), row, simulated, level=level) for row in frame.itertuples()
        ]
        if asked is not None:
            items.append(_enough(str(instrument), frame, asked))
        items.append(_agreed(str(instrument), frame))
    return collect(
        "baseline", items, tables={"bars_indicators": pd.concat(tables, ignore_index=True)}
    )


def _worded(frame: pd.DataFrame, instruments: pd.DataFrame | None) -> pd.DataFrame:
    if not present(instruments, "wording"):
        return frame.assign(wording=frame["item"])
    known = instruments[["instrument", "item", "wording"]].astype(object)
    joined = frame.merge(known, on=["instrument", "item"], how="left")
    return joined.assign(wording=joined["wording"].fillna(joined["item"]))


def _estimate(instrument: str, row, simulated: bool, level: float) -> Estimate:
    known = np.isfinite(row.alpha)
    return Estimate(
        id=f"baseline.bars.{instrument}.{row.item}",
        estimand="krippendorff_alpha",
        unit="coefficient",
        value=float(row.alpha) if known else None,
        ci_low=float(row.ci_low) if known else None,
        ci_high=float(row.ci_high) if known else None,
        n=int(row.n),
        n_units=int(row.cases),
        method="krippendorff_ordinal",
        interval_method="bootstrap_units",
        dims={"instrument": instrument, "item": row.item},
        simulated=simulated,
        reason=None if known else "measurement.reason.no_agreement",
        level=level,
    )


def _enough(instrument: str, frame: pd.DataFrame, asked: float) -> Check:
    have = len(frame)
    return Check(
        id=f"baseline.bars.{instrument}.indicators",
        topic=Topic.ANCHORS,
        question="measurement.check.bars.question",
        status="passed" if have >= asked else "caution",
        value=float(have),
        threshold=float(asked),
        unit="count",
        n=int(frame["n"].sum()),
        reason="measurement.check.bars.reason",
        remedy=None if have >= asked else "measurement.check.bars.remedy",
        params={"instrument": instrument, "have": have, "asked": asked},
    )


def _agreed(instrument: str, frame: pd.DataFrame) -> Check:
    known = frame[frame["alpha"].notna()]
    low = int((known["alpha"] < AGREEMENT_LINE).sum())
    common = {
        "id": f"baseline.bars.{instrument}.agreement",
        "topic": Topic.ANCHORS,
        "question": "measurement.check.bars_agreement.question",
        "threshold": AGREEMENT_LINE,
        "unit": "coefficient",
        "n": int(frame["cases"].max()),
    }
    if known.empty:
        reason = "measurement.reason.no_agreement"
        params = {"instrument": instrument}
        return Check(**common, status="not_possible", reason=reason, params=params)
    status = "passed" if low == 0 else "caution"
    status = "failed" if 2 * low > len(known) else status
    worst = known.loc[known["alpha"].idxmin()]
    return Check(
        **common,
        status=status,
        value=float(known["alpha"].median()),
        reason="measurement.check.bars_agreement.reason",
        remedy=None if low == 0 else "measurement.check.bars_agreement.remedy",
        params={
            "instrument": instrument,
            "low": low,
            "have": len(known),
            "line": AGREEMENT_LINE,
            "worst": str(worst["item"]),
            "alpha": float(worst["alpha"]),
        },
    )
