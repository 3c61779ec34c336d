"""Checks name columns, items and questionnaires in words, never by their identifiers."""

import pytest

from analysis import client as clients
from analysis import wording
from analysis.results import Check, Topic, collect
from analysis.workspace.inputs import naming


@pytest.fixture(scope="module")
def client():
    return clients.load("demo")


def params_of(client, **params):
    check = Check(id="baseline.x", topic=Topic.RULE, question="q", status="passed", params=params)
    (found,) = naming.named(collect("baseline", [check]), client).checks
    return found.params


def test_columns_are_worded(client):
    found = params_of(client, columns="assessor_id, assessed_on")["columns"]
    assert found == {"zh_CN": "考官编号、考核日期", "en": "assessor, test date"}
    pair = params_of(client, column="resolved_at/due_at")["column"]
    assert pair == {"zh_CN": "办结时间、承诺期限", "en": "time resolved, due time"}
    item = params_of(client, column="csat_v1.q3")["column"]
    assert item == "您对服务态度是否满意？"


def test_items_and_what_measures_are_worded(client):
    found = params_of(client, instrument="bars_v1", worst="b2", items="b1, b2")
    assert found["instrument"]["zh_CN"] == "360度行为评价表"
    assert found["worst"]["zh_CN"] == "“倾听并复述客户诉求”"
    assert found["items"]["en"] == "“主动问候并识别客户”, “倾听并复述客户诉求”"
    assert params_of(client, example="fcr")["example"]["zh_CN"] == "一次性解决率"
    assert params_of(client, example="bars_v1.b4")["example"] == "安抚情绪"


def test_what_has_no_words_stays(client):
    assert params_of(client, example="Allston | Brighton")["example"]["en"] == "Allston | Brighton"
    assert params_of(client, instrument="")["instrument"] == "measurement.table.ratings"
    assert params_of(client, column="")["column"] == ""
    assert wording.has("measurement.table.ratings")


def test_what_was_bought_is_no_question_of_a_questionnaire():
    assert naming.column(None, "item", "costs")["zh_CN"] == "费用明细"
    assert naming.column(None, "item", "surveys")["zh_CN"] == "题目"
