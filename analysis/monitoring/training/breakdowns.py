"""Levels 1 and 2 by course, module, lecturer, mode and tier; first attempts apart from retests.

Shares carry Wilson intervals, which never leave 0 to 100 %. Nothing here is an effect.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from analysis.measurement.columns import floats, present
from analysis.measurement.intervals import wilson
from analysis.monitoring.alerts.rules import Rule, place_share, rules
from analysis.monitoring.inference.noise_tests import share_ever_below
from analysis.monitoring.inference.shrinkage import shrink_shares
from analysis.monitoring.training.levels import (
    attendance,
    reactions_by_sheet,
    satisfaction,
)
from analysis.monitoring.training.measures import reaction_subjects
from analysis.results import Check, StageResults, Topic, collect
from analysis.settings import LEVEL
from analysis.standards import Lines, course

WHO = ("tier", "age_band", "education_band")
"""Columns of the list of staff by which attendance is split."""

MUCH_LESS = 0.10
"""Attendance of a group below that of the others, from which it is worth acting on."""


def reaction_table(
    reactions: pd.DataFrame,
    instruments: pd.DataFrame,
    *,
    line: float | None,
    staff: pd.DataFrame | None = None,
    enrolments: pd.DataFrame | None = None,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Satisfied questionnaires by module, session, lecturer, mode and tier, against a line.

    Parameters
    ----------
    line : float or None
        Line of satisfaction with a course.
    staff, enrolments : DataFrame, optional
        For tiers (only where questionnaires are not anonymous) and modes (by session).
    level : float
        Coverage of intervals.

    Returns
    -------
    DataFrame
        ``by, subject, hits, n, value, ci_low, ci_high, against`` (``above``: the whole interval
        is at or above the line, ``below``, or ``unsure``; empty without a line).
    """
    sheets = reactions_by_sheet(reactions, instruments)
    if "staff_id" in reactions and present(staff, "tier"):
        who = reactions[["response_id", "staff_id"]].drop_duplicates("response_id")
        sheets = sheets.merge(who, on="response_id", how="left")
        sheets = sheets.merge(staff[["staff_id", "tier"]], on="staff_id", how="left")
    if present(enrolments, "mode", "session"):
        modes = (
            enrolments[["module", "session", "mode"]]
            .dropna()
            .drop_duplicates(["module", "session"])
        )
        sheets = sheets.merge(modes, on=["module", "session"], how="left")
    parts = []
    for by in ("module", "session", "lecturer_id", "mode", "tier"):
        if by in sheets and sheets[by].notna().any():
            table = satisfaction(sheets, [by], level=level).rename(columns={by: "subject"})
            table["subject"] = table["subject"].astype(str)
            parts.append(table.assign(by=by))
    columns = ["by", "subject", "hits", "n", "value", "ci_low", "ci_high"]
    table = pd.concat(parts, ignore_index=True)[columns]
    if line is None:
        return table.assign(against="")
    return table.assign(
        against=np.select(
            [table["ci_low"] >= line, table["ci_high"] < line], ["above", "below"], "unsure"
        )
    )


def participation_table(
    enrolments: pd.DataFrame, staff: pd.DataFrame | None = None, *, level: float = LEVEL
) -> pd.DataFrame:
    """Attendance by module and mode, and by tier, age and education of staff.

    Returns
    -------
    DataFrame
        ``by, subject, hits, n, value, ci_low, ci_high``.
    """
    known = [column for column in WHO if present(staff, column)]
    frame = enrolments
    if known:
        frame = frame.merge(staff[["staff_id", *known]], on="staff_id", how="left")
    parts = []
    for by in ("module", "mode", *known):
        if by in frame and frame[by].notna().any():
            table = attendance(frame.dropna(subset=[by]), [by], level=level).rename(
                columns={by: "subject"}
            )
            parts.append(table.assign(by=by, subject=table["subject"].astype(str)))
    table = pd.concat(parts, ignore_index=True)
    return table[["by", "subject", "hits", "n", "value", "ci_low", "ci_high"]]


