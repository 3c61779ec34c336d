"""Looking for words in files, however the files wrap them."""

from __future__ import annotations

import base64
import binascii
import gzip
import html
import io
import re
import urllib.parse
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path

import pyarrow.parquet as pq

ENCODINGS = ("utf-8", "gb18030", "utf-16-le", "utf-16-be")
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{24,}={0,2}")
_JSON_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")


def found_in(content: bytes, words: Iterable[str]) -> set[str]:
    """Return the words that stand in a file's bytes, in any encoding or wrapping known here."""
    words = tuple(words)
    found: set[str] = set()
    for text in _texts(content, depth=0):
        found |= {word for word in words if word in text}
    for layer in _layers(content):
        found |= {w for w in words if any(w.encode(e) in layer for e in ENCODINGS)}
    return found


def matches_in(content: bytes, pattern: str) -> set[str]:
    """Return what a pattern matches in a file's bytes, in any wrapping known here."""
    return {match for text in _texts(content, depth=0) for match in re.findall(pattern, text)}


def files_with(folder: Path, words: Iterable[str]) -> dict[str, set[str]]:
    """Return the words found by file, for the files under a folder that hold any."""
    words = tuple(words)
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    hits = {str(p.relative_to(folder)): found_in(p.read_bytes(), words) for p in paths}
    in_names = {str(p.relative_to(folder)): {w for w in words if w in str(p)} for p in paths}
    return {name: hit | in_names[name] for name, hit in hits.items() if hit or in_names[name]}


def _layers(content: bytes) -> list[bytes]:
    """Return the bytes themselves and what is packed in them."""
    layers = [content]
    if content[:2] == b"\x1f\x8b":
        layers.append(gzip.decompress(content))
    if content[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            layers += [book.read(name) for name in book.namelist()]
    return layers


def _texts(content: bytes, depth: int) -> Iterable[str]:
    if content[:4] == b"PAR1":
        table = pq.read_table(io.BytesIO(content))
        yield str(table.schema.metadata)
        for column in table.columns:
            yield "\n".join(map(str, column.unique().to_pylist()))
        return
    for layer in _layers(content):
        text = layer.decode("utf-8", errors="ignore")
        text = _JSON_ESCAPE.sub(lambda m: chr(int(m[1], 16)), text)
        yield text
        yield html.unescape(urllib.parse.unquote(text))
        yield urllib.parse.unquote(text, encoding="gb18030", errors="ignore")
        if depth < 2:
            for inner in _base64(layer):
                yield from _texts(inner, depth + 1)
                yield from (inner.decode(e, errors="ignore") for e in ENCODINGS)


def _base64(content: bytes) -> Iterable[bytes]:
    for match in _BASE64.finditer(content):
        raw = match[0]
        try:
            inner = base64.b64decode(raw + b"=" * (-len(raw) % 4))
        except binascii.Error:
            continue
        yield inner
        if inner[:1] == b"\x78":
            yield zlib.decompress(inner)
