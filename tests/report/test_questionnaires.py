"""Questionnaires go out as forms and import texts, and come back as answers without a hand edit."""

from __future__ import annotations

import csv
import re

import pandas as pd
import pytest
from docx import Document

from analysis import client as clients
from analysis import ingest, report
from analysis.errors import InputError

HEAD = """
client: {id: acme, name: {zh_CN: 测试物业, en: Acme}, timezone: Asia/Shanghai, simulated: true}
period: {first: 2024-01, last: 2024-12}
privacy:
  {demo_key: not-a-secret-at-all, purpose: 评估服务, notice_version: '2024-02',
   retain_until: 2999-12-31}
instruments:
  owner_v1:
    title: {zh_CN: 业主问卷, en: Owner questionnaire}
    scale: [1, 5]
    items:
      q1:
        wording: 您对物业服务总体是否满意？
        wording_en: Overall, how satisfied are you?
        role: overall
      q2:
        wording: 报修后总要再三催促
        wording_en: I always have to chase repairs
        reversed: true
        anchors:
          1: {zh_CN: 非常不同意, en: Strongly disagree}
          2: {zh_CN: 不同意, en: Disagree}
          3: {zh_CN: 说不准, en: Neither}
          4: {zh_CN: 同意, en: Agree}
          5: {zh_CN: 非常同意, en: Strongly agree}
      q3:
        wording: 您有多大可能推荐本物业？
        wording_en: How likely are you to recommend us?
        role: nps
        scale: [0, 10]
  rating_v1:
    title: {zh_CN: 行为评价表, en: Behaviour form}
    fills: ratings
    scale: [1, 5]
    reversed: true
    items:
      b1: {wording: 主动问候客户, wording_en: Greets customers first}
      b2: {wording: 对管家态度是否满意, wording_en: Satisfied with the steward’s manner}
sources:
  - table: sites
    inline: [{site_id: 甲苑, site_name: 甲苑}, {site_id: 乙苑, site_name: 乙苑}]
"""
CODES = [(1, 1, 0), (5, 5, 10), (4, 2, 7), (2, 4, 3)]
"""Raw codes that four people tick for q1, q2 and q3."""
SCORES = {
    (n, f"q{i + 1}"): float(6 - c if i == 1 else c)
    for n, t in enumerate(CODES)
    for i, c in enumerate(t)
}
"""What they mean: q2 complains, so that agreeing is worse."""


@pytest.fixture
def opened(tmp_path):
    (tmp_path / "data" / "acme" / "raw").mkdir(parents=True)
    (tmp_path / "data" / "acme" / "client.yml").write_text(HEAD, encoding="utf-8")
    report.write_forms(clients.load(tmp_path / "data" / "acme" / "client.yml"), tmp_path / "forms")
    return tmp_path


def imported(path):
    """Return the questions of an import text with their options, as the platform takes them."""
    found = {}
    for block in path.read_text(encoding="utf-8").split("\n\n")[2:]:
        first, *options = block.strip().split("\n")
        asked = re.fullmatch(r"(?:\d+\. )?(.+)\[(单选题|填空题|单行文本题)\]", first)
        assert bool(options) == (asked[2] == "单选题")
        found[asked[1]] = options
    return found


def answered(questions, platform, told):
    """Return an answer sheet as the platform exports it: ``told`` says how an option is written."""
    mark = "、" if platform == "wjx" else "."
    heads = [f"{n}{mark}{text}" for n, text in enumerate(questions, start=1)]
    before, after = {
        "wjx": (["序号", "提交答卷时间", "所用时间", "来源", "来源详情", "来自IP"], ["总分"]),
        "tencent": (["编号", "开始答题时间", "结束答题时间", "答题时长", "IP"], []),
    }[platform]
    rows = [[*before, *heads, *after]]
    for number, codes in enumerate(CODES):
        start = {
            "wjx": [
                number + 1,
                f"2024/3/{number + 1} 10:00:00",
                "60秒",
                "微信",
                "直接",
                "1.2.3.4(上海)",
            ],
            "tencent": [
                number + 1,
                f"2024-03-0{number + 1} 09:59",
                f"2024-03-0{number + 1} 10:00",
                "60",
                "1.2.3.4",
            ],
        }[platform]
        chosen = [
            told(options, code)
            for options, code in zip(list(questions.values())[1:], codes, strict=True)
        ]
        rows.append(
            [*start, next(iter(questions.values()))[number % 2], *chosen, *["9"][: len(after)]]
        )
    return rows


def by_text(options, code):
    return next(o for o in options if o == str(code) or o.startswith(f"{code}-"))


def by_number(options, code):
    return str(code)


def by_words(options, code):
    """Return what somebody types who copies a printed form: the words, where there are any."""
    return by_text(options, code).partition("-")[2] or str(code)


def taken(root, rows, tmp_name="答卷.csv"):
    path = root / tmp_name
    with path.open("w", encoding="utf-8-sig", newline="") as sheet:
        csv.writer(sheet).writerows(rows)
    ingest.add_exports("acme", [path], str, root=root)
    client = clients.load(root / "data" / "acme" / "client.yml")
    faults = [str(fault) for fault in ingest.check(client)]
    assert faults == []
    return ingest.ingest(client, root / "canonical")


