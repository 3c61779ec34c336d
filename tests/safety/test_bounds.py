"""What would cost all memory is refused at once, with the limit and how to raise it."""

from __future__ import annotations

import io
import re
import resource
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from attacked import repacked

from analysis.client.load import load
from analysis.errors import InputError
from analysis.ingest.readers import Limits, read

SECONDS, MEGABYTES = 5, 500


def book() -> bytes:
    made = openpyxl.Workbook()
    made.active.append(["项目", "应收"])
    made.active.append(["A园", 100])
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def sheet(change) -> bytes:
    return repacked(book(), lambda name, part: change(part) if "sheet1" in name else part)


def far(reference: str, row: str = "2") -> bytes:
    cell = f'<c r="{reference}"><v>1</v></c>'.encode()
    return sheet(
        lambda part: part.replace(
            b"</sheetData>", b'<row r="%s">%s</row></sheetData>' % (row.encode(), cell)
        )
    )


def ods(rows: str) -> bytes:
    names = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        archive.writestr(
            "content.xml",
            f"<office:document-content{names}><office:body><office:spreadsheet>"
            f'<table:table table:name="a">{rows}</table:table>'
            "</office:spreadsheet></office:body></office:document-content>",
        )
    return out.getvalue()


def ods_cell(attributes: str = "") -> str:
    text = '<table:table-cell office:value-type="string"{}><text:p>项目</text:p></table:table-cell>'
    return text.format(attributes)


def excel_xml(inside: str) -> bytes:
    space = "urn:schemas-microsoft-com:office:spreadsheet"
    return (
        f'<?xml version="1.0"?><Workbook xmlns="{space}" xmlns:ss="{space}"><Worksheet ss:Name="a">'
        f"<Table>{inside}</Table></Worksheet></Workbook>"
    ).encode()


def zeros(megabytes: int) -> bytes:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(book())) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, old.read(name))
        with new.open("xl/media/image1.png", "w", force_zip64=True) as part:
            for _ in range(megabytes):
                part.write(bytes(1 << 20))
    return out.getvalue()


def laughs() -> bytes:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    head = f'<!DOCTYPE a [<!ENTITY l0 "ha">{entities}]>'.encode()
    return sheet(lambda part: head + part.replace(b"<v>100</v>", b"<v>&l9;</v>"))


