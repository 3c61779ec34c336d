"""What each notebook shows of its stage: one class a stage, one method a chapter.

A chapter takes the steps whose checks and key figures it shows; its tables and figures come from
the stored results, laid out as :mod:`analysis.present.views` declares them. Nothing is computed.
"""

from analysis.workspace.pages.baseline import BaselinePage
from analysis.workspace.pages.design import DesignPage
from analysis.workspace.pages.monitoring import MonitoringPage
from analysis.workspace.pages.page import Page
from analysis.workspace.pages.tracking import TrackingPage
from analysis.workspace.pages.value import ValuePage

__all__ = ["BaselinePage", "DesignPage", "MonitoringPage", "Page", "TrackingPage", "ValuePage"]
