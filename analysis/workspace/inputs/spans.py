"""Between which ends a level can lie, so that no figure draws what nobody could have answered."""

from __future__ import annotations

import pandas as pd

_OF_UNIT = {"share": (0.0, 1.0), "nps_points": (-100.0, 100.0)}


def span(unit: str, instruments: pd.DataFrame | None) -> tuple[float, float] | None:
    """Return the least and the greatest possible level of an indicator.

    Parameters
    ----------
    unit : str
        Of the registry.
    instruments : DataFrame or None
        Canonical table ``instruments``.

    Returns
    -------
    tuple of float or None
        The ends of the overall items' scale for a ``score``. None where the unit knows no ends,
        or items are asked on several scales.
    """
    if unit != "score" or instruments is None or instruments.empty:
        return _OF_UNIT.get(unit)
    overall = instruments[instruments["role"] == "overall"]
    scales = overall[["scale_min", "scale_max"]].dropna().drop_duplicates()
    if len(scales) != 1:
        return None
    low, high = scales.iloc[0].astype(float)
    return float(low), float(high)
