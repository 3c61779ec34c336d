"""Meaning is declared, not spelled: no rule reads it out of an id, a claim or a wording key."""

import ast
from pathlib import Path

import pytest

from analysis import wording
from analysis.findings import grades
from analysis.measurement.readiness import AREAS
from analysis.results import Claim, Topic
from analysis.results.claims import NOT_PROVEN, UNDONE, WITHOUT_INTERVAL
from analysis.value.actions import playbook

PACKAGE = Path(__file__).resolve().parents[2] / "analysis"
SPELLED = {"claim", "question", "remedy", "reason", "id"}
READS = {
    "endswith",
    "startswith",
    "removeprefix",
    "removesuffix",
    "split",
    "rpartition",
    "partition",
}
LABELS = {
    "causal/evaluation/evaluate.py": 1,  # the rule that the first check names
    "design/readiness.py": 1,  # the id of a check that is asked again
    "present/sentences.py": 2,  # words of an estimate without a label
    "present/views/baseline.py": 1,
    "present/views/words.py": 1,
    "results/stage.py": 1,  # estimates of a step, by prefix
}
"""Where an id names something for the reader, how often."""


def spelled(tree):
    """Return the lines that read a part of an id, a claim or a wording key."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in READS
        and isinstance(node.func.value, ast.Attribute)
        and node.func.value.attr in SPELLED
    ]


def trees():
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path.relative_to(PACKAGE).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def test_nothing_reads_meaning_out_of_ids_and_keys():
    found = {
        name: lines for name, tree in trees() if len(lines := spelled(tree)) > LABELS.get(name, 0)
    }
    assert found == {}


def test_a_planted_reading_is_found():
    assert spelled(ast.parse("x = check.id.endswith('pretrend')")) == [1]


def test_every_topic_is_given_to_some_check():
    given = {
        node.attr
        for name, tree in trees()
        if name != "results/topics.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "Topic"
    }
    made_by_name = {"RESPONDENTS", "STAFF", "WEEKLY_OPENED", "WEEKLY_IN_TIME"}
    assert {topic.name for topic in Topic} == given | made_by_name


@pytest.mark.parametrize("language", wording.LANGUAGES)
def test_every_claim_is_worded_with_what_to_do(language):
    known = set(wording.keys(language))
    assert {str(claim) for claim in Claim} <= known
    asked = {claim.action for claim in Claim if "targets" not in claim}
    assert asked <= known


def test_groups_of_topics_and_claims_do_not_overlap_by_mistake():
    groups = (grades.ESSENTIAL, grades.DECISIVE, grades.NEEDED, grades.UNDOING, grades.KINDS)
    assert sum(map(len, groups)) == len(frozenset().union(*groups))
    assert UNDONE | WITHOUT_INTERVAL <= NOT_PROVEN
    plain = [topic for area in AREAS if area.only is None for topic in area.topics]
    assert len(plain) == len(set(plain))


def test_the_playbook_knows_every_claim_about_an_effect():
    import fnmatch

    patterns = [entry["match"] for entry in playbook() if entry["from"] == "finding"]
    unknown = {
        claim
        for claim in Claim
        if "effect" in claim and not any(fnmatch.fnmatchcase(claim, p) for p in patterns)
    }
    assert unknown == set()
