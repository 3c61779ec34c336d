"""Control charts: p and Laney p' for shares, XmR for single values; centre from a baseline.

Missing periods (NaN, or nothing counted) are passed over: they are no point, they end a run, and
no moving range reaches across them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd
from scipy import stats

from analysis.monitoring.control_charts.limits import (
    D2,
    FEW,
    limit_width,
    rare_share_scores,
    run_needed,
)
from analysis.monitoring.control_charts.phases import NO_PHASES, assess_phases, charted, season_of
from analysis.monitoring.control_charts.run_rules import in_a_row
from analysis.monitoring.control_charts.steady import ALPHA, resemblance, unusual_months
from analysis.monitoring.inference.dependence import months_alike
from analysis.monitoring.refusals import Refusal, RefusedError
from analysis.results import Check, StageResults, Topic, collect, merge

MIN_BASELINE = 8
"""Fewest baseline points for limits; with fewer no chart is drawn."""


def p_chart(
    counts: np.ndarray,
    sizes: np.ndarray,
    baseline: np.ndarray | None = None,
    *,
    widen: bool = True,
) -> pd.DataFrame:
    """Chart of shares with three-sigma limits, widened after Laney when over-dispersed.

    Parameters
    ----------
    counts, sizes : ndarray of shape (periods,)
        Hits and size of each period, sizes positive.
    baseline : ndarray of bool, optional
        Periods that set centre and limits; all by default.
    widen : bool
        Whether over-dispersion may widen the limits; False gives the plain p chart.

    Returns
    -------
    DataFrame
        ``value, centre, lower, upper, z`` (distance from the centre in standard deviations),
        ``signal`` (bool), ``rule`` (``""``, ``beyond``, ``run``); limits are cut to [0, 1].
        ``attrs``: ``kind`` (``p``, ``laney``, or ``rare``) and ``sigma_z``, the spread of the
        standardised baseline shares (1 when binomial). Laney's limits are used when the dispersion
        test rejects at 5 % and ``sigma_z`` exceeds 1. Where fewer than three hits (or misses) a
        period are expected, as at a site that has been perfect so far, points are scored by
        the exact predictive distribution
        (:func:`~analysis.monitoring.control_charts.limits.rare_share_scores`).

    References
    ----------
    Laney (2002); Montgomery, Introduction to Statistical Quality Control.
    """
    counts, sizes = np.asarray(counts, dtype=float), np.asarray(sizes, dtype=float)
    base = np.ones(counts.size, bool) if baseline is None else np.asarray(baseline, dtype=bool)
    points, kind, sigma_z = share_points(counts, sizes, base, widen=widen)
    frame = pd.DataFrame(points)
    frame.attrs = {"kind": kind, "sigma_z": sigma_z}
    return frame


def share_points(
    counts: np.ndarray,
    sizes: np.ndarray,
    base: np.ndarray,
    *,
    widen: bool = True,
    alike: float | None = None,
    least_sigma: float = 1.0,
) -> tuple[dict[str, np.ndarray], str, float]:
    """Return points, kind and ``sigma_z``; with ``alike`` limits carry their uncertainty.

    ``least_sigma`` is the spread that all sites together show (:func:`spread_together`).
    """
    counts, sizes = counts.astype(float), sizes.astype(float)
    known = np.isfinite(counts) & (sizes > 0)
    base = base & known
    if not base.any():
        raise RefusedError(Refusal.NO_MONTHS_BEFORE, "no period sets centre and limits")
    if (sizes < 0).any():
        raise RefusedError(Refusal.NO_EXPOSURE, "sizes must not be negative in any period")
    n = np.where(known, sizes, 1.0)
    hits = np.where(known, counts, 0.0)
    centre = hits[base].sum() / n[base].sum()
    value = np.where(known, hits / n, np.nan)
    spread = np.sqrt(centre * (1 - centre) / n)
    run = 8 if alike is None else run_needed(int(base.sum()), alike)
    rarer = min(centre, 1 - centre)
    if rarer * np.median(n[base]) < FEW:
        width = 3.0  # the predictive distribution holds the uncertainty already
        turned = centre > 0.5
        events = n - hits if turned else hits
        total = events[base].sum()
        z, within = rare_share_scores(np.round(events), n, total, n[base].sum(), width)
        z = np.where(known, -z if turned else z, np.nan)
        low = np.clip(1 - within, 0, 1) if turned else np.zeros(n.size)
        high = np.ones(n.size) if turned else np.clip(within, 0, 1)
        return _points(value, centre, low, high, z, z, run, width), "rare", 1.0
    sigma_z, kind = 1.0, "p"
    z = (value - centre) / spread
    if widen and base.sum() > 2:
        moving = moving_range(np.where(base, z, np.nan)) / D2
        dispersed = stats.chi2.sf((z[base] ** 2).sum(), base.sum() - 1) < 0.05
        if dispersed and moving > 1:
            sigma_z, kind = moving, "laney"
        if least_sigma > sigma_z:
            sigma_z, kind = least_sigma, "laney"
    width = 3.0
    if alike is not None:
        width = limit_width(int(base.sum()), alike, own_spread=kind == "laney")
    half = width * spread * sigma_z
    low, high = np.maximum(0, centre - half), np.minimum(1, centre + half)
    return _points(value, centre, low, high, z / sigma_z, value - centre, run, width), kind, sigma_z


def spread_together(sites: list[tuple[np.ndarray, np.ndarray]]) -> float:
    """Return by how much more than by chance the baseline months of all sites spread.

    One site's eight or twelve months seldom show it; taken for chance, its limits are too
    narrow, and a steady programme in which months resemble one another signals too often.

    Parameters
    ----------
    sites : list of (counts, sizes)
        Months before training of each site.

    Returns
    -------
    float
        Standard deviation of the standardised shares, where the dispersion test over all sites
        rejects at 5 %; 1 otherwise.
    """
    square, df = 0.0, 0
    for counts, sizes in sites:
        known = np.isfinite(counts) & (sizes > 0)
        hits, n = counts[known], sizes[known]
        if n.size < 2 or not 0 < hits.sum() < n.sum():
            continue
        centre = hits.sum() / n.sum()
        if min(centre, 1 - centre) * np.median(n) < FEW:
            continue
        square += float(((hits / n - centre) ** 2 * n).sum() / (centre * (1 - centre)))
        df += n.size - 1
    if df == 0 or stats.chi2.sf(square, df) >= 0.05:
        return 1.0
    return max(1.0, float(np.sqrt(square / df)))


def moving_range(values: np.ndarray) -> float:
    """Return the mean range of neighbouring points; none reaches across a missing one."""
    steps = np.abs(np.diff(values))
    return float(np.nanmean(steps)) if np.isfinite(steps).any() else 0.0


def xmr_chart(values: np.ndarray, baseline: np.ndarray | None = None) -> pd.DataFrame:
    """Chart of single values with limits ``mean +- 3 MR / 1.128`` from the baseline.

    ``MR`` is the mean moving range of the baseline. Columns as of :func:`p_chart`. NaN is passed
    over.

    Returns
    -------
    DataFrame
        One row per period.

    References
    ----------
    Wheeler & Chambers (1992).
    """
    values = np.asarray(values, dtype=float)
    base = np.ones(values.size, bool) if baseline is None else np.asarray(baseline, dtype=bool)
    frame = pd.DataFrame(_xmr_points(values, base))
    frame.attrs = {"kind": "xmr", "sigma_z": 1.0}
    return frame


def _xmr_points(
    values: np.ndarray, base: np.ndarray, *, alike: float | None = None, floor: float = 0.0
) -> dict[str, np.ndarray]:
    """Return points; ``floor`` is the sigma of a site whose own baseline does not vary."""
    values = values.astype(float)
    before = np.where(base, values, np.nan)
    known = int(np.isfinite(before).sum())
    if known < 2:
        raise RefusedError(Refusal.FEW_PERIODS_BEFORE, "a moving range needs two periods")
    centre = float(np.nanmean(before))
    sigma = moving_range(before) / D2 or floor
    width, run = 3.0, 8
    if alike is not None:
        width = limit_width(known, alike, own_spread=True)
        run = run_needed(known, alike)
    half, far = width * sigma, values - centre
    z = np.divide(far, sigma, out=np.zeros(values.size), where=sigma > 0)
    return _points(values, centre, centre - half, centre + half, z, far, run, width)


def _points(
    value: np.ndarray, centre: float, low, high, z: np.ndarray, far: np.ndarray, run: int, width
) -> dict[str, np.ndarray]:
    """Return a chart's columns, a number a period; what is missing is no signal."""
    beyond = (value < low - 1e-12) | (value > high + 1e-12)
    whole = {"centre": centre, "lower": low, "upper": high}
    long = in_a_row(far, run)
    return {
        "value": value,
        **{name: np.broadcast_to(level, value.shape) for name, level in whole.items()},
        "z": z * 3.0 / width,
        "rule": np.where(beyond, "beyond", np.where(long, "run", "")).astype(object),
        "signal": beyond | long,
    }


