"""Cells as clients write them become values; what is ambiguous or wrong becomes a fault."""

import datetime as dt
import json
import time

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from analysis.ingest.cleaning import CONVERSIONS, KINDS, OPTIONS, RULES, convert, locate, normalise
from analysis.ingest.readers import read
from analysis.tables import ARROW_TYPES

SHANGHAI = {"zone": "Asia/Shanghai"}
DAY = dt.date(2024, 3, 5)


def converted(cell, kind, **options):
    return convert(pd.Series([cell], dtype=object), kind, **options)


def column(cells, kind, **options):
    return convert(pd.Series(cells, dtype=object), kind, **options)


def value(cell, kind, **options):
    result = converted(cell, kind, **options)
    assert len(result.faults) == 0, result.faults
    found = result.values.iloc[0]
    return None if found is pd.NA else found


def rule(cell, kind, **options):
    result = converted(cell, kind, **options)
    assert result.values.isna().iloc[0]
    assert result.reasons.iloc[0] == "fault"
    return result.faults["rule"].iloc[0]


@pytest.mark.parametrize(
    ("cell", "counted"),
    [
        ("2024-03-05", set()),
        ("2024-3-5", set()),
        ("2024年3月5日", {"chinese_date"}),
        ("2024 年 3 月 5 日", {"chinese_date"}),
        ("2024年3月5日 上午9:08", {"chinese_date", "chinese_clock", "time_dropped"}),
        ("2024/3/5", {"slash_date"}),
        ("2024/03/05 00:00:00", {"slash_date"}),
        ("2024.3.5", {"dot_date"}),
        ("20240305", {"compact_date"}),
        (20240305.0, {"compact_date"}),
        ("24-03-05", {"two_digit_year"}),
        ("24年3月5日", {"two_digit_year", "chinese_date"}),
        (45356, {"serial_number"}),
        ("45356", {"serial_number"}),
        (45356.3806, {"serial_number", "time_dropped"}),
        ("２０２４－０３－０５", {"full_width_folded"}),
        ("2024-03-05 星期二", set()),
        (dt.date(2024, 3, 5), set()),
        (dt.datetime(2024, 3, 5), set()),
        (dt.datetime(2024, 3, 5, 9, 8), {"time_dropped"}),
        ("  2024-03-05\u200b", {"spaces_removed"}),
    ],
)
def test_spellings_of_one_day(cell, counted):
    assert value(cell, "date") == DAY
    assert set(converted(cell, "date").counts) == counted


@pytest.mark.parametrize(
    ("cell", "wrong"),
    [
        ("2024-02-30", "date_impossible"),
        ("2023-02-29", "date_impossible"),
        ("2024-13-01", "date_impossible"),
        ("20240230", "date_impossible"),
        ("0000-00-00", "date_zero"),
        ("0000-00-00 00:00:00", "date_zero"),
        ("３月５日", "date_year_missing"),
        ("05/03/2024", "date_order_undeclared"),
        ("13/05/2024", "date_order_undeclared"),
        ("05/03/24", "date_order_undeclared"),
        ("5-3-24", "date_order_undeclared"),
        ("2024-03-05T01:08:00Z", "zone_undeclared"),
        (7, "serial_out_of_range"),
        (99999, "serial_out_of_range"),
        (-1.0, "serial_out_of_range"),
        ("昨天", "date_unreadable"),
        ("2024-03/05", "date_unreadable"),
        ("2024-03-05 25:00", "date_impossible"),
        ("2024-03-05 九点", "date_unreadable"),
        (True, "date_unreadable"),
        (dt.time(9, 8), "date_unreadable"),
        ("待定", "value_pending"),
    ],
)
def test_what_is_no_day(cell, wrong):
    assert rule(cell, "date") == wrong


def test_declared_year_order_format_and_system():
    assert value("３月５日", "date", year=2024) == DAY
    assert rule("2月30日", "date", year=2024) == "date_impossible"
    assert value("05/03/2024", "date", order="dmy") == DAY
    assert value("03/05/2024", "date", order="mdy") == DAY
    assert value("3/5/24", "date", order="mdy") == DAY
    assert value("24/03/05", "date", order="ymd") == DAY
    assert value("2024-03-05", "date", order="mdy") == DAY
    assert rule("13/05/2024", "date", order="mdy") == "date_impossible"
    assert value("05-Mar-2024", "date", format="%d-%b-%Y") == DAY
    assert rule("2024-03-05", "date", format="%d-%b-%Y") == "date_format"
    assert value(43894, "date", date_system="1904") == DAY
    assert value("2024-03-04T23:30:00Z", "date", **SHANGHAI) == DAY


