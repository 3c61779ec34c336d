"""Who was asked for training needs, and who answered: sample and return by tier of staff."""

from __future__ import annotations

import pandas as pd

from analysis.measurement.columns import dates, present
from analysis.measurement.complaints import share_over_sites
from analysis.results import Check, StageResults, Topic, collect
from analysis.settings import LEVEL
from analysis.standards import Lines, course

WHOLE = "all"
"""Tier of the row over everybody; its words are ``measurement.asked_tier.all``."""


def asked_by_tier(
    asked: pd.DataFrame, staff: pd.DataFrame, *, level: float = LEVEL
) -> pd.DataFrame:
    """Return a row per tier, and one over all: who was employed, asked, and answered.

    Employed are those on the roster on the first day on which anybody was asked. The return is that
    of questionnaires alone; people who came to a focus group or an interview count as asked.

    Parameters
    ----------
    asked, staff : DataFrame
        Canonical ``needs_asked`` and ``staff``.
    level : float
        Coverage of the return's interval, which counts sites.

    Returns
    -------
    DataFrame
        ``tier, employed, asked, share`` (asked of those employed), ``spoken`` (in focus groups and
        interviews), ``n`` (sent a questionnaire), ``answered, value, ci_low, ci_high`` (return;
        NaN where no questionnaire went out).
    """
    first = dates(asked["asked_on"]).min()
    people = staff.astype({"staff_id": object}).set_index("staff_id")
    hired, left = dates(people["hired_on"]), dates(people["left_on"])
    there = ~(hired > first) & ~(left <= first)
    who = asked["staff_id"].astype(object)
    there |= people.index.isin(set(who))
    people = people[there]
    tier = people["tier"].astype(object)
    mine = asked.assign(tier=who.map(tier), site=who.map(people["site_id"].astype(object)), who=who)
    tiers = [name for name in ("frontline", "middle", "senior") if (tier == name).any()]
    rows = []
    for name in [WHOLE, *tiers]:
        part = mine if name == WHOLE else mine[mine["tier"] == name]
        employed = len(people) if name == WHOLE else int((tier == name).sum())
        sent = part[part["way"] == "questionnaire"].drop_duplicates("who")
        back = part.loc[part["answered_on"].notna() & (part["way"] == "questionnaire"), "who"]
        hit = sent["who"].isin(set(back))
        by = hit.groupby(sent["site"].fillna("")).agg(["sum", "size"])
        found = (
            share_over_sites(by["sum"].to_numpy(), by["size"].to_numpy(), level=level)
            if len(sent)
            else None
        )
        rows.append(
            {
                "tier": name,
                "employed": employed,
                "asked": int(part["who"].nunique()),
                "share": part["who"].nunique() / employed if employed else None,
                "spoken": int(part.loc[part["way"] != "questionnaire", "who"].nunique()),
                "n": len(sent),
                "answered": int(hit.sum()),
                "value": None if found is None else found.value,
                "ci_low": None if found is None else found.low,
                "ci_high": None if found is None else found.high,
            }
        )
    return pd.DataFrame(rows).astype(dict.fromkeys(["share", "value", "ci_low", "ci_high"], float))


def assess_needs_asked(
    asked: pd.DataFrame | None,
    staff: pd.DataFrame | None,
    *,
    lines: Lines | None = None,
    level: float = LEVEL,
) -> StageResults:
    """Hold the survey of training needs to its sample of staff, tier by tier, and to its return.

    Parameters
    ----------
    asked, staff : DataFrame or None
        Canonical tables.
    lines : Lines, optional
        What the client's programme is held to; the lines of the course without it.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Checks ``baseline.needs_asked.sample`` (``caution`` where a tier has fewer asked than the
        line's share) and ``….return`` (``failed`` where the whole interval is below the line,
        ``caution`` where the value alone is); table ``needs_asked``. A line that is not drawn gives
        no check.
    """
    lines = lines or course()
    if not present(asked, "asked_on") or not present(staff, "tier"):
        missing = Check(
            id="baseline.needs_asked.sample",
            topic=Topic.NEEDS_SAMPLE,
            question="measurement.check.needs_sample.question",
            status="not_possible",
            reason="measurement.reason.no_needs_asked",
        )
        return collect("baseline", [missing])
    table = asked_by_tier(asked, staff, level=level)
    whole, tiers = table.iloc[0], table.iloc[1:]
    checks = []
    if (line := lines.of("needs_sample")) is not None:
        short = tiers[tiers["share"] < line]
        checks.append(
            Check(
                id="baseline.needs_asked.sample",
                topic=Topic.NEEDS_SAMPLE,
                question="measurement.check.needs_sample.question",
                status="caution" if len(short) or whole["share"] < line else "passed",
                value=float(whole["share"]),
                threshold=float(line),
                unit="share",
                n=int(whole["employed"]),
                reason="measurement.check.needs_sample.reason",
                remedy="measurement.check.needs_sample.remedy" if len(short) else None,
                params={
                    "asked": int(whole["asked"]),
                    "employed": int(whole["employed"]),
                    "share": float(whole["share"]),
                    "spoken": int(whole["spoken"]),
                    "tiers": len(tiers),
                    "short": len(short),
                    "line": float(line),
                },
            )
        )
    if (line := lines.of("needs_return")) is not None and whole["n"]:
        below = whole["value"] < line
        checks.append(
            Check(
                id="baseline.needs_asked.return",
                topic=Topic.NEEDS_RETURN,
                question="measurement.check.needs_return.question",
                status="failed" if whole["ci_high"] < line else "caution" if below else "passed",
                value=float(whole["value"]),
                threshold=float(line),
                unit="share",
                n=int(whole["n"]),
                reason="measurement.check.needs_return.reason",
                remedy="measurement.check.needs_return.remedy" if below else None,
                params={
                    "sent": int(whole["n"]),
                    "answered": int(whole["answered"]),
                    "rate": float(whole["value"]),
                    "low": float(whole["ci_low"]),
                    "high": float(whole["ci_high"]),
                    "line": float(line),
                },
            )
        )
    return collect("baseline", checks, tables={"needs_asked": table})
