"""Delimited text: encodings, delimiters, headers, rows that are not data, damage."""

import codecs
import time

import pytest

from analysis.errors import InputError
from analysis.ingest.readers import read

PLAIN = "工单编号,创建时间,内容\nWO1,2024/3/5 9:08,电梯故障\nWO2,2024/3/6 10:00,门禁损坏\n"


def one(folder, content, name="工单.csv", **options):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    (table,) = read(path, **options)
    return table


def rules(table):
    return [fault.rule for fault in table.faults]


@pytest.mark.parametrize(
    ("content", "encoding", "sureness"),
    [
        (PLAIN.encode("utf-8"), "utf-8", "certain"),
        (PLAIN.encode("utf-8-sig"), "utf-8-sig", "certain"),
        (codecs.BOM_UTF8 + PLAIN.encode("utf-8-sig"), "utf-8-sig", "certain"),
        (PLAIN.encode("utf-16"), "utf-16", "certain"),
        (codecs.BOM_UTF16_BE + PLAIN.encode("utf-16-be"), "utf-16", "certain"),
        (PLAIN.encode("utf-16-le"), "utf-16-le", "likely"),
        (PLAIN.encode("gbk"), "gb18030", "likely"),
        (PLAIN.replace("门禁", "㐂𠮷").encode("gb18030"), "gb18030", "likely"),
    ],
)
def test_encodings_are_told_from_the_bytes(tmp_path, content, encoding, sureness):
    table = one(tmp_path, content)
    assert (table.source.encoding, table.source.sureness) == (encoding, sureness)
    assert list(table.frame.columns) == ["工单编号", "创建时间", "内容"]
    assert table.frame["内容"][0] == "电梯故障"
    assert list(table.row_numbers) == [2, 3]
    assert rules(table) == []


def test_tab_separated_utf16_called_xls(tmp_path):
    content = PLAIN.replace(",", "\t").encode("utf-16")
    table = one(tmp_path, content, "导出.xls")
    assert (table.source.format, table.source.delimiter) == ("tsv", "\t")
    assert not table.source.extension_agrees
    assert table.frame["工单编号"].tolist() == ["WO1", "WO2"]


def test_declared_gbk_is_read_as_its_superset(tmp_path):
    table = one(tmp_path, PLAIN.replace("门禁", "𠮷").encode("gb18030"), encoding="GBK")
    assert (table.source.encoding, table.source.sureness) == ("gb18030", "declared")
    assert table.frame["内容"][1] == "𠮷损坏"


def test_unknown_encoding_is_refused(tmp_path):
    with pytest.raises(InputError) as caught:
        one(tmp_path, PLAIN, encoding="gb99")
    assert caught.value.faults[0].rule == "encoding_unknown"


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
def test_broken_last_byte(tmp_path, encoding):
    table = one(tmp_path, PLAIN.rstrip("\n").encode(encoding)[:-1])
    assert rules(table) == ["encoding_broken_end"]
    assert table.faults[0].row == 3
    assert table.source.encoding == encoding
    assert table.frame["内容"][1] == "门禁损"


def test_invalid_byte_in_the_middle_is_located(tmp_path):
    content = PLAIN.encode("utf-8").replace(b"WO2", b"W\xff\xfeO2")
    table = one(tmp_path, content)
    assert rules(table)[0] == "encoding_invalid_bytes"
    assert table.faults[0].row == 3
    assert table.faults[0].params["count"] == 2


def test_other_encodings_are_not_passed_off_as_chinese(tmp_path):
    text = "編號,內容\n1,電梯故障需要修理請儘速派員處理謝謝\n2,樓上漏水嚴重影響生活品質\n"
    table = one(tmp_path, text.encode("big5"))
    assert "encoding_unsure" in rules(table)
    assert one(tmp_path, text.encode("big5"), encoding="big5").frame["內容"][0].startswith("電梯")


def test_mojibake_is_a_fault_with_its_repair(tmp_path):
    wrong = "测试电梯".encode().decode("gb18030", errors="replace")
    table = one(tmp_path, PLAIN.replace("门禁损坏", wrong))
    (fault,) = table.faults
    assert (fault.rule, fault.row, fault.column) == ("encoding_mojibake", 3, "内容")
    assert fault.params["repaired"].startswith("测试电梯")


def test_a_whole_file_read_wrongly_once_is_recognised(tmp_path):
    wrong = PLAIN.encode("utf-8").decode("gb18030", errors="replace")
    table = one(tmp_path, wrong)
    assert {"encoding_mojibake"} <= set(rules(table))