def attendance_gaps(
    enrolments: pd.DataFrame, staff: pd.DataFrame, *, level: float = LEVEL
) -> pd.DataFrame:
    r"""Attendance of each group of staff less that of all others of the same split.

    The difference of two ratios, linearised over sites
    (:math:`d_g = (h_{1g} - \hat p_1 n_{1g})/n_1 - (h_{0g} - \hat p_0 n_{0g})/n_0`), with
    Student's t of :math:`G - 1` degrees of freedom: the sessions of one person and the people of
    one site are not independent. Intervals hold together over all groups (Bonferroni).

    Parameters
    ----------
    enrolments, staff : DataFrame
        Canonical tables.
    level : float
        Coverage of all intervals together.

    Returns
    -------
    DataFrame
        ``by, subject, n`` (sessions of the group), ``value, ci_low, ci_high``; without rows where
        fewer than two sites, or only one group of each split, are known.

    References
    ----------
    Cochran (1977), section 6.
    """
    rows: list[tuple[Any, ...]] = []
    for by in (column for column in WHO if present(staff, column)):
        known = enrolments[enrolments["attended"].notna()].merge(
            staff[["staff_id", "site_id", by]].dropna(), on="staff_id"
        )
        known = known.assign(came=floats(known["attended"]))
        sites = known["site_id"].nunique()
        for subject in sorted(known[by].astype(str).unique()):
            mine = (known[by].astype(str) == subject).to_numpy(bool)
            if sites > 1 and not mine.all():
                rows.append((by, subject, int(mine.sum()), *_gap(known, mine), sites - 1))
    columns = ["by", "subject", "n", "value", "se", "df"]
    table = pd.DataFrame(rows, columns=columns)
    share = 1 - (1 - level) / (2 * max(len(table), 1))
    half = table["se"] * stats.t.ppf(share, table["df"].to_numpy(float))
    table = table.assign(ci_low=table["value"] - half, ci_high=table["value"] + half)
    return table[["by", "subject", "n", "value", "ci_low", "ci_high"]]


def _gap(known: pd.DataFrame, mine: np.ndarray) -> tuple[float, float]:
    """Return the difference of a group's attendance from the others', and its standard error."""
    came, value, moved = known["came"].to_numpy(), 0.0, np.zeros(len(known))
    for rows, sign in ((mine, 1.0), (~mine, -1.0)):
        share = came[rows].mean()
        value += sign * share
        moved[rows] = sign * (came[rows] - share) / rows.sum()
    by_site = pd.Series(moved).groupby(known["site_id"].astype(object).to_numpy()).sum()
    sites = len(by_site)
    return float(value), float(np.sqrt(sites / (sites - 1) * (by_site**2).sum()))


def make_ups(enrolments: pd.DataFrame, *, level: float = LEVEL) -> pd.DataFrame:
    """Say how many who missed a module came to a later session of it.

    Returns
    -------
    DataFrame
        ``module, hits`` (made up), ``n`` (people who missed a session), ``value, ci_low,
        ci_high``.
    """
    known = enrolments[enrolments["attended"].notna() & enrolments["held_on"].notna()]
    came = floats(known["attended"]) == 1
    missed = known[~came].groupby(["module", "staff_id"], observed=True)["held_on"].min()
    last = known[came].groupby(["module", "staff_id"], observed=True)["held_on"].max()
    joined = missed.rename("missed").to_frame().join(last.rename("came"))
    done = joined["came"].notna() & (
        pd.to_datetime(joined["came"]) > pd.to_datetime(joined["missed"])
    )
    return _shares(done, done.index.get_level_values("module"), "module", level=level)


