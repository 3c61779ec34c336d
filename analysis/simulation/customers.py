"""Customers' satisfaction: who is asked, who answers, and what they tick."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, ndtr

from analysis.simulation.parameters import WorldParameters
from analysis.simulation.sites import Roster, ar1, season, stream
from analysis.tables import month_of, period_of

INSTRUMENT = "csat_v1"
ITEMS = ("q1", "q2", "q3", "q4", "q5")
"""Item q1 is overall satisfaction; q2-q5 are its dimensions."""

NPS_ITEM = "q6"
CHANNELS = ("微信", "短信链接")
TIMEZONE = "Asia/Shanghai"
_CUTS = np.array([1.5, 2.5, 3.5, 4.5])
_LOADINGS = (1.0, 0.95, 1.05, 0.9, 1.0)
_OFFSETS = (0.0, -0.1, 0.1, -0.05, 0.05)
_NPS_LEVEL, _NPS_SLOPE, _NPS_SD = 7.4, 2.0, 1.2
_WECHAT_SHARE = 0.8
_MISSING_RATE = 0.015
_TYPE_LEVEL = {"villa": 0.1, "high_end": 0.08, "ordinary": 0.0, "old": -0.14}


@dataclass(frozen=True, slots=True)
class Satisfaction:
    """Mean satisfaction before rounding, with and without training.

    Both arrays have shape (n_sites, n_months); their difference is the effect.
    """

    untreated: np.ndarray
    treated: np.ndarray


def satisfaction(parameters: WorldParameters, roster: Roster) -> Satisfaction:
    """Return the two potential levels of every site-month."""
    p = parameters
    rng = stream(p, "satisfaction")
    shape = (p.n_sites, p.n_months)
    site = p.site_sd * rng.standard_normal(p.n_sites)
    month = p.month_sd * rng.standard_normal(p.n_months)
    level = np.array([_TYPE_LEVEL[t] for t in roster.types])
    base = p.csat_level + level[:, None] + site[:, None] + month[None, :]
    base = base + season(p, roster) + ar1(rng, shape, p.shock_sd, p.rho)
    if roster.falling_site is not None:
        base[roster.falling_site] -= p.planted.falling_site_drop * _falling_months(p)
    return Satisfaction(untreated=base, treated=base + p.csat_effect * roster.fading)


def expected_score(parameters: WorldParameters, level: np.ndarray) -> np.ndarray:
    """Return the expected answer to q1 on 1-5 of all customers invited.

    The answer is ``level`` plus normal noise, rounded and cut to 1-5, so its mean is
    ``1 + sum over c in {1.5, 2.5, 3.5, 4.5} of P(answer > c)``; exact.
    """
    sd = np.hypot(parameters.respondent_sd, parameters.item_sd)
    return 1 + ndtr((np.asarray(level)[..., None] - _CUTS) / sd).sum(-1)


def expected_top2(parameters: WorldParameters, level: np.ndarray) -> np.ndarray:
    """Return the expected share of answers 4 and 5 to q1 of all customers invited; exact."""
    sd = np.hypot(parameters.respondent_sd, parameters.item_sd)
    return ndtr((np.asarray(level) - _CUTS[2]) / sd)


def expected_nps(parameters: WorldParameters, level: np.ndarray) -> np.ndarray:
    """Return the expected net promoter score, -100 to 100, of all customers invited; exact.

    The answer on 0-10 is normal about ``7.4 + 2 (level - csat_level)`` and rounded, so that a
    promoter lies above 8.5 and a detractor below 6.5.
    """
    centre = _NPS_LEVEL + _NPS_SLOPE * (np.asarray(level) - parameters.csat_level)
    sd = np.hypot(_NPS_SLOPE * parameters.respondent_sd, _NPS_SD)
    return 100 * (ndtr((centre - 8.5) / sd) - ndtr((6.5 - centre) / sd))


def response_log_odds(
    parameters: WorldParameters, trained: np.ndarray, z: np.ndarray
) -> np.ndarray:
    """Return the log-odds that a customer answers.

    Parameters
    ----------
    parameters : WorldParameters
        The world.
    trained : ndarray of bool
        Whether the customer's site-month is trained.
    z : ndarray of float
        Standardised satisfaction of the customer within the site-month.
    """
    p = parameters
    start = np.log(p.response_rate / (1 - p.response_rate)) + p.response_shift_treated * trained
    return start + (p.response_slope + p.response_slope_treated * trained) * z


def expected_score_of_respondents(
    parameters: WorldParameters, level: np.ndarray, trained: np.ndarray
) -> np.ndarray:
    """Return the expected answer to q1 of those who answer, by quadrature over customers.

    Parameters
    ----------
    parameters : WorldParameters
        The world.
    level : ndarray
        Mean satisfaction before rounding.
    trained : ndarray of bool, same shape
        Whether the site-month is trained.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(61)
    level = np.asarray(level)[..., None]
    trained = np.asarray(trained)[..., None]
    answered = weights * expit(response_log_odds(parameters, trained, nodes))
    theta = level + parameters.respondent_sd * nodes
    score = 1 + ndtr((theta[..., None] - _CUTS) / parameters.item_sd).sum(-1)
    return (answered * score).sum(-1) / answered.sum(-1)


