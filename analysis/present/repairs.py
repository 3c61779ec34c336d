"""The first screen of the baseline: can we start, and what has to be fixed first."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape

import pandas as pd

from analysis import wording
from analysis.present import sentences
from analysis.present.cards import SIGNS
from analysis.results import Check, Topic
from analysis.settings import Language

_SPOKEN = 4
"""Findings of one repair that are told in full; the others are counted."""


def readiness(
    verdict: Check, repairs: pd.DataFrame, checks: Sequence[Check], anchor: str, language: Language
) -> str:
    """Build the box: the answer, then each repair with what, why, who and what if not.

    Parameters
    ----------
    verdict : Check
        ``baseline.ready``.
    repairs : DataFrame
        ``rank, area, status, blocking, checks`` (ids as a JSON list).
    checks : Sequence of Check
        Those the repairs name, among others.
    anchor, language : str
        Unique id; language.
    """
    by_id = {check.id: check for check in checks}
    params = sentences.check_params(verdict)
    claim = sentences.sentence(verdict.reason, language, params)
    sign = f'<span class="sign" aria-hidden="true">{SIGNS[verdict.status]}</span> '
    ground = [_sentence("measurement.check.ready.ground", language, params)]
    absent = [
        sentences.label(check.params["table"], language)
        for check in checks
        if check.topic is Topic.PRESENT and check.status == "not_possible"
    ]
    if absent:
        words = wording.format_value(absent, "", language)
        ground.append(_sentence("measurement.check.ready.absent", language, {"tables": words}))
    items = [
        _repair(row, [by_id[id] for id in json.loads(row.checks)], language)
        for row in repairs.itertuples()
    ]
    listed = f'<ol class="repairs">{"".join(items)}</ol>' if items else ""
    told = "".join(f'<p class="ground">{escape(line)}</p>' for line in ground)
    return (
        f'<div class="crm" id="{anchor}"><div class="ready state-{verdict.status}">'
        f'<p class="verdict">{sign}<span>{escape(claim)}</span></p>{told}{listed}</div></div>'
    )


def _repair(row, checks: Sequence[Check], language: Language) -> str:
    stem = f"measurement.repair.{row.area}"
    found, remedies = [], []
    for check in checks:
        params = sentences.check_params(check)
        key = check.reason or check.question
        found.append(_with_subject(check, sentences.sentence(key, language, params), language))
        if check.remedy:
            remedies.append(sentences.sentence(check.remedy, language, params))
    found = list(dict.fromkeys(found))
    if len(found) > _SPOKEN:
        more = wording.text("measurement.repair.more", language, n=len(found) - _SPOKEN)
        found = [*found[:_SPOKEN], more]
    lines = [
        ("found", found),
        ("remedy", list(dict.fromkeys(remedies))),
        ("why", [wording.text(f"{stem}.why", language)]),
        ("who", [wording.text(f"{stem}.who", language)]),
        ("otherwise", [wording.text(f"{stem}.otherwise", language)]),
    ]
    told = "".join(
        f"<dt>{escape(wording.text(f'measurement.repair.head.{name}', language))}</dt>"
        f"<dd>{''.join(f'<p>{escape(words)}</p>' for words in parts)}</dd>"
        for name, parts in lines
        if parts
    )
    status = wording.text(
        "measurement.repair.blocking" if row.blocking else f"terms.status.{row.status}", language
    )
    title = wording.text(
        "report.labelled", language, label=status, value=wording.text(f"{stem}.title", language)
    )
    shown = " open" if row.rank == 1 else ""
    return (
        f'<li class="repair state-{row.status}"><details{shown}><summary>'
        f'<span class="rank">{row.rank}</span><span class="question">{escape(title)}</span>'
        f"</summary><dl>{told}</dl></details></li>"
    )


def _with_subject(check: Check, words: str, language: Language) -> str:
    """Lead a finding with the table or questionnaire it is about."""
    subject = check.params.get("instrument") or check.params.get("table")
    if subject is None or check.reason is None:
        return words
    if not isinstance(subject, str):
        subject = subject[language]
    name = sentences.label(subject, language, "measurement.table")
    if name in words:
        return words
    return wording.text("report.labelled", language, label=name, value=words)


def _sentence(key: str, language: Language, params) -> str:
    return sentences.sentence(key, language, params)
