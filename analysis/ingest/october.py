"""October that became January: 2024.10 loses its zero, and a declared format reads 2024.1.

Where the cells of a column tell that 2024.1 may be either, it is refused. A declared ``format``
says that it is January; but then October stands there as January too, and a second January would
be called a repetition of the first.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.ingest.draft import Draft

RULE = "october_lost"
MONTH = "month"
_REPEATS = frozenset({"repeat_same", "repeat_differs"})
_JANUARY, _SEPTEMBER, _OCTOBER, _NOVEMBER = 1, 9, 10, 11


def tell(draft: Draft) -> None:
    """Add a problem for each January that stands where October is missing.

    That is a January of a year whose October a sheet lacks although it has September or November,
    if it follows September or is followed by November in the order of the rows, or if its key
    stands twice. What was told of such rows as repetitions is taken back.

    Parameters
    ----------
    draft : Draft
        Before duplicates are looked at; gets the problems.
    """
    doubtful = _doubtful(draft)
    if not doubtful.any():
        return
    lost = doubtful & _in_place_of_october(draft)
    keys = [column for column in draft.table.key if column in draft.frame]
    if draft.source.aggregate is None and draft.source.unpivot is None:
        lost |= doubtful & draft.frame.duplicated(keys).to_numpy(dtype=bool)
    for problem in draft.problems:
        if problem.fault.rule in _REPEATS:
            lost[problem.rows[doubtful[problem.rows]]] = True
    if not lost.any():
        return
    draft.problems = [p for p in draft.problems if not _taken_back(p, doubtful)]
    draft.at(np.flatnonzero(lost), RULE, MONTH)


def told_of(draft: Draft) -> np.ndarray:
    """Return for each row whether it may be the October that another row is compared with."""
    found = np.zeros(len(draft.frame), dtype=bool)
    if any(problem.fault.rule == RULE for problem in draft.problems):
        found = _doubtful(draft)
    return found


def _taken_back(problem, doubtful: np.ndarray) -> bool:
    rows = problem.rows
    return problem.fault.rule in _REPEATS and bool(len(rows)) and bool(doubtful[rows].all())


def _doubtful(draft: Draft) -> np.ndarray:
    """Return which rows are Januaries, read by a format with a dot, of a year without October."""
    mapping = draft.source.columns.get(MONTH)
    nothing = np.zeros(len(draft.frame), dtype=bool)
    if mapping is None or ".%m" not in (mapping.format or "") or MONTH not in draft.frame:
        return nothing
    days = pd.to_datetime(draft.frame[MONTH])
    known = pd.DataFrame(
        {"sheet": draft.origin, "year": days.dt.year.to_numpy(), "month": days.dt.month.to_numpy()}
    )
    by = known.groupby(["sheet", "year"], dropna=False)["month"]
    has = {m: by.transform(lambda months, m=m: (months == m).any()) for m in (9, 10, 11)}
    around = has[_SEPTEMBER] | has[_NOVEMBER]
    found = (known["month"] == _JANUARY) & around & ~has[_OCTOBER].astype(bool)
    return found.fillna(False).to_numpy(dtype=bool)


def _in_place_of_october(draft: Draft) -> np.ndarray:
    """Return which rows stand after a September or before a November of their year and sheet."""
    days = pd.to_datetime(draft.frame[MONTH])
    running = (days.dt.year * 12 + days.dt.month).astype("float64").to_numpy(float, na_value=np.nan)
    stretch = np.r_[True, (running[1:] != running[:-1]) | (draft.origin[1:] != draft.origin[:-1])]
    number = np.cumsum(stretch) - 1
    value, sheet = running[stretch], draft.origin[stretch]
    before = np.r_[np.nan, np.where(sheet[1:] == sheet[:-1], value[:-1], np.nan)]
    after = np.r_[np.where(sheet[1:] == sheet[:-1], value[1:], np.nan), np.nan]
    to_september, to_november = _SEPTEMBER - _JANUARY, _NOVEMBER - _JANUARY
    beside = np.isin(before - value, (to_september, to_november))
    beside |= np.isin(after - value, (to_september, to_november))
    return beside[number]
