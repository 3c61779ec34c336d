"""Causal effects of training waves: one entrance, and the estimators behind it.

:func:`evaluate` is what a report calls. Researchers get every step by itself: ``prepare`` →
``group_time`` → ``aggregate``, and the other estimators on the same prepared panel.
"""

from analysis.causal.aggregate import Aggregate, aggregate, outcome_weights
from analysis.causal.balancing import Balanced, balanced_effect, baseline_means
from analysis.causal.base import Base
from analysis.causal.behaviour import (
    application,
    know_do_gap,
    rated_change,
    reliable_change,
    share_improved,
)
from analysis.causal.bounds import LeeBounds, lee_bounds, lee_estimates
from analysis.causal.count_rate import count_effect
from analysis.causal.depth import Depth, deepen
from analysis.causal.entropy import entropy_weights
from analysis.causal.evaluate import (
    Evaluation,
    evaluate,
    lead,
    led_by,
    refused,
    without_value,
)
from analysis.causal.event_study import sun_abraham, twfe, twfe_event_study
from analysis.causal.few_clusters import wild_bootstrap
from analysis.causal.frame import (
    FrameError,
    NoComparisonError,
    NoPrePeriodError,
    Prepared,
    prepare,
)
from analysis.causal.goodman_bacon import goodman_bacon
from analysis.causal.group_time import GroupTime, group_time
from analysis.causal.hazard import HazardRatio, hazard_ratio
from analysis.causal.heterogeneity import Heterogeneity, effects_by, waves_alike, welch_test
from analysis.causal.honest import Moments, relative_magnitudes, smoothness
from analysis.causal.imputation import imputation
from analysis.causal.inference_rule import InferenceRule, choose_inference
from analysis.causal.level_before import level_before
from analysis.causal.mediation import mediation
from analysis.causal.meta import pool_effects
from analysis.causal.microdata import (
    cell_moments,
    evaluate_microdata,
    label_counts,
    regress_microdata,
)
from analysis.causal.moment_regression import CellMoments, regress_moments
from analysis.causal.multiplicity import Family, romano_wolf
from analysis.causal.options import Options
from analysis.causal.ordered import OrderedEffect, ordered_effect, score_frame
from analysis.causal.over_exposure import (
    correlation_of,
    effect_over,
    effects_until,
    quantiles_over,
)
from analysis.causal.persistence import Decay, decay, persistence
from analysis.causal.planned import PlannedTest, plan_test
from analysis.causal.pooled_cells import Form
from analysis.causal.pooled_ratio import ratio_effect
from analysis.causal.pretrend import pretrend_test
from analysis.causal.random_timing import FisherTest, RandomTiming, fisher_test, staggered
from analysis.causal.randomisation import randomisation_test
from analysis.causal.ratio import Ratio, fieller
from analysis.causal.refusals import Mistake, Refusal
from analysis.causal.renewal import renewal_effect
from analysis.causal.robustness import leave_one_out, placebo_date, placebo_outcome, variants
from analysis.causal.sensitivity import Sensitivity, event_moments, sensitivity
from analysis.causal.site_effects import effects_by_site
from analysis.causal.spillover import (
    Spillover,
    exposed_by_moves,
    exposed_by_place,
    spillover,
)
from analysis.causal.survival import (
    KaplanMeier,
    RestrictedMeans,
    kaplan_meier,
    restricted_mean_difference,
)
from analysis.causal.synthetic import Synthetic, synthetic, synthetic_estimates
from analysis.causal.threats import answers_and_silence, assess_attrition, assess_spill_over
from analysis.causal.time_to_event import ENDINGS, time_to
from analysis.causal.triangulation import triangulate
from analysis.causal.two_by_two import two_by_two
from analysis.causal.two_stage import two_stage
from analysis.causal.uptake import change_by_hours, complier_effect
from analysis.causal.versions import retraining, weighted_for_response
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
