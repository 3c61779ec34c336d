"""Every sentence a stakeholder reads, in Chinese and English.

The catalogue is ``<language>/<section>.yml``; a key is ``<section>.<path.in.the.file>``. Each
room's words are one section, so that they are read and reviewed together. Code holds keys.
"""

from __future__ import annotations

from analysis.wording.catalogue import (
    LANGUAGES,
    Language,
    entries_hash,
    has,
    keys,
    note_read,
    placeholders,
    reading,
    text,
)
from analysis.wording.faults import fault_example, fault_sentence
from analysis.wording.formatting import (
    SPECS,
    amounts_up_to,
    format_value,
    in_unit,
    indicator_title,
)
from analysis.wording.programmes import of_programme, programme_told
from analysis.wording.session import (
    language_of_notebook,
    language_of_session,
    read_language,
    speak,
    speaking,
)
from analysis.wording.steps import step_key

__all__ = [
    "LANGUAGES",
    "SPECS",
    "Language",
    "amounts_up_to",
    "entries_hash",
    "fault_example",
    "fault_sentence",
    "format_value",
    "has",
    "in_unit",
    "indicator_title",
    "keys",
    "language_of_notebook",
    "language_of_session",
    "note_read",
    "of_programme",
    "placeholders",
    "programme_told",
    "read_language",
    "reading",
    "speak",
    "speaking",
    "step_key",
    "text",
]
