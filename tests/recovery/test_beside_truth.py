"""Estimates beside the truth: the truth is weighed as the leading effect is, and covered."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from analysis.causal import Options, evaluate
from analysis.indicators import build_panel, outcome
from analysis.indicators.registry import get
from analysis.simulation import DEMO, simulate
from analysis.workspace.beside_truth import beside_truth, read_truth, weighted_truth
from analysis.workspace.tracking import FORMS

OUTCOMES = ("csat_mean", "csat_top2", "complaints_per_1000")


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """Return evaluations with their frames, and the truth as it is stored."""
    p = dataclasses.replace(DEMO, seed=1, families=("surveys", "tickets"))
    world = simulate(p)
    folder = tmp_path_factory.mktemp("client")
    (folder / "truth.json").write_text(world.truth.to_json(), encoding="utf-8")
    tables = {name: table for name, table in world.tables.items() if len(table)}
    last = p.first + p.n_months - 1
    panel = build_panel(tables, client_timezone="Asia/Shanghai", first=p.first, last=last)
    pairs = []
    for name in OUTCOMES:
        frame = outcome(panel, name, world.tables["waves"])
        options = Options(
            form=FORMS.get(get(name).kind, "mean"),
            base="all_before",
            drawn_by_lot=True,
            alternatives=(),
            horizons=(),
            draws=99,
        )
        named = {"outcome": name, "unit": get(name).unit}
        pairs.append((evaluate(frame, **named, options=options), frame))
    return world, pairs, read_truth(folder)


def test_every_outcome_with_a_truth_is_covered(told):
    _, pairs, truth = told
    table = beside_truth(pairs, truth)
    assert table["indicator"].tolist() == list(OUTCOMES)
    assert (table["covered"] == "covered").all()
    assert table["truth"].between(table["ci_low"], table["ci_high"]).all()


def test_truth_counts_as_the_leading_effect_does(told):
    world, pairs, truth = told
    table = beside_truth(pairs, truth).set_index("indicator")
    cells = world.truth.effects("csat_mean")
    assert table.loc["csat_mean", "truth"] == pytest.approx(cells["effect"].mean(), rel=0.02)
    # Household-months weigh in a rate.
    cells = world.truth.effects("complaints_per_1000")
    served = world.tables["sites"].set_index("site_id")["households"].astype(float)
    by_hand = np.average(cells["effect"], weights=cells["site_id"].map(served))
    assert table.loc["complaints_per_1000", "truth"] == pytest.approx(by_hand, rel=1e-6)
    assert by_hand != pytest.approx(cells["effect"].mean(), rel=1e-3)


def test_a_cell_without_truth_gives_none(told):
    world, pairs, _ = told
    evaluation, frame = pairs[0]
    cells = world.truth.effects("csat_mean")
    first = cells["period"].min()
    assert weighted_truth(evaluation, frame, cells[cells["period"] > first]) is None


def test_without_a_truth_there_is_no_row(told, tmp_path):
    _, pairs, _ = told
    assert read_truth(tmp_path) == {}
    assert beside_truth(pairs, {}).empty


def test_the_stored_truth_holds_every_cell(told):
    world, _, truth = told
    cells = pd.DataFrame(truth["csat_mean"]["cells"]).melt()["value"].dropna()
    assert len(cells) == len(world.truth.effects("csat_mean"))
    assert cells.mean() == pytest.approx(world.truth.att("csat_mean"))
    assert json.dumps(truth)