@pytest.mark.parametrize("told", [by_text, by_number, by_words])
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("platform", ["wjx", "tencent"])
def test_answers_map_by_themselves_direction_included(opened, platform, language, told):
    questions = imported(opened / "forms" / language / f"questionnaire_owner_v1_{platform}.txt")
    taken(opened, answered(questions, platform, told))
    written = (opened / "data" / "acme" / "client.yml").read_text(encoding="utf-8")
    assert "DECIDE" not in written
    surveys = pd.read_parquet(opened / "canonical" / "surveys.parquet")
    order = {day: n for n, day in enumerate(sorted(surveys["answered_at"].unique()))}
    found = {(order[r.answered_at], r.item): float(r.score) for r in surveys.itertuples()}
    assert found == SCORES
    assert set(surveys["instrument"]) == {"owner_v1"}
    assert set(surveys["site_id"]) == {"甲苑", "乙苑"}
    assert surveys["household_id"].isna().all() if "household_id" in surveys else True


def test_words_decide_where_the_platform_numbers_its_options_otherwise(opened):
    questions = imported(opened / "forms" / "zh" / "questionnaire_owner_v1_wjx.txt")

    def renumbered(options, code):
        words = by_text(options, code).partition("-")[2]
        return f"{6 - code}-{words}" if len(options) == 5 else str(code)

    taken(opened, answered(questions, "wjx", renumbered))
    surveys = pd.read_parquet(opened / "canonical" / "surveys.parquet")
    assert sorted(surveys.loc[surveys["item"] == "q2", "score"]) == [1.0, 2.0, 4.0, 5.0]
    assert sorted(surveys.loc[surveys["item"] == "q1", "score"]) == [1.0, 2.0, 4.0, 5.0]


def test_ratings_come_back_turned_round(opened):
    questions = imported(opened / "forms" / "zh" / "questionnaire_rating_v1_wjx.txt")
    assert questions["对管家态度是否满意"] == [
        "1-非常满意", "2-满意", "3-一般", "4-不满意", "5-非常不满意",
    ]  # fmt: skip
    assert questions["主动问候客户"][::4] == ["1-最好", "5-最差"]
    heads = ["所属项目", "被评价人工号", "评价人角色", "主动问候客户", "对管家态度是否满意"]
    assert list(questions) == heads
    rows = [
        ["序号", "提交答卷时间", "来自IP", *(f"{n}、{h}" for n, h in enumerate(heads, start=1))],
        [1, "2024-03-01 10:00", "1.2.3.4", "甲苑", "E10", "上级", "1-最好", "5-非常不满意"],
        [2, "2024-03-02 10:00", "1.2.3.4", "甲苑", "E10", "同事", "2", "4"],
    ]
    taken(opened, rows)
    assert "DECIDE" not in (opened / "data" / "acme" / "client.yml").read_text(encoding="utf-8")
    ratings = pd.read_parquet(opened / "canonical" / "ratings.parquet")
    found = {(r.rater_role, r.item): float(r.score) for r in ratings.itertuples()}
    assert found == {
        ("supervisor", "b1"): 5.0,
        ("supervisor", "b2"): 1.0,
        ("peer", "b1"): 4.0,
        ("peer", "b2"): 2.0,
    }


def test_two_versions_with_the_same_questions_are_left_to_be_decided(opened):
    written = opened / "data" / "acme" / "client.yml"
    text = written.read_text(encoding="utf-8")
    block = text[text.index("  owner_v1:") : text.index("  rating_v1:")]
    written.write_text(text.replace(block, block + block.replace("owner_v1", "owner_v2")), "utf-8")
    questions = imported(opened / "forms" / "zh" / "questionnaire_owner_v1_wjx.txt")
    path = opened / "答卷.csv"
    with path.open("w", encoding="utf-8", newline="") as sheet:
        csv.writer(sheet).writerows(answered(questions, "wjx", by_text))
    ingest.add_exports("acme", [path], str, root=opened)
    assert "DECIDE" in written.read_text(encoding="utf-8")


def told(path):
    document = Document(str(path))
    cells = [[c.text for c in row.cells] for t in document.tables for row in t.rows]
    return "\n".join(p.text for p in document.paragraphs), cells


def test_the_printed_form_says_what_it_is_for_and_which_end_is_which(opened):
    for language, anonymous, consent in (
        ("zh", "不记名", "同意按上述用途"),
        ("en", "anonymous", "agree to your answers"),
    ):
        text, cells = told(opened / "forms" / language / "questionnaire_owner_v1.docx")
        assert all(part in text for part in (anonymous, consent, "评估服务", "2024-02"))
        heads = [row for row in cells if len(row) == 6 and row[1].startswith("1-")]
        ends = {
            "zh": ["1-非常不满意", "5-非常满意"],
            "en": ["1-Very dissatisfied", "5-Very satisfied"],
        }
        turned = {
            "zh": ["1-非常不同意", "5-非常同意"],
            "en": ["1-Strongly disagree", "5-Strongly agree"],
        }
        assert [[row[1], row[5]] for row in heads] == [ends[language], turned[language]]
        assert any(len(row) == 12 and row[1].startswith("0-") for row in cells)
    assert "1. Overall, how satisfied are you?" in {row[0] for row in cells}
    text, _ = told(opened / "forms" / "zh" / "questionnaire_rating_v1.docx")
    assert "不记录评价人" in text


def test_reversed_items_without_words_are_named(opened):
    client = clients.load(opened / "data" / "acme" / "client.yml")
    assert report.unworded(client) == ("rating_v1.b1", "rating_v1.b2")


def test_anchors_outside_the_scale_or_twice_are_refused(opened):
    written = opened / "data" / "acme" / "client.yml"
    text = written.read_text(encoding="utf-8")
    for wrong in (text.replace("          5: {zh_CN: 非常同意", "          6: {zh_CN: 非常同意"),
                  text.replace("zh_CN: 非常同意", "zh_CN: 同意")):  # fmt: skip
        written.write_text(wrong, encoding="utf-8")
        with pytest.raises(InputError):
            clients.load(written)
