"""Power and minimum detectable effect of a staggered roll-out over sites.

Two answers stand side by side. The closed form takes a site's months as unrelated once its
level is taken out; real months resemble their neighbours, and then it is wrong (far too good
where many months before the start are averaged). The simulation draws serially correlated
months with the variances of the client's own months before training, and counts how often the
test would find the effect.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, Protocol

import numpy as np
import pandas as pd
from scipy import optimize, signal, stats

from analysis.design.refusals import Refusal, RefusedError
from analysis.settings import ALPHA

Base = Literal["month_before", "all_before"]
_FAR = 100.0
"""Effect in standard errors from which the normal part of the power no longer matters."""
_DOUBLINGS = 60
"""How often the search for the smallest effect doubles its range before it gives up."""
BASES: tuple[Base, ...] = ("month_before", "all_before")
ALL_MONTHS = 60
"""Months after the start that no evaluation outlives."""
BOOTSTRAPPED = 400
"""Simulated panels at most where each is bootstrapped."""
BLOCK = 2_000_000
"""Site-months drawn at once, to bound memory; a simulation of no more keeps its draws."""
DRAWN = 200_000_000
"""Site-months drawn at most; a larger simulation gives way to the estimate's own variance."""


class Test(Protocol):
    """What judges the effect in a planned roll-out (:func:`analysis.causal.plan_test`)."""

    lead: str

    def intervals(self, y: np.ndarray, *, level: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Give the interval of the effect in each of (B, sites, months) panels."""

    def spread(self, covariance: np.ndarray) -> float:
        """Give the standard deviation of the effect from the covariance of a site's months."""


Judge = Callable[["RollOut"], Test]
"""Asks what will lead in a roll-out; without one, the t test clustered by site judges."""


@dataclass(frozen=True, slots=True, eq=False)
class Null:
    """Simulated trainings without effect, as whatever leads would report them.

    Attributes
    ----------
    low, high : ndarray of shape (draws,)
        Ends of the interval of the effect at 1 − alpha; infinite where there is none.
    lead : str
        What gave it: ``t_test`` without a judge.
    """

    low: np.ndarray
    high: np.ndarray
    lead: str

    @property
    def draws(self) -> int:
        """Number of simulated trainings."""
        return self.low.size

    def power(self, effect: float) -> float:
        """Share of draws whose interval would exclude zero if the effect were constant.

        An effect moves both ends of the interval by as much.
        """
        return float(((self.low + effect > 0) | (self.high + effect < 0)).mean())


@dataclass(frozen=True, slots=True)
class ErrorModel:
    """What a site-month mean varies by, once site and month effects are taken out.

    Attributes
    ----------
    shock_sd : float
        Standard deviation of the site's monthly shock, an AR(1) process.
    autocorrelation : float
        Correlation of that shock from one month to the next, in [0, 1).
    sampling_sd : float
        Standard deviation added by the finite number of answers in a site-month.
    n_units, n_periods : int
        Size of the panel it was estimated from; 0 where it was assumed.
    site_sd : float
        Standard deviation between sites of their lasting levels. Differences cancel it; the
        estimator of a lottery weighs it.
    """

    shock_sd: float
    autocorrelation: float
    sampling_sd: float
    n_units: int = 0
    n_periods: int = 0
    site_sd: float = 0.0


@dataclass(frozen=True, slots=True)
class RollOut:
    """How many sites start when.

    ``starts`` holds the first treated month (0 is the first month measured) of each trained
    site; ``n_never`` sites are never trained; ``n_periods`` months are measured, of which at most
    ``window`` after each start count: by default all, as in the leading estimate. ``base`` says
    what they are compared with: the ``month_before`` the start, or the mean of ``all_before``
    anyone's. ``by_lot``: a lottery decides who starts when, so that the coefficient on what was
    before is estimated instead of set to 1. Where fewer than two sites are never trained, the last
    wave is what the earlier ones are compared with, until it starts.
    """

    starts: tuple[int, ...]
    n_never: int
    n_periods: int
    window: int = ALL_MONTHS
    base: Base = "month_before"
    by_lot: bool = False

    def __post_init__(self) -> None:
        trained, untrained = self._sides()
        if trained < 2 or untrained < 2:
            raise RefusedError(
                Refusal.TWO_EACH_SIDE,
                "Power needs at least two trained sites and two to compare them with: never "
                "trained, or trained last.",
            )
        if min(self.starts) < 1 or max(self.starts) >= self.n_periods:
            raise RefusedError(
                Refusal.NO_MONTH_EACH_SIDE,
                "Every trained site needs a month before and a month after.",
            )

    @property
    def has_never(self) -> bool:
        """Whether enough sites are never trained to be what the others are compared with."""
        return self.n_never >= 2

    @property
    def until_last(self) -> RollOut:
        """The part of the roll-out that two groups suffice to describe, for the closed form.

        The roll-out itself where sites are never trained; else the earlier waves, with the last
        one as never trained, in the months before it starts.
        """
        if self.has_never:
            return self
        last = max(self.starts)
        earlier = tuple(start for start in self.starts if start < last)
        never = self.n_never + len(self.starts) - len(earlier)
        return replace(self, starts=earlier, n_never=never, n_periods=last)

    def _sides(self) -> tuple[int, int]:
        if self.has_never or not self.starts:
            return len(self.starts), self.n_never
        last = self.starts.count(max(self.starts))
        return len(self.starts) - last, self.n_never + last

    def scaled(self, n_sites: int) -> RollOut:
        """Return the same roll-out with another number of sites, shares kept.

        Raises
        ------
        RefusedError
            Where so few sites leave no last wave of two to compare with.
        """
        share = self.n_never / (self.n_never + len(self.starts))
        never = min(max(2, round(n_sites * share)), n_sites - 2) if self.has_never else self.n_never
        places = np.linspace(0, len(self.starts) - 1, n_sites - never).round().astype(int)
        starts = tuple(np.sort(self.starts)[places].tolist())
        return replace(self, starts=starts, n_never=never)


def estimate_errors(outcome: pd.DataFrame, *, sampling_variance: float | None = None) -> ErrorModel:
    """Estimate the error model from site-months before training.

    Site and month means are taken out; the average products of residuals at lags 0 to 3 are
    matched to what an AR(1) shock plus sampling noise would leave after the same demeaning,
    so that the short panel does not bias the correlation towards zero.

    Parameters
    ----------
    outcome : DataFrame
        ``unit, period, y`` before the first wave. Units that lack a month are left out.
    sampling_variance : float, optional
        Known variance of a site-month mean given its site-month (within-cell variance over
        answers). Estimated with the rest when absent.

    Raises
    ------
    RefusedError
        With fewer than four months or three complete units.
    """
    wide = outcome.pivot_table(index="unit", columns="period", values="y").dropna()
    units, months = wide.shape
    if units < 3 or months < 4:
        raise RefusedError(
            Refusal.FEW_COMPLETE_BEFORE,
            f"{units} complete sites and {months} months before training: variances need at "
            "least three sites and four months.",
        )
    residual = wide.to_numpy() - wide.mean(axis=1).to_numpy()[:, None]
    residual = (residual - residual.mean(axis=0)) * math.sqrt(units / (units - 1))
    lags = np.arange(min(4, months - 1))
    observed = np.array([(residual[:, : months - k] * residual[:, k:]).mean() for k in lags])
    noise = _expected(np.eye(months), lags)
    gap = np.abs(np.subtract.outer(np.arange(months), np.arange(months)))

    def fit(phi: float) -> tuple[float, float, float]:
        shock = _expected(phi**gap if phi > 0 else np.eye(months), lags)
        if sampling_variance is not None:
            rest = observed - sampling_variance * noise
            var = max(float(shock @ rest / (shock @ shock)), 0.0)
            return float(((rest - var * shock) ** 2).sum()), var, sampling_variance
        both, error = optimize.nnls(np.column_stack([shock, noise]), observed)
        return float(error**2), float(both[0]), float(both[1])

    best = min(np.linspace(0.0, 0.95, 96), key=lambda phi: fit(phi)[0])
    _, shock_var, noise_var = fit(best)
    return ErrorModel(
        shock_sd=math.sqrt(shock_var),
        autocorrelation=float(best) if shock_var > 0 else 0.0,
        sampling_sd=math.sqrt(noise_var),
        n_units=units,
        n_periods=months,
        site_sd=_between(wide.to_numpy(), shock_var * best**gap, noise_var),
    )


def _between(values: np.ndarray, shock: np.ndarray, noise: float) -> float:
    """Give the standard deviation of lasting levels: sites' means beyond what their months add."""
    passing = shock.mean() + noise / values.shape[1]
    return math.sqrt(max(float(values.mean(axis=1).var(ddof=1) - passing), 0.0))


def _expected(covariance: np.ndarray, lags: np.ndarray) -> np.ndarray:
    """Average products at each lag that a covariance leaves after demeaning over time."""
    months = covariance.shape[0]
    centre = np.eye(months) - 1 / months
    left = centre @ covariance @ centre
    return np.array([np.diagonal(left, k).mean() for k in lags])


def _windows(plan: RollOut) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Contrast over months (after minus before) of each start, its sites, and its weight."""
    contrast, counts, _ = contrasts(plan.starts, plan.n_periods, window=plan.window, base=plan.base)
    after = np.minimum(plan.window, plan.n_periods - np.unique(plan.starts))
    weights = counts * after  # every trained site-month alike, as the leading estimate
    return contrast, counts, weights / weights.sum()


def contrasts(
    starts: tuple[int, ...], n_periods: int, *, window: int, base: Base
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights on months whose sum is what is compared after a start less its base.

    Parameters
    ----------
    starts : tuple of int
        First treated month of each trained site.
    n_periods, window : int
        Months measured, and most months after the start that count.
    base : {"month_before", "all_before"}
        The mean is over the months before the *first* start, as the estimator takes it.

    Returns
    -------
    (W, n_periods), (W,), (W,)
        Contrast of each wave, its sites, and its weight.
    """
    waves, counts = np.unique(starts, return_counts=True)
    contrast = np.zeros((waves.size, n_periods))
    for row, start in zip(contrast, waves, strict=True):
        end = min(start + window, n_periods)
        before = slice(start - 1, start) if base == "month_before" else slice(0, waves[0])
        row[before] = -1 / len(row[before])
        row[start:end] = 1 / (end - start)
    return contrast, counts, counts / counts.sum()


def _degrees(plan: RollOut) -> float:
    """Satterthwaite's degrees of freedom, each wave being one sample; all varying alike."""
    plan = plan.until_last
    _, counts, weights = _windows(plan)
    share = np.append(weights**2 / counts, 1 / plan.n_never)
    spare = np.append(counts, plan.n_never) - 1.0
    known = spare > 0
    if not known.any():
        return 1.0
    # A wave of one site tells nothing of its own noise and is left out, as in the estimate.
    return float(share[known].sum() ** 2 / (share[known] ** 2 / spare[known]).sum())


def closed_form_se(plan: RollOut, errors: ErrorModel) -> float:
    """Give the standard error of the effect when a site's months are independent given the site.

    ``(shock_sd^2 + sampling_sd^2)`` takes the place of a month's variance, as in the
    formulas for equally correlated months (site effects cancel in the difference); the
    serial correlation is ignored, which makes it wrong where months resemble their neighbours.

    References
    ----------
    Teerenstra et al. (2012); Hussey & Hughes (2007) for the equal-correlation model.
    """
    plan = plan.until_last
    contrast, counts, weights = _windows(plan)
    variance = errors.shock_sd**2 + errors.sampling_sd**2
    lasting = 0.0
    if plan.by_lot:
        before = np.minimum(contrast, 0)
        site = errors.site_sd**2
        spread = site + variance * float(weights @ (before**2).sum(axis=1))
        slope = site / spread if spread > 0 else 0.0
        contrast = np.maximum(contrast, 0) + slope * before
        lasting = site * (1 - slope) ** 2
    treated = (weights**2 * (variance * (contrast**2).sum(axis=1) + lasting) / counts).sum()
    never = (variance * ((weights @ contrast) ** 2).sum() + lasting) / plan.n_never
    return math.sqrt(treated + never)


def closed_form(plan: RollOut, errors: ErrorModel, effect: float, *, alpha: float = ALPHA) -> float:
    """Power of the two-sided t test by the closed form.

    Parameters
    ----------
    plan : RollOut
        Sites, waves and months.
    errors : ErrorModel
        Variances of a site-month and their correlation over months.
    effect : float
        True effect, in the unit of the outcome.
    alpha : float
        Two-sided size of the test.

    Returns
    -------
    float
        Power, 0-1.
    """
    df = _degrees(plan)
    critical = stats.t.ppf(1 - alpha / 2, df)
    se = closed_form_se(plan, errors)
    if se == 0:
        return 1.0 if effect else alpha
    shift = abs(effect) / se
    if shift > _FAR:
        # So far out only the spread of the estimated error decides; scipy's nct.sf is NaN there.
        return float(stats.chi2.cdf(df * (shift / critical) ** 2, df))
    # The lower tail as the upper tail of the mirrored distribution: scipy's nct.cdf is NaN there.
    return float(stats.nct.sf(critical, df, shift) + stats.nct.sf(critical, df, -shift))


def simulate_null(
    plan: RollOut, errors: ErrorModel, *, draws: int = 2000, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Draw estimates and standard errors of a training without effect.

    The estimator is the cohort-weighted difference in differences against never-trained
    sites, or the last wave until it starts (mean of up to ``window`` months after the start minus
    the plan's base), with the influence-function standard error clustered by site; under a
    lottery, with the coefficient of least variance on the base.

    Parameters
    ----------
    plan : RollOut
        Sites, waves and months.
    errors : ErrorModel
        Variances of a site-month and their correlation over months.
    draws, seed : int
        Number of draws and seed of the generator.

    Returns
    -------
    estimates, standard errors : ndarray of shape (draws,)
    """
    rng, plan = np.random.default_rng(seed), plan.until_last
    contrast, counts, weights = _windows(plan)
    sides = np.stack([np.maximum(contrast, 0), np.maximum(-contrast, 0)])  # after, before
    n1 = len(plan.starts)
    sites = n1 + plan.n_never
    cohort = np.append(
        np.repeat(np.arange(counts.size), counts), np.full(plan.n_never, counts.size)
    )
    size = np.append(counts, plan.n_never)
    sign = np.append(weights, -1.0)
    scale = (np.sqrt(size / np.maximum(size - 1, 1)) * sign / size)[cohort]
    of_site = np.concatenate([sides, np.einsum("w,vwt->vt", weights, sides)[:, None]], axis=1)
    estimates, errors_of = np.empty(draws), np.empty(draws)
    block = max(1, 4_000_000 // (sites * plan.n_periods))  # errors in blocks to bound memory
    for first in range(0, draws, block):
        n = min(block, draws - first)
        y = _errors(rng, (n, sites, plan.n_periods), errors)
        if plan.by_lot:
            y += errors.site_sd * rng.standard_normal((n, sites, 1))
        values = np.einsum("dst,vst->vds", y, of_site[:, cohort])
        means = np.stack([values[..., cohort == g].mean(axis=2) for g in range(size.size)], axis=2)
        after, before = means @ sign
        rest = (values - means[..., cohort]) * scale
        slope = 1.0
        if plan.by_lot:
            spread = (rest[1] ** 2).sum(axis=1)
            shared = (rest[0] * rest[1]).sum(axis=1)
            slope = np.divide(shared, spread, out=np.zeros(n), where=spread > 0)
        estimates[first : first + n] = after - slope * before
        left = rest[0] - np.reshape(slope, (-1, 1)) * rest[1]
        errors_of[first : first + n] = np.sqrt((left**2).sum(axis=1))
    return estimates, errors_of


def covariance(errors: ErrorModel, n_periods: int) -> np.ndarray:
    """Give the (months, months) covariance of a site's months, its lasting level included."""
    gap = np.abs(np.subtract.outer(np.arange(n_periods), np.arange(n_periods)))
    shock = errors.autocorrelation**gap if errors.autocorrelation > 0 else np.eye(n_periods)
    own = errors.shock_sd**2 * shock + errors.sampling_sd**2 * np.eye(n_periods)
    return own + errors.site_sd**2


def _errors(
    rng: np.random.Generator, shape: tuple[int, int, int], errors: ErrorModel
) -> np.ndarray:
    shock, noise = _standard(rng, shape, errors.autocorrelation, noisy=errors.sampling_sd > 0)
    return _scaled(shock, noise, errors)


def _standard(
    rng: np.random.Generator, shape: tuple[int, int, int], phi: float, *, noisy: bool
) -> tuple[np.ndarray, np.ndarray | None]:
    """Draw shocks and sampling noise of variance 1."""
    shock = rng.standard_normal(shape)
    if phi > 0:
        shock[..., 1:] *= math.sqrt(1 - phi**2)
        shock = signal.lfilter([1.0], [1.0, -phi], shock, axis=-1)
    return shock, rng.standard_normal(shape) if noisy else None


def _scaled(shock: np.ndarray, noise: np.ndarray | None, errors: ErrorModel) -> np.ndarray:
    y = errors.shock_sd * shock
    if noise is not None:
        y += errors.sampling_sd * noise
    return y


Block = tuple[np.ndarray, np.ndarray | None, np.ndarray]
"""Shocks, sampling noise and lasting levels of variance 1, of some of the simulated panels."""


def _blocks(
    seed: int, draws: int, sites: int, periods: int, phi: float, noisy: bool
) -> Iterator[Block]:
    rng, block = np.random.default_rng(seed), max(1, BLOCK // (sites * periods))
    for first in range(0, draws, block):
        n = min(block, draws - first)
        shock, noise = _standard(rng, (n, sites, periods), phi, noisy=noisy)
        yield shock, noise, rng.standard_normal((n, sites, 1))


@lru_cache(maxsize=1)
def _kept_block(*drawn: float) -> Block:
    """Draw a simulation of one block; roll-outs of one size are tried with many variances."""
    return next(_blocks(*drawn))


def _panels(
    errors: ErrorModel, seed: int, draws: int, sites: int, periods: int
) -> Iterator[np.ndarray]:
    """Give the simulated panels without effect, block by block."""
    drawn = (seed, draws, sites, periods, errors.autocorrelation, errors.sampling_sd > 0)
    small = 0 < draws * sites * periods <= BLOCK
    blocks: Iterable[Block] = [_kept_block(*drawn)] if small else _blocks(*drawn)
    for shock, noise, level in blocks:
        y = _scaled(shock, noise, errors)
        y += errors.site_sd * level
        yield y


def simulate(
    plan: RollOut,
    errors: ErrorModel,
    *,
    alpha: float = ALPHA,
    draws: int = 2000,
    seed: int = 0,
    judge: Judge | None = None,
) -> Null:
    """Simulate trainings without effect and judge each by what will lead.

    Parameters
    ----------
    plan : RollOut
        Sites, waves and months.
    errors : ErrorModel
        Variances of a site-month and their correlation over months.
    alpha : float
        Two-sided size of the test.
    draws, seed : int
        Number of draws, at most :data:`BOOTSTRAPPED` where each is bootstrapped, and seed. Where
        usual standard errors lead and more than :data:`DRAWN` site-months would be drawn, the
        estimate is taken for normal with the variance that the errors give it.
    judge : callable, optional
        What asks the inference rule. Without one the t test of :func:`simulate_null` judges, which
        is not valid with few sites or small waves.
    """
    return _judged(plan, errors, alpha, draws, seed, judge, DRAWN)


@lru_cache(maxsize=64)
def _judged(
    plan: RollOut,
    errors: ErrorModel,
    alpha: float,
    draws: int,
    seed: int,
    judge: Judge | None,
    most: int,
) -> Null:
    """Simulate as :func:`simulate`; several questions of a stage ask for the same roll-out."""
    if judge is None:
        estimates, se = simulate_null(plan, errors, draws=draws, seed=seed)
        half = stats.t.ppf(1 - alpha / 2, _degrees(plan)) * se
        return Null(estimates - half, estimates + half, "t_test")
    test = judge(plan)
    draws = min(draws, BOOTSTRAPPED) if test.lead == "wild_bootstrap" else draws
    sites = len(plan.starts) + plan.n_never
    if test.lead == "influence_function" and sites * plan.n_periods * draws > most:
        spread = test.spread(covariance(errors, plan.n_periods))
        estimates = spread * stats.norm.ppf((np.arange(draws) + 0.5) / draws)
        half = spread * stats.norm.ppf(1 - alpha / 2)
        return Null(estimates - half, estimates + half, test.lead)
    ends, first = [], 0
    for y in _panels(errors, seed, draws, sites, plan.n_periods):
        ends.append(test.intervals(y, level=1 - alpha, seed=seed + first))
        first += len(y)
    low, high = (np.concatenate(side) for side in zip(*ends, strict=True))
    return Null(low, high, test.lead)


def minimum_detectable(power_at: Callable[[float], float], power: float, start: float) -> float:
    """Find the smallest positive effect at which a power curve reaches a power.

    Parameters
    ----------
    power_at : callable
        Power at an effect; grows with the effect.
    power : float
        Wanted power, in (0, 1).
    start : float
        An effect to begin the search with, in the unit of the outcome.

    Returns
    -------
    float
        The effect; 0 where every effect is found because nothing varies (``start`` is 0).

    Raises
    ------
    RefusedError
        When the curve does not reach the power at any effect.
    """
    if start <= 0:
        return 0.0
    high = start
    for _ in range(_DOUBLINGS):
        if power_at(high) >= power:
            break
        high *= 2
    else:
        raise RefusedError(
            Refusal.POWER_OUT_OF_REACH, "No effect reaches the wanted power with this roll-out."
        )
    return float(optimize.bisect(lambda e: power_at(e) - power, 0.0, high, xtol=high * 1e-5))
