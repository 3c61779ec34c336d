"""Which way an item runs: with the others of its questionnaire, or against them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from analysis.measurement.covariance_structure import Factors, directions
from analysis.settings import LEVEL


def item_directions(
    scores: pd.DataFrame, factors: Factors, *, level: float = LEVEL
) -> pd.DataFrame:
    """Ask of each item whether it runs with the others or against them.

    The side of an item is the sign of its loading on the first principal component of its
    dimension, the side of a dimension that of its sum; the side with more items is the right
    one. Items of the lesser side are held against the sum of the others, all on their side.

    Parameters
    ----------
    scores : DataFrame
        Sheets x items, NaN where unanswered; each pair of items counts the sheets with both.
    factors : Mapping[str, Sequence[str]]
        Items by dimension. Of two equal sides the one with the first item named counts.

    Returns
    -------
    DataFrame
        ``item, side`` (1 or −1), ``correlation`` (with the others on their side; negative for a
        side of −1), ``low, high`` (Fisher's z, together for
        all items by Bonferroni), ``n``. Items whose answers are all equal, or
        which share no pair of sheets with the others, have NaN and side 1.

    References
    ----------
    Revelle (psych), ``alpha(check.keys = TRUE)``, for the side by the first component.
    """
    names = [item for members in factors.values() for item in members if item in scores]
    correlation = scores[names].corr().to_numpy()
    answered = scores[names].notna().to_numpy(dtype=float)
    pairs = answered.T @ answered
    known = np.isfinite(np.diag(correlation))
    while known.any() and not np.isfinite(correlation[np.ix_(known, known)]).all():
        gaps = np.where(known, (~np.isfinite(correlation[:, known])).sum(axis=1), -1)
        known[int(np.argmax(gaps))] = False
    sides = _sides(
        correlation,
        [
            [names.index(i) for i in m if i in names and known[names.index(i)]]
            for m in factors.values()
        ],
    )
    rows = []
    z = float(stats.norm.ppf(1 - (1 - level) / (2 * max(len(names), 1))))
    by = {item: members for members in factors.values() for item in members}
    for i, name in enumerate(names):
        others = [j for j in np.flatnonzero(known) if j != i]
        own = [j for j in others if names[j] in by[name]]
        mixed = any(sides[j] != sides[i] for j in own)
        rest = own if mixed else others
        if not known[i] or not rest:
            rows.append((name, 1, np.nan, np.nan, np.nan, int(pairs[i, i])))
            continue
        turned = sides[rest]
        spread = turned @ correlation[np.ix_(rest, rest)] @ turned
        r = float(correlation[i, rest] @ turned / np.sqrt(spread)) if spread > 1e-12 else np.nan
        n = int(pairs[i, rest].min())
        half = z / np.sqrt(n - 3) if n > 3 else np.inf
        bounded = np.arctanh(np.clip(r, -1 + 1e-12, 1 - 1e-12))
        ends = np.tanh([bounded - half, bounded + half])
        rows.append((name, int(sides[i]), r, float(ends[0]), float(ends[1]), n))
    return pd.DataFrame(rows, columns=["item", "side", "correlation", "low", "high", "n"])


def _sides(correlation: np.ndarray, members: Sequence[Sequence[int]]) -> np.ndarray:
    """Return the side of every item: within its dimension, then of the dimension, by majority."""
    sides = np.ones(len(correlation))
    members = [m for m in members if m]
    for mine in members:
        sides[mine] = directions(correlation[np.ix_(mine, mine)])
    if len(members) > 1:
        sums = np.zeros((len(correlation), len(members)))
        for j, mine in enumerate(members):
            sums[mine, j] = sides[mine]
        known = np.concatenate(members)
        covariance = sums[known].T @ correlation[np.ix_(known, known)] @ sums[known]
        spread = np.sqrt(np.maximum(np.diag(covariance), 1e-12))
        for mine, side in zip(
            members, directions(covariance / np.outer(spread, spread)), strict=True
        ):
            sides[mine] *= side
    used = np.concatenate(members) if members else np.array([], dtype=int)
    if used.size and (sides[used].sum() < 0 or (sides[used].sum() == 0 and sides[used[0]] < 0)):
        sides[used] *= -1
    return sides


def items_against(found: pd.DataFrame) -> tuple[str, ...]:
    """Items that surely run against the others: their correlation is negative by its interval.

    Parameters
    ----------
    found : DataFrame
        Of :func:`item_directions`.

    Returns
    -------
    tuple of str
        Items, in the order given.
    """
    wrong = (found["side"] < 0) & (found["high"] < 0)
    return tuple(found.loc[wrong, "item"])
