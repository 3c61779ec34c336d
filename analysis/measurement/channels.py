"""Differences between channels, for customers of the same site in the same month."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from analysis.measurement.columns import instants, periods
from analysis.measurement.intervals import Interval
from analysis.measurement.sheets import Sheets, answer_sheets
from analysis.results import Check, Estimate, StageResults, Topic, collect
from analysis.settings import LEVEL

LINE_SD = 0.20
"""A difference below a fifth of a standard deviation is called small (Cohen 1988)."""

LEAST_SITES = 2
"""Sites that answered by both channels in the same month; the clusters of the interval."""


@dataclass(frozen=True, slots=True)
class ChannelDifference:
    """Mean score by ``channel`` minus that by ``reference``, within site and month.

    ``sheets`` counts those of the site-months that used both, ``sites`` their sites.
    """

    channel: str
    reference: str
    difference: Interval
    sheets: int
    sites: int


def channel_differences(
    score: pd.Series, channel: pd.Series, site: pd.Series, month: pd.Series, *, level: float = LEVEL
) -> list[ChannelDifference]:
    r"""Difference of every channel to the most used one, site-months held fixed.

    With :math:`\tilde d` the channel's indicator minus its mean in the site-month,
    :math:`\hat\beta = \sum\tilde d y / \sum\tilde d^2`; the standard error sums
    :math:`\tilde d \hat e` by site (CR1, factor :math:`G/(G-1)`). Site-months with one channel
    tell nothing and drop out.

    Parameters
    ----------
    score, channel, site, month : Series
        One row per sheet, on one index; rows with a missing value are left out.
    level : float
        Level of all intervals together (Bonferroni over channels).

    Returns
    -------
    list of ChannelDifference
        In the order of use; a channel without two sites that used both is left out.

    References
    ----------
    Liang & Zeger (1986); Cameron & Miller (2015), section II.
    """
    rows = pd.DataFrame({"y": score, "channel": channel, "site": site, "month": month}).dropna()
    order = rows["channel"].value_counts().index.tolist()
    one = 1 - (1 - level) / max(len(order) - 1, 1)
    found = []
    for name in order[1:]:
        pair = rows[rows["channel"].isin([order[0], name])]
        got = _difference(pair, name, one)
        if got is not None:
            found.append(ChannelDifference(str(name), str(order[0]), *got))
    return found


def _difference(pair: pd.DataFrame, name: object, level: float):
    d = (pair["channel"] == name).astype(float)
    cell = [pair["site"], pair["month"]]
    within = d - d.groupby(cell).transform("mean")
    used = d.groupby(cell).transform("nunique") > 1
    if pair.loc[used, "site"].nunique() < LEAST_SITES:
        return None
    y = (pair["y"] - pair["y"].groupby(cell).transform("mean"))[used].to_numpy(dtype=float)
    within, (codes, sites) = within[used].to_numpy(), pd.factorize(pair.loc[used, "site"])
    size = float((within**2).sum())
    value = float((within * y).sum()) / size
    scores = np.bincount(codes, within * (y - value * within))
    m = len(sites)
    se = math.sqrt(m / (m - 1) * float((scores**2).sum())) / size
    half = float(stats.t.ppf((1 + level) / 2, m - 1)) * se
    interval = Interval(value, value - half, value + half, len(y), level, "cluster_t", se)
    return interval, len(y), m


def assess_channels(
    surveys: pd.DataFrame | None,
    instruments: pd.DataFrame | None,
    *,
    timezone: str = "UTC",
    simulated: bool = False,
    level: float = LEVEL,
) -> StageResults:
    """Ask of each questionnaire whether the channel goes with the score.

    The score is the mean over the items of a complete sheet. Who uses a channel is not chosen
    by lot: a difference may come from the channel or from those who use it.

    Parameters
    ----------
    surveys, instruments : DataFrame or None
        Canonical tables.
    timezone : str
        Of the months.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Estimates ``baseline.channel.<instrument>.<n>``; check ``baseline.channel.<instrument>``:
        passed when every interval lies within ``LINE_SD`` standard deviations of zero, failed
        when one lies wholly beyond, else caution; table ``channel_effects``.
    """
    items: list = []
    rows: list[tuple] = []
    about = ["site_id", "channel", "answered_at"]
    if surveys is not None and not set(about) <= set(surveys.columns):
        surveys = None
    for sheets in answer_sheets(surveys, instruments, about=about):
        scores = sheets.scores.dropna().mean(axis=1)
        mine = sheets.about.reindex(scores.index)
        month = periods(instants(mine["answered_at"], timezone))
        found = channel_differences(scores, mine["channel"], mine["site_id"], month, level=level)
        sd = float(scores.std()) if len(scores) > 1 else 0.0
        items += _items(sheets, found, sd, simulated)
        rows += [
            (sheets.instrument, d.channel, d.reference, d.sheets, d.sites, *_ends(d)) for d in found
        ]
    if not items:
        items = [_impossible("surveys", "measurement.reason.no_instrument")]
    columns = ["instrument", "channel", "reference", "n", "sites", "value", "ci_low", "ci_high"]
    return collect(
        "baseline", items, tables={"channel_effects": pd.DataFrame(rows, columns=columns)}
    )


def _ends(found: ChannelDifference) -> tuple[float, float, float]:
    return found.difference.value, found.difference.low, found.difference.high


def _items(sheets: Sheets, found: list[ChannelDifference], sd: float, simulated: bool) -> list:
    if not found or sd <= 0:
        reason = "no_second_channel" if sd > 0 else "no_variation"
        return [_impossible(sheets.instrument, f"measurement.reason.{reason}")]
    items: list = [
        Estimate(
            id=f"baseline.channel.{sheets.instrument}.{number}",
            estimand="difference_of_channels",
            unit="score",
            value=each.difference.value,
            se=each.difference.se,
            ci_low=each.difference.low,
            ci_high=each.difference.high,
            level=each.difference.level,
            n=each.sheets,
            n_units=each.sites,
            n_clusters=each.sites,
            method="within_site_month",
            interval_method=each.difference.method,
            dims={
                "instrument": sheets.instrument,
                "channel": each.channel,
                "reference": each.reference,
            },
            simulated=simulated,
        )
        for number, each in enumerate(found, start=1)
    ]
    return [*items, _check(sheets.instrument, found, sd)]


def _check(instrument: str, found: list[ChannelDifference], sd: float) -> Check:
    line = LINE_SD * sd
    told = max(found, key=lambda each: max(map(abs, _ends(each))))
    value, low, high = _ends(told)
    status, reason = "caution", "open" if low <= 0 <= high else "differs"
    if max(abs(low), abs(high)) <= line:
        status, reason = "passed", "small"
    elif min(abs(low), abs(high)) > line and low * high > 0:
        status, reason = "failed", "differs"
    return Check(
        id=f"baseline.channel.{instrument}",
        topic=Topic.CHANNEL,
        question="measurement.check.channel.question",
        status=status,
        value=value,
        threshold=line,
        unit="score",
        n=told.sheets,
        reason=f"measurement.check.channel.{reason}",
        remedy=None if status == "passed" else "measurement.check.channel.remedy",
        params={
            "instrument": instrument,
            "channel": told.channel,
            "reference": told.reference,
            "difference": value,
            "low": low,
            "high": high,
            "line": line,
            "sheets": told.sheets,
            "sites": told.sites,
        },
        dims={"instrument": instrument},
    )


def _impossible(instrument: str, reason: str) -> Check:
    return Check(
        id=f"baseline.channel.{instrument}",
        topic=Topic.CHANNEL,
        question="measurement.check.channel.question",
        status="not_possible",
        reason=reason,
        params={"instrument": instrument},
    )
