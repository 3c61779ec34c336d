"""Turning what pydantic and our own cross-checks find into faults with a line."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from rapidfuzz import fuzz, process

from analysis.client.lines import Lines
from analysis.errors import Fault


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word closest to ``word``, or None when none is close."""
    found = process.extractOne(word, list(known), scorer=fuzz.WRatio, score_cutoff=60)
    return None if found is None else found[0]


def dotted(path: Sequence[str | int]) -> str:
    """Write a path as ``sources[2].columns.site_id``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def place(
    rule: str,
    message: str,
    example: str,
    *,
    name: str,
    lines: Lines,
    path: Sequence[str | int],
    value: object = None,
    **params: Any,
) -> Fault:
    """Return a fault of the client file: ``column`` is the key's path, ``row`` its line."""
    return Fault(
        rule=rule,
        message=_fill(message, params),
        example=_fill(example, params),
        file=name,
        row=lines.line_of(path),
        column=dotted(path) or None,
        value=None if value is None else str(value)[:80],
        params=params,
    )


def no_such(what: str, word: str, known: Sequence[str], **where: Any) -> Fault:
    """Return the fault of a word that names nothing, with the nearest that does.

    Parameters
    ----------
    what : str
        What it should name, e.g. ``column``; the rule is ``client_<what>_unknown``.
    word : str
        As it is written.
    known : sequence of str
        What there is.
    **where
        Of :func:`place`.
    """
    near = nearest(word, known)
    return place(
        f"client_{what}_unknown",
        f"There is no {what.replace('_', ' ')} called {{word}}"
        + ("; the nearest is {near}." if near else "."),
        "{near}" if near else "one of: {known}",
        **where,
        value=word,
        word=word,
        near=near or "",
        known=", ".join(known),
    )


def _fill(sentence: str, params: Mapping[str, Any]) -> str:
    for name, value in params.items():
        sentence = sentence.replace(f"{{{name}}}", str(value))
    return sentence


def from_pydantic(
    error: ValidationError, model: type[BaseModel], *, name: str, lines: Lines
) -> list[Fault]:
    """Return one fault for each thing pydantic refused, in the order of the file."""
    faults = []
    every = error.errors(include_url=False)
    for found in every:
        if found["type"] == "too_short" and _has_faults_inside(found, every):
            continue  # its entries are there, and refused one by one
        path = [step for step in found["loc"] if step != "[key]"]
        if found["type"] == "extra_forbidden":
            faults.append(_unknown(path, model, name=name, lines=lines))
        elif found["type"] == "missing":
            faults.append(
                place(
                    "client_missing_key",
                    "The key {word} is missing.",
                    "{word}: …, see docs/client-file.md",
                    name=name,
                    lines=lines,
                    path=path,
                    word=path[-1],
                )
            )
        else:
            value = found["input"]
            secret = "demo_key" in path or "database" in path
            rule, limits = _rule(found)
            faults.append(
                place(
                    "client_value",
                    "The value does not fit: {problem}.",
                    "as docs/client-file.md describes the key",
                    name=name,
                    lines=lines,
                    path=path,
                    value=None if secret or isinstance(value, dict | list) else value,
                    problem=_problem(found),
                    problem_key=f"faults.value.{rule}",
                    right_key=f"faults.right.{rule}",
                    **limits,
                )
            )
    return sorted(faults, key=lambda fault: fault.row or 0)


def _has_faults_inside(found: Any, every: Sequence[Any]) -> bool:
    length = len(found["loc"])
    return any(len(e["loc"]) > length and e["loc"][:length] == found["loc"] for e in every)


VALUE_RULES: Mapping[str, str] = {
    "literal_error": "choice",
    "enum": "choice",
    "int_type": "whole",
    "int_parsing": "whole",
    "int_from_float": "whole",
    "float_type": "number",
    "float_parsing": "number",
    "finite_number": "number",
    "string_type": "text",
    "bool_type": "yes_no",
    "bool_parsing": "yes_no",
    "date_type": "day",
    "date_parsing": "day",
    "date_from_datetime_parsing": "day",
    "date_from_datetime_inexact": "day",
    "model_type": "mapping",
    "dict_type": "mapping",
    "list_type": "listing",
    "tuple_type": "listing",
    "too_short": "too_short",
    "string_too_short": "too_short",
    "greater_than": "above",
    "greater_than_equal": "low",
    "less_than": "below",
    "less_than_equal": "high",
}
"""What pydantic calls a broken rule → how the wording catalogue does, under ``faults.value``."""

