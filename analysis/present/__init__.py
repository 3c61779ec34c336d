"""Results become tables, figures and sentences; the only room that draws. It never estimates."""

from __future__ import annotations

from analysis.present import plots
from analysis.present.display import ADDED, MIME, Display, stylesheet
from analysis.present.fonts import FontError
from analysis.present.suppression import suppressed

__all__ = ["ADDED", "MIME", "Display", "FontError", "plots", "stylesheet", "suppressed"]
