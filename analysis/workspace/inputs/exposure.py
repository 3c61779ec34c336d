"""Who was reached by training and by questions, from the client's tables."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis import causal
from analysis.indicators import cohorts
from analysis.measurement.overall_satisfaction import overall_answers
from analysis.memory import remembered
from analysis.tables import Rows, month_of, period_of, periods_of

_SELF = "self"


def exposed_sites(
    enrolments: pd.DataFrame | None, staff: pd.DataFrame | None, waves: pd.DataFrame
) -> tuple[str, ...] | None:
    """Return never-trained sites where somebody works who attended; None where nobody knows."""
    if enrolments is None or staff is None:
        return None
    attended = enrolments.loc[enrolments["attended"].fillna(False).astype(bool), "staff_id"]
    never = cohorts(waves)
    never = set(never[never.isna()].index)
    reached = staff.loc[staff["staff_id"].isin(set(attended)), "site_id"]
    return tuple(sorted(set(reached.dropna()) & never))


def exposed_since(
    enrolments: pd.DataFrame | None, staff: pd.DataFrame | None, waves: pd.DataFrame
) -> dict[str, float]:
    """Return the month from which each exposed site had somebody who attended."""
    sites = exposed_sites(enrolments, staff, waves)
    if not sites:
        return {}
    came = enrolments[enrolments["attended"].fillna(False).astype(bool)]
    came = came.dropna(subset=["held_on"]).merge(staff[["staff_id", "site_id"]], on="staff_id")
    day = pd.to_datetime(came.loc[came["site_id"].isin(sites)].groupby("site_id")["held_on"].min())
    return {site: float(period_of(d)) for site, d in day.items()}


def attended_share(
    enrolments: pd.DataFrame | None, staff: pd.DataFrame | None, waves: pd.DataFrame
) -> dict[str, float] | None:
    """Return the share of each trained site's staff who attended; None where nobody knows."""
    there = _staff_at_start(enrolments, staff, waves)
    return None if there is None else there.groupby("site_id")["attended"].mean().to_dict()


def mean_hours(
    enrolments: pd.DataFrame | None, staff: pd.DataFrame | None, waves: pd.DataFrame
) -> dict[str, float] | None:
    """Return mean hours attended by each trained site's staff; None where nobody knows."""
    there = _staff_at_start(enrolments, staff, waves)
    if there is None or there["hours"].isna().all():
        return None
    return there.groupby("site_id")["hours"].mean().to_dict()


TIERS = ("frontline", "middle", "senior")
"""Tiers of staff whose hours are told apart."""
STANDARD = "response_within_30min"
"""Indicator of how far the service standard is kept."""


def hours_by_tier(
    enrolments: pd.DataFrame | None, staff: pd.DataFrame | None, waves: pd.DataFrame
) -> dict[str, dict[str, float]]:
    """Return mean hours attended by trained site, for each tier: ``hour_<tier>``."""
    found = {}
    for tier in TIERS if staff is not None else ():
        hours = mean_hours(enrolments, staff[staff["tier"] == tier], waves)
        if hours:
            found[f"hour_{tier}"] = hours
    return found


def standard_kept(frame: pd.DataFrame) -> dict[str, float]:
    """Return how far each trained site has kept the standard since its start, in steps of 10 pp.

    Parameters
    ----------
    frame : DataFrame
        Estimation frame of :data:`STANDARD`: requests within the line and all, by site and month.
    """
    if frame.empty:
        return {}
    since = frame[frame["period"] >= frame["cohort"]].groupby("unit")[["total", "exposure"]].sum()
    since = since[since["exposure"] > 0]
    return (10 * since["total"] / since["exposure"]).to_dict()


def changed_sites(events: pd.DataFrame | None, first: int) -> tuple[str, ...]:
    """Return the sites at which something else changed in or after a running month."""
    if events is None:
        return ()
    known = events.dropna(subset=["site_id", "happened_on"])
    months = periods_of(pd.to_datetime(known["happened_on"]))
    return tuple(sorted(set(known.loc[(months >= first).to_numpy(bool), "site_id"].astype(str))))


