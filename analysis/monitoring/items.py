"""Items of a test: how hard each is, and whether it tells good candidates from weak ones."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.measurement.reliability import cronbach_alpha

TAIL = 0.27
"""Share of candidates in the upper and in the lower group (Kelley 1939)."""

TOO_EASY, TOO_HARD = 0.90, 0.30
"""Difficulty (mean share of the points) beyond which an item tells little."""

LEAST_DISCRIMINATION = 0.20
"""Discrimination, and correlation with the rest, below which an item is revised (Ebel & Frisbie
1991). Both count: the first holds the item in its own total, and flatters it in a short test."""

MIN_CANDIDATES = 30
"""Fewest candidates for a verdict on an item."""


def item_analysis(
    scores: pd.DataFrame, full: Mapping[str, float] | float = 1.0, *, blank_is_wrong: bool = True
) -> pd.DataFrame:
    """Difficulty and discrimination of each item of one test.

    Parameters
    ----------
    scores : DataFrame
        Candidates x items, points; NaN where left blank.
    full : Mapping[str, float] or float
        Full points of each item, or of all.
    blank_is_wrong : bool
        Whether a blank earns no points; else candidates with a blank are left out of what
        needs a total, and of that item.

    Returns
    -------
    DataFrame
        One row an item: ``item, n, blank`` (share left blank), ``difficulty`` (mean share of
        the points: high is easy), ``discrimination`` (difference of that share between the
        upper and the lower 27 % by total, ties at the cut shared out), ``item_rest``
        (correlation with the points of the other items), ``alpha_if_dropped``, ``verdict``
        (``keep``, ``too_easy``, ``too_hard``, ``revise``: either measure below 0.20,
        ``check_key``: runs against the rest, ``too_few`` candidates). ``attrs``: ``alpha``
        (KR-20 where items are right or wrong) and ``n``.

    Raises
    ------
    ValueError
        For points below 0 or above the full points.

    References
    ----------
    Kelley (1939), Journal of Educational Psychology 30; Ebel & Frisbie (1991).
    """
    points = scores.astype(float)
    most = pd.Series(full if isinstance(full, Mapping) else dict.fromkeys(points.columns, full))
    most = most.reindex(points.columns).astype(float)
    if most.isna().any() or (most <= 0).any():
        raise ValueError(f"every item needs full points above 0, got {most.to_dict()}")
    if bool((points < 0).any(axis=None)) or bool((points > most).any(axis=None)):
        raise ValueError("points lie between 0 and the full points of their item")
    blank = points.isna().mean()
    if blank_is_wrong:
        points = points.fillna(0.0)
    whole = points.dropna()
    share, total = whole / most, whole.sum(axis=1)
    upper, lower = _tails(total.to_numpy())
    rows = []
    for item in points.columns:
        rest = total - whole[item]
        varies = len(whole) > 2 and np.ptp(whole[item]) > 0 and np.ptp(rest) > 0
        dropped = cronbach_alpha(whole.drop(columns=item))
        values = share[item].to_numpy()
        row = {
            "item": item,
            "n": int(points[item].notna().sum()),
            "blank": float(blank[item]),
            "difficulty": float((points[item] / most[item]).mean()),
            "discrimination": float(values @ upper - values @ lower) if len(whole) else np.nan,
            "item_rest": float(np.corrcoef(whole[item], rest)[0, 1]) if varies else np.nan,
            "alpha_if_dropped": dropped.value if dropped else np.nan,
        }
        rows.append({**row, "verdict": _verdict(row, len(whole))})
    table = pd.DataFrame(rows)
    alpha = cronbach_alpha(whole)
    table.attrs = {"alpha": alpha.value if alpha else None, "n": len(whole)}
    return table


def _tails(total: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return weights of the upper and the lower group, each summing to 1.

    Candidates tied at the cut share the places left, so that row order never matters.
    """
    size = max(1, round(TAIL * total.size)) if total.size else 0

    def weights(keys: np.ndarray) -> np.ndarray:
        cut = np.sort(keys)[size - 1]
        inside, tied = keys < cut, keys == cut
        return (inside + tied * (size - inside.sum()) / tied.sum()) / size

    if not size:
        return total, total
    return weights(-total), weights(total)


def _verdict(row: Mapping[str, float], n: int) -> str:
    if n < MIN_CANDIDATES:
        return "too_few"
    if row["item_rest"] < 0:
        return "check_key"
    if row["difficulty"] > TOO_EASY:
        return "too_easy"
    if row["difficulty"] < TOO_HARD:
        return "too_hard"
    weak = min(row["discrimination"], row["item_rest"]) < LEAST_DISCRIMINATION
    return "revise" if weak else "keep"
