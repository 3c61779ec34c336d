"""Where one table has changed, what the baseline counts of the others is not counted again."""

import dataclasses
import datetime as dt

import pandas as pd
import pytest

from analysis import measurement, memory, wording
from analysis.indicators import cohorts
from analysis.simulation import DEMO, simulate
from analysis.tables import conform
from analysis.workspace.inputs.exposure import asked_after, rated_before

FEW = dataclasses.replace(
    DEMO, seed=5, n_sites=10, n_months=20, n_staff=40, invited=6.0, tickets_per_1000=6.0,
    wave_months=(dt.date(2023, 11, 1), dt.date(2024, 2, 1)), n_late=1, n_spill_over=1,
)  # fmt: skip
STEPS = {
    "timeliness": lambda t: measurement.assess_timeliness(
        t, until=dt.date(2024, 8, 31), timezone="Asia/Shanghai"
    ),
    "duplicates": measurement.assess_duplicates,
    "branches": measurement.assess_branches,
}
OF_ANSWERS = {
    "labels": lambda t: measurement.label_counts(
        t["surveys"], t["instruments"], cohorts(t["waves"]), "Asia/Shanghai"
    ),
    "asked": lambda t: asked_after(
        t["surveys"], t["instruments"], t["invitations"], cohorts(t["waves"]), "Asia/Shanghai"
    ),
    "rated": lambda t: rated_before(t["ratings"], cohorts(t["waves"])),
}
OF_TICKETS = {"timeliness": 1, "duplicates": 1, "branches": 2}
"""Values that a step keeps of the work orders."""


@pytest.fixture(scope="module")
def tables():
    made = simulate(FEW).tables
    return {name: conform(name, table).to_pandas() for name, table in made.items()}


@pytest.fixture
def kept(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "WORTH_SECONDS", 0)
    read = memory.Read(
        reading=wording.reading,
        entries_hash=wording.entries_hash,
        note=wording.note_read,
        ambient=lambda: "",
    )
    memory.keep_in(memory.Store(folder=tmp_path / "kept", run="first", anew=False, read=read))
    yield tmp_path / "kept"
    memory.keep_in(None)


@pytest.mark.parametrize("step", STEPS)
def test_after_a_file_of_work_orders_only_they_are_counted_again(step, tables, kept):
    first = STEPS[step](tables)
    before = set(kept.iterdir())
    assert len(before) > OF_TICKETS[step]
    grown = {**tables, "tickets": tables["tickets"].iloc[:-200]}
    found = STEPS[step](grown)
    assert len(set(kept.iterdir()) - before) == OF_TICKETS[step]

    memory.keep_in(None)
    for given, remembered in ((tables, first), (grown, found)):
        plain = STEPS[step](given)
        assert plain.checks == remembered.checks
        for name, table in plain.tables.items():
            pd.testing.assert_frame_equal(table, remembered.tables[name])


@pytest.mark.parametrize("step", OF_ANSWERS)
def test_what_is_made_of_answers_is_kept_once(step, tables, kept):
    first = OF_ANSWERS[step](tables)
    (value,) = kept.iterdir()
    again = OF_ANSWERS[step]({**tables, "tickets": tables["tickets"].iloc[:-200]})
    assert [*kept.iterdir()] == [value]
    memory.keep_in(None)
    for found in (first, again):
        pd.testing.assert_frame_equal(found, OF_ANSWERS[step](tables))
