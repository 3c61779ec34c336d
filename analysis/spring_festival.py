"""The first day of the lunar year, on which China's longest holiday hangs."""

from __future__ import annotations

import datetime as dt
from functools import cache

YEARS = range(2000, 2051)
"""Years whose festival is told; data and plans lie within them."""


@cache
def first_days() -> dict[int, dt.date]:
    """Return the first day of the lunar year by calendar year, for :data:`YEARS`.

    Examples
    --------
    >>> first_days()[2024]
    datetime.date(2024, 2, 10)
    """
    import holidays

    found: dict[int, dt.date] = {}
    for day, name in sorted(holidays.country_holidays("CN", years=YEARS, language="en_US").items()):
        if "Spring Festival" in name:
            found.setdefault(day.year, day)
    return found
