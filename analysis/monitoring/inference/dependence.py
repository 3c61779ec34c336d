"""Answers that resemble each other: of one class, of one site's month, of neighbouring months.

Thirty answers of one class say less than thirty answers of thirty classes. How much less is the
design effect; a test of counts that were divided by it keeps its error (Rao & Scott). The
correlation is estimated from all subjects together and drawn towards a prior, so that it neither
vanishes by chance nor is unknown where there is one class only.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd

CLASS_PRIOR, MONTH_PRIOR = 0.05, 0.01
"""Correlation of two answers of one class, and of one site's month, before data are seen."""

PRIOR_DF = 10.0
"""Clusters that the prior is worth."""

HIGHEST = 0.9
"""Largest correlation that is believed."""

UNKNOWN_LAG = 0.5
"""Correlation of neighbouring clusters while clusters do not differ visibly."""


def correlation_within(
    total: np.ndarray, square: np.ndarray, n: np.ndarray, *, prior: float
) -> tuple[np.ndarray, np.ndarray]:
    """Estimate how alike two answers of one cluster are, and two neighbouring clusters.

    One-way analysis of variance pooled over subjects, each about its own mean, drawn towards
    ``prior`` as if that had been seen in :data:`PRIOR_DF` clusters.

    Parameters
    ----------
    total, square, n : ndarray of shape (..., subjects, clusters)
        Sum, sum of squares and number of the answers of each cluster, clusters in time order;
        ``n`` 0 where a subject has no such cluster. Leading axes are separate worlds.
    prior : float
        Correlation believed before.

    Returns
    -------
    (ndarray, ndarray)
        Of the leading shape: intraclass correlation in [0, 0.9], and the correlation of the
        levels of neighbouring clusters in [0, 0.9].

    References
    ----------
    Donner (1986), International Statistical Review 54(1).
    """
    total, square, n = (np.asarray(a, dtype=float) for a in (total, square, n))
    held = n > 0
    size = np.where(held, n, 1.0)
    all_n = np.maximum(n.sum(axis=-1), 1.0)
    mean = total.sum(axis=-1) / all_n
    inner = np.where(held, total**2 / size, 0.0)
    between = (inner.sum(axis=-1) - total.sum(axis=-1) ** 2 / all_n).sum(axis=-1)
    within = (square - inner).sum(axis=(-2, -1))
    df = np.maximum(held.sum(axis=-1) - 1, 0).sum(axis=-1)
    df_within = (n - held).sum(axis=(-2, -1))
    usual = (n.sum(axis=-1) - (n**2).sum(axis=-1) / all_n).sum(axis=-1) / np.maximum(df, 1)
    noise = within / np.maximum(df_within, 1)
    spread = (between / np.maximum(df, 1) - noise) / np.where(usual > 0, usual, 1.0)
    whole = np.maximum(spread, 0.0) + noise
    known = (df > 0) & (df_within > 0) & (whole > 0)
    found = np.where(known, np.maximum(spread, 0.0) / np.where(whole > 0, whole, 1.0), 0.0)
    weight = np.where(known, df, 0)
    correlation = (weight * found + PRIOR_DF * prior) / (weight + PRIOR_DF)
    away = np.where(held, total / size - mean[..., None], 0.0)
    pairs = (held[..., 1:] & held[..., :-1]).sum(axis=(-2, -1))
    shared = (away[..., 1:] * away[..., :-1]).sum(axis=(-2, -1)) / np.maximum(pairs, 1)
    usual_length = np.maximum(held.sum(axis=(-2, -1)) / np.maximum(held.shape[-2], 1), 1.0)
    own = (away**2).sum(axis=(-2, -1)) / np.maximum(held.sum(axis=(-2, -1)), 1)
    shared = shared + (own + 2 * shared) / usual_length
    telling = (pairs > 0) & (spread > 0)
    lag = np.where(telling, shared / np.where(spread > 0, spread, 1.0), UNKNOWN_LAG)
    return np.clip(correlation, 0.0, HIGHEST), np.clip(lag, 0.0, HIGHEST)


