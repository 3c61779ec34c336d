"""Reading YAML with the line on which every key and entry stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError

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
            except (KeyError, IndexError):
                break
        return line


def read_yaml(path: Path, name: str) -> tuple[Any, Lines]:
    """Return a YAML file's plain content and its lines.

    Raises
    ------
    InputError
        When the file is no YAML or has a key twice; with the line.
    """
    yaml = YAML(typ="rt")
    try:
        document = yaml.load(path.read_text(encoding="utf-8-sig"))
    except DuplicateKeyError as error:
        raise InputError([_yaml_fault(error, name, "client_key_twice")]) from error
    except MarkedYAMLError as error:
        raise InputError([_yaml_fault(error, name, "client_yaml")]) from error
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
    return plain(document), Lines(document)


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


def plain(node: Any) -> Any:
    """Return round-trip YAML nodes as built-in dicts, lists and scalars."""
    if isinstance(node, Mapping):
        return {key: plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [plain(value) for value in node]
    for kind in (bool, int, float, str):
        if isinstance(node, kind) and type(node) is not kind:
            return kind(node)
    return node
