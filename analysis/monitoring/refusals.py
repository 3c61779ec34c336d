"""What the monitoring methods may refuse, by reason."""

from __future__ import annotations

from analysis.refusals import Reason, RefusedError

__all__ = ["Refusal", "RefusedError"]


class Refusal(Reason):
    """Reasons that lie in a client's data; worded under ``refusals.reason.<reason>``."""

    HITS_ABOVE_SIZE = "hits_above_size"
    NO_EXPOSURE = "no_exposure"
    NO_MONTHS_BEFORE = "no_months_before"
    NO_SPREAD = "no_spread"
    FEW_PERIODS_BEFORE = "few_periods_before"
    NO_FULL_POINTS = "no_full_points"
    POINTS_RANGE = "points_range"
    CIRCLE = "circle"
    UNKNOWN_MILESTONE = "unknown_milestone"
