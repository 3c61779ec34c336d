"""What the design methods may refuse, by reason."""

from __future__ import annotations

from analysis.refusals import Reason, RefusedError

__all__ = ["Refusal", "RefusedError"]


class Refusal(Reason):
    """Reasons that lie in a client's data; worded under ``refusals.reason.<reason>``."""

    TWO_EACH_SIDE = "two_each_side"
    NO_MONTH_EACH_SIDE = "no_month_each_side"
    FEW_COMPLETE_BEFORE = "few_complete_before"
    CONSTANT_BEFORE = "constant_before"
    NOT_MEASURED = "not_measured"
    POWER_OUT_OF_REACH = "power_out_of_reach"
    FEW_DAYS = "few_days"
    FEW_SITES = "few_sites"
    BALANCE_CONSTANT = "balance_constant"
    GROWTH_ENDS = "growth_ends"
