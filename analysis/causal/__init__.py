"""Causal effects of training waves: one entrance, and the estimators behind it.

:func:`evaluate` is what a report calls. Researchers get every step by itself: ``prepare`` →
``group_time`` → ``aggregate``, and the other estimators on the same prepared panel.
"""

from analysis.causal.behaviour.rated_change import (
    application,
    know_do_gap,
    rated_change,
    reliable_change,
    share_improved,
)
from analysis.causal.behaviour.triangulation import triangulate
from analysis.causal.depth import Depth, deepen
from analysis.causal.did.aggregate import Aggregate, aggregate, outcome_weights
from analysis.causal.did.base import Base
from analysis.causal.did.event_study import sun_abraham, twfe, twfe_event_study
from analysis.causal.did.goodman_bacon import goodman_bacon
from analysis.causal.did.group_time import GroupTime, group_time
from analysis.causal.did.imputation import imputation
from analysis.causal.did.pooled_cells import Form
from analysis.causal.did.two_by_two import two_by_two
from analysis.causal.did.two_stage import two_stage
from analysis.causal.evaluation.evaluate import (
    Evaluation,
    evaluate,
    lead,
    led_by,
    refused,
    without_value,
)
from analysis.causal.evaluation.level_before import level_before
from analysis.causal.heterogeneity.mediation import mediation
from analysis.causal.heterogeneity.over_exposure import (
    correlation_of,
    effect_over,
    effects_until,
    quantiles_over,
)
from analysis.causal.heterogeneity.persistence import Decay, decay, persistence
from analysis.causal.heterogeneity.site_effects import effects_by_site
from analysis.causal.heterogeneity.subgroups import (
    Heterogeneity,
    effects_by,
    waves_alike,
    welch_test,
)
from analysis.causal.heterogeneity.uptake import change_by_hours, complier_effect
from analysis.causal.heterogeneity.versions import retraining, weighted_for_response
from analysis.causal.inference.inference_rule import InferenceRule, choose_inference
from analysis.causal.inference.ratio import Ratio, fieller
from analysis.causal.lottery.random_timing import FisherTest, RandomTiming, fisher_test, staggered
from analysis.causal.meta import pool_effects
from analysis.causal.options import Options
from analysis.causal.outcome_models.count_rate import count_effect
from analysis.causal.outcome_models.ordered import OrderedEffect, ordered_effect, score_frame
from analysis.causal.outcome_models.pooled_ratio import ratio_effect
from analysis.causal.outcome_models.renewal import renewal_effect
from analysis.causal.panel.frame import (
    FrameError,
    NoComparisonError,
    NoPrePeriodError,
    Prepared,
    prepare,
)
from analysis.causal.parallel_trends.honest import Moments, relative_magnitudes, smoothness
from analysis.causal.parallel_trends.pretrend import pretrend_test
from analysis.causal.planned import PlannedTest, plan_test
from analysis.causal.refusals import Mistake, Refusal
from analysis.causal.resampling.few_clusters import wild_bootstrap
from analysis.causal.resampling.randomisation import randomisation_test
from analysis.causal.robustness.bounds import LeeBounds, lee_bounds, lee_estimates
from analysis.causal.robustness.multiplicity import Family, romano_wolf
from analysis.causal.robustness.sensitivity import Sensitivity, event_moments, sensitivity
from analysis.causal.robustness.spillover import (
    Spillover,
    exposed_by_moves,
    exposed_by_place,
    spillover,
)
from analysis.causal.robustness.threats import (
    answers_and_silence,
    assess_attrition,
    assess_spill_over,
)
from analysis.causal.robustness.variants import (
    leave_one_out,
    placebo_date,
    placebo_outcome,
    variants,
)
from analysis.causal.sufficient_statistics.microdata import (
    cell_moments,
    evaluate_microdata,
    label_counts,
    regress_microdata,
)
from analysis.causal.sufficient_statistics.moment_regression import CellMoments, regress_moments
from analysis.causal.survival.hazard import HazardRatio, hazard_ratio
from analysis.causal.survival.kaplan_meier import (
    KaplanMeier,
    RestrictedMeans,
    kaplan_meier,
    restricted_mean_difference,
)
from analysis.causal.survival.time_to_event import ENDINGS, time_to
from analysis.causal.synthetic_control.synthetic import Synthetic, synthetic, synthetic_estimates
from analysis.causal.weighting.balancing import Balanced, balanced_effect, baseline_means
from analysis.causal.weighting.entropy import entropy_weights
from analysis.indicators.rounds import Rounds, to_rounds

__all__ = [
    "ENDINGS",
    "Aggregate",
    "Balanced",
    "Base",
    "CellMoments",
    "Decay",
    "Depth",
    "Evaluation",
    "Family",
    "FisherTest",
    "Form",
    "FrameError",
    "GroupTime",
    "HazardRatio",
    "Heterogeneity",
    "InferenceRule",
    "KaplanMeier",
    "LeeBounds",
    "Mistake",
    "Moments",
    "NoComparisonError",
    "NoPrePeriodError",
    "Options",
    "OrderedEffect",
    "PlannedTest",
    "Prepared",
    "RandomTiming",
    "Ratio",
    "Refusal",
    "RestrictedMeans",
    "Rounds",
    "Sensitivity",
    "Spillover",
    "Synthetic",
    "aggregate",
    "answers_and_silence",
    "application",
    "assess_attrition",
    "assess_spill_over",
    "balanced_effect",
    "baseline_means",
    "cell_moments",
    "change_by_hours",
    "choose_inference",
    "complier_effect",
    "correlation_of",
    "count_effect",
    "decay",
    "deepen",
    "effect_over",
    "effects_by",
    "effects_by_site",
    "effects_until",
    "entropy_weights",
    "evaluate",
    "evaluate_microdata",
    "event_moments",
    "exposed_by_moves",
    "exposed_by_place",
    "fieller",
    "fisher_test",
    "goodman_bacon",
    "group_time",
    "hazard_ratio",
    "imputation",
    "kaplan_meier",
    "know_do_gap",
    "label_counts",
    "lead",
    "leave_one_out",
    "led_by",
    "lee_bounds",
    "lee_estimates",
    "level_before",
    "mediation",
    "ordered_effect",
    "outcome_weights",
    "persistence",
    "placebo_date",
    "placebo_outcome",
    "plan_test",
    "pool_effects",
    "prepare",
    "pretrend_test",
    "quantiles_over",
    "randomisation_test",
    "rated_change",
    "ratio_effect",
    "refused",
    "regress_microdata",
    "regress_moments",
    "relative_magnitudes",
    "reliable_change",
    "renewal_effect",
    "restricted_mean_difference",
    "retraining",
    "romano_wolf",
    "score_frame",
    "sensitivity",
    "share_improved",
    "smoothness",
    "spillover",
    "staggered",
    "sun_abraham",
    "synthetic",
    "synthetic_estimates",
    "time_to",
    "to_rounds",
    "triangulate",
    "twfe",
    "twfe_event_study",
    "two_by_two",
    "two_stage",
    "variants",
    "waves_alike",
    "weighted_for_response",
    "welch_test",
    "wild_bootstrap",
    "without_value",
]
