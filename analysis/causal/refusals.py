"""What a method may refuse, by reason: answers of the data, and mistakes of the caller.

A refusal of the data is an answer ("not possible, because"): the question gets a check that says
so and everything else goes on. A mistake of the caller stops, as any unexpected error does.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

from analysis.causal.frame import FrameError
from analysis.results import Check

T = TypeVar("T")


class Refusal(StrEnum):
    """Reasons that lie in a client's data or design; worded under ``causal.fault.<reason>``."""

    EMPTY = "empty"
    PERIOD_GAP = "period_gap"
    IN_ROUNDS = "in_rounds"
    NO_VARIATION = "no_variation"
    NO_TREATED = "no_treated"
    NO_COMPARISON = "no_comparison"
    NO_PRE_PERIOD = "no_pre_period"
    NO_NEVER_TREATED = "no_never_treated"
    NO_CELL = "no_cell"
    NO_OVERLAP = "no_overlap"
    NO_DONORS = "no_donors"
    NO_EVENTS = "no_events"
    NO_ONCE_TRAINED = "no_once_trained"
    EMPTY_ARM = "empty_arm"
    FEW_CLUSTERS = "few_clusters"
    FEW_PRE_PERIODS = "few_pre_periods"
    FEW_SOURCES = "few_sources"
    HORIZON_NOT_OBSERVED = "horizon_not_observed"
    COLLINEAR = "collinear"
    COVARIATE_CONSTANT = "covariate_constant"
    COVARIATES_COLLINEAR = "covariates_collinear"
    COVARIATES_SEPARATE = "covariates_separate"
    ONE_LABEL = "one_label"
    ONE_LAYER = "one_layer"
    SEPARATED = "separated"
    SINGULAR = "singular"
    TOO_MANY_SITES = "too_many_sites"
    UNBALANCED = "unbalanced"
    VARYING_BASE = "varying_base"
    SECOND_BEFORE_FIRST = "second_before_first"
    EXPOSED_AND_TREATED = "exposed_and_treated"
    EXPOSURE_NOT_POSITIVE = "exposure_not_positive"
    COUNT_NEGATIVE = "count_negative"
    DENOMINATOR_NEGATIVE = "denominator_negative"
    DURATION_NEGATIVE = "duration_negative"
    RELIABILITY_RANGE = "reliability_range"
    SHARE_RANGE = "share_range"
    LABEL_RANGE = "label_range"
    BEYOND_OBSERVATION = "beyond_observation"


class Mistake(StrEnum):
    """Reasons that lie in the call: these stop."""

    COLUMNS = "columns"
    MIXED_TYPES = "mixed_types"
    PERIOD_NOT_INTEGER = "period_not_integer"
    DUPLICATE_UNIT_PERIOD = "duplicate_unit_period"
    NOT_CONSTANT = "not_constant"
    COHORT_NOT_INTEGER = "cohort_not_integer"
    COHORT_ZERO = "cohort_zero"
    COHORT_NEGATIVE = "cohort_negative"
    PERIOD_LABEL = "period_label"
    LABEL_MISSING = "label_missing"
    CLUSTER_MISSING = "cluster_missing"
    STRATUM_MISSING = "stratum_missing"
    OPTION = "option"
    COHORT_NOT_CONSTANT_IN_CLUSTER = "cohort_not_constant_in_cluster"
    CLUSTER = "cluster"
    NOT_FINITE = "not_finite"
    WEIGHTS_NOT_POSITIVE = "weights_not_positive"
    UNKNOWN_UNIT = "unknown_unit"


def is_answer(error: FrameError) -> bool:
    """Return whether a refusal lies in the data, so that saying it is an answer."""
    return error.rule in Refusal.__members__.values()


class Asked:
    """Questions put to methods that may refuse, and the refusals so far.

    Parameters
    ----------
    stage : str
        Stage whose checks the refusals become.
    """

    def __init__(self, stage: str) -> None:
        self.stage = stage
        self._refused: dict[str, Check] = {}

    def ask(self, topic: str, make: Callable[[], T], otherwise: T, *, about: str = "") -> T:
        """Return what ``make`` finds, or ``otherwise`` where the data refuse.

        A refusal becomes the check ``<stage>.not_possible.<topic>[.<about>]``, with the reason.

        Parameters
        ----------
        topic : str
            What is asked, worded under ``causal.topic.<topic>``.
        make : callable
            Asks; takes nothing.
        otherwise : object
            Stands for "nothing found".
        about : str
            Outcome, stratum or variant the question is about, where there are several.

        Raises
        ------
        FrameError
            For a mistake of the caller.
        """
        try:
            return make()
        except FrameError as error:
            if not is_answer(error):
                raise
            self.refuse(topic, error.rule, about=about)
            return otherwise

    def refuse(self, topic: str, reason: str, *, about: str = "") -> None:
        """Record that a question could not be answered."""
        id = ".".join(part for part in (self.stage, "not_possible", topic, about) if part)
        self._refused[id] = Check(
            id=id,
            question="causal.check.possible",
            status="not_possible",
            reason=f"causal.fault.{reason}",
            params={"topic": f"causal.topic.{topic}"},
            dims={"topic": topic, "reason": reason, **({"about": about} if about else {})},
        )

    @property
    def checks(self) -> tuple[Check, ...]:
        """One check for each question that was refused, in the order they were asked."""
        return tuple(self._refused.values())
