"""Which indicators are counted together, and from which canonical tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from functools import partial

import pandas as pd

from analysis.indicators import (
    behaviour,
    contracts,
    declared,
    fees,
    people,
    satisfaction,
    tickets,
    training,
    usage,
)
from analysis.indicators.engine import Engine
from analysis.indicators.expressions import Block
from analysis.indicators.registry import Indicator

ITEMS = ["instrument", "item", "dimension", "role", "scale_min", "scale_max", "satisfied_min"]
_INSTRUMENTS = "instruments"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a family of indicators is asked for.

    Attributes
    ----------
    engine : Engine
        Holds the family's tables, as far as the client has them, and no other.
    indicators : Mapping[str, Indicator]
        The client's registry.
    wanted : Set[str]
        Indicators that can be computed, of all families.
    low, high : int
        First and last running month.
    """

    engine: Engine
    indicators: Mapping[str, Indicator]
    wanted: Set[str]
    low: int
    high: int

    def items(self) -> pd.DataFrame:
        """Return the canonical table of the questionnaires' items."""
        table = self.engine.table(_INSTRUMENTS)
        return pd.DataFrame(columns=ITEMS) if table is None else self.engine.execute(table[ITEMS])


@dataclass(frozen=True, slots=True)
class Family:
    """Indicators that are counted from the same tables.

    Attributes
    ----------
    name : str
        Tells it from the others of a client.
    tables : frozenset of str
        The canonical tables that it reads, and those that may stand in for one.
    blocks : callable
        Gives its aggregates.
    """

    name: str
    tables: frozenset[str]
    blocks: Callable[[Asked], list[Block]]


def families(indicators: Mapping[str, Indicator]) -> tuple[Family, ...]:
    """Return the families of a registry; each outcome that a client declares is one of its own."""
    own = tuple(
        Family(name, _read_by(entry), partial(_declared, name))
        for name, entry in indicators.items()
        if entry.declared is not None
    )
    return _FAMILIES + own


def _satisfaction(asked: Asked) -> list[Block]:
    supplied = asked.indicators.get("csat_mean")
    counted = supplied is None or supplied.suppress
    return satisfaction.blocks(asked.engine, asked.items(), asked.wanted, counted=counted)


def _tickets(asked: Asked) -> list[Block]:
    return tickets.blocks(asked.engine, asked.wanted, asked.indicators)


def _training(asked: Asked) -> list[Block]:
    return training.blocks(asked.engine, asked.items(), asked.wanted)


def _people(asked: Asked) -> list[Block]:
    if "staff_turnover" not in asked.wanted:
        return []
    return people.blocks(asked.engine, asked.low, asked.high)


def _fees(asked: Asked) -> list[Block]:
    return fees.blocks(asked.engine, asked.wanted)


def _contracts(asked: Asked) -> list[Block]:
    return contracts.blocks(asked.engine) if "household_churn" in asked.wanted else []


def _behaviour(asked: Asked) -> list[Block]:
    return behaviour.blocks(asked.engine, asked.items()) if "behaviour" in asked.wanted else []


def _usage(asked: Asked) -> list[Block]:
    return usage.blocks(asked.engine, asked.wanted)


def _declared(name: str, asked: Asked) -> list[Block]:
    if name not in asked.wanted:
        return []
    return [declared.block(asked.engine, asked.items(), name, asked.indicators[name])]


def _read_by(entry: Indicator) -> frozenset[str]:
    return frozenset({*entry.sources, *entry.instead.values(), _INSTRUMENTS})


_FAMILIES = tuple(
    Family(name, frozenset(read), blocks)
    for name, read, blocks in (
        (
            "satisfaction",
            ("surveys", "survey_means", "invitations", _INSTRUMENTS),
            _satisfaction,
        ),
        ("tickets", ("tickets", "ticket_counts", "sites"), _tickets),
        (
            "training",
            ("enrolments", "reactions", "assessments", "staff", _INSTRUMENTS),
            _training,
        ),
        ("people", ("staff",), _people),
        ("fees", ("fees",), _fees),
        ("contracts", ("contracts",), _contracts),
        ("behaviour", ("ratings", _INSTRUMENTS), _behaviour),
        ("usage", ("crm_usage",), _usage),
    )
)