def test_range_of_dates():
    assert rule("2042-03-05", "date", low="2023-01-01", high="2025-12-31") == "out_of_range"
    assert value("2025-12-31", "date", high=dt.date(2025, 12, 31)) == dt.date(2025, 12, 31)
    late = "2025-12-31 23:30"
    assert value(late, "instant", high="2025-12-31", **SHANGHAI) is not None
    assert rule(late, "instant", high="2025-12-30", **SHANGHAI) == "out_of_range"


@pytest.mark.parametrize(
    "cell",
    [
        "2024-03-05 09:08:00", "2024-03-05 09:08", "2024-03-05T09:08:00", "2024/3/5 9:08",
        "2024年3月5日 9:08", "2024年3月5日上午9:08", "2024年3月5日 上午 9时8分",
        "2024年3月5日9点8分0秒",
        "2024.3.5 9:08", "2024-03-05 9:08 AM", "20240305090800", "20240305 9:08",
        "2024-03-05T01:08:00Z", "2024-03-05T09:08:00+08:00", "2024-03-05T01:08:00.000Z",
        dt.datetime(2024, 3, 5, 9, 8), dt.datetime(2024, 3, 5, 9, 7, 59, 999_990),
        45356.380555555555, "２０２４/３/５　９：０８", "2024-03-05 09:08 星期二"[:16],
    ],
)  # fmt: skip
def test_spellings_of_one_instant(cell):
    assert value(cell, "instant", **SHANGHAI) == pd.Timestamp("2024-03-05T01:08:00Z")


@pytest.mark.parametrize(
    ("cell", "hour"),
    [("下午3:00", 15), ("晚上8点", 20), ("中午12:00", 12), ("中午1:00", 13), ("凌晨12:30", 0.5),
     ("下午12:30", 12.5), ("3:00 下午", 15), ("12:30 AM", 0.5), ("12:30 pm", 12.5), ("24:00", 24),
     ("下午15:00", 15)],
)  # fmt: skip
def test_halves_of_the_day(cell, hour):
    start = pd.Timestamp("2024-03-05", tz="Asia/Shanghai")
    found = value(f"2024-03-05 {cell}", "instant", **SHANGHAI)
    assert found == start + pd.Timedelta(hours=hour)


def test_a_date_is_no_instant_unless_declared():
    assert rule("2024/3/6", "instant", **SHANGHAI) == "time_missing"
    result = converted("2024/3/6", "instant", date_only="midnight", **SHANGHAI)
    assert result.counts["time_as_midnight"] == 1
    assert result.values.iloc[0] == pd.Timestamp("2024-03-05T16:00Z")
    with pytest.raises(ValueError, match="needs zone"):
        converted("2024/3/6", "instant")


def test_american_instants_need_their_format():
    options = {"zone": "America/New_York", "format": "%m/%d/%Y %I:%M:%S %p"}
    cell = "01/02/2015 10:25:02 AM"
    assert value(cell, "instant", **options) == pd.Timestamp("2015-01-02T15:25:02Z")
    assert rule(cell, "instant", zone="America/New_York") == "date_order_undeclared"
    assert rule("2015-01-02 10:25", "instant", **options) == "date_format"
    assert rule("11/01/2015 01:30:00 AM", "instant", **options) == "time_ambiguous"
    assert rule("03/08/2015 02:30:00 AM", "instant", **options) == "time_nonexistent"
    twice = [
        value("11/01/2015 01:30:00 AM", "instant", ambiguous=which, **options)
        for which in ("first", "second")
    ]
    assert twice[1] - twice[0] == pd.Timedelta(hours=1)


