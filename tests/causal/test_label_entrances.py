"""Every entrance that takes starts or periods checks them as the main one does."""

import numpy as np
import pandas as pd
import pytest
from causal_panels import FIRST, staggered

from analysis.causal import (
    FrameError,
    Options,
    cell_moments,
    effects_by_site,
    evaluate,
    evaluate_microdata,
    exposed_by_moves,
    exposed_by_place,
    ratio_effect,
    regress_microdata,
    renewal_effect,
    retraining,
    spillover,
    time_to,
)
from analysis.causal.panel.labels import starts
from analysis.tables import month_of

QUICK = Options(draws=49, alternatives=(), horizons=())
WRONG = {
    "period": lambda g: pd.Period(month_of(int(g)), "M"),
    "timestamp": lambda g: pd.Timestamp(month_of(int(g))),
    "date": lambda g: month_of(int(g)),
    "nat": lambda g: pd.NaT,
    "truth": lambda g: True,
    "text": lambda g: f"{month_of(int(g)):%Y-%m}",
    "fraction": lambda g: g + 0.5,
}
RULES = {
    "text": {"mixed_types"},
    "fraction": {"cohort_not_integer"},
}


@pytest.fixture(scope="module")
def frame():
    return staggered(1, sizes=(6, 6, 6), never=6)


@pytest.fixture(scope="module")
def cohort(frame):
    return frame.groupby("unit")["cohort"].first().to_dict()


@pytest.fixture(scope="module")
def rows(frame, tmp_path_factory):
    path = tmp_path_factory.mktemp("rows") / "rows.parquet"
    frame.loc[frame.index.repeat(2), ["unit", "period", "y"]].to_parquet(path, index=False)
    return path


def contracts(frame):
    due = [pd.Timestamp(month_of(int(p))) for p in frame["period"]]
    renewed = np.arange(len(frame)) % 3 > 0
    return pd.DataFrame({"site_id": frame["unit"], "due_on": due, "renewed": renewed})


def tickets(frame):
    opened = [pd.Timestamp(month_of(int(p)), tz="UTC") for p in frame["period"]]
    table = pd.DataFrame({"site_id": frame["unit"].astype(str), "opened_at": opened})
    table["resolved_at"] = table["opened_at"] + pd.Timedelta(hours=5)
    return table.assign(kind="repair", ticket_id=range(len(frame)))


def _moves(frame):
    return pd.DataFrame({"from_unit": ["a"], "to_unit": ["b"], "period": [FIRST + 5]})


NAMED = {"outcome": "csat_mean", "unit": "score_1_5"}
MAPPINGS = {
    "evaluate_microdata": lambda f, c, p: evaluate_microdata(
        p, y="y", cohort=c, outcome="o", measured_in="score_1_5", options=QUICK
    ),
    "regress_microdata": lambda f, c, p: regress_microdata(p, y="y", cohort=c),
    "renewal_effect": lambda f, c, p: renewal_effect(
        contracts(f), c, until=pd.Timestamp("2100-01-01")
    ),
    "exposed_by_place": lambda f, c, p: exposed_by_place(dict.fromkeys(c, "one"), c),
    "exposed_by_moves": lambda f, c, p: exposed_by_moves(_moves(f), c),
    "spillover": lambda f, c, p: spillover(f, c, **NAMED, options=QUICK),
    "time_to": lambda f, c, p: time_to(
        "resolved", tickets(f), c, until=pd.Timestamp("2100-01-01", tz="UTC"), timezone="UTC"
    ),
    "retraining": lambda f, c, p: retraining(f, c, **NAMED, options=QUICK),
}


@pytest.mark.parametrize("entrance", MAPPINGS)
@pytest.mark.parametrize("spelling", WRONG)
def test_a_start_that_counts_no_periods_is_refused(frame, cohort, rows, entrance, spelling):
    treated = next(unit for unit, start in cohort.items() if not np.isnan(start))
    spelt = cohort | {treated: WRONG[spelling](cohort[treated])}
    with pytest.raises(FrameError) as caught:
        MAPPINGS[entrance](frame, spelt, rows)
    assert caught.value.rule in RULES.get(spelling, {"period_label"})


