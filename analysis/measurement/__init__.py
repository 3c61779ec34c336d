"""Can the numbers be trusted? Quality, response, reliability, comparability before training."""

from analysis.measurement.aapor import (
    AaporRates,
    Dispositions,
    aapor_rates,
    aapor_table,
    assess_aapor,
    eligibility,
)
from analysis.measurement.agreement import assess_raters
from analysis.measurement.anchors import anchored_indicators, assess_anchors
from analysis.measurement.appeals import appeal_states, assess_appeals
from analysis.measurement.appraisal import (
    Appraisal,
    appraise,
    assess_appraisal,
    consequence_guard,
)
from analysis.measurement.attainment import (
    GoalLike,
    IndicatorLike,
    probability_reached,
    score_target,
    standard_error,
    target_estimates,
)
from analysis.measurement.balance import (
    assess_balance,
    baseline_covariates,
    joint_test,
    standardised_differences,
)
from analysis.measurement.branches import (
    assess_branches,
    branch_completeness,
    branch_extremes,
)
from analysis.measurement.chance_agreement import (
    agreement_weights,
    fleiss_kappa,
    gwet_ac1,
    gwet_ac2,
    weighted_kappa,
)
from analysis.measurement.channels import (
    ChannelDifference,
    assess_channels,
    channel_differences,
)
from analysis.measurement.comparability import assess_invariance
from analysis.measurement.complaints import (
    assess_complaints,
    complaint_shares,
    share_over_sites,
)
from analysis.measurement.covariance_structure import Moments, moments
from analysis.measurement.coverage import assess_coverage, coverage_matrix, level_coverage
from analysis.measurement.dimensionality import assess_factors
from analysis.measurement.drift import assess_rater_drift, rater_drift
from analysis.measurement.duplicates import assess_duplicates, duplicate_rows
from analysis.measurement.factor import (
    FactorFit,
    ParallelAnalysis,
    confirm,
    mcdonald_omega,
    parallel_analysis,
)
from analysis.measurement.fit import FitIndices
from analysis.measurement.gaps import moments_with_gaps
from analysis.measurement.group_means import group_means
from analysis.measurement.icc import Icc, assess_icc, icc_oneway
from analysis.measurement.intervals import (
    Interval,
    mean_t,
    net_promoter,
    newcombe,
    welch,
    wilson,
)
from analysis.measurement.invariance import Invariance, Rule, measurement_invariance
from analysis.measurement.item_direction import item_directions, items_against
from analysis.measurement.items import StraightLines, assess_items, straight_lines
from analysis.measurement.levels import assess_levels, seal
from analysis.measurement.means_given import assess_means
from analysis.measurement.multirater import assess_views, role_views
from analysis.measurement.names import assess_names, overlapping_names
from analysis.measurement.needs import (
    assess_needs,
    importance_performance,
    skill_gaps,
    weight_sensitivity,
)
from analysis.measurement.nonresponse import (
    NonresponseBias,
    WeightedComparison,
    assess_weighting,
    compare_weighted,
    nonresponse_bias,
)
from analysis.measurement.omega_hierarchical import OmegaHierarchical, omega_hierarchical
from analysis.measurement.overall_satisfaction import (
    in_rounds,
    label_counts,
    weighted_outcome,
)
from analysis.measurement.overlap import Overlap, assess_overlap, propensity_overlap
from analysis.measurement.platform import assess_platform, platform_use
from analysis.measurement.pretrends import arm_means, assess_pretrends
from analysis.measurement.quality import (
    assess_quality,
    assess_unread,
    broken_rows,
    completeness,
    consistency,
)
from analysis.measurement.raters import (
    RaterIcc,
    SelfOtherGap,
    error_free_share,
    icc_forms,
    krippendorff_alpha,
    self_other_gap,
)
from analysis.measurement.readiness import assess_readiness, measured_before
from analysis.measurement.reliability import (
    Alpha,
    alpha_from_covariance,
    assess_instruments,
    cronbach_alpha,
    item_statistics,
)
from analysis.measurement.response import assess_response, return_counts, return_rates
from analysis.measurement.scorecard import scorecard
from analysis.measurement.scorecards import assess_scorecards
from analysis.measurement.service_levels import assess_service_levels, service_levels
from analysis.measurement.shoppers import ShopperStudy, assess_shoppers, shopper_study
from analysis.measurement.spot_checks import assess_spot_checks
from analysis.measurement.strata import Stratified, stratified, stratified_moments
from analysis.measurement.timeliness import assess_timeliness, timeliness
from analysis.measurement.weighting import (
    Weights,
    kish_design_effect,
    poststratify,
    rake,
    trim,
    weighted_mean,
)

