"""The fixed part of a world: sites, who is trained when, and how much of the effect is there."""

from __future__ import annotations

import datetime as dt
import zlib
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.simulation.parameters import PROPERTY_TYPES, WorldParameters
from analysis.spring_festival import first_days
from analysis.tables import month_of, period_of

REGIONS = ("城东片区", "城西片区", "滨江片区", "高新片区")
_FIRST = ("云栖", "翠湖", "滨江", "锦绣", "金桂", "碧水", "星河", "玥澜", "和悦", "东篱")
_LAST = {
    "villa": ("山庄", "别墅"),
    "high_end": ("壹号院", "天境"),
    "ordinary": ("花园", "家园", "新城"),
    "old": ("新村", "小区"),
}
_HOUSEHOLDS = {"villa": 260, "high_end": 700, "ordinary": 1050, "old": 820}
_FLOOD_MONTHS = (7, 8)


@dataclass(frozen=True, slots=True)
class Roster:
    """Sites in rows, periods in columns.

    Attributes
    ----------
    sites, waves : DataFrame
        Canonical tables.
    types : ndarray of str, shape (n_sites,)
        Property type.
    households : ndarray of int, shape (n_sites,)
        Households served.
    cohort : ndarray of float, shape (n_sites,)
        First trained period by intention to treat: the month planned; NaN for sites planned
        for no wave. Effects start when the training is held.
    event_time : ndarray of float, shape (n_sites, n_months)
        Period minus cohort, NaN for never trained.
    fading, lasting : ndarray of float, shape (n_sites, n_months)
        Share of an effect at its peak that is there: rising then fading, or rising and staying.
        Includes the site's own multiplier and spill-over.
    falling_site : int or None
        Index of the site with the planted fall.
    spill_over_sites : tuple of int
        Indices of the never-trained sites the effect reaches.
    """

    sites: pd.DataFrame
    waves: pd.DataFrame
    types: np.ndarray
    households: np.ndarray
    cohort: np.ndarray
    event_time: np.ndarray
    fading: np.ndarray
    lasting: np.ndarray
    falling_site: int | None
    spill_over_sites: tuple[int, ...]

    @property
    def trained(self) -> np.ndarray:
        """Whether a site-month is trained, shape (n_sites, n_months)."""
        return np.nan_to_num(self.event_time, nan=-1.0) >= 0


def stream(parameters: WorldParameters, name: str) -> np.random.Generator:
    """Return the random stream called ``name``: independent of every other stream."""
    return np.random.default_rng([parameters.seed, zlib.crc32(name.encode())])


def effect_path(parameters: WorldParameters, event_time: np.ndarray) -> np.ndarray:
    """Return the share of the peak effect that is there at each event time.

    Zero before training, ``onset`` in its month, 1 at ``months_to_peak``, then linear through
    ``retention_6`` and ``retention_12``; later it goes on shrinking as from 6 to 12 months.
    NaN (never trained) gives 0.
    """
    p = parameters
    months = np.nan_to_num(np.asarray(event_time, dtype=float), nan=-1.0)
    knots = {0: p.onset, p.months_to_peak: 1.0, 6: p.retention_6, 12: p.retention_12}
    x = sorted(knots)
    path = np.interp(months, x, [knots[k] for k in x])
    rate = p.retention_12 / p.retention_6 if p.retention_6 > 0 else 0.0
    late = p.retention_12 * rate ** (np.maximum(months - 12, 0) / 6)
    return np.where(months < 0, 0.0, np.where(months > 12, late, path))


def lasting_path(event_time: np.ndarray) -> np.ndarray:
    """Return a share that rises evenly to 1 within six months of training and stays."""
    months = np.nan_to_num(np.asarray(event_time, dtype=float), nan=-1.0)
    return np.clip((months + 1) / 6, 0.0, 1.0)


def draw_roster(parameters: WorldParameters) -> Roster:
    """Draw sites and assign them to waves at random within property type."""
    p = parameters
    rng = stream(p, "sites")
    types = _property_types(p)
    households = np.array([_HOUSEHOLDS[t] for t in types])
    households = np.maximum(120, (households * rng.lognormal(0, 0.25, p.n_sites)).astype(int))
    wave = _assign(p, types, rng)
    names = _site_names(types)
    sites = pd.DataFrame(
        {
            "site_id": names,
            "site_name": names,
            "region": [REGIONS[i % len(REGIONS)] for i in range(p.n_sites)],
            "property_type": types,
            "households": households,
            "crm_go_live": [
                month_of(p.first - int(m)) + dt.timedelta(days=14)
                for m in rng.integers(2, 20, p.n_sites)
            ],
        }
    )
    waves, cohort, held = _schedule(p, sites["site_id"], wave, rng)
    event_time = p.periods[None, :] - cohort[:, None]
    never = np.flatnonzero(np.isnan(cohort))
    spill = tuple(int(i) for i in never[: p.n_spill_over])
    falling = None
    if p.planted.falling_site_drop is not None and len(never) > len(spill):
        falling = int(never[-1])
    fading, lasting = _shares(p, types, p.periods[None, :] - held[:, None], spill)
    return Roster(
        sites=sites,
        waves=waves,
        types=types,
        households=households,
        cohort=cohort,
        event_time=event_time,
        fading=fading,
        lasting=lasting,
        falling_site=falling,
        spill_over_sites=spill,
    )


