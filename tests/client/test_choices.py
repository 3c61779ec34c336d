"""What only the client can decide: left open it is asked for, decided it is not."""

import re

import pytest

from analysis import client
from analysis.client.readings import READINGS
from analysis.design import assess_conflicts, assess_plan, check_claims, make_plan
from analysis.errors import InputError


def with_choices(example, choices):
    lines = "".join(f"\n  {id}: {reading}" for id, reading in choices.items())
    return re.sub(r"^choices: .*$", f"choices:{lines or ' {}'}", example, flags=re.M)


def open_ones(path):
    found = assess_conflicts(client.load(path).choices)
    return [c.id for c in found.checks if c.status != "passed"]


def test_a_client_file_that_leaves_them_open_raises_every_one(example, write):
    assert open_ones(write(with_choices(example, {}))) == [
        f"design.conflict.C{number}" for number in range(1, 1 + len(READINGS))
    ]


def test_a_client_file_that_resolves_them_raises_none(example, write):
    chosen = {id: next(iter(conflict.readings)) for id, conflict in READINGS.items()}
    assert open_ones(write(with_choices(example, chosen))) == []


@pytest.mark.parametrize("left_open", READINGS)
def test_what_alone_is_left_open_is_raised_alone(left_open):
    chosen = {id: next(iter(c.readings)) for id, c in READINGS.items() if id != left_open}
    raised = [c.id for c in assess_conflicts(chosen).checks if c.status != "passed"]
    assert raised == [f"design.conflict.{left_open}"]
    for reading in READINGS[left_open].readings:
        found = assess_conflicts({**chosen, left_open: reading})
        assert {c.status for c in found.checks} == {"passed"}


@pytest.mark.parametrize("outcome", ["attendance", "completion"])
def test_taking_part_is_no_primary_outcome(example, write, outcome):
    text = example.replace("primary_outcome: csat_mean", f"primary_outcome: {outcome}")
    with pytest.raises(InputError) as raised:
        client.load(write(text))
    assert [fault.column for fault in raised.value.faults] == ["design.primary_outcome"]


def test_a_stated_growth_that_its_end_points_contradict_is_found(example, write):
    claims = (
        "claims:\n"
        "  - {name: market, start: 35, end: 68, years: 5, stated: 0.227}\n"
        "  - {name: fees, start: 100, end: 121, years: 2, stated: 0.1}\n"
    )
    stated = client.load(write(example + claims)).claims
    plan = make_plan("csat_mean")
    found = assess_plan(plan, [claim.model_dump() for claim in stated])
    states = {c.id: c.status for c in found.checks if c.id.startswith("design.claim")}
    assert states == {
        "design.claim.R003": "failed",
        "design.claim.market": "failed",
        "design.claim.fees": "passed",
    }
    assert check_claims()[0].params["computed"] == pytest.approx(0.142, abs=5e-4)


def test_weights_of_raters_must_add_up(example, write):
    text = example.replace(
        "  assignment: management", "  assignment: management\n  evaluator_weights: {peer: 0.4}"
    )
    with pytest.raises(InputError) as raised:
        client.load(write(text))
    assert [fault.column for fault in raised.value.faults] == ["design.evaluator_weights"]


@pytest.mark.parametrize("months", ["[]", "[-1, 3]", "[3, 3]"])
def test_measuring_months_are_named_each_once_and_not_before_the_training(example, write, months):
    text = example.replace("measure_at_months: [1, 3, 6, 12]", f"measure_at_months: {months}")
    with pytest.raises(InputError) as raised:
        client.load(write(text))
    (fault,) = raised.value.faults
    assert fault.column == "design.measure_at_months"
