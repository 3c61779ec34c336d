"""Rows brought to the table's key: duplicates, wide questionnaires, aggregation, distinct."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from analysis.ingest import duplicates
from analysis.ingest.draft import Draft
from analysis.tables import ARROW_TYPES
from analysis.tables.digests import rows_alike

_STRING = pd.ArrowDtype(pa.string())
_AGGREGATIONS = ("sum", "mean", "min", "max", "first")
_REASONS = frozenset({"blank", "skipped", "not_applicable", "dont_know"})


def shape(draft: Draft) -> None:
    """Bring a draft to one row per key, by its declared rules; changed in place."""
    if draft.source.distinct:
        _distinct(draft)
    elif draft.source.aggregate is None or draft.source.duplicates.by:
        _duplicates(draft)
    if draft.source.unpivot is not None:
        _unpivot(draft)
    if draft.source.aggregate is not None:
        _aggregate(draft)


def _key(draft: Draft) -> list[str]:
    unpivot = draft.source.unpivot
    return [c for c in draft.table.key if unpivot is None or c != unpivot.name]


def _duplicates(draft: Draft) -> None:
    rule = draft.source.duplicates
    by = list(rule.by) or _key(draft)
    by = [column for column in by if column in draft.frame]
    if not by or draft.frame.empty or not len(alike := rows_alike(draft.frame, by)):
        return
    keys = draft.frame[by].iloc[alike]
    if rule.order_by is not None:
        place = "first" if rule.keep == "last" else "last"  # a row without a date never wins
        dates = draft.frame[rule.order_by].iloc[alike]
        order = dates.sort_values(kind="stable", na_position=place)
        keys = keys.loc[order.index]
    whole = keys.notna().all(axis=1)
    keep = "last" if rule.keep == "last" else "first"
    doubled = np.zeros(len(draft.frame), dtype=bool)
    doubled[alike] = (keys.duplicated(keep=keep) & whole).sort_index().to_numpy(dtype=bool)
    if rule.keep == "error":
        duplicates.tell(duplicates.within(draft, by, doubled), by[0])
        return
    if not rule.even_if_different:
        duplicates.tell_lost(draft, by, doubled)
    draft.keep(~doubled, "duplicate")


def _first_rows(draft: Draft, by: list[str]) -> np.ndarray:
    places = pd.Series(np.arange(len(draft.frame)))
    groups = draft.frame[by].reset_index(drop=True).groupby(by, dropna=False, sort=False).ngroup()
    return places.groupby(groups).transform("first").to_numpy()


def _distinct(draft: Draft) -> None:
    by = _key(draft)
    if draft.frame.empty or any(column not in draft.frame for column in by):
        return
    repeated = draft.frame.duplicated(by).to_numpy(dtype=bool)
    repeated = repeated & draft.frame[by].notna().all(axis=1).to_numpy(dtype=bool)
    first = _first_rows(draft, by)
    conflicts: dict[int, list[str]] = {}
    for column in draft.frame.columns.difference(by):
        values = draft.frame[column]
        before = values.iloc[first].reset_index(drop=True)
        same = (values == before).fillna(False) | (values.isna() & before.isna())
        for position in np.flatnonzero(~same.to_numpy(dtype=bool)):
            conflicts.setdefault(int(position), []).append(column)
    params = {
        p: {"columns": ", ".join(columns), "first_row": int(draft.row[first[p]])}
        for p, columns in conflicts.items()
    }
    draft.at(sorted(conflicts), "distinct_conflict", by[0], params_of=params)
    draft.keep(~repeated, "repeated")


def _unpivot(draft: Draft) -> None:
    """Turn one row per questionnaire into one row per answer, items in declared order."""
    unpivot = draft.source.unpivot
    length, items = len(draft.frame), list(unpivot.items)
    order = np.repeat(np.arange(length), len(items))
    long = draft.frame.iloc[order].reset_index(drop=True)
    long[unpivot.name] = pd.array(items * length, dtype=_STRING)
    place = np.arange(length * len(items)).reshape(len(items), length).T.ravel()
    dtype = pd.ArrowDtype(ARROW_TYPES[draft.table.columns[unpivot.value].kind])
    nothing = pd.Series([], dtype=dtype), pd.Series([], dtype=_STRING)
    taken = [draft.items.get(item, nothing) for item in items]  # an export may have no row
    values = pd.concat([cells for cells, _ in taken], ignore_index=True)
    reasons = pd.concat([told for _, told in taken], ignore_index=True)
    long[unpivot.value] = values.iloc[place].reset_index(drop=True).astype(dtype)
    if "missing" in draft.table.columns and "missing" not in long:
        told = reasons.iloc[place].reset_index(drop=True)
        told = told.where(told.isin(list(_REASONS)), "blank")
        long["missing"] = told.where(long[unpivot.value].isna(), None).astype(_STRING)
    draft.rows_added += length * (len(items) - 1)
    positions = {item: n for n, item in enumerate(items)}
    moved = []
    for problem in draft.problems:
        width = len(items)
        if problem.item is None:
            rows = (problem.rows[:, None] * width + np.arange(width)).ravel()
        else:
            rows = problem.rows * width + positions[problem.item]
        moved.append(type(problem)(problem.fault, rows, problem.column))
    draft.frame, draft.items, draft.problems = long, {}, moved
    draft.origin, draft.row = draft.origin[order], draft.row[order]
    if unpivot.skip_blank:
        draft.keep(long[unpivot.value].notna().to_numpy(dtype=bool), "unanswered")


def _mean_of_means(draft: Draft, by: list[str]) -> pd.Series:
    """Return means of several rows of one place, each weighing by its answers.

    Rows that become one without the number of answers behind each have no mean, and are told.
    """
    frame = draft.frame.reindex(columns=[*by, "score", "answers"])
    frame = frame[frame["score"].notna()]
    places = frame.groupby(by, sort=True, dropna=False)
    several = (places["score"].transform("size") > 1).to_numpy(dtype=bool)
    lacking = several & frame["answers"].isna().to_numpy(dtype=bool)
    draft.at(np.asarray(frame.index)[lacking], "mean_of_means", "score")
    each = frame["answers"].where(several, 1).astype("float64")
    sums = frame.assign(_sum=frame["score"].astype("float64") * each, _of=each)
    sums = sums.groupby(by, sort=True, dropna=False)[["_sum", "_of"]].sum(min_count=1)
    whole = draft.frame.groupby(by, sort=True, dropna=False).size().index
    return (sums["_sum"] / sums["_of"]).reindex(whole)


def _aggregate(draft: Draft) -> None:
    rule = draft.source.aggregate
    by = list(rule.by) or [c for c in _key(draft) if c in draft.frame]
    frame = draft.frame
    ruled = {c for how in _AGGREGATIONS for c in getattr(rule, how)}
    if not {*by, *ruled} <= set(frame.columns):
        return  # nothing could be read, which is told already
    groups = frame.groupby(by, sort=True, dropna=False)
    parts = {}
    for how in _AGGREGATIONS:
        for column in getattr(rule, how):
            if draft.source.table == "survey_means" and column == "score":
                parts[column] = _mean_of_means(draft, by)
            elif how == "sum":
                parts[column] = groups[column].sum(min_count=1)
            else:
                parts[column] = getattr(groups[column], how)()
    if rule.count is not None:
        parts[rule.count] = groups.size().astype(pd.ArrowDtype(pa.int64()))
    out = pd.DataFrame(parts).reset_index()
    for column in out.columns:
        dtype = pd.ArrowDtype(ARROW_TYPES[draft.table.columns[column].kind])
        out[column] = out[column].astype(dtype)
    number = groups.ngroup().to_numpy()
    first = pd.Series(np.arange(len(frame))).groupby(number, sort=True).first()
    draft.left_out["aggregated"] += len(frame) - len(out)
    places = first.to_numpy()
    draft.problems = [type(p)(p.fault, p.rows[:0], p.column) for p in draft.problems]
    draft.frame, draft.origin, draft.row = out, draft.origin[places], draft.row[places]
