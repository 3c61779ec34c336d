"""Cells that show damage done before the file reached us: formulas as text, wrong decoding."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from analysis.ingest.bytewise import distinct_if_few, may_begin_with

_FORMULA_START = r"^\s*[=+\-@]"
_FORMULA = re.compile(
    r"\s*(?:=[A-Za-z0-9(+\-@'$]"
    r"|=\s*\"[^\"]*\"\s*[&+]"
    r"|[+\-@]\s*[A-Za-z][A-Za-z.]{0,14}\("
    r"|[+\-]\s*\$?[A-Z]{1,3}\$?\d{1,7}\s*[-+*/&]"
    r"|[+\-@]\s*\d+\s*[-+*/][^|]*\|)"
)
_LOST = re.compile("\ufffd|锟斤拷|锟斤")
_LATIN_RUN = re.compile("[\u00c0-\u00ff][\u0080-\u00ff\u0152-\u2122]+")


def _utf8_leads_in_gbk() -> str:
    """Return the characters whose GBK bytes begin like a Chinese character in UTF-8."""
    pairs = (
        bytes((lead, trail)) for lead in (*range(0xE3, 0xEA), 0xEF) for trail in range(0x80, 0xC0)
    )
    return "".join(sorted({pair.decode("gbk", errors="ignore") for pair in pairs} - {""}))


_SUSPECT = f"[{_utf8_leads_in_gbk()}]|[\u00c0-\u00ff][\u0080-\u00ff\u0152-\u2122]|\ufffd|锟斤"
_CJK = re.compile("[\u3400-\u9fff]")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")


def is_formula(text: str) -> bool:
    """Whether a cell's text is a formula; ``-5``, ``- 没有`` and ``="00123"`` are not."""
    return bool(_FORMULA.match(text))


def repaired(text: str) -> str | None:
    """Return what wrongly decoded text was meant to be, or None when it looks right.

    Chinese UTF-8 read as GBK (娴嬭瘯 for 测试) and Chinese read as Latin-1 are recognised: by
    turning the reading round and finding valid Chinese.
    """
    parts = (part.encode("gb18030", errors="ignore") for part in text.split("\ufffd"))
    gb = b"\xff".join(parts).decode("utf-8", errors="replace")
    lost, found = gb.count("\ufffd"), len(_CJK.findall(gb))
    # Without a longer run to judge by, a single character proves nothing.
    if found >= 2 and lost <= 1 + text.count("\ufffd") * 2 + found // 4 and _only_chinese(gb):
        return gb.replace("\ufffd", "…")
    for run in _LATIN_RUN.findall(text):
        for codec in ("cp1252", "latin-1"):
            try:
                content = run.encode(codec)
            except UnicodeEncodeError:
                continue
            for encoding in ("utf-8", "gb18030"):
                try:
                    meant = content.decode(encoding)
                except UnicodeDecodeError:
                    continue
                if len(_CJK.findall(meant)) >= (1 if encoding == "utf-8" else 2) and len(
                    _CJK.findall(meant)
                ) >= 0.6 * len(meant):
                    return text.replace(run, meant)
    return None


def _only_chinese(text: str) -> bool:
    beyond = "".join(_NOT_ASCII.findall(text)).replace("\ufffd", "")
    usual = re.findall("[\u2010-\u2026\u3000-\u303f\u3400-\u9fff\uff00-\uffef]", beyond)
    return len(usual) >= 0.9 * len(beyond)


def lost_characters(text: str) -> bool:
    """Whether a conversion has replaced characters (� or 锟斤拷)."""
    return bool(_LOST.search(text))


def formula_cells(column: pd.Series) -> Iterator[tuple[int, str]]:
    """Yield position and text of each cell that holds a formula as text."""
    return ((i, text) for i, text in _matching(column, _FORMULA_START) if is_formula(text))


def damaged_cells(column: pd.Series) -> Iterator[tuple[int, str, str | None]]:
    """Yield position, text and repair (None when characters are lost) of wrongly decoded cells."""
    verdicts: dict[str, tuple[bool, str | None]] = {}
    for i, text in _matching(column, _SUSPECT):
        if text not in verdicts:
            meant = repaired(text)
            verdicts[text] = (meant is not None or lost_characters(text), meant)
        wrong, meant = verdicts[text]
        if wrong:
            yield i, text, meant


def _matching(column: pd.Series, pattern: str) -> Iterator[tuple[int, str]]:
    if column.dtype == object:
        cells = pa.array([c if isinstance(c, str) else None for c in column], pa.large_string())
    else:
        cells = pa.array(column, pa.large_string(), from_pandas=True)
    if isinstance(cells, pa.ChunkedArray):
        cells = cells.combine_chunks()
    if pattern is _SUSPECT and pc.all(pc.string_is_ascii(cells)).as_py() is not False:
        return  # wrongly decoded text is never plain ASCII
    if pattern is _FORMULA_START and not may_begin_with(cells, "=+-@"):
        return
    few = distinct_if_few(cells)
    if few is not cells and not pc.any(pc.match_substring_regex(few, pattern)).as_py():
        return
    hits = pc.fill_null(pc.match_substring_regex(cells, pattern), False)
    for i in pc.indices_nonzero(hits).to_pylist():
        yield i, cells[i].as_py()
