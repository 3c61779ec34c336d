"""The sentence and the correct example of a fault, in either language."""

from __future__ import annotations

from typing import Any

from analysis.errors import Fault
from analysis.wording.catalogue import Language, has, text

_SECTIONS = ("faults", "faults_reading")
_KEY = "_key"


def fault_sentence(fault: Fault, language: Language) -> str:
    """Return what is wrong, without the place; the fault's own English where no wording is."""
    return _said(fault, language, "") or fault.message


def fault_example(fault: Fault, language: Language) -> str:
    """Return what a correct entry looks like."""
    return _said(fault, language, "example.") or fault.example


def _said(fault: Fault, language: Language, part: str) -> str | None:
    key = next((k for s in _SECTIONS if has(k := f"{s}.{part}{fault.rule}")), None)
    return None if key is None else text(key, language, **_params(fault, language))


def _params(fault: Fault, language: Language) -> dict[str, Any]:
    """Return a fault's parameters; ``<name>_key`` is worded and becomes ``<name>``."""
    place = {"file": fault.file, "sheet": fault.sheet, "row": fault.row, "column": fault.column}
    given: dict[str, Any] = place | {"value": fault.value} | dict(fault.params)
    for name, key in fault.params.items():
        if name.endswith(_KEY):
            given[name.removesuffix(_KEY)] = text(str(key), language, **given)
    near = given.get("near")
    given["nearest"] = text("faults.nearest", language, near=near) if near else ""
    return given
