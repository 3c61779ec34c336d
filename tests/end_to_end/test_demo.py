"""The client that ships with the project: what a newcomer opens first agrees with itself."""

from in_process import run_here
from one_truth import differing, on_several_pages, shown
from small_client import ROOT, SmallClient

from analysis import home, results, simulation
from analysis.pipeline import run


class Demo(SmallClient):
    """The client of ``crmeval demo``, its plan not locked."""

    def run(self, **options):
        return run("demo", root=self.root, **options)


def test_the_demos_pages_agree_on_every_number(tmp_path):
    (tmp_path / "notebooks").symlink_to(ROOT / "notebooks", target_is_directory=True)
    home.put_demo(tmp_path)
    simulation.write_demo(tmp_path)
    done = run_here(Demo(tmp_path))
    assert done.state == "complete", done.error
    found = shown(done.folder)
    assert len(on_several_pages(found)) > 400
    assert differing(found) == {}
    gates = results.load("value", done.folder / "results").table("gates")
    every = ["M1", "M2", "M3", "M6", "M9", "M12", "Q1", "Q2", "Q3", "Q4"]
    assert set(gates["goal"]) == set(every)
    assert set(gates["state"]) <= {"met", "just_met", "just_missed", "missed"}
