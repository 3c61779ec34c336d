"""Everything the stage rooms say has its sentence in both languages, with its blanks filled."""

import ast
import re
from pathlib import Path

import pytest

from analysis import monitoring, value, wording
from analysis.client.readings import READINGS
from analysis.measurement import duplicates
from analysis.measurement.quality import RULES
from analysis.tables import TABLES

PACKAGE = Path(wording.__file__).parents[1]
SECTIONS = ("measurement", "design", "monitoring", "value")
KEY = re.compile(
    r"(measurement|design|monitoring|value)\."
    r"(check|reason|alert|owner|series|state|covariate)\.[a-z_0-9.]+"
)


def keys_in_code():
    for room in SECTIONS:
        for path in sorted((PACKAGE / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                text = node.value if isinstance(node, ast.Constant) else None
                if isinstance(text, str) and KEY.fullmatch(text) and text[-1] != ".":
                    yield text


def keys_from_data():
    yield from (f"measurement.table.{name}" for name in TABLES)
    yield from (f"measurement.field.{name}" for table in TABLES.values() for name in table.columns)
    for rule in [*(r.id for r in RULES), "orphan", "repeated_key"]:
        yield f"measurement.check.{rule}.question"
        yield f"measurement.check.{rule}.remedy"
        yield f"measurement.rule.{rule}"
    for twice in duplicates.RULES:
        yield f"measurement.check.{twice.id}.question"
        yield f"measurement.check.{twice.id}.remedy"
    for name in ("blank", "extreme"):
        for part in ("question", "reason", "remedy"):
            yield f"measurement.check.branch.{name}.{part}"
    for status in ("passed", "caution", "failed"):
        yield f"measurement.check.pretrend.{status}"
    for rule in monitoring.rules():
        yield f"monitoring.alert.{rule.id}.message"
        yield f"monitoring.alert.{rule.id}.response"
        yield f"monitoring.owner.{rule.owner}"
        yield f"monitoring.rule.{rule.id}"
    for part in ("attendance", "completion", "reaction", "learning"):
        yield f"monitoring.check.{part}.question"
    for entry in value.playbook():
        yield f"value.action.{entry['action']}"
        yield f"value.owner.{entry['owner']}"
    for moved in ("effect", "money"):
        yield f"value.tornado.{moved}"
    for state in ("improved", "worsened", "mixed", "no_change_found", "not_assessed"):
        yield f"value.state.{state}"


@pytest.mark.parametrize("language", wording.LANGUAGES)
def test_every_key_the_rooms_use_is_worded(language):
    known = set(wording.keys(language))
    used = {*keys_in_code(), *keys_from_data()}
    assert len(used) > 150
    stems = {key.rpartition(".")[0] for key in known if key.endswith(".question")}
    assert sorted(used - known - stems) == []


@pytest.mark.parametrize("section", SECTIONS)
def test_the_languages_have_the_same_keys_and_placeholders(section):
    chinese, english = (
        {k for k in wording.keys(language) if k.startswith(f"{section}.")}
        for language in ("zh_CN", "en")
    )
    assert chinese == english
    for key in chinese:
        assert wording.placeholders(key, "zh_CN") == wording.placeholders(key, "en"), key


@pytest.mark.parametrize("language", wording.LANGUAGES)
def test_contradictions_read_as_in_the_client_file(language):
    for id, conflict in READINGS.items():
        assert wording.text(f"design.conflicts.{id}.question", language) == conflict.title[language]
        for reading, words in conflict.readings.items():
            assert words[language] in wording.text(f"design.conflicts.{id}.{reading}", language)
