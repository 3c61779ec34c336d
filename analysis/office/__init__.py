"""A finished run in the formats of the trade: Word, PowerPoint, one PDF and one long picture."""

from __future__ import annotations

from analysis.office.export import FORMATS, Exported, Left, Templates, export

__all__ = ["FORMATS", "Exported", "Left", "Templates", "export"]
