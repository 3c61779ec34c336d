"""The list of docs/style.yml, and what of it a sentence says."""

import re
from pathlib import Path

import yaml

DOCS = Path(__file__).parents[1] / "docs"
LANGUAGES = {"en": "en", "zh": "zh_CN"}


def ruled_out():
    """Every entry of the list as ``(language, pattern, entry)``."""
    listed = yaml.safe_load((DOCS / "style.yml").read_text(encoding="utf-8"))
    return [
        (LANGUAGES[short], re.compile(entry["not"], re.IGNORECASE), entry)
        for short, entries in listed.items()
        for entry in entries
    ]


RULED_OUT = ruled_out()


def faults(language, sentence):
    """What of the list a sentence says."""
    return [
        found.group(0)
        for of, pattern, _ in RULED_OUT
        if of == language and (found := pattern.search(sentence))
    ]
