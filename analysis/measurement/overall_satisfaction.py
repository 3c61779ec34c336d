"""Answers on overall satisfaction: counted by score, and weighted to those who were asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from analysis.indicators.rounds import Rounds
from analysis.memory import remembered
from analysis.tables import Rows, parts, periods_of

READ = ("instrument", "item", "score", "site_id", "answered_at", "channel")
"""Columns of the answers that anything here reads."""


def overall_answers(
    surveys: Rows, instruments: pd.DataFrame, columns: Sequence[str]
) -> Iterator[pd.DataFrame]:
    """Give the answers on overall satisfaction that have a score, part by part.

    Parameters
    ----------
    surveys : DataFrame or Stored
        Canonical table.
    instruments : DataFrame
        Canonical table; says which items ask for overall satisfaction.
    columns : sequence of str
        Columns of ``surveys`` to keep besides ``instrument``, ``item`` and ``score``.

    Yields
    ------
    DataFrame
        One row per answer.
    """
    overall = instruments.loc[instruments["role"] == "overall", ["instrument", "item"]]
    names = ["instrument", "item", "score", *columns]
    for part in parts(surveys, names):
        yield part[names].merge(overall, on=["instrument", "item"]).dropna(subset=["score"])


@remembered
def label_counts(
    surveys: Rows | None,
    instruments: pd.DataFrame | None,
    cohort: pd.Series,
    timezone: str,
) -> pd.DataFrame | None:
    """Count the answers on overall satisfaction by site, month and score.

    Parameters
    ----------
    surveys, instruments : DataFrame or None
        Canonical tables.
    cohort : Series
        First month of training by site; NaN for sites never trained. Other sites do not count.
    timezone : str
        In which an answer's month is read.

    Returns
    -------
    DataFrame or None
        ``unit``, ``period``, ``cohort``, ``label``, ``count``; None where a table is missing or
        nobody answered.
    """
    if surveys is None or instruments is None:
        return None
    found = []
    for answers in overall_answers(surveys, instruments, ["site_id", "answered_at"]):
        rows = answers[answers["site_id"].isin(cohort.index)]
        local = pd.to_datetime(rows["answered_at"], utc=True).dt.tz_convert(timezone)
        rows = pd.DataFrame(
            {
                "unit": rows["site_id"].astype(str),
                "period": periods_of(local).astype("int64"),
                "label": rows["score"].astype(float),
            }
        )
        found.append(rows.groupby(["unit", "period", "label"]).size().rename("count"))
    counts = pd.concat(found).groupby(level=["unit", "period", "label"]).sum().reset_index()
    if counts.empty:
        return None
    return counts.assign(cohort=counts["unit"].map(cohort).astype(float))


def in_rounds(counts: pd.DataFrame, rounds: Rounds) -> pd.DataFrame:
    """Count answers by round of measurement instead of by month, labels apart.

    Parameters
    ----------
    counts : DataFrame
        As :func:`label_counts` returns it.
    rounds : Rounds
        In which the outcome was measured.

    Returns
    -------
    DataFrame
        As ``counts``, with rounds for ``period`` and ``cohort``.
    """
    number = {month: rounds.round_of(month) for month in counts["period"].unique()}
    first = {g: float(rounds.first_round(g)) for g in counts["cohort"].dropna().unique()}
    kept = counts.assign(period=counts["period"].map(number), cohort=counts["cohort"].map(first))
    kept = kept[kept["period"] <= len(rounds.months)]
    by = ["unit", "period", "label", "cohort"]
    return kept.groupby(by, dropna=False, as_index=False)["count"].sum()


@remembered
def weighted_outcome(
    surveys: Rows | None,
    instruments: pd.DataFrame | None,
    invitations: pd.DataFrame | None,
    frame: pd.DataFrame,
    timezone: str,
) -> pd.DataFrame | None:
    """Return mean satisfaction weighted to the channels by which customers were asked.

    In a site and month each channel counts by its invitations instead of its answers, so that a
    channel in which few answer counts as much as one in which many do. A channel without any
    answer cannot be weighted and is left out.

    Parameters
    ----------
    surveys, instruments, invitations : DataFrame or None
        Canonical tables.
    frame : DataFrame
        The unweighted outcome; its site-months and cohorts are kept.
    timezone : str
        In which an answer's month is read.

    Returns
    -------
    DataFrame or None
        ``unit``, ``period``, ``y``, ``n``, ``cohort``; None where a table is missing or fewer
        than two channels were used.
    """
    if surveys is None or instruments is None or invitations is None:
        return None
    answers = overall_answers(surveys, instruments, ["site_id", "answered_at", "channel"])
    rows = pd.concat(answers, ignore_index=True).dropna(subset=["channel"])
    if rows["channel"].nunique() < 2:
        return None
    local = pd.to_datetime(rows["answered_at"], utc=True).dt.tz_convert(timezone)
    rows = rows.assign(unit=rows["site_id"], period=periods_of(local))
    answered = rows.groupby(["unit", "period", "channel"])["score"].agg(["mean", "size"])
    month = pd.to_datetime(invitations["month"])
    asked = invitations.assign(unit=invitations["site_id"], period=periods_of(month))
    asked = asked.groupby(["unit", "period", "channel"])["invited"].sum()
    cells = answered.join(asked, how="inner").query("invited > 0").reset_index()
    cells["scored"] = cells["mean"] * cells["invited"]
    sums = cells.groupby(["unit", "period"], as_index=False)[["scored", "invited", "size"]].sum()
    sums = sums.assign(y=sums["scored"] / sums["invited"], n=sums["size"].astype(float))
    cohort = frame.drop_duplicates("unit").set_index("unit")["cohort"]
    found = sums[sums["unit"].isin(cohort.index)]
    found = found.assign(cohort=found["unit"].map(cohort))
    return found[["unit", "period", "y", "n", "cohort"]].reset_index(drop=True)
