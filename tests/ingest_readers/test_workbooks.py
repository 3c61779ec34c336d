"""Workbooks and markup: typed cells, merged ranges, sheets, date systems, formulas."""

import datetime as dt
from pathlib import Path

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from analysis.errors import InputError
from analysis.ingest.readers import read

DATA = Path(__file__).parent / "data"


def save(book, folder, name="费用.xlsx"):
    path = folder / name
    book.save(path)
    return path


@pytest.fixture
def fees(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "一月"
    rows = [
        ["2024年收缴率报表"],
        ["项目名称", "房号", "本期", None, "前期", None, "备注"],
        [None, None, "应收\n(元)", "实收", "应收", "实收", None],
        ["城市花园", "00101", 1200.5, "１２００", "—", 0.5, dt.datetime(2024, 3, 5, 9, 8)],
        [None, 102, 200, 0, None, True, dt.date(2024, 3, 6)],
        ["合计", None, 1400.5],
    ]
    for row in rows:
        sheet.append(row)
    for area in ("A1:G1", "A2:A3", "B2:B3", "C2:D2", "E2:F2", "G2:G3", "A4:A5"):
        sheet.merge_cells(area)
    sheet.column_dimensions["B"].hidden = True
    february = book.create_sheet("二月")
    february["B3"], february["C3"], february["B4"], february["C4"] = "项目", "金额", "湖畔", 3
    book.create_sheet("空")
    secret = book.create_sheet("底稿")
    secret.sheet_state = "hidden"
    secret["A1"] = "草稿"
    return save(book, tmp_path)


def test_merged_headers_and_merged_cells_down(fees):
    table = read(fees)[0]
    assert list(table.frame.columns) == [
        "项目名称", "房号", "本期·应收 (元)", "本期·实收", "前期·应收", "前期·实收", "备注",
    ]  # fmt: skip
    assert table.frame["项目名称"].tolist() == ["城市花园", "城市花园"]
    assert table.counts["merged_cells_filled"] == 1
    assert table.source.header_rows == (2, 3)
    assert table.source.hidden_columns == ("房号",)
    assert table.row_numbers.tolist() == [4, 5]
    assert [(d.row, d.reason) for d in table.dropped] == [(1, "title"), (6, "total")]
    assert table.faults == ()


def test_cells_keep_their_types(fees):
    frame = read(fees)[0].frame
    assert frame["房号"].tolist() == ["00101", 102.0]
    assert frame["本期·实收"].tolist() == ["１２００", 0.0]
    assert frame["前期·实收"].tolist() == [0.5, True]
    assert frame["备注"].tolist() == [dt.datetime(2024, 3, 5, 9, 8), dt.date(2024, 3, 6)]
    assert frame["前期·应收"][1] is None


def test_sheets_visible_chosen_and_missing(fees):
    assert [t.source.sheet for t in read(fees)] == ["一月", "二月"]
    (second,) = read(fees, sheet="二*")
    assert second.row_numbers.tolist() == [4]
    assert list(second.frame.columns) == ["项目", "金额"]
    (secret,) = read(fees, sheet="底稿")
    assert secret.source.sheet == "底稿"
    with pytest.raises(InputError) as caught:
        read(fees, sheet=["一月", "三月", "四月"])
    assert [(f.rule, f.sheet) for f in caught.value.faults] == [
        ("sheet_missing", "三月"), ("sheet_missing", "四月"),
    ]  # fmt: skip


def test_1904_workbook(tmp_path):
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    book.active.append(["日期", "序列"])
    book.active.append([dt.datetime(2024, 3, 5), 43894])
    (table,) = read(save(book, tmp_path))
    assert table.source.date_system == "1904"
    assert table.frame["日期"][0] == dt.date(2024, 3, 5)
    assert table.frame["序列"][0] == 43894


def test_formula_without_value_and_failed_formula(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["项目", "金额", "比率"])
    sheet.append(["甲", "=SUM(1,2)", 1])
    sheet.append(["乙", 5, "#DIV/0!"])
    sheet.append(["丙", 6, 2])
    sheet["C3"].data_type = "e"
    (table,) = read(save(book, tmp_path))
    (fault,) = table.faults
    assert (fault.rule, fault.row, fault.column) == ("formula_without_value", 2, "金额")
    assert table.frame["比率"].tolist() == [1.0, "#DIV/0!", 2.0]


@pytest.mark.parametrize("system", ["1900", "1904"])
def test_old_binary_workbook(system):
    (table,) = read(DATA / f"fees_{system}.xls")
    assert (table.source.format, table.source.date_system) == ("xls", system)
    assert table.frame["收款日期"][0] == dt.date(2024, 3, 5)
    assert table.frame["项目名称"].tolist() == ["城市花园", "城市花园"]
    assert table.row_numbers.tolist() == [3, 4]
    assert table.source.sheet == "一月"


def test_old_binary_workbook_with_a_failed_and_an_uncalculated_formula():
    (table,) = read(DATA / "formulas.xls")
    assert table.frame["比率"].tolist() == ["#DIV/0!", None]
    (fault,) = table.faults
    assert (fault.rule, fault.row, fault.column) == ("formula_without_value", 3, "比率")


def test_extension_does_not_decide(fees, tmp_path):
    disguised = tmp_path / "工单.csv"
    disguised.write_bytes(fees.read_bytes())
    table = read(disguised)[0]
    assert (table.source.format, table.source.extension) == ("xlsx", "csv")
    assert not table.source.extension_agrees


HTML = """<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head>
<meta http-equiv="Content-Type" content="text/html; charset=gb2312"></head><body><table border=1>
<tr><td colspan="4">工单统计</td></tr>
<tr><th rowspan=2>项目<br>名称</th><th colspan=2>本期</th><th rowspan=2>备注</th></tr>
<tr><th>应收</th><th>实收</th></tr>
<tr><td rowspan=2>城市花园</td><td>1,200.00</td><td>&nbsp;900 </td><td></td></tr>
<tr><td>5</td><td>6</td><td>&lt;急&gt;</td></tr>
</table></body></html>"""


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8-sig", "utf-16"])
def test_html_saved_as_xls(tmp_path, encoding):
    path = tmp_path / "工单.xls"
    path.write_bytes(HTML.encode(encoding))
    (table,) = read(path)
    assert table.source.format == "html"
    assert list(table.frame.columns) == ["项目名称", "本期·应收", "本期·实收", "备注"]
    assert table.frame["项目名称"].tolist() == ["城市花园", "城市花园"]
    assert table.frame["备注"].tolist() == [None, "<急>"]
    assert table.row_numbers.tolist() == [4, 5]
    assert table.faults == ()


def test_spreadsheet_xml_of_2003(tmp_path):
    xml = """<?xml version="1.0" encoding="UTF-8"?><?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"
 xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="一月"><Table>
<Row><Cell><Data ss:Type="String">项目</Data></Cell>
<Cell><Data ss:Type="String">金额</Data></Cell></Row>
<Row ss:Index="3"><Cell ss:Index="2"><Data ss:Type="Number">3.5</Data></Cell></Row>
</Table></Worksheet></Workbook>"""
    path = tmp_path / "旧.xls"
    path.write_text(xml, encoding="utf-8")
    (table,) = read(path)
    assert (table.source.format, table.source.sheet) == ("xml", "一月")
    assert table.row_numbers.tolist() == [3]
    assert table.frame["金额"].tolist() == ["3.5"]


def test_sample_fee_report(shared):
    path = shared / "exports" / "fee_merged_header.xlsx"
    if not path.is_file():
        pytest.skip("no sample exports here")
    (table,) = read(path)
    assert list(table.frame.columns)[2:6] == [
        "本期·应收", "本期·减免", "本期·实收", "本期·收缴率",
    ]  # fmt: skip
    assert table.frame["项目名称"].tolist() == ["城市花园", "城市花园"]
    assert table.row_numbers.tolist() == [4, 5]
    assert [d.reason for d in table.dropped] == ["title", "total"]
