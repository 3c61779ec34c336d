"""A method's refusal is an answer ("not possible, because"), never a stopped stage.

Every room declares its reasons in ``refusals.py``. A question whose method refuses for a declared
reason becomes a check that says so, and everything else goes on. Any other exception stops, as it
must.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from functools import partial
from typing import TypeVar

from analysis.errors import DesignError
from analysis.results import Check, StageResults, Topic, collect

T = TypeVar("T")


class Reason(StrEnum):
    """Base of the reasons that a room declares: what in a client's data or design forbids it."""

    @property
    def key(self) -> str:
        """Wording key of the sentence."""
        return f"refusals.reason.{self.value}"


class RefusedError(DesignError, ValueError):
    """A method refuses.

    Parameters
    ----------
    reason : Reason or None
        What in the data or design forbids an answer; None for a mistake of the caller, which is
        no answer.
    message : str
        The same in one English sentence, for logs and tracebacks.

    Attributes
    ----------
    reason : Reason or None
    """

    def __init__(self, reason: Reason | None, message: str) -> None:
        self.reason = reason
        super().__init__(message)


class Asked:
    """Questions put to methods that may refuse, and the refusals so far.

    Parameters
    ----------
    stage : str
        Stage whose checks the refusals become.
    """

    def __init__(self, stage: str) -> None:
        self.stage = stage
        self._refused: dict[str, Check] = {}

    def ask(self, topic: str, make: Callable[[], T], otherwise: T, *, about: str = "") -> T:
        """Return what ``make`` finds, or ``otherwise`` where the data refuse.

        A refusal becomes the check ``<stage>.not_possible.<topic>[.<about>]``, with the reason.

        Parameters
        ----------
        topic : str
            What is asked, worded under ``refusals.topic.<topic>``.
        make : callable
            Asks; takes nothing.
        otherwise : object
            Stands for "nothing found".
        about : str
            Outcome, stratum or variant the question is about, where there are several.

        Raises
        ------
        RefusedError
            For a mistake of the caller.
        """
        try:
            return make()
        except RefusedError as error:
            if error.reason is None:
                raise
            self.refuse(topic, error.reason, about=about)
            return otherwise

    def refuse(self, topic: str, reason: Reason, *, about: str = "") -> None:
        """Record that a question could not be answered."""
        check = not_possible(self.stage, topic, reason, about=about)
        self._refused[check.id] = check

    def note(self, checks: Iterable[Check]) -> None:
        """Take over refusals that a step recorded itself."""
        self._refused |= {check.id: check for check in checks}

    @property
    def checks(self) -> tuple[Check, ...]:
        """One check for each question that was refused, in the order they were asked."""
        return tuple(self._refused.values())


def step(
    stage: str,
    topic: str,
    make: Callable[..., StageResults],
    /,
    *args: object,
    about: str = "",
    **settings: object,
) -> StageResults:
    """Return the results of a step; where its method refuses, the check that says why.

    Parameters
    ----------
    stage, topic
        As of :class:`Asked`.
    make : callable
        The step; takes ``*args`` and ``**settings``.
    about : str
        Outcome, stratum or scale the step is about, where there are several.
    """
    asked = Asked(stage)
    found = asked.ask(topic, partial(make, *args, **settings), None, about=about)
    return collect(stage, asked.checks) if found is None else found


def answered(
    asked: Asked, topic: str, about: Iterable[str], make: Callable[[str], T]
) -> dict[str, T]:
    """Return what ``make`` finds for each of several things; those that refuse are left out.

    Parameters
    ----------
    asked : Asked
        Takes the refusals.
    topic : str
        What is asked of each.
    about : iterable of str
        Outcomes, strata or scales.
    make : callable
        Takes one of them.
    """
    found: dict[str, T] = {}
    for name in about:
        own = asked.ask(topic, partial(make, name), None, about=name)
        if own is not None:
            found[name] = own
    return found


def not_possible(stage: str, topic: str, reason: Reason, *, about: str = "") -> Check:
    """Return the check that says why a question could not be answered."""
    return Check(
        id=".".join(part for part in (stage, "not_possible", topic, about) if part),
        topic=Topic.REFUSED,
        question="refusals.question",
        status="not_possible",
        reason=reason.key,
        params={"topic": f"refusals.topic.{topic}"},
        dims={"topic": topic, "reason": reason.value, **({"about": about} if about else {})},
    )
