"""EWMA and CUSUM beside Montgomery's example and the published run lengths."""

import numpy as np
import pytest

from analysis.monitoring.control_charts.time_weighted import (
    PUBLISHED_CUSUM,
    PUBLISHED_EWMA,
    cusum_chart,
    cusum_run_length,
    ewma_chart,
    ewma_run_length,
)

# Montgomery, table 9.1: twenty values from N(10, 1), then ten from N(11, 1).
VALUES = np.array(
    [9.45, 7.99, 9.29, 11.66, 12.16, 10.18, 8.04, 11.46, 9.20, 10.34,
     9.03, 11.47, 10.51, 9.40, 10.08, 9.37, 10.62, 10.31, 8.52, 10.84,
     10.90, 9.33, 12.29, 11.50, 10.60, 11.08, 10.38, 11.62, 11.31, 10.52]
)  # fmt: skip


def test_cusum_of_the_textbook_signals_at_29_and_dates_the_shift():
    chart = cusum_chart(VALUES, centre=10, sigma=1)
    assert np.flatnonzero(chart["signal"])[0] + 1 == 29
    assert chart["up"].iloc[28] == pytest.approx(5.28)
    assert chart["since"].iloc[28] == 7  # the shift came after the 22nd value


def test_ewma_of_the_textbook_values_has_its_limits_and_signals_with_the_cusum():
    chart = ewma_chart(VALUES, centre=10, sigma=1, weight=0.1, width=2.7)
    assert chart["value"].iloc[0] == pytest.approx(9.945)
    assert chart["upper"].iloc[[0, -1]].tolist() == pytest.approx([10.27, 10.62], abs=0.005)
    assert np.flatnonzero(chart["signal"])[0] + 1 == 29
    assert chart["value"].iloc[-1] == pytest.approx(10.6341, abs=1e-4)


@pytest.mark.parametrize("design", list(PUBLISHED_EWMA))
def test_ewma_run_lengths_are_the_published_ones(design):
    still, shifted = PUBLISHED_EWMA[design]
    assert ewma_run_length(*design) == pytest.approx(still, rel=0.005)
    assert ewma_run_length(*design, 1.0) == pytest.approx(shifted, rel=0.01)


@pytest.mark.parametrize("design", list(PUBLISHED_CUSUM))
def test_cusum_run_lengths_are_the_published_ones(design):
    still, shifted = PUBLISHED_CUSUM[design]
    assert cusum_run_length(*design) == pytest.approx(still, rel=0.005)
    assert cusum_run_length(*design, 1.0) == pytest.approx(shifted, rel=0.005)


def test_the_chain_agrees_with_the_chart_itself():
    rng = np.random.default_rng(2)
    lengths = []
    for _ in range(150):
        chart = cusum_chart(rng.normal(1, 1, 80), centre=0, sigma=1, decision=4)
        lengths.append(np.flatnonzero(chart["signal"])[0] + 1)
    error = np.std(lengths) / np.sqrt(len(lengths))
    assert abs(np.mean(lengths) - cusum_run_length(0.5, 4.0, 1.0)) < 4 * error


def test_weight_one_is_the_shewhart_chart_and_bad_designs_are_refused():
    chart = ewma_chart(VALUES, centre=10, sigma=1, weight=1.0, width=3.0)
    assert chart["value"].tolist() == VALUES.tolist()
    assert chart["upper"].tolist() == [13.0] * 30
    assert ewma_run_length(1.0, 3.0, states=51) == pytest.approx(370.4, rel=1e-3)
    with pytest.raises(ValueError, match="weight"):
        ewma_chart(VALUES, centre=10, sigma=1, weight=0.0)
