"""Days of a course or tests before and after that stand as columns, a row a person."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from analysis.ingest.cleaning.words import FALSE, TRUE
from analysis.ingest.headers import folded, known_headers
from analysis.ingest.proposal.text import Say, quoted, values
from analysis.ingest.readers import RawTable

_FEWEST = 2
_FORMS = (
    r"\d{4}年\d{1,2}月\d{1,2}日",
    r"\d{4}[-./]\d{1,2}[-./]\d{1,2}(?: 00:00:00)?",
    r"\d{1,2}月\d{1,2}日",
    r"\d{1,2}[-./]\d{1,2}",
    r"第[\d一二三四五六七八九十]+[次讲课节天]课?",
)
"""How a head says its day, or which session it is where it says none."""
_PART = r"[·_\- ]*(?:上午|下午|晚上|全天)"
_ABSENT = ("缺勤", "缺席", "请假", "事假", "病假", "旷课", "未到", "未签到")
_NO_SCORE = ("缺考", "未考", "未参加", *_ABSENT)
_NOTHING = ("", "-", "—", "/")
_OF_SCORES = r"(?:测试|考试|考核)?(?:成绩|得分|分数|分)?"
IN_STAFF = dict.fromkeys(("项目", "所属项目", "项目名称", "岗位", "部门", "职务"), "in_staff")
"""What stands beside a person in such a table, and in the list of staff as well → the reason."""


@dataclass(frozen=True, slots=True)
class Grid:
    """What the columns of a table of people are, once each cell is a row.

    Attributes
    ----------
    table : str
        Canonical table.
    pattern : str
        For ``wide``.
    heads : frozenset of str
        Headers whose cells become rows.
    columns : Mapping
        Mappings of the canonical columns that head and cell give.
    """

    table: str
    pattern: str
    heads: frozenset[str]
    columns: Mapping[str, str]


def grid_of(group: Sequence[RawTable], say: Say) -> Grid | None:
    """Return what days or tests stand as columns in tables of equal headers, a row a person.

    Parameters
    ----------
    group : sequence of RawTable
        Tables of equal headers.
    say : Callable
        Words of the comments.
    """
    headers = [str(header) for header in group[0].frame.columns]
    numbers = known_headers()["tables"]["enrolments"]["columns"]["staff_id"]
    if {folded(name) for name in numbers}.isdisjoint(map(folded, headers)):
        return None
    return _attendance(group, headers, say) or _scores(group, headers)


def _attendance(group: Sequence[RawTable], headers: Sequence[str], say: Say) -> Grid | None:
    for form in _FORMS:
        for shape in (form, f"{form}(?:{_PART})?"):
            heads = [h for h in headers if re.fullmatch(shape, h)]
            others = [h for h in headers if h not in heads and re.fullmatch(f"{form}{_PART}", h)]
            if len(heads) >= _FEWEST and not others:
                return _attended(group, heads, form, shape, say)
    return None


def _attended(
    group: Sequence[RawTable], heads: Sequence[str], form: str, shape: str, say: Say
) -> Grid | None:
    met = {cell for head in heads for cell in values(group, head)} - set(_NOTHING)
    there, away = _words(met, TRUE), _words(met, (*FALSE, *_ABSENT))
    other = sorted(met - {*there, *away})
    if not there or len(other) > len(there) + len(away):
        return None
    said = [f'"true": [{_list(there)}]', *([f'"false": [{_list(away)}]'] if away else [])]
    attended = f"{{from: $cell, {', '.join(said)}}}"
    if other:
        attended = f"DECIDE    # {say('attended')} {_list(other)}"
    columns = {"session": "$head", "attended": attended}
    if form != _FORMS[-1]:
        columns["held_on"] = _held_on(group, form.removesuffix("(?: 00:00:00)?"), say)
    return Grid("enrolments", f"(?P<head>{shape})", frozenset(heads), columns)


def _held_on(group: Sequence[RawTable], form: str, say: Say) -> str:
    """Return the mapping of the day; its year is in the head, or in a file's or sheet's name."""
    options = ["from: $head", f"pattern: '({form})'"]
    if form.startswith(r"\d{4}"):
        return f"{{{', '.join(options)}}}"
    names = [f"{PurePath(t.source.file).name} {t.source.sheet or ''}" for t in group]
    years = {year for name in names for year in re.findall(r"(?<!\d)(20\d\d)(?!\d)", name)}
    options.append(f"year: {years.pop() if len(years) == 1 else 'DECIDE'}")
    return f"{{{', '.join(options)}}}    # {say('year')}"


def _scores(group: Sequence[RawTable], headers: Sequence[str]) -> Grid | None:
    words = known_headers()["labels"]["occasion"]
    known = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
    found = [m for h in headers if (m := re.fullmatch(rf"({known})({_OF_SCORES})", h))]
    told = {m[1]: words[m[1]] for m in found}
    if len(found) < _FEWEST or len(set(told.values())) < len(found):
        return None
    met = {cell for m in found for cell in values(group, m[0])} - set(_NOTHING)
    if not any(re.fullmatch(r"\d+(?:\.\d+)?分?", cell) for cell in met):
        return None
    endings = dict.fromkeys(re.escape(m[2]) for m in found)
    ending = next(iter(endings)) if len(endings) == 1 else f"(?:{'|'.join(endings)})"
    missing = _words(met, _NO_SCORE)
    labels = ", ".join(f"{quoted(word)}: {occasion}" for word, occasion in told.items())
    columns = {
        "occasion": f"{{from: $head, labels: {{{labels}}}}}",
        "score": f"{{from: $cell, missing: [{_list(missing)}]}}" if missing else "$cell",
    }
    pattern = f"(?P<head>{'|'.join(map(re.escape, told))}){ending}"
    return Grid("assessments", pattern, frozenset(m[0] for m in found), columns)


def _words(met: set[str], known: Sequence[str]) -> list[str]:
    wanted = {folded(word) for word in known}
    return sorted(cell for cell in met if folded(cell) in wanted)


def _list(words: Sequence[str]) -> str:
    return ", ".join(map(quoted, words))
