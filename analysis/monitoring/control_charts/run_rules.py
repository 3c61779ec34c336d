"""Run rules of control charts, and how long each runs before it rings by chance.

A rule reads standardised points ``z = (value - centre) / sigma``. The run length is the number
of points up to the first signal; its mean while nothing is wrong is the price of a rule, its
mean after a shift is the delay. Rules are combined at a price: Champ & Woodall's four together
ring every 92 points where the three-sigma limit alone rings every 370.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

Hits = Callable[[np.ndarray], np.ndarray]

MEMORY = 15
"""Points back that the longest rule looks, the present one included."""


def _window(flags: np.ndarray, length: int) -> np.ndarray:
    """Count of true values among the last ``length`` points, the present one included."""
    sums = np.cumsum(flags, axis=-1, dtype=np.int32)
    sums[..., length:] -= sums[..., :-length].copy()
    return sums


def _held(flags: np.ndarray, length: int) -> np.ndarray:
    """Whether the last ``length`` flags are all true, the present one included."""
    held, reach = flags, 1
    while reach < length:
        step = min(reach, length - reach)
        longer = np.zeros_like(held)
        np.logical_and(held[..., step:], held[..., :-step], out=longer[..., step:])
        held, reach = longer, reach + step
    return held


def _of_last(least: int, length: int, sigmas: float) -> Hits:
    def hits(z: np.ndarray) -> np.ndarray:
        high, low = z > sigmas, z < -sigmas
        return (high & (_window(high, length) >= least)) | (low & (_window(low, length) >= least))

    return hits


def _all_of_last(length: int, holds: Hits) -> Hits:
    return lambda z: _held(holds(z), length)


def _one_side(length: int) -> Hits:
    return lambda z: _held(z > 0, length) | _held(z < 0, length)


def _trend(length: int) -> Hits:
    def hits(z: np.ndarray) -> np.ndarray:
        step = np.diff(z, axis=-1, prepend=z[..., :1])
        return _held(step > 0, length - 1) | _held(step < 0, length - 1)

    return hits


def _alternating(length: int) -> Hits:
    def hits(z: np.ndarray) -> np.ndarray:
        step = np.sign(np.diff(z, axis=-1, prepend=z[..., :1]))
        turned = np.zeros(z.shape, bool)
        turned[..., 1:] = step[..., 1:] * step[..., :-1] < 0
        return _held(turned, length - 2)

    return hits


RULES: Mapping[str, Hits] = {
    "beyond_3": lambda z: np.abs(z) > 3,
    "two_of_three_beyond_2": _of_last(2, 3, 2.0),
    "four_of_five_beyond_1": _of_last(4, 5, 1.0),
    "eight_one_side": _one_side(8),
    "nine_one_side": _one_side(9),
    "six_trending": _trend(6),
    "fourteen_alternating": _alternating(14),
    "fifteen_within_1": _all_of_last(15, lambda z: np.abs(z) < 1),
    "eight_outside_1": _all_of_last(8, lambda z: np.abs(z) > 1),
}
"""Rules by name, gravest first; each maps points (..., time) to signals of the same shape."""

SHEWHART = ("beyond_3",)
WESTERN_ELECTRIC = (
    "beyond_3",
    "two_of_three_beyond_2",
    "four_of_five_beyond_1",
    "eight_one_side",
)
NELSON = (
    "beyond_3",
    "two_of_three_beyond_2",
    "four_of_five_beyond_1",
    "nine_one_side",
    "six_trending",
    "fourteen_alternating",
    "fifteen_within_1",
    "eight_outside_1",
)

PUBLISHED_RUN_LENGTHS: Mapping[tuple[str, ...], float] = {
    ("beyond_3",): 370.40,
    ("beyond_3", "two_of_three_beyond_2"): 225.44,
    ("beyond_3", "four_of_five_beyond_1"): 166.05,
    ("beyond_3", "eight_one_side"): 152.73,
    ("beyond_3", "two_of_three_beyond_2", "four_of_five_beyond_1"): 132.89,
    ("beyond_3", "two_of_three_beyond_2", "eight_one_side"): 122.05,
    ("beyond_3", "four_of_five_beyond_1", "eight_one_side"): 105.78,
    WESTERN_ELECTRIC: 91.75,
}
"""Mean run lengths in control after Champ & Woodall (1987), table 1."""


def in_a_row(far: np.ndarray, run: int) -> np.ndarray:
    """Whether the last ``run`` points all lie on one side of 0; a missing point ends a run."""
    return _one_side(run)(np.asarray(far, dtype=float))


def broken_rules(
    z: np.ndarray, rules: Iterable[str] = WESTERN_ELECTRIC, *, run: int = 8
) -> list[str]:
    """Name the gravest rule that each point breaks.

    Parameters
    ----------
    z : ndarray of shape (periods,)
        Standardised points in time order; NaN where a period is missing, which ends runs.
    rules : Iterable[str]
        Names in :data:`RULES`.
    run : int
        Points in a row that ``eight_one_side`` asks for; more where few points set the centre.

    Returns
    -------
    list[str]
        ``""`` where no rule is broken; where several are, the one that is first in
        :data:`RULES`.

    References
    ----------
    Western Electric (1956); Nelson (1984).
    """
    z = np.asarray(z, dtype=float)
    found = np.full(z.shape, "", dtype=object)
    for name in reversed(_known(rules)):
        hits = in_a_row(z, run) if name == "eight_one_side" else RULES[name](z)
        found[hits] = name
    return found.tolist()


def ruled(
    points: Mapping[str, np.ndarray], rules: Iterable[str], *, run: int = 8
) -> dict[str, np.ndarray]:
    """Return a chart's columns with ``rule``, of :func:`broken_rules` on its ``z``, and ``signal``.

    Parameters
    ----------
    points : Mapping
        Columns of a chart, ``z`` among them.
    rules, run
        As of :func:`broken_rules`.
    """
    rule = np.array(broken_rules(points["z"], rules, run=run), dtype=object)
    return {**points, "rule": rule, "signal": rule != ""}


@dataclass(frozen=True, slots=True)
class RunLength:
    """Mean run length by simulation, with its Monte-Carlo standard error."""

    rules: tuple[str, ...]
    shift: float
    mean: float
    se: float
    replications: int


def run_length(
    rules: Iterable[str] = WESTERN_ELECTRIC,
    *,
    shift: float = 0.0,
    replications: int = 10_000,
    seed: int = 0,
    block: int = 128,
) -> RunLength:
    """Simulate how many independent normal points pass until a rule is broken.

    Parameters
    ----------
    rules : Iterable[str]
        Names in :data:`RULES`; the first broken one ends the run.
    shift : float
        Shift of the mean in standard deviations from the first point on; 0 is in control.
    replications : int
        Simulated charts.
    seed : int
        Seed of the draws.
    block : int
        Points drawn at a time; at least :data:`MEMORY`.

    Returns
    -------
    RunLength
        Nothing is cut off: every chart runs until it rings.

    References
    ----------
    Champ & Woodall (1987), Technometrics 29(4).
    """
    names = _known(rules)
    rng = np.random.default_rng(seed)
    lengths: list[np.ndarray] = []
    past = np.empty((replications, 0))
    done = 0
    while past.shape[0]:
        fresh = rng.normal(shift, 1.0, (past.shape[0], block))
        z = np.concatenate([past, fresh], axis=1)
        rang = np.zeros(z.shape, bool)
        for name in names:
            rang |= RULES[name](z)
        rang = rang[:, past.shape[1] :]
        ended = rang.any(axis=1)
        lengths.append(done + 1 + rang[ended].argmax(axis=1))
        past = z[~ended][:, -MEMORY:]
        done += block
    drawn = np.concatenate(lengths).astype(float)
    return RunLength(
        tuple(names), shift, drawn.mean(), drawn.std(ddof=1) / np.sqrt(drawn.size), drawn.size
    )


def _known(rules: Iterable[str]) -> list[str]:
    wanted = set(rules)
    if unknown := sorted(wanted - set(RULES)):
        raise ValueError(f"no run rule is called {unknown}; there are {list(RULES)}")
    if not wanted:
        raise ValueError(f"name at least one run rule of {list(RULES)}")
    return [name for name in RULES if name in wanted]
