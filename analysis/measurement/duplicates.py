"""Records that may stand twice: people, households, questionnaires, work orders.

Pairs are candidates for linkage, never merged here. Names are not known after ingest; keys are
pseudonyms, so that equal keys are equal people, and different keys may still be one person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.measurement.columns import instants, present
from analysis.measurement.quality import FAILED_SHARE
from analysis.memory import remembered
from analysis.results import Check, StageResults, Topic, collect
from analysis.tables import Rows, parts

ROWS_SHOWN = 200
"""Rows listed of each rule; the counts are never cut."""

_PROFILE = ("site_id", "role", "tier", "hired_on", "age_band", "education_band")
_NEAR_HOURS = 1.0


@dataclass(frozen=True, slots=True)
class Twice:
    """A rule: rows of ``table`` that belong together.

    ``groups`` takes the table and returns a Series on its index: the group of each row, NULL
    for rows the rule does not apply to. A group of several rows is one suspicion. Rows of a group
    agree in the first column that it ``needs``, by which a large table comes in parts.
    """

    id: str
    table: str
    key: str
    needs: tuple[str, ...]
    groups: Callable[[pd.DataFrame], pd.Series]
    reads: tuple[str, ...] = ()


def _joined(frame: pd.DataFrame, columns, where: pd.Series) -> pd.Series:
    """Give each combination of values a number; missing where a row does not take part."""
    used = [c for c in columns if c in frame]
    numbers = frame[used].groupby(used, dropna=False, observed=True, sort=False).ngroup()
    return numbers.astype("Int64").where(where)


def _same_profile(staff: pd.DataFrame) -> pd.Series:
    return _joined(staff, _PROFILE, staff["hired_on"].notna() & staff["site_id"].notna())


def _two_sites(surveys: pd.DataFrame) -> pd.Series:
    homes = surveys[["household_id", "site_id"]].dropna().drop_duplicates()
    twice = homes["household_id"].duplicated(keep=False)
    return _joined(homes, ["household_id"], twice).reindex(surveys.index)


def _same_answers(surveys: pd.DataFrame) -> pd.Series:
    """One household, one day, the same answers to every item, on different sheets."""
    known = surveys[surveys["household_id"].notna() & surveys["score"].notna()]
    sheets = known.groupby("response_id", sort=False, observed=True).agg(
        household=("household_id", "first"), at=("answered_at", "first")
    )
    day = instants(sheets["at"]).dt.floor("D")
    crowded = sheets.assign(day=day).duplicated(["household", "day"], keep=False)
    few = known[known["response_id"].isin(sheets.index[crowded.to_numpy()])]
    text = few["item"].astype(str) + "=" + few["score"].astype(str)
    answers = (
        text.sort_values().groupby(few["response_id"].astype(object), sort=False).agg("|".join)
    )
    whole = sheets.assign(day=day)[crowded.to_numpy()]
    whole = whole.assign(answers=answers.reindex(whole.index))
    numbers = whole.groupby(["household", "day", "answers"], observed=True, sort=False).ngroup()
    first = few.drop_duplicates("response_id")
    of_sheet = first["response_id"].map(numbers)
    return of_sheet.astype("Int64").reindex(surveys.index)


def _reported_again(tickets: pd.DataFrame) -> pd.Series:
    """One household, one subject, reported again within the hour under another number."""
    used = ["household_id", "kind", "category"]
    kept = tickets[tickets["household_id"].notna() & tickets["opened_at"].notna()]
    owner = kept[used].groupby(used, dropna=False, observed=True, sort=False).ngroup()
    rows = pd.DataFrame({"owner": owner, "at": instants(kept["opened_at"])})
    rows = rows.sort_values(["owner", "at"])
    apart = rows["at"].diff() > pd.Timedelta(hours=_NEAR_HOURS)
    return (apart | rows["owner"].diff().ne(0)).cumsum().astype("Int64").reindex(tickets.index)


RULES = (
    Twice("staff_same_profile", "staff", "staff_id", _PROFILE[:4], _same_profile, _PROFILE[4:]),
    Twice("household_two_sites", "surveys", "response_id", ("household_id", "site_id"), _two_sites),
    Twice(
        "sheet_twice",
        "surveys",
        "response_id",
        ("household_id", "answered_at", "score", "item"),
        _same_answers,
    ),
    Twice(
        "ticket_twice",
        "tickets",
        "ticket_id",
        ("household_id", "opened_at", "category"),
        _reported_again,
        ("kind",),
    ),
)


def duplicate_rows(
    given: Mapping[str, Rows], *, cap: int = ROWS_SHOWN
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Candidates for linkage.

    Returns
    -------
    counts : DataFrame
        ``rule, table, applies`` (rows asked), ``groups, rows`` (in groups of several), ``extra``
        (rows beyond the first of each group), ``share`` (``extra / applies``).
    listed : DataFrame
        ``rule, table, group, row``: keys of the first ``cap`` rows of each rule.
    """
    counts, listed = [], []
    for rule in RULES:
        frame = given.get(rule.table)
        if not present(frame, *rule.needs):
            continue
        (applies, groups, rows), found = _of_rule(rule, frame, cap)
        listed += found
        extra = rows - groups
        counts.append((rule.id, rule.table, applies, groups, rows, extra, extra / max(applies, 1)))
    columns = ["rule", "table", "applies", "groups", "rows", "extra", "share"]
    rows = pd.concat(listed, ignore_index=True) if listed else pd.DataFrame()
    rows = rows.reindex(columns=["rule", "table", "group", "row"])
    return pd.DataFrame(counts, columns=columns), rows


