"""Levels 1 and 2: who came, who finished, what they thought of it, what they learnt.

Nothing here is an effect: a gain from the pre-test to the post-test of the same people mixes
learning with practice and with whatever else happened in between.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import expit, logit

from analysis.indicators.scales import satisfied_from
from analysis.measurement.columns import floats, present
from analysis.measurement.intervals import Interval, mean_t, wilson
from analysis.monitoring.lacking import lacking
from analysis.monitoring.training.gains import normalised_gains
from analysis.results import Check, Estimate, StageResults, Topic, collect
from analysis.settings import LEVEL
from analysis.standards import Lines, course


def attendance(
    enrolments: pd.DataFrame, by: Sequence[str] = (), *, level: float = LEVEL
) -> pd.DataFrame:
    """Share of enrolments attended; enrolments without a record are left out.

    Parameters
    ----------
    enrolments : DataFrame
        Canonical table.
    by : sequence of str
        Columns that name a group; all together without.
    level : float
        Coverage of intervals.

    Returns
    -------
    DataFrame
        ``by`` columns, ``attended, n, value, ci_low, ci_high`` (Wilson).
    """
    known = enrolments[enrolments["attended"].notna()]
    known = known.assign(hit=floats(known["attended"]))
    return _shares(known, by, level=level)


def completion(
    enrolments: pd.DataFrame, by: Sequence[str] = (), *, level: float = LEVEL
) -> pd.DataFrame:
    """Mean share of the course completed; the interval is over employees.

    Parameters
    ----------
    enrolments : DataFrame
        Canonical table.
    by : sequence of str
        Columns that name a group; all together without.
    level : float
        Coverage of intervals.

    Returns
    -------
    DataFrame
        ``by`` columns, ``n`` (employees), ``value, ci_low, ci_high`` (t over the employees'
        own means, on the log-odds, so that it stays inside 0 and 1; Wilson where all finished
        or none began, which is wider than any share could be).
    """
    known = enrolments[enrolments["completion"].notna()]
    known = known.assign(done=floats(known["completion"]))
    person = known.groupby([*by, "staff_id"], as_index=False)["done"].mean()
    table = _means(person, "done", by, level=level)
    return table.assign(**inside(table, level=level))


def inside(table: pd.DataFrame, *, level: float = LEVEL) -> dict[str, np.ndarray]:
    """Carry t intervals of shares to the log-odds by the delta method, so that they stay shares.

    People who are all alike do not prove that everybody is: the standard error is never less than
    if one more person had stood at the farther end.

    Parameters
    ----------
    table : DataFrame
        ``value, ci_high, n``.
    level : float
        Coverage of intervals.

    Returns
    -------
    dict[str, ndarray]
        ``ci_low`` and ``ci_high``; Wilson's where the share is 0 or 1.
    """
    value, n = table["value"].to_numpy(), table["n"].to_numpy()
    half = (table["ci_high"] - table["value"]).to_numpy()
    least = (
        np.maximum(value, 1 - value) / (n + 1) * stats.t.ppf((1 + level) / 2, np.maximum(n - 1, 1))
    )
    half = np.where(np.isfinite(half), np.maximum(half, least), half)
    edge = (value <= 0) | (value >= 1)
    room = np.where(edge, 1.0, value * (1 - value))
    middle = logit(np.where(edge, 0.5, value))
    low, high = expit(middle - half / room), expit(middle + half / room)
    for place in np.flatnonzero(edge & np.isfinite(half)):
        interval = wilson(int(n[place] * value[place]), int(n[place]), level=level)
        low[place], high[place] = interval.low, interval.high
    return {"ci_low": low, "ci_high": high}


def reactions_by_sheet(reactions: pd.DataFrame, instruments: pd.DataFrame) -> pd.DataFrame:
    """Return one row per course questionnaire: whether its overall question got a top-two answer.

    Questionnaires without an overall item count by the mean of their items. Satisfied are the
    scores that the client says count so, else the two highest points of the scale; questions on a
    scale without such points, 0 to 100 for one, are left out.

    Returns
    -------
    DataFrame
        ``response_id, module, session, lecturer_id, hit`` (1.0 satisfied, 0.0 not).
    """
    scale = instruments[["instrument", "item", "role"]].assign(least=satisfied_from(instruments))
    scale = scale[scale["least"].notna()]
    joined = reactions[reactions["score"].notna()].merge(scale, on=["instrument", "item"])
    overall = joined[joined["role"] == "overall"]
    rated = overall["response_id"].unique()
    rest = joined[(joined["role"] != "nps") & ~joined["response_id"].isin(rated)]
    chosen = pd.concat([overall, rest])
    keys = ["response_id", "module", "session", "lecturer_id"]
    chosen = chosen.assign(score=floats(chosen["score"]))
    sheets = chosen.groupby(keys, as_index=False, dropna=False)[["score", "least"]].mean()
    return sheets.assign(hit=(sheets["score"] >= sheets["least"]).astype(float))


def satisfaction(
    sheets: pd.DataFrame, by: Sequence[str] = (), *, level: float = LEVEL
) -> pd.DataFrame:
    """Share of satisfied questionnaires by ``by``; rows without the attribute are left out.

    Parameters
    ----------
    sheets : DataFrame
        As of :func:`reactions_by_sheet`.
    by : sequence of str
        Columns that name a group; all together without.
    level : float
        Coverage of intervals.

    Returns
    -------
    DataFrame
        One row per group of ``by``, with the share (0-1), its n and interval.
    """
    kept = sheets.dropna(subset=list(by)) if by else sheets
    return _shares(kept, by, level=level)


def learning_pairs(assessments: pd.DataFrame) -> pd.DataFrame:
    """First attempts before and after, of people who sat both in the same module and form.

    Returns
    -------
    DataFrame
        ``staff_id, module, form, pre, post, gain``; ``attrs["unpaired"]`` counts people,
        modules and forms with only one of the two.
    """
    first = assessments[
        (assessments["attempt"] == 1)
        & assessments["occasion"].isin(["pre", "post"])
        & assessments["score"].notna()
    ]
    keys = ["staff_id", "module", "form"]
    wide = first.assign(score=floats(first["score"])).pivot_table(
        index=keys, columns="occasion", values="score", observed=True
    )
    wide = wide.reindex(columns=["pre", "post"])
    pairs = wide.dropna().reset_index()
    pairs.columns.name = None
    pairs["gain"] = pairs["post"] - pairs["pre"]
    pairs.attrs["unpaired"] = int(len(wide) - len(pairs))
    return pairs


def learning_gains(
    pairs: pd.DataFrame, by: Sequence[str] = ("module", "form"), *, level: float = LEVEL
) -> pd.DataFrame:
    """Mean gain with the paired t interval, and its size in standard deviations of the pre-test.

    Parameters
    ----------
    pairs : DataFrame
        As of :func:`learning_pairs`.
    by : sequence of str
        Columns that name a group.
    level : float
        Coverage of intervals.

    Returns
    -------
    DataFrame
        ``by`` columns, ``n, pre, post, value`` (gain in points), ``ci_low, ci_high,
        effect_size`` (gain over the standard deviation before, times ``1 - 3 / (4 df - 1)``).

    References
    ----------
    Becker (1988), standardised mean change.
    """
    table = _means(pairs, "gain", by, level=level)
    summary = pairs.groupby(list(by))[["pre", "post"]].agg(["mean", "std"])
    flat = pd.DataFrame(
        {
            "pre": summary["pre"]["mean"],
            "post": summary["post"]["mean"],
            "spread": summary["pre"]["std"],
        }
    ).reset_index()
    table = table.merge(flat, on=list(by))
    small = 1 - 3 / (4 * (table["n"] - 1).clip(lower=1) - 1)
    table["effect_size"] = small * table["value"] / table["spread"].where(table["spread"] > 0)
    return table.drop(columns="spread")


def pass_rates(
    assessments: pd.DataFrame,
    marks: Mapping[str, float],
    by: Sequence[str] = ("module", "form"),
    *,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Share of first attempts after the training at or above the pass mark; resits never count.

    Forms without a mark are left out.

    Parameters
    ----------
    assessments : DataFrame
        Canonical ``assessments``: one row per attempt.
    marks : Mapping
        Pass mark by form of test, in points.
    by : sequence of str
        Columns that split the table.
    level : float
        Coverage of intervals.

    Returns
    -------
    DataFrame
        One row per group of ``by``, with the share (0-1), its n and interval.
    """
    return _shares(first_attempts(assessments, marks), by, level=level)


