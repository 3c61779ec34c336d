"""The choices an evaluation can be given; the defaults are the documented ladder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from analysis.causal.did.aggregate import Shares
from analysis.causal.did.base import Base
from analysis.causal.did.group_time import Comparison, Unbalanced
from analysis.causal.did.pooled_cells import Form
from analysis.causal.did.two_period import Method
from analysis.causal.inference.inference_rule import Lead
from analysis.causal.panel.faults import OptionError, a_count, a_level, one_of
from analysis.causal.panel.frame import AlwaysTreated
from analysis.indicators.rounds import Rounds
from analysis.keywords import refusing_typos
from analysis.settings import INFERENCE_DRAWS, LEVEL, SEED

Beside = Literal["two_by_two", "twfe", "imputation", "sun_abraham", "lagged_outcome"]


@dataclass(frozen=True, slots=True)
class Aim:
    """What an estimator beside the leading one aims at, and with whom it compares.

    Attributes
    ----------
    comparison : str
        Units it compares with, where some are never treated.
    without_never : str or None
        Where none is; None: it has no answer then.
    own_average : bool
        Whether it averages the months of several waves by other weights than the overall effect.
    one_month : bool
        Whether it looks back on the last month before the start alone.
    differences : bool
        Whether it differences a unit's level away. One that does not assumes something else than
        parallel trends, so that its answer speaks neither for nor against the others'.
    """

    comparison: str
    without_never: str | None
    own_average: bool = False
    one_month: bool = False
    differences: bool = True


AIMS: Mapping[str, Aim] = {
    "two_by_two": Aim("never_treated", None, own_average=True),
    "twfe": Aim("all_others", "all_others", own_average=True),
    "imputation": Aim("not_yet_treated", "not_yet_treated"),
    "sun_abraham": Aim("never_treated", "last_treated", one_month=True),
    "lagged_outcome": Aim("never_treated", None, own_average=True, differences=False),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Choices of an evaluation; the defaults are the documented ladder.

    Attributes
    ----------
    method, comparison, base, unbalanced
        As in :func:`analysis.causal.group_time`. The base is universal, so that pre-periods and
        effects are read against one and the same month; a plan may name ``all_before``.
    shares : {"given", "estimated"}
        What cohorts' shares are in the overall effect, as of :func:`analysis.causal.aggregate`.
        ``given``, the default: a roll-out plan fixed them, the sites are all there are, and the
        effect is that on these sites; with a wave of one cluster they count as estimated all the
        same. ``estimated``: the sites are a sample and the effect is that in the population behind
        it, as R's ``did`` reports. Effects by event time, horizon and calendar period always take
        them as estimated: the uniform band is too narrow otherwise.
    drawn_by_lot : bool
        Whether a lottery assigned the starts (within ``stratum``): the coefficient on the level
        before is then estimated (:mod:`analysis.causal.lottery.lot`) instead of set to 1.
    anticipation : int
        Periods before the start that may already be affected.
    always_treated : {"drop", "keep"}
        What is done with units treated from the first period on, as of
        :func:`analysis.causal.prepare`. ``keep`` is refused with ``drawn_by_lot``, under which
        levels count and theirs hold an effect, and with ``covariates``, which are no longer those
        from before the treatment.
    covariates : tuple of str
        Pre-treatment columns to adjust for.
    cluster, weights, stratum : str or None
        Columns: cluster of inference, unit weights, assignment stratum.
    level : float
        Coverage of intervals.
    draws : int
        Draws of multiplier bootstrap, wild bootstrap and randomisation.
    seed : int
        Seed of all of them.
    horizons : tuple of int
        Months after the starting month.
    pretrend_periods : int
        Pre-periods tested jointly, counted back from −2.
    alternatives : tuple of str
        Estimators beside the leading one.
    inference : str or None
        Overrules the documented rule; for method studies only.
    form : {"mean", "rate", "share"}
        ``mean``: units count alike by their mean. ``rate`` and ``share``: every unit and period
        weighs by its denominator, from the columns ``total`` and ``exposure``, and periods
        multiply or add (:mod:`analysis.causal.did.pooled_cells`); ``method``, ``base`` and
        ``unbalanced`` then say nothing.
    rounds : Rounds or None
        Periods and cohorts are rounds of measurement, and so is ``anticipation``; estimates are
        labelled in the months that it tells, horizons are months. None: periods are months.
    least_answers : int
        Fewest observations of either arm, in the month and in what it is compared with, on which
        the value of one month is given; 0 gives all.
    prefix : str
        First part of every id.
    simulated : bool
        Whether the data are made up.
    """

    method: Method = "dr"
    comparison: Comparison = "not_yet_treated"
    base: Base = "universal"
    unbalanced: Unbalanced = "pairs"
    shares: Shares = "given"
    drawn_by_lot: bool = False
    anticipation: int = 0
    always_treated: AlwaysTreated = "drop"
    covariates: tuple[str, ...] = ()
    cluster: str | None = None
    weights: str | None = None
    stratum: str | None = None
    level: float = LEVEL
    draws: int = INFERENCE_DRAWS
    seed: int = SEED
    horizons: tuple[int, ...] = (1, 3, 6, 12)
    pretrend_periods: int = 12
    alternatives: tuple[Beside, ...] = get_args(Beside)
    inference: Lead | None = None
    form: Form = "mean"
    rounds: Rounds | None = None
    least_answers: int = 0
    prefix: str = "tracking"
    simulated: bool = False

    def __post_init__(self) -> None:
        """Refuse values an option cannot have.

        Raises
        ------
        OptionError
        """
        for name, allowed in _CHOICES.items():
            one_of(name, getattr(self, name), allowed)
        if self.inference is not None:
            one_of("inference", self.inference, Lead)
        for name in ("covariates", "horizons", "alternatives"):
            if isinstance(getattr(self, name), str):
                raise OptionError(name, getattr(self, name), "a tuple, e.g. with one entry: (x,)")
        for method in self.alternatives:
            one_of("alternatives", method, Beside)
        a_level(self.level)
        for name, least in (
            ("anticipation", 0),
            ("draws", 1),
            ("seed", 0),
            ("pretrend_periods", 1),
            ("least_answers", 0),
        ):
            a_count(name, getattr(self, name), least)
        for months in self.horizons:
            a_count("horizons", months)
        if self.method == "dr_improved" and self.unbalanced == "cross_sections":
            raise OptionError("method", self.method, "only for paired rows: unbalanced='pairs'")
        if self.always_treated == "keep" and (self.drawn_by_lot or self.covariates):
            raise OptionError(
                "always_treated",
                self.always_treated,
                "'drop' with drawn_by_lot or covariates: what these units were like before their "
                "treatment is not known",
            )


Options.__init__ = refusing_typos(Options.__init__)  # type: ignore[method-assign]

_CHOICES = {
    "method": Method,
    "comparison": Comparison,
    "base": Base,
    "unbalanced": Unbalanced,
    "shares": Shares,
    "always_treated": AlwaysTreated,
    "form": Form,
}
