"""What a run folder says of itself, also one that an earlier version wrote."""

import json

import pytest

from analysis.report.run import Run, open_run

NAME = {"zh_CN": "绿林物业", "en": "Greenwood"}


@pytest.mark.parametrize(("kept", "least"), [({"min_cell": 12}, 12), ({}, Run.min_cell)])
def test_the_smallest_count_shown_is_kept_or_the_default(tmp_path, kept, least):
    identity = {"id": "acme", "name": NAME, "simulated": True, **kept}
    (tmp_path / "client.json").write_text(json.dumps(identity), encoding="utf-8")
    run = open_run(tmp_path)
    assert (run.min_cell, run.simulated, run.name("zh_CN")) == (least, True, "绿林物业")
