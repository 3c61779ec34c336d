"""Does a rater grow lenient or strict? Drift against those who rated the same cases or months."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from scipy import stats

from analysis.measurement.agreement import rating_rows
from analysis.measurement.columns import present
from analysis.results import Check, StageResults, Topic, collect
from analysis.settings import LEVEL
from analysis.tables import periods_of

LEAST_SHEETS = 10
"""Fewer sheets of a rater tell no drift."""

LARGE = 0.5
"""Points a year that make a drift large whatever the scale's use."""

_ALPHA = 0.05
_YEAR = 365.25


def deviations(rows: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """How far each sheet lies from what others gave to the same.

    Where at least half of the sheets have another rater on the same case (subject and month),
    the others' mean on that case is taken off: change of the subject cancels (``cases``).
    Otherwise each subject's mean is taken off and then the other raters' mean of the month:
    change common to all subjects cancels (``months``), which asks that raters do not pick
    subjects that change in a way of their own.

    Parameters
    ----------
    rows : DataFrame
        As of :func:`~analysis.measurement.agreement.rating_rows`, one instrument.

    Returns
    -------
    frame : DataFrame
        One row per sheet: ``rater, role, named, day, deviation`` (points).
    control : str
        ``cases`` or ``months``.
    """
    keys = ["sheet", "subject", "rater", "role"]
    sheets = rows.dropna(subset=["day"]).groupby(keys, as_index=False, sort=False)
    sheets = sheets.agg(score=("score", "mean"), day=("day", "first"), named=("named", "first"))
    sheets["month"] = periods_of(sheets["day"])
    other = _others_mean(sheets, ["subject", "month"], "score")
    control = "cases" if len(sheets) and other.notna().mean() >= 0.5 else "months"
    if control == "months":
        sheets["score"] -= sheets.groupby("subject")["score"].transform("mean")
        other = _others_mean(sheets, ["month"], "score")
    frame = sheets.assign(deviation=sheets["score"] - other).dropna(subset=["deviation"])
    return frame[["rater", "role", "named", "day", "deviation"]], control


def _others_mean(sheets: pd.DataFrame, by: list[str], value: str) -> pd.Series:
    """Mean over the other raters' sheets of each sheet's group; NaN where there are none."""
    every = sheets.groupby(by)[value]
    own = sheets.groupby([*by, "rater"])[value]
    count = every.transform("size") - own.transform("size")
    total = every.transform("sum") - own.transform("sum")
    return total / count.where(count > 0)


def rater_drift(frame: pd.DataFrame, by: str, *, level: float = LEVEL) -> pd.DataFrame:
    """Slope of the deviations on time, for each rater or role.

    Parameters
    ----------
    frame : DataFrame
        As of :func:`deviations`.
    by : {"rater", "role"}

    Returns
    -------
    DataFrame
        ``who, n, slope`` (points a year), ``ci_low, ci_high`` (t interval on heteroskedasticity-
        consistent errors, pointwise), ``p_value, p_holm`` (Holm over the rows). Those with
        fewer than ``LEAST_SHEETS`` sheets, or all in one month, are left out. When one of k
        raters drifts, each other one seems to drift the other way by a (k − 1)th.

    References
    ----------
    MacKinnon & White (1985), HC3; Holm (1979).
    """
    who, names = pd.factorize(frame[by], sort=True)
    rows = np.flatnonzero(who >= 0)
    rows = rows[np.argsort(who[rows], kind="stable")]
    days = frame["day"].to_numpy(dtype="datetime64[us]")
    deviation = frame["deviation"].to_numpy(dtype=float)
    out = []
    for mine in np.split(rows, np.flatnonzero(np.diff(who[rows])) + 1) if rows.size else ():
        since = (days[mine] - days[mine].min()) // np.timedelta64(1, "D")
        x = since.astype(float) / _YEAR
        if mine.size >= LEAST_SHEETS and np.ptp(x) >= 1 / 12:
            out.append(
                (str(names[who[mine[0]]]), mine.size, *_slope(x - x.mean(), deviation[mine]))
            )
    found = pd.DataFrame(out, columns=["who", "n", "slope", "se"])
    slope, se = (found[name].to_numpy(dtype=float) for name in ("slope", "se"))
    free = found["n"].to_numpy(dtype=float) - 2
    half = stats.t.ppf((1 + level) / 2, free) * se
    t = np.divide(np.abs(slope), se, out=np.full_like(se, np.inf), where=se > 0)
    p = np.where((se > 0) | (np.abs(slope) >= 1e-12), 2 * stats.t.sf(t, free), 1.0)
    ends = found.assign(ci_low=slope - half, ci_high=slope + half, p_value=p, p_holm=_holm(p))
    return ends.drop(columns="se")


def _slope(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    spread = float((x**2).sum())
    slope = float((x * y).sum() / spread)
    error = y - y.mean() - slope * x
    leverage = np.clip(1 / x.size + x**2 / spread, None, 1 - 1e-9)
    return slope, math.sqrt(float(((x * error / (1 - leverage)) ** 2).sum())) / spread


def _holm(p: np.ndarray) -> np.ndarray:
    order = np.argsort(p)
    steps = np.maximum.accumulate(p[order] * (p.size - np.arange(p.size)))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted


def assess_rater_drift(
    ratings: pd.DataFrame | None, *, before: pd.Timestamp | str | None = None, level: float = LEVEL
) -> StageResults:
    """Whether raters keep their standard over time, against others on the same cases.

    Named raters and roles are asked; self ratings are not among the raters.

    Parameters
    ----------
    ratings : DataFrame or None
        Canonical table.
    before : Timestamp or str, optional
        Only ratings before that day count.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        A check ``baseline.drift.<instrument>`` (caution when a rater or role drifts after
        Holm's correction, failed when it surely drifts by more than ``LARGE`` points a year)
        and table ``rater_drift`` (``instrument, kind`` (rater, role) and the columns of
        :func:`rater_drift`; raters are pseudonyms).
    """
    rows = rating_rows(ratings, before) if present(ratings, "score") else pd.DataFrame()
    rows = rows[rows["role"] != "self"] if len(rows) else rows
    checks, parts = [], []
    for instrument, mine in rows.groupby("instrument", sort=True) if len(rows) else ():
        frame, control = deviations(mine)
        found = [
            rater_drift(some, kind, level=level).assign(kind=kind, instrument=str(instrument))
            for kind, some in (("rater", frame[frame["named"]]), ("role", frame))
            if kind == "rater" or len(frame["role"].unique()) > 1
        ]
        table = pd.concat([part for part in found if len(part)] or found[:1], ignore_index=True)
        if table.empty:
            checks.append(_impossible(str(instrument), "measurement.reason.no_drift"))
            continue
        parts.append(table)
        checks.append(_check(str(instrument), table, control))
    if not checks:
        checks = [_impossible("", "measurement.reason.no_ratings")]
    tables = {"rater_drift": pd.concat(parts, ignore_index=True)} if parts else {}
    return collect("baseline", checks, tables=tables)


def _impossible(instrument: str, reason: str) -> Check:
    return Check(
        id=f"baseline.drift{'.' + instrument if instrument else ''}",
        topic=Topic.RATER_DRIFT,
        question="measurement.check.drift.question",
        status="not_possible",
        reason=reason,
        params={"instrument": instrument, "least": LEAST_SHEETS},
    )


def _check(instrument: str, table: pd.DataFrame, control: str) -> Check:
    moving = table[table["p_holm"] < _ALPHA]
    surely = np.minimum(moving["ci_low"].abs(), moving["ci_high"].abs()) > LARGE
    status = "passed" if moving.empty else "caution"
    status = "failed" if surely.any() else status
    widest = table.loc[table["slope"].abs().idxmax()]
    return Check(
        id=f"baseline.drift.{instrument}",
        topic=Topic.RATER_DRIFT,
        question="measurement.check.drift.question",
        status=status,
        value=float(abs(widest["slope"])),
        threshold=LARGE,
        unit="score",
        n=int(table.loc[table["kind"] == table["kind"].iloc[0], "n"].sum()),
        reason=f"measurement.check.drift.{control}",
        remedy=None if status == "passed" else "measurement.check.drift.remedy",
        params={
            "instrument": instrument,
            "raters": int((table["kind"] == "rater").sum()),
            "moving": int((moving["kind"] == "rater").sum()),
            "roles": int((moving["kind"] == "role").sum()),
            "largest": float(widest["slope"]),
            "low": float(widest["ci_low"]),
            "high": float(widest["ci_high"]),
        },
    )
