"""The session of docs/first-report.md, typed as it stands there, ends with a report."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from in_process import cells_in_this_process
from three_files import write_files

from analysis import cli
from analysis.results import load

PAGE = Path(__file__).parents[2] / "docs" / "first-report.md"
MOST_TYPED = 6


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "zh"])
def test_three_tidy_files_to_a_report(tmp_path, monkeypatch, language):
    monkeypatch.setenv("CRMEVAL_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path / "exports", language)
    text = PAGE.read_text(encoding="utf-8")
    written = tmp_path / "data" / "greenwood" / "client.yml"
    typed = 0
    for kind, block in re.findall(r"```(sh|yaml)\n(.*?)```", text, re.S):
        for line in block.splitlines():
            typed += 1
            if kind == "sh":
                with cells_in_this_process():
                    done = CliRunner().invoke(cli.main, ["--lang", language, *line.split()[1:]])
                assert done.exit_code == 0, done.output
            else:
                key = line.split(":")[0] + ":"
                lines = written.read_text(encoding="utf-8").splitlines()
                assert sum(old.startswith(key) and "DECIDE" in old for old in lines) == 1
                lines = [line if old.startswith(key) else old for old in lines]
                written.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert typed <= MOST_TYPED
    latest = tmp_path / "reports" / "greenwood" / "latest"
    assert (latest / "index.html").is_file()
    found = load("tracking", latest / "results")
    lead = next(e for e in found.estimates if e.id == "tracking.complaints_per_1000.att.overall")
    assert lead.causal
    assert lead.value < 0
