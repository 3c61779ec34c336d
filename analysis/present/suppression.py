"""Small cells are not shown, nor is what would let a reader work them out."""

from __future__ import annotations

import numpy as np
import pandas as pd

MARK = "‡"


def suppressed(n: pd.Series, min_cell: int, *, complementary: bool = True) -> pd.Series:
    """Tell which rows must not be shown.

    Parameters
    ----------
    n : Series
        Answers behind each row. Missing or zero counts hide nothing: there is nobody behind them.
    min_cell : int
        Smallest count that may be shown.
    complementary : bool
        When exactly one row is hidden, hide the next smallest as well, for the total would
        give the first away.

    Returns
    -------
    Series of bool
        Same index as ``n``.

    Examples
    --------
    >>> suppressed(pd.Series([3, 12, 40]), 8).tolist()
    [True, True, False]
    """
    counts = pd.to_numeric(n).to_numpy(float, na_value=np.nan)
    return pd.Series(few(counts, min_cell, complementary=complementary), index=n.index)


def few(counts: np.ndarray, min_cell: int, *, complementary: bool) -> np.ndarray:
    """Tell which counts are :func:`suppressed`; NaN is a missing one."""
    hidden = (counts > 0) & (counts < min_cell)
    if complementary and hidden.sum() == 1:
        others = np.where(hidden | ~(counts > 0), np.inf, counts)
        if np.isfinite(others).any():
            hidden[others.argmin()] = True
    return hidden