def test_latin_mojibake_and_lost_characters(tmp_path):
    table = one(tmp_path, PLAIN.replace("门禁损坏", "测试".encode().decode("latin-1")))
    assert rules(table) == ["encoding_mojibake"]
    table = one(tmp_path, PLAIN.replace("门禁损坏", "锟斤拷锟斤拷"))
    assert rules(table) == ["encoding_replacement"]


def test_ordinary_words_are_no_mojibake(tmp_path):
    names = "喆堃玥旻,洹浒浏湮,涓流不息,联通公司,Café São Paulo,铩羽锛锃,鐨鈥\n"
    table = one(tmp_path, "甲,乙,丙,丁,戊,己,庚\n" + names)
    assert rules(table) == []


def test_titles_blanks_repeated_headers_totals_and_notes(tmp_path):
    text = (
        "工单导出 2024年3月,,\n\n编号,项目,费用\n1,城市花园,10\n ,,\n编号,项目,费用\n"
        "2,湖畔,20\n小 计：,,30\n3,山庄,5\n湖畔合计,,35\n,合计,35\n注：含税,,\n导出人 admin,,\n"
    )
    table = one(tmp_path, text)
    assert table.frame["编号"].tolist() == ["1", "2", "3"]
    assert table.row_numbers.tolist() == [4, 7, 9]
    assert [(d.row, d.reason) for d in table.dropped] == [
        (1, "title"), (2, "blank"), (5, "blank"), (6, "repeated_header"),
        (8, "total"), (10, "total"), (11, "total"), (12, "note"), (13, "note"),
    ]  # fmt: skip
    assert table.dropped_counts()["total"] == 3
    assert table.source.header_rows == (3,)
    every = len(table) + len(table.dropped) + len(table.source.header_rows)
    assert every == text.count("\n")


def test_total_markers_can_be_declared(tmp_path):
    text = "项目,费用\n合计,1\n全部,2\n"
    table = one(tmp_path, text, total_markers=("全部",))
    assert table.frame["项目"].tolist() == ["合计"]


def test_quoted_line_breaks_count_as_one_row(tmp_path):
    text = '编号,内容\r\n1,"第一行\r\n第二行,含""引号"""\r\n2,乙\r\n'
    table = one(tmp_path, text)
    assert table.frame["内容"][0] == '第一行\r\n第二行,含"引号"'
    assert table.row_numbers.tolist() == [2, 3]


def test_rows_with_too_many_or_too_few_cells_stay_in_place(tmp_path):
    text = "甲,乙,丙\n1,2,3\n4,5\n6,7,8,9\n10,11,12,\n13,14,15\n"
    table = one(tmp_path, text)
    assert table.frame["甲"].tolist() == ["1", "4", "6", "10", "13"]
    assert table.row_numbers.tolist() == [2, 3, 4, 5, 6]
    assert [(f.rule, f.row) for f in table.faults] == [("row_too_short", 3), ("row_too_long", 4)]
    assert table.counts == {"short_rows_padded": 1, "long_rows_trimmed": 1}


@pytest.mark.parametrize("tail", ['4,"开着,6\n7,8,9\n', '4,5,"开着\n7,8,9\n'])
def test_a_quote_never_closed_is_located(tmp_path, tail):
    table = one(tmp_path, "甲,乙,丙\n1,2,3\n" + tail)
    assert ("quote_unclosed", 3) in [(f.rule, f.row) for f in table.faults]


def test_formulas_as_text_are_faults_and_their_lookalikes_are_not(tmp_path):
    formulas = ["=SUM(A1:A3)", "=A1+B1", "@SUM(A1)", "+A1+B2", "-SUM(B2)", "=HYPERLINK(1)"]
    innocent = ["-5", "+86 138", "- 没有意见", "@张三", '="00123"', "====", "--", "-A座", "+1"]
    rows = "".join(f'{i},"{c.replace(chr(34), chr(34) * 2)}"\n' for i, c in
                   enumerate([*formulas, *innocent]))  # fmt: skip
    table = one(tmp_path, "编号,内容\n" + rows)
    assert [f.value for f in table.faults] == formulas
    assert {f.rule for f in table.faults} == {"formula_in_cell"}
    assert [f.row for f in table.faults] == list(range(2, 2 + len(formulas)))


def test_header_line_breaks_duplicates_and_unnamed_columns(tmp_path):
    text = '姓名,"满意度\n得分",课程类型,课程类型,, \n张三,5,线上,线下,多余,\n'
    table = one(tmp_path, text)
    names = ["姓名", "满意度得分", "课程类型", "课程类型#2", "column 5"]
    assert list(table.frame.columns) == names
    assert table.counts["header_duplicates_numbered"] == 1
    assert table.counts["header_spaces_normalised"] == 1
    assert table.counts["empty_columns_dropped"] == 1
    assert [(f.rule, f.column, f.blocking) for f in table.faults] == [
        ("header_unnamed", "column 5", False)
    ]


