"""What months with training are compared with, chosen on the design before results are seen.

The mean of all months before the start averages out what passes from month to month; the month
before the start follows a site that wanders. Which of the two leaves less error is known from
the months before training alone: how many there are, and how a site's months resemble their
neighbours (:func:`analysis.design.power.estimate_errors`). No month with training enters.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from analysis.design import power as pw
from analysis.design.refusals import RefusedError
from analysis.indicators.rounds import to_rounds
from analysis.measurement.balance import before_first_wave
from analysis.memory import remembered

#: The month before is chosen only where the mean of all months is expected to err this much more:
#: with few sites the resemblance of months is known roughly, and one odd month moves it alone.
CLEARLY_WORSE = 1.2

Why = Literal["stated", "locked", "measured", "few_months", "one_month", "not_measured"]


@dataclass(frozen=True, slots=True)
class BaseChoice:
    """The base, and why.

    Attributes
    ----------
    base : {"month_before", "all_before"}
    why : str
        ``stated`` in the client file, ``locked`` with the plan, ``measured`` on the months
        before; ``few_months`` to measure it on, so that the mean is taken; ``one_month``, which
        is both; ``not_measured`` before the start at all.
    n_months : int
        Months before the first wave.
    autocorrelation : float or None
        Of a site's monthly deviations before training, from one month to the next.
    ratio : float or None
        Expected standard error with the mean of all months, per that with the month before.
    """

    base: pw.Base
    why: Why
    n_months: int
    autocorrelation: float | None = None
    ratio: float | None = None

    @property
    def reason(self) -> str:
        """Wording key of the sentence."""
        return (
            f"design.base.{self.why}.{self.base}"
            if self.why == "measured"
            else f"design.base.{self.why}"
        )

    def as_stated(self, base: pw.Base, why: Literal["stated", "locked"]) -> BaseChoice:
        """Return the choice as the client file or the lock makes it; what was measured stays."""
        return replace(self, base=base, why=why)


@remembered
def choose_base(outcome: pd.DataFrame, *, window: int = 12) -> BaseChoice:
    """Choose the mean of all months before, unless the month before is clearly more precise.

    Parameters
    ----------
    outcome : DataFrame
        ``unit, period, y, cohort``. Of ``y``, only months before the first wave are read. Where
        not every month is measured, rounds of measurement are counted instead.
    window : int
        Most months after the start that are averaged.
    """
    outcome, rounds = to_rounds(outcome)
    window = window if rounds is None else rounds.within(window)
    before = before_first_wave(outcome)
    months = int(before["period"].nunique())
    if months == 0 or outcome["cohort"].isna().all():
        return BaseChoice("all_before", "not_measured", months)
    if months == 1:
        return BaseChoice("all_before", "one_month", months)
    try:
        errors = pw.estimate_errors(before)
    except RefusedError:
        return BaseChoice("all_before", "few_months", months)
    if errors.shock_sd + errors.sampling_sd <= 0:
        return BaseChoice("all_before", "few_months", months, errors.autocorrelation)
    first, last = int(outcome["period"].min()), int(outcome["period"].max())
    starts = outcome.groupby("unit")["cohort"].first().dropna().to_numpy() - first
    starts = starts[(starts > 0) & (starts <= last - first)].astype(int)
    if not len(starts):
        return BaseChoice("all_before", "not_measured", months, errors.autocorrelation)
    spread = {
        base: expected_spread(tuple(starts), last - first + 1, errors, base=base, window=window)
        for base in pw.BASES
    }
    ratio = spread["all_before"] / spread["month_before"]
    base: pw.Base = "month_before" if ratio > CLEARLY_WORSE else "all_before"
    return BaseChoice(base, "measured", months, errors.autocorrelation, ratio)


def expected_spread(
    starts: tuple[int, ...],
    n_periods: int,
    errors: pw.ErrorModel,
    *,
    base: pw.Base,
    window: int = 12,
) -> float:
    """Give the standard deviation, over sites, of the mean after the start less the base.

    Parameters
    ----------
    starts : tuple of int
        First treated month of each trained site, counted from the first month measured.
    n_periods : int
        Months measured.
    errors : ErrorModel
        What a site-month varies by, site and month effects taken out.
    """
    contrast, counts, _ = pw.contrasts(starts, n_periods, window=window, base=base)
    covariance = pw.covariance(replace(errors, site_sd=0.0), n_periods)
    variance = np.einsum("wt,ts,ws->w", contrast, covariance, contrast)
    return float(np.sqrt(np.average(variance, weights=counts)))
