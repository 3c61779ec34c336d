"""Published figures stand beside the client's own, and are compared only where they may be."""

import pytest

from analysis.client.plan import Benchmark
from analysis.measurement.benchmarks import assess_benchmarks
from analysis.results import Estimate

OWN = Estimate(
    id="baseline.fee_collection.level",
    estimand="mean",
    indicator="fee_collection",
    unit="share",
    method="mean_of_site_means",
    value=0.87,
    ci_low=0.85,
    ci_high=0.89,
    n=600,
    level=0.95,
    interval_method="t",
)
UNITS = {"fee_collection": "share", "fcr": "share"}


def figure(**more):
    return Benchmark(**{"indicator": "fee_collection", "value": 0.82, "source": "report", **more})


def test_a_loose_figure_is_shown_without_a_difference():
    found = assess_benchmarks([figure()], {"fee_collection": OWN}, UNITS)
    (row,) = found.table("benchmarks").to_dict("records")
    assert (row["value"], row["published"], row["year"]) == (0.87, 0.82, "")
    assert row["gap"] != row["gap"]
    assert found.checks[0].status == "caution"


def test_a_comparable_figure_has_a_difference_and_needs_year_and_definition():
    same = figure(year=2023, definition="received of due", comparable=True)
    found = assess_benchmarks([same], {"fee_collection": OWN}, UNITS)
    assert found.table("benchmarks")["gap"].tolist() == pytest.approx([0.05])
    assert found.checks[0].status == "passed"
    with pytest.raises(ValueError, match="comparable"):
        figure(comparable=True)


def test_a_figure_whose_own_level_is_not_known_is_still_shown():
    found = assess_benchmarks([figure(indicator="fcr", value=0.58)], {}, UNITS)
    (row,) = found.table("benchmarks").to_dict("records")
    assert row["value"] != row["value"]
    assert row["published"] == 0.58
    assert not assess_benchmarks([], {}, UNITS).checks
