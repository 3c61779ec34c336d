"""What each unit is compared with before the start: one period, or the mean of several.

The mean is over the periods before *anyone's* start, the baseline of a roll-out, so that it is the
same for every wave and for every other draw of the waves. Common period effects are taken out of
it first, by least squares on those periods: a unit that lacks some of them is then not compared
with others in other seasons.

References
----------
Lee, Wooldridge (2023), A simple transformation approach to difference-in-differences estimation
for panel data.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np

from analysis.causal.did.two_way import TwoWay
from analysis.causal.panel.frame import Prepared

Base = Literal["varying", "universal", "all_before"]


def last_untouched(panel: Prepared, g: float, base: Base) -> int:
    """Return the last base period of cohort g: its own last untouched one, or anyone's."""
    start = panel.cohorts[0] if base == "all_before" else g
    return int(start) - panel.anticipation - 1


def levels(panel: Prepared, values: np.ndarray, last: int, base: Base) -> np.ndarray:
    """Level of ``values`` (N, T) that each unit is compared with; (N,), NaN where there is none.

    Parameters
    ----------
    panel : Prepared
    values : (N, T)
        NaN where not observed.
    last : int
        Last base period.
    base : str
        ``all_before`` for the mean of all periods up to ``last``.
    """
    place = last - int(panel.periods[0])
    if base != "all_before":
        return values[:, place]
    window = values[:, : place + 1]
    fit = TwoWay(~np.isnan(window), panel.weights)
    season = fit.period_effects(fit.demean(window))
    return row_means(window - season)


@lru_cache(maxsize=16)
def outcome_levels(panel: Prepared, last: int, base: Base) -> np.ndarray:
    """Levels of the panel's own outcome as :func:`levels` gives them; not to be written to."""
    found = levels(panel, panel.y, last, base)
    found.flags.writeable = False
    return found


def level_weights(panel: Prepared, a: np.ndarray, last: int, base: Base) -> np.ndarray:
    """(N, L) weights on the outcomes up to ``last`` whose sum is ``Σ a_i level_i``, a (N,)."""
    place = last - int(panel.periods[0])
    if base != "all_before":
        weights = np.zeros((len(a), place + 1))
        weights[:, place] = a
        return weights
    window = panel.observed[:, : place + 1]
    fit = TwoWay(window, panel.weights)
    plain = a[:, None] * fit.mask / fit.per_unit[:, None]
    season = fit.period_inverse @ plain.sum(axis=0)
    back = fit.demean(np.broadcast_to(season, window.shape)) * panel.weights[:, None]
    return plain - back


def row_means(values: np.ndarray) -> np.ndarray:
    """Row means over what is there; NaN for rows without a value."""
    count = (~np.isnan(values)).sum(axis=1)
    total = np.nansum(values, axis=1)
    return np.divide(total, count, out=np.full(len(values), np.nan), where=count > 0)