def chart_sites(
    panel: pd.DataFrame,
    *,
    indicator: str,
    baseline_until: int,
    share: bool,
    stratum: str = "",
    phases: Mapping[str, Collection[int]] = NO_PHASES,
    festival: Collection[int] = (),
) -> pd.DataFrame:
    """Chart one indicator of every site with enough months before ``baseline_until``.

    Parameters
    ----------
    panel : DataFrame
        The indicator panel. For shares ``total`` over ``exposure`` is charted (``n`` where
        there is no exposure), for the rest ``value``.
    baseline_until : int
        First month that no longer belongs to the baseline.
    share : bool
        Whether the indicator is a share of counts.
    phases : Mapping
        Months from which a site's chart begins anew, by site
        (:func:`~analysis.monitoring.control_charts.phases.phase_starts`).
    festival : collection of int
        Months of Spring Festival, which are judged apart
        (:mod:`analysis.monitoring.control_charts.phases`).

    Returns
    -------
    DataFrame
        ``subject, period, value, centre, lower, upper, z, signal, rule, kind, baseline, phase``;
        ``attrs["season"]`` is what Spring Festival does. Months
        that a site has not are no point and end a run. Sites with fewer than eight baseline months
        are left out. Limits are as wide, and runs as long, as centre and spread of so few months
        and their resemblance ask for (:mod:`analysis.monitoring.control_charts.limits`). Left out,
        too, are units whose month is a single case: a chart of zeros and ones says nothing.
    """
    cells = panel[(panel["indicator"] == indicator) & (panel["stratum"] == stratum)]
    cells = cells[cells["value"].notna()].sort_values(["site_id", "period"])
    columns = [
        "subject",
        "period",
        "value",
        "centre",
        "lower",
        "upper",
        "z",
        "signal",
        "rule",
        "kind",
        "baseline",
        "phase",
    ]
    # Thousands of sites: a table each would take longer than all charts.
    named = ("total", "exposure") if share else ("value",)
    month, *measured = (cells[name].to_numpy() for name in ("period", *named))
    sites = [
        (site, *on_calendar(month[rows], [column[rows] for column in measured]))
        for site, rows in cells.groupby(cells["site_id"].astype(str), sort=True).indices.items()
    ]
    scale = "share" if share else "value"
    season = season_of([(p, own) for _, p, own in sites], festival, baseline_until, scale)
    levels = [_level(season.levelled(period, own), share) for _, period, own in sites]
    before = [v[p < baseline_until] for v, (_, p, _) in zip(levels, sites, strict=True)]
    kept = [values for values in before if np.isfinite(values).sum() >= MIN_BASELINE]
    alike, floor = alike_of(kept), usual_sigma(kept)
    together = 1.0
    if share:
        levelled = [(p < baseline_until, season.levelled(p, own)) for _, p, own in sites]
        together = spread_together([(total[b], size[b]) for b, (total, size) in levelled])

    def draw(own: list[np.ndarray], base: np.ndarray) -> dict[str, np.ndarray] | None:
        if not share:
            return _xmr_points(*own, base, alike=alike, floor=floor) | {"kind": "xmr"}
        if single_cases(own[1], base):
            return None
        points, kind, _ = share_points(*own, base, alike=alike, least_sigma=together)
        return points | {"kind": kind}

    parts: list[dict[str, np.ndarray]] = []
    for site, period, own in sites:
        part = charted(
            period,
            own,
            baseline_until=baseline_until,
            starts=phases.get(site, ()),
            season=season,
            least=MIN_BASELINE,
            draw=draw,
            raw=_level(own, share),
        )
        if part is not None:
            parts.append({"subject": np.full(part["value"].size, site, dtype=object), **part})
    if not parts:
        found = pd.DataFrame(columns=columns)
    else:
        found = pd.DataFrame({name: np.concatenate([p[name] for p in parts]) for name in columns})
    found.attrs["season"] = season
    return found


