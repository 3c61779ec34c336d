import csv
from typing import get_args

import pytest
from pydantic import ValidationError

from analysis import indicators
from analysis.errors import SchemaError
from analysis.indicators import registry


def test_titles_are_there_in_both_languages():
    for indicator in indicators.load().values():
        assert indicator.title.zh_CN
        assert indicator.title.en
        assert indicator.title.zh_CN != indicator.title.en


def test_unknown_name_is_answered_with_the_nearest():
    assert indicators.get("fcr").unit == "share"
    with pytest.raises(SchemaError, match="did you mean 'csat_mean'"):
        indicators.get("csat_men")
    with pytest.raises(SchemaError, match="known: csat_mean"):
        indicators.get("零")


def test_entries_cannot_be_changed():
    with pytest.raises(ValidationError):
        indicators.get("fcr").unit = "hours"


def test_every_fault_is_named(tmp_path):
    wrong = tmp_path / "registry.yml"
    wrong.write_text(
        "one: {title: {zh_CN: 一}, level: 9}\ntwo: {sources: {nowhere: [x]}}\n", encoding="utf-8"
    )
    with pytest.raises(SchemaError) as fault:
        registry.load(wrong)
    for place in ("one.title.en", "one.level", "two.unit"):
        assert place in str(fault.value)


def test_unknown_source_column_is_refused():
    entry = indicators.get("fcr").model_dump() | {"sources": {"tickets": ("site",)}}
    with pytest.raises(ValidationError, match=r"tickets\.site"):
        indicators.Indicator(**entry)


def test_strata_of_the_marks_exist():
    for indicator in indicators.load().values():
        for mark in (*indicator.targets, *indicator.alerts, *indicator.benchmarks):
            assert not mark.stratum or indicator.stratum, indicator.id
            assert mark.kind != "level" or indicator.unit != "share" or 0 <= mark.value <= 1


def test_attendance_may_not_be_the_primary_outcome():
    assert not indicators.get("attendance").primary


def test_marks_name_requirements_that_exist(shared):
    with open(shared / "requirements.csv", encoding="utf-8-sig", newline="") as file:
        known = {row["id"]: row for row in csv.DictReader(file)}
    for indicator in indicators.load().values():
        for mark in (*indicator.targets, *indicator.alerts, *indicator.benchmarks):
            assert mark.requirement in known
            if mark.conflict:
                # C4 and others are named by their own row, or by the row they contradict.
                assert mark.conflict[0] == "C"


def test_every_unit_says_what_kind_of_outcome_it_is():
    assert set(registry.KINDS) == set(get_args(registry.Unit))
    assert registry.get("complaints_per_1000").kind == "count"
    assert registry.get("fcr").kind == "share"
    assert registry.get("resolution_median_hours").kind == "wait"
    assert registry.get("nps").kind == "net"
