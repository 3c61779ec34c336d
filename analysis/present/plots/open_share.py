"""Figure of the share of tickets still open, by hours since they were opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from analysis import wording
from analysis.present import theme
from analysis.present.plots import axes as ax
from analysis.settings import Language

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LOOKS = {
    ("treated", "before"): (theme.BLUE, (0, (4, 3))),
    ("treated", "after"): (theme.BLUE, "-"),
    ("comparison", "before"): (theme.ORANGE, (0, (1, 1.5))),
    ("comparison", "after"): (theme.ORANGE, (0, (6, 1, 1, 1))),
}


def open_share(frame: pd.DataFrame, *, language: Language, about: str = "resolve") -> Figure:
    """Draw the share still open over time, by arm, before and after training.

    Parameters
    ----------
    frame : DataFrame
        Columns ``arm``, ``phase``, ``hours``, ``open_share`` (0-1).
    language : {"zh_CN", "en"}
        Language of the words.
    about : {"resolve", "reply"}
        What the tickets wait for.
    """
    figure, grid = ax.new(3.4)
    axes = grid[0, 0]
    for (arm, phase), (colour, line) in _LOOKS.items():
        part = frame[(frame["arm"] == arm) & (frame["phase"] == phase)]
        axes.plot(
            part["hours"],
            100 * part["open_share"],
            color=colour,
            linestyle=line,
            linewidth=1.8,
            label=wording.text(f"causal.curve.{arm}_{phase}", language),
        )
    axes.set_ylim(0, 100)
    axes.set_xlim(0, frame["hours"].max())
    axes.set_xlabel(wording.text("causal.curve.hours", language))
    axes.set_ylabel(wording.text(f"causal.curve.open_share.{about}", language))
    ax.legend_above(axes, columns=2)
    return figure
