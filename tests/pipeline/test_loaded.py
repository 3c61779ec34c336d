"""What the process of a run loads: its methods and its pages belong to forked processes."""

import pickle
import subprocess
import sys

from analysis.pipeline import steps

NOT_LOADED = (
    "scipy", "matplotlib", "nbclient", "nbformat", "papermill", "analysis.causal",
    "analysis.measurement", "analysis.monitoring", "analysis.present", "analysis.report",
    "analysis.value",
)  # fmt: skip


def test_what_prepares_a_run_and_keeps_its_alerts_loads_no_method_and_no_page():
    code = (
        "import sys; from analysis import workspace; from analysis.pipeline import run;"
        "workspace.prepare, workspace.keep_alerts;"
        f"print([name for name in {NOT_LOADED!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_pages_are_handed_to_a_forked_process(monkeypatch, tmp_path):
    handed = []
    monkeypatch.setattr("analysis.kernels.warm_is_possible", lambda: True)
    monkeypatch.setattr("analysis.pipeline.machine.stages", lambda: 2)
    monkeypatch.setattr("analysis.processes.spread", lambda *given: handed.append(given))
    steps._build_report(steps.Setting(root=tmp_path, client="jia", values={}), tmp_path / "run")
    ((work, pieces, processes),) = handed
    assert (pieces, processes) == ([tmp_path / "run"], 2)
    assert pickle.loads(pickle.dumps(work)).args == ("jia", 2)


def test_the_client_file_is_read_once(monkeypatch, tmp_path):
    read = []
    monkeypatch.setattr(steps, "load", lambda path: read.append(path))
    setting = steps.Setting(root=tmp_path, client="jia", values={})
    assert setting.opened is None
    assert setting.programme == "training"
    assert read == [tmp_path / "data" / "jia" / "client.yml"]
