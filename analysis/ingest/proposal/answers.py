"""The wide questionnaire or rating sheet that an export holds: items, scales, codes."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping, Sequence

import pandas as pd

from analysis.ingest.cleaning import convert, label_in
from analysis.ingest.headers import folded, known_headers, personal_reason
from analysis.ingest.proposal.headers import opinion, question, word
from analysis.ingest.proposal.text import Say, quoted, values
from analysis.ingest.readers import RawTable

_MOST_ANSWERS = 24

NPS = ", role: nps"
OVERALL = "overall"
"""Item that a mean of satisfaction is proposed as."""

MISSING_CODES: Mapping[str, str] = {
    "-3": "skipped",
    "-2": "blank",
    "说不清": "dont_know",
    "不清楚": "dont_know",
    "不知道": "dont_know",
    "不了解": "dont_know",
    "无法评价": "dont_know",
    "未接触": "not_applicable",
    "不适用": "not_applicable",
    "(跳过)": "skipped",
    "(空)": "blank",
}
"""Codes that questionnaire programs and forms write where there is no answer → the reason."""


def items_of(
    group: Sequence[RawTable], table: str | None, headers: Sequence[str], used: set[str]
) -> dict[str, str]:
    """Return the answers of a wide questionnaire or rating sheet: item → header."""
    if table == "ticket_counts":
        return {} if "kind" in map(word, used) else kinds_of([h for h in headers if h not in used])
    if table not in ("surveys", "survey_means", "reactions", "ratings") or "item" in used:
        return {}
    words = {word(header) for header in used}
    left = [h for h in headers if h not in used and word(h) not in words]
    if table == "survey_means":
        return _means(group, left)
    left = [h for h in left if personal_reason(h) is None or on_a_scale(group, h)]
    asked = [
        h
        for h in left
        if question(h)
        or (role_of(h).startswith(NPS) and number_beside(values(group, h), likely=True))
        or (table == "ratings" and _few(group, h))
        or ((opinion(h) or personal_reason(h) is not None) and on_a_scale(group, h))
    ]
    return {f"q{n}": header for n, header in enumerate(asked, start=1)}


_COUNTED = re.compile(r"(工单)?(件数|单数|数量|量|数|件|单)?$")


def kinds_of(headers: Sequence[str]) -> dict[str, str]:
    """Return the kinds of requests that stand as columns: kind → header; nothing below two.

    A second header of a kind (报修 beside 维修) is left to be decided.
    """
    words = {folded(word): kind for word, kind in known_headers()["labels"]["kind"].items()}
    found: dict[str, str] = {}
    for header in headers:
        kind = words.get(_COUNTED.sub("", folded(header), count=1))
        if kind is not None:
            found.setdefault(kind, header)
    return found if len(found) > 1 else {}


def _means(group: Sequence[RawTable], headers: Sequence[str]) -> dict[str, str]:
    """Return the means of several questions: item → header, the overall one by that name."""
    overall = known_headers()["tables"]["survey_means"]["columns"]["score"]
    overall = {word(header) for header in overall}
    asked = [h for h in headers if opinion(h) and _numbers(group, h)]
    named = sorted(asked, key=lambda header: word(header) not in overall)
    first = word(named[0]) in overall if named else False
    return {OVERALL if first and n == 1 else f"q{n}": h for n, h in enumerate(named, start=1)}


def _numbers(group: Sequence[RawTable], header: str) -> bool:
    cells = pd.Series(values(group, header), dtype=object)
    return bool(len(cells)) and convert(cells, "score", low=0, high=100, units=["分"]).faults.empty


def _few(group: Sequence[RawTable], header: str) -> bool:
    return 0 < len(values(group, header)) <= _MOST_ANSWERS and word(header) != "序号"


FIVE: Mapping[str, int] = {
    "非常满意": 5, "满意": 4, "一般": 3, "不满意": 2, "非常不满意": 1,
    "很满意": 5, "比较满意": 4, "基本满意": 3, "不太满意": 2, "很不满意": 1,
    "Very satisfied": 5, "Satisfied": 4, "Neither satisfied nor dissatisfied": 3, "Neutral": 3,
    "Dissatisfied": 2, "Very dissatisfied": 1,
} | {
    text: stars
    for stars in range(1, 6)
    for text in ("★" * stars + "☆" * (5 - stars), "★" * stars, "⭐" * stars)
}  # fmt: skip
"""Words that answers on five points are known to have, and their values."""

_FOLDED_FIVE = {folded(label): value for label, value in FIVE.items()}


def value_of(label: str) -> int | None:
    """Return the value of a word on five points, however it is spelled; None if not known."""
    return _FOLDED_FIVE.get(folded(label))


FIVE_POINTS = 5
"""Best score of the usual scale, on which 4 and 5 count as satisfied."""

_CLOSED = 12
"""Different answers of a column at most, for it to be read as answers on a scale."""


def on_a_scale(group: Sequence[RawTable], header: str) -> bool:
    """Return whether a column holds answers on a scale, whatever its header recalls."""
    given = [v for v in values(group, header) if folded(v) not in MISSING_CODES]
    if not given or len(given) > _CLOSED:
        return False
    if number_beside(given):
        return True
    cells = pd.Series(given, dtype=object)
    labels = dict(FIVE) | {word: v for word in given if (v := value_of(word)) is not None}
    return convert(cells, "score", labels=labels, low=0, high=10).faults.empty


_STARS = re.compile(r"\d(?:\.\d)?星")
_OUT_OF = re.compile(r"\d+(?:\.\d+)?/(5|10|100)")
_AT_ENDS = re.compile(r"(\d{1,2})(?:\s*[((\[【:：、.-]\s*\D+)?")


def number_beside(given: Sequence[str], *, likely: bool = False) -> str:
    """Return the option by which numbers with more beside them are read: 5星, 4/5, 10(愿意).

    Nothing where the cells are of another form, or of several. A word beside a number is passed
    over only where the question is how ``likely`` something is, from 0 to 10.
    """
    texts = [folded(text) for text in given]
    if texts and all(map(_STARS.fullmatch, texts)):
        return "units: [星]"
    of = {match and match[1] for match in map(_OUT_OF.fullmatch, texts)}
    if len(of) == 1 and None not in of:
        return f"pattern: '^([\\d.]+)/{of.pop()}$'"
    numbers = [_AT_ENDS.fullmatch(text) for text in texts]
    if likely and all(numbers) and any(not text.isdecimal() for text in texts):
        return r"pattern: '^(\d+)\D*$'" if all(int(m[1]) <= 10 for m in numbers) else ""
    return ""


def labels_in(group: Sequence[RawTable], header: str) -> list[str]:
    """Return the words of a column's answers, without the numbers that stand beside them."""
    given = [v for v in values(group, header) if v not in MISSING_CODES]
    words = [label_in(value) for value in given]
    return [word for word in dict.fromkeys(words) if word]


