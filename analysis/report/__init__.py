"""Run folders become pages: a report a stage, a decision brief a run, a portfolio of clients."""

from __future__ import annotations

from analysis.report.appearance import keep_appearance
from analysis.report.build import build, make_ahead
from analysis.report.export import export
from analysis.report.forms import FOLDER as FORMS_FOLDER
from analysis.report.forms import write_forms
from analysis.report.kept_settings import keep_settings
from analysis.report.portfolio import portfolio
from analysis.report.printing import print_pages
from analysis.report.questionnaires import unworded
from analysis.report.run import Run, newest_run, open_chapter, open_run
from analysis.report.sharing import share

__all__ = [
    "FORMS_FOLDER",
    "Run",
    "build",
    "export",
    "keep_appearance",
    "keep_settings",
    "make_ahead",
    "newest_run",
    "open_chapter",
    "open_run",
    "portfolio",
    "print_pages",
    "share",
    "unworded",
    "write_forms",
]
