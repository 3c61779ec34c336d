"""Clients without some of their data: every page is written and says what could not be done."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import one_truth
import pytest
from in_process import run_here
from lacking import FEWER, changed, equal_answers, tickets_first
from small_client import STAGES, write_client
from visible import stains, visible_text

from analysis import results, wording
from analysis.simulation import World, WorldParameters

LANGUAGES = {"zh": "zh_CN", "en": "en"}


def families(*names: str):
    return dataclasses.replace(FEWER, families=names)


def without_waves(world: World) -> World:
    return changed(world, waves=None)


def nobody_trained(world: World) -> World:
    waves = world.tables["waves"].assign(wave=0, arm="comparison")
    return changed(world, waves=waves.assign(planned_start=None, actual_start=None))


def only_tickets(world: World) -> World:
    kept = ("sites", "tickets", "waves")
    return changed(world, **{name: None for name in world.tables if name not in kept})


@dataclass(frozen=True)
class Case:
    """A client: its world, what is taken from it, what may be claimed, and why not more.

    Figures are rendered where their data are the oddest.
    """

    parameters: WorldParameters = FEWER
    world: Callable[[World], World] = lambda world: world
    file: Callable[[dict], object] = lambda document: None
    claims: tuple[str, ...] = ("better", "none")
    reason: str | None = None
    drawn: bool = False


CASES = {
    "no surveys": Case(
        parameters=families("tickets", "staff", "training", "ratings", "ledgers", "programme"),
        file=tickets_first,
    ),
    "no surveys, satisfaction asked for": Case(
        parameters=families("tickets", "ledgers"),
        claims=("not_possible",),
        reason="causal.reason.not_measured",
    ),
    "no waves": Case(
        world=without_waves, claims=("not_possible",), reason="causal.fault.no_treated"
    ),
    "nobody trained": Case(
        parameters=families("surveys", "staff", "training"),
        world=nobody_trained,
        claims=("not_possible",),
        reason="causal.fault.no_treated",
        drawn=True,
    ),
    "no tickets, no ratings": Case(
        parameters=families("surveys", "staff", "training", "ledgers", "programme")
    ),
    "a single site": Case(
        parameters=dataclasses.replace(
            FEWER, n_sites=1, n_treated=1, n_staff=8, n_late=0, invited=4 * FEWER.invited
        ),
        claims=("described_alone",),
        reason="causal.reason.no_inference",
        drawn=True,
    ),
    "all answers equal": Case(
        parameters=families("surveys", "tickets"),
        world=equal_answers,
        claims=("not_possible",),
        reason="causal.fault.no_variation",
    ),
    "tickets only": Case(
        parameters=families("tickets", "staff"), world=only_tickets, file=tickets_first
    ),
}


@pytest.fixture(scope="module")
def ended(tmp_path_factory, request):
    """The run folder of a case."""
    case = CASES[request.param]
    root = tmp_path_factory.mktemp("client")
    client = write_client(root, case.parameters, change_world=case.world, change_file=case.file)
    result = run_here(client, drawn=case.drawn)
    assert result.state == "complete", f"{result.failed_step}: {result.error}"
    return case, result.folder


@pytest.mark.parametrize(
    "ended",
    list(CASES),
    indirect=True,
    ids=CASES,
)
def test_every_page_is_written_and_says_what_is_missing(ended):
    case, folder = ended
    for language in LANGUAGES:
        for name in ("index", *STAGES):
            page = folder / language / f"{name}.html"
            assert stains(page) == [], page
    assert one_truth.differing(one_truth.shown(folder)) == {}
    tracking = results.load("tracking", folder / "results")
    assert tracking.findings[0].claim.removeprefix("findings.effect.") in case.claims
    (overall,) = (e for e in tracking.estimates if e.id in tracking.findings[0].estimates)
    assert overall.reason == case.reason
    if overall.value is None:
        for folder_name, language in LANGUAGES.items():
            shown = visible_text(folder / folder_name / "tracking.html")
            assert wording.text(case.reason, language) in shown