@pytest.mark.parametrize("entrance", ["evaluate_microdata", "regress_microdata"])
def test_zero_is_never_trained_for_rows_too(frame, cohort, rows, tmp_path, entrance):
    counted = frame.assign(period=frame["period"] - FIRST + 1)
    path = tmp_path / "rows.parquet"
    counted[["unit", "period", "y"]].to_parquet(path, index=False)
    never = {u: None if np.isnan(g) else g - FIRST + 1 for u, g in cohort.items()}
    coded = {u: 0 if g is None else g for u, g in never.items()}
    own, other = (MAPPINGS[entrance](frame, given, path) for given in (never, coded))
    if entrance == "evaluate_microdata":
        assert own.overall.value == other.overall.value
    else:
        np.testing.assert_array_equal(own.coef, other.coef)


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_a_missing_cluster_of_rows_is_refused(frame, cohort, rows, missing):
    cluster = dict.fromkeys(cohort, "c") | {next(iter(cohort)): missing}
    with pytest.raises(FrameError) as caught:
        regress_microdata(rows, y="y", cohort=cohort, cluster=cluster)
    assert caught.value.rule == "cluster_missing"


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda f: f.assign(period=(f["period"] - FIRST) * 2_678_400), "period_label"),
        (
            lambda f: f.assign(period=f["period"].astype("Int64").mask(f.index == 3)),
            "period_not_integer",
        ),
        (lambda f: f.assign(period=f["period"].astype(str)), "period_not_integer"),
        (lambda f: f.assign(unit=f["unit"].astype(object).mask(f.index == 3)), "mixed_types"),
    ],
)
def test_rows_without_a_usable_label_are_refused(frame, tmp_path, change, rule):
    path = tmp_path / "rows.parquet"
    change(frame.reset_index(drop=True))[["unit", "period", "y"]].to_parquet(path, index=False)
    with pytest.raises(FrameError) as caught:
        cell_moments(path, y="y")
    assert caught.value.rule == rule


FRAMES = {
    "ratio_effect": lambda f: ratio_effect(
        f.assign(numerator=abs(f["y"]), denominator=2.0), outcome="o", options=QUICK
    ),
    "effects_by_site": effects_by_site,
    "evaluate": lambda f: evaluate(f, **NAMED, options=QUICK),
}


@pytest.mark.parametrize("entrance", FRAMES)
@pytest.mark.parametrize("column", ["period", "cohort"])
@pytest.mark.parametrize("spelling", ["period", "timestamp", "date"])
def test_frames_with_dates_are_refused(frame, entrance, column, spelling):
    spelt = frame[column].map(lambda v: None if pd.isna(v) else WRONG[spelling](v))
    with pytest.raises(FrameError, match=r"year \* 12 \+ month - 1") as caught:
        FRAMES[entrance](frame.assign(**{column: spelt.astype(object)}))
    assert caught.value.rule == "period_label"


def test_zero_is_never_trained_for_single_sites_too(frame):
    counted = frame.assign(period=frame["period"] - FIRST + 1, cohort=frame["cohort"] - FIRST + 1)
    own = effects_by_site(counted)
    assert len(own) == 18
    pd.testing.assert_frame_equal(own, effects_by_site(counted.fillna({"cohort": 0.0})))


def test_units_of_two_types_are_refused():
    with pytest.raises(FrameError) as caught:
        starts({12: 5, "12": None})
    assert caught.value.rule == "mixed_types"


def test_a_unit_without_a_start_is_named():
    with pytest.raises(FrameError, match="'b'") as caught:
        starts({"a": 5}, ["a", "b"])
    assert caught.value.rule == "unknown_unit"
