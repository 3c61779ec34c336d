"""Odd workbooks are read; locked, damaged and foreign files are told apart."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import openpyxl
import pytest
from openpyxl.chart import BarChart, Reference

from analysis.errors import InputError
from analysis.ingest.readers import read

ROWS = (
    ["项目", "账期", "应收", "收缴率"],
    ["A园", "2024-01", 1000, 0.9],
    ["B园", "2024-01", 5, 0.8],
)
SHEET = "xl/worksheets/sheet1.xml"


def workbook(chart: int | None = None) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in ROWS:
        sheet.append(row)
    for cell in sheet["D"][1:]:
        cell.number_format = "0%"
    sheet.row_dimensions[3].hidden = True
    if chart is not None:
        bars = BarChart()
        bars.add_data(Reference(sheet, min_col=3, min_row=1, max_row=3))
        book.create_chartsheet("图", chart).add_chart(bars)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def zipped(content: bytes, *, name=lambda n: n, edit=lambda n, c: c, skip=()) -> bytes:
    """Return a workbook with other names or contents of its parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for part in old.namelist():
            if part in skip:
                continue
            info = zipfile.ZipInfo("x")
            info.filename = name(part)  # backslashes stay
            new.writestr(info, edit(part, old.read(part)))
    return out.getvalue()


def into(folder: str, book: str) -> bytes:
    """Return a workbook whose parts lie in another folder under another name."""

    def moved(part: str) -> str:
        part = part.replace("xl/workbook.xml", f"{folder}/{book}.xml")
        part = part.replace("xl/_rels/workbook.xml.rels", f"{folder}/_rels/{book}.xml.rels")
        return part.replace("xl/", f"{folder}/")

    def told(part: str, content: bytes) -> bytes:
        if part not in ("_rels/.rels", "[Content_Types].xml", "xl/_rels/workbook.xml.rels"):
            return content
        content = content.replace(b"xl/workbook.xml", f"{folder}/{book}.xml".encode())
        return content.replace(b"/xl/", f"/{folder}/".encode())

    return zipped(workbook(), name=moved, edit=told)


def after_data(more: bytes):
    return lambda part, c: (
        c.replace(b"</sheetData>", b"</sheetData>" + more) if part == SHEET else c
    )


STRAY = (b'<mergeCells count="4"><mergeCell ref="Z90:AB95"/><mergeCell ref="A900:A999"/>'
         b'<mergeCell ref="B5:XFD1048576"/><mergeCell ref="C2"/></mergeCells>')  # fmt: skip

ODD = {
    "backslashes": zipped(workbook(), name=lambda n: n.replace("/", "\\")),
    "capitals": zipped(workbook(), name=lambda n: n.replace("workbook", "Workbook")),
    "another name": into("xl", "book2"),
    "another folder": into("docs/tables", "wb"),
    "absolute targets": zipped(
        workbook(), edit=lambda n, c: c.replace(b'Target="worksheets', b'Target="/xl/worksheets')
    ),
    "no shared strings": zipped(workbook(), skip=("xl/sharedStrings.xml",)),
    "a chart behind": workbook(chart=1),
    "a chart in front": workbook(chart=0),
    "stray merged ranges": zipped(workbook(), edit=after_data(STRAY)),
    "a wrong size": zipped(workbook(), edit=lambda n, c: c.replace(b"A1:D3", b"A1:XFD1048576")),
    "bytes behind": workbook() + b"\0" * 100,
}


@pytest.mark.parametrize("kind", ODD)
def test_odd_workbooks_are_read_with_all_that_is_known_of_them(kind, tmp_path):
    path = tmp_path / "台账.xlsx"
    path.write_bytes(ODD[kind])
    (table,) = read(path)
    assert table.frame.to_numpy().tolist() == [
        ["A园", "2024-01", 1000, "90%"],
        ["B园", "2024-01", 5, "80%"],
    ]
    assert table.source.hidden_rows == (3,)
    assert not table.faults


def compound(**streams: bytes) -> bytes:
    """Return a compound file of some streams, as old office programs write it."""
    whole = {name: content.ljust(4096, b"\0") for name, content in streams.items()}
    end, free = 0xFFFFFFFE, 0xFFFFFFFF
    folders = (len(whole) + 4) // 4
    links = [0xFFFFFFFD, *(i + 2 for i in range(folders - 1)), end]
    starts = []
    for content in whole.values():
        starts.append(len(links))
        count = len(content) // 512
        links += [*range(len(links) + 1, len(links) + count), end]
    links += [free] * (128 - len(links))

    def entry(name: str, kind: int, start: int, size: int, child: int, right: int) -> bytes:
        title = name.encode("utf-16-le") + b"\0\0"
        about = struct.pack("<HBBIII", len(title), kind, 1, free, right, child)
        return title.ljust(64, b"\0") + about + b"\0" * 36 + struct.pack("<IQ", start, size)

    listed = entry("Root Entry", 5, end, 0, 1, free)
    for number, (name, start) in enumerate(zip(whole, starts, strict=True), start=2):
        after = number if number <= len(whole) else free
        listed += entry(name, 2, start, len(whole[name]), free, after)
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16
    head += struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + b"\0" * 6
    head += struct.pack("<9I", 0, 1, 1, 0, 4096, end, 0, end, 0)
    head += struct.pack("<109I", 0, *[free] * 108)
    table = struct.pack("<128I", *links)
    return head + table + listed.ljust(512 * folders, b"\0") + b"".join(whole.values())


def locked_zip() -> bytes:
    content = bytearray(workbook())
    for sign, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        while (at := content.find(sign, at + 1)) != -1:
            content[at + place] |= 1
    return bytes(content)


BEGIN = struct.pack("<HHHHHHII", 0x809, 16, 0x600, 5, 0, 0, 0, 0)
LOCK, END = struct.pack("<HH6s", 0x2F, 6, b"\1\0\1\0\1\0"), struct.pack("<HH", 0x0A, 0)
OLD = (Path(__file__).parent / "data" / "fees_1900.xls").read_bytes()


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (compound(EncryptionInfo=b"1", EncryptedPackage=b"2"), "file_encrypted"),
        (compound(Workbook=BEGIN + LOCK + END), "file_encrypted"),
        (locked_zip(), "file_encrypted"),
        (compound(WordDocument=b"1"), "format_unknown"),
        (zipped(workbook(), name=lambda n: f"a/{n}"), "format_unknown"),
        (workbook()[:-40], "file_damaged"),
        (zipped(workbook(), edit=lambda n, c: c[:300] if n == SHEET else c), "file_damaged"),
        (OLD[: len(OLD) // 2], "file_damaged"),
        (compound(Workbook=b"no records"), "file_damaged"),
    ],
)
def test_locked_damaged_and_foreign_files_are_told_apart(content, rule, tmp_path):
    path = tmp_path / "台账.xls"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read(path)
    assert [(f.rule, f.file) for f in caught.value.faults] == [(rule, "台账.xls")]
