"""Faults of exports and client files as numbered lines."""

from __future__ import annotations

from typing import Any

import click

from analysis.cli.voice import Voice


def list_faults(voice: Voice, client: str, faults: Any) -> None:
    """List the kinds of faults by number, with place, rule and a correct example."""
    from analysis import wording
    from analysis.errors import by_kind

    kinds = by_kind(faults)
    for number, kind in enumerate(kinds, start=1):
        fault = kind.faults[0]
        rows = _rows(voice, fault)
        place = " / ".join(part for part in (fault.file, fault.sheet, rows, fault.column) if part)
        value = f" [{fault.value}]" if fault.value is not None else ""
        note = "" if fault.blocking else " " + voice.text("cli.check.advisory")
        example = wording.fault_example(fault, voice.language)
        sentence = wording.fault_sentence(fault, voice.language)
        click.echo(f"{number}. {place}{value}{note}")
        click.echo(f"   {sentence} ({fault.rule})")
        click.echo(f"   {voice.text('cli.check.example', example=example)}")
        if len(kind.faults) > 1:
            click.echo(f"   {_others(voice, kind)}")
    if not faults:
        voice.say("check.clean", client=client)
        return
    blocking = sum(kind.faults[0].blocking for kind in kinds)
    voice.say("check.found", client=client, count=len(kinds), blocking=blocking)


_LISTED_ROWS = 20
"""Further rows of a kind of fault that are listed; the rest is counted."""


def _others(voice: Voice, kind: Any) -> str:
    """Return where else a kind of fault stands, with each cell, and how often in all."""
    shown = kind.faults[1 : _LISTED_ROWS + 1]
    places = [
        f"{_rows(voice, fault) or ''}{'' if fault.value is None else f' [{fault.value}]'}".strip()
        for fault in shown
    ]
    listed = sum(1 + fault.more_rows for fault in kind.faults[: len(shown) + 1])
    told = ", ".join(place for place in places if place)
    if kind.rows > listed:
        return voice.text("cli.check.also_more", places=told, more=kind.rows - listed)
    return voice.text("cli.check.also", places=told)


def _rows(voice: Voice, fault: Any) -> str | None:
    """Return the row of a fault, and how many more are told with it."""
    if fault.row is None or not fault.more_rows:
        return None if fault.row is None else voice.text("cli.check.row", row=fault.row)
    key = "rows_of_files" if fault.more_files else "rows"
    counts = {"more": fault.more_rows, "files": fault.more_files}
    return voice.text(f"cli.check.{key}", row=fault.row, **counts)
