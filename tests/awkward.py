"""A client with one awkward thing of each kind: every edge at which a method may fall silent."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pandas as pd
from lacking import changed
from small_client import SMALL

from analysis.simulation import World

AWKWARD = dataclasses.replace(
    SMALL,
    seed=11,
    n_sites=14,
    n_treated=5,
    n_months=22,
    wave_months=tuple(dt.date(2023, month, 1) for month in (11, 12))
    + tuple(dt.date(2024, month, 1) for month in (1, 2, 3)),
    tickets_per_1000=25.0,
    n_late=0,
    n_spill_over=0,
)
"""Five waves of one site each, nine sites never trained."""
FIRST_WAVE = pd.Timestamp(2023, 11, 1)
COLLAPSE = dt.date(2024, 6, 1)
"""Month from which the perfect site is late with every second order."""
NOT_TURNED = ("csat_v1", "q3")
"""Instrument and item whose answers run the wrong way, though the form does not say so."""


def perfect_site(world: World) -> str:
    """Return the never-trained site that is always in time until it collapses."""
    waves = world.tables["waves"]
    return str(waves.loc[waves["wave"] == 0, "site_id"].iloc[0])


def awkward(world: World) -> World:
    """Put one thing of each kind into a world."""
    return changed(
        world,
        tickets=_perfect_then_late(world.tables["tickets"], perfect_site(world)),
        enrolments=_nobody_finished(world.tables["enrolments"]),
        sites=_separated(world.tables["sites"], world.tables["waves"]),
        surveys=_not_turned(world.tables["surveys"]),
        ratings=_one_mind(world.tables["ratings"]),
    )


def _perfect_then_late(tickets: pd.DataFrame, site: str) -> pd.DataFrame:
    own = tickets["site_id"].eq(site)
    opened = pd.to_datetime(tickets["opened_at"], utc=True)
    fallen = opened >= pd.Timestamp(COLLAPSE, tz="UTC")
    second = pd.Series(np.arange(len(tickets)) % 2 == 0, index=tickets.index)
    late = own & fallen & second
    quick = own & ~late
    first, done = tickets["first_response_at"].copy(), tickets["resolved_at"].copy()
    first = first.mask(quick, opened + pd.Timedelta(minutes=5))
    first = first.mask(late, opened + pd.Timedelta(hours=6))
    done = done.mask(quick, opened + pd.Timedelta(hours=1))
    done = done.mask(late, pd.to_datetime(tickets["due_at"], utc=True) + pd.Timedelta(days=3))
    return tickets.assign(first_response_at=first, resolved_at=done)


def _nobody_finished(enrolments: pd.DataFrame) -> pd.DataFrame:
    online = enrolments["mode"].eq("online")
    return enrolments.assign(
        completion=enrolments["completion"].mask(online, 0.0),
        completed_on=enrolments["completed_on"].mask(online),
    )


def _separated(sites: pd.DataFrame, waves: pd.DataFrame) -> pd.DataFrame:
    trained = sites["site_id"].map(waves.set_index("site_id")["wave"]) > 0
    return sites.assign(property_type=np.where(trained, "high_end", "old"))


def _not_turned(surveys: pd.DataFrame) -> pd.DataFrame:
    instrument, item = NOT_TURNED
    wrong = surveys["instrument"].eq(instrument) & surveys["item"].eq(item)
    return surveys.assign(score=surveys["score"].mask(wrong, 6 - surveys["score"]))


def _one_mind(ratings: pd.DataFrame) -> pd.DataFrame:
    """Let all raters of a person agree, before and after, and all shoppers of a month on all sites.

    Sites that are all alike to shoppers are the least agreement there can be.
    """
    day = pd.to_datetime(ratings["rated_on"])
    named = ratings["ratee_id"].notna()
    when = day.dt.to_period("M").astype(str).mask(named, (day >= FIRST_WAVE).astype(str))
    keys = [ratings["ratee_id"], ratings["instrument"], ratings["item"], when]
    return ratings.assign(score=ratings.groupby(keys, dropna=False)["score"].transform("first"))
