"""What the measurement methods may refuse, by reason."""

from __future__ import annotations

from analysis.refusals import Reason, RefusedError

__all__ = ["Refusal", "RefusedError"]


class Refusal(Reason):
    """Reasons that lie in a client's data; worded under ``refusals.reason.<reason>``."""

    NO_ANSWERS = "no_answers"
    FEW_EACH_SIDE = "few_each_side"
    FEW_SHEETS = "few_sheets"
    LEVEL_MISSING = "level_missing"
    LEVEL_UNCOUNTED = "level_uncounted"
    LEVEL_UNANSWERED = "level_unanswered"
    LEVEL_EMPTY = "level_empty"
    RATE_RANGE = "rate_range"
    OFF_SCALE = "off_scale"
    NO_INTERVAL = "no_interval"