def expected_response_rate(parameters: WorldParameters, trained: np.ndarray) -> np.ndarray:
    """Return the expected share of the invited who answer."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(61)
    odds = response_log_odds(parameters, np.asarray(trained)[..., None], nodes)
    return (weights * expit(odds)).sum(-1) / weights.sum()


def draw_surveys(
    parameters: WorldParameters, roster: Roster, levels: Satisfaction
) -> dict[str, pd.DataFrame]:
    """Draw invitations and answers; returns the canonical tables by name."""
    p = parameters
    rng = stream(p, "surveys")
    size_factor = np.sqrt(roster.households / roster.households.mean())
    invited = rng.poisson((p.invited * size_factor)[:, None], (p.n_sites, p.n_months))
    invited = np.maximum(invited, 4)
    site, month = (np.repeat(i.ravel(), invited.ravel()) for i in np.indices(invited.shape))
    n = len(site)
    wechat = rng.random(n) < _WECHAT_SHARE
    z = rng.standard_normal(n)
    odds = response_log_odds(p, roster.trained[site, month], z)
    answers = rng.random(n) < expit(odds)
    invitations = _invitations(p, roster, site, month, wechat)
    noise = rng.standard_normal((n, len(ITEMS) + 1))
    blank = rng.random((n, len(ITEMS) + 1))
    when = rng.random((n, 2))
    room = rng.integers(0, roster.households[site])
    kept = np.flatnonzero(answers)
    theta = levels.treated[site[kept], month[kept]] + p.respondent_sd * z[kept]
    scores = _scores(p, theta, noise[kept])
    surveys = _long(p, roster, site[kept], month[kept], wechat[kept], room[kept], when[kept])
    scores, missing = _with_missing(scores, blank[kept])
    surveys["score"] = scores.ravel()
    surveys["missing"] = missing.ravel()
    return {"surveys": surveys, "invitations": invitations}


_CALLED, _HAD_REQUEST, _SAID_LATE = 6.0, 0.45, 0.21


def draw_reply_reports(parameters: WorldParameters, roster: Roster) -> pd.DataFrame:
    """Draw the canonical table ``reply_reports``: customers called in every third month.

    They count until the matter was settled, so that many more say that it took over a day than the
    ticket log shows first replies that late.
    """
    p = parameters
    rng = stream(p, "reply reports")
    months = np.arange(2, p.n_months, 3)
    called = rng.poisson(_CALLED, (p.n_sites, len(months)))
    site, place = (np.repeat(i.ravel(), called.ravel()) for i in np.indices(called.shape))
    n = len(site)
    had, late = rng.random(n) < _HAD_REQUEST, rng.random(n) < _SAID_LATE
    when = instants(p, months[place], rng.random((n, 2))).floor("min")
    return pd.DataFrame(
        {
            "report_id": [f"HF{i:06d}" for i in range(1, n + 1)],
            "site_id": roster.sites["site_id"].to_numpy(object)[site],
            "answered_at": when,
            "over_24h": [bool(x) if asked else None for x, asked in zip(late, had, strict=True)],
        }
    )


def _falling_months(p: WorldParameters) -> np.ndarray:
    start = p.planted.falling_site_from
    since = p.periods - period_of(start)
    return (since >= 0) & (since < p.planted.falling_site_months)


def _scores(p: WorldParameters, theta: np.ndarray, noise: np.ndarray) -> np.ndarray:
    columns = []
    for j in range(len(ITEMS)):
        raw = p.csat_level + _LOADINGS[j] * (theta - p.csat_level) + _OFFSETS[j]
        columns.append(np.clip(np.rint(raw + p.item_sd * noise[:, j]), 1, 5))
    nps = _NPS_LEVEL + _NPS_SLOPE * (theta - p.csat_level) + _NPS_SD * noise[:, -1]
    columns.append(np.clip(np.rint(nps), 0, 10))
    return np.column_stack(columns)


def _with_missing(scores: np.ndarray, blank: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Leave some items unanswered; the overall item is compulsory on the form."""
    kinds = np.array(["blank", "skipped", "not_applicable", "dont_know"], dtype=object)
    gone = blank < _MISSING_RATE
    gone[:, 0] = False
    which = np.minimum((blank / _MISSING_RATE * len(kinds)).astype(int), len(kinds) - 1)
    missing = np.where(gone, kinds[which], None)
    # "Not applicable" and "don't know" are choices of the 1-5 items, not of the 0-10 one.
    late = np.isin(missing[:, -1], ["not_applicable", "dont_know"])
    missing[late, -1] = "blank"
    return np.where(gone, np.nan, scores), missing