ROW = b'<row r="%d"><c r="A%d"><v>1</v></c></row>'
WIDE = ' table:number-columns-repeated="1000"'
BOMBS = {
    "far cell": lambda: far("XFD1048576", "1048576"),
    "far column of four letters": lambda: far("ZZZZ3", "3"),
    "far cell in a near row": lambda: far("XFD1048576", "3"),
    "far row": lambda: far("A999999999", "999999999"),
    "far column and many rows": lambda: sheet(
        lambda part: part.replace(
            b"</sheetData>",
            b"".join(ROW % (n, n) for n in range(3, 60_003))
            + b'<row r="60004"><c r="ZZ60004"><v>1</v></c></row></sheetData>',
        )
    ),
    "zeros": lambda: zeros(300),
    "entities": laughs,
    "cells of ods": lambda: ods(
        f"<table:table-row>{ods_cell()}</table:table-row>"
        f'<table:table-row table:number-rows-repeated="1000000">'
        f"{ods_cell(WIDE)}</table:table-row>"
    ),
    "rows of ods": lambda: ods(
        f'<table:table-row>{ods_cell() * 20}</table:table-row><table:table-row table:number-rows-'
        f'repeated="1000000"><table:table-cell/></table:table-row>'
        f"<table:table-row>{ods_cell()}</table:table-row>"
    ),
    "colspan": lambda: b"<table><tr><td colspan=1000000000>a</td></tr><tr><td>1</td></tr></table>",
    "many spans": lambda: b"<table>" + b"<tr><td colspan=16000>a</td></tr>" * 9000 + b"</table>",
    "spans down": lambda: b"<table>"
    + b"<tr>" + b"<td rowspan=60000>a</td>" * 300 + b"</tr>" + b"<tr></tr>" * 60000 + b"</table>",
    "index of a row": lambda: excel_xml('<Row ss:Index="2000000000"><Cell/></Row>'),
    "index of a cell": lambda: excel_xml('<Row><Cell ss:Index="2000000000"/></Row>'),
    "merged across": lambda: excel_xml('<Row><Cell ss:MergeAcross="2000000000"/></Row>'),
}  # fmt: skip


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_refused_at_once(tmp_path, bomb):
    path = tmp_path / "bomb"
    path.write_bytes(BOMBS[bomb]())
    assert path.stat().st_size < 6 << 20
    script = """
        import resource, sys, time
        from analysis.errors import InputError
        from analysis.ingest.readers import read
        before = resource.getrusage(resource.RUSAGE_SELF)
        try:
            print("read", len(read(sys.argv[1])))
        except InputError as error:
            print(*(fault.rule for fault in error.faults))
        after = resource.getrusage(resource.RUSAGE_SELF)
        print(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        status = dict(line.split(":", 1) for line in open("/proc/self/status"))
        print(int(status["VmHWM"].split()[0]) / 1024)  # maxrss would count what forked this
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(path)],
        capture_output=True, text=True, check=False, timeout=240,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30)),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    rules, seconds, megabytes = done.stdout.split("\n")[:3]
    assert rules in ("sheet_too_large", "file_too_large", "file_damaged"), rules
    assert float(seconds) < SECONDS
    assert float(megabytes) < MEGABYTES


def test_an_old_workbook_whose_directory_is_shifted_is_damaged(tmp_path):
    made = Path(__file__).parents[1] / "ingest_readers" / "data" / "fees_1904.xls"
    content = made.read_bytes()
    for at in (40, 60, 480):
        path = tmp_path / "a.xls"
        path.write_bytes(content[:at] + content[at - 20 : at] + content[at:])
        with pytest.raises(InputError) as caught:
            read(path)
        assert caught.value.faults[0].rule in ("file_damaged", "format_unknown")


def test_more_texts_than_a_workbook_can_hold_are_damage(tmp_path):
    """The reader would take memory for as many as are announced, and end the process."""
    path, made = tmp_path / "book.xlsx", io.BytesIO()
    with xlsxwriter.Workbook(made) as shared:
        shared.add_worksheet().write_row(0, 0, ["项目", "应收"])

    def announce(number: int) -> bytes:
        return repacked(
            made.getvalue(),
            lambda name, part: re.sub(
                rb'uniqueCount="\d+"', b'uniqueCount="%d"' % number, part
            ) if name == "xl/sharedStrings.xml" else part,
        )  # fmt: skip

    path.write_bytes(announce(99_999_999_999))
    with pytest.raises(InputError) as told:
        read(path)
    assert [fault.rule for fault in told.value.faults] == ["file_damaged"]
    path.write_bytes(announce(3))  # some programs count wrongly
    assert read(path)


def test_limits_can_be_raised_and_are_named(home):
    home.put("sites.csv", "项目,户数\n" + "A园,10\n" * 3)
    home.put("fees.xlsx", far("A20000", "20000"))
    sources = (
        "sources: [{table: fees, files: fees.xlsx, columns: {site_id: 项目, receivable: 应收, "
        "collected: 应收}, constants: {month: 2024-01}}]\nignore: [sites.csv]\n"
    )
    home.write(sources + "limits: {cells: 10000}\n")
    said = home.check().output
    assert "(sheet_too_large)" in said
    assert "20,000" in said
    assert "10,000" in said
    assert "limits: {cells:" in said
    home.write(sources)
    assert "sheet_too_large" not in home.check().output
    assert load(home.folder).limits.cells == Limits().cells


def test_text_has_a_limit_of_its_own(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b\n" + b"1,2\n" * (1 << 19))
    with pytest.raises(InputError) as caught:
        read(path, limits=Limits(megabytes=4))
    assert caught.value.faults[0].rule == "file_too_large"
    assert len(read(path, limits=Limits(megabytes=16))[0]) == 1 << 19


def test_repeats_to_the_end_of_an_ods_cost_nothing(tmp_path):
    path = tmp_path / "a.ods"
    path.write_bytes(
        ods(
            f"<table:table-row>{ods_cell()}{ods_cell()}"
            '<table:table-cell table:number-columns-repeated="16382"/></table:table-row>'
            f"<table:table-row>{ods_cell()}{ods_cell().replace('项目', 'A园')}</table:table-row>"
            '<table:table-row table:number-rows-repeated="1048574">'
            '<table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
        )
    )
    assert read(path, header_rows=1)[0].frame.shape == (1, 2)
