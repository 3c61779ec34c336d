"""Other ways in which the waves could have been given to the clusters."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from math import comb, prod

import numpy as np


def assignments(
    label: np.ndarray, stratum: np.ndarray, draws: int, seed: int
) -> tuple[np.ndarray, bool]:
    """Exchange whole cohort paths between the clusters of a stratum.

    Parameters
    ----------
    label : (C,) int
        Place of each cluster's cohort among the cohorts.
    stratum : (C,) int
        Stratum within which the waves were, or could have been, drawn.
    draws : int
        All assignments are enumerated when there are no more than these.
    seed : int

    Returns
    -------
    labels : (P, C) int
    enumerated : bool
        Whether the rows are all assignments there are, the actual one among them.
    """
    members = [np.flatnonzero(stratum == s) for s in np.unique(stratum)]
    if prod(_count(label[m]) for m in members) <= draws:
        whole = [np.empty(0, dtype=label.dtype)]
        for m in members:
            paths = _all_arrangements(tuple(label[m].tolist()))
            whole = [np.concatenate([head, tail]) for head in whole for tail in paths]
        order = np.argsort(np.concatenate(members))
        return np.array(whole)[:, order], True
    rng = np.random.default_rng(seed)
    drawn = np.empty((draws, len(label)), dtype=label.dtype)
    for m in members:
        drawn[:, m] = rng.permuted(np.tile(label[m], (draws, 1)), axis=1)
    return drawn, False


def _count(label: np.ndarray) -> int:
    """Count the distinct arrangements of labels."""
    left, number = len(label), 1
    for count in np.bincount(label):
        number *= comb(left, int(count))
        left -= int(count)
    return number


@lru_cache(maxsize=32)
def _all_arrangements(label: tuple[int, ...]) -> tuple[np.ndarray, ...]:
    """Return every distinct arrangement; remembered, as several outcomes share one roll-out."""
    return tuple(_arrangements(np.array(label, dtype=np.int64)))


def _arrangements(label: np.ndarray) -> Iterator[np.ndarray]:
    """Every distinct arrangement of labels, once."""
    if not len(label):
        yield label
        return
    for first in np.unique(label):
        rest = np.delete(label, np.argmax(label == first))
        for tail in _arrangements(rest):
            yield np.concatenate([[first], tail])
