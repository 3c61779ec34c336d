"""Outcomes that a client declares: what of its tables is counted, and what is asked of it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from analysis.client.base import Part, Text, refused

Kind = Literal["item", "dimension", "rating", "ticket_rating", "on_time", "crm_usage", "test"]
Statistic = Literal["mean", "satisfied", "retained"]
Level = Annotated[int, Field(ge=1, le=4)]
RaterRole = Literal[
    "self", "supervisor", "peer", "subordinate", "customer", "mystery_shopper", "expert"
]

NEEDS: Mapping[str, tuple[str, ...]] = {
    "item": ("item",),
    "dimension": ("dimension",),
    "rating": ("rater_role",),
    "ticket_rating": (),
    "on_time": (),
    "crm_usage": ("measure",),
    "test": ("occasion",),
}
"""Keys without which an outcome of each kind says nothing."""

MAY: Mapping[str, tuple[str, ...]] = {
    "item": ("instruments", "statistic", "satisfied"),
    "dimension": ("instruments",),
    "rating": ("instruments", "dimension"),
    "ticket_rating": ("kinds", "statistic", "satisfied"),
    "on_time": ("kinds", "categories", "within", "until", "clock"),
    "crm_usage": (),
    "test": ("form", "module", "statistic"),
}
"""Further keys that an outcome of each kind may have."""

STATISTICS: Mapping[str, tuple[Statistic, ...]] = {
    "item": ("mean", "satisfied"),
    "ticket_rating": ("mean", "satisfied"),
    "test": ("mean", "retained"),
}
"""What may be taken of the scores; of every other kind only the mean or the share it is."""

_OWN = (
    "instruments",
    "item",
    "dimension",
    "rater_role",
    "kinds",
    "categories",
    "within",
    "until",
    "clock",
    "measure",
    "occasion",
    "form",
    "module",
    "satisfied",
)
_HOUR = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00")
_NAME = re.compile(r"[a-z][a-z0-9_]{1,63}")


def _outcome_name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise refused(
            "outcome_name", "an outcome's name has lower-case letters, digits and _, e.g. expertise"
        )
    return value


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


OutcomeName = Annotated[str, AfterValidator(_outcome_name)]
"""Name of a declared outcome, as goals, benefits and the design name it."""


class Boxes(Part):
    """The scores that count as satisfied: from the lowest of them to the best of the scale."""

    min: float
    max: float

    @model_validator(mode="before")
    @classmethod
    def _pair(cls, value: Any) -> Any:
        if isinstance(value, list) and len(value) == 2:
            return {"min": value[0], "max": value[1]}
        return value

    @model_validator(mode="after")
    def _ordered(self) -> Boxes:
        if self.min > self.max:
            raise refused("satisfied", "satisfied is written [lowest, best], e.g. [8, 10]")
        return self


class OutcomeTitle(Part):
    """What an outcome is called; one language stands in for the other and is marked there."""

    zh_CN: str | None = Field(default=None, min_length=1)  # noqa: N815 - the locale's name
    en: str | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _one(self) -> OutcomeTitle:
        if self.zh_CN is None and self.en is None:
            raise refused("outcome_title", "an outcome has a title in at least one language")
        return self

    def in_both(self) -> dict[str, str]:
        """Return the title by language, the other one's marked where it stands in."""
        return {
            "zh_CN": self.zh_CN or f"{self.en}（英文）",
            "en": self.en or f"{self.zh_CN} (in Chinese)",
        }


class Line(Part):
    """The share below which a site's newest three months raise an alert.

    ``grade`` 1 is the gravest. A share is tested against chance at every look; fewer than
    ``min_n`` observations in three months are never judged.
    """

    value: float = Field(gt=0, lt=1)
    grade: Literal[1, 2, 3] = 2
    min_n: int = Field(default=30, ge=8)
    due_days: int = Field(default=14, ge=1)


class Clock(Part):
    """A working clock: the hours and days in which time counts.

    Attributes
    ----------
    start, end : str
        Time of the day at which it starts and stops, e.g. ``08:00`` and ``20:00``.
    days : tuple of int
        Days of the week on which it runs, 1 Monday to 7 Sunday.
    holidays : tuple of date
        Days on which it does not.
    pauses : bool
        Whether the recorded pauses of a work order are taken off.
    """

    start: str = "00:00"
    end: str = "24:00"
    days: tuple[Annotated[int, Field(ge=1, le=7)], ...] = (1, 2, 3, 4, 5, 6, 7)
    holidays: tuple[dt.date, ...] = ()
    pauses: bool = True

    @model_validator(mode="after")
    def _runs(self) -> Clock:
        if not all(_HOUR.fullmatch(hour) for hour in (self.start, self.end)) or not self.days:
            raise refused("clock", "a clock runs on some days, e.g. {start: '08:00', end: '20:00'}")
        if self.seconds[0] >= self.seconds[1] or len(set(self.days)) < len(self.days):
            raise refused("clock", "a clock starts before it ends, and names each day once")
        return self

    @property
    def seconds(self) -> tuple[int, int]:
        """Seconds of the day at which it starts and stops."""
        low, high = (int(h[:2]) * 3600 + int(h[3:]) * 60 for h in (self.start, self.end))
        return low, high


