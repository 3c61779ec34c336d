"""EWMA and CUSUM charts: for small lasting shifts that a three-sigma limit sees late."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.monitoring.refusals import Refusal, RefusedError

WEIGHT, WIDTH = 0.2, 2.962
"""Weight of the newest point and width of the limits; in control 500 points to a signal."""

REFERENCE, DECISION = 0.5, 5.0
"""CUSUM allowance and decision interval in standard deviations; 465 points to a signal."""

PUBLISHED_EWMA: Mapping[tuple[float, float], tuple[float, float]] = {
    (0.40, 3.054): (500.0, 14.3),
    (0.25, 2.998): (500.0, 11.1),
    (0.20, 2.962): (500.0, 10.5),
    (0.10, 2.814): (500.0, 10.3),
    (0.05, 2.615): (500.0, 11.4),
}
"""Mean run length in control and after a shift of one standard deviation, by weight and width.

Lucas & Saccucci (1990); limits at their final width."""

PUBLISHED_CUSUM: Mapping[tuple[float, float], tuple[float, float]] = {
    (0.5, 4.0): (168.0, 8.38),
    (0.5, 5.0): (465.0, 10.4),
}
"""As :data:`PUBLISHED_EWMA`, by allowance and decision interval; Lucas & Crosier (1982)."""


def ewma_chart(
    values: np.ndarray,
    *,
    centre: float,
    sigma: float,
    weight: float = WEIGHT,
    width: float = WIDTH,
) -> pd.DataFrame:
    """Exponentially weighted moving average with its exact limits.

    ``e_t = weight x_t + (1 - weight) e_(t-1)``, ``e_0 = centre``; limits
    ``centre +- width sigma sqrt(weight / (2 - weight) (1 - (1 - weight)^(2t)))``.

    Parameters
    ----------
    values : ndarray of shape (periods,)
        Single values in time order; NaN where a period is missing, which leaves the average
        as it was.
    centre, sigma : float
        Level and standard deviation in control, from the baseline.
    weight : float
        In (0, 1]; 1 gives the Shewhart chart.
    width : float
        Width of the limits in standard deviations of the average.

    Returns
    -------
    DataFrame
        ``value`` (the average), ``raw, centre, lower, upper, rule`` (``""`` or ``ewma``),
        ``signal``; ``attrs["kind"]`` is ``ewma``.

    References
    ----------
    Roberts (1959); Lucas & Saccucci (1990), Technometrics 32(1).
    """
    points = ewma_points(values, centre=centre, sigma=sigma, weight=weight, width=width)
    frame = pd.DataFrame(points)
    frame.attrs = {"kind": "ewma"}
    return frame


def ewma_points(
    values: np.ndarray,
    *,
    centre: float,
    sigma: float,
    weight: float = WEIGHT,
    width: float = WIDTH,
) -> dict[str, np.ndarray]:
    """Return the columns of :func:`ewma_chart`."""
    raw = np.asarray(values, dtype=float)
    if not 0 < weight <= 1:
        raise ValueError(f"need 0 < weight <= 1, got {weight}")
    _varies(sigma)
    average, level = np.empty(raw.size), centre
    known = np.isfinite(raw)
    for t, x in enumerate(raw):
        level = weight * x + (1 - weight) * level if known[t] else level
        average[t] = level if known[t] else np.nan
    steps = np.maximum(np.cumsum(known), 1)
    half = width * sigma * np.sqrt(weight / (2 - weight) * (1 - (1 - weight) ** (2 * steps)))
    signal = np.abs(average - centre) > half
    return {
        "value": average,
        "raw": raw,
        "centre": np.full(raw.size, centre),
        "lower": centre - half,
        "upper": centre + half,
        "signal": signal,
        "rule": np.where(signal, "ewma", "").astype(object),
    }


def cusum_chart(
    values: np.ndarray,
    *,
    centre: float,
    sigma: float,
    reference: float = REFERENCE,
    decision: float = DECISION,
) -> pd.DataFrame:
    """Two-sided tabular CUSUM; sums are in the unit of the values.

    ``up_t = max(0, x_t - centre - K + up_(t-1))``, ``down_t = max(0, centre - K - x_t +
    down_(t-1))`` with ``K = reference sigma``; a sum above ``H = decision sigma`` signals.
    Sums run on after a signal.

    Parameters
    ----------
    values : ndarray of shape (periods,)
        One value a period; NaN where missing, which leaves the sums as they were.
    centre, sigma : float
        Mean and standard deviation in control, in the unit of the values.
    reference, decision : float
        Allowance and decision line, in standard deviations.

    Returns
    -------
    DataFrame
        ``value`` (the raw value), ``up, down, limit`` (H), ``since`` (periods the larger sum
        has been positive: the shift began that many periods ago), ``rule`` (``""``,
        ``cusum_up``, ``cusum_down``), ``signal``; ``attrs["kind"]`` is ``cusum``.

    References
    ----------
    Page (1954); Lucas & Crosier (1982), Technometrics 24(3).
    """
    raw = np.asarray(values, dtype=float)
    if decision <= 0:
        raise ValueError(f"need decision > 0, got {decision}")
    _varies(sigma)
    slack, limit = reference * sigma, decision * sigma
    up = down = 0.0
    rising = falling = 0
    rows = []
    for x in raw:
        if not np.isfinite(x):
            rows.append((x, up, down, limit, rising if up >= down else falling, ""))
            continue
        up, down = max(0.0, x - centre - slack + up), max(0.0, centre - slack - x + down)
        rising, falling = (rising + 1) * (up > 0), (falling + 1) * (down > 0)
        rule = "cusum_up" if up > limit else "cusum_down" if down > limit else ""
        rows.append((x, up, down, limit, rising if up >= down else falling, rule))
    frame = pd.DataFrame(rows, columns=["value", "up", "down", "limit", "since", "rule"])
    frame["signal"] = frame["rule"] != ""
    frame.attrs = {"kind": "cusum"}
    return frame


def ewma_run_length(weight: float, width: float, shift: float = 0.0, states: int = 201) -> float:
    """Mean run length of the EWMA chart at its final limits, by a Markov chain.

    Parameters
    ----------
    weight, width : float
        As in :func:`ewma_chart`.
    shift : float
        Shift of the mean in standard deviations; 0 is in control.
    states : int
        Cells of the chain, odd.

    Returns
    -------
    float
        Periods until a signal, on average.

    References
    ----------
    Brook & Evans (1972), Biometrika 59(3); Lucas & Saccucci (1990).
    """
    from scipy.stats import norm

    half = width * np.sqrt(weight / (2 - weight))
    step = 2 * half / states
    middle = -half + step * (np.arange(states) + 0.5)
    edges = -half + step * np.arange(states + 1)
    arrive = (edges[None, :] - (1 - weight) * middle[:, None]) / weight - shift
    stay = np.diff(norm.cdf(arrive), axis=1)
    return float(np.linalg.solve(np.eye(states) - stay, np.ones(states))[states // 2])


def cusum_run_length(
    reference: float, decision: float, shift: float = 0.0, states: int = 300
) -> float:
    """Mean run length of the two-sided CUSUM, from those of its two sides.

    ``1 / both = 1 / up + 1 / down``, exact for this chart; each side by a Markov chain.

    Parameters
    ----------
    reference, decision : float
        As in :func:`cusum_chart`.
    shift : float
        Shift of the mean in standard deviations; 0 is in control.
    states : int
        Cells of the chain.

    Returns
    -------
    float
        Periods until a signal, on average.

    References
    ----------
    Brook & Evans (1972); Van Dobben de Bruyn (1968).
    """
    up = _one_sided(reference, decision, shift, states)
    down = _one_sided(reference, decision, -shift, states)
    return 1 / (1 / up + 1 / down)


def _one_sided(reference: float, decision: float, shift: float, states: int) -> float:
    from scipy.stats import norm

    step = 2 * decision / (2 * states - 1)
    grid = np.arange(states)
    move = (grid[None, :] - grid[:, None]) * step + reference - shift
    stay = norm.cdf(move + step / 2) - norm.cdf(move - step / 2)
    stay[:, 0] = norm.cdf(move[:, 0] + step / 2)
    return float(np.linalg.solve(np.eye(states) - stay, np.ones(states))[0])


def _varies(sigma: float) -> None:
    if not sigma > 0:
        raise RefusedError(Refusal.NO_SPREAD, f"limits need sigma > 0, got {sigma}")
