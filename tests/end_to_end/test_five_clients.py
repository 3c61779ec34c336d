"""One client for each source document: each ends, is held to its own lines, and is answered."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from five_clients import CONFIRMED, FIVE, ran
from lxml import html
from one_truth import differing, on_several_pages, shown

from analysis import client as clients
from analysis.standards import course

NAMES = tuple(FIVE)
TRAINED = ("villa", "course", "demo")
QUESTIONS = {
    "villa": ("培训有没有用？", "Did the training work?"),
    "course": ("培训有没有用？", "Did the training work?"),
    "demo": ("培训有没有用？", "Did the training work?"),
    "appraisal": ("服务水平变了没有？", "Did service move?"),
    "process": ("时限守住了没有？", "Were the service lines held?"),
}
CLAIMS = {
    "villa": {"tracking.csat_mean.att.overall", "value.roi", "value.targets"},
    "course": {"tracking.csat_mean.att.overall", "value.roi", "value.targets"},
    "demo": {"tracking.csat_mean.att.overall", "value.roi", "value.targets"},
    "appraisal": {"tracking.periods.score", "tracking.sites", "tracking.consequence"},
    "process": {"tracking.service.response", "tracking.service.resolution", "value.targets"},
}
"""What the first page has to claim, by the ids of findings."""


def _file(name):
    return ran(name).client.raw.parent if name != "demo" else ran(name).client.root / "data/demo"


def _lines(name):
    return clients.load(_file(name) / "client.yml").lines


def _brief(name, language):
    text = (ran(name).folder / language / "index.html").read_text(encoding="utf-8")
    return html.fromstring(text.encode())


@pytest.mark.parametrize("name", NAMES)
def test_its_pages_agree_on_every_number(name):
    found = shown(ran(name).folder)
    assert len(on_several_pages(found)) > {"demo": 400}.get(name, 4)
    assert differing(found) == {}


@pytest.mark.parametrize("name", NAMES)
def test_it_is_held_to_its_own_lines_and_to_no_others(name):
    lines, monitoring = _lines(name), ran(name).stored["monitoring"]
    asked = {**lines.gates, **lines.quarters}
    assert set(monitoring.table_or_empty("gates").get("goal", [])) == set(asked)
    rules = monitoring.table_or_empty("alert_rules")
    drawn = {rule: alert["line"] for rule, alert in lines.alerts.items() if "line" in alert}
    for row in rules.to_dict("records"):
        assert pd.isna(row["line"]) or row["line"] == drawn[row["rule"]], row["rule"]
    others = set(course().alerts) - set(lines.alerts)
    assert others.isdisjoint(alert.rule for alert in monitoring.alerts)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "demo"])
def test_examples_of_a_document_hold_nobody_who_did_not_take_them_over(name):
    gates = ran(name).stored["monitoring"].table_or_empty("gates")
    assert not {"frontline_staff", "trained_people"} & set(gates.get("measure", []))
    for language in ("zh", "en"):
        for page in (ran(name).folder / language).glob("*.html"):
            text = " ".join(html.fromstring(page.read_bytes()).itertext())
            assert not re.search(r"\b(?:800|200) (?:was|were|are) required|要求 (?:800|200)", text)


@pytest.mark.parametrize("language", [0, 1], ids=["zh", "en"])
@pytest.mark.parametrize("name", NAMES)
def test_its_brief_answers_its_questions(name, language):
    brief = _brief(name, ("zh", "en")[language])
    assert QUESTIONS[name][language] in brief.findtext(".//h1")
    told = {
        place.get("data-of").removeprefix("finding.")
        for place in brief.iterfind(".//p[@data-of]")
        if place.text_content().strip()
    }
    assert CLAIMS[name] <= told, told


@pytest.mark.parametrize("name", NAMES)
def test_its_brief_says_who_does_what(name):
    actions = ran(name).stored["value"].table("actions")
    assert set(actions["action"]) - {"value.action.lock_plan"}


@pytest.mark.parametrize("name", NAMES)
def test_no_name_of_the_program_stands_in_a_sentence(name):
    coded = re.compile(
        r"“(?:frontline|middle|senior|treated|ordinary|post|pre)”|\bnan\b|\bNone\b(?! of)"
    )
    for language in ("zh", "en"):
        for page in (ran(name).folder / language).rglob("*.html"):
            tree = html.fromstring(page.read_bytes())
            for code in [*tree.iter("script"), *tree.iter("style"), *tree.iter("pre")]:
                code.drop_tree()
            found = coded.search(tree.text_content())
            assert not found, (page.name, found)


def test_every_criterion_of_the_demo_is_decided():
    gates = ran("demo").stored["value"].table("gates")
    every = ["M1", "M2", "M3", "M6", "M9", "M12", "Q1", "Q2", "Q3", "Q4"]
    assert set(gates["goal"]) == set(every)
    assert set(gates["state"]) <= {"met", "just_met", "just_missed", "missed"}


def test_what_the_course_client_confirmed_counts_and_the_rest_waits_for_it():
    stored = ran("course").stored
    gates = stored["monitoring"].table("gates")
    ids = gates["goal"] + "." + gates["measure"]
    assert set(ids[gates["decided_by"].notna()]) == set(CONFIRMED)
    assert (gates.loc[ids.isin(CONFIRMED), "state"] == "met").all()
    waiting = set(stored["monitoring"].table("confirmation_decisions")["criterion_id"])
    assert {"M9.report_pass", "Q3.best_practices", "Q2.weekly_logins"} <= waiting
    assert set(CONFIRMED) <= waiting  # a decision may be changed
