"""What each notebook shows of its stage: one class a stage, one method a chapter.

A chapter takes the steps whose checks and key figures it shows; its tables and figures come from
the stored results, laid out as :mod:`analysis.present.views` declares them. Nothing is computed.
Programmes in which nothing is rolled out to sites have a class of their own for each stage.
"""

from analysis.workspace.pages.baseline import BaselinePage, MeasurementPage
from analysis.workspace.pages.design import DesignPage, PlanPage
from analysis.workspace.pages.monitoring import MonitoringPage, WeekPage
from analysis.workspace.pages.page import Page
from analysis.workspace.pages.tracking import ScorecardPage, TrackingPage
from analysis.workspace.pages.value import TargetsPage, ValuePage

__all__ = [
    "BaselinePage",
    "DesignPage",
    "MeasurementPage",
    "MonitoringPage",
    "Page",
    "PlanPage",
    "ScorecardPage",
    "TargetsPage",
    "TrackingPage",
    "ValuePage",
    "WeekPage",
]
