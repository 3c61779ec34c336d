"""Numbers, amounts and dates as each language writes them."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from analysis import wording
from analysis.indicators import registry
from analysis.wording import format_value, in_unit
from analysis.wording.formatting import title_in_sentence

CASES = [
    (1234567, "int", "1,234,567", "1,234,567"),
    (0.125, "pct", "12%", "12%"),
    (0.1256, "pct1", "12.6%", "12.6%"),
    (0.254, "points", "+0.25", "+0.25"),
    (-0.254, "points", "−0.25", "−0.25"),
    (-0.001, "points", "0.00", "0.00"),
    (12_346_000, "cny", "1,234.6万元", "CNY 12.35 million"),
    (8500, "cny", "8,500元", "CNY 8,500"),
    (917_327, "cny", "91.7万元", "CNY 917 thousand"),
    (250_000_000, "cny", "2.50亿元", "CNY 250.00 million"),
    (dt.date(2024, 3, 9), "date", "2024年3月9日", "9 Mar 2024"),
    ("2024-03-09", "date", "2024年3月9日", "9 Mar 2024"),
    (2024 * 12 + 2, "month", "2024年3月", "Mar 2024"),
    ("2024-03", "month", "2024年3月", "Mar 2024"),
    ([24286], "months", "2023年11月", "Nov 2023"),
    (
        [24287, 24288, 24289, 24291, 24292],
        "months",
        "2023年12月至2024年2月、2024年4月至5月",
        "Dec 2023 to Feb 2024, Apr to May 2024",
    ),
    (0.00002, "p", "<0.001", "<0.001"),
    (0.0312, "p", "0.031", "0.031"),
    (0.05, "p", "0.05", "0.05"),
    (0.0002, "pct1", "<0.1%", "<0.1%"),
    (0.9999, "pct", ">99%", ">99%"),
    (0.0, "pct1", "0.0%", "0.0%"),
    (1.0, "pct1", "100.0%", "100.0%"),
    (0.0031, "bare", "0.003", "0.003"),
    (0.0001, "bare", "<0.001", "<0.001"),
    (46.0, "bare", "46", "46"),
    (None, "num2", "无法给出", "not available"),
    (float("nan"), "int", "无法给出", "not available"),
    (pd.NA, "", "无法给出", "not available"),
    (np.bool_(True), "", "是", "yes"),
    (["一", "二"], "", "一、二", "一, 二"),
    (3.0, "", "3", "3"),
    (0.5, "", "0.5", "0.5"),
]


@pytest.mark.parametrize(("value", "spec", "chinese", "english"), CASES)
def test_written_by_hand(value, spec, chinese, english):
    assert format_value(value, spec, "zh_CN") == chinese
    assert format_value(value, spec, "en") == english


def test_a_difference_of_shares_is_percentage_points():
    assert in_unit(0.05, "share", "en") == "5.0%"
    assert in_unit(0.05, "share", "en", effect=True) == "+5.0 pp"
    assert in_unit(-0.05, "share", "zh_CN", effect=True) == "−5.0 个百分点"


def test_minutes_carry_their_unit():
    assert in_unit(12.34, "minutes", "zh_CN", effect=True) == "+12.3 分钟"


def test_a_score_carries_its_unit():
    assert in_unit(3.821, "score", "zh_CN") == "3.82 分"
    assert in_unit(3.821, "score", "en") == "3.82"
    assert in_unit(0.154, "score", "zh_CN", effect=True) == "+0.15 分"
    assert in_unit(0.154, "score", "en", effect=True) == "+0.15 points"
    assert in_unit(9.52, "nps_points", "zh_CN", effect=True) == "+9.5 点"


def test_a_probability_is_neither_certain_nor_impossible():
    for language in ("en", "zh_CN"):
        told = [format_value(value, "chance", language) for value in (0.0, 0.004, 0.5, 0.996, 1.0)]
        assert told == ["<1%", "<1%", "50%", ">99%", ">99%"]


def test_a_title_within_a_sentence_has_its_article():
    known = registry.load()
    for entry in known.values():
        said = title_in_sentence(entry.title.en)
        assert said[0].islower()
        assert said == (entry.in_sentence or said)
        claim = wording.text("report.effect_on", "en", indicator=entry.title.en)
        assert claim.endswith(f" {said}")
    assert title_in_sentence("NPS") == "NPS"
    assert title_in_sentence("Calls per site") == "calls per site"


@pytest.mark.parametrize(
    ("low", "high", "written"),
    [
        (384_000, 459_000, "CNY 384 to 459 thousand"),
        (900_000, 1_200_000, "CNY 900 thousand to CNY 1.20 million"),
        (1_000, 2_000, "CNY 1,000 to 2,000"),
        (1_000, 200_000, "CNY 1,000 to CNY 200 thousand"),
        (-200_000, 300_000, "CNY −200 to 300 thousand"),
    ],
)
def test_an_interval_of_amounts_names_its_unit_once(low, high, written):
    ends = {
        name: wording.format_value(v, "cny", "en") for name, v in (("low", low), ("high", high))
    }
    assert wording.text("report.interval", "en", **ends) == written
