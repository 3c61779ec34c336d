"""The client file read at the speed of libyaml, where that gives what ruamel.yaml gives.

ruamel.yaml reads YAML 1.2 and remembers lines, in Python: a third of a second for the demo's file,
in every notebook anew. libyaml splits a text into events some thirty times as fast. What is built
of them here is plain mappings, lists, words, simple numbers, days and blanks. Anything else
(anchors, tags, block texts, a key that stands twice, signs on which the two readers differ,
errors) is left to ruamel.yaml, so that it alone decides what is wrong with a file, and says so in
its own words.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.resolver import implicit_resolvers

_DEEPEST = 60
"""Levels that are read without asking ruamel.yaml, which has a limit of its own."""
_ODD = re.compile(
    "[\\x00-\\x09\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ufeff\\ufffe\\uffff]|^[%.-]", re.M
)
"""Line ends, tabs, directives and document marks that the two readers may take differently."""
_BLOCK_STYLES = ("|", ">")
"""Texts over several lines, where the readers differ on a comment sign in or below the first."""
_BLOCK_ENTRY = re.compile(r"^-(?= |$)", re.M)
_RULES = [(tag.rpartition(":")[2], rule, first) for versions, tag, rule, first in implicit_resolvers
          if (1, 2) in versions]  # fmt: skip
_SIMPLE: dict[str, tuple[re.Pattern[str], Callable[[str], Any]]] = {
    "int": (re.compile(r"-?(?:0|[1-9]\d{0,17})"), int),
    "float": (re.compile(r"-?(?:0|[1-9]\d{0,11})\.\d{1,12}"), float),
    "bool": (re.compile("true|false"), "true".__eq__),
    "null": (re.compile("(?:null|~)?"), lambda word: None),
    "timestamp": (re.compile(r"\d{4}-\d\d-\d\d"), dt.date.fromisoformat),
}
"""What a plain word of a kind may look like to be read here, and how."""


class _UnsureError(Exception):
    """Something that is left to ruamel.yaml."""


def load_with_lines(text: str) -> Any:
    """Return a YAML 1.2 text as mappings and lists of ruamel.yaml, which know their lines.

    Raises
    ------
    ruamel.yaml.error.YAMLError
        For a text that is no YAML.
    """
    try:
        return _Reading(text).document()
    except (_UnsureError, yaml.YAMLError, ValueError):
        return YAML(typ="rt").load(text)


class _Reading:
    """One text, read event by event."""

    def __init__(self, text: str) -> None:
        if _ODD.search(_BLOCK_ENTRY.sub(" ", text)) or not hasattr(yaml, "CLoader"):
            raise _UnsureError
        self._events: Iterator[Any] = iter(yaml.parse(text, Loader=yaml.CLoader))

    def document(self) -> Any:
        for kind in (yaml.StreamStartEvent, yaml.DocumentStartEvent):
            if not isinstance(next(self._events), kind):
                raise _UnsureError
        found = self._node(next(self._events), 0)
        for kind in (yaml.DocumentEndEvent, yaml.StreamEndEvent):
            if not isinstance(next(self._events), kind):
                raise _UnsureError
        return found

    def _node(self, event: Any, depth: int) -> Any:
        if isinstance(event, yaml.AliasEvent) or event.anchor or event.tag or depth > _DEEPEST:
            raise _UnsureError
        if isinstance(event, yaml.ScalarEvent):
            if event.style in _BLOCK_STYLES:
                raise _UnsureError
            return _scalar(event.value) if event.implicit[0] else event.value
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(depth)
        return self._sequence(depth)

    def _mapping(self, depth: int) -> CommentedMap:
        found = CommentedMap()
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise _UnsureError
            key, at = self._node(event, depth), event.start_mark
            event = next(self._events)
            if key in found:
                raise _UnsureError
            found[key] = self._node(event, depth + 1)
            end = event.start_mark
            found._yaml_set_kv_line_col(key, [at.line, at.column, end.line, end.column])
        return found

    def _sequence(self, depth: int) -> CommentedSeq:
        found = CommentedSeq()
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            found.append(self._node(event, depth + 1))
            at = event.start_mark
            found._yaml_set_idx_line_col(len(found) - 1, [at.line, at.column])
        return found


def _scalar(word: str) -> Any:
    """Return what a word without quotes means."""
    first = word[:1]
    for kind, rule, firsts in _RULES:
        if first in firsts and rule.match(word):
            simple = _SIMPLE.get(kind)
            if simple is None or not simple[0].fullmatch(word):
                raise _UnsureError
            return simple[1](word)
    return word
