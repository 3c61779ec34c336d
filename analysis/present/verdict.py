"""The first screen of the design: can it be shown, and what must be decided first."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from analysis import wording
from analysis.present import sentences
from analysis.present.cards import SIGNS
from analysis.results import Check
from analysis.settings import Language


def verdict(check: Check, decisions: Sequence[Check], anchor: str, language: Language) -> str:
    """Build the box: the answer, its ground, then each decision with what to do.

    Parameters
    ----------
    check : Check
        ``design.ready``; ``<reason>_ground`` words why.
    decisions : Sequence of Check
        What only the client can decide.
    anchor, language : str
        Unique id; language.
    """
    params = sentences.check_params(check)
    for name in ("effect", "mde"):
        size = wording.in_unit(params[name], params["unit"], language, effect=True)
        params[name] = size.removeprefix("+")  # the size counts, whichever way is good
    claim = sentences.sentence(check.reason, language, params)
    ground = sentences.sentence(f"{check.reason}_ground", language, params)
    sign = f'<span class="sign" aria-hidden="true">{SIGNS[check.status]}</span> '
    head = wording.text("planning.decide.head" if decisions else "planning.decide.none", language)
    items = "".join(_decision(n, c, language) for n, c in enumerate(decisions, start=1))
    listed = f'<ol class="repairs">{items}</ol>' if items else ""
    return (
        f'<div class="crm" id="{anchor}"><div class="ready state-{check.status}">'
        f'<p class="verdict">{sign}<span>{escape(claim)}</span></p>'
        f'<p class="ground">{escape(ground)}</p><p class="ground"><strong>{escape(head)}</strong>'
        f"</p>{listed}</div></div>"
    )


def _decision(rank: int, check: Check, language: Language) -> str:
    params = sentences.check_params(check)
    question = sentences.sentence(check.question, language, params)
    told = [
        sentences.sentence(key, language, params) for key in (check.reason, check.remedy) if key
    ]
    lines = "".join(f"<p>{escape(words)}</p>" for words in told)
    return (
        f'<li class="repair state-{check.status}"><p class="question"><span class="rank">{rank}'
        f"</span><span>{escape(question)}</span></p>{lines}</li>"
    )