def knowledge(assessments: pd.DataFrame, *, level: float = LEVEL) -> pd.DataFrame:
    """Mean score of first attempts at the knowledge test after training, over people.

    That is the written test, or the only form there is; of several forms without a written one
    none stands for the others, and the table has no row.

    Returns
    -------
    DataFrame
        ``n`` (people), ``value, ci_low, ci_high`` in points (t over the people's own means).
    """
    first = _first_after(assessments)
    forms = set(first["form"].dropna())
    asked = first[first["form"] == "written"] if len(forms) > 1 else first
    scores = asked.assign(points=floats(asked["score"]))
    person = scores.groupby("staff_id", as_index=False)["points"].mean()
    return _means(person, "points", (), level=level) if len(person) else pd.DataFrame()


def first_attempts(assessments: pd.DataFrame, marks: Mapping[str, float]) -> pd.DataFrame:
    """Return the first attempts after training of forms that have a mark.

    Returns
    -------
    DataFrame
        Rows of ``assessments`` with ``hit``: 1.0 at or above the mark, else 0.0.
    """
    first = _first_after(assessments)
    first = first[first["form"].isin(list(marks))]
    mark = first["form"].map(dict(marks)).astype(float)
    return first.assign(hit=(floats(first["score"]) >= mark).astype(float))