def test_bulk_and_single_conversion_agree():
    moments = pd.date_range("2015-01-01", "2015-12-31", periods=700).round("s")
    texts = pd.Series(moments.strftime("%Y-%m-%d %H:%M:%S"))
    for shape in ("%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M"):
        texts = pd.Series(moments.strftime(shape))
        fast = convert(texts, "instant", zone="America/New_York")
        slow = convert(texts + " ", "instant", zone="America/New_York")
        pd.testing.assert_series_equal(fast.values, slow.values)
        assert fast.faults["rule"].tolist() == slow.faults["rule"].tolist()
        counts = {k: v for k, v in slow.counts.items() if k != "spaces_removed"}
        assert dict(fast.counts) == counts


@pytest.mark.parametrize(
    ("cell", "expected"),
    [("2024-03", 3), ("2024年3月", 3), ("2024年03", 3), ("2024/3", 3), ("2024.10", 10),
     ("202403", 3), (202403.0, 3), (45352, 3), ("2024-03-31", 3), (dt.date(2024, 3, 9), 3)],
)  # fmt: skip
def test_months(cell, expected):
    assert value(cell, "month") == dt.date(2024, expected, 1)


def test_what_is_no_month():
    assert rule("3月", "month") == "date_year_missing"
    assert value("3月份", "month", year=2024) == dt.date(2024, 3, 1)
    assert rule("2024-13", "month") == "date_impossible"
    assert rule(2024.1, "month") == "month_digit_lost"  # January or October
    assert rule("2024-03", "month", low="2024-04-15") == "out_of_range"


@pytest.mark.parametrize(
    ("cell", "expected", "counted"),
    [
        ("85", 85, set()),
        (85, 85, set()),
        (85.5, 85.5, set()),
        ("-3.5", -3.5, set()),
        ("８５．５", 85.5, {"full_width_folded"}),
        ("1,234.50", 1234.5, {"thousands_separator"}),
        ("￥1,234.50", 1234.5, {"thousands_separator", "currency_sign", "full_width_folded"}),
        ("1234.5元", 1234.5, {"yuan_word"}),
        ("24000元整", 24000, {"yuan_word"}),
        ("-￥5", -5, {"currency_sign", "full_width_folded"}),
        ("1.2万", 12000, {"chinese_multiplier"}),
        ("1.2万元", 12000, {"chinese_multiplier", "currency_sign"}),
        ("3亿", 3e8, {"chinese_multiplier"}),
        ("三", 3, {"chinese_numeral"}),
        ("二十五", 25, {"chinese_numeral"}),
        ("一百零三", 103, {"chinese_numeral"}),
        ("两万三千", 23000, {"chinese_numeral"}),
        ("(1,234.50)", -1234.5, {"accounting_negative", "thousands_separator"}),
        ("1.500E+3", 1500, {"scientific_number"}),
        ("'85", 85, {"apostrophe_removed"}),
        ('="85"', 85, {"text_formula_unwrapped"}),
        ("−5", -5, set()),
    ],
)
def test_numbers(cell, expected, counted):
    assert value(cell, "number") == expected
    assert set(converted(cell, "number").counts) == counted


@pytest.mark.parametrize(
    ("cell", "wrong"),
    [("85%", "number_percent"), ("85 ％", "number_percent"), ("85分", "number_unit"),
     ("约30分钟", "number_approximate"), ("30左右", "number_approximate"),
     ("inf", "number_unreadable"), ("1,23", "number_unreadable"),
     ("1 234", "number_unreadable"), ("二〇二四", "number_unreadable"),
     ("#DIV/0!", "value_pending"), ("待定", "value_pending"), (True, "number_unreadable"),
     ("3星半", "number_unreadable"), ("2万余户", "number_unreadable"), ("5k", "number_unreadable"),
     ("3千户", "number_unit"), ("4/5", "number_out_of"), ("4 / 10", "number_out_of"),
     (dt.date(2024, 3, 5), "turned_to_date"), ("1.2.3", "number_unreadable")],
)  # fmt: skip
def test_what_is_no_number(cell, wrong):
    assert rule(cell, "number") == wrong


def test_declared_units_and_approximations_are_counted():
    options = {"units": ["分钟"], "approximate": True}
    result = convert(pd.Series(["约30分钟", "45分钟", "50"]), "number", **options)
    assert result.values.tolist() == [30, 45, 50]
    assert result.counts == {"approximate": 1, "unit_removed": 2}
    assert value("#DIV/0!", "number", pending="null") is None
    assert converted("待定", "number", pending="null").counts == {"pending_as_null": 1}