def managers_among_staff(staff: pd.DataFrame | None, first: int) -> dict[str, str]:
    """Return the half, ``low`` or ``high``, of each site's share of managers before a month."""
    if staff is None:
        return {}
    opened = pd.Timestamp(month_of(first))
    hired, left = (pd.to_datetime(staff[name]) for name in ("hired_on", "left_on"))
    there = staff[(~(hired > opened) & ~(left < opened) & staff["tier"].notna()).to_numpy(bool)]
    there = there.dropna(subset=["site_id"])
    share = there["tier"].ne(TIERS[0]).astype("float64").groupby(there["site_id"]).mean()
    if share.nunique() < 2:
        return {}
    return {site: "high" if part > share.median() else "low" for site, part in share.items()}


def level_before(frame: pd.DataFrame, first: int) -> dict[str, str]:
    """Return the half, ``low`` or ``high``, of each site's mean outcome before a month."""
    if frame.empty:
        return {}
    level = frame[frame["period"] < first].groupby("unit")["y"].mean()
    if level.nunique() < 2:
        return {}
    return {site: "high" if mean > level.median() else "low" for site, mean in level.items()}


ALL_MONTHS = 60
"""Months that no evaluation outlives."""


def exposed_site_months(
    outcome: pd.DataFrame,
    households: Mapping[str, float] | None = None,
    *,
    months: int,
    discount_rate: float = 0.0,
    rounds: causal.Rounds | None = None,
) -> pd.DataFrame:
    """Return what each trained site-month counts in a benefit.

    Where rounds count, every month from a site's start to its last round counts in the month of
    the round nearest to it, of those at or after the start: the effect is taken to be the same in
    the months around each round.

    Parameters
    ----------
    outcome : DataFrame
        ``unit, period, cohort`` of the observed site-months.
    households : Mapping[str, float], optional
        Households by site; without it every site counts one, without its number none.
    months : int
        Months after training that count.
    discount_rate : float
        Yearly; later months count less by ``(1 + rate) ** (months / 12)`` from the first wave on.
    rounds : Rounds, optional
        In which the outcome was measured.

    Returns
    -------
    DataFrame
        ``unit``, ``period``, ``cohort``, ``size``; ``stands_in``, the month whose effect is taken,
        and ``measured``: how much of the size lies in measured months.
    """
    outcome = outcome if rounds is None else _every_month(rounds.pooled(outcome), rounds)
    after = outcome["period"] - outcome["cohort"]
    kept = outcome[(after >= 0) & (after < months)]
    size = (1 + discount_rate) ** (-(kept["period"] - outcome["cohort"].min()) / 12)
    if households is not None:
        size = size * kept["unit"].map(dict(households)).astype(float).fillna(0.0)
    found = kept[["unit", "period", "cohort"]].assign(size=size, measured=size)
    if rounds is None:
        return found.assign(stands_in=found["period"])
    known = found["period"].isin(rounds.months)
    return found.assign(measured=size.where(known, 0.0), stands_in=kept["stands_in"])


def exposed_cells(
    outcome: pd.DataFrame,
    households: Mapping[str, float] | None = None,
    *,
    months: int,
    discount_rate: float = 0.0,
    rounds: causal.Rounds | None = None,
) -> pd.DataFrame:
    """Count the trained site-months, or household-months, by wave and month.

    Parameters
    ----------
    outcome, households, months, discount_rate, rounds
        As :func:`exposed_site_months` takes them.

    Returns
    -------
    DataFrame
        As :func:`by_wave` returns it.
    """
    counted = {"months": months, "discount_rate": discount_rate, "rounds": rounds}
    return by_wave(exposed_site_months(outcome, households, **counted))


def by_wave(site_months: pd.DataFrame) -> pd.DataFrame:
    """Sum what site-months count (:func:`exposed_site_months`) by wave and month.

    Returns
    -------
    DataFrame
        ``cohort``, ``period`` (the month whose effect is taken), ``size``, and ``measured``: how
        much of it lies in measured months.
    """
    cells = site_months.groupby(["cohort", "stands_in"], as_index=False)[["size", "measured"]].sum()
    return cells.rename(columns={"stands_in": "period"})


def by_month(site_months: pd.DataFrame) -> pd.DataFrame:
    """Sum what site-months count (:func:`exposed_site_months`) by the month in which they do.

    Returns
    -------
    DataFrame
        ``month``, ``cohort``, ``period`` (the month whose effect is taken) and ``size``.
    """
    named = site_months.rename(columns={"period": "month", "stands_in": "period"})
    return named.groupby(["month", "cohort", "period"], as_index=False)["size"].sum()