def design_effect(
    n: np.ndarray, correlation: np.ndarray | float, lag: np.ndarray | float = 0.0
) -> np.ndarray:
    """Return how many times the variance of a mean is that of independent answers.

    ``1 + rho (sum_st n_s n_t lag^|s - t| - N) / N``: ``1 + rho (n - 1)`` for clusters of one size
    that are independent of each other.

    Parameters
    ----------
    n : ndarray of shape (..., clusters)
        Answers of each cluster, in time order; 0 where there is none.
    correlation, lag : ndarray or float
        As of :func:`correlation_within`, of a shape that broadcasts to ``n.shape[:-1]``.

    Returns
    -------
    ndarray
        At least 1.

    References
    ----------
    Kish (1965), Survey Sampling, section 5.4.
    """
    n = np.asarray(n, dtype=float)
    all_n = np.maximum(n.sum(axis=-1), 1.0)
    alike = (n**2).sum(axis=-1)
    if np.any(np.asarray(lag) > 0):
        for far in range(1, n.shape[-1]):
            both = (n[..., far:] * n[..., :-far]).sum(axis=-1)
            alike = alike + 2 * both * np.asarray(lag) ** far
    return np.maximum(1.0, 1 + np.asarray(correlation) * (alike - all_n) / all_n)


def effective(
    hits: np.ndarray | int, n: np.ndarray | int, effect: np.ndarray | float
) -> tuple[np.ndarray, np.ndarray]:
    """Divide counts by their design effect, so that tests of independent answers hold.

    Rounded for caution: fewer answers, and of them rather more hits.

    Returns
    -------
    (ndarray, ndarray)
        Hits and answers, whole numbers.

    References
    ----------
    Rao & Scott (1992), Biometrics 48(2).
    """
    hits, n = np.asarray(hits, dtype=float), np.asarray(n, dtype=float)
    fewer = np.floor(n / np.asarray(effect) + 1e-9)
    share = np.divide(hits, n, out=np.zeros(np.broadcast(hits, n).shape), where=n > 0)
    return np.ceil(fewer * share - 1e-9).astype(int), fewer.astype(int)


def subject_effects(
    answers: pd.DataFrame, *, value: str, cluster: str, prior: float = CLASS_PRIOR
) -> pd.Series:
    """Return the design effect of every subject's mean.

    Parameters
    ----------
    answers : DataFrame
        One row per answer: ``subject``, ``value`` (a number) and ``cluster`` (a label; missing:
        an answer by itself).
    value, cluster : str
        Names of those columns.
    prior : float
        Correlation believed before.

    Returns
    -------
    Series
        By ``subject``.
    """
    y = answers[value].astype(float)
    named = answers[cluster].astype(object)
    alone = pd.Series([f"\0{i}" for i in range(len(answers))], index=answers.index, dtype=object)
    frame = pd.DataFrame(
        {
            "subject": answers["subject"].astype(object),
            "cluster": named.where(named.notna(), alone),
            "n": 1.0,
            "total": y,
            "square": y**2,
        }
    )
    known = frame[named.notna()]
    if known.empty:
        return pd.Series(1.0, index=pd.Index(frame["subject"].unique()))
    correlation, _ = correlation_within(*padded(known), prior=prior)
    cells = frame.groupby(["subject", "cluster"], observed=True)["n"].sum()
    sums = cells.groupby("subject").agg(all_n="sum", alike=lambda n: float((n**2).sum()))
    return 1 + float(correlation) * (sums["alike"] - sums["all_n"]) / sums["all_n"]


