"""A researcher's own panel: from a data frame to an effect, a table and a figure.

:func:`evaluate` takes a tidy frame with any column names and any kind of period, and returns a
:class:`Study`, which prints as one screen and gives frames, LaTeX, Markdown and Matplotlib axes.
It is the estimator of the reports, with the same defaults; nothing here needs a client.
"""

from analysis.study.figures import panelview
from analysis.study.periods import Calendar, PanelError, Step
from analysis.study.study import Study, evaluate
from analysis.study.table import Table, etable

__all__ = [
    "Calendar",
    "PanelError",
    "Step",
    "Study",
    "Table",
    "etable",
    "evaluate",
    "panelview",
]
