"""The indicators as data: what each means, where it comes from, what is asked of it."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from analysis import packaged
from analysis.client import Outcome
from analysis.errors import SchemaError
from analysis.tables import TABLES

FILE = Path(__file__).with_name("registry.yml")

Unit = Literal[
    "score",
    "share",
    "nps_points",
    "per_1000_household_months",
    "hours",
    "points",
    "CNY",
    "days",
    "records",
    "functions",
]
OutcomeKind = Literal["score", "share", "count", "wait", "amount", "net"]
KINDS: Mapping[Unit, OutcomeKind] = {
    "score": "score",
    "points": "score",
    "share": "share",
    "per_1000_household_months": "count",
    "hours": "wait",
    "days": "wait",
    "CNY": "amount",
    "records": "amount",
    "functions": "amount",
    "nps_points": "net",
}
"""What an outcome of each unit is; by it one form of the effect leads (:attr:`Indicator.kind`)."""
Requirement = Annotated[str, Field(pattern=r"^R\d{3}$")]
Conflict = Annotated[str, Field(pattern=r"^C\d{1,2}$")]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Title(_Model):
    """The indicator's name in both languages."""

    zh_CN: str  # noqa: N815 - the language code
    en: str


class Mark(_Model):
    """A target, an alert line or a benchmark, and the requirement it comes from.

    Attributes
    ----------
    kind : str
        ``level``: the indicator itself; ``points``: a difference in its unit; ``relative``: a
        share of the baseline; ``ambiguous``: the requirement does not say points or relative,
        the client's choice on ``conflict`` decides; ``pass_mark``: holds for one person.
    value : float
        In the indicator's unit, or a share of the baseline when ``relative``; negative for a
        fall. An alert rings on the wrong side of it, as ``direction`` says.
    requirement : str
        Identifier of the requirement.
    conflict : str or None
        Contradiction between requirements the mark takes part in.
    stratum : str
        Where it applies; empty for the overall cells.
    scope : str
        What is judged: ``site``, ``module`` or ``lecturer``.
    """

    kind: Literal["level", "points", "relative", "ambiguous", "pass_mark"]
    value: float
    requirement: Requirement
    conflict: Conflict | None = None
    stratum: str = ""
    scope: Literal["site", "module", "lecturer"] = "site"


class Indicator(_Model):
    """One indicator.

    Attributes
    ----------
    id : str
        Identifier in panel, results and wording.
    title : Title
        Name in both languages.
    in_sentence : str
        How an English sentence names it where its title would need an article or another noun:
        ``the net promoter score``. Empty where the title itself can stand there.
    level : int
        Kirkpatrick level: 1 reaction, 2 learning, 3 behaviour, 4 results; 5 return (Phillips).
    unit : str
        Unit of ``value``; ``score`` is the declared scale of the instrument.
    direction : str
        ``up`` when more is better.
    numerator, denominator, exposure, about : str
        The definition, and the rules for what is open, unknown or missing.
    sources : Mapping[str, tuple of str]
        Canonical tables and columns without which it cannot be computed.
    instead : Mapping[str, str]
        Table of ``sources`` to the one that can stand in for it where the client has none.
    stratum : str or None
        Column that splits the cells; the empty stratum holds the overall cells.
    strata_only : bool
        Whether there are no overall cells.
    follow_up_days, look_back_days : int
        Days after, and before, each case that have to be recorded before it counts. A month of
        which only a few cases count for that is not the month.
    minutes : int or None
        Minutes within which something has to have happened; what a client's standards draw for all
        requests replaces them.
    evaluator : str
        Who judges.
    primary : bool
        Whether it may be the primary outcome of an evaluation.
    suppress : bool
        Whether ``n`` counts people or their cases, so that small cells are suppressed.
    declared : Outcome or None
        What a client's file says of an outcome of its own; None for those of the registry.
    targets, alerts, benchmarks : tuple of Mark
        What is asked of it; lines that ring; published comparators, which are not targets.
    """

    id: str
    title: Title
    in_sentence: str = ""
    level: Annotated[int, Field(ge=1, le=5)]
    unit: Unit
    direction: Literal["up", "down"]
    numerator: str
    denominator: str
    exposure: str
    sources: Mapping[str, tuple[str, ...]]
    instead: Mapping[str, str] = {}
    stratum: Literal["kind", "mode", "module", "form", "rater_role"] | None = None
    strata_only: bool = False
    follow_up_days: Annotated[int, Field(ge=0)] = 0
    look_back_days: Annotated[int, Field(ge=0)] = 0
    minutes: Annotated[int, Field(ge=1)] | None = None
    evaluator: Literal["customer", "trainee", "trainer", "assessor", "rater", "system", "finance"]
    primary: bool
    suppress: bool = True
    about: str = ""
    targets: tuple[Mark, ...] = ()
    alerts: tuple[Mark, ...] = ()
    benchmarks: tuple[Mark, ...] = ()
    declared: Outcome | None = None

    @property
    def kind(self) -> OutcomeKind:
        """What kind of outcome it is.

        One effect leads by kind: counts by a rate with exposure, shares by their denominators,
        waits by survival, everything else by means of sites.
        """
        return KINDS[self.unit]

    @model_validator(mode="after")
    def _sources_exist(self) -> Self:
        for table, columns in self.sources.items():
            known = TABLES[table].columns if table in TABLES else ()
            absent = [f"{table}.{c}" for c in columns if c not in known]
            if absent or table not in TABLES:
                raise ValueError(f"no such canonical table or column: {absent or table}")
        for table, other in self.instead.items():
            if table not in self.sources or other not in TABLES:
                raise ValueError(f"no such canonical table: {other} instead of {table}")
        return self


@functools.cache
def load(path: Path = FILE) -> Mapping[str, Indicator]:
    """Read and validate the registry.

    Parameters
    ----------
    path : Path
        A registry file; the project's own by default.

    Returns
    -------
    Mapping[str, Indicator]
        By identifier, in file order.

    Raises
    ------
    SchemaError
        Naming every entry that breaks the model.
    """
    raw = packaged.content(path)
    found, wrong = {}, []
    for name, entry in raw.items():
        try:
            found[name] = Indicator(id=name, **entry)
        except ValidationError as error:
            wrong += [f"{name}.{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
    if wrong:
        raise SchemaError(f"{path.name}: " + "; ".join(wrong))
    return found


_IN_FORCE: ContextVar[Mapping[str, Indicator] | None] = ContextVar("registry", default=None)


def known() -> Mapping[str, Indicator]:
    """Return the registry in force: the project's own, or the client's within :func:`using`."""
    found = _IN_FORCE.get()
    return load() if found is None else found


@contextmanager
def using(indicators: Mapping[str, Indicator] | None) -> Iterator[None]:
    """Let a client's registry be in force for what is shown within a ``with`` block.

    One process shows several clients, each with outcomes and titles of its own: nothing stays
    after the block.

    Parameters
    ----------
    indicators : Mapping[str, Indicator] or None
        As :func:`analysis.indicators.of_client` returns it; None leaves the one in force.
    """
    token = _IN_FORCE.set(_IN_FORCE.get() if indicators is None else indicators)
    try:
        yield
    finally:
        _IN_FORCE.reset(token)


def get(indicator: str) -> Indicator:
    """Return one indicator of the registry in force.

    Raises
    ------
    SchemaError
        For an unknown identifier; names the nearest known one.
    """
    entries = known()
    if indicator in entries:
        return entries[indicator]
    near = difflib.get_close_matches(indicator, entries, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(entries)}"
    raise SchemaError(f"unknown indicator {indicator!r}; {hint}")