def _invitations(
    p: WorldParameters, roster: Roster, site: np.ndarray, month: np.ndarray, wechat: np.ndarray
) -> pd.DataFrame:
    cell = (site * p.n_months + month) * 2 + ~wechat
    counts = np.bincount(cell, minlength=p.n_sites * p.n_months * 2)
    ids = roster.sites["site_id"].to_numpy()
    months = np.array([month_of(int(t)) for t in p.periods], dtype=object)
    return pd.DataFrame(
        {
            "site_id": np.repeat(ids, p.n_months * 2),
            "month": np.tile(np.repeat(months, 2), p.n_sites),
            "channel": np.tile(np.array(CHANNELS, dtype=object), p.n_sites * p.n_months),
            "invited": counts,
        }
    )


def _long(
    p: WorldParameters,
    roster: Roster,
    site: np.ndarray,
    month: np.ndarray,
    wechat: np.ndarray,
    room: np.ndarray,
    when: np.ndarray,
) -> pd.DataFrame:
    items = np.array((*ITEMS, NPS_ITEM), dtype=object)
    k = len(items)
    at = instants(p, month, when)
    order_in_year = [f"{t.year}-{i:06d}" for i, t in enumerate(_months(p, month), start=1)]
    response = np.array([f"DJ{code}" for code in order_in_year], dtype=object)
    rooms = room_codes(site, room)
    channel = np.where(wechat, CHANNELS[0], CHANNELS[1]).astype(object)
    return pd.DataFrame(
        {
            "response_id": np.repeat(response, k),
            "item": np.tile(items, len(site)),
            "instrument": INSTRUMENT,
            "site_id": np.repeat(roster.sites["site_id"].to_numpy()[site], k),
            "household_id": np.repeat(rooms, k),
            "answered_at": np.repeat(at, k),
            "channel": np.repeat(channel, k),
        }
    )


def _months(p: WorldParameters, month: np.ndarray) -> np.ndarray:
    days = np.array([month_of(int(t)) for t in p.periods], dtype=object)
    return days[month]


def instants(p: WorldParameters, month: np.ndarray, when: np.ndarray) -> pd.DatetimeIndex:
    """Return instants (UTC, whole seconds) between 08:00 and 21:59 local time.

    Parameters
    ----------
    p : WorldParameters
        The world.
    month : ndarray of int
        Index of the month.
    when : ndarray of float in [0, 1), shape (n, 2)
        Place in the month and in the day.
    """
    starts = np.array([month_of(int(t)) for t in [*p.periods, p.periods[-1] + 1]], "datetime64[s]")
    days = ((starts[1:] - starts[:-1]) / np.timedelta64(1, "D")).astype(int)
    day = (when[:, 0] * days[month]).astype("timedelta64[D]")
    second = (when[:, 1] * 14 * 3600).astype("timedelta64[s]") + np.timedelta64(8, "h")
    local = starts[month] + day + second
    # China has had one offset, without summer time, since 1991.
    utc = local - np.timedelta64(8, "h")
    return pd.DatetimeIndex(utc.astype("datetime64[us]"), tz="UTC")


def room_codes(site: np.ndarray, room: np.ndarray) -> np.ndarray:
    """Return codes of rooms such as ``P003-02-1-0502``: site, building, unit, floor and door."""
    building, rest = np.divmod(room, 120)
    unit, rest = np.divmod(rest, 60)
    floor, door = np.divmod(rest, 4)
    columns = (site + 1, building + 1, unit + 1, floor + 1, door + 1)
    rows = zip(*(c.tolist() for c in columns), strict=True)
    return np.array(
        [f"P{s:03d}-{b:02d}-{u}-{f:02d}{d:02d}" for s, b, u, f, d in rows], dtype=object
    )


def instrument_rows() -> list[dict]:
    """Return the items of the customer questionnaire as rows of ``instruments``."""
    wordings = (
        ("q1", "您对物业服务总体是否满意？", "总体", "overall"),
        ("q2", "您对报修响应速度是否满意？", "响应", "item"),
        ("q3", "您对服务态度是否满意？", "态度", "item"),
        ("q4", "您对问题处理结果是否满意？", "处理", "item"),
        ("q5", "您对管家沟通是否满意？", "沟通", "item"),
        (NPS_ITEM, "您有多大可能向亲友推荐本物业？", "推荐", "nps"),
    )
    return [
        {
            "instrument": INSTRUMENT,
            "item": item,
            "wording": wording,
            "dimension": dimension,
            "role": role,
            "scale_min": 0.0 if role == "nps" else 1.0,
            "scale_max": 10.0 if role == "nps" else 5.0,
            "reversed": False,
        }
        for item, wording, dimension, role in wordings
    ]
