"""Words follow the numbers beside them: 1 site, 2 sites."""

import re

import pytest

from analysis import wording
from analysis.wording.catalogue import words_by_number
from analysis.wording.formatting import in_unit, plural_word

STOPS = {"of", "and", "or", "in", "to", "at", "by", "per", "for", "on", "as", "that", "with"}
"""Words after which a number no longer governs what follows."""
VERBS = {"are", "were", "have", "do"}
IRREGULAR = {"people", "criteria", "others"}
MANY_THINGS = {
    # What "are" and "have" speak of is not the number before them.
    *("planning.advice.reason.did_never", "planning.advice.reason.did_never_untested"),
    "monitoring.reason.few_months",
    *("monitoring.check.risks.question", "monitoring.check.chart.reason"),
    *("faults_reading.file_too_large", "monitoring.check.funnel.reason"),
    "monitoring.check.funnel.reason_alike",
    *("faults_reading.example.share_unit_doubtful", "faults_reading.example.share_unit_undeclared"),
}

ONE_OF = re.compile(r"\b1 of (?:them|1(?: [a-z-]+){1,3}?) (?:are|were|have|do)\b")


def _forms(place):
    return {pair[place] for key in wording.keys("en") for pair in words_by_number(key, "en")}


ONES, OTHERS = _forms(1), _forms(2) - _forms(1)
"""Words that the catalogue writes beside one, and beside other numbers."""


def said_with(number, key):
    """The English sentence with every whole number set to one and the same."""
    counted = {name for name, _, _ in words_by_number(key, "en")}
    params = {}
    for name, spec in wording.placeholders(key, "en"):
        params[name] = number if spec == "int" or name in counted else _something(spec)
    return wording.text(key, "en", **params)


def _something(spec):
    if spec == "key":
        return "terms.tier.frontline"
    if spec == "months":
        return (24_290,)
    if spec in ("date", "month"):
        return "2024-03-01"
    return "Xx" if spec in ("", "text", "indicator") else 0.4


def plurals_after_one(sentence):
    """Stretches of a sentence in which a word for many follows a 1."""
    found = []
    for match in re.finditer(r"(?<![\d.,%±])\b1((?: [A-Za-z'’-]+){1,4})", sentence):
        noun = False
        for word in match.group(1).split():
            if word in STOPS:
                break
            many = word in VERBS or (not noun and (word in OTHERS | IRREGULAR or _looks_many(word)))
            if many:
                found.append(match.group(0))
                break
            if word in ONES:
                if noun:
                    break
                noun = True
    return found + re.findall(
        r"\b1 of (?:them|1(?: [a-z-]+){1,3}?) (?:are|were|have|do)\b", sentence
    )


def _looks_many(word):
    return bool(re.fullmatch(r"[a-z-]{3,}[^siu'’]s", word)) and word not in ONES


def test_english_agrees_with_one():
    found = {key: plurals_after_one(said_with(1, key)) for key in wording.keys("en")}
    assert {key: many for key, many in found.items() if many and key not in MANY_THINGS} == {}


def test_a_word_follows_a_number_that_is_written():
    lost = {}
    for key in wording.keys("en"):
        numbers = {name for name, _ in wording.placeholders(key, "en")}
        asked = {name for name, _, _ in words_by_number(key, "en")}
        if not asked <= numbers or (asked and words_by_number(key, "zh_CN")):
            lost[key] = asked
    assert lost == {}


def test_the_exceptions_are_still_needed():
    assert all(plurals_after_one(said_with(1, key)) for key in MANY_THINGS)


@pytest.mark.parametrize(
    "wrong",
    ["Only 1 trained sites.", "Every 1 months", "1 of 1 sites are late", "1 are open", "1 people"],
)
def test_a_plural_after_one_is_found(wrong):
    assert plurals_after_one(wrong)


@pytest.mark.parametrize(
    ("number", "word"), [(0, "sites"), (1, "site"), (2, "sites"), (1.0, "site"), (None, "sites")]
)
def test_one_is_one_and_nought_is_many(number, word):
    assert plural_word(number, "site", "sites", "en") == word
    assert plural_word(number, "site", "sites", "zh_CN") == "sites"


def test_a_verb_follows_the_sign():
    """Of an improvement, the verb says which way: complaints are cut, satisfaction is raised."""
    said = {
        value: wording.text("findings.effect.better", "en", **{**BETTER, "value": value})
        for value in (0.2, -0.2)
    }
    assert said[0.2].startswith("The training raised mean score by 0.20 on average")
    assert said[-0.2].startswith("The training cut mean score by 0.20 on average")
    chinese = wording.text("findings.effect.better", "zh_CN", **{**BETTER, "value": -0.2})
    assert chinese.startswith("培训使Mean score平均降低 0.20")


BETTER = {"indicator": "Mean score", "unit": "per_1000", "level": 0.95, "ci_low": -0.3} | {
    "ci_high": -0.1, "n_units": 12, "n_treated": 6,
}  # fmt: skip


def test_units_follow_their_number():
    assert in_unit(1, "sites", "en") == "1 site"
    assert in_unit(2, "people", "en") == "2 people"
    assert in_unit(1.0, "months", "en") == "1.0 months"
    assert in_unit(1, "people", "zh_CN") == "1 人"
