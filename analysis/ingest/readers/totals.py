"""Rows that repeat what stands above them: totals and subtotals, wherever they are marked."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from analysis.ingest.bytewise import distinct_if_few, may_hold

MARKERS = ("合计", "小计", "总计", "共计", "total", "subtotal", "grand total")
"""Words that mark a total when they are a whole cell, or the end of a short one."""

SUSPICIOUS = (
    "累计", "汇总", "总和", "总数", "总额", "∑", "Σ", "合计数", "全小区", "整个小区", "全部楼栋",
    "所有楼栋", "全项目", "全部", "全部项目", "所有项目", "全公司", "公司合计",
    "平均", "平均值", "均值", "average", "mean", "sum", "all", "all sites", "overall", "cumulative",
)  # fmt: skip
"""Words that may stand for other rows together: no case, or one with an odd name."""

_LONGEST = 30
_SPACES = r"[\x09-\x0d\x1c-\x20]"
_COUNTED = r":?\(?[-+¥]?\d[\d,]*(?:\.\d+)?(?:[^\d\x00-\x7f]{0,3}|[a-z]*)"
"""What stands after a word of a total that tells its sum: 小计：3单, Total: 3 tickets."""
_WORD_BEFORE = r"(?:^|[\s\-–—:()/])"


def squeezed(cell: Any) -> str:
    """Return a cell's text with widths folded, without spaces and a colon at its end."""
    text = str(cell)
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return "".join(text.split()).rstrip(":")


class TotalWords:
    """Recognises the words of a total; ``markers`` are those of the source.

    Examples
    --------
    >>> words = TotalWords(("合计", "total"))
    >>> words.whole("合 计："), words.ends("3栋合计"), words.ends("Block A total")
    (True, True, True)
    >>> words.ends("Nototal"), words.ends("合计：3单"), words.ends("Total: 3 tickets")
    (False, True, True)
    """

    def __init__(self, markers: Sequence[str]) -> None:
        self._markers = frozenset(squeezed(marker).lower() for marker in markers)
        latin = [marker for marker in markers if marker.isascii()]
        self._ends = tuple(squeezed(marker) for marker in markers if not marker.isascii())
        pattern = "|".join(re.escape(marker) for marker in latin)
        self._latin = re.compile(f"{_WORD_BEFORE}(?:{pattern})$", re.I) if latin else None
        letters = (f"{_SPACES}*".join(map(re.escape, squeezed(marker))) for marker in latin)
        self._letters = tuple(latin)
        spelled = "|".join(map(re.escape, sorted(self._markers, key=len, reverse=True)))
        self._counted = re.compile(f"(?:{spelled}){_COUNTED}") if markers else None
        self._may = "|".join((r"[^\x00-\x7f]", *(f"(?i:{spaced})" for spaced in letters)))

    def may_end(self, texts: pa.Array, others: Sequence[str] = ()) -> np.ndarray:
        """Return which texts may end with a word of a total or be one of ``others``; bool, (n,).

        Ids, days and numbers cannot; they are passed over many at once.
        """
        texts = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
        plain = [text for text in others if text.isascii()]
        ascii_only = pc.all(pc.string_is_ascii(texts)).as_py() is not False
        if ascii_only and not may_hold(texts, (*self._letters, *plain)):
            return np.zeros(len(texts), dtype=bool)
        spaced = (f"{_SPACES}*".join(map(re.escape, text)) for text in plain)
        pattern = "|".join((self._may, *spaced))
        return _hits(texts, pattern)

    def said_by(self, column: pd.Series) -> set[str]:
        """Return the distinct texts of a column that are nothing but a word of a total."""
        if column.dtype == object:
            texts = {cell for cell in pd.unique(column.dropna()) if isinstance(cell, str)}
            return {text for text in texts if self.whole(text)}
        texts = pa.array(column, from_pandas=True)
        texts = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
        texts = distinct_if_few(texts)
        texts = texts.filter(pa.array(self.may_end(texts))).unique()
        return {text for text in texts.to_pylist() if self.whole(text)}

    def whole(self, cell: Any) -> bool:
        """Return whether a cell is nothing but a word of a total, in brackets or not."""
        text = squeezed(cell).lower()
        return text in self._markers or text.strip("()[]【】<>*#-—_=") in self._markers

    def ends(self, cell: Any) -> bool:
        """Return whether a cell ends with a word of a total, is one, or is one with its sum."""
        if self.whole(cell):
            return True
        text = squeezed(cell).rstrip(")")
        if self._counted is not None and self._counted.fullmatch(text.lower()):
            return True
        if len(text) > _LONGEST or not (self._ends or self._latin):
            return False
        if self._ends and text.endswith(self._ends):
            return True
        plain = str(cell).strip().rstrip(":： ")
        return self._latin is not None and self._latin.search(plain) is not None


def _hits(texts: pa.Array, pattern: str) -> np.ndarray:
    found = pc.fill_null(pc.match_substring_regex(texts, pattern), False)
    return found.to_numpy(zero_copy_only=False)


def marked(frame: pd.DataFrame, empty: pd.DataFrame, words: TotalWords) -> np.ndarray:
    """Return for each row the first column after its first cell that says total, else -1.

    Parameters
    ----------
    frame, empty : DataFrame
        Raw cells, and which of them are empty; the same shape.
    words : TotalWords
        Of the source.
    """
    found = np.full(len(frame), -1, dtype=np.int64)
    for i in range(frame.shape[1] - 1, 0, -1):
        column = frame.iloc[:, i]
        if said := words.said_by(column):
            found[column.isin(said).to_numpy()] = i
    return found


def stand_alone(
    frame: pd.DataFrame, empty: pd.DataFrame, at: np.ndarray, total: np.ndarray
) -> np.ndarray:
    """Return which marked rows have no row above them that they could be the total of.

    A row marked in column ``at`` sums rows that agree with it in the columns to the left; where
    the row before is another group's, a total or nothing, the marked row is the only one of
    its group, and leaving it out would lose its value.

    Parameters
    ----------
    frame, empty : DataFrame
        Raw cells, and which of them are empty.
    at : ndarray of int64
        Column of the word, -1 for rows without one, shape (rows,).
    total : ndarray of bool
        All rows that say total, shape (rows,).
    """
    alone = np.zeros(len(frame), dtype=bool)
    if not (at > 0).any():
        return alone
    cells = frame.to_numpy(dtype=object)
    blank = empty.to_numpy().all(axis=1)
    for i in np.flatnonzero(at > 0):
        before = i - 1
        while before >= 0 and (blank[before] or (total[before] and at[before] > at[i])):
            before -= 1
        if before >= 0 and total[before]:
            alone[i] = at[before] == at[i] or at[before] <= 0
            continue
        left = slice(0, int(at[i]))
        named = ~(empty.to_numpy()[i, left] | empty.to_numpy()[before, left])
        alone[i] = before < 0 or any(
            squeezed(here) != squeezed(there)
            for here, there in zip(cells[i, left][named], cells[before, left][named], strict=True)
        )
    return alone