class Outcome(Part):
    """One outcome that the registry does not have.

    Attributes
    ----------
    of : str
        What it is counted from: one ``item`` or a ``dimension`` of a customer questionnaire,
        the ``rating`` of behaviour by one role, the ``ticket_rating`` that customers give a
        work order, work orders resolved ``on_time``, ``crm_usage``, or a ``test``.
    title : OutcomeTitle
        What it is called.
    instruments : tuple of str
        Questionnaires it is taken from; all that have the item or dimension without it.
    item, dimension : str or None
        As declared under ``instruments``.
    rater_role : str or None
        Who rates.
    kinds : tuple of str
        Kinds of work orders; every kind but praise without it.
    categories : tuple of str
        Subjects of work orders, e.g. those that are simple; all without it.
    within : int or None
        Minutes within which a work order counts as in time; its promised time without it.
    until : str or None
        With ``within``: the first ``reply``, or that it is ``resolved`` (without it).
    clock : Clock or None
        With ``within``: the working clock; every hour counts without it.
    measure : str or None
        Of the use of the CRM system.
    occasion, form, module : str or None
        Which test: when, how, on what.
    statistic : str
        The ``mean`` score, the share ``satisfied``, or the share ``retained`` of the points that
        the same people had right after the training.
    satisfied : Boxes or None
        Scores that count as satisfied, where the item does not say it itself.
    direction : str
        ``up`` when more is better.
    level : int or None
        Kirkpatrick level; that of the kind without it.
    evaluator : str or None
        Who judges; as the kind has it without it.
    alert : Line or None
        Line below which a site's share raises an alert.
    """

    of: Kind
    title: OutcomeTitle
    instruments: Annotated[tuple[Text, ...], BeforeValidator(_listed)] = ()
    item: Text | None = None
    dimension: Text | None = None
    rater_role: RaterRole | None = None
    kinds: Annotated[
        tuple[Literal["repair", "complaint", "enquiry", "praise"], ...], BeforeValidator(_listed)
    ] = ()
    categories: Annotated[tuple[Text, ...], BeforeValidator(_listed)] = ()
    within: int | None = Field(default=None, ge=1, le=100_000)
    until: Literal["reply", "resolved"] | None = None
    clock: Clock | None = None
    measure: Literal["active_share", "active_days", "records_per_user", "functions"] | None = None
    occasion: Literal["pre", "post", "retest", "follow_up"] | None = None
    form: Literal["written", "practical", "role_play", "system"] | None = None
    module: Text | None = None
    statistic: Statistic = "mean"
    satisfied: Boxes | None = None
    direction: Literal["up", "down"] = "up"
    level: Level | None = None
    evaluator: (
        Literal["customer", "trainee", "trainer", "assessor", "rater", "system", "finance"] | None
    ) = None
    alert: Line | None = None

    @model_validator(mode="after")
    def _fits(self) -> Outcome:
        given = {name for name in _OWN if getattr(self, name) not in (None, ())}
        lacking = [name for name in NEEDS[self.of] if name not in given]
        strange = sorted(given - {*NEEDS[self.of], *MAY[self.of]})
        if lacking or strange:
            raise refused("outcome_keys", f"of: {self.of} {lacking or strange}")
        if self.within is None and (self.until is not None or self.clock is not None):
            raise refused("outcome_within", "until and clock go with within: minutes")
        if self.statistic not in STATISTICS.get(self.of, ("mean",)):
            raise refused("outcome_statistic", f"of: {self.of} has no {self.statistic}")
        if self.statistic == "retained" and self.occasion != "follow_up":
            raise refused("outcome_retained", "retained compares a later test with the one after")
        if self.alert is not None and not (self.is_share and self.direction == "up"):
            raise refused("outcome_alert", "an alert line needs a share of which more is better")
        return self

    @property
    def is_share(self) -> bool:
        """Whether it is a share of cases, 0 to 1, each of which counts or does not."""
        return (
            self.of == "on_time" or self.statistic == "satisfied" or self.measure == "active_share"
        )