def test_range_and_whole_numbers():
    assert rule("101", "number", low=0, high=100) == "out_of_range"
    found = converted("101", "number", low=0, high=100).faults.iloc[0]
    assert found["expected"] == "0–100"
    assert value("3.0", "int") == 3
    assert rule("3.5", "int") == "not_whole"


@pytest.mark.parametrize(
    "cell",
    ["", " \u3000", None, np.nan, "—", "-", "/", "无", "N/A", "＃N/A", "#N/A", "n/a", "NULL"],
)
def test_missing_is_null_and_counted(cell):
    for kind in ("number", "date", "score", "label", "id"):
        result = converted(cell, kind)
        assert result.values.isna().all()
        assert len(result.faults) == 0
        assert sum(result.counts.values()) == 1
        assert result.reasons.iloc[0] in ("blank", "marker")


def test_missing_codes_and_markers_are_declarable():
    cells = pd.Series(["-3", "-2", "说不清", "缺考", "5", -3.0], dtype=object)
    codes = {"-3": "skipped", "-2": "blank", "说不清": "dont_know"}
    result = convert(cells, "score", missing_codes=codes, missing=["缺考"], low=1, high=5)
    assert result.values.tolist()[4] == 5
    assert result.reasons.tolist()[:4] == ["skipped", "blank", "dont_know", "marker"]
    assert result.reasons.tolist()[5] == "skipped"
    assert result.counts == {"missing_code": 4, "missing_marker": 1}
    only = convert(pd.Series(["无", "缺"]), "label", missing={"only": ["缺"]})
    assert only.values.tolist()[0] == "无"
    with pytest.raises(ValueError, match="missing"):
        convert(cells, "score", missing={"also": ["缺"]})


@pytest.mark.parametrize(
    ("cell", "options", "expected"),
    [("85%", {}, 0.85), ("85 ％", {}, 0.85), ("100%", {"unit": "share"}, 1), ("0.7%", {}, 0.007),
     ("0.85", {"unit": "share"}, 0.85), (0.9, {"unit": "share"}, 0.9),
     ("85", {"unit": "percent"}, 0.85), (0.0, {"unit": "percent"}, 0),
     ("120%", {"high": 2}, 1.2)],
)  # fmt: skip
def test_shares(cell, options, expected):
    assert value(cell, "share", **options) == expected


def test_the_unit_of_a_share_is_never_guessed():
    assert rule("0.85", "share") == "share_unit_undeclared"
    assert rule(85.0, "share") == "share_unit_undeclared"
    assert rule("85", "share", unit="share") == "out_of_range"
    assert rule("0.85", "share", unit="percent") == "share_unit_doubtful"
    assert rule("120%", "share") == "out_of_range"
    with pytest.raises(ValueError, match="percent or share"):
        converted("1", "share", unit="%")


def test_scores():
    scale = {"low": 0, "high": 10}
    cells = pd.Series(["0 非常不可能", "10 非常愿意", "10分", "９", 7.0, "8、愿意"], dtype=object)
    result = convert(cells, "score", **scale)
    assert result.values.tolist() == [0, 10, 10, 9, 7, 8]
    assert result.counts == {"number_before_label": 3, "unit_removed": 1, "full_width_folded": 1}
    assert rule("11", "score", **scale) == "out_of_range"
    assert rule("3.5", "score", whole=True, **scale) == "not_whole"


def test_labels_of_a_scale_and_its_direction():
    labels = {"非常满意": 5, "满意": 4, "一般": 3, "不满意": 2, "非常不满意": 1}
    five = {"labels": labels, "low": 1, "high": 5}
    result = convert(pd.Series(["非常满意", " 满意", "４", "还行"]), "score", **five)
    assert result.values.tolist()[:3] == [5, 4, 4]
    assert result.faults[["position", "rule"]].values.tolist() == [[3, "label_unknown"]]
    assert "非常满意" in result.faults["expected"].iloc[0]
    turned = convert(pd.Series(["1", "5", "2"]), "score", low=1, high=5, reverse=True)
    assert turned.values.tolist() == [5, 1, 4]
    assert turned.counts == {"reversed": 3}
    coded = convert(pd.Series([1.0, 2.0]), "score", labels={"1": 5, "2": 4}, low=1, high=5)
    assert coded.values.tolist() == [5, 4]
    with pytest.raises(ValueError, match="reverse needs"):
        converted("1", "score", reverse=True)


