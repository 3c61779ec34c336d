"""What this room's methods may refuse, by reason: answers of the data, and mistakes of the caller.

A refusal of the data is an answer ("not possible, because"): the question gets a check that says
so and everything else goes on (:class:`analysis.refusals.Asked`). A mistake of the caller stops,
as any unexpected error does.
"""

from __future__ import annotations

from enum import StrEnum

from analysis.refusals import Reason


class Refusal(Reason):
    """Reasons that lie in a client's data or design; worded under ``causal.fault.<reason>``."""

    EMPTY = "empty"
    PERIOD_GAP = "period_gap"
    IN_ROUNDS = "in_rounds"
    ONE_ROUND = "one_round"
    SAME_ROUND = "same_round"
    ROUNDS_UNEVEN = "rounds_uneven"
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
    FEW_ANSWERS = "few_answers"
    FEW_CLUSTERS = "few_clusters"
    FEW_PRE_PERIODS = "few_pre_periods"
    FEW_SOURCES = "few_sources"
    HORIZON_NOT_OBSERVED = "horizon_not_observed"
    HORIZON_BETWEEN_ROUNDS = "horizon_between_rounds"
    COLLINEAR = "collinear"
    COVARIATE_CONSTANT = "covariate_constant"
    COVARIATES_COLLINEAR = "covariates_collinear"
    COVARIATES_SEPARATE = "covariates_separate"
    KIND_ONE_SIDED = "kind_one_sided"
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

    @property
    def key(self) -> str:
        """Wording key of the sentence."""
        return f"causal.fault.{self.value}"


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