def _first_after(assessments: pd.DataFrame) -> pd.DataFrame:
    first = (assessments["attempt"] == 1) & (assessments["occasion"] == "post")
    return assessments[first & assessments["score"].notna()]


def _cells(frame: pd.DataFrame, by: Sequence[str]):
    if not by:
        return [((), frame)] if len(frame) else []
    return frame.groupby(list(by), observed=True)


def _shares(frame: pd.DataFrame, by: Sequence[str], level: float) -> pd.DataFrame:
    rows = []
    for key, cell in _cells(frame, by):
        interval = wilson(int(cell["hit"].sum()), len(cell), level=level)
        rows.append(
            (*key, int(cell["hit"].sum()), interval.n, interval.value, interval.low, interval.high)
        )
    columns = [*by, "hits", "n", "value", "ci_low", "ci_high"]
    return pd.DataFrame(rows, columns=columns)


def _means(frame: pd.DataFrame, column: str, by: Sequence[str], level: float) -> pd.DataFrame:
    rows = []
    for key, cell in _cells(frame, by):
        interval = mean_t(cell[column].to_numpy(dtype=float), level=level)
        rows.append((*key, interval.n, interval.value, interval.low, interval.high))
    table = pd.DataFrame(rows, columns=[*by, "n", "value", "ci_low", "ci_high"])
    return table.astype({"value": float, "ci_low": float, "ci_high": float})


def _estimate(
    id: str,
    indicator: str,
    unit: str,
    table: pd.DataFrame,
    method: str,
    interval: str,
    simulated: bool,
    level: float,
) -> list[Estimate]:
    if table.empty:
        return []
    row = table.iloc[0]
    known = bool(np.isfinite(row["ci_low"]))
    return [
        Estimate(
            id=id,
            estimand="proportion" if interval == "wilson" else "mean",
            indicator=indicator,
            unit=unit,
            value=float(row["value"]),
            ci_low=float(row["ci_low"]) if known else None,
            ci_high=float(row["ci_high"]) if known else None,
            n=int(row["n"]),
            method=method,
            interval_method=interval if known else "none",
            dims={"scope": "overall"},
            simulated=simulated,
            level=level,
        )
    ]