def test_booleans():
    yes = ["是", "√", "已完成", "Y", "y", "1", 1.0, True, "TRUE", "对"]
    no = ["否", "×", "未完成", "N", "0", 0.0, False, "没有"]
    result = convert(pd.Series(yes + no, dtype=object), "bool")
    assert result.values.tolist() == [True] * len(yes) + [False] * len(no)
    assert result.counts["bool_word"] == len(yes + no) - 2
    assert rule("进行中", "bool") == "bool_unknown"
    assert value("无", "bool") is None
    assert value("无", "bool", true=["有"], false=["无"]) is False
    assert rule("是", "bool", true=["有"], false=["无"]) == "bool_unknown"
    with pytest.raises(ValueError, match="both true and false"):
        converted("1", "bool", true=["1"], false=["１"])


def test_labels():
    labels = {"报修": "repair", "投诉": "complaint", "无": "none", "1": "enquiry"}
    cells = pd.Series(["报修", "　投诉 ", "无", 1.0], dtype=object)
    result = convert(cells, "label", labels=labels)
    assert result.values.tolist() == ["repair", "complaint", "none", "enquiry"]
    assert result.counts["label_mapped"] == 4
    unknown = converted("投诉类", "label", labels=labels).faults.iloc[0]
    assert (unknown["rule"], unknown["value"]) == ("label_unknown", "投诉类")
    assert unknown["expected"].startswith("投诉")
    assert value("villa", "label", allowed=["villa", "old"]) == "villa"
    assert rule("Villa", "label", allowed=["villa", "old"]) == "label_unknown"
    assert value("万科城市花园（一期）\u3000", "label") == "万科城市花园（一期）"  # as typed
    assert value("万科（一期）", "label", labels={"万科(一期)": "P1"}) == "P1"  # folded to look up
    dropped = converted("未接触", "label", labels={"未接触": None})
    assert dropped.reasons.iloc[0] == "declared"


def test_identifiers():
    assert value("'00123", "id") == "00123"
    assert value('="00123"', "id") == "00123"
    assert value("A０１２", "id") == "A012"
    assert value("a012", "id", case="upper") == "A012"
    assert value(123.0, "id") == "123"
    assert value(123.0, "id", width=5) == "00123"
    assert rule("1.23E+17", "id") == "id_scientific"
    assert value("1E5", "id") == "1E5"  # a room
    assert rule(1.23e17, "id") == "id_precision_lost"
    assert rule(dt.date(2024, 3, 5), "id") == "turned_to_date"
    assert rule(1.5, "id") == "id_unreadable"


@pytest.mark.parametrize(
    "cell", ["张三", "张 三", "张三（客服）", "张三 ", "　张三", "张三\u200b", "张三[离职]"]
)
def test_spellings_of_one_name(cell):
    assert value(cell, "person", form="name") == "张三"


def test_people():
    assert value("ZHANG  San"[:6] + "San", "person", form="name") == "ZHANG San"
    for phone in ("+86 13800008000", "138-0000-8000", "13800008000", 13800008000.0):
        assert value(phone, "person", form="phone") == "13800008000"
    for masked in ("138****8000", "张*", "张＊", "王某"):
        assert rule(masked, "person") == "person_masked"
        assert value(masked, "person", masked="null") is None
    assert rule("1.38E+10", "person", form="phone") == "id_scientific"
    result = converted("张*", "person", form="name")
    assert result.faults["value"].tolist() == [None]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [("123秒", 123), ("2分钟3秒", 123), ("00:02:03", 123), (123, 123), ("123", 123),
     ("2小时", 7200), ("1.5h", 5400), ("1天", 86400), (dt.timedelta(minutes=2), 120),
     (dt.time(0, 2, 3), 123), ("2 分 3 秒", 123), ("24小时", 86400)],
)  # fmt: skip
def test_durations(cell, expected):
    assert value(cell, "duration", unit="seconds", cell_unit="seconds") == expected


