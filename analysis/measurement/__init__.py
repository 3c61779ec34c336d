"""Can the numbers be trusted? Quality, response, reliability, comparability before training."""

from analysis.measurement.aapor import (
    AaporRates,
    Dispositions,
    aapor_rates,
    aapor_table,
    assess_aapor,
    eligibility,
)
from analysis.measurement.balance import (
    assess_balance,
    baseline_covariates,
    joint_test,
    standardised_differences,
)
from analysis.measurement.icc import Icc, assess_icc, icc_oneway
from analysis.measurement.intervals import (
    Interval,
    mean_t,
    net_promoter,
    newcombe,
    welch,
    wilson,
)
from analysis.measurement.levels import assess_levels, seal
from analysis.measurement.pretrends import arm_means, assess_pretrends
from analysis.measurement.quality import assess_quality, completeness, consistency
from analysis.measurement.reliability import (
    Alpha,
    assess_instruments,
    cronbach_alpha,
    item_statistics,
)
from analysis.measurement.response import assess_response, return_counts, return_rates

__all__ = [
    "AaporRates",
    "Alpha",
    "Dispositions",
    "Icc",
    "Interval",
    "aapor_rates",
    "aapor_table",
    "arm_means",
    "assess_aapor",
    "assess_balance",
    "assess_icc",
    "assess_instruments",
    "assess_levels",
    "assess_pretrends",
    "assess_quality",
    "assess_response",
    "baseline_covariates",
    "completeness",
    "consistency",
    "cronbach_alpha",
    "eligibility",
    "icc_oneway",
    "item_statistics",
    "joint_test",
    "mean_t",
    "net_promoter",
    "newcombe",
    "return_counts",
    "return_rates",
    "seal",
    "standardised_differences",
    "welch",
    "wilson",
]
