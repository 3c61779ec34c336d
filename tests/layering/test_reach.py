"""What a module can reach: no import is overlooked, and rooms do not reach what they never call."""

import ast

import pytest

from analysis import reach

COMPUTING = (
    "analysis.causal",
    "analysis.design",
    "analysis.indicators",
    "analysis.ingest",
    "analysis.measurement",
    "analysis.monitoring",
    "analysis.value",
)


def imported(source: reach.Source) -> set[tuple[str, str]]:
    """Every import of this package in a module, by Python's own parser."""
    found = set()
    for node in ast.walk(ast.parse(source.text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == reach.PACKAGE:
            assert node.level == 0
            found |= {(node.module, alias.name) for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {(a.name, "") for a in node.names if a.name.split(".")[0] == reach.PACKAGE}
    return found


@pytest.mark.parametrize("name", sorted(reach.sources()))
def test_every_import_is_found(name):
    source = reach.sources()[name]
    assert imported(source) <= {(module, wanted) for module, wanted, _ in source.imports}


def test_every_module_and_no_other_is_known():
    assert reach.PACKAGE in reach.sources()
    assert all(source.path.is_file() for source in reach.sources().values())


@pytest.mark.parametrize("room", COMPUTING)
def test_what_is_computed_reaches_no_words_and_no_pages(room):
    reached = reach.reach(room)
    assert room in reached
    assert not [m for m in reached if m.startswith(("analysis.present", "analysis.report"))]


def test_a_name_handed_on_by_a_package_leads_to_its_module():
    decided = reach.reach("analysis.workspace.opening.decided")
    assert "analysis.monitoring.alerts.decisions" in decided
    assert "analysis.monitoring.sites.standing" not in decided


def test_names_looked_up_when_used_are_followed():
    assert "analysis.pipeline.runner" in reach.reach("analysis.cli.runs")
    assert "analysis.workspace.opening.outlook" in reach.reach("analysis.cli.clients")
    assert "analysis.present.views.value" in reach.reach("analysis.present.views")


def test_a_package_used_by_itself_is_reached_whole(tmp_path):
    written = tmp_path / "asks.py"
    written.write_text("from analysis import causal\nrooms = [causal]\nx = causal.deepen\n")
    assert reach.Source("asks", written).attributes == {"causal": None}
    written.write_text("from analysis import causal as c\nx = c.deepen(causal=c.lead())\n")
    assert reach.Source("asks", written).attributes == {"c": frozenset({"deepen", "lead"})}


def test_modules_left_out_lead_nowhere():
    whole = reach.reach("analysis.workspace.opening.opened")
    part = reach.reach("analysis.workspace.opening.opened", without=("analysis.present",))
    assert not [m for m in part if m.startswith("analysis.present")]
    assert part < whole


def test_an_unknown_module_is_told():
    with pytest.raises(KeyError, match=r"analysis\.nowhere is no module"):
        reach.reach("analysis.nowhere")


@pytest.fixture
def hashed(monkeypatch):
    """Let the hash of one file be another, as if it had been changed."""

    def change(part):
        known = reach._hash.__wrapped__
        monkeypatch.setattr(
            reach, "_hash", lambda p: "changed" if p.as_posix().endswith(part) else known(p)
        )
        reach.digest.cache_clear()
        reach.sentences.cache_clear()

    yield change
    monkeypatch.undo()
    reach.digest.cache_clear()
    reach.sentences.cache_clear()


@pytest.mark.parametrize(
    ("part", "same"),
    [
        ("design/power.py", False),
        ("design/sample.py", True),
        ("value/roi.py", True),
        ("results/records.py", False),
        ("design/risks.yml", False),  # of its folder
        ("monitoring/alerts/rules.yml", True),
        ("wording/cli.yml", True),
        ("inputs/beside_truth.step.yml", True),
    ],
)
def test_only_what_can_be_reached_counts(hashed, part, same):
    before = reach.digest("analysis.design.power")
    hashed(part)
    assert (reach.digest("analysis.design.power") == before) is same


@pytest.mark.parametrize(
    ("part", "same"), [("wording/cli.yml", False), (".step.yml", False), ("design/power.py", True)]
)
def test_sentences_have_a_hash_of_their_own(hashed, part, same):
    before = reach.sentences()
    hashed(part)
    assert (reach.sentences() == before) is same


def test_a_name_that_comes_from_another_module_changes_the_hash(monkeypatch):
    before = reach.digest("analysis.design.power")
    real = reach._origins.__wrapped__
    name = "analysis.design.power"
    assert any(leads for _, leads in real(name))
    moved = tuple((wanted, ("analysis.errors",)) for wanted, _ in real(name))
    monkeypatch.setattr(reach, "_origins", lambda n: moved if n == name else real(n))
    reach.digest.cache_clear()
    assert reach.digest(name) != before
    reach.digest.cache_clear()