def test_what_is_no_duration():
    assert rule("-5秒", "duration", unit="seconds") == "duration_negative"
    assert rule("123", "duration", unit="seconds") == "duration_unit_undeclared"
    assert rule("约30分钟", "duration", unit="minutes") == "number_approximate"
    assert rule("很久", "duration", unit="minutes") == "duration_unreadable"
    assert value("90", "duration", unit="hours", cell_unit="minutes") == 1.5
    assert value("-5秒", "duration", unit="seconds", low=None) == -5
    with pytest.raises(ValueError, match="unit"):
        converted("1", "duration")


def test_text_keeps_widths():
    assert value(" １，２ ", "text") == "１，２"
    assert converted(5.0, "text").counts == {"number_as_text": 1}
    assert value(5.0, "text") == "5"


@pytest.mark.parametrize("kind", KINDS)
def test_types_lengths_and_input_untouched(kind):
    required = {"instant": SHANGHAI, "duration": {"unit": "seconds"}}.get(kind, {})
    cells = pd.Series(["?", None, "", "—"], index=[7, 3, 3, 9], name="列", dtype=object)
    before = cells.copy()
    result = convert(cells, kind, **required)
    pd.testing.assert_series_equal(cells, before)
    for series in (result.values, result.reasons):
        assert list(series.index) == [7, 3, 3, 9]
        assert series.name == "列"
    expected = {"month": "date", "score": "number", "duration": "number"}.get(kind, kind)
    assert pa.array(result.values).type == ARROW_TYPES[expected]
    empty = convert(pd.Series([], dtype=object), kind, **required)
    assert len(empty.values) == 0
    assert pa.array(empty.values).type == ARROW_TYPES[expected]


def test_unknown_kinds_and_options_name_the_nearest():
    with pytest.raises(ValueError, match="'number'"):
        converted("1", "numbers")
    with pytest.raises(ValueError, match="nearest is 'unit'"):
        converted("1", "share", units="percent")
    with pytest.raises(ValueError, match="order is one of"):
        converted("1", "date", order="ydm")
    with pytest.raises(ValueError, match="Asia/Shanghai"):
        converted("1", "instant", zone="Asia/Beijing2")
    assert set(OPTIONS) == set(KINDS)


def test_true_one_and_one_point_nought_are_different_cells():
    cells = pd.Series([True, 1, 1.0, "1"], dtype=object)
    result = convert(cells, "number")
    assert result.faults["position"].tolist() == [0]
    assert result.values.tolist()[1:] == [1, 1, 1]


def test_faults_are_located_in_the_file(tmp_path):
    path = tmp_path / "评分.csv"
    path.write_text("评分表\n姓名,得分\n张三,5\n\n李四,9\n王五,待定\n", encoding="utf-8")
    (table,) = read(path, name="raw/评分.csv")
    result = convert(table.frame["得分"], "score", low=1, high=5)
    faults = locate(result, table, "得分")
    assert [(f.file, f.row, f.column, f.value, f.rule) for f in faults] == [
        ("raw/评分.csv", 5, "得分", "9", "out_of_range"),
        ("raw/评分.csv", 6, "得分", "待定", "value_pending"),
    ]
    assert "1–5" in faults[0].message
    assert [f.value for f in locate(result, table, "得分", values=False)] == [None, None]


def test_normalise_says_what_it_did():
    assert normalise("abc") == ("abc", ())
    assert normalise("'85") == ("85", ("apostrophe_removed",))
    assert normalise("'") == ("'", ())
    assert normalise("\u3000８５")[0] == "85"
    assert normalise("a\u00a0b") == ("a b", ("spaces_removed",))


def test_every_conversion_and_rule_is_worded():
    from analysis import wording
    from analysis.ingest.readers import COUNTS, DROPPED
    from analysis.ingest.readers import RULES as READING

    wanted = {f"faults_reading.{r}" for r in (*RULES, *READING)}
    wanted |= {f"faults_reading.example.{r}" for r in (*RULES, *READING)}
    wanted |= {f"conversions.{name}" for name in CONVERSIONS}
    wanted |= {f"conversions.reading.{name}" for name in COUNTS}
    wanted |= {f"conversions.dropped.{name}" for name in DROPPED}
    for language in wording.LANGUAGES:
        assert wanted <= set(wording.keys(language))


