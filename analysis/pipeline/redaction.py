"""Taking pseudonyms out of the files of a client's runs and decisions, however they wrap them."""

from __future__ import annotations

import base64
import binascii
import io
import json
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from analysis.files import remove, replace_file
from analysis.ingest.clearing import records
from analysis.ingest.person import ACTED_IN

NOBODY = b"0" * 32
"""Stands in pages and results where a person's pseudonym stood."""

_BASE64 = re.compile(rb"[A-Za-z0-9+/]{44,}={0,2}")
_DEEPEST = 3


def redact(path: Path, pseudonyms: Sequence[str], *, entries: bool = False) -> int:
    """Take pseudonyms out of one file; return how many rows, entries or places held one.

    Of Parquet and CSV the rows go, but for the columns of :data:`ACTED_IN` in canonical tables,
    which are emptied. In all other files :data:`NOBODY` stands in their place; data within pages,
    notebooks and workbooks too. A PDF that may show one is removed: it can be printed again.

    Parameters
    ----------
    path : Path
        The file; replaced in one step, and not touched where it holds none of them.
    pseudonyms : Sequence of str
        32 hexadecimal digits each.
    entries : bool
        Whether the list entries of a JSON file go as a whole, as of a history.
    """
    if path.suffix == ".parquet":
        return _parquet(path, pseudonyms)
    content = path.read_bytes()
    wanted = re.compile(b"|".join(p.encode() for p in pseudonyms))
    if path.suffix == ".csv":
        return _csv(path, content, wanted)
    if entries and path.suffix == ".json":
        return _json(path, content, wanted)
    changed, count = _bytes(content, wanted, 0)
    if count:
        replace_file(path, lambda target: target.write_bytes(changed))
    return count


def drop_prints(run: Path) -> int:
    """Remove the PDFs of a run and what was exported of it; return how many there were.

    Their text cannot be searched, or is another page's; both can be made again.
    """
    found = sorted([*run.glob("*/pdf/*.pdf"), *run.glob("*/office/*.*")])
    for path in found:
        remove(path)
    return len(found)


def _parquet(path: Path, pseudonyms: Sequence[str]) -> int:
    table = pq.read_table(path)
    gone = pa.array([False] * len(table), type=pa.bool_())
    count = 0
    for place, name in enumerate(table.column_names):
        column = table[name]
        hits = _hits(column, "|".join(pseudonyms))
        if not pc.any(hits).as_py():
            continue
        if (path.stem, name) in ACTED_IN and path.parent.name == "canonical":
            count += pc.sum(hits).as_py()
            empty = pa.scalar(None, type=column.type)
            table = table.set_column(place, table.field(place), pc.if_else(hits, empty, column))
        else:
            gone = pc.or_(gone, hits)
    rows = pc.sum(gone).as_py() or 0
    if count or rows:
        left = table.filter(pc.invert(gone))
        replace_file(path, lambda target: pq.write_table(left, target))
    return count + rows


def _hits(column: pa.ChunkedArray, pattern: str) -> pa.ChunkedArray:
    """Return for each cell whether a pseudonym stands in it, alone, in an identifier or nested."""
    if pa.types.is_nested(column.type) or pa.types.is_dictionary(column.type):
        cells = [json.dumps(cell, default=str) for cell in column.to_pylist()]
        column = pa.chunked_array([cells], type=pa.string())
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return pa.array([False] * len(column), type=pa.bool_())
    return pc.fill_null(pc.match_substring_regex(column, pattern), False)


def _csv(path: Path, content: bytes, wanted: re.Pattern[bytes]) -> int:
    if not wanted.search(content):
        return 0
    text = content.decode("utf-8", errors="surrogateescape")
    kept = [(raw, bool(wanted.search(raw.encode("utf-8", errors="surrogateescape"))))
            for _, _, raw in records(text, ",")]  # fmt: skip
    left = "".join(raw for raw, theirs in kept if not theirs)
    changed = left.encode("utf-8", errors="surrogateescape")
    replace_file(path, lambda target: target.write_bytes(changed))
    return sum(theirs for _, theirs in kept)


def _json(path: Path, content: bytes, wanted: re.Pattern[bytes]) -> int:
    if not wanted.search(content):
        return 0
    try:
        body = json.loads(content)
    except ValueError:  # a damaged history is passed over by every reader; only nobody stays in it
        body = None
    count = 0
    if body is not None:
        body, count = _without_entries(body, wanted)
        content = json.dumps(body, ensure_ascii=False).encode()
    changed, more = _bytes(content, wanted, 0)
    replace_file(path, lambda target: target.write_bytes(changed))
    return count + more


def _holds(node: Any, wanted: re.Pattern[bytes]) -> bool:
    return bool(wanted.search(json.dumps(node, ensure_ascii=False).encode()))


def _without_entries(node: Any, wanted: re.Pattern[bytes]) -> tuple[Any, int]:
    """Return a JSON value without the innermost list entries that hold a pseudonym."""
    count = 0
    if isinstance(node, dict):
        out = {}
        for name, value in node.items():
            out[name], more = _without_entries(value, wanted)
            count += more
        return out, count
    if not isinstance(node, list):
        return node, 0
    kept = []
    for entry in node:
        if isinstance(entry, dict | list) and _holds(entry, wanted):
            inner, more = _without_entries(entry, wanted)
            if more == 0 or _holds(inner, wanted):
                count += 1
                continue
            entry, count = inner, count + more
        kept.append(entry)
    return kept, count


def _bytes(content: bytes, wanted: re.Pattern[bytes], depth: int) -> tuple[bytes, int]:
    """Return bytes with nobody in the place of the pseudonyms, and how many there were."""
    if content.startswith(b"PK\x03\x04"):
        return _archive(content, wanted, depth)
    changed, count = wanted.subn(NOBODY, content)
    if depth == _DEEPEST:
        return changed, count
    inside = 0

    def within(match: re.Match[bytes]) -> bytes:
        nonlocal inside
        try:
            inner = base64.b64decode(match[0], validate=True)
        except binascii.Error:
            return match[0]
        replaced, more = _bytes(inner, wanted, depth + 1)
        inside += more
        return base64.b64encode(replaced) if more else match[0]

    changed = _BASE64.sub(within, changed)
    return changed, count + inside


def _archive(content: bytes, wanted: re.Pattern[bytes], depth: int) -> tuple[bytes, int]:
    out, count = io.BytesIO(), 0
    try:
        with (
            zipfile.ZipFile(io.BytesIO(content)) as old,
            zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
        ):
            for entry in old.infolist():
                part, more = _bytes(old.read(entry), wanted, depth + 1)
                new.writestr(entry, part)
                count += more
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError):
        return content, 0  # no archive that can be read
    return (out.getvalue(), count) if count else (content, 0)
