"""Texts of the client file itself that reports show: they too name nobody."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from analysis.client import Client
from analysis.errors import Fault
from analysis.ingest.identifiers_seen import identifier_kind
from analysis.ingest.problems import fault, personal_params

_SHOWN = frozenset(
    {"client", "instruments", "outcomes", "goals", "claims", "coverage", "design", "value"}
)
"""Parts of the file whose texts reach pages; the reasons of other parts stay in records."""


def personal_texts(client: Client) -> list[Fault]:
    """Return a fault for each text that looks like a direct identifier; it is never repeated.

    Parameters
    ----------
    client : Client
        The loaded client file.
    """
    shown: dict[str, Any] = client.model_dump(include=set(_SHOWN))
    shown["privacy"] = {"purpose": client.privacy.purpose}
    return [
        fault(
            "personal_text",
            params=personal_params(kind),
            file=client.path.name,
            row=client.line_of(*path),
            column=".".join(map(str, path)),
        )
        for path, text in _texts(shown, ())
        if (kind := identifier_kind(text)) is not None
    ]


def _texts(part: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(part, str):
        yield path, part
    elif isinstance(part, dict):
        for key, value in part.items():
            yield from _texts(value, (*path, key))
    elif isinstance(part, list | tuple):
        for number, value in enumerate(part):
            yield from _texts(value, (*path, number))