def season(parameters: WorldParameters, roster: Roster) -> np.ndarray:
    """Return the seasonal part of satisfaction before rounding, shape (n_sites, n_months).

    The Spring Festival touches all sites; the flood season touches old housing twice as much.
    """
    days = [month_of(int(t)) for t in parameters.periods]
    festival = np.array([first_days()[d.year].month == d.month for d in days])
    flood = np.array([d.month in _FLOOD_MONTHS for d in days])
    weight = np.where(roster.types == "old", 2.0, 1.0)
    return (
        -parameters.spring_festival_dip * festival[None, :]
        - parameters.flood_dip * weight[:, None] * flood[None, :]
    )


def ar1(rng: np.random.Generator, shape: tuple[int, int], sd: float, rho: float) -> np.ndarray:
    """Return stationary AR(1) rows with standard deviation ``sd``."""
    steps = rng.standard_normal(shape)
    out = np.empty(shape)
    out[:, 0] = steps[:, 0]
    for t in range(1, shape[1]):
        out[:, t] = rho * out[:, t - 1] + np.sqrt(1 - rho**2) * steps[:, t]
    return sd * out


def _property_types(p: WorldParameters) -> np.ndarray:
    """Largest remainders, then types in turn, so that each is spread over the regions."""
    exact = np.array([p.type_shares.get(t, 0.0) for t in PROPERTY_TYPES]) * p.n_sites
    counts = np.floor(exact).astype(int)
    order = np.argsort(-(exact - counts), kind="stable")
    counts[order[: p.n_sites - counts.sum()]] += 1
    types = np.repeat(np.array(PROPERTY_TYPES, dtype=object), counts)
    return types[stream(p, "types").permutation(p.n_sites)]


def _site_names(types: np.ndarray) -> list[str]:
    names: list[str] = []
    seen = dict.fromkeys(PROPERTY_TYPES, 0)
    for kind in types:
        number = seen[kind]
        seen[kind] += 1
        endings = _LAST[kind]
        turn, first = divmod(number, len(_FIRST))
        ending, phase = turn % len(endings), turn // len(endings)
        names.append(_FIRST[first] + endings[ending] + (f"{phase + 1}期" if phase else ""))
    return names


def _assign(p: WorldParameters, types: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the wave of each site, 0 for never: random order within type, then systematic.

    Going through the strata one after another with one running position keeps the numbers
    treated in total and within type as near to the shares as whole sites allow.
    """
    total = p.n_treated if p.n_treated is not None else round(p.treated_share * p.n_sites)
    order = np.concatenate([rng.permutation(np.flatnonzero(types == t)) for t in PROPERTY_TYPES])
    position = np.arange(p.n_sites)
    start = rng.integers(p.n_sites)
    step = (position * total + start) // p.n_sites
    treated = order[np.diff(np.append(step, (p.n_sites * total + start) // p.n_sites)) > 0]
    wave = np.zeros(p.n_sites, dtype=int)
    wave[treated] = np.arange(len(treated)) % len(p.wave_months) + 1
    return wave


def _schedule(
    p: WorldParameters, ids: pd.Series, wave: np.ndarray, rng: np.random.Generator
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    treated = np.flatnonzero(wave)
    shuffled = rng.permutation(treated)
    late, absent = shuffled[: p.n_late], shuffled[p.n_late : p.n_late + p.n_no_show]
    planned: list[dt.date | None] = [None] * len(wave)
    actual: list[dt.date | None] = [None] * len(wave)
    cohort, held = np.full(len(wave), np.nan), np.full(len(wave), np.nan)
    for i in treated:
        month = period_of(p.wave_months[wave[i] - 1])
        planned[i] = month_of(month) + dt.timedelta(days=10)
        cohort[i] = month
        if i in absent:
            continue
        held[i] = month + (1 if i in late else 0)
        actual[i] = month_of(int(held[i])) + dt.timedelta(days=10)
    frame = pd.DataFrame(
        {
            "site_id": ids,
            "wave": wave,
            "arm": np.where(wave > 0, "treated", "comparison"),
            "planned_start": planned,
            "actual_start": actual,
            "assigned_by": "randomised",
        }
    )
    return frame, cohort, held


def _shares(
    p: WorldParameters,
    types: np.ndarray,
    event_time: np.ndarray,
    spill: tuple[int, ...],
) -> tuple[np.ndarray, np.ndarray]:
    multiplier = np.array([p.type_effect.get(t, 1.0) for t in types])[:, None]
    fading = multiplier * effect_path(p, event_time)
    lasting = multiplier * lasting_path(event_time)
    if spill and p.spill_over and not np.isnan(event_time).all():
        since_first = np.nanmax(event_time, axis=0)
        for i in spill:
            fading[i] = p.spill_over * effect_path(p, since_first)
            lasting[i] = p.spill_over * lasting_path(since_first)
    return fading, lasting
