"""Sites by number of answers and share, within the limits that their numbers allow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from analysis import wording
from analysis.present import theme
from analysis.present.plots import axes as ax
from analysis.settings import Language

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_NAMED = 8
"""Sites outside the limits that are named in the figure; all are in the table."""


def site_funnel(
    frame: pd.DataFrame,
    *,
    language: Language,
    indicator: str | None = None,
    unit: str | None = None,
) -> Figure:
    """Draw every site's share by its number of answers, with the limits about all sites' share.

    Parameters
    ----------
    frame : DataFrame
        Table ``funnel``: ``subject, n, value, centre, inner_low, inner_high, outer_low,
        outer_high, outside``.
    language : {"zh_CN", "en"}
        Language of the words.
    indicator, unit : str, optional
        What is drawn, for the axis.
    """
    figure, grid = ax.new(3.6)
    axes, scale = grid[0, 0], ax.factor(unit)
    rows = frame.sort_values("n")
    x = rows["n"].astype(float)
    drawn = {name: scale * rows[name].astype(float) for name in rows if name not in _WORDS}
    axes.axhline(
        drawn["centre"].iloc[0],
        color=theme.MUTED,
        linewidth=1.8,
        label=wording.text("report.series.all_sites", language),
    )
    for name, dash in (("outer", (0, (4, 3))), ("inner", (0, (1, 1.5)))):
        for side in ("low", "high"):
            axes.plot(
                x,
                drawn[f"{name}_{side}"],
                color=theme.MUTED,
                linewidth=1,
                linestyle=dash,
                label=wording.text(f"report.series.{name}", language) if side == "low" else None,
            )
    out = (rows["outside"] != "").to_numpy()
    dots = {"linestyle": "none", "marker": "o", "markersize": 4.5, "zorder": 3}
    axes.plot(x[~out], drawn["value"][~out], color=theme.BLUE, **dots)
    axes.plot(x[out], drawn["value"][out], color=theme.ORANGE, **dots)
    for row in rows[out].head(MOST_NAMED).itertuples():
        place = (float(row.n), scale * float(row.value))
        axes.annotate(
            str(row.subject), place, xytext=(4, 3), textcoords="offset points", fontsize=7.5
        )
    axes.set_ylabel(ax.value_label(indicator, unit, language))
    axes.set_xlabel(wording.text("report.axis.answers", language))
    ax.legend_above(axes)
    return figure


_WORDS = ("subject", "outside", "n")
