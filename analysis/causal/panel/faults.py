"""What an estimation frame or an option can break; every fault has a rule with a sentence."""

from __future__ import annotations

import numbers
from typing import Any, get_args

from analysis.causal.refusals import Refusal
from analysis.keywords import meant
from analysis.refusals import RefusedError


class FrameError(RefusedError):
    """A rule of the estimation frame is broken.

    Attributes
    ----------
    rule : str
        Name of the rule; the catalogue has its sentence under ``causal.fault.<rule>``.
    reason : Refusal or None
        The same where it lies in the data or design; None for a mistake of the caller.
    """

    def __init__(self, rule: str, message: str) -> None:
        self.rule = rule
        reason = Refusal(rule) if rule in Refusal.__members__.values() else None
        super().__init__(reason, f"{rule}: {message}")


class NoComparisonError(FrameError):
    """Every unit is treated from the same period on: nothing to compare with."""


class NoPrePeriodError(FrameError):
    """No treated unit was observed before its treatment."""


class OptionError(FrameError):
    """An option has a value it cannot have.

    Attributes
    ----------
    name : str
        The option.
    value : object
        What was given.
    """

    def __init__(self, name: str, value: Any, correct: str) -> None:
        self.name, self.value = name, value
        super().__init__("option", f"{name}={value!r} is not possible; {name} is {correct}")


def one_of(name: str, value: Any, allowed: Any) -> None:
    """Refuse a value that a ``Literal`` type does not list.

    Raises
    ------
    OptionError
    """
    choices = get_args(allowed)
    if not isinstance(value, str) or value not in choices:
        listed = ", ".join(repr(choice) for choice in choices)
        raise OptionError(name, value, f"one of {listed}{meant(value, choices)}")


def a_level(level: Any) -> None:
    """Refuse a level of confidence that is no share between ½ and 1.

    Raises
    ------
    OptionError
    """
    is_number = isinstance(level, (int, float)) and not isinstance(level, bool)
    if not is_number or not 0.5 <= level < 1:
        raise OptionError("level", level, "a share, e.g. 0.95 for 95 %")


def a_count(name: str, value: Any, least: int = 0) -> None:
    """Refuse what is not a whole number of at least ``least``.

    Raises
    ------
    OptionError
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < least:
        raise OptionError(name, value, f"a whole number, {least} or more")
