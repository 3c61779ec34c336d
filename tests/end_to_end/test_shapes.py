"""Small clients of odd shapes: every stage ends, nothing unworded shows, and something is said.

``benchmarks/shapes.py`` runs hundreds of random ones; these are the kinds that once stopped.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import pytest
from cells import FEW_DRAWS, Shown, run_cells
from random_clients import FILE_WORLD, Shape, make, month, plain, random_file
from small_client import STAGES
from visible import stains, visible_text

from analysis import wording

SURVEYS, TICKETS = ("surveys",), ("tickets",)


def world(n_sites, n_months, *waves, families=SURVEYS, seed=3, invited=10.0, **changes):
    """Return a small world; waves are months counted from 0."""
    starts = tuple(month(2023 + t // 12, t % 12 + 1) for t in waves)
    return plain(
        n_sites=n_sites,
        n_months=n_months,
        wave_months=starts,
        n_staff=2 * n_sites,
        families=families,
        seed=seed,
        invited=invited,
        tickets_per_1000=3.0,
        **changes,
    )


def tickets_first(document: dict) -> None:
    document["design"]["primary_outcome"] = "fcr"


def priced_twice(document: dict) -> None:
    """Let two benefits count one outcome alike: what is saved, and what is earned."""
    tickets_first(document)
    benefit = {"indicator": "fcr", "basis": "site_month"}
    document["value"]["benefits"] = [benefit | {"money_per_unit": worth} for worth in (100, 40)]


@dataclass(frozen=True)
class Case:
    """A client, what may be claimed of its primary outcome, and why not more."""

    shape: Shape
    claims: tuple[str, ...]
    reason: str | None = None


def case(name: str, world, *claims: str, reason: str | None = None, **changes) -> Case:
    return Case(Shape(name, world, **changes), claims, reason)


FEW = "causal.reason.no_interval"
ROUNDS = frozenset({1, 4, 7})
CASES = (
    case("two sites, one trained", world(2, 6, 3, n_treated=1), "unbounded", reason=FEW),
    case("nobody trained", world(3, 8, 4, families=("surveys", "training", "staff"), n_treated=0),
         "not_possible", reason="causal.fault.no_treated"),
    case("everybody trained at once", world(4, 8, 4, treated_share=1.0), "described"),
    case("one site a wave, nobody left", world(3, 9, 2, 4, 6, treated_share=1.0), "unbounded",
         reason=FEW),
    case("trained in the last month", world(6, 7, 6, treated_share=0.5, invited=20.0), "unbounded",
         reason=FEW),
    case("seven answers after training", world(6, 7, 6, treated_share=0.5), "not_possible",
         reason="causal.fault.few_answers"),
    case("one site of eight", world(8, 9, 5, n_treated=1), "unbounded", reason=FEW),
    case("no surveys", world(4, 8, 4, families=TICKETS, treated_share=0.5), "not_possible",
         reason="causal.reason.not_measured"),
    case("tickets alone, priced twice", world(12, 9, 4, families=TICKETS, treated_share=0.5),
         "none", "better", change=priced_twice),
    case("two rounds", world(6, 9, 4, treated_share=0.5, invited=20.0), "unbounded", reason=FEW,
         asked=frozenset({1, 7})),
    case("rounds that spill over", world(6, 9, 4, treated_share=0.5), "unbounded", reason=FEW,
         asked=ROUNDS, spilling=True),
    case("equal scores", world(6, 9, 4, treated_share=0.5), "not_possible",
         reason="causal.fault.no_variation", equal=True),
    case("months without answers", world(12, 9, 4, treated_share=0.5), "none", "better",
         silent={"surveys": frozenset({3, 5})}),
    case("months without tickets", world(12, 9, 4, families=TICKETS, treated_share=0.5), "none",
         "better", change=tickets_first, silent={"tickets": frozenset({3, 5})}),
    Case(dataclasses.replace(random_file(6), world=dataclasses.replace(
        FILE_WORLD, n_sites=4, n_months=9, n_staff=12, wave_months=(month(2023, 5),))),
        ("not_possible",), "causal.fault.few_answers"),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.shape.name)
def test_a_client_of_this_shape_ends_with_an_answer(case, tmp_path, monkeypatch):
    monkeypatch.setattr("os.fsync", lambda handle: None)
    client = make(tmp_path, case.shape)
    shown = Shown(client.reports / "run")
    run_cells(client, shown, language=case.shape.language, **FEW_DRAWS)
    page = shown.write(tmp_path / "shown.html")
    assert stains(page) == []
    for stage in STAGES:
        assert shown.results(stage).checks, f"{stage} checks nothing"
    assert shown.results("value").findings
    tracking = shown.results("tracking")
    (overall,) = (e for e in tracking.estimates if e.id in tracking.findings[0].estimates)
    said = tracking.findings[0].claim.removeprefix("findings.effect."), overall.reason
    assert said[0] in case.claims, said
    assert said[1] == case.reason, said
    if overall.value is None:
        text = visible_text(page)
        assert all(wording.text(overall.reason, language) in text for language in ("zh_CN", "en"))
