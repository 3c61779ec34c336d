"""Where the cells of a column come from: headers, joined headers, the file, the sheet, the row."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePath
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from analysis.client import ColumnMap
from analysis.ingest.cleaning import normalise
from analysis.ingest.readers import RawTable

_STRING = pd.ArrowDtype(pa.string())


def place(table: RawTable, mapping: ColumnMap) -> tuple[pd.Series, str]:
    """Return the raw cells of a mapping and what to call them."""
    parts = [_part(table, header) for header in mapping.header]
    if len(parts) == 1:
        return parts[0], mapping.header[0]
    texts = [part.map(_as_text).astype(_STRING) for part in parts]
    joined = texts[0].str.cat(texts[1:], sep=mapping.join)
    return joined, mapping.join.join(mapping.header)


def _part(table: RawTable, header: str) -> pd.Series:
    index = table.frame.index
    stem = PurePath(table.source.file).stem
    if header == "$file":
        return pd.Series(stem, index=index, dtype=object)
    if header == "$sheet":
        return pd.Series(table.source.sheet, index=index, dtype=object)
    if header == "$row":
        sheet = f":{table.source.sheet}" if table.source.sheet else ""
        return pd.Series([f"{stem}{sheet}:{n}" for n in table.row_numbers], index=index)
    return table.frame[header]  # $head and $cell are columns of a wide table turned to rows


def _as_text(cell: Any) -> str | None:
    if cell is None or cell is pd.NA or cell != cell:
        return None
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return normalise(str(cell))[0] or None


def by_pattern(
    raw: pd.Series, pattern: str, has_no_value: Callable[[Any], bool], *, numbers: bool = False
) -> tuple[pd.Series, np.ndarray, pd.Series]:
    """Return what a pattern takes out of each cell, and which filled cells it takes nothing of.

    Cells that say they have no value (``has_no_value``) stay as they are. Where ``numbers`` are
    meant, nothing is taken of a cell whose number the pattern cuts (4 of 4.5, 3 of 3星半), nor of
    one with digits that the pattern does not match (the 5 of 4/5). The third, of text, says by
    which rule; missing for other cells.
    """
    compiled = re.compile(pattern)
    known: dict[Any, Any] = {}
    broken: dict[Any, str] = {}
    for cell in raw.dropna().unique():
        if has_no_value(cell):
            known[cell] = cell
            continue
        found = compiled.search(_as_text(cell) or "")
        known[cell] = None if found is None else found[1] if compiled.groups else found[0]
        if numbers and found is not None:
            rule = _broken(found, 1 if compiled.groups else 0)
            if rule is not None:
                known[cell], broken[cell] = None, rule
    taken = raw.map(known).astype(object)
    return taken, (raw.notna() & taken.isna()).to_numpy(), raw.map(broken).astype(object)


def _broken(found: re.Match[str], group: int) -> str | None:
    if _cuts(found, group):
        return "pattern_cuts"
    around = found.string[: found.start()] + " " + found.string[found.end() :]
    return "pattern_leaves" if re.search(r"\d", around) else None


def _cuts(found: re.Match[str], group: int) -> bool:
    """Return whether a match ends or begins inside a number."""
    before, after = found.string[: found.start(group)], found.string[found.end(group) :]
    digits = found[group] or ""
    ends = digits[-1:].isdigit() and re.match(r"[.,]?\d", after)
    begins = digits[:1].isdigit() and re.search(r"\d[.,]?$", before)
    half = digits[-1:].isdigit() and re.match(r"\s*[星分点个颗]?\s*半", after)
    return bool(ends or begins or half)
