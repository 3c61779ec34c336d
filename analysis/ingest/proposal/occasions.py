"""Tests before and after in one column with what was tested: 客户沟通前测, 客户沟通后测."""

from __future__ import annotations

import re
from collections.abc import Sequence

from analysis.ingest.headers import known_headers
from analysis.ingest.proposal.text import Say, quoted


def occasions_in(names: Sequence[str]) -> dict[str, str]:
    """Return the words of occasions in the names of tests → occasion; nothing if one lacks any.

    Nothing either where no two of them differ: then the word is part of the name.
    """
    words = known_headers()["labels"]["occasion"]
    longest = sorted(words, key=len, reverse=True)
    found = [next((word for word in longest if word in name), None) for name in names]
    told = {word: words[word] for word in found if word is not None}
    return told if None not in found and len(set(told.values())) > 1 else {}


def occasion_of(names: Sequence[str], header: str, column: str, say: Say) -> str:
    """Return the mapping of the occasion, or of the module, from the names of tests."""
    told = occasions_in(names)
    words = "|".join(map(re.escape, sorted(told, key=len, reverse=True)))
    note = f"    # {say('occasion')}"
    header = quoted(header)
    if column == "occasion":
        labels = ", ".join(f"{quoted(word)}: {occasion}" for word, occasion in told.items())
        return f"{{from: {header}, pattern: '({words})', labels: {{{labels}}}}}{note}"
    rest = [re.sub(words, "", name) for name in names]
    if not all(re.search(r"\w", text) for text in rest):
        return f"DECIDE    # {say('needed')}"
    if all(re.search(rf"\w.*?\W*(?:{words})", name) for name in names):
        return f"{{from: {header}, pattern: '^(.*?)[^\\w]*(?:{words})'}}{note}"
    return f"DECIDE    # {say('needed')}"
