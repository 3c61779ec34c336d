"""Did the CRM training of a property-management company work? Evidence from its own exports.

``import analysis`` is light: rooms and names are loaded when first used. The rooms, in the
order in which data flows through them, are ``ingest``, ``indicators``, ``measurement``,
``design``, ``monitoring``, ``causal``, ``value``, ``findings``, ``present`` and ``report``;
``workspace`` opens one client for a notebook; ``study`` takes a researcher's own panel.
"""

from __future__ import annotations

import importlib
from typing import Any

_ROOMS = (
    "causal",
    "client",
    "design",
    "errors",
    "findings",
    "indicators",
    "ingest",
    "measurement",
    "monitoring",
    "present",
    "report",
    "results",
    "simulation",
    "study",
    "tables",
    "value",
    "wording",
    "workspace",
)

_NAMES = {
    "Alert": "results",
    "Check": "results",
    "Estimate": "results",
    "Finding": "results",
    "StageResults": "results",
    "build_panel": "indicators",
    "etable": "study",
    "evaluate": "study",
    "newest_run": "report",
    "open_chapter": "report",
    "open_stage": "workspace",
    "outcome": "indicators",
    "panelview": "study",
    "simulate": "simulation",
}

__all__ = sorted([*_ROOMS, *_NAMES])


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f"analysis.{name}")
    if name in _NAMES:
        return getattr(importlib.import_module(f"analysis.{_NAMES[name]}"), name)
    raise AttributeError(f"module 'analysis' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
