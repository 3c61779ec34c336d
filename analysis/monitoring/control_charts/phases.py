"""Charts that begin anew after a planned change, and months that are judged apart.

A declared change of system, standard or management moves the level on purpose: limits from before
it would signal without end. Each phase has a centre and limits of its own, from its first months;
until it has enough of them its points are drawn and not judged.

A month of Spring Festival is like no month but another one: sites are half empty and people on
leave everywhere. Its points are compared with such months only, by what the festival did at all
sites before training.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import pandas as pd

from analysis.measurement.columns import dates, present
from analysis.results import Check, StageResults, Topic, collect
from analysis.tables import periods_of

PLANNED = ("service_standard", "takeover", "management", "system")
"""Changes after which a chart begins anew. A price is none: what it does to customers is news."""

NO_PHASES: Mapping[str, Collection[int]] = {}

FEWEST_SITES = 5
"""Fewest sites with a month of Spring Festival before training that tell what it does."""

Scale = Literal["share", "count", "value"]
Draw = Callable[[list[np.ndarray], np.ndarray], Mapping[str, np.ndarray] | None]
"""Columns, and the months that set limits, to the columns of a chart."""


@dataclass(frozen=True, slots=True)
class Season:
    """What months judged apart do to a chart's values.

    Attributes
    ----------
    months : frozenset of int
        Running months judged apart.
    shift : float or None
        What is added to the value then; a factor on the ``count`` scale. None where it is not
        known: the months are drawn and not judged.
    n_sites : int
        Sites that tell it.
    scale : {"share", "count", "value"}
    """

    months: frozenset[int]
    shift: float | None
    n_sites: int
    scale: Scale

    def marks(self, period: np.ndarray) -> np.ndarray:
        """Return which periods are judged apart."""
        return np.isin(period, list(self.months))

    def levelled(self, period: np.ndarray, columns: list[np.ndarray]) -> list[np.ndarray]:
        """Return a chart's columns as if there were no season; NaN where that is not known."""
        marks = self.marks(period)
        if not marks.any():
            return columns
        if self.shift is None:
            return [np.where(marks, np.nan, column) for column in columns]
        if self.scale == "value":
            return [np.where(marks, columns[0] - self.shift, columns[0]), *columns[1:]]
        total, exposure = columns[-2:]
        if self.scale == "count":
            exposure = np.where(marks, exposure * self.shift, exposure)
        else:
            moved = np.clip(total - self.shift * exposure, 0.0, exposure)
            total = np.where(marks, moved, total)
        return [*columns[:-2], total, exposure]

    def put_back(self, period: np.ndarray, points: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return points with centre and limits where the season puts them."""
        marks = self.marks(period)
        if self.shift is None or not marks.any():
            return points
        moved = dict(points)
        for name in ("centre", "lower", "upper"):
            level = np.asarray(points[name], dtype=float)
            there = level * self.shift if self.scale == "count" else level + self.shift
            if self.scale == "share":
                there = np.clip(there, 0.0, 1.0)
            moved[name] = np.where(marks, there, level)
        return moved


def season_of(
    sites: list[tuple[np.ndarray, list[np.ndarray]]],
    months: Collection[int],
    baseline_until: int,
    scale: Scale,
) -> Season:
    """Estimate what the months judged apart did at all sites before training.

    Parameters
    ----------
    sites : list of (period, columns)
        Of each site: running months, and its values, or events and exposure as the last two
        columns.
    months : collection of int
        Months judged apart.
    baseline_until : int
        First month that no longer belongs to the baseline.
    scale : {"share", "count", "value"}

    Returns
    -------
    Season
        On the scale of values and shares the mean over sites of a site's months judged apart
        less its other months; of counts the ratio of the events to those that the site's other
        months let expect. Unknown with fewer than five such sites, or without an event.
    """
    apart = frozenset(int(m) for m in months)
    gaps, found, expected, told = [], 0.0, 0.0, 0
    for period, columns in sites:
        before = period < baseline_until
        marks = np.isin(period, list(apart)) & before
        if scale == "value":
            level = columns[0]
        else:
            total, exposure = columns[-2:]
            level = np.divide(total, exposure, out=np.full(total.size, np.nan), where=exposure > 0)
        own, rest = marks & np.isfinite(level), before & ~marks & np.isfinite(level)
        if not own.any() or not rest.any():
            continue
        told += 1
        gaps.append(float(level[own].mean() - level[rest].mean()))
        if scale == "count":
            found += float(total[own].sum())
            expected += float(total[rest].sum() / exposure[rest].sum() * exposure[own].sum())
    if told < FEWEST_SITES or (scale == "count" and not (found > 0 and expected > 0)):
        return Season(apart, None, told, scale)
    shift = found / expected if scale == "count" else float(np.mean(gaps))
    return Season(apart, shift, told, scale)


def phase_starts(events: pd.DataFrame | None, sites: Collection[str]) -> dict[str, tuple[int, ...]]:
    """Return the months from which the charts of sites begin anew.

    Parameters
    ----------
    events : DataFrame or None
        Canonical table ``events``; a change without a site is one at all sites.
    sites : collection of str
        All sites.

    Returns
    -------
    dict
        Running months by site, ascending: the first whole month under each planned change.
    """
    if not present(events, "happened_on"):
        return {}
    planned = events[events["change"].isin(PLANNED)]
    day = dates(planned["happened_on"])
    month = periods_of(day) + (day.dt.day > 1).astype(int)
    starts: dict[str, set[int]] = {}
    for site, period in zip(planned["site_id"].astype(object), month, strict=True):
        for one in sites if pd.isna(site) else (str(site),):
            starts.setdefault(str(one), set()).add(int(period))
    return {site: tuple(sorted(months)) for site, months in starts.items()}


def charted(
    period: np.ndarray,
    columns: list[np.ndarray],
    *,
    baseline_until: int,
    starts: Collection[int],
    season: Season,
    least: int,
    draw: Draw,
    raw: np.ndarray | None = None,
) -> dict[str, np.ndarray] | None:
    """Draw one site's chart phase by phase.

    Parameters
    ----------
    period : (T,) array
        Running months without gaps.
    columns : list of (T,) arrays
        What ``draw`` takes.
    baseline_until : int
        First month after the first phase's baseline.
    starts : collection of int
        First months of later phases. A phase that begins before ``baseline_until`` has the
        months up to it as baseline, a later one its first ``least`` measured months.
    season : Season
    least : int
        Fewest months that set limits.
    draw : callable
        Takes the columns, NaN outside the phase, and the months that set limits; returns the
        columns of a chart and its ``kind``, or None where no chart is due.
    raw : (T,) array, optional
        The values to show, where a chart shows values as they are (not averages of them).

    Returns
    -------
    dict or None
        ``period``, the drawn columns, ``baseline`` and ``phase`` (from 1), one element per month
        that has a value; points of a phase without limits, and of months judged apart whose shift
        is unknown, have neither centre nor signal. None where no phase has limits.
    """
    bounds = [int(s) for s in sorted(starts) if period[0] < s <= period[-1]]
    edges = [int(period[0]), *bounds, int(period[-1]) + 1]
    level = season.levelled(period, columns)
    parts, drawn = [], False
    for phase, (first, end) in enumerate(pairwise(edges), start=1):
        within = (period >= first) & (period < end)
        own = [np.where(within, column, np.nan) for column in level]
        known = within & np.isfinite(own[0])
        base = known & (period < baseline_until)
        if phase > 1 and first >= baseline_until:
            base = known & (known.cumsum() <= least)
        points = draw(own, base) if base.sum() >= least else None
        drawn |= points is not None
        part = _points(points, known, season, period) if points else _without_limits(columns[0])
        if raw is not None:
            part["value"] = raw
        part |= {"period": period, "baseline": base, "phase": np.full(period.size, phase)}
        there = within & np.isfinite(part["value"].astype(float))
        parts.append({name: column[there] for name, column in part.items()})
    if not drawn:
        return None
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _points(
    points: Mapping[str, np.ndarray], known: np.ndarray, season: Season, period: np.ndarray
) -> dict[str, np.ndarray]:
    """Return drawn points with the season put back and no limits where nothing is judged."""
    part = {name: np.array(np.broadcast_to(column, known.shape)) for name, column in points.items()}
    part = season.put_back(period, part)
    for name in ("centre", "lower", "upper"):
        part[name] = np.where(known, part[name], np.nan)
    return part


def _without_limits(values: np.ndarray) -> dict[str, np.ndarray]:
    nothing = np.full(values.size, np.nan)
    return {
        "value": values.astype(float),
        **dict.fromkeys(("centre", "lower", "upper", "z"), nothing),
        "rule": np.full(values.size, "", dtype=object),
        "signal": np.zeros(values.size, bool),
        "kind": np.full(values.size, "", dtype=object),
    }


def assess_phases(
    chart: pd.DataFrame,
    season: Season,
    *,
    indicator: str,
    unit: str | None,
) -> StageResults:
    """Say which charts begin anew, and how months of Spring Festival are judged.

    Parameters
    ----------
    chart : DataFrame
        Of a control chart, with ``subject, period, centre, phase``.
    season : Season
        Of that chart.
    indicator, unit : str
        What is charted.

    Returns
    -------
    StageResults
        Check ``monitoring.season`` where a month judged apart is charted (``caution`` where it is
        drawn and not judged), check ``monitoring.phases`` where a chart begins anew (``caution``
        where a phase has no limits yet).
    """
    checks = []
    apart = sorted(set(chart.loc[season.marks(chart["period"].to_numpy()), "period"].astype(int)))
    if apart:
        known = season.shift is not None
        told = f"{'count' if season.scale == 'count' else 'level'}" if known else "unknown"
        checks.append(
            Check(
                id="monitoring.season",
                topic=Topic.SEASON,
                question="monitoring.check.season.question",
                status="passed" if known else "caution",
                value=season.shift if season.scale != "count" else None,
                unit="share_difference" if unit == "share" else unit,
                n=season.n_sites,
                reason=f"monitoring.check.season.{told}",
                params={
                    "indicator": indicator,
                    "months": apart,
                    "sites": season.n_sites,
                    "least": FEWEST_SITES,
                    "shift": season.shift,
                    "outcome_unit": unit,
                    "times": season.shift,
                },
            )
        )
    anew = chart[chart["phase"] > 1]
    if len(anew):
        newest = anew.groupby("subject")["phase"].transform("max").eq(anew["phase"])
        limits = anew[newest].groupby("subject")["centre"].count()
        waiting = int((limits == 0).sum())
        checks.append(
            Check(
                id="monitoring.phases",
                topic=Topic.PHASES,
                question="monitoring.check.phases.question",
                status="caution" if waiting else "passed",
                value=float(len(limits)),
                unit="sites",
                n=int(chart["subject"].nunique()),
                reason="monitoring.check.phases.reason",
                params={"sites": len(limits), "waiting": waiting},
            )
        )
    return collect("monitoring", checks)