@remembered
def _of_rule(rule: Twice, frame: Rows, cap: int) -> tuple[tuple[int, int, int], list[pd.DataFrame]]:
    """Count the rows asked, the groups of several and the rows in them; list the first of these."""
    applies = groups = rows = taken = 0
    listed = []
    for part in parts(frame, [rule.key, *rule.needs, *rule.reads], by=rule.needs[0]):
        group = rule.groups(part)
        asked = group.notna()
        several = asked & group.duplicated(keep=False)
        applies += _applies(rule, part, asked)
        groups += int(group[several].nunique())
        mine = pd.DataFrame(
            {
                "group": group[several].astype("int64") + taken,
                "row": part.loc[several, rule.key],
            }
        )
        mine = mine.astype({"row": object}).sort_values(["group", "row"])
        mine = mine.head(max(cap - rows, 0))
        rows += int(several.sum())
        taken += int(group.max()) + 1 if asked.any() else 0
        listed.append(mine.assign(rule=rule.id, table=rule.table))
    return (applies, groups, rows), listed


def _applies(rule: Twice, frame: pd.DataFrame, asked: pd.Series) -> int:
    """Rows that could have been found; of questionnaires, the sheets of named households."""
    if rule.table != "surveys":
        return int(asked.sum())
    named = frame["household_id"].notna()
    counted = "household_id" if rule.id == "household_two_sites" else "response_id"
    return int(frame.loc[named, counted].nunique())


def assess_duplicates(given: Mapping[str, Rows]) -> StageResults:
    """Which records may stand twice.

    Parameters
    ----------
    given : Mapping[str, DataFrame or Stored]
        Canonical tables by name.

    Returns
    -------
    StageResults
        A check ``baseline.duplicates.<rule>`` for each rule that can be asked, tables
        ``duplicates`` (counts) and ``duplicate_rows`` (keys, capped).
    """
    counts, rows = duplicate_rows(given)
    if counts.empty:
        missing = Check(
            id="baseline.duplicates",
            topic=Topic.DUPLICATES,
            question="measurement.check.duplicates.question",
            status="not_possible",
            reason="measurement.reason.no_keys",
        )
        return collect("baseline", [missing])
    checks = [_check(row) for row in counts.itertuples()]
    return collect("baseline", checks, tables={"duplicates": counts, "duplicate_rows": rows})


def _check(row) -> Check:
    status = "passed" if row.extra == 0 else "caution"
    if row.share > FAILED_SHARE:
        status = "failed"
    return Check(
        id=f"baseline.duplicates.{row.rule}",
        topic=Topic.DUPLICATES,
        question=f"measurement.check.{row.rule}.question",
        status=status,
        value=float(row.share),
        threshold=FAILED_SHARE,
        unit="share",
        n=int(row.applies),
        reason=None if status == "passed" else "measurement.check.duplicates.reason",
        remedy=None if status == "passed" else f"measurement.check.{row.rule}.remedy",
        params={"groups": int(row.groups), "rows": int(row.rows), "applies": int(row.applies)},
        dims={"table": row.table, "rule": row.rule},
    )
