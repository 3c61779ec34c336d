"""Clients that lack something: a small world, and what is taken from it or planned instead."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from small_client import SMALL

from analysis.simulation import World

FEWER = dataclasses.replace(
    SMALL, n_sites=10, n_months=16, wave_months=(dt.date(2023, 9, 1), dt.date(2023, 12, 1))
)
"""Fewer sites and months than the small client, because there are many such clients here."""


def changed(world: World, **frames: Any) -> World:
    """Put other tables into a world; None takes one out."""
    tables = {**world.tables, **frames}
    return dataclasses.replace(
        world, tables={name: frame for name, frame in tables.items() if frame is not None}
    )


def equal_answers(world: World) -> World:
    surveys = world.tables["surveys"]
    answered = surveys["score"].notna()
    return changed(world, surveys=surveys.assign(score=surveys["score"].mask(answered, 4)))


def tickets_first(document: dict) -> None:
    document["design"]["primary_outcome"] = "fcr"
    document["design"]["smallest_effect"] = 0.05