def retests(
    assessments: pd.DataFrame, marks: Mapping[str, float], *, level: float = LEVEL
) -> pd.DataFrame:
    """First attempts and retests after training, apart; who passed in the end.

    A retest is an attempt beyond the first, or of the occasion ``retest``. Only forms with a
    mark count.

    Returns
    -------
    DataFrame
        ``form, mark, step`` (``first``; ``retest``: among people who failed at first and sat
        again; ``never_sat``: share of those who failed and have not sat again; ``in_the_end``:
        passed at any attempt), ``hits, n, value, ci_low, ci_high``. Retests never count as first
        attempts.
    """
    kept = assessments["occasion"].isin(["post", "retest"]) & assessments["score"].notna()
    kept &= assessments["form"].isin(list(marks))
    frame = assessments[kept]
    passed = floats(frame["score"]) >= frame["form"].map(marks).to_numpy(dtype=float)
    first = (frame["attempt"] == 1).to_numpy(dtype=bool) & (frame["occasion"] == "post").to_numpy()
    frame = frame.assign(passed=passed, first=first)
    keys = ["form", "staff_id", "module"]
    one = frame[frame["first"]].groupby(keys, observed=True)["passed"].max()
    again = frame[~frame["first"]].groupby(keys, observed=True)["passed"].max()
    rows = []
    for form, firsts in one.groupby("form", observed=True):
        failed = firsts[~firsts]
        sat = again.reindex(failed.index)
        tried = sat.dropna().astype(bool)
        ever = firsts | again.reindex(firsts.index).fillna(value=False).astype(bool)
        steps = (
            ("first", firsts),
            ("retest", tried),
            ("never_sat", sat.isna()),
            ("in_the_end", ever),
        )
        for step, hit in steps:
            if len(hit):
                interval = wilson(int(hit.sum()), len(hit), level=level)
                cells = (interval.n, interval.value, interval.low, interval.high)
                rows.append((str(form), marks[form], step, int(hit.sum()), *cells))
    columns = ["form", "mark", "step", "hits", "n", "value", "ci_low", "ci_high"]
    return pd.DataFrame(rows, columns=columns)


def lecturer_standing(
    reactions: pd.DataFrame, instruments: pd.DataFrame, rule: Rule, *, level: float = LEVEL
) -> pd.DataFrame:
    """Say of every lecturer what the line of suspension allows to be said.

    Parameters
    ----------
    reactions, instruments : DataFrame
        Canonical tables.
    rule : Rule
        The alert rule ``lecturer_low``.
    level : float
        Coverage of intervals.

    Returns
    -------
    DataFrame
        ``lecturer_id, hits, n, value, ci_low, ci_high, line, least_n, p_value, standing``:
        ``suspend`` (the alert rule rings: a person decides), ``watch`` (below the line, chance
        may explain it), ``kept``, ``too_few``; ``drawn, drawn_low, drawn_high`` (the share drawn
        towards the other lecturers, see
        :func:`~analysis.monitoring.inference.shrinkage.shrink_shares`; NaN with fewer than three).
        Lowest first.
    """
    table = satisfaction(reactions_by_sheet(reactions, instruments), ["lecturer_id"], level=level)
    alike = reaction_subjects(reactions, instruments, "lecturer_id").set_index("subject")
    table = table.join(alike[["design_effect", "place"]], on="lecturer_id")
    enough = table["n"] >= rule.min_n
    p_values, standing = [], []
    for row, tested in zip(table.itertuples(), enough, strict=True):
        alpha = rule.alpha * place_share(int(row.place))
        test = share_ever_below(
            int(row.hits), int(row.n), rule.line, alpha, rule.min_n, row.design_effect
        )
        p_values.append(test.p_value if tested else np.nan)
        below = "suspend" if test.fires else "watch" if row.value < rule.line else "kept"
        standing.append(below if tested else "too_few")
    table = table.drop(columns=["design_effect", "place"])
    table = table.assign(line=rule.line, least_n=rule.min_n, p_value=p_values, standing=standing)
    drawn = shrink_shares(table["hits"].to_numpy(), table["n"].to_numpy(), level=level)
    table = table.assign(
        drawn=np.nan if drawn is None else drawn.value,
        drawn_low=np.nan if drawn is None else drawn.low,
        drawn_high=np.nan if drawn is None else drawn.high,
    )
    return table.sort_values("value", ignore_index=True)


