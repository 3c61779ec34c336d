"""Estimates beside the truth: the truth is weighed as the leading effect is, and covered."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from analysis.causal import Options, evaluate, to_rounds, without_value
from analysis.indicators import build_panel, outcome
from analysis.indicators.registry import get
from analysis.simulation import DEMO, simulate
from analysis.workspace.inputs.beside_truth import (
    beside_truth,
    exposed_truth,
    read_truth,
    true_cells,
    weighted_truth,
)
from analysis.workspace.wiring.tracking import FORMS

OUTCOMES = ("csat_mean", "csat_top2", "nps", "complaints_per_1000", "tickets_per_1000")


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
        pairs.append((evaluate(frame, **named, options=options), frame, ""))
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
    evaluation, frame, _ = pairs[0]
    cells = world.truth.effects("csat_mean")
    first = cells["period"].min()
    assert weighted_truth(evaluation, frame, cells[cells["period"] > first]) is None


def test_a_client_without_truth_has_no_row(told, tmp_path):
    _, pairs, _ = told
    assert read_truth(tmp_path).empty
    assert beside_truth(pairs, read_truth(tmp_path)).empty


def test_an_outcome_without_truth_is_told(told):
    _, pairs, truth = told
    table = beside_truth(pairs, truth[truth["indicator"] != "nps"]).set_index("indicator")
    assert table.loc["nps", "covered"] == "no_truth"
    assert pd.isna(table.loc["nps", "truth"])
    assert table.loc["nps", "value"] is not None
    assert (table["covered"] == "covered").sum() == len(OUTCOMES) - 1


def test_an_outcome_without_effect_is_told(told):
    _, pairs, truth = told
    options = pairs[0][0].options
    none = without_value(outcome="csat_mean", unit="score", options=options)
    table = beside_truth([(none, pairs[0][1], ""), pairs[1]], truth)
    assert table["covered"].tolist() == ["no_effect", "covered"]
    assert table.loc[0, ["value", "ci_low", "truth"]].isna().all()
    assert beside_truth([(none, pairs[0][1], "")], truth).empty


def test_rounds_are_held_against_the_months_they_were_measured_in(told):
    """Every third month only: the truth of those months, not of the round's number."""
    _, pairs, truth = told
    _, frame, _ = pairs[0]
    frame, rounds = to_rounds(frame[frame["period"] % 3 == 2])
    options = dataclasses.replace(pairs[0][0].options, rounds=rounds)
    found = evaluate(frame, outcome="csat_mean", unit="score", options=options)
    months = pairs[0][1][pairs[0][1]["period"] % 3 == 2]
    cells = true_cells(truth, "csat_mean")
    by_hand = cells[cells["period"] % 3 == 2]["effect"].mean()
    assert weighted_truth(found, months, cells) == pytest.approx(by_hand, rel=0.02)


def test_truth_over_exposure_counts_site_by_site(told):
    world, pairs, truth = told
    evaluation, frame, _ = pairs[0]
    cells = true_cells(truth, "csat_mean")
    counted = frame[frame["period"] >= frame["cohort"]][["unit", "period", "cohort"]]
    served = world.tables["sites"].set_index("site_id")["households"].astype(float)
    counted = counted.assign(size=counted["unit"].map(served), stands_in=counted["period"])
    joined = counted.merge(cells.rename(columns={"site_id": "unit"}), on=["unit", "period"])
    by_hand = np.average(joined["effect"], weights=joined["size"])
    assert exposed_truth(evaluation, counted, cells) == pytest.approx(by_hand)
    assert exposed_truth(evaluation, counted, cells[1:]) is None


def test_the_stored_truth_holds_every_cell(told):
    world, _, truth = told
    known = world.truth.cells.astype({"site_id": str})[list(truth.columns)]
    keys = ["indicator", "stratum", "site_id", "period"]
    both = known.merge(truth, on=keys, suffixes=("", "_stored"))
    assert len(both) == len(known) == len(truth)
    np.testing.assert_allclose(both["effect_stored"], both["effect"], rtol=1e-12)
