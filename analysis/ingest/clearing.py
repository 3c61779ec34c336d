"""Taking one person out of a client's exports, where that can be done without touching the rest."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatch
from pathlib import Path

from analysis.client import Client
from analysis.errors import InputError
from analysis.file_names import listed
from analysis.files import replace_file
from analysis.ingest.person import Place
from analysis.ingest.readers import detect
from analysis.ingest.readers.delimited import sniff_delimiter
from analysis.ingest.receipts import ByHand, Removed

_ENCODINGS = ("utf-8", "gb18030", "utf-16-le", "utf-16-be")
_KEEPS_MORE = (
    "xl/charts/", "xl/drawings/", "xl/pivot", "xl/externalLinks/", "xl/media/", "xl/ctrl",
)  # fmt: skip
"""Parts of a workbook that are lost when it is written anew."""


def clear(
    client: Client, places: Iterable[Place], is_theirs: Callable[[str], bool]
) -> list[Removed]:
    """Take a person's rows out of the exports.

    Of a text file the person's own rows go and every other byte stays, but for the person's cell
    in rows about something else, which is emptied. In a workbook cells are emptied and rows keep
    their numbers. What cannot be done so is left and told: old workbooks, pages, Parquet, workbooks
    with formulas, charts or pivot tables, files in which empty cells repeat the one above, the
    client file itself.

    Parameters
    ----------
    client : Client
        The loaded client file.
    places : Iterable of Place
        Where the import met the person.
    is_theirs : Callable
        Whether a cell names the person.

    Returns
    -------
    list of Removed
        What went; :func:`left` tells of the rest.
    """
    removed = []
    for file, here in _by_file(places).items():
        path = client.folder / file
        name = path.relative_to(client.folder.parents[1]).as_posix()
        rows = len({(place.sheet, place.row) for place in here})
        done = None if _refusal(client, path) else _cleared(client, path, here, is_theirs)
        if done is not None:
            replace_file(path, lambda target, done=done: target.write_bytes(done))
            removed.append(Removed(name, rows))
    return removed


def left(client: Client, places: Iterable[Place]) -> list[ByHand]:
    """Return where a person still stands in the exports, and why it is a person's to clear."""
    root = client.folder.parents[1]
    return [
        ByHand(
            (client.folder / file).relative_to(root).as_posix(),
            _refusal(client, client.folder / file) or "not_alone",
            _told(here),
        )
        for file, here in _by_file(places).items()
    ]


def mentions(folder: Path, words: Iterable[str]) -> list[Path]:
    """Return the files below a folder in which one of the words stands, names included.

    Words that stand everywhere (short numbers) must be left out by the caller.
    """
    patterns = [_as_bytes(word) for word in words]
    if not patterns:
        return []
    sought = re.compile(b"|".join(pattern for found in patterns for pattern in found))
    found = []
    for path in listed(folder, "**/*"):
        named = path.relative_to(folder).as_posix().encode("utf-8", errors="replace")
        if sought.search(named) or any(map(sought.search, _layers(path))):
            found.append(path)
    return found


def records(text: str, delimiter: str) -> Iterator[tuple[int, list[str], str]]:
    """Yield number, cells and the very text of each row of a delimited text."""
    lines = io.StringIO(text, newline="")
    taken: list[str] = []

    def feed() -> Iterator[str]:
        for line in iter(lines.readline, ""):
            taken.append(line)
            yield line

    for number, cells in enumerate(csv.reader(feed(), delimiter=delimiter), start=1):
        yield number, cells, "".join(taken)
        taken.clear()


def _by_file(places: Iterable[Place]) -> dict[str, list[Place]]:
    found: dict[str, list[Place]] = {}
    for place in places:
        found.setdefault(place.file, []).append(place)
    return found


def _told(places: list[Place]) -> str:
    """Return the rows of places, each with its sheet where it has one."""
    rows = {(place.sheet or "", place.row) for place in places}
    return ", ".join(f"{sheet}:{row}" if sheet else str(row) for sheet, row in sorted(rows))