OWN_VALUE_RULES = frozenset(
    {
        "month",
        "identifier",
        "engine",
        "key_in_the_open",
        "time_zone",
        "two_keys",
        "scale",
        "benefit_bounds",
        "not_an_outcome",
        "pattern",
        "backtracks",
        "files_or_inline",
        "database_url",
        "database_password",
        "database_option",
        "database_credentials",
        "database_select",
        "database_layout",
        "table_or_query",
        "glob",
        "delimiter",
        "heads",
        "count_of_measures",
        "wide_needed",
        "weights",
        "months_after",
        "outcome_name",
        "outcome_title",
        "outcome_keys",
        "outcome_statistic",
        "outcome_retained",
        "outcome_alert",
        "satisfied",
        "anchors",
        "anchors_twice",
        "themes",
        "comments_kept_out",
        "colour",
        "colour_light",
        "criterion",
        "standard_range",
        "standard_shape",
        "standard_value",
    }
)
"""Rules that our own models break by :func:`analysis.client.base.refused`."""


def _rule(found: Any) -> tuple[str, dict[str, str]]:
    """Return the catalogue's name of a broken rule, and what its sentence needs."""
    kind, context = found["type"], found.get("ctx", {})
    rule = kind if kind in OWN_VALUE_RULES else VALUE_RULES.get(kind, "other")
    if rule == "choice":
        choices = re.findall(r"'([^']*)'", str(context.get("expected", "")))
        return rule, {"expected": ", ".join(choices), "first_choice": choices[0]}
    bound = next((context[n] for n in ("gt", "ge", "lt", "le") if n in context), "")
    bounded = rule in ("low", "high", "above", "below")
    return rule, {
        "limit": f"{bound:g}" if bounded and bound != "" else str(bound)
    } if bounded else {}


def _problem(found: Any) -> str:
    message = found["msg"].removeprefix("Value error, ")
    return message[0].lower() + message[1:] if message else message


def _unknown(
    path: Sequence[str | int], model: type[BaseModel], *, name: str, lines: Lines
) -> Fault:
    known = keys_at(model, path[:-1])
    near = nearest(str(path[-1]), known)
    return place(
        "client_unknown_key",
        "There is no key {word} here; the nearest is {near}."
        if near
        else "There is no key {word} here.",
        "{near}" if near else "one of: {known}",
        name=name,
        lines=lines,
        path=path,
        word=path[-1],
        near=near or "",
        known=", ".join(known),
    )


def keys_at(model: type[BaseModel], path: Sequence[str | int]) -> list[str]:
    """Return the keys that the model knows at a path."""
    kind: Any = model
    for step in path:
        found = _model_in(kind)
        if found is not None and isinstance(step, str):
            field = next((f for n, f in found.model_fields.items() if step in (n, f.alias)), None)
            if field is None:
                return []
            kind = field.annotation
        else:
            kind = _inner(kind)
    found = _model_in(kind)
    return [] if found is None else [f.alias or n for n, f in found.model_fields.items()]


def _strip(kind: Any) -> Any:
    while typing.get_origin(kind) is typing.Annotated:
        kind = typing.get_args(kind)[0]
    return kind


def _model_in(kind: Any) -> type[BaseModel] | None:
    kind = _strip(kind)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return next((m for k in typing.get_args(kind) if (m := _model_in(k))), None)
    return None


def _inner(kind: Any) -> Any:
    """Return what a mapping's values or a sequence's entries are."""
    kind = _strip(kind)
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        kind = next((k for k in typing.get_args(kind) if typing.get_args(k)), kind)
    arguments = typing.get_args(kind)
    if not arguments:
        return Any
    return arguments[1] if typing.get_origin(kind) is dict else arguments[0]
