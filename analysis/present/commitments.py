"""What was locked before results were seen and what differs now, as lines below a title."""

from __future__ import annotations

import json
from collections.abc import Iterable
from html import escape
from typing import Any

import pandas as pd

from analysis import wording
from analysis.present import sentences
from analysis.present.cards import SIGNS
from analysis.results import Check, StageResults, Topic
from analysis.settings import Language

_SHOWN = 6


def notice(results: StageResults, language: Language) -> str:
    """Return one line for plan and baseline each, and the deviations below it.

    Where both are as locked, one line says so, and the others are folded.

    Parameters
    ----------
    results : StageResults
        Holds the checks of both locks and the table ``deviations``; empty text without them.
    language : {"zh_CN", "en"}
        Language.
    """
    checks = _checks(results)
    if not checks:
        return ""
    rows = results.table_or_empty("deviations")
    lines = "".join(_line(check, rows, language) for check in checks)
    label = escape(wording.text("locks.label", language))
    told = f'<ul class="crm commitments" aria-label="{label}">{lines}</ul>'
    kept = as_locked(results, language)
    if not kept:
        return told
    return (
        f'<details class="crm kept"><summary><span class="sign state-passed" aria-hidden="true">'
        f"{SIGNS['passed']}</span> {escape(kept)}</summary>{told}</details>"
    )


def as_locked(results: StageResults, language: Language) -> str:
    """Return the words that all is as it was locked; empty where it is not, or nothing was."""
    checks = _checks(results)
    rows = results.table_or_empty("deviations")
    if not checks or len(rows) or any(check.status != "passed" for check in checks):
        return ""
    return wording.text(f"locks.kept.{'both' if checks[1:] else checks[0].dims['lock']}", language)


def _checks(results: StageResults) -> list[Check]:
    return [check for check in results.checks if check.topic is Topic.LOCK]


def _line(check: Check, rows: pd.DataFrame, language: Language) -> str:
    words = sentences.sentence(check.reason, language, sentences.check_params(check))
    if check.params.get("simulated"):
        words = wording.text("locks.simulated", language, words=words)
    mine = rows[rows["lock"] == check.dims["lock"]] if len(rows) else rows
    return (
        f'<li class="state-{check.status}"><span class="sign" aria-hidden="true">'
        f"{SIGNS[check.status]}</span> <div><p>{escape(words)}</p>{_list(mine, language)}</div>"
        "</li>"
    )


def _list(rows: pd.DataFrame, language: Language) -> str:
    if rows.empty:
        return ""
    said = [f"<li>{escape(deviation(row, language))}</li>" for row in _records(rows)]
    more = ""
    if said[_SHOWN:]:
        head = escape(wording.text("locks.more", language, n=len(said) - _SHOWN))
        more = f"<details><summary>{head}</summary><ul>{''.join(said[_SHOWN:])}</ul></details>"
    return f"<ul>{''.join(said[:_SHOWN])}</ul>{more}"


def _records(rows: pd.DataFrame) -> Iterable[dict[str, Any]]:
    return rows.fillna("").to_dict("records")


def deviation(row: dict[str, Any], language: Language) -> str:
    """Say one deviation: what, locked value, present value, since when, why."""
    what = _what(row, language)
    then, now = (_value(row, row[side], language) for side in ("locked", "now"))
    change = "added" if row["locked"] == "" else "removed" if row["now"] == "" else "changed"
    if row["part"] == "hashes":
        change = "content"
    words = wording.text(f"locks.row.{change}", language, what=what, locked=then, now=now)
    if row["reason"]:
        said = {"since": row["since"], "reason": row["reason"]}
        return wording.text("locks.row.reason", language, change=words, **said)
    if row["since"]:
        return wording.text("locks.row.since", language, change=words, since=row["since"])
    return words


def _what(row: dict[str, Any], language: Language) -> str:
    part = wording.text(f"locks.part.{row['part']}", language)
    words = [part, _item(row["part"], row["item"], language)]
    if row["leaf"]:
        leaf = row["leaf"]
        known = wording.has(f"locks.leaf.{leaf}")
        words.append(wording.text(f"locks.leaf.{leaf}", language) if known else leaf)
    said = [word for word in words if word]
    while len(said) > 1:
        label, value, *rest = said
        said = [wording.text("report.labelled", language, label=label, value=value), *rest]
    return said[0]


def _item(part: str, item: str, language: Language) -> str:
    if part == "goals":
        indicator, _, rest = item.partition(" ")
        horizon, _, rest = rest.partition(" ")
        title = sentences.indicator_title(indicator, language)
        term = sentences.label(horizon, language, "design.horizon")
        return wording.text("locks.goal", language, title=title, term=term, rest=rest).strip()
    if part in ("benefits", "levels", "outcomes"):
        return sentences.indicator_title(item, language)
    if part in ("rows", "hashes"):
        return sentences.label(item, language, "locks.table")
    return sentences.label(item, language, "locks.leaf")


def _value(row: dict[str, Any], text: str, language: Language) -> str:
    """Write a locked value as a reader knows it."""
    value = json.loads(text) if text else None
    if value is None or value in ({}, []):
        return wording.text("locks.nothing", language)
    if isinstance(value, list):
        return wording.format_value([_word(row, v, language) for v in value], "", language)
    return _word(row, value, language)


def _word(row: dict[str, Any], value: Any, language: Language) -> str:
    if isinstance(value, bool) or not isinstance(value, str):
        return f"{value:.6g}" if isinstance(value, float) else str(value)
    if row["part"] == "choices":
        key = f"design.conflicts.{row['item']}.{value}"
        return wording.text(key, language).rstrip("。.") if wording.has(key) else value
    if row["part"] in ("primary_outcome", "secondary_outcomes"):
        return sentences.indicator_title(value, language)
    for prefix in ("design.reading", "design.horizon", "terms.assigned_by", "terms.arm"):
        if wording.has(f"{prefix}.{value}"):
            return wording.text(f"{prefix}.{value}", language)
    return value
