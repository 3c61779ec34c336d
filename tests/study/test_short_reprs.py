"""What the last line of a cell prints is short, and never a secret."""

from pathlib import Path

from analysis import client as clients
from analysis.workspace.opening.stage import Stage

DEMO = Path(__file__).resolve().parents[2] / "data" / "demo"


def test_a_client_and_a_stage_are_named_without_their_key(tmp_path):
    opened = clients.load(DEMO)
    stage = Stage("tracking", opened, tmp_path, None, "en", 1)
    for thing in (opened, opened.privacy, stage):
        assert opened.privacy.demo_key not in repr(thing)
        assert opened.privacy.demo_key not in str(thing)
        assert len(repr(thing)) < 1000
    assert repr(stage).startswith("<Stage 'tracking' of 'demo'")
