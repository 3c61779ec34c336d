"""What was known on a day of the past, and up to which day exports tell."""

from analysis.look_back.knowable import (
    Horizon,
    known_on,
    last_whole_month,
    tables_known_on,
    undated,
)
from analysis.look_back.recorded import came_in, last_recorded

__all__ = [
    "Horizon",
    "came_in",
    "known_on",
    "last_recorded",
    "last_whole_month",
    "tables_known_on",
    "undated",
]