__all__ = [
    "AaporRates",
    "Alpha",
    "Appraisal",
    "ChannelDifference",
    "Dispositions",
    "FactorFit",
    "FitIndices",
    "GoalLike",
    "Icc",
    "IndicatorLike",
    "Interval",
    "Invariance",
    "Moments",
    "NonresponseBias",
    "OmegaHierarchical",
    "Overlap",
    "ParallelAnalysis",
    "RaterIcc",
    "Rule",
    "SelfOtherGap",
    "ShopperStudy",
    "StraightLines",
    "Stratified",
    "WeightedComparison",
    "Weights",
    "aapor_rates",
    "aapor_table",
    "agreement_weights",
    "alpha_from_covariance",
    "anchored_indicators",
    "appeal_states",
    "appraise",
    "arm_means",
    "assess_aapor",
    "assess_anchors",
    "assess_appeals",
    "assess_appraisal",
    "assess_balance",
    "assess_branches",
    "assess_channels",
    "assess_complaints",
    "assess_coverage",
    "assess_duplicates",
    "assess_factors",
    "assess_icc",
    "assess_instruments",
    "assess_invariance",
    "assess_items",
    "assess_levels",
    "assess_means",
    "assess_names",
    "assess_needs",
    "assess_overlap",
    "assess_platform",
    "assess_pretrends",
    "assess_quality",
    "assess_rater_drift",
    "assess_raters",
    "assess_readiness",
    "assess_response",
    "assess_scorecards",
    "assess_service_levels",
    "assess_shoppers",
    "assess_spot_checks",
    "assess_timeliness",
    "assess_unread",
    "assess_views",
    "assess_weighting",
    "baseline_covariates",
    "branch_completeness",
    "branch_extremes",
    "broken_rows",
    "channel_differences",
    "compare_weighted",
    "complaint_shares",
    "completeness",
    "confirm",
    "consequence_guard",
    "consistency",
    "coverage_matrix",
    "cronbach_alpha",
    "duplicate_rows",
    "eligibility",
    "error_free_share",
    "fleiss_kappa",
    "group_means",
    "gwet_ac1",
    "gwet_ac2",
    "icc_forms",
    "icc_oneway",
    "importance_performance",
    "in_rounds",
    "item_directions",
    "item_statistics",
    "items_against",
    "joint_test",
    "kish_design_effect",
    "krippendorff_alpha",
    "label_counts",
    "level_coverage",
    "mcdonald_omega",
    "mean_t",
    "measured_before",
    "measurement_invariance",
    "moments",
    "moments_with_gaps",
    "net_promoter",
    "newcombe",
    "nonresponse_bias",
    "omega_hierarchical",
    "overlapping_names",
    "parallel_analysis",
    "platform_use",
    "poststratify",
    "probability_reached",
    "propensity_overlap",
    "rake",
    "rater_drift",
    "return_counts",
    "return_rates",
    "role_views",
    "score_target",
    "scorecard",
    "seal",
    "self_other_gap",
    "service_levels",
    "share_over_sites",
    "shopper_study",
    "skill_gaps",
    "standard_error",
    "standardised_differences",
    "straight_lines",
    "stratified",
    "stratified_moments",
    "target_estimates",
    "timeliness",
    "trim",
    "weight_sensitivity",
    "weighted_kappa",
    "weighted_mean",
    "weighted_outcome",
    "welch",
    "wilson",
]