def assess_training(
    enrolments: pd.DataFrame | None,
    reactions: pd.DataFrame | None,
    assessments: pd.DataFrame | None,
    instruments: pd.DataFrame | None,
    *,
    lines: Lines | None = None,
    simulated: bool = False,
    level: float = LEVEL,
) -> StageResults:
    """Everything of levels 1 and 2 that the tables at hand allow.

    Parameters
    ----------
    enrolments, reactions, assessments, instruments : DataFrame or None
        Canonical tables; what is None leaves its part out.
    lines : Lines, optional
        What the client's programme is held to; the lines of the course without it.
    simulated : bool
        Whether the results are of a simulated world.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Estimates ``monitoring.{attendance,completion,course_csat}.overall``,
        ``monitoring.learning.<form>.gain``, ``monitoring.pass.<form>``; tables
        ``attendance``, ``completion``, ``satisfaction_module``, ``satisfaction_lecturer``,
        ``learning``, ``normalised_gains``, ``passes``; a check for every part that was not
        possible.
    """
    items: list = []
    tables: dict[str, pd.DataFrame] = {}
    if present(enrolments, "attended"):
        tables["attendance"] = attendance(enrolments, ["module"], level=level)
        items += _estimate(
            "monitoring.attendance.overall",
            "attendance",
            "share",
            attendance(enrolments, level=level),
            "attended_share",
            "wilson",
            simulated,
            level=level,
        )
    else:
        items.append(_missing("attendance", "enrolments", enrolments, "attended"))
    if present(enrolments, "completion"):
        tables["completion"] = completion(enrolments, ["module"], level=level)
        items += _estimate(
            "monitoring.completion.overall",
            "completion",
            "share",
            completion(enrolments, level=level),
            "mean_share_completed",
            "t_log_odds",
            simulated,
            level=level,
        )
    else:
        items.append(_missing("completion", "enrolments", enrolments, "completion"))
    if present(reactions, "score") and present(instruments, "scale_max"):
        sheets = reactions_by_sheet(reactions, instruments)
        tables["satisfaction_module"] = satisfaction(sheets, ["module"], level=level)
        tables["satisfaction_lecturer"] = satisfaction(sheets, ["lecturer_id"], level=level)
        items += _estimate(
            "monitoring.course_csat.overall",
            "course_csat",
            "share",
            satisfaction(sheets, level=level),
            "top_two",
            "wilson",
            simulated,
            level=level,
        )
    else:
        items.append(_missing("reaction", "reactions"))
    marks = (lines or course()).of("pass_marks") or {}
    if present(assessments, "score"):
        pairs = learning_pairs(assessments)
        if len(pairs):
            tables["learning"] = learning_gains(pairs, level=level)
            tables["normalised_gains"] = normalised_gains(pairs, level=level)
        for row in learning_gains(pairs, ["form"], level=level).itertuples() if len(pairs) else ():
            items.append(_gain(row, simulated, level=level))
        items += _estimate(
            "monitoring.test_post.overall",
            "test_post",
            "points",
            knowledge(assessments, level=level),
            "mean_of_first_attempts",
            "t",
            simulated,
            level=level,
        )
        if marks:
            tables["passes"] = pass_rates(assessments, marks, level=level)
        for row in pass_rates(assessments, marks, ["form"], level=level).itertuples():
            items.append(_pass(row, marks, simulated, level=level))
    else:
        items.append(_missing("learning", "assessments"))
    return collect("monitoring", items, tables=tables)


def _gain(row, simulated: bool, level: float) -> Estimate:
    known = bool(np.isfinite(row.ci_low))
    return Estimate(
        id=f"monitoring.learning.{row.form}.gain",
        estimand="paired_gain",
        indicator="test_post",
        unit="points",
        value=float(row.value),
        ci_low=float(row.ci_low) if known else None,
        ci_high=float(row.ci_high) if known else None,
        n=int(row.n),
        method="paired_mean",
        interval_method="t" if known else "none",
        dims={
            "form": str(row.form),
            "pre": float(row.pre),
            "post": float(row.post),
            "effect_size": float(row.effect_size) if np.isfinite(row.effect_size) else None,
        },
        simulated=simulated,
        level=level,
    )


def _pass(row, marks: Mapping[str, float], simulated: bool, level: float) -> Estimate:
    interval = Interval(row.value, row.ci_low, row.ci_high, int(row.n), 0.95, "wilson")
    return Estimate(
        id=f"monitoring.pass.{row.form}",
        estimand="proportion",
        indicator="test_post",
        unit="share",
        value=float(interval.value),
        ci_low=float(interval.low),
        ci_high=float(interval.high),
        n=interval.n,
        method="first_attempt_pass_rate",
        interval_method="wilson",
        dims={"form": str(row.form), "mark": float(marks[row.form])},
        simulated=simulated,
        level=level,
    )


def _missing(part: str, table: str, frame: pd.DataFrame | None = None, *columns: str) -> Check:
    question = f"monitoring.check.{part}.question"
    return lacking(
        f"monitoring.{part}.possible", Topic.TRAINING_DATA, question, table, frame, *columns
    )
