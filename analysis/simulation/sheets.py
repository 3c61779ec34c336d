"""Answers to the single items of one test, which add up to its scores."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.simulation.parameters import WorldParameters
from analysis.simulation.sites import stream

MODULE, FORM, VERSION = "客户沟通技巧", "written", "A卷"
ITEMS = 40
ITEM_NAMES = tuple(f"t{i:02d}" for i in range(1, ITEMS + 1))
FULL_POINTS = 2.5
EASY_ITEM, HARD_ITEM, MISKEYED_ITEM = 6, 30, 22
"""Places of the items that a test analysis is to find: too easy, too hard, and marked by a
wrong key, so that good candidates lose its points."""


def draw_test_answers(parameters: WorldParameters, assessments: pd.DataFrame) -> pd.DataFrame:
    """Draw the canonical table ``test_answers``: first attempts after one module's training.

    Every candidate gets full points for the items that lie furthest on their good side until
    the score is used up; the rest of it is part of the points of the next item.
    """
    rng = stream(parameters, "test_answers")
    wanted = {"module": MODULE, "form": FORM, "occasion": "post", "attempt": 1}
    mine = assessments[(assessments[list(wanted)] == pd.Series(wanted)).all(axis=1)]
    mine = mine.reset_index(drop=True)
    score = mine["score"].to_numpy(dtype=float)
    hard = rng.normal(0, 0.4, ITEMS)
    hard[[EASY_ITEM, HARD_ITEM, MISKEYED_ITEM]] = (-4.0, 4.0, 0.5)
    margin = rng.standard_normal((len(mine), ITEMS)) - hard
    if len(mine) > 1:
        margin[:, MISKEYED_ITEM] -= 2.5 * (score - score.mean()) / max(score.std(), 1.0)
    place = np.argsort(np.argsort(-margin, axis=1), axis=1)
    points = np.clip(score[:, None] - FULL_POINTS * place, 0, FULL_POINTS)
    rows = np.repeat(np.arange(len(mine)), ITEMS)
    names = np.array(ITEM_NAMES, dtype=object)
    return pd.DataFrame(
        {
            **{
                name: mine[name].to_numpy(dtype=object)[rows]
                for name in ("staff_id", "module", "occasion", "form", "attempt")
            },
            "item": np.tile(names, len(mine)),
            "version": VERSION,
            "answered_on": mine["assessed_on"].to_numpy(dtype=object)[rows],
            "score": points.ravel(),
            "full_score": FULL_POINTS,
        }
    )
