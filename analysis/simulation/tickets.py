"""Work orders: how many, how fast, solved at once or not, asked again or not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit, ndtr

from analysis.simulation.customers import instants, room_codes
from analysis.simulation.parameters import WorldParameters
from analysis.simulation.sites import Roster, ar1, stream
from analysis.tables import REPORTED_BY, TICKET_KINDS

CATEGORIES = {
    "repair": ("电梯", "给排水", "门禁", "照明", "空调", "墙面渗漏"),
    "complaint": ("服务态度", "沟通不畅", "噪音", "停车", "保洁", "处理不及时"),
    "enquiry": ("费用咨询", "政策咨询", "装修咨询"),
    "praise": ("表扬",),
}
_OTHER_SHARES = {"repair": 0.76, "enquiry": 0.19, "praise": 0.05}
_RESPONSE_MEDIAN, _RESPONSE_SD = 28.0, 0.9
_RESOLUTION_MEDIAN, _RESOLUTION_SD = 15.0, 1.0
_FCR_LEVEL, _REPEAT_LEVEL, _COMPLAINT_SHARE = 0.68, 0.12, 0.18
_REPORTED_BY = (0.4, 0.38, 0.17, 0.05)
_PAUSED = 0.08
_SAMPLED_AGAIN, _SORTED_ALIKE = 0.012, 0.82
_CALLED, _CALLED_AFTER_MINUTES = 0.9, 3 * 24 * 60
"""Share of solved work orders whose customer was called, and after how long on average."""
_NO_RESPONSE, _COMMON_AREA, _UNRESOLVED, _RATED = 0.01, 0.15, 0.004, 0.4


@dataclass(frozen=True, slots=True)
class TicketRates:
    """Rates of every site-month, shape (n_sites, n_months).

    Attributes
    ----------
    complaints, others : ndarray
        Expected tickets per 1,000 households and month, before repeats are marked.
    response_median, resolution_median : ndarray
        Median minutes to the first response; median hours to the resolution.
    at_once : ndarray
        Probability that a ticket is resolved without being reopened.
    repeat : ndarray
        Probability that a complaint repeats the site's one before it.
    """

    complaints: np.ndarray
    others: np.ndarray
    response_median: np.ndarray
    resolution_median: np.ndarray
    at_once: np.ndarray
    repeat: np.ndarray

    @property
    def first_contact(self) -> np.ndarray:
        """Probability that a request is not reopened and the next complaint does not repeat it.

        Requests are all tickets but praise; chance meetings of room and subject are ignored.
        """
        requests = self.complaints + self.others * (1 - _OTHER_SHARES["praise"])
        return self.at_once * (1 - self.repeat * self.complaints / requests)

    @property
    def within_30(self) -> np.ndarray:
        """Probability of a first response within 30 minutes, in whole minutes rounded."""
        return ndtr(np.log(30.5 / self.response_median) / _RESPONSE_SD)

    @property
    def within_30_days(self) -> np.ndarray:
        """Probability of a solution within 30 days."""
        return (1 - _UNRESOLVED) * ndtr(np.log(720 / self.resolution_median) / _RESOLUTION_SD)


def ticket_rates(
    parameters: WorldParameters, roster: Roster, *, trained: bool = True
) -> TicketRates:
    """Return the rates with training, or without it (``trained=False``)."""
    p = parameters
    rng = stream(p, "ticket rates")
    shape = (p.n_sites, p.n_months)
    site = rng.standard_normal((p.n_sites, 5))
    shock = ar1(rng, shape, 0.05, p.rho)
    month = 0.05 * rng.standard_normal(p.n_months)
    share = roster.fading if trained else np.zeros(shape)
    flood = np.isin(p.periods % 12, (6, 7))
    base = p.tickets_per_1000 * np.exp(0.15 * site[:, [0]] + shock + month + 0.15 * flood)
    complaint = np.exp(0.2 * site[:, [1]] + p.complaint_effect * share)
    fcr = expit(logit(_FCR_LEVEL) + 0.25 * site[:, [2]] + np.zeros(shape))
    return TicketRates(
        complaints=base * _COMPLAINT_SHARE * complaint,
        others=base * (1 - _COMPLAINT_SHARE),
        response_median=_RESPONSE_MEDIAN * np.exp(0.2 * site[:, [3]] + p.response_effect * share),
        resolution_median=_RESOLUTION_MEDIAN
        * np.exp(0.2 * site[:, [4]] + p.resolution_effect * share),
        at_once=np.clip(fcr + p.fcr_effect * share, 0.02, 0.98),
        repeat=_REPEAT_LEVEL * np.exp(p.repeat_effect * share),
    )


def draw_tickets(
    parameters: WorldParameters, roster: Roster, staff: pd.DataFrame | None
) -> pd.DataFrame:
    """Draw the canonical table ``tickets``, ordered by the instant of opening within site.

    Parameters
    ----------
    parameters : WorldParameters
        The world.
    roster : Roster
        Its sites.
    staff : DataFrame or None
        Canonical ``staff``; employees in charge are drawn from those of the site employed on
        the day. NULL without it.
    """
    p = parameters
    rng = stream(p, "tickets")
    rates = ticket_rates(p, roster)
    thousands = roster.households[:, None] / 1000
    frame = pd.concat(
        [
            _opened(p, rng, rng.poisson(rates.complaints * thousands), complaint=True),
            _opened(p, rng, rng.poisson(rates.others * thousands), complaint=False),
        ],
        ignore_index=True,
    ).sort_values(["site", "opened_at"], kind="stable", ignore_index=True)
    site, month = frame["site"].to_numpy(), frame["month"].to_numpy()
    n = len(frame)
    room = rng.integers(0, roster.households[site])
    category = _categories(rng, frame["kind"].to_numpy())
    _repeat_complaints(rng, frame, rates.repeat[site, month], room, category)
    common = (rng.random(n) < _COMMON_AREA) & (frame["kind"] != "complaint").to_numpy()
    household = room_codes(site, room)
    household[common] = None
    out = _handled(p, rng, frame, rates)
    out["ticket_id"] = _numbers(out["opened_at"])
    out["site_id"] = roster.sites["site_id"].to_numpy()[site]
    out["household_id"] = household
    out["staff_id"] = None if staff is None else _in_charge(p, rng, roster, staff, site, month)
    out["kind"] = frame["kind"]
    out["category"] = category
    out["second_category"] = _second_coder(stream(p, "second coder"), out)
    out["channel"] = stream(p, "ticket channels").choice(REPORTED_BY, n, p=_REPORTED_BY)
    out["paused_minutes"] = _pauses(stream(p, "ticket pauses"), out)
    out["closed_at"] = _closed(p, stream(p, "ticket closing"), out)
    return out


def _closed(p: WorldParameters, rng: np.random.Generator, tickets: pd.DataFrame) -> pd.Series:
    """Return when customers were called after the solution and their work orders closed."""
    n = len(tickets)
    waited = pd.to_timedelta(np.rint(rng.exponential(_CALLED_AFTER_MINUTES, n)), unit="m")
    closed = tickets["resolved_at"] + waited.astype("timedelta64[us]")
    end = pd.Timestamp(p.end, tz="Asia/Shanghai").tz_convert("UTC")
    return closed.where((rng.random(n) < _CALLED) & (closed < end))


def _pauses(rng: np.random.Generator, tickets: pd.DataFrame) -> np.ndarray:
    """Whole minutes in which a work order waited for the customer or material; few have any."""
    taken = (tickets["resolved_at"] - tickets["opened_at"]).dt.total_seconds().to_numpy() / 60
    n = len(tickets)
    waited = np.floor(taken * rng.uniform(0.1, 0.5, n))
    return np.where((rng.random(n) < _PAUSED) & (waited >= 1), waited, np.nan)


def _opened(
    p: WorldParameters, rng: np.random.Generator, counts: np.ndarray, *, complaint: bool
) -> pd.DataFrame:
    site, month = (np.repeat(i.ravel(), counts.ravel()) for i in np.indices(counts.shape))
    opened = instants(p, month, rng.random((len(site), 2))).floor("min")
    if complaint:
        kind = np.full(len(site), "complaint", dtype=object)
    else:
        shares = np.array(list(_OTHER_SHARES.values()))
        picks = rng.choice(len(shares), len(site), p=shares)
        kind = np.array(list(_OTHER_SHARES), dtype=object)[picks]
    return pd.DataFrame({"site": site, "month": month, "opened_at": opened, "kind": kind})


def _categories(rng: np.random.Generator, kind: np.ndarray) -> np.ndarray:
    category = np.empty(len(kind), dtype=object)
    for name in TICKET_KINDS:
        rows = np.flatnonzero(kind == name)
        choices = np.array(CATEGORIES[name], dtype=object)
        category[rows] = choices[rng.integers(0, len(choices), len(rows))]
    return category


def _second_coder(rng: np.random.Generator, tickets: pd.DataFrame) -> np.ndarray:
    """Subjects as a second person sorts a sample of complaints; most times as the first did."""
    n = len(tickets)
    sample = (tickets["kind"] == "complaint").to_numpy() & (rng.random(n) < _SAMPLED_AGAIN)
    other = rng.choice(CATEGORIES["complaint"], n)
    alike = rng.random(n) < _SORTED_ALIKE
    second = np.where(alike, tickets["category"].to_numpy(object), other)
    return np.where(sample, second, None)


def _repeat_complaints(
    rng: np.random.Generator,
    frame: pd.DataFrame,
    probability: np.ndarray,
    room: np.ndarray,
    category: np.ndarray,
) -> None:
    """Let some complaints come from the room, and about the subject, of the one before."""
    rows = np.flatnonzero((frame["kind"] == "complaint").to_numpy())
    site = frame["site"].to_numpy()[rows]
    again = rng.random(len(rows)) < probability[rows]
    again &= np.append(False, site[1:] == site[:-1])
    source = np.maximum.accumulate(np.where(again, 0, np.arange(len(rows))))
    room[rows] = room[rows][source]
    category[rows] = category[rows][source]


def _handled(
    p: WorldParameters, rng: np.random.Generator, frame: pd.DataFrame, rates: TicketRates
) -> pd.DataFrame:
    site, month = frame["site"].to_numpy(), frame["month"].to_numpy()
    n = len(frame)
    end = pd.Timestamp(p.end, tz="Asia/Shanghai").tz_convert("UTC")
    minutes = np.exp(
        np.log(rates.response_median[site, month]) + _RESPONSE_SD * rng.standard_normal(n)
    )
    minutes = np.clip(np.rint(minutes), 1, 10_000)
    hours = np.exp(
        np.log(rates.resolution_median[site, month]) + _RESOLUTION_SD * rng.standard_normal(n)
    )
    opened = frame["opened_at"]
    first = opened + pd.to_timedelta(minutes, unit="m").astype("timedelta64[us]")
    first = first.where((rng.random(n) >= _NO_RESPONSE) & (first < end))
    work = np.maximum(np.rint(hours * 60), minutes + 5)
    resolved = opened + pd.to_timedelta(work, unit="m").astype("timedelta64[us]")
    resolved = resolved.where((rng.random(n) >= _UNRESOLVED) & (resolved < end))
    at_once = rng.random(n) < rates.at_once[site, month]
    times = 1 + (rng.random(n) < 0.15)
    rating = np.clip(np.rint(4.2 - 1.1 * ~at_once + 0.9 * rng.standard_normal(n)), 1, 5)
    rated = (rng.random(n) < _RATED) & resolved.notna().to_numpy()
    promise = np.where((frame["kind"] == "complaint").to_numpy(), 24, 48)
    return pd.DataFrame(
        {
            "opened_at": opened,
            "first_response_at": first,
            "due_at": opened + pd.to_timedelta(promise, unit="h").astype("timedelta64[us]"),
            "resolved_at": resolved,
            "reopened": np.where(at_once | resolved.isna().to_numpy(), 0, times),
            "rating": np.where(rated, rating, np.nan),
        }
    )


def _numbers(opened: pd.Series) -> list[str]:
    day = opened.dt.tz_convert("Asia/Shanghai").dt.strftime("%Y%m%d")
    return [f"GD{d}{i:06d}" for i, d in enumerate(day, start=1)]


def _in_charge(
    p: WorldParameters,
    rng: np.random.Generator,
    roster: Roster,
    staff: pd.DataFrame,
    site: np.ndarray,
    month: np.ndarray,
) -> np.ndarray:
    """Draw an employee of the site who was employed all month; NULL where there is none."""
    hired = staff["hired_on"].to_numpy("datetime64[M]").astype(int) + 1970 * 12
    left = pd.to_datetime(staff["left_on"]).to_numpy("datetime64[M]").astype(float)
    left = np.where(staff["left_on"].isna(), np.inf, left + 1970 * 12)
    draw = rng.random(len(site))
    result = np.full(len(site), None, dtype=object)
    cell = site * p.n_months + month
    order = np.argsort(cell, kind="stable")
    starts = np.searchsorted(cell[order], np.arange(p.n_sites * p.n_months + 1))
    ids = staff["staff_id"].to_numpy(object)
    of_site = staff["site_id"].to_numpy(object)
    front = (staff["tier"] == "frontline").to_numpy()
    for i, site_id in enumerate(roster.sites["site_id"]):
        here = np.flatnonzero((of_site == site_id) & front)
        for t, period in enumerate(p.periods):
            rows = order[starts[i * p.n_months + t] : starts[i * p.n_months + t + 1]]
            there = here[(hired[here] < period) & (left[here] > period)]
            if len(there):
                result[rows] = ids[there][(draw[rows] * len(there)).astype(int)]
    return result
