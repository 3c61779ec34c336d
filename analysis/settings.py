"""What a client settles once for all stages: level, fewest people told, seed, language.

A stage is opened with these settings and hands them to every step. The constants are for a
researcher who calls a method directly; no stage falls back on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Language = Literal["zh_CN", "en"]
"""Languages of reports and messages."""

Programme = Literal["training", "appraisal", "service"]
"""Kinds of programme: training in waves, a recurring appraisal of service, a service process."""

TRAINING: Programme = "training"
"""The programme of a client that names none: sites are trained in waves."""

WITHOUT_ROLLOUT: tuple[Programme, ...] = ("appraisal", "service")
"""Programmes in which nothing is rolled out to sites in waves: no effect is estimated."""

ALPHA = 0.05
"""Error of two-sided tests where nobody states another."""

LEVEL = 1 - ALPHA
"""Coverage of intervals where nobody states another."""

MIN_CELL = 8
"""Fewest people behind a number that is told, where nobody states another."""

SITE_PAGES = 120
"""Most sites that have a page of their own, where nobody states another number."""

SEED = 20240101
"""Seed of random draws where nobody states another."""

INFERENCE_DRAWS = 999
"""Draws of a bootstrap or of assignments, where nobody states another number."""

MONEY_DRAWS = 20_000
"""Draws of a simulated benefit, where nobody states another number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Settings of one client opened for one stage.

    Attributes
    ----------
    level : float
        Coverage of intervals: ``1 - design.alpha`` of the client file.
    min_cell : int
        Fewest people behind a number that is told: ``min_cell`` of the client file.
    seed : int
        Seed of the stage's random draws.
    language : str
        Language shown in the notebook.
    """

    level: float
    min_cell: int
    seed: int
    language: Language


def ends_of(level: float) -> tuple[float, float]:
    """Return the probabilities below the two ends of an interval.

    >>> ends_of(0.95)
    (0.025, 0.975)
    """
    outside = round((1 - level) / 2, 12)
    return outside, 1 - outside
