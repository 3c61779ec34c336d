"""What a method refuses is an answer; what the caller gets wrong is not."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from analysis import causal, wording
from analysis.causal import FrameError, Mistake, Refusal
from analysis.refusals import Asked

ROOM = Path(causal.__file__).parent
ERRORS = ("FrameError", "CellError", "NoComparisonError", "NoPrePeriodError")


def raised() -> set[str]:
    """Return every reason that the room's code names when it refuses."""
    found = set()
    for path in ROOM.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if name in ERRORS:
                    found.add(node.args[0].value)
    return found


def test_every_reason_is_either_an_answer_or_a_mistake():
    declared = {*Refusal, *Mistake}
    assert raised() <= declared
    assert not set(Refusal) & set(Mistake)


@pytest.mark.parametrize("language", ["zh_CN", "en"])
@pytest.mark.parametrize("reason", list(Refusal))
def test_every_answer_is_worded(reason, language):
    assert wording.text(f"causal.fault.{reason}", language)


@pytest.mark.parametrize("reason", list(Refusal))
def test_a_refusal_becomes_a_check_and_the_rest_goes_on(reason):
    asked = Asked("tracking")

    def refuse():
        raise FrameError(reason, "made up")

    assert asked.ask("kinds", refuse, "otherwise", about="region") == "otherwise"
    assert asked.ask("bounds", lambda: 3, 0) == 3
    (check,) = asked.checks
    assert check.id == "tracking.not_possible.kinds.region"
    assert check.status == "not_possible"
    assert check.dims["reason"] == reason


def test_mistakes_and_the_unexpected_stop():
    asked = Asked("tracking")
    with pytest.raises(FrameError):
        asked.ask("kinds", lambda: _raise(FrameError(Mistake.COLUMNS, "made up")), None)
    with pytest.raises(ZeroDivisionError):
        asked.ask("kinds", lambda: 1 / 0, None)
    assert asked.checks == ()


def _raise(error):
    raise error
