"""What a simulated client is made of, and the named worlds that tests draw."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace

import numpy as np

from analysis.errors import DesignError
from analysis.settings import SEED
from analysis.tables import month_of, period_of

FAMILIES = ("surveys", "tickets", "staff", "training", "ratings", "ledgers", "programme")
PROPERTY_TYPES = ("villa", "high_end", "ordinary", "old")


@dataclass(frozen=True, slots=True)
class PlantedEvents:
    """Events that monitoring must find; None leaves an event out.

    Attributes
    ----------
    low_lecturer_top2 : float or None
        Share of course answers of 4 or 5 that one lecturer receives.
    falling_site_drop, falling_site_from, falling_site_months : float or None, date, int
        Fall of one never-trained site's satisfaction on the scale before rounding, the first
        month of it and its length.
    late_gate_days : int or None
        Days by which milestone M3 is late.
    trainer_overrun : float or None
        Share by which trainer costs exceed the plan.
    low_module_completion : float or None
        Mean share completed of one online module.
    """

    low_lecturer_top2: float | None = 0.78
    falling_site_drop: float | None = 0.6
    falling_site_from: dt.date = dt.date(2025, 5, 1)
    falling_site_months: int = 8
    late_gate_days: int | None = 6
    trainer_overrun: float | None = 0.14
    low_module_completion: float | None = 0.65


NOTHING_PLANTED = PlantedEvents(
    low_lecturer_top2=None,
    falling_site_drop=None,
    late_gate_days=None,
    trainer_overrun=None,
    low_module_completion=None,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldParameters:
    """Everything that decides a simulated client; equal parameters give equal bytes.

    Satisfaction is simulated on a continuous scale that a respondent rounds to 1-5; effects and
    noises "before rounding" are on that scale.

    Attributes
    ----------
    seed : int
        Seed of every random stream.
    families : tuple of str
        Which groups of tables are drawn, of :data:`FAMILIES`; sites, waves and instruments
        always are. A family's draws do not depend on the others being drawn.
    n_sites, first_month, n_months : int, date, int
        Managed projects and the months observed.
    wave_months : tuple of date
        Month in which each wave is planned to be trained.
    treated_share : float
        Share of sites trained, split evenly over the waves within property type.
    n_treated : int or None
        Number of treated sites; overrides ``treated_share``.
    type_shares : mapping
        Share of sites by property type.
    csat_effect : float
        Effect on satisfaction before rounding, at the peak, for an average site.
    months_to_peak, onset : int, float
        Event time of the peak (at least 1) and share of the peak in the month of training.
    retention_6, retention_12 : float
        Share of the peak that is left 6 and 12 months after training.
    type_effect : mapping
        Multiplier of every effect by property type.
    fcr_effect, fee_effect, renewal_effect : float
        Change, in share, at the peak.
    response_effect, resolution_effect, complaint_effect, repeat_effect : float
        Change of the log median response minutes, log median resolution hours, log complaint
        rate and log repeat probability at the peak.
    behaviour_effect : float
        Change of a behaviour rating before rounding at the peak.
    learning_gain : float
        Points by which written scores rise from before to after a module.
    csat_level, site_sd, shock_sd, rho, respondent_sd, item_sd : float
        Mean satisfaction before rounding; standard deviations of sites, of site-month shocks
        (stationary AR(1) with coefficient ``rho``), of respondents, and of single answers.
    month_sd : float
        Standard deviation of shocks common to all sites in a month.
    spring_festival_dip, flood_dip : float
        Fall of satisfaction in the month of the Spring Festival and in July and August.
    invited, response_rate : float, float
        Mean questionnaires sent per site-month, and the share answered by a customer of mean
        satisfaction.
    response_slope : float
        Change of the log-odds of answering per standard deviation of satisfaction.
    response_shift_treated, response_slope_treated : float
        Added to the log-odds and to the slope in trained site-months (attrition by arm).
    spill_over, n_spill_over : float, int
        Share of the effect that reaches some never-trained sites, and how many.
    n_late, n_no_show : int, int
        Treated sites trained one month late, and treated sites whose training is not yet held.
    n_staff : int
        Employees ever on the roster.
    leaver_rate, leaver_ratio_treated : float
        Share of employees leaving in a year, and its ratio for trained employees.
    no_show_rate : float
        Share of sessions an enrolled employee misses.
    tickets_per_1000 : float
        Work orders per 1,000 households and month.
    planted : PlantedEvents
        Events that monitoring must find.
    """

    seed: int = SEED
    families: tuple[str, ...] = FAMILIES
    n_sites: int = 60
    first_month: dt.date = dt.date(2023, 1, 1)
    n_months: int = 36
    wave_months: tuple[dt.date, ...] = (
        dt.date(2024, 3, 1),
        dt.date(2024, 6, 1),
        dt.date(2024, 9, 1),
    )
    treated_share: float = 2 / 3
    n_treated: int | None = None
    type_shares: Mapping[str, float] = field(
        default_factory=lambda: {"villa": 0.15, "high_end": 0.2, "ordinary": 0.45, "old": 0.2}
    )
    csat_effect: float = 0.28
    months_to_peak: int = 1
    onset: float = 0.5
    retention_6: float = 0.8
    retention_12: float = 0.6
    type_effect: Mapping[str, float] = field(
        default_factory=lambda: {"villa": 0.8, "high_end": 0.9, "ordinary": 1.0, "old": 1.2}
    )
    fcr_effect: float = 0.08
    fee_effect: float = 0.025
    renewal_effect: float = 0.05
    response_effect: float = -0.35
    resolution_effect: float = -0.2
    complaint_effect: float = -0.18
    repeat_effect: float = -0.3
    behaviour_effect: float = 0.45
    learning_gain: float = 16.0
    csat_level: float = 3.85
    site_sd: float = 0.18
    shock_sd: float = 0.08
    rho: float = 0.5
    respondent_sd: float = 0.7
    item_sd: float = 0.5
    month_sd: float = 0.03
    spring_festival_dip: float = 0.1
    flood_dip: float = 0.06
    invited: float = 50.0
    response_rate: float = 0.4
    response_slope: float = 0.12
    response_shift_treated: float = 0.0
    response_slope_treated: float = 0.0
    spill_over: float = 0.2
    n_spill_over: int = 2
    n_late: int = 3
    n_no_show: int = 0
    n_staff: int = 1200
    leaver_rate: float = 0.16
    leaver_ratio_treated: float = 1.27
    no_show_rate: float = 0.05
    tickets_per_1000: float = 85.0
    planted: PlantedEvents = PlantedEvents()

    def __post_init__(self) -> None:
        if unknown := set(self.families) - set(FAMILIES):
            raise DesignError(f"unknown families {sorted(unknown)}; known: {FAMILIES}")
        if self.months_to_peak < 1:
            raise DesignError("months_to_peak must be 1 or more: month 0 is the month of training")
        if self.n_months < 2 or self.n_sites < 1:
            raise DesignError("a world needs at least 2 months and 1 site")
        last = self.first + self.n_months - 1
        if outside := [m for m in self.wave_months if not self.first < period_of(m) <= last]:
            raise DesignError(f"waves {outside} do not lie inside the observed months")

    @property
    def first(self) -> int:
        """First period, as :func:`analysis.tables.period_of` counts."""
        return period_of(self.first_month)

    @property
    def periods(self) -> np.ndarray:
        """All periods, shape (n_months,)."""
        return self.first + np.arange(self.n_months)

    @property
    def end(self) -> dt.date:
        """First day after the observed months; what happens later is not yet known."""
        return month_of(self.first + self.n_months)

    def recipe_hash(self) -> str:
        """Return a hash that changes with any parameter."""
        text = json.dumps(asdict(self), sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()

    def without_effects(self) -> WorldParameters:
        """Return the same world, draw by draw, in which training changes nothing."""
        zero = dict.fromkeys(EFFECTS, 0.0)
        return replace(self, spill_over=0.0, n_spill_over=0, **zero)


EFFECTS = (
    "csat_effect",
    "fcr_effect",
    "fee_effect",
    "renewal_effect",
    "response_effect",
    "resolution_effect",
    "complaint_effect",
    "repeat_effect",
    "behaviour_effect",
    "learning_gain",
)

DEMO = WorldParameters()


def no_effect(seed: int = DEMO.seed) -> WorldParameters:
    """Return the demo client with training that changes nothing."""
    return replace(DEMO.without_effects(), seed=seed)


def fading(seed: int = DEMO.seed) -> WorldParameters:
    """Return the demo client with 38 % of the effect left after 6 months and 10 % after 12."""
    return replace(DEMO, seed=seed, retention_6=0.38, retention_12=0.1)


def attrition_by_arm(seed: int = DEMO.seed) -> WorldParameters:
    """Return the demo client with attrition by arm.

    Customers of trained sites answer less, the dissatisfied least; trained staff leave more.
    """
    return replace(
        DEMO,
        seed=seed,
        response_shift_treated=-0.7,
        response_slope_treated=0.5,
        leaver_ratio_treated=2.0,
    )


def two_clusters(seed: int = DEMO.seed) -> WorldParameters:
    """Return one trained and one never-trained site: no inference is possible."""
    return replace(
        small(seed),
        n_sites=2,
        n_treated=1,
        wave_months=(dt.date(2024, 3, 1),),
        type_shares={"ordinary": 1.0},
    )


def one_treated(seed: int = DEMO.seed) -> WorldParameters:
    """Return one trained site among twenty: only randomisation inference keeps its size."""
    return replace(small(seed), n_sites=20, n_treated=1, wave_months=(dt.date(2024, 3, 1),))


def small(seed: int = DEMO.seed, *, effect: float = DEMO.csat_effect) -> WorldParameters:
    """Return a world for recovery tests: 24 sites, 24 months, ~10 answers each, satisfaction only.

    Parameters
    ----------
    seed : int
        Seed.
    effect : float
        Effect on satisfaction before rounding, at the peak; 0 for a world without effect.
    """
    return replace(
        DEMO,
        seed=seed,
        families=("surveys",),
        n_sites=24,
        n_months=24,
        treated_share=0.5,
        wave_months=(dt.date(2023, 11, 1), dt.date(2024, 3, 1)),
        csat_effect=effect,
        invited=25.0,
        spill_over=0.0,
        n_spill_over=0,
        n_late=0,
        planted=NOTHING_PLANTED,
    )
