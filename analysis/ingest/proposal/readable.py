"""What of a proposed client file can be read although others of its lines are still to be decided.

Enough to tell, before anything is evaluated, how small an effect the roll-out can find: the list of
sites, the table of waves, and what one outcome is counted from. Nothing is decided here in the
client's place: a source with an open line that matters is left out, and named.
"""

from __future__ import annotations

from typing import Any

from analysis.tables import TABLES

DECIDE = "DECIDE"
NEEDED = ("sites", "waves")
OUTCOMES = ("surveys", "survey_means", "tickets", "ticket_counts", "fees")
#: Columns that are of use beside those that a table cannot do without; others are not read.
USED = {
    "sites": ("site_name", "households"),
    "waves": ("planned_start", "actual_start", "assigned_by"),
    "tickets": ("kind",),
    "surveys": ("item", "instrument", "score", "missing"),
    "survey_means": ("score", "answers"),
    "fees": ("receivable", "waived", "collected"),
}
#: Months that hold every export; which of them are measured is read from the data.
WIDEST = {"first": "1990-01", "last": "2099-12"}


def readable(document: dict[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the part of a proposal that can be read, and the places that keep the rest out.

    Parameters
    ----------
    document : dict
        The proposed client file, parsed. Not modified.

    Returns
    -------
    dict
        A client file with the sources that are needed and decided, without any person; its name,
        purpose and period are placeholders.
    tuple of str
        Places still to be decided, e.g. ``waves.arm``; in the order of the file.
    """
    name = document["client"]["id"]
    open_places: list[str] = []
    instruments = {}
    for key, asked in (document.get("instruments") or {}).items():
        if DECIDE not in (asked.get("scale"), asked.get("satisfied")):
            instruments[key] = asked
    sources = []
    for source in document.get("sources") or ():
        table = source.get("table")
        if table not in (*NEEDED, *OUTCOMES):
            continue
        kept, wrong = _decided(source)
        instrument = (source.get("constants") or {}).get("instrument")
        asks = table in ("surveys", "survey_means") and instrument is not None
        if asks and instrument not in instruments:
            wrong = [*wrong, f"instruments.{instrument}"]
        open_places += [place if "." in place else f"{table}.{place}" for place in wrong]
        if not wrong:
            sources.append(kept)
    used = {(source.get("constants") or {}).get("instrument") for source in sources}
    aliases = {
        kind: {spelling: known for spelling, known in spellings.items() if known != DECIDE}
        for kind, spellings in (document.get("aliases") or {}).items()
    }
    labels = {
        key: {label: value for label, value in values.items() if value != DECIDE}
        for key, values in (document.get("labels") or {}).items()
    }
    read = {
        "client": {
            "id": name,
            "name": {"zh_CN": name, "en": name},
            "timezone": document["client"].get("timezone", "Asia/Shanghai"),
        },
        "period": dict(WIDEST),
        "privacy": {"purpose": name, "legal_basis": {"default": name}},
        "labels": labels,
        "aliases": aliases,
        "instruments": {key: asked for key, asked in instruments.items() if key in used},
        "sources": sources,
    }
    return {key: part for key, part in read.items() if part}, tuple(open_places)


def _decided(source: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return a source without people and open columns it can do without; needed open ones."""
    spec = TABLES[source["table"]]
    columns, drop = {}, dict.fromkeys(source.get("drop") or {}, "not needed here")
    wrong = []
    for column, place in (source.get("columns") or {}).items():
        about = spec.columns[column]
        undecided = _undecided(place)
        needed = about.required or column in spec.key
        used = column in USED.get(source["table"], ())
        if undecided and needed:
            wrong.append(column)
        elif undecided or not (needed or used):
            drop |= dict.fromkeys(_headers(place), "not needed here")
        else:
            columns[column] = place
    taken = {header for place in columns.values() for header in _headers(place)}
    kept = {**source, "columns": columns}
    kept["drop"] = {header: why for header, why in drop.items() if header not in taken}
    return kept, wrong


def _undecided(place: Any) -> bool:
    if isinstance(place, dict):
        return any(map(_undecided, place.values()))
    return place == DECIDE


def _headers(place: Any) -> tuple[str, ...]:
    found = place.get("from", ()) if isinstance(place, dict) else place
    listed = (found,) if isinstance(found, str) else tuple(found)
    return tuple(header for header in listed if not header.startswith("$") and header != DECIDE)
