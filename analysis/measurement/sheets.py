"""Answer sheets: one row per questionnaire handed in, one column an item."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.measurement.columns import floats, present
from analysis.tables import Rows, Stored, parts


@dataclass(frozen=True, slots=True)
class Sheets:
    """The answers to one instrument.

    Attributes
    ----------
    instrument : str
    scores : DataFrame
        Sheets × items, NaN where unanswered; index is the sheet, a number where the answers are
        stored.
    about : DataFrame
        The columns asked for (site …), one row per sheet, in the order of ``scores``.
    factors : dict
        Items by dimension, as :func:`declared_factors` reads them.
    width : float
        Points from the lowest to the highest answer of the scale.
    """

    instrument: str
    scores: pd.DataFrame
    about: pd.DataFrame
    factors: dict[str, tuple[str, ...]]
    width: float


def answer_sheets(
    answers: Rows | None,
    instruments: pd.DataFrame | None,
    *,
    sheet: str = "response_id",
    about: Sequence[str] = (),
) -> Iterator[Sheets]:
    """Sheets of each instrument whose items share one scale, in alphabetical order.

    All items but those of role ``nps`` take part. An instrument answered by nobody, or
    with fewer than two items answered, is passed over. Of stored answers only the scores and what
    is asked about the sheets are in memory.
    """
    if not present(answers, "score") or not present(instruments, "item"):
        return
    taking_part = instruments[instruments["role"] != "nps"]
    needed = list(dict.fromkeys(["instrument", "item", "score", sheet, *about]))
    for instrument, described in taking_part.groupby("instrument", sort=True, observed=True):
        scales = described[["scale_min", "scale_max"]].drop_duplicates()
        if len(scales) != 1:
            continue
        found = []
        for part in parts(answers, needed, by=sheet):
            asked = part["item"].isin(described["item"]) & (part["instrument"] == instrument)
            mine = part.loc[part["score"].notna() & asked, needed]
            found.append(_filled_in(mine, sheet, about, named=not isinstance(answers, Stored)))
        scores, extra = (pd.concat(side) for side in zip(*found, strict=True))
        if isinstance(answers, Stored):
            scores.index = extra.index = pd.RangeIndex(len(scores), name="sheet")
            scores = scores.sort_index(axis=1)
        if scores.shape[1] < 2:
            continue
        answered = described[described["item"].isin(scores.columns)]
        yield Sheets(
            str(instrument),
            scores,
            extra,
            declared_factors(answered),
            float((floats(scales["scale_max"]) - floats(scales["scale_min"]))[0]),
        )


def _filled_in(
    mine: pd.DataFrame, sheet: str, about: Sequence[str], *, named: bool
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores of the sheets by item, and what is asked about the sheets, in the same order."""
    row, sheets = pd.factorize(mine[sheet], sort=True)
    column, items = pd.factorize(mine["item"], sort=True)
    table = np.full((len(sheets), len(items)), np.nan)
    table[row, column] = floats(mine["score"])  # of an item answered twice, the last counts
    index = pd.Index(np.asarray(sheets, dtype=object) if named else range(len(sheets)))
    index = index.rename("sheet")
    scores = pd.DataFrame(table, index=index, columns=np.asarray(items, dtype=object))
    once = ~pd.Series(row).duplicated().to_numpy()
    extra = mine.loc[once, list(about)].astype(object)
    extra.index = index[row[once]]
    return scores, extra.loc[scores.index]


def declared_factors(described: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """Items by declared dimension; all items as one when a dimension has fewer than two.

    Parameters
    ----------
    described : DataFrame
        Rows of ``instruments`` for one instrument.
    """
    items = tuple(described["item"].astype(str))
    if "dimension" in described and described["dimension"].notna().all():
        named = described.assign(dimension=described["dimension"].astype(str))
        by = {
            name: tuple(each["item"].astype(str))
            for name, each in named.groupby("dimension", sort=False)
        }
        if len(by) > 1 and min(map(len, by.values())) >= 2:
            return by
    return {"all": items}
