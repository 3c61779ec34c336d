"""The real notebooks, killed in the middle of the third: nothing is lost and nothing done twice."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time

from small_client import NAME, ROOT, SmallClient

from analysis import manifest, newest

NOTE = "alert_id,state,decided_on,decided_by,note\n"
"""A sheet of decisions without rows: monitoring and what reads it have to run."""


def killed_in_monitoring(client) -> None:
    """Start ``crmeval run`` and kill it with SIGKILL while the monitoring notebook runs."""
    (client.root / "data" / NAME / "alerts.csv").write_text(NOTE, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "analysis.cli", "run", NAME],
        cwd=ROOT,
        env={**os.environ, "CRMEVAL_HOME": str(client.root)},
        stderr=subprocess.DEVNULL,
    )
    end = time.monotonic() + 120
    while not in_monitoring(client):
        assert time.monotonic() < end
        assert process.poll() is None
        time.sleep(0.05)
    process.kill()
    process.wait()


def in_monitoring(client) -> bool:
    _, run = newest.runs(client.reports)[0]
    found = run.steps.get("monitoring")
    return run.state == "running" and found is not None and found.state == "running"


def test_a_killed_run_is_resumed_at_monitoring(finished, tmp_path):
    # A copy: the other tests go on reading the complete run as the latest.
    shutil.copytree(finished.client.root, tmp_path / "copy", symlinks=True)
    client = SmallClient(tmp_path / "copy")
    complete = newest.latest(client.reports)
    killed_in_monitoring(client)
    cut, found = newest.runs(client.reports)[0]
    assert cut != complete
    assert found.steps["baseline"].finished
    assert newest.latest(client.reports) == complete
    for step in manifest.load(complete).steps.values():
        assert manifest.intact(complete, step.outputs)

    resumed = client.run()
    assert resumed.state == "complete", resumed.error
    assert resumed.folder == cut
    assert resumed.executed == ("monitoring", "value", "report")
    assert newest.latest(client.reports) == cut
    assert not [path for path in cut.rglob(".*") if path.is_file()]
