"""How every figure looks: fonts, sizes, colours and marks that do not need colour."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.present import fonts

INK = "#1f2933"
MUTED = "#5b6774"
RULE = "#d5dbe1"
BLUE = "#0b5c8f"
ORANGE = "#b8500c"
GREEN = "#0a7a5c"
VIOLET = "#6b4c9a"


@dataclass(frozen=True, slots=True)
class Style:
    """Colour, marker and line of one series; no two differ by colour alone."""

    colour: str
    marker: str
    line: str
    filled: bool = True

    @property
    def face(self) -> str:
        """Fill of the marker: its colour, or white when hollow."""
        return self.colour if self.filled else "white"


# Blue against orange stays apart in every common form of colour blindness.
SERIES: tuple[Style, ...] = (
    Style(BLUE, "o", "-"),
    Style(ORANGE, "s", "--", filled=False),
    Style(GREEN, "^", "-."),
    Style(VIOLET, "D", ":", filled=False),
    Style(INK, "v", (0, (5, 1, 1, 1))),
    Style(MUTED, "P", (0, (1, 1)), filled=False),
)

WIDTH = 7.8
"""Inches; a figure is as wide as the text column of a report."""


def apply() -> None:
    """Set Matplotlib's defaults. Safe to call again."""
    import matplotlib as mpl
    import seaborn as sns

    fonts.register()
    sns.set_theme(style="ticks")
    mpl.rcParams.update(
        {
            "font.family": fonts.FAMILIES,
            "font.size": 10,
            "axes.titlesize": 10.5,
            "axes.titlelocation": "left",
            "axes.titleweight": "normal",
            "axes.labelsize": 10,
            "xtick.labelsize": 9.5,
            "ytick.labelsize": 9.5,
            "legend.fontsize": 9.5,
            "legend.frameon": False,
            "text.color": INK,
            "axes.labelcolor": INK,
            "axes.edgecolor": MUTED,
            "xtick.color": MUTED,
            "ytick.color": MUTED,
            "xtick.labelcolor": INK,
            "ytick.labelcolor": INK,
            "axes.linewidth": 0.8,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.grid.axis": "y",
            "axes.axisbelow": True,
            "grid.color": RULE,
            "grid.linewidth": 0.6,
            "lines.linewidth": 1.6,
            "lines.markersize": 5.5,
            "axes.unicode_minus": True,
            "figure.constrained_layout.use": True,
            "figure.facecolor": "white",
            "svg.fonttype": "path",
            "svg.hashsalt": "crmeval",
            "mathtext.default": "regular",
        }
    )