def _every_month(measured: pd.DataFrame, rounds: causal.Rounds) -> pd.DataFrame:
    """Return the months of trained sites up to their last round, and the one that stands in."""
    rows = []
    trained = measured.dropna(subset=["cohort"])
    for (site, start), last in trained.groupby(["unit", "cohort"])["period"].max().items():
        first = rounds.first_round(int(start))
        for month in range(int(start), int(last) + 1):
            stands_in = rounds.month_of(max(first, rounds.nearest(month)))
            rows.append((site, month, start, stands_in))
    return pd.DataFrame(rows, columns=["unit", "period", "cohort", "stands_in"])


@remembered
def asked_after(
    surveys: Rows | None,
    instruments: pd.DataFrame | None,
    invitations: pd.DataFrame | None,
    cohort: pd.Series,
    timezone: str,
) -> pd.DataFrame | None:
    """Return everybody asked for satisfaction after training, silent ones included.

    As :func:`analysis.causal.answers_and_silence`; None where a table is missing.
    """
    if surveys is None or instruments is None or invitations is None:
        return None
    found = overall_answers(surveys, instruments, ["site_id", "answered_at"])
    rows = pd.concat(found, ignore_index=True)
    local = pd.to_datetime(rows["answered_at"], utc=True).dt.tz_convert(timezone)
    answers = rows[["site_id", "score"]].assign(period=periods_of(local))
    month = pd.to_datetime(invitations["month"])
    asked = invitations[["site_id", "invited"]].assign(period=periods_of(month))
    return causal.answers_and_silence(answers, asked, cohort)


@remembered
def rated_before(ratings: pd.DataFrame | None, cohort: pd.Series) -> pd.DataFrame | None:
    """Return everybody rated by others before the first wave, and whether still rated after.

    Columns ``ratee_id``, ``site_id``, ``treated``, ``stayed``, ``before`` and ``after`` (mean
    ratings before the first wave and from the last wave's start on), ``y`` (their difference),
    ``sheets`` (the fewer of the rating sheets before and after); None where nobody is rated by
    name or no site is trained. Where every site is, nobody is left to compare with.
    """
    starts = cohort.dropna()
    if ratings is None or starts.empty:
        return None
    rows = ratings[(ratings["rater_role"] != _SELF) & ratings["ratee_id"].notna()]
    day = pd.to_datetime(rows["rated_on"])
    before = rows[day < pd.Timestamp(month_of(int(starts.min())))]
    after = rows[day >= pd.Timestamp(month_of(int(starts.max())))]
    asked = {"level": ("score", "mean"), "sheets": ("rating_id", "nunique")}
    was = before.groupby("ratee_id").agg(site_id=("site_id", "first"), **asked)
    now = after.groupby("ratee_id").agg(**asked).reindex(was.index)
    y = now["level"] - was["level"]
    return pd.DataFrame(
        {
            "site_id": was["site_id"],
            "treated": was["site_id"].map(cohort).notna(),
            "stayed": y.notna(),
            "before": was["level"],
            "after": now["level"],
            "y": y,
            "sheets": np.minimum(was["sheets"], now["sheets"]),
        }
    ).reset_index()


@remembered
def _staff_at_start(enrolments, staff, waves) -> pd.DataFrame | None:
    """Staff of trained sites employed at the start, whether each attended, and hours attended."""
    if enrolments is None or staff is None:
        return None
    start = cohorts(waves).dropna()
    there = staff[staff["site_id"].isin(start.index)]
    opened = pd.to_datetime([month_of(int(start[site])) for site in there["site_id"]])
    hired = pd.to_datetime(there["hired_on"]).to_numpy()
    left = pd.to_datetime(there["left_on"]).to_numpy()
    employed = ~(hired > opened) & ~(left < opened)
    there = there.loc[employed, ["staff_id", "site_id"]]
    if there.empty:
        return None
    came = enrolments[enrolments["attended"].fillna(False).astype(bool)]
    hours = came.groupby("staff_id")["hours"].sum(min_count=1)
    return there.assign(
        attended=there["staff_id"].isin(set(came["staff_id"])),
        hours=there["staff_id"].map(hours).fillna(0.0).astype(float),
    )