def _shares(hit: pd.Series, by: pd.Index, name: str, level: float) -> pd.DataFrame:
    rows = []
    for subject, cell in hit.groupby(by, observed=True):
        interval = wilson(int(cell.sum()), len(cell), level=level)
        cells = (interval.n, interval.value, interval.low, interval.high)
        rows.append((subject, int(cell.sum()), *cells))
    return pd.DataFrame(rows, columns=[name, "hits", "n", "value", "ci_low", "ci_high"])


def assess_breakdowns(
    enrolments: pd.DataFrame | None,
    reactions: pd.DataFrame | None,
    assessments: pd.DataFrame | None,
    instruments: pd.DataFrame | None,
    *,
    staff: pd.DataFrame | None = None,
    lines: Lines | None = None,
    level: float = LEVEL,
) -> StageResults:
    """Tables of levels 1 and 2 in all breakdowns that the tables at hand allow.

    Parameters
    ----------
    enrolments, reactions, assessments, instruments, staff : DataFrame or None
        Canonical tables; what is None leaves its breakdowns out.
    lines : Lines, optional
        What the client's programme is held to; the lines of the course without it.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Tables ``reaction_by, participation_by, make_ups``, and where lines are drawn ``retests,
        lecturer_standing``; fact ``satisfaction_line`` (None without one); check
        ``monitoring.who_came``, of :func:`attendance_gaps`, where tier, age or education of staff
        is known.
    """
    tables, checks = {}, []
    lines = lines or course()
    line, marks = lines.of("course_satisfaction"), lines.of("pass_marks")
    suspend = next((rule for rule in rules(lines) if rule.id == "lecturer_low"), None)
    if present(reactions, "score") and present(instruments, "scale_max"):
        tables["reaction_by"] = reaction_table(
            reactions,
            instruments,
            line=line,
            staff=staff,
            enrolments=enrolments,
            level=level,
        )
        if suspend is not None and present(reactions, "lecturer_id"):
            standing = lecturer_standing(reactions, instruments, suspend, level=level)
            tables["lecturer_standing"] = standing
    if present(enrolments, "attended"):
        tables["participation_by"] = participation_table(enrolments, staff, level=level)
        if any(present(staff, column) for column in WHO):
            checks.append(_who_came(attendance_gaps(enrolments, staff, level=level)))
        if present(enrolments, "held_on"):
            tables["make_ups"] = make_ups(enrolments, level=level)
    if marks and present(assessments, "score"):
        tables["retests"] = retests(assessments, marks, level=level)
    return collect("monitoring", checks, facts={"satisfaction_line": line}, tables=tables)


def _who_came(gaps: pd.DataFrame) -> Check:
    """Ask whether some group of staff came much less often than the others (R153)."""
    asked = {
        "id": "monitoring.who_came",
        "topic": Topic.STAFF,
        "question": "monitoring.check.who_came.question",
    }
    if gaps.empty:
        return Check(**asked, status="not_possible", reason="monitoring.check.who_came.one_group")
    lowest = gaps.loc[gaps["value"].idxmin()]
    less = lowest["ci_high"] < 0 and lowest["value"] <= -MUCH_LESS
    open_ = not less and lowest["ci_low"] <= -MUCH_LESS
    return Check(
        **asked,
        status="caution" if less else "not_possible" if open_ else "passed",
        value=float(lowest["value"]),
        threshold=-MUCH_LESS,
        unit="share_difference",
        n=int(lowest["n"]),
        reason=f"monitoring.check.who_came.{'less' if less else 'open' if open_ else 'alike'}",
        remedy="monitoring.check.who_came.remedy" if less else None,
        params={
            "by": f"monitoring.split_by.{lowest['by']}",
            "subject": _named(lowest["by"], str(lowest["subject"])),
            "low": float(lowest["ci_low"]),
            "high": float(lowest["ci_high"]),
            "outcome_unit": "share",
        },
    )


def _named(by: str, subject: str) -> str:
    """Return what a group of staff is called; tiers have words of their own."""
    return f"terms.tier.{subject}" if by == "tier" else subject