def test_two_header_rows_in_text_join_over_gaps(tmp_path):
    text = "项目,本期,,,备注\n,应收,减免,实收,\n城市花园,100,0,90,\n湖畔,200,5,150,无\n"
    table = one(tmp_path, text)
    assert list(table.frame.columns) == ["项目", "本期·应收", "本期·减免", "本期·实收", "备注"]
    assert table.source.header_rows == (1, 2)
    assert table.row_numbers.tolist() == [3, 4]


def test_months_are_headers_of_a_wide_table(tmp_path):
    table = one(tmp_path, "项目,2024-01,2024-02,2024-03\n甲,1,2,3\n乙,4,5,6\n")
    assert list(table.frame.columns) == ["项目", "2024-01", "2024-02", "2024-03"]
    assert len(table) == 2


def test_declared_header_rows(tmp_path):
    text = "2023,2024\n1,2\n甲,乙\n3,4\n"
    assert list(one(tmp_path, text, header_rows=3).frame.columns) == ["甲", "乙"]
    table = one(tmp_path, text, header_rows=[1])
    assert list(table.frame.columns) == ["2023", "2024"]
    assert len(table) == 3
    assert rules(one(tmp_path, text, header_rows=9)) == ["header_rows_outside"]


def test_no_header_is_a_fault_not_a_guess(tmp_path):
    table = one(tmp_path, "1,2,3\n4,5,6\n")
    assert rules(table) == ["header_not_found"]
    assert len(table) == 0


def test_fill_down_is_declared_and_counted(tmp_path):
    table = one(tmp_path, "项目,房号\n城市花园,1\n,2\n湖畔,3\n", fill_down=["项目"])
    assert table.frame["项目"].tolist() == ["城市花园", "城市花园", "湖畔"]
    assert table.counts["cells_filled_down"] == 1
    assert rules(one(tmp_path, PLAIN, fill_down=["楼栋"])) == ["fill_down_missing"]


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_delimiters_are_told(tmp_path, delimiter):
    table = one(tmp_path, PLAIN.replace(",", delimiter))
    assert table.source.delimiter == delimiter
    assert table.frame.shape == (2, 3)


def test_single_column_and_header_only(tmp_path):
    assert one(tmp_path, "项目\n甲\n乙\n").frame["项目"].tolist() == ["甲", "乙"]
    empty = one(tmp_path, "项目,费用\n")
    assert empty.frame.shape == (0, 2)
    assert rules(empty) == ["no_rows"]


@pytest.mark.parametrize(
    ("content", "rule"),
    [(b"", "file_empty"), (b" \r\n\n", "file_empty"), (b"%PDF-1.7 abc", "format_unknown"),
     (b"PK\x03\x04broken", "file_damaged"), (bytes(range(256)), "format_unknown")],
)  # fmt: skip
def test_files_that_are_no_tables(tmp_path, content, rule):
    with pytest.raises(InputError) as caught:
        one(tmp_path, content)
    assert [f.rule for f in caught.value.faults] == [rule]


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        read(tmp_path / "没有.csv", name="raw/没有.csv")


def test_a_large_gb18030_file_is_read_in_seconds(tmp_path):
    row = ',2024-03-05 09:08:00,"电梯,三号梯",客厅漏水,已办结,王某,三栋,城市花园,满意,电话\n'
    header = "序号,时间,内容,描述,状态,姓名,楼栋,项目,评价,渠道\n"
    text = header + "".join(f"{i}{row}" for i in range(150_000))
    path = tmp_path / "大.csv"
    path.write_bytes(text.encode("gb18030"))
    start = time.process_time()
    (table,) = read(path)
    assert len(table) == 150_000
    assert table.row_numbers[-1] == 150_001
    assert time.process_time() - start < 8


def test_sample_ticket_export(shared):
    path = shared / "exports" / "ticket_gb18030.csv"
    if not path.is_file():
        pytest.skip("no sample exports here")
    (table,) = read(path)
    assert table.source.encoding == "gb18030"
    assert table.source.header_rows == (3,)
    assert table.row_numbers.tolist() == [4, 5]
    assert [d.reason for d in table.dropped] == ["title", "blank", "total"]
    assert "𠮷" in table.frame["主要内容"][0]


def test_real_service_requests(shared):
    path = shared / "data" / "boston311" / "service_requests_2015.csv"
    if not path.is_file():
        pytest.skip("no real requests here")
    (table,) = read(path)
    assert len(table) == 20_576
    assert table.faults == ()
    assert table.dropped == ()
