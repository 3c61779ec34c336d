"""Outcomes and satisfied scores that a client declares: what is refused, and how it is told."""

from __future__ import annotations

import pytest

from analysis import client
from analysis.errors import InputError

OWN = "outcomes:                       # what the registry does not count\n"


def fault(write, text):
    with pytest.raises(InputError) as caught:
        client.load(write(text))
    (found,) = caught.value.faults
    return found


@pytest.mark.parametrize(
    ("entry", "rule", "correct"),
    [
        ("csat_mean: {of: on_time, title: {en: X}}", "client_outcome_taken", "own_csat_mean"),
        ("x1: {of: item, item: q9, title: {en: X}}", "client_item_unknown", "one of: q1"),
        ("x1: {of: item, item: q11, title: {en: X}}", "client_item_unknown", "q1"),
        (
            "x1: {of: dimension, dimension: responsivness, title: {en: X}}",
            "client_dimension_unknown",
            "responsiveness",
        ),
        (
            "x1: {of: item, item: q1, instruments: owner_2032, title: {en: X}}",
            "client_instrument_unknown",
            "owner_2023",
        ),
        ("x1: {of: item, title: {en: X}}", "client_value", ""),
        ("x1: {of: on_time, item: q1, title: {en: X}}", "client_value", ""),
        ("x1: {of: on_time, statistic: satisfied, title: {en: X}}", "client_value", ""),
        ("x1: {of: on_time, title: {}}", "client_value", ""),
        ("X1: {of: on_time, title: {en: X}}", "client_value", ""),
        ("x1: {of: ticket_rating, alert: {value: 0.5}, title: {en: X}}", "client_value", ""),
        ("x1: {of: on_time, titel: {en: X}, title: {en: X}}", "client_unknown_key", "title"),
        (
            "x1: {of: item, item: q1, statistic: satisfied, satisfied: [3, 4], title: {en: X}}",
            "client_satisfied",
            "satisfied: [4, 5]",
        ),
    ],
)
def test_what_cannot_be_counted_is_refused_with_its_line(example, write, entry, rule, correct):
    found = fault(write, example.replace(OWN, f"{OWN}  {entry}\n"))
    assert found.rule == rule
    assert found.row == example[: example.index(OWN)].count("\n") + 2
    assert correct in found.example


def test_a_mean_over_two_scales_is_refused(example, write):
    text = example.replace("role: nps, scale", "role: nps, dimension: overall, scale")
    entry = "x1: {of: dimension, dimension: overall, title: {en: X}}"
    found = fault(write, text.replace(OWN, f"{OWN}  {entry}\n"))
    assert found.rule == "client_outcome_scales"
    assert "0-10" in str(found)


def test_declared_outcomes_stand_wherever_an_indicator_may(example, write):
    text = example.replace("primary_outcome: csat_mean", "primary_outcome: quick")
    text = text.replace("indicator: fee_collection, money", "indicator: active, money")
    assert client.load(write(text)).design.primary_outcome == "quick"
    near = fault(write, example.replace("indicator: in_time", "indicator: in_tim"))
    assert near.rule == "client_indicator_unknown"
    assert near.example == "in_time"


@pytest.mark.parametrize("name", ["return_rate", "test_post", "behaviour", "course_csat", "later"])
def test_only_outcomes_of_behaviour_or_results_lead(example, write, name):
    text = example.replace("primary_outcome: csat_mean", f"primary_outcome: {name}")
    entry = "later: {of: test, occasion: follow_up, title: {en: Later test}}"
    found = fault(write, text.replace(OWN, f"{OWN}  {entry}\n"))
    assert found.rule == "client_primary_outcome"


def test_scores_that_count_as_satisfied(example, write):
    text = example.replace("    scale: [1, 5]\n", "    scale: [1, 5]\n    satisfied: [3, 5]\n", 1)
    text = text.replace("scale: [0, 10]}", "scale: [0, 10], satisfied: [8, 10]}")
    read = client.load(write(text)).instruments["owner_2023"]
    assert [read.satisfied_from(item) for item in ("q1", "nps")] == [3, 8]
    wrong = fault(write, text.replace("[8, 10]", "[8, 9]"))
    assert wrong.example == "satisfied: [9, 10]"
    plain = client.load(write(example)).instruments["owner_2023"]
    assert plain.satisfied_from("q1") is None
