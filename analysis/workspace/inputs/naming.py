"""Names in checks put into words: questionnaires, items, columns and what measures what."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from analysis import wording
from analysis.client import Client
from analysis.indicators import of_client, registry
from analysis.results import Check, StageResults

Words = Mapping[str, str]

_SOURCES = ("surveys", "reactions", "ratings")


def named(found: StageResults, client: Client) -> StageResults:
    """Put titles of questionnaires, wordings of items and names of columns into the checks."""
    return replace(found, checks=tuple(_named(check, client) for check in found.checks))


def title(client: Client, instrument: str) -> Words | str:
    """Return a questionnaire's title by language; its name where the client gave none."""
    known = client.instruments.get(instrument)
    return known.title.model_dump() if known and known.title else instrument


def measure(client: Client, name: str) -> Words | str:
    """Return what an indicator, or an item as ``instrument.item``, is called."""
    instrument, _, item = name.partition(".")
    known = client.instruments.get(instrument)
    if known is None or item not in known.items:
        with registry.using(of_client(client)):
            return {lang: wording.indicator_title(name, lang) for lang in wording.LANGUAGES}
    return known.items[item].wording or name


def column(client: Client, name: str, table: str = "") -> Words | str:
    """Return what columns of a canonical table are called; ``/`` or ``, `` parts several."""
    if "." in name:
        return measure(client, name)
    keys = [_field(part, table) for part in re.split(r"/|, ", name)]
    if not all(wording.has(key) for key in keys):
        return name
    return {
        lang: wording.format_value([wording.text(key, lang) for key in keys], "", lang)
        for lang in wording.LANGUAGES
    }


def _field(name: str, table: str) -> str:
    """Return the key of a column, which in one table may stand for something else."""
    own = f"measurement.field.{table}.{name}"
    return own if wording.has(own) else f"measurement.field.{name}"


def _named(check: Check, client: Client) -> Check:
    params: dict[str, Any] = dict(check.params)
    of_table = partial(column, table=str(params.get("table", "")).rpartition(".")[2])
    writers: Mapping[str, Callable[[Client, str], Any]] = {
        "instrument": _instrument,
        "example": measure,
        "column": of_table,
        "columns": of_table,
        "absent": of_table,
        "covariates": _covariates,
    }
    for name, write in writers.items():
        if isinstance(params.get(name), str) and (params[name] or name == "instrument"):
            params[name] = write(client, params[name])
    known = client.instruments.get(str(check.params.get("instrument")))
    for name in ("items", "worst"):
        if known is not None and params.get(name) and isinstance(params[name], str):
            params[name] = _items(known, params[name])
    return replace(check, params=params)


def _instrument(client: Client, name: str) -> Words | str:
    if name in client.instruments:
        return title(client, name)
    if name in ("", *_SOURCES):
        return f"measurement.table.{name or 'ratings'}"
    return name


def _covariates(client: Client, names: str) -> Words:
    keys = [f"measurement.covariate.{name}" for name in names.split(", ")]
    return {
        lang: wording.format_value([wording.text(key, lang) for key in keys], "", lang)
        for lang in wording.LANGUAGES
    }


def _items(known: Any, names: str) -> Words:
    worded = {name: item.wording for name, item in known.items.items()}
    quoted = [f"“{worded.get(name) or name}”" for name in names.split(", ")]
    return {"zh_CN": "、".join(quoted), "en": ", ".join(quoted)}