def worded(group: Sequence[RawTable], header: str) -> bool:
    """Return whether answers are given in words, alone or beside a number."""
    return bool(labels_in(group, header))


def in_five(group: Sequence[RawTable], header: str) -> bool:
    """Return whether every answer is a word on five points, alone or beside a number."""
    given = [v for v in values(group, header) if folded(v) not in MISSING_CODES]
    bare = [v for v in given if set(v) <= set("★⭐")]  # three may be all that there are
    if bare and max(map(len, bare)) < FIVE_POINTS:
        return False
    return bool(given) and all(value_of(label_in(v) or v) is not None for v in given)


def of_middle(group: Sequence[RawTable], headers: Iterable[str]) -> bool:
    """Return whether answers are bare words on both sides of the middle of five, and no end of it.

    满意, 一般 and 不满意 alone may be all that a form on three points offers: whether they are
    3, 2 and 1 or 4, 3 and 2, nothing in the export tells.
    """
    given = {v for h in headers for v in values(group, h) if folded(v) not in MISSING_CODES}
    if any(set(v) <= set("★☆⭐") or label_in(v) not in (None, v) for v in given):
        return False
    met = {value_of(v) for v in given}
    return {2, 4} <= met <= {2, 3, 4}


def kind_lines(items: Mapping[str, str]) -> list[str]:
    """Return the ``unpivot`` of kinds of requests that stand as columns."""
    lines = ["    unpivot:", "      name: kind", "      value: tickets", "      items:"]
    return lines + [f"        {kind}: {quoted(header)}" for kind, header in items.items()]


