"""How results show themselves where a notebook displays them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

WRITER = "analysis.present.rich"
"""Module whose ``html`` writes results; looked up when asked for, as results know no words."""


class Shown:
    """Gives a notebook HTML; where none can be shown, it shows the text of the result."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        """Return HTML without style of its own, for light, dark and untrusted notebooks alike."""
        return import_module(WRITER).html(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """Return the HTML of both languages, for a report of the notebook."""
        return import_module(WRITER).both(self)
