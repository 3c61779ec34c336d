"""Reading YAML with the line on which every key and entry stands."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError

from analysis.client import yaml_text
from analysis.errors import Fault, InputError


class Lines:
    """Lines of a YAML document by path; a path that is not there takes its nearest parent's."""

    def __init__(self, document: Any) -> None:
        self._document = document

    def line_of(self, path: Sequence[str | int]) -> int:
        """Return the 1-based line of the key or list entry that ``path`` leads to."""
        node, line = self._document, 1
        for step in path:
            try:
                if isinstance(node, CommentedMap) and step in node:
                    line = node.lc.key(step)[0] + 1
                elif isinstance(node, CommentedSeq) and isinstance(step, int):
                    line = node.lc.item(step)[0] + 1
                else:
                    break
                node = node[step]
            except (KeyError, IndexError, TypeError):  # TypeError: under a tag of its own
                break
        return line


def read_yaml(path: Path, name: str) -> tuple[Any, Lines]:
    """Return a YAML file's plain content and its lines.

    Raises
    ------
    InputError
        When the file is no YAML or has a key twice; with the line.
    """
    text = _text(path, name)
    try:
        document = yaml_text.load_with_lines(text)
        content = plain(document)
    except DuplicateKeyError as error:
        raise InputError([_yaml_fault(error, name, "client_key_twice")]) from error
    except MarkedYAMLError as error:
        raise InputError([_yaml_fault(error, name, "client_yaml")]) from error
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise InputError([_unreadable(name, "control", str(error.reason), line)]) from error
    except RecursionError as error:
        raise InputError([_unreadable(name, "deep", "nested too deeply")]) from error
    except _TooManyNodesError as error:
        raise InputError([_unreadable(name, "large", str(error))]) from error
    except (ValueError, OverflowError) as error:  # values that YAML's types do not have
        place, kind = _impossible_day(text)
        raise InputError([_unreadable(name, kind, str(error), place)]) from error
    except (AssertionError, NotImplementedError, TypeError) as error:  # ruamel.yaml's own limits
        raise InputError([_unreadable(name, "comment", str(error))]) from error
    return content, Lines(document)


def _text(path: Path, name: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            [
                Fault(
                    rule="client_encoding",
                    message="The client file is not UTF-8.",
                    example="the file saved as UTF-8",
                    file=name,
                )
            ]
        ) from error


class _TooManyNodesError(ValueError):
    """Anchors that repeat one another without end."""


def _unreadable(name: str, kind: str, problem: str, line: int | None = None) -> Fault:
    return Fault(
        rule="client_yaml",
        message=f"This is not valid YAML: {problem.splitlines()[0] if problem else kind}.",
        example="key: value, indented by spaces",
        file=name,
        row=line,
        params={"problem": problem, "problem_key": f"faults.yaml.{kind}"},
    )


def _impossible_day(text: str) -> tuple[int | None, str]:
    """Return the line of the first day that no calendar has, and the kind of fault."""
    for number, line in enumerate(text.splitlines(), start=1):
        for found in re.finditer(r"(?<![\w-])(\d{4})-(\d{1,2})-(\d{1,2})(?![\w-])", line):
            try:
                dt.date(*map(int, found.groups()))
            except ValueError:
                return number, "day"
    return None, "other"


_YAML_SIGNS = (
    ("mapping values are not allowed", "colon"),
    ("could not find expected ':'", "no_colon"),
    ("'\\t'", "tab"),
    ("cannot start any token", "special"),
    ("unexpected end of stream", "ends"),
    ("expected <block end>", "indent"),
    ("expected ',' or", "indent"),
)
"""Signs in the YAML reader's messages → the wording under ``faults.yaml``."""


def _yaml_fault(error: MarkedYAMLError, name: str, rule: str) -> Fault:
    mark = error.problem_mark or error.context_mark
    if "flow" in str(error.context):  # a bracket left open is told where it was opened
        mark = error.context_mark or mark
    messages = {
        "client_key_twice": ("The same key stands twice.", "each key once"),
        "client_yaml": ("This is not valid YAML: {problem}.", "key: value, indented by spaces"),
    }
    message, example = messages[rule]
    kind = next((kind for sign, kind in _YAML_SIGNS if sign in str(error)), "other")
    problem = str(error.problem or error.context or "").splitlines()[0]
    return Fault(
        rule=rule,
        message=message.format(problem=problem),
        example=example,
        file=name,
        row=None if mark is None else mark.line + 1,
        params={"problem": problem, "problem_key": f"faults.yaml.{kind}"},
    )


MOST_NODES = 200_000
"""Entries of a client file once every anchor stands where it is used."""


def plain(node: Any) -> Any:
    """Return round-trip YAML nodes as built-in dicts, lists and scalars.

    Raises
    ------
    ValueError
        Where anchors repeat so much that more than :data:`MOST_NODES` entries come of them.
    """
    return _plain(node, [MOST_NODES])


def _plain(node: Any, left: list[int]) -> Any:
    left[0] -= 1
    if left[0] < 0:
        raise _TooManyNodesError(f"more than {MOST_NODES} entries, by anchors that repeat")
    if isinstance(node, Mapping):
        return {key: _plain(value, left) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(value, left) for value in node]
    for kind in (bool, int, float, str):
        if isinstance(node, kind) and type(node) is not kind:
            return kind(node)
    return node