def test_all_dirty_values_seen_in_exports(shared):
    """Each spelling either converts or is a fault that has a sentence; none raises."""
    path = shared / "exports" / "headers_and_dirty_values.json"
    if not path.is_file():
        pytest.skip("no sample exports here")
    dirty = json.loads(path.read_text(encoding="utf-8"))["dirty"]
    cells = pd.Series([c for cells in dirty.values() for c in cells], dtype=object)
    for kind in KINDS:
        options = {"instant": SHANGHAI, "duration": {"unit": "seconds"}}.get(kind, {})
        result = convert(cells, kind, **options)
        assert set(result.faults["rule"]) <= set(RULES)
        assert set(result.counts) <= set(CONVERSIONS)
        assert (result.values.isna() == result.reasons.notna()).all()


def test_many_distinct_cells_take_no_long():
    moments = pd.date_range("2024-01-01", periods=150_000, freq="37s")
    start = time.process_time()
    for shape in ("%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M"):
        result = convert(pd.Series(moments.strftime(shape)), "instant", **SHANGHAI)
        assert len(result.faults) == 0
    assert time.process_time() - start < 8


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["2024.1", "2024.10", "2024.2"], [1, 10, 2]),
        ([2024.1, 2024.01, 2024.02, 2024.12], [10, 1, 2, 12]),
        (["2024.01", "2024.10"], [1, 10]),
        (["2024.2", "2024.3"], [2, 3]),
    ],
)
def test_other_cells_settle_what_a_dotted_month_is(cells, expected):
    found = column(cells, "month")
    assert [day.month for day in found.values] == expected


@pytest.mark.parametrize("cells", [["2024.1"], [2024.1, 2024.2, 2024.11], ["2024.1", "2024.9"]])
def test_a_month_that_may_have_lost_its_zero_is_refused_unless_declared(cells):
    assert column(cells, "month").faults["rule"].tolist() == ["month_digit_lost"]
    declared = column(cells, "month", format="%Y.%m")
    assert declared.values.iloc[0] == dt.date(2024, 1, 1)


@pytest.mark.parametrize("cell", ["1E+05", "1.2E+05", "3.45e8"])
def test_numbers_that_lost_digits_are_refused(cell):
    assert rule(cell, "number") == "number_scientific"
    assert rule(cell, "int") == "number_scientific"


@pytest.mark.parametrize(
    ("cells", "wrong"),
    [
        (["00123", 124.0], ["124"]),
        (["00123", "123"], ["123"]),
        (["A01", 124.0], []),
        (["00123", "12345"], []),
        (["0101", "00102", 103.0], []),
    ],
)
def test_identifiers_that_may_have_lost_their_zeros(cells, wrong):
    found = column(cells, "id")
    assert found.faults["value"].tolist() == wrong
    assert column(cells, "id", width=5).faults.empty


@pytest.mark.parametrize(
    ("cell", "minutes"),
    [("45分钟", 45), ("1小时30分", 90), ("01:30:00", 90), ("1.5h", 90), ("90'", 90), ("1h30m", 90),
     ("1 hr 5 min", 65), ("1'30\"", 1.5), (dt.time(1, 30), 90)],
)  # fmt: skip
def test_the_unit_of_a_duration_comes_from_the_cell(cell, minutes):
    assert value(cell, "duration", unit="minutes", cell_unit="hours") == minutes


def test_a_clock_of_two_parts_is_no_duration():
    assert rule("1:30", "duration", unit="minutes") == "duration_clock"


@pytest.mark.parametrize(
    "cell",
    ["9:08 上午 2024/3/5", "上午9:08 2024-03-05", "2024-03-05 09:08 (UTC+8)",
     "2024-03-05 09:08 GMT+08:00", "2024-03-05 01:08 UTC", "2024-03-05 09:08 [+0800]"],
)  # fmt: skip
def test_halves_and_zones_wherever_they_stand(cell):
    assert value(cell, "instant", **SHANGHAI) == pd.Timestamp("2024-03-05T01:08:00Z")