def padded(frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return ``total, square, n`` of each subject's clusters as arrays (subjects, clusters).

    Clusters stand in the order of their labels, 0 where a subject has fewer than others.
    """
    sums = frame.groupby(["subject", "cluster"], observed=True)[["total", "square", "n"]].sum()
    place = sums.groupby("subject").cumcount().to_numpy()
    row = sums.index.get_level_values("subject").factorize()[0]
    shape = (int(row.max()) + 1, int(place.max()) + 1)
    arrays = []
    for name in ("total", "square", "n"):
        array = np.zeros(shape)
        array[row, place] = sums[name].to_numpy()
        arrays.append(array)
    return tuple(arrays)


def months_effect(months: pd.DataFrame, recent: int) -> pd.Series:
    """Return the design effect of the share of every site's newest ``recent`` months.

    How much months of a site differ beyond chance, and how alike neighbouring months are, comes
    from the months before the newest, of all sites.

    Parameters
    ----------
    months : DataFrame
        ``site_id, period`` (running month), ``total`` (hits), ``exposure`` (answers).
    recent : int
        Months of the share.

    Returns
    -------
    Series
        By site.
    """
    wide = {
        name: months.pivot_table(
            index="site_id", columns="period", values=name, aggfunc="sum", observed=True
        )
        for name in ("total", "exposure")
    }
    first, last = int(months["period"].min()), int(months["period"].max())
    total, n = (
        wide[name].reindex(columns=range(first, last + 1)).fillna(0.0).to_numpy(dtype=float)
        for name in ("total", "exposure")
    )
    before = slice(0, max(n.shape[1] - recent, 0))
    if n[:, before].shape[1] < 2:
        correlation, lag = np.asarray(MONTH_PRIOR), np.asarray(UNKNOWN_LAG)
    else:
        old = total[:, before]
        correlation, lag = correlation_within(old, old, n[:, before], prior=MONTH_PRIOR)
    return pd.Series(design_effect(n[:, -recent:], correlation, lag), index=wide["exposure"].index)


def mean_factor(months: int, alike: float) -> float:
    """Return the variance of the mean of neighbouring months by that of one month.

    ``(1 + 2 sum_i (1 - i / k) alike^i) / k`` for a first-order autoregression.
    """
    i = np.arange(1, months)
    return float((1 + 2 * ((1 - i / months) * alike**i).sum()) / months)


def months_alike(baseline: np.ndarray) -> np.ndarray:
    """Estimate the correlation of a month with the next from all sites' months before training.

    The ratio of lagged to plain squares, pooled over sites, is carried back through what it is
    expected to be in series of that length; one standard error on the cautious side.

    Parameters
    ----------
    baseline : ndarray of shape (..., sites, months)
        NaN where a site has no month.

    Returns
    -------
    ndarray
        Of the leading shape, in [0, 0.9].
    """
    known = np.isfinite(baseline)
    length = np.maximum(known.sum(axis=-1), 1)
    mean = np.where(known, baseline, 0.0).sum(axis=-1) / length
    z = np.where(known, baseline - mean[..., None], 0.0)
    own = (z**2).sum(axis=(-2, -1))
    shared = (z[..., 1:] * z[..., :-1]).sum(axis=(-2, -1))
    usual = round(float(length.mean()))
    if usual < 3:
        return np.zeros(own.shape)
    steps = np.linspace(0, HIGHEST, 91)
    seen = np.array([_seen_alike(usual, step) for step in steps])
    found = np.interp(np.divide(shared, own, out=np.zeros_like(own), where=own > 0), seen, steps)
    cautious = found + 1 / np.sqrt(known.sum(axis=(-2, -1)).clip(min=1))
    return np.clip(np.where(own > 0, cautious, 0.0), 0.0, HIGHEST)


@lru_cache(maxsize=1024)
def _seen_alike(months: int, alike: float) -> float:
    """Return the expected ratio of lagged to plain squares about the mean of a short series."""
    apart = np.abs(np.subtract.outer(np.arange(months), np.arange(months)))
    centred = np.eye(months) - 1 / months
    spread = centred @ (alike**apart) @ centred
    return float(np.trace(spread, offset=1) / np.trace(spread))


def unbiased(variance: np.ndarray, months: int, alike: float) -> tuple[np.ndarray, float]:
    """Free the sample variance of months that resemble each other from its bias.

    Returns
    -------
    (ndarray, float)
        Variance of one month, and the degrees of freedom it is worth.
    """
    short = months / (months - 1) * (1 - mean_factor(months, alike))
    df = (months - 1) * (1 - alike**2) / (1 + alike**2)
    return np.asarray(variance) / short, max(df, 1.0)
