"""Scores that a client supplies as means: weighed by their answers, or all alike without."""

import numpy as np
import pandas as pd
import pytest

from analysis import build_panel
from analysis.errors import SchemaError
from analysis.indicators import coverage, registry

INSTRUMENTS = pd.DataFrame(
    {
        "instrument": ["v1", "v2", "v2"],
        "item": ["q1", "q1", "clean"],
        "dimension": [None, None, "clean"],
        "role": ["overall", "overall", "item"],
        "scale_min": [1.0, 1.0, 1.0],
        "scale_max": [5.0, 5.0, 5.0],
        "satisfied_min": [np.nan] * 3,
    }
)
MEANS = pd.DataFrame(
    {
        "site_id": ["A", "A", "A", "B", "B"],
        "month": pd.to_datetime(
            ["2024-01-01", "2024-01-01", "2024-02-01", "2024-01-01", "2024-02-01"]
        ).date,
        "instrument": ["v1", "v2", "v1", "v1", "v2"],
        "item": ["q1", "q1", "q1", "q1", "clean"],
        "score": [4.0, 5.0, 3.5, None, 2.0],
        "answers": pd.array([30, 10, 8, None, 9], dtype="Int64"),
    }
)
ANSWERS = pd.DataFrame(
    {
        "response_id": ["1"],
        "site_id": ["A"],
        "instrument": ["v1"],
        "item": ["q1"],
        "answered_at": pd.to_datetime(["2024-03-05"], utc=True),
        "score": [2.0],
        "missing": [None],
    }
)
JANUARY, FEBRUARY = 2024 * 12, 2024 * 12 + 1


def panel_of(indicators=None, **tables):
    given = {"instruments": INSTRUMENTS, **tables}
    where = {"client_timezone": "Asia/Shanghai", "first": "2024-01", "last": "2024-04"}
    return build_panel(given, **where, indicators=indicators)


def test_means_weigh_by_their_answers():
    found = panel_of(survey_means=MEANS)
    assert set(found["indicator"]) == {"csat_mean"}
    rows = found.set_index(["site_id", "period"])
    january = rows.loc[("A", JANUARY)]
    assert january["value"] == pytest.approx((4 * 30 + 5 * 10) / 40)
    assert (january["n"], january["exposure"]) == (40, 40)
    assert rows.loc[("A", FEBRUARY), "n"] == 8
    assert len(rows) == 2  # nobody was asked at B, which is no mean of zero
    assert rows["total_sq"].isna().all()


def test_without_one_number_of_answers_all_means_weigh_alike():
    means = MEANS.assign(answers=pd.array([30, 10, None, None, 9], dtype="Int64"))
    rows = panel_of(survey_means=means).set_index(["site_id", "period"])
    assert rows.loc[("A", JANUARY), "value"] == pytest.approx(4.5)
    assert rows.loc[("A", JANUARY), ["n", "exposure"]].tolist() == [40, 2]
    assert rows.loc[("A", FEBRUARY), ["n", "exposure"]].tolist() == [1, 1]


def test_where_no_numbers_are_given_throughout_a_mean_is_one_entry():
    entry = registry.load()["csat_mean"].model_copy(update={"suppress": False})
    known = {**registry.load(), "csat_mean": entry}
    rows = panel_of(known, survey_means=MEANS).set_index(["site_id", "period"])
    assert rows["n"].tolist() == [2, 1]
    assert rows.loc[("A", JANUARY), "value"] == pytest.approx(4.5)


def test_single_answers_lead_where_there_are_any():
    found = panel_of(survey_means=MEANS, surveys=ANSWERS)
    rows = found[found["indicator"] == "csat_mean"]
    assert rows["period"].tolist() == [2024 * 12 + 2]
    assert rows["value"].tolist() == [2.0]


def test_answers_to_other_questions_do_not_take_the_place_of_means():
    found = panel_of(survey_means=MEANS, surveys=ANSWERS.assign(instrument="v2", item="clean"))
    assert found.loc[found["indicator"] == "csat_mean", "value"].tolist() == [4.25, 3.5]


def test_means_on_two_scales_are_refused():
    other = INSTRUMENTS.assign(scale_max=[5.0, 10.0, 5.0])
    with pytest.raises(SchemaError, match="different scales"):
        panel_of(survey_means=MEANS, instruments=other)


def test_what_means_cannot_give_is_named_by_the_table_it_needs():
    given = {"instruments": INSTRUMENTS, "survey_means": MEANS}
    found = coverage(given, panel_of(survey_means=MEANS)).set_index("indicator")
    assert found.loc["csat_mean", "computed"]
    assert found.loc["csat_mean", "missing"] == ""
    assert found.loc["csat_top2", "missing"] == "surveys"
