"""How a column is converted: the kind and the options that its map in the client file asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analysis.client import Client, ColumnMap
from analysis.ingest.cleaning import OPTIONS, SECONDS, close
from analysis.ingest.scales import Scaled
from analysis.tables import Column

_OWN = (
    "header",
    "join",
    "pattern",
    "labels",
    "aliases",
    "factor",
    "reversed",
    "hashed",
    "not_personal",
)


def how(
    client: Client,
    column: str,
    spec: Column,
    mapping: ColumnMap,
    scaled: Scaled | None,
    *,
    date_system: str,
    known: Mapping[str, frozenset[str]],
) -> tuple[str, dict[str, Any]]:
    """Return the kind of conversion and its options."""
    labels, no_value = _labels(client, mapping)
    kind = "month" if column == "month" else spec.kind
    if kind == "number" and spec.unit in SECONDS:
        kind = "duration"
    options: dict[str, Any] = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in mapping.model_dump(exclude=set(_OWN)).items()
        if value not in (None, (), {}, False)
    }
    if no_value:
        options["missing"] = [*options.get("missing", ()), *no_value]
    if scaled is not None:
        kind = "score"
        options |= {"low": scaled.low, "high": scaled.high}
        if scaled.turned or mapping.reversed:
            options["reverse"] = True
    elif spec.kind in ("int", "number") and labels:
        kind = "score"
        options["whole"] = spec.kind == "int"
    if kind in ("int", "number", "score", "share") and scaled is None:
        for name, bound in (("low", spec.low), ("high", spec.high)):
            if bound is not None:
                options[name] = bound / (mapping.factor or 1)
        if mapping.reversed and kind == "score":
            options["reverse"] = True
    if kind == "duration":
        options["cell_unit"] = options.pop("unit", spec.unit)
        options["unit"] = spec.unit
    if kind == "instant":
        options.setdefault("zone", client.client.timezone)
    if kind in ("date", "month", "instant"):
        options["date_system"] = date_system
    if mapping.aliases is not None:
        aliases = client.aliases[mapping.aliases]
        aliases = {raw: close(found) for raw, found in aliases.items()}
        ids = set(aliases.values()) | known.get(spec.refers or "", frozenset())
        return "label", _only(options, "label") | {
            "labels": aliases,
            "allowed": sorted(ids),
        }
    if kind == "bool" and labels:
        options["true"] = [raw for raw, value in labels.items() if value is True]
        options["false"] = [raw for raw, value in labels.items() if value is False]
    elif labels and kind in ("score", "label", "share"):
        options["labels"] = labels
    elif labels:
        options["labels"] = labels  # told as unfit
    if kind == "label" and spec.labels:
        options["allowed"] = list(spec.labels)
    return kind, {name: value for name, value in options.items() if value is not None}


def _labels(client: Client, mapping: ColumnMap) -> tuple[dict[str, Any], list[str]]:
    labels = mapping.labels
    if isinstance(labels, str):
        labels = client.labels[labels]
    labels = labels or {}
    known = {raw: value for raw, value in labels.items() if value is not None}
    return known, [raw for raw, value in labels.items() if value is None]


def unfit(mapping: ColumnMap, kind: str, options: Mapping[str, Any]) -> list[str]:
    """Return the options that the kind does not have."""
    wrong = [name for name in options if name not in OPTIONS[kind]]
    if mapping.factor is not None and kind not in ("number", "int", "duration"):
        wrong.append("factor")
    if mapping.reversed and kind != "score":
        wrong.append("reversed")
    return wrong


def _only(options: Mapping[str, Any], kind: str) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name in OPTIONS[kind]}
