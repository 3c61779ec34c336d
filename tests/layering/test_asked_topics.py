"""Whatever a stage asks for may be refused, and then has a name in both languages."""

import ast
from pathlib import Path

import analysis
from analysis import wording

WIRING = Path(analysis.__file__).parent / "workspace"
ASKS = {"step", "ask", "answered"}
"""What asks a method for something under a topic, its first text."""


def asked(tree):
    """The topics named in a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            texts = [a.value for a in node.args[:2] if isinstance(a, ast.Constant)]
            if name in ASKS and texts and isinstance(texts[0], str):
                yield texts[0]


def test_every_topic_that_is_asked_for_is_worded():
    topics = {
        topic
        for path in WIRING.rglob("*.py")
        for topic in asked(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert len(topics) > 60
    unnamed = [f"refusals.topic.{topic}" for topic in sorted(topics)]
    unnamed = [key for key in unnamed if not wording.has(key)]
    assert unnamed == [], (
        "each needs its words, beside the step or in analysis/wording/refusals.yml"
    )


def test_the_check_reads_calls():
    code = 'self.step("late", f)\nask("kinds", g, None)\nother("no")\n'
    assert sorted(asked(ast.parse(code))) == ["kinds", "late"]
