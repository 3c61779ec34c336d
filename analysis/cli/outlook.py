"""What a check says besides faults: outcomes, waves, smallest effects, contradictions."""

from __future__ import annotations

import math
from typing import Any

import click

from analysis.cli.voice import Voice, print_table
from analysis.settings import TRAINING

_MOST_NAMED = 8
"""Sites that a line of the check names; the others are counted."""


def tell_missing(voice: Voice, opened: Any) -> None:
    """Name the tables that nothing feeds; without waves no effect can be estimated."""
    from analysis.tables import OF_TRAINING, TABLES

    missing = [table for table in TABLES if not opened.sources_of(table)]
    missing = [table for table in missing if table != "instruments"]  # a section of its own
    if opened.programme != TRAINING:
        missing = [table for table in missing if table not in OF_TRAINING]
    if missing:
        voice.say("check.not_fed", tables=", ".join(missing))
    if "waves" in missing:
        voice.say("check.no_waves")


def tell_programme(voice: Voice, opened: Any) -> None:
    """Say what becomes of tables that only a training needs, and of an appraisal without weights.

    Nothing is said of a training.
    """
    from analysis.tables import OF_TRAINING

    if opened.programme == TRAINING:
        return
    name = f"cli.programme.{opened.programme}"
    voice.say("check.programme", programme=voice.text(name))
    if unused := [table for table in OF_TRAINING if opened.sources_of(table)]:
        voice.say("check.unused", tables=", ".join(unused))
    if opened.programme == "appraisal" and not opened.appraisal:
        voice.say("check.no_weights")


def tell_outlook(voice: Voice, outlook: Any, *, trained: bool = True) -> None:
    """Say which outcomes can be measured, and whether training and measurement meet."""
    from analysis.tables import month_of

    def title(name: str) -> str:
        return f"{voice.title(name)} ({name})"

    if not outlook.measured:
        voice.say("check.no_outcome")
    else:
        voice.say("check.outcomes")
    for name, (first, last, sites) in outlook.measured.items():
        months = {"first": f"{month_of(first):%Y-%m}", "last": f"{month_of(last):%Y-%m}"}
        words = voice.text("cli.check.outcome", title=title(name), sites=sites, **months)
        click.echo(f"   {words}")
    others = [name for name in outlook.measured if name != outlook.primary]
    for name, lacking in outlook.lacking.items():
        key = "primary" if name == outlook.primary else "named"
        why = "lacking" if lacking else "no_rows"
        voice.say(f"check.{key}_{why}", title=title(name), lacking=", ".join(lacking))
        if name == outlook.primary and others:
            voice.say("check.choose_primary", other=others[0])
    if not trained:
        return
    first, last, _ = outlook.measured.get(outlook.primary, (None, None, None))
    for place, month in (("early", first), ("late", last), ("unmeasured", last)):
        if sites := getattr(outlook, place):
            words = _sites_named(voice, sites)
            when = f"{month_of(month):%Y-%m}"
            voice.say(f"check.{place}", sites=words, month=when, title=title(outlook.primary))
    if not outlook.trained and not outlook.listed:
        return  # without waves; told with the tables that nothing feeds
    if not outlook.trained:
        voice.say("check.none_trained")
    elif outlook.unlisted:
        key = "unlisted" if outlook.listed else "only_trained"
        voice.say(f"check.{key}", sites=_sites_named(voice, outlook.unlisted))
    elif not outlook.listed:
        key = "all_trained_in_waves" if outlook.n_waves > 1 else "all_trained_at_once"
        voice.say(f"check.{key}", count=len(outlook.trained), waves=outlook.n_waves)


def tell_detectable(voice: Voice, found: Any) -> None:
    """Show the smallest effect that can be found, by what leads, or say what is lacking."""
    if found.table is None:
        places = ", ".join(found.places[:_MOST_NAMED])
        more = len(found.places) - _MOST_NAMED
        if more > 0:
            places = voice.text("cli.detectable.places_more", shown=places, more=more)
        why = voice.text(found.reason, places=places)
        voice.say("detectable.lacking", reason=why)
        return
    voice.say(
        "detectable.table", title=voice.title(found.indicator), alpha=found.alpha, power=found.power
    )
    columns = ("estimator", "mde", "ratio", "power", "leads")
    print_table(
        [voice.text(f"design.column.{column}") for column in columns],
        [
            (
                voice.text(f"design.estimator.{row.estimator}"),
                "—" if math.isnan(row.mde) else voice.size(row.mde, found.unit),
                "—" if math.isnan(row.ratio) else f"{row.ratio:.0%}",
                voice.chance(row.power),
                voice.text(f"design.lead.{str(bool(row.leads)).lower()}"),
            )
            for row in found.table.itertuples()
        ],
    )


def _sites_named(voice: Voice, sites: tuple[str, ...]) -> str:
    """Return sites as a sentence names them: how many, and the first of them."""
    shown = ", ".join(sites[:_MOST_NAMED])
    more = len(sites) - _MOST_NAMED
    key = "sites_more" if more > 0 else "sites"
    return voice.text(f"cli.check.{key}", count=len(sites), shown=shown, more=more)


def tell_open(voice: Voice, opened: Any, *, listed: bool = False) -> None:
    """Count the contradictions between requirements that the client has not decided.

    ``listed`` shows each with the readings to choose from.
    """
    from analysis.client.readings import READINGS

    still_open = [id for id in READINGS if id not in opened.choices]
    if not still_open:
        return
    voice.say("check.open" if listed else "check.open_folded",
              count=len(still_open), client=opened.id)  # fmt: skip
    for id in still_open if listed else ():
        question = voice.text(f"design.conflicts.{id}.question")
        click.echo(f"   {id}  {question}: {' | '.join(READINGS[id].readings)}")
