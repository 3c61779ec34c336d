"""Open comments are kept out by default; where they are allowed, only their themes remain."""

import pandas as pd
import pytest

from analysis import ingest
from analysis.errors import InputError
from analysis.ingest.comments import by_dictionary, by_person

SITES = """
sources:
  - table: sites
    inline: [{site_id: P01, site_name: 一号}, {site_id: P02, site_name: 二号}]
"""
ALLOWED = """
comments:
  allowed: true
  themes:
    parking: {title: {zh_CN: 停车, en: Parking}, words: [停车, 车位, parking, car]}
    slow: {title: {zh_CN: 响应慢, en: Slow response}, words: [等很久, slow]}
"""
COMMENTS = """
  - table: comments
    files: [意见.csv]
    columns: {comment_id: 编号, site_id: 项目, written_on: 日期, themes: 内容, first_coder: 归类一,
              second_coder: 归类二}
"""
CANARY = "住在三栋的王建国说"
SHEET = f"""编号,项目,日期,内容,归类一,归类二
K1,P01,2024-03-05,{CANARY}停车太乱，还要等很久,停车、响应慢,parking+slow
K2,P01,2024-03-06,{CANARY}一切都好,无,none
K3,P02,2024-03-07,,,
K4,P02,2024-03-08,{CANARY} NO PARKING again,,
"""


def taken(bench, sheet=SHEET, themes=ALLOWED, sources=COMMENTS):
    bench.put("意见.csv", sheet)
    client = bench.client(themes + SITES + sources)
    ingest.ingest(client, bench.root / "canonical")
    return pd.read_parquet(bench.root / "canonical" / "comments.parquet").set_index("comment_id")


def test_themes_remain_and_no_text(bench):
    found = taken(bench)
    assert found["themes"].fillna("").to_dict() == {
        "K1": "parking+slow", "K2": "none", "K3": "", "K4": "parking",
    }  # fmt: skip
    assert found["first_coder"].to_dict()["K1"] == found["second_coder"].to_dict()["K1"]
    assert found.loc["K2", ["first_coder", "second_coder"]].tolist() == ["none", "none"]
    written = [p for p in bench.root.rglob("*") if p.is_file() and p.parent != bench.raw]
    assert any("canonical" in str(p) for p in written)
    for path in written:  # canonical tables, records, kept sheets
        content = path.read_bytes()
        for encoding in ("utf-8", "gb18030", "utf-16-le"):
            assert CANARY.encode(encoding) not in content, path


def test_comments_are_refused_unless_allowed(bench):
    bench.put("意见.csv", SHEET)
    for said in ("", ALLOWED.replace("allowed: true", "allowed: false")):
        with pytest.raises(InputError) as caught:
            bench.client(said + SITES + COMMENTS)
        assert "comments" in str(caught.value)
        assert CANARY not in str(caught.value)
    with pytest.raises(InputError):  # allowed, and nothing to count
        bench.client("comments: {allowed: true}\n" + SITES)


def test_no_fault_quotes_a_comment(bench):
    """What is no theme, and a text in any other column, is told by its row alone."""
    bench.put("意见.csv", SHEET.replace("停车、响应慢", CANARY))
    faults = ingest.check(bench.client(ALLOWED + SITES + COMMENTS))
    assert [(f.rule, f.row, f.value) for f in faults] == [("theme_unknown", 2, None)]
    assert not any(CANARY in str(f) for f in faults)
    wrong = COMMENTS.replace("themes: 内容", "origin: 意见内容").replace("归类一", "归类一")
    bench.put("意见.csv", SHEET.replace(",内容,", ",意见内容,"))
    faults = ingest.check(bench.client(ALLOWED + SITES + wrong))
    assert "personal_header" in {f.rule for f in faults}
    assert not any(CANARY in str(f) for f in faults)


def test_another_dictionary_reads_the_file_again(bench):
    assert taken(bench).loc["K1", "themes"] == "parking+slow"
    fewer = ALLOWED.replace("等很久", "从来没人接")
    assert taken(bench, themes=fewer).loc["K1", "themes"] == "parking"


def test_words_and_codes(bench):
    client = bench.client(ALLOWED + SITES)
    assert by_dictionary("ＰＡＲＫＩＮＧ", client) == "parking"  # full width
    assert by_dictionary("a scared cat, take care", client) == "none"  # car is a word of its own
    assert by_dictionary("my car is slow.", client) == "parking+slow"
    assert by_person("Slow response", client) == "slow"
    assert by_person("停车/ slow", client) == "parking+slow"
    assert by_person("绿化", client) is None


def test_a_proposal_leaves_open_text_out(bench):
    bench.put(
        "意见.csv",
        "序号,提交答卷时间,小区,1、您满意吗？,2、您的意见建议\n1,2024-03-01,P01,满意,停车\n",
    )
    text = ingest.propose("acme", [bench.raw / "意见.csv"], str)
    assert "您的意见建议': personal.open_text" in text.replace('"', "'")