def _refusal(client: Client, path: Path) -> str | None:
    """Return why a file must be cleared by hand, None where it need not."""
    if path == client.path:
        return "client_file"
    reading = [
        source
        for source in client.sources
        if any(fnmatch(path.relative_to(client.raw_folder).as_posix(), f) for f in source.files)
    ]
    if any(source.fill_down for source in reading):
        return "fill_down"
    content = path.read_bytes()
    try:
        kind = detect.binary_format(content, path.name)
    except InputError:
        return "format"
    if kind is None:
        return None
    if kind not in ("xlsx", "xlsm"):
        return "format"
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        names = book.namelist()
        sheets = (book.read(n) for n in names if n.startswith("xl/worksheets/sheet"))
        if any(b"<f>" in sheet or b"<f " in sheet for sheet in sheets):
            return "formulas"
    return "not_alone" if any(name.startswith(_KEEPS_MORE) for name in names) else None


def _cleared(
    client: Client, path: Path, places: list[Place], is_theirs: Callable[[str], bool]
) -> bytes | None:
    """Return the file without the person; None where the rest would not stay as it is."""
    content = path.read_bytes()
    if content.startswith(b"PK"):
        return _workbook(content, places, is_theirs)
    declared = next((s.encoding for s in client.sources if s.encoding), None)
    encoding = detect.decode(content, path.name, declared).encoding
    try:
        text = content.decode(encoding, errors="surrogateescape")
        if detect.text_format(text) in ("html", "xml"):
            return None
        if text.encode(encoding, errors="surrogateescape") != content:
            return None
    except UnicodeError:
        return None
    own = {place.row for place in places if place.own}
    acted = {place.row for place in places} - own
    delimiter = next((s.delimiter for s in client.sources if s.delimiter), sniff_delimiter(text))
    kept = []
    for number, cells, raw in records(text, delimiter):
        if number in own:
            continue
        kept.append(_without(cells, raw, delimiter, is_theirs) if number in acted else raw)
    return "".join(kept).encode(encoding, errors="surrogateescape")


def _without(cells: list[str], raw: str, delimiter: str, is_theirs: Callable[[str], bool]) -> str:
    end = raw[len(raw.rstrip("\r\n")) :]
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end)
    writer.writerow(["" if cell and is_theirs(cell) else cell for cell in cells])
    return out.getvalue()


def _workbook(
    content: bytes, places: list[Place], is_theirs: Callable[[str], bool]
) -> bytes | None:
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(content), keep_vba=b"vbaProject" in content)
    for place in places:
        sheet = book[place.sheet] if place.sheet else book.worksheets[0]
        for cell in sheet[place.row]:
            shared = isinstance(cell, openpyxl.cell.cell.MergedCell) or any(
                cell.coordinate in merged for merged in sheet.merged_cells.ranges
            )
            if shared and cell.value is not None and is_theirs(str(cell.value)):
                return None  # what stands in several rows is emptied by a person
            if cell.value is not None and not shared and (place.own or is_theirs(str(cell.value))):
                cell.value = None
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _as_bytes(word: str) -> list[bytes]:
    """Return a word as it stands in files, not as a part of a longer number or word."""
    found = []
    for encoding in _ENCODINGS:
        coded = re.escape(word.encode(encoding))
        edge = rb"[0-9A-Za-z]" if word.isascii() and encoding in ("utf-8", "gb18030") else b""
        found.append(rb"(?<!" + edge + rb")" + coded + rb"(?!" + edge + rb")" if edge else coded)
    return list(dict.fromkeys(found))


def _layers(path: Path) -> Iterator[bytes]:
    content = path.read_bytes()
    yield content
    if content.startswith(b"PK\x03\x04"):
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as book:
                for name in book.namelist():
                    yield book.read(name)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError):
            return  # damaged or locked; the import says so
