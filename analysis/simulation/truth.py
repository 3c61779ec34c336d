"""What is true in a simulated world, as exactly defined estimands."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import DesignError
from analysis.simulation import behaviour, customers, ledgers, people, tickets, training
from analysis.simulation.customers import Satisfaction
from analysis.simulation.parameters import WorldParameters
from analysis.simulation.sites import Roster

HORIZONS = (1, 3, 6, 12)


@dataclass(frozen=True, slots=True)
class Truth:
    """The true effects of a world.

    Attributes
    ----------
    cells : DataFrame
        A row is one indicator (and stratum) in one site-month planned to be trained, from its
        cohort on. Columns: ``indicator``, ``stratum``, ``site_id``, ``period``, ``cohort``,
        ``event_time``, ``treated`` and ``untreated`` (the two expected values of the
        indicator there), ``effect`` (their difference). A cohort is the first trained period
        by intention to treat.
    learning_gain : float
        Expected rise of a written score from before to after a module, in points.
    response_rate : mapping
        Expected share answering, ``untrained`` and ``trained``.
    selection_bias : float
        Overall effect on the expected ``csat_mean`` of those who answer, minus the overall
        effect on all customers invited.
    spill_over : mapping
        Never-trained sites that the effect reaches, with the mean change of their expected
        satisfaction score from the first wave on.
    mechanisms : mapping
        Parameters of decay, leaving and attrition, by name.
    planted : mapping
        Planted events, by name, with the subject each concerns.

    Notes
    -----
    ``csat_mean`` and ``csat_top2`` are expectations of the overall item over all customers
    invited, after rounding to 1-5; ``nps`` that of the item on recommending, in points. ``fcr`` is
    the probability that a request is not reopened and not asked again as the site's next complaint
    (chance meetings of room and subject ignored).
    ``complaints_per_1000`` and ``tickets_per_1000`` are expected counts per 1,000 households
    and month; ``complaint_resolved_30d`` is the probability that a complaint is resolved so soon;
    ``fee_collection`` is collected over receivable less waived; ``household_churn`` is the
    probability that a contract due is not renewed, ``staff_turnover`` that somebody employed leaves
    in the month; ``crm_active_share`` that an account is used in a month; ``behaviour`` is the
    expected rating of one item by the stratum's role, in the months in which that role rates.
    """

    cells: pd.DataFrame
    learning_gain: float
    response_rate: Mapping[str, float]
    selection_bias: float
    spill_over: Mapping[str, float]
    mechanisms: Mapping[str, float]
    planted: Mapping[str, Any]

    def effects(self, indicator: str, stratum: str = "") -> pd.DataFrame:
        """Return the cells of one indicator; DesignError names those there are."""
        mine = (self.cells["indicator"] == indicator) & (self.cells["stratum"] == stratum)
        if not mine.any():
            known = sorted(set(zip(self.cells["indicator"], self.cells["stratum"], strict=True)))
            raise DesignError(f"no truth for {(indicator, stratum)}; known: {known}")
        return self.cells.loc[mine]

    def att(self, indicator: str = "csat_mean", stratum: str = "") -> float:
        """Return the overall effect: the plain mean over treated site-months.

        This is what the ``simple`` aggregation of group-time effects estimates when each
        cell counts once.
        """
        return float(self.effects(indicator, stratum)["effect"].mean())

    def by_event_time(self, indicator: str = "csat_mean", stratum: str = "") -> pd.Series:
        """Return the mean effect over sites at each event time (months since the cohort)."""
        return self.effects(indicator, stratum).groupby("event_time")["effect"].mean()

    def by_cohort(self, indicator: str = "csat_mean", stratum: str = "") -> pd.Series:
        """Return the mean effect over the site-months of each cohort."""
        return self.effects(indicator, stratum).groupby("cohort")["effect"].mean()

    def at(self, months: int, indicator: str = "csat_mean", stratum: str = "") -> float | None:
        """Return the effect ``months`` after training; None when no site is observed there."""
        path = self.by_event_time(indicator, stratum)
        return float(path[months]) if months in path.index else None

    def retention(self, indicator: str = "csat_mean", months: int = 6) -> float | None:
        """Return the effect after ``months`` as a share of that after one month."""
        first, later = self.at(1, indicator), self.at(months, indicator)
        return later / first if first and later is not None else None

    def to_json(self) -> str:
        """Return the estimands, the effects by site-month and the mechanisms as sorted JSON."""
        effects = {}
        for indicator, stratum in sorted(
            set(zip(self.cells["indicator"], self.cells["stratum"], strict=True))
        ):
            name = f"{indicator}[{stratum}]" if stratum else indicator
            path = self.by_event_time(indicator, stratum)
            effects[name] = {
                "att_overall": self.att(indicator, stratum),
                "by_event_time": {str(int(e)): float(v) for e, v in path.items()},
                "by_cohort": {
                    str(int(g)): float(v) for g, v in self.by_cohort(indicator, stratum).items()
                },
                "horizons": {str(h): self.at(h, indicator, stratum) for h in HORIZONS},
                "cells": {
                    site: dict(zip(rows["period"].astype(str), rows["effect"], strict=True))
                    for site, rows in self.effects(indicator, stratum).groupby("site_id")
                },
            }
        body = {
            "effects": effects,
            "retention_csat_mean": {
                str(h): self.retention("csat_mean", h) if "csat_mean" in effects else None
                for h in (3, 6, 12)
            },
            "learning_gain_points": self.learning_gain,
            "response_rate": dict(self.response_rate),
            "selection_bias_csat_mean": self.selection_bias,
            "spill_over_csat_mean": dict(self.spill_over),
            "mechanisms": dict(self.mechanisms),
            "planted": dict(self.planted),
        }
        return json.dumps(body, ensure_ascii=False, sort_keys=True, indent=1) + "\n"


def true_effects(parameters: WorldParameters, roster: Roster, levels: Satisfaction) -> Truth:
    """Work out the truth of a world from its two potential levels; nothing is simulated.

    Parameters
    ----------
    parameters : WorldParameters
        The world.
    roster : Roster
        Its sites, waves and shares of the effect.
    levels : Satisfaction
        Satisfaction before rounding with and without training.
    """
    p = parameters
    score = {
        "treated": customers.expected_score(p, levels.treated),
        "untreated": customers.expected_score(p, levels.untreated),
    }
    parts = [_cells(p, roster, "csat_mean", "", score["treated"], score["untreated"])]
    top2 = (customers.expected_top2(p, level) for level in (levels.treated, levels.untreated))
    parts.append(_cells(p, roster, "csat_top2", "", *top2))
    nps = (customers.expected_nps(p, level) for level in (levels.treated, levels.untreated))
    parts.append(_cells(p, roster, "nps", "", *nps))
    if "tickets" in p.families:
        parts += _ticket_cells(p, roster)
    if "ledgers" in p.families:
        rates = (ledgers.collection_rate(p, roster, trained=t) for t in (True, False))
        parts.append(_cells(p, roster, "fee_collection", "", *rates))
        used = (ledgers.active_share(p, roster, trained=t) for t in (True, False))
        parts.append(_cells(p, roster, "crm_active_share", "", *used))
        left = (1 - ledgers.renewal_probability(p, roster, trained=t) for t in (True, False))
        parts.append(_cells(p, roster, "household_churn", "", *left))
    if {"staff", "training", "ratings"} & set(p.families):
        hazards = (people.monthly_hazard(p, roster, trained=t) for t in (True, False))
        parts.append(_cells(p, roster, "staff_turnover", "", *(1 - np.exp(-h) for h in hazards)))
    if "ratings" in p.families:
        parts += _behaviour_cells(p, roster)
    cells = pd.concat(parts, ignore_index=True)
    trained = roster.trained
    respondents = customers.expected_score_of_respondents(
        p, levels.treated, trained
    ) - customers.expected_score_of_respondents(p, levels.untreated, np.zeros_like(trained))
    invited = score["treated"] - score["untreated"]
    return Truth(
        cells=cells,
        learning_gain=training.expected_learning_gain(p),
        response_rate={
            name: float(customers.expected_response_rate(p, np.array([flag]))[0])
            for name, flag in (("untrained", False), ("trained", True))
        },
        selection_bias=float((respondents - invited)[trained].mean()) if trained.any() else 0.0,
        spill_over=_spill_over(roster, invited),
        mechanisms={
            "retention_6": p.retention_6,
            "retention_12": p.retention_12,
            "leaver_rate": p.leaver_rate,
            "leaver_ratio_treated": p.leaver_ratio_treated,
            "response_slope": p.response_slope,
            "response_slope_treated": p.response_slope_treated,
            "response_shift_treated": p.response_shift_treated,
        },
        planted=_planted(p, roster),
    )


def _cells(
    p: WorldParameters,
    roster: Roster,
    indicator: str,
    stratum: str,
    treated: np.ndarray,
    untreated: np.ndarray,
    months: np.ndarray | None = None,
) -> pd.DataFrame:
    shown = roster.trained.copy()
    if months is not None:
        shown &= np.isin(np.arange(p.n_months), months)[None, :]
    i, t = np.nonzero(shown)
    return pd.DataFrame(
        {
            "indicator": indicator,
            "stratum": stratum,
            "site_id": roster.sites["site_id"].to_numpy(object)[i],
            "period": p.periods[t],
            "cohort": roster.cohort[i].astype(np.int64),
            "event_time": roster.event_time[i, t].astype(np.int64),
            "treated": treated[i, t],
            "untreated": untreated[i, t],
            "effect": treated[i, t] - untreated[i, t],
        }
    )


def _ticket_cells(p: WorldParameters, roster: Roster) -> list[pd.DataFrame]:
    with_training = tickets.ticket_rates(p, roster)
    without = tickets.ticket_rates(p, roster, trained=False)
    pairs = {
        "fcr": (with_training.first_contact, without.first_contact),
        "response_within_30min": (with_training.within_30, without.within_30),
        "complaint_resolved_30d": (with_training.within_30_days, without.within_30_days),
        "complaints_per_1000": (with_training.complaints, without.complaints),
        "tickets_per_1000": (
            with_training.complaints + with_training.others,
            without.complaints + without.others,
        ),
    }
    shape = roster.event_time.shape
    return [
        _cells(p, roster, name, "", *(np.broadcast_to(x, shape) for x in pair))
        for name, pair in pairs.items()
    ]


def _behaviour_cells(p: WorldParameters, roster: Roster) -> list[pd.DataFrame]:
    levels = [behaviour.behaviour_level(p, roster, trained=t) for t in (True, False)]
    return [
        _cells(
            p,
            roster,
            "behaviour",
            role,
            *(behaviour.expected_rating(level + offset) for level in levels),
            months=behaviour.rating_months(p, role),
        )
        for role, offset in behaviour.ROLE_OFFSETS.items()
    ]


def _spill_over(roster: Roster, effect: np.ndarray) -> dict[str, float]:
    if not roster.spill_over_sites:
        return {}
    since = roster.trained.any(axis=0)
    ids = roster.sites["site_id"]
    return {ids[i]: float(effect[i, since].mean()) for i in roster.spill_over_sites}


def _planted(p: WorldParameters, roster: Roster) -> dict[str, Any]:
    events: dict[str, Any] = {}
    plan = p.planted
    if plan.low_lecturer_top2 is not None and "training" in p.families:
        events["low_lecturer"] = {
            "lecturer_id": training.LOW_LECTURER,
            "top2": plan.low_lecturer_top2,
        }
    if plan.low_module_completion is not None and "training" in p.families:
        events["low_module"] = {
            "module": training.LOW_MODULE,
            "completion": plan.low_module_completion,
        }
    if roster.falling_site is not None:
        events["falling_site"] = {
            "site_id": roster.sites["site_id"][roster.falling_site],
            "from": plan.falling_site_from.isoformat(),
            "months": plan.falling_site_months,
            "drop_before_rounding": plan.falling_site_drop,
        }
    if {"tickets", "ledgers"} <= set(p.families):
        events["renewal_after_complaint"] = ledgers.AFTER_COMPLAINT
    if plan.late_gate_days is not None and "programme" in p.families:
        events["late_gate"] = {"milestone_id": "M3", "days": plan.late_gate_days}
    if plan.trainer_overrun is not None and "programme" in p.families:
        events["trainer_overrun"] = {"category": "trainer", "share": plan.trainer_overrun}
    return events