def unpivot_lines(group: Sequence[RawTable], items: Mapping[str, str], say: Say) -> list[str]:
    """Return an ``unpivot``, with labels of what is answered in words and codes of no answer."""
    beside = {
        item: number_beside(
            [v for v in values(group, header) if folded(v) not in MISSING_CODES],
            likely=role_of(header).startswith(NPS),
        )
        for item, header in items.items()
    }
    in_words = {item: not beside[item] and worded(group, header) for item, header in items.items()}
    found = {value for header in items.values() for value in values(group, header)}
    codes = [f"{quoted(c)}: {reason}" for c, reason in MISSING_CODES.items() if c in found]
    lines = ["    unpivot:"]
    worded_items = [header for item, header in items.items() if in_words[item]]
    if of_middle(group, worded_items):
        words = dict.fromkeys(v for h in worded_items for v in labels_in(group, h))
        said = ", ".join(f"{quoted(word)}: DECIDE" for word in words)
        lines.append(f"      labels: {{{said}}}    # {say('middle_labels')}")
    elif worded_items:
        lines.append("      labels: five")
    lines += [f"      missing_codes: {{{', '.join(codes)}}}"] if codes else []
    lines.append("      items:")
    for item, header in items.items():
        options = [] if in_words[item] or not any(in_words.values()) else ["labels: {}"]
        if beside[item]:
            options.append(beside[item])
        elif any(value.endswith("分") for value in values(group, header)):
            options.append("units: [分]")
        text = ", ".join([f"from: {quoted(header)}", *options])
        lines.append(f"        {item}: {f'{{{text}}}' if options else quoted(header)}")
    return lines


def beyond_five(group: Sequence[RawTable], items: Mapping[str, str]) -> bool:
    """Return whether the overall question is answered by numbers above five."""
    overall = [header for header in items.values() if "overall" in role_of(header)]
    numbers = [
        float(found[0])
        for header in overall
        for value in values(group, header)
        if value not in MISSING_CODES and (found := re.match(r"\d+(\.\d+)?", folded(value)))
    ]
    return any(number > FIVE_POINTS for number in numbers)


def instruments_block(
    questionnaires: Mapping[str, Mapping[str, str]],
    say: Say,
    longer: Container[str] = (),
    in_words: Container[str] = (),
    of_three: Container[str] = (),
) -> str:
    """Return the questionnaires (instrument → item → header), their scales to be decided.

    That of those answered ``in_words`` on five points is known: the words say which is best. Where
    the ends of five points never occur, the form may have had three (``of_three``).
    For those with scales ``longer`` than five points it is to be decided, too, which scores
    count as satisfied.
    """
    lines = []
    for instrument, items in questionnaires.items():
        known = instrument in in_words
        asked = "middle" if instrument in of_three else "scale"
        scale = f"[1, 5]    # {say('in_words')}" if known else f"DECIDE    # {say(asked)}"
        name = quoted(instrument.partition("_")[2] or instrument)
        lines += [
            f"  {quoted(instrument)}:",
            f"    title: {{zh_CN: {name}, en: {name}}}    # {say('title')}",
            f"    scale: {scale}",
        ]
        if instrument in longer or instrument in of_three:
            which = "satisfied" if instrument in longer else "satisfied_of_three"
            lines.append(f"    satisfied: DECIDE    # {say(which)}")
        lines.append(f"    items:    # {say('items')}")
        roles = {i: ", role: overall" if i == OVERALL else role_of(h) for i, h in items.items()}
        lines += [f"      {i}: {{wording: {quoted(h)}{roles[i]}}}" for i, h in items.items()]
    return "\n".join([f"instruments:    # {say('instruments')}", *lines, ""]) if lines else ""


def role_of(header: str) -> str:
    """Return the role that the wording of a question gives away, as further keys."""
    likely = re.search("可能|愿意|likely", header, re.IGNORECASE)
    if likely and re.search("推荐|recommend", header, re.IGNORECASE):
        return f"{NPS}, scale: [0, 10]"
    overall = "(总体|整体).*满意|overall.*satisf|satisf.*overall"
    return ", role: overall" if re.search(overall, header, re.IGNORECASE) else ""