def _level(own: list[np.ndarray], share: bool) -> np.ndarray:
    if not share:
        return own[0]
    total, exposure = own
    return np.divide(total, exposure, out=np.full(total.size, np.nan), where=exposure > 0)


LEAST_CASES = 2
"""Fewest cases a month, in the middle of the baseline, for a share to be more than 0 or 1."""


def single_cases(exposure: np.ndarray, base: np.ndarray) -> bool:
    """Whether a month is one case, so that its share can only be 0 or 1 and no chart is due."""
    known = exposure[base & (exposure > 0)]
    return bool(known.size) and float(np.median(known)) < LEAST_CASES


def on_calendar(
    period: np.ndarray, columns: list[np.ndarray]
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Put a site's months on a calendar without gaps; NaN in months that it has not."""
    whole = np.arange(period.min(), period.max() + 1)
    spread = []
    for column in columns:
        filled = np.full(whole.size, np.nan)
        filled[period - period.min()] = column.astype(float)
        spread.append(filled)
    return whole, spread


def alike_of(before: list[np.ndarray]) -> float:
    """Return how alike neighbouring months of all sites' baselines are, in steps of 0.05."""
    if not before:
        return 0.0
    months = np.full((len(before), max(b.size for b in before)), np.nan)
    for row, b in zip(months, before, strict=True):
        row[: b.size] = b
    return float(np.clip(np.round(months_alike(months) / 0.05) * 0.05, 0.0, 0.9))


def usual_sigma(before: list[np.ndarray]) -> float:
    """Return the middle sigma of the sites whose baselines vary; 0 without one."""
    found = [moving_range(b) / D2 for b in before]
    return float(np.median([s for s in found if s > 0])) if any(s > 0 for s in found) else 0.0


def assess_charts(
    panel: pd.DataFrame,
    *,
    indicator: str,
    baseline_until: int,
    share: bool,
    direction: str,
    stratum: str = "",
    unit: str | None = None,
    phases: Mapping[str, Collection[int]] = NO_PHASES,
    festival: Collection[int] = (),
) -> StageResults:
    """Chart every site and rank the sites by their signals after the baseline.

    Parameters
    ----------
    panel : DataFrame
        Panel of indicators, one row per indicator, stratum, unit and period.
    indicator, stratum : str
        What is charted.
    baseline_until : int
        First running month after the baseline, from whose points the limits come.
    share : bool
        Whether the indicator is a share of a count (Laney's limits) or a single value.
    direction : str
        ``up`` or ``down``: which side is good.
    unit : str, optional
        Unit of the indicator, for what Spring Festival does to it.
    phases, festival
        As of :func:`chart_sites`.

    Returns
    -------
    StageResults
        Tables ``chart`` (all points) and ``chart_signals`` (``subject, beyond, run, worse``:
        signals after the baseline; ``worse`` those on the bad side, ``unusual`` whether they are
        more than a year of looks at steady sites gives by chance, the error of 5 % shared among
        the sites), check ``monitoring.chart`` with how many sites could be charted, ``caution``
        where a site is unusual, and checks of
        :func:`~analysis.monitoring.control_charts.phases.assess_phases`.
    """
    chart = chart_sites(
        panel,
        indicator=indicator,
        baseline_until=baseline_until,
        share=share,
        stratum=stratum,
        phases=phases,
        festival=festival,
    )
    season = chart.attrs.pop("season")
    question = {
        "id": "monitoring.chart",
        "topic": Topic.CHART,
        "question": "monitoring.check.chart.question",
    }
    params = {"indicator": indicator, "least": MIN_BASELINE}
    if chart.empty:
        single = share and _months_enough(panel, indicator, stratum, baseline_until)
        reason = f"monitoring.reason.{'single_cases' if single else 'few_months'}"
        missing = Check(**question, status="not_possible", reason=reason, params=params)
        return collect("monitoring", [missing])
    late = chart[~chart["baseline"] & chart["centre"].notna()]
    wrong = late["value"] < late["centre"]
    wrong = wrong if direction == "up" else ~wrong
    marks = late.assign(
        beyond=late["rule"] == "beyond",
        run=late["rule"] == "run",
        worse=late["signal"] & wrong,
        far=(late["rule"] == "beyond") & wrong,
    )
    ranked = marks.groupby("subject", as_index=False)[["beyond", "run", "worse", "far"]].sum()
    ranked = ranked.sort_values(["worse", "beyond", "subject"], ascending=[False, False, True])
    ranked = ranked.assign(unusual=_unusual(chart, ranked, direction)).drop(columns="far")
    bad = int(ranked["unusual"].sum())
    charted = chart["subject"].nunique()
    check = Check(
        **question,
        status="passed" if bad == 0 else "caution",
        value=float(bad),
        threshold=0.0,
        unit="sites",
        n=charted,
        reason=None if bad == 0 else "monitoring.check.chart.reason",
        remedy=None if bad == 0 else "monitoring.check.chart.remedy",
        params={
            **params,
            "sites": charted,
            "bad": bad,
            "signalled": int((ranked["worse"] > 0).sum()),
            "dispersed": int(chart.loc[chart["kind"] == "laney", "subject"].nunique()),
        },
    )
    tables = {"chart": chart, "chart_signals": ranked.reset_index(drop=True)}
    found = collect("monitoring", [check], tables=tables)
    more = assess_phases(chart, season, indicator=indicator, unit=unit)
    return merge("monitoring", (found, more))


def _months_enough(panel: pd.DataFrame, indicator: str, stratum: str, until: int) -> bool:
    """Whether some site has months enough before training, so that months are not what lacks."""
    cells = panel[(panel["indicator"] == indicator) & (panel["stratum"] == stratum)]
    cells = cells[cells["value"].notna() & (cells["period"] < until)]
    return bool((cells.groupby("site_id")["period"].nunique() >= MIN_BASELINE).any())


def _unusual(chart: pd.DataFrame, ranked: pd.DataFrame, direction: str) -> list[bool]:
    """Say of every ranked site whether it has more signals for the worse than by chance."""
    alike, alpha = resemblance(chart), ALPHA / max(len(ranked), 1)
    chart = chart[chart["centre"].notna()]
    in_phase = chart.groupby(["subject", "phase"])["baseline"].sum()
    sites = pd.DataFrame(
        {
            "base": in_phase.groupby("subject").min(),
            "late": (~chart["baseline"]).groupby(chart["subject"]).sum(),
        }
    )
    kinds = chart.groupby("subject")["kind"].first()
    skews = _skew_for_the_worse(chart, direction)
    found = []
    for row in ranked.itertuples():
        base, late = (int(n) for n in sites.loc[row.subject])
        own = kinds[row.subject] in ("laney", "xmr")
        how = {"alike": alike, "widened": own}
        how |= {"width": limit_width(base, alike, own_spread=own), "run": run_needed(base, alike)}
        how["skew"] = skews[row.subject]
        found.append(unusual_months(int(row.worse), int(row.far), base, late, alpha, **how))
    return found


_SKEW_STEP, _MOST_SKEW = 0.05, 1.0


def _skew_for_the_worse(chart: pd.DataFrame, direction: str) -> dict[str, float]:
    """Return how skewed a site's shares are towards their worse side; 0 for single values.

    A binomial's skewness, ``(1 - 2c) / sqrt(n c (1 - c))``, with the standard deviation that the
    chart itself divides by in the place of ``sqrt(c (1 - c) / n)``; rounded up in steps, never
    below 0. Shares scored by their exact distribution (``rare``) have none left.
    """
    shares = chart[chart["kind"].isin(["p", "laney"]) & chart["z"].notna() & (chart["z"] != 0)]
    centre = shares["centre"]
    sigma = ((shares["value"] - centre) / shares["z"]).abs()
    worse = (2 * centre - 1) / (centre * (1 - centre)) * sigma * (1 if direction == "up" else -1)
    steps = np.ceil(worse.groupby(shares["subject"]).median() / _SKEW_STEP) * _SKEW_STEP
    known = steps.clip(0.0, _MOST_SKEW).round(2).to_dict()
    return {site: known.get(site, 0.0) for site in chart["subject"].unique()}