@pytest.mark.parametrize("cell", ["上午12:30", "晚上12:05", "12:30 早上"])
def test_twelve_o_clock_of_a_half_that_does_not_say_which(cell):
    assert rule(f"2024-03-05 {cell}", "instant", **SHANGHAI) == "time_twelve"


@pytest.mark.parametrize(("cell", "hour"), [("上午12:05", 0), ("晚上12:05", 0), ("下午12:05", 12)])
def test_twelve_o_clock_as_declared(cell, hour):
    start = pd.Timestamp("2024-03-05", tz="Asia/Shanghai")
    found = value(f"2024-03-05 {cell}", "instant", twelve="midnight", **SHANGHAI)
    assert found == start + pd.Timedelta(hours=hour, minutes=5)
    noon = value(f"2024-03-05 {cell}", "instant", twelve="noon", **SHANGHAI)
    assert noon == start + pd.Timedelta(hours=12, minutes=5)


def test_a_number_that_lost_its_zeros_has_no_value_among_plain_identifiers():
    found = convert(pd.Series(["007", "7", "A12"]), "id")
    assert [None if v is pd.NA else v for v in found.values] == ["007", None, "A12"]
    assert found.faults["rule"].tolist() == ["id_zeros_lost"]


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Europe/Berlin", "America/New_York", "UTC"])
def test_many_instants_at_once_are_what_each_is_alone(zone):
    days = pd.date_range("2024-03-09", "2024-11-05", freq="37h17min")
    texts = [f"{d:%Y-%m-%d %H:%M:%S}" for d in days] + [
        "2024-02-30 10:00:00",
        "2024-03-31 02:30:00",
    ]
    together = convert(pd.Series(texts), "instant", zone=zone, low="2024-03-10", high="2024-11-01")
    alone = [
        convert(pd.Series([t]), "instant", zone=zone, low="2024-03-10", high="2024-11-01")
        for t in texts
    ]
    assert together.values.tolist() == [one.values.iloc[0] for one in alone]
    rules = together.faults.set_index("position")["rule"].to_dict()
    assert rules == {i: o.faults["rule"].iloc[0] for i, o in enumerate(alone) if len(o.faults)}
    for text, value in zip(texts, together.values, strict=True):
        if value is not pd.NA:
            local = pd.Timestamp(text).tz_localize(zone, ambiguous=True)
            assert value == local


def test_a_typed_midnight_is_one_where_other_cells_of_the_column_have_times():
    midnight, noon = dt.date(2024, 3, 5), dt.datetime(2024, 3, 6, 12, 0)
    found = convert(pd.Series([midnight, noon], dtype=object), "instant", zone="UTC")
    assert [f"{value:%d %H:%M}" for value in found.values] == ["05 00:00", "06 12:00"]
    assert found.counts["time_as_midnight"] == 1
    serial = convert(pd.Series([45356, 45357.5], dtype=object), "instant", zone="UTC")
    assert [f"{value:%d %H:%M}" for value in serial.values] == ["05 00:00", "06 12:00"]


@pytest.mark.parametrize(
    "cells",
    [
        [dt.date(2024, 3, 5), dt.date(2024, 3, 6)],
        [dt.datetime(2024, 3, 5), dt.datetime(2024, 3, 6, 12), "2024-03-07"],
        [45356, 45357],
        [dt.date(2024, 3, 5), "2024-03-07 10:00"],
    ],
)
def test_a_day_alone_is_no_midnight(cells):
    found = convert(pd.Series(cells, dtype=object), "instant", zone="UTC")
    assert "time_missing" in found.faults["rule"].tolist()


def test_words_of_a_share_have_the_share_that_is_declared():
    cells = pd.Series(["已完成", "未完成", "80%", "进行中", "—"])
    found = convert(cells, "share", labels={"已完成": 1, "未完成": 0})
    assert [None if v is pd.NA else v for v in found.values] == [1.0, 0.0, 0.8, None, None]
    assert found.faults["rule"].tolist() == ["label_unknown"]
    assert convert(pd.Series(["已完成"]), "share", labels={"已完成": 100}).faults[
        "rule"
    ].tolist() == ["out_of_range"]
