import datetime as dt

import numpy as np
import pandas as pd
import pytest

from analysis.errors import DesignError, SchemaError
from analysis.indicators import cohorts, outcome

MARCH, JUNE = 2024 * 12 + 2, 2024 * 12 + 5


def waves(rows):
    columns = ["site_id", "wave", "arm", "planned_start", "actual_start"]
    return pd.DataFrame(rows, columns=columns)


WAVES = waves(
    [
        ("A", 1, "treated", dt.date(2024, 2, 26), dt.date(2024, 3, 4)),  # held a month late
        ("B", 1, "treated", dt.date(2024, 3, 4), None),  # never held
        ("C", 0, "comparison", None, None),
        ("D", 2, "treated", dt.date(2024, 6, 1), dt.date(2024, 6, 3)),
        ("D", 1, "treated", dt.date(2024, 3, 1), dt.date(2024, 3, 31)),  # trained twice
        ("E", 1, "comparison", dt.date(2024, 3, 4), None),  # held back for comparison
    ]
)


def panel(sites="ABCDE", stratum=""):
    rows = [
        (site, period, "csat_mean", stratum, 4.0 + period % 2, 9, 36.0, 145.0, 9.0)
        for period in (JUNE, MARCH)
        for site in sites
    ]
    names = ["site_id", "period", "indicator", "stratum", "value", "n"]
    return pd.DataFrame(rows, columns=[*names, "total", "total_sq", "exposure"])


def test_cohorts_follow_the_intention_to_treat():
    found = cohorts(WAVES)
    assert found.dtype == "float64"
    expected = {"A": MARCH - 1, "B": MARCH, "C": np.nan, "D": MARCH, "E": np.nan}
    pd.testing.assert_series_equal(
        found, pd.Series(expected, dtype="float64"), check_names=False, check_index_type=False
    )


@pytest.mark.parametrize("dtype", ["datetime64[us]", "date32[pyarrow]"])
def test_date_types_do_not_matter(dtype):
    dates = ["planned_start", "actual_start"]
    if dtype.startswith("date32"):
        typed = WAVES.astype(dict.fromkeys(dates, dtype))
    else:
        typed = WAVES.assign(**{c: pd.to_datetime(WAVES[c]) for c in dates})
    pd.testing.assert_series_equal(cohorts(typed), cohorts(WAVES))


def test_frame_for_estimation():
    given = panel()
    before = given.copy()
    found = outcome(given, "csat_mean", WAVES)
    assert list(found.columns) == ["unit", "period", "y", "n", "cohort", "total", "exposure"]
    types = ["str", "int64", "float64", "int64", "float64", "float64", "float64"]
    assert [str(t) for t in found.dtypes] == types
    pd.testing.assert_frame_equal(found, found.sort_values(["unit", "period"], ignore_index=True))
    assert found.loc[found["unit"] == "B", "cohort"].tolist() == [MARCH, MARCH]
    assert found.loc[found["unit"] == "C", "cohort"].isna().all()
    assert found["y"].tolist() == [4.0 + p % 2 for p in (MARCH, JUNE)] * 5
    pd.testing.assert_frame_equal(given, before)


def test_cells_of_unknown_site_and_other_strata_are_left_out():
    given = pd.concat([panel(), panel(sites=[""]), panel(sites="A", stratum="m1")])
    assert len(outcome(given, "csat_mean", WAVES)) == 10
    assert len(outcome(given, "csat_mean", WAVES, stratum="m1")) == 2


def test_duplicates_are_refused():
    with pytest.raises(SchemaError, match="twice"):
        outcome(pd.concat([panel(), panel(sites="A")]), "csat_mean", WAVES)


def test_unplanned_site_is_refused():
    with pytest.raises(DesignError, match=r"Z.*wave 0"):
        outcome(panel(sites="AZ"), "csat_mean", WAVES)


def test_absent_and_unknown_indicators():
    with pytest.raises(DesignError, match="coverage"):
        outcome(panel(), "nps", WAVES)
    with pytest.raises(SchemaError, match="did you mean"):
        outcome(panel(), "csat_meen", WAVES)


def test_treated_site_without_a_date_is_refused():
    with pytest.raises(DesignError, match="planned_start"):
        cohorts(waves([("A", 1, "treated", None, None)]))
