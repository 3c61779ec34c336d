"""The same work by this project and by the Python packages that researchers would reach for.

    python benchmarks/peers.py --peers PYTHON [--repeats 3] [--large]

PYTHON is the interpreter of an environment of its own that holds whichever of csdid, diff-diff,
differences, pyfixest, wildboottest and linearmodels; one that is absent is left out and named. The
project itself needs none of them. Every run is a fresh process, because a report calls each
estimator once: *whole process* counts interpreter, imports, compilation and the call; *first call*
the call alone in that process, *again* the same call once more. *Processor* is the processor time
of the whole process, which other jobs on the machine disturb least; the ratio is of it. Memory is
the largest resident size. Limit of time: ``LIMIT`` seconds a process.

* *group-time*: doubly robust group-time effects with two covariates, not yet treated as
  comparison, universal base, effects by event time with a uniform band from 999 draws;
* *event study*: two-way fixed effects with event-time dummies, clustered by site;
* *wild*: wild cluster bootstrap of the two-way fixed-effects coefficient, null imposed, 9,999
  draws (this project's also inverts it to an interval).
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import io
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
LIMIT = 240
DRAWS, WILD_DRAWS = 999, 9_999
X = ["x1", "x2"]
TASKS = {
    "group-time": ("this project", "diff_diff", "csdid", "differences"),
    "event study": ("this project", "pyfixest", "linearmodels"),
    "wild": ("this project", "pyfixest"),
}


def panel(sites: int):
    """Return the panel of ``benchmarks/causal.py``, with numeric sites and cohorts beside."""
    spec = importlib.util.spec_from_file_location("causal_benchmark", HERE / "causal.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    frame = module.panel(sites, 36)
    frame["id"] = frame["unit"].str[1:].astype(int) + 1
    frame["first"] = frame["cohort"].fillna(0).astype(int)
    frame["treated"] = ((frame["first"] > 0) & (frame["period"] >= frame["first"])).astype(int)
    return frame


def our_group_time(frame):
    from analysis.causal import aggregate, group_time, prepare
    from analysis.causal.did.bands import uniform_critical

    data = prepare(frame, covariates=X)
    event = aggregate(group_time(data), "event")
    estimated = event.se(data.cluster) > 0
    uniform_critical(event.influence[:, estimated], data.cluster, level=0.95, draws=DRAWS, seed=1)
    place = list(event.key).index(6)
    return event.att[place], event.se(data.cluster)[place]


def csdid_group_time(frame):
    import numpy as np
    from csdid.att_gt import ATTgt

    fit = ATTgt(
        yname="y",
        gname="first",
        idname="id",
        tname="period",
        data=frame,
        control_group="notyettreated",
        xformla="y ~ x1 + x2",
        cband=True,
        biters=DRAWS,
    ).fit(est_method="dr", base_period="universal", bstrap=True)
    event = fit.aggte("dynamic").atte
    place = list(event["egt"]).index(6)
    return event["att_egt"][place], np.ravel(event["se_egt"])[place]


def diff_diff_group_time(frame):
    from diff_diff import CallawaySantAnna

    fit = CallawaySantAnna(
        control_group="not_yet_treated",
        base_period="universal",
        n_bootstrap=DRAWS,
        cband=True,
        seed=1,
    ).fit(frame, "y", "id", "period", "first", covariates=X, aggregate="event_study")
    found = fit.event_study_effects[6]
    return found["effect"], found["se"]


def differences_group_time(frame):
    from differences import ATTgt

    indexed = frame.set_index(["id", "period"])[["y", "cohort", *X]]
    fit = ATTgt(data=indexed, cohort_column="cohort", base_period="universal")
    fit.fit(
        "y ~ x1 + x2",
        est_method="dr",
        control_group="not_yet_treated",
        boot_iterations=DRAWS,
        random_state=1,
        progress_bar=False,
    )
    row = fit.aggregate("event", boot_iterations=DRAWS, random_state=1).loc[6]
    return row.iloc[0], row.iloc[1]


def our_event_study(frame):
    from analysis.causal import prepare, twfe_event_study

    fit = twfe_event_study(prepare(frame))
    place = fit.names.index("6")
    return fit.coef[place], fit.se[place]


def _with_event_time(frame):
    event = (frame["period"] - frame["cohort"]).fillna(-1).astype(int)
    return frame.assign(event=event)


def pyfixest_event_study(frame):
    import pyfixest

    fit = pyfixest.feols(
        "y ~ i(event, ref=-1) | id + period", _with_event_time(frame), vcov={"CRV1": "id"}
    )
    return fit.coef()["event::6"], fit.se()["event::6"]


def linearmodels_event_study(frame):
    import pandas as pd
    from linearmodels.panel import PanelOLS

    frame = _with_event_time(frame).set_index(["id", "period"])
    dummies = pd.get_dummies(frame["event"], prefix="e", dtype=float).drop(columns="e_-1")
    fit = PanelOLS(frame["y"], dummies, entity_effects=True, time_effects=True).fit(
        cov_type="clustered", cluster_entity=True
    )
    return fit.params["e_6"], fit.std_errors["e_6"]


def our_wild(frame):
    from analysis.causal import prepare, wild_bootstrap
    from analysis.causal.did.two_way import TwoWay

    data = prepare(frame)
    under = data.treated.astype(float)
    omega = TwoWay(data.observed).residual(under)
    omega /= omega[data.treated].sum()
    found = wild_bootstrap(
        data.y,
        data.treated,
        omega,
        data.observed,
        data.cluster,
        draws=WILD_DRAWS,
        seed=1,
        multipliers="rademacher",
    )
    return found.estimate, found.p_value


def pyfixest_wild(frame):
    import pyfixest

    fit = pyfixest.feols("y ~ treated | id + period", frame, vcov={"CRV1": "id"})
    found = fit.wildboottest(reps=WILD_DRAWS, cluster="id", param="treated", seed=1)
    return fit.coef()["treated"], found["Pr(>|t|)"]


CALLS = {
    ("group-time", "this project"): our_group_time,
    ("group-time", "csdid"): csdid_group_time,
    ("group-time", "diff_diff"): diff_diff_group_time,
    ("group-time", "differences"): differences_group_time,
    ("event study", "this project"): our_event_study,
    ("event study", "pyfixest"): pyfixest_event_study,
    ("event study", "linearmodels"): linearmodels_event_study,
    ("wild", "this project"): our_wild,
    ("wild", "pyfixest"): pyfixest_wild,
}


def child(task: str, tool: str, sites: int) -> None:
    """Make the call twice in this process and print the seconds, memory and numbers."""
    frame = panel(sites)
    sys.path.insert(0, str(HERE.parent))
    call = CALLS[task, tool]
    with contextlib.redirect_stdout(io.StringIO()):
        began = time.perf_counter()
        numbers = call(frame.copy())
        first = time.perf_counter()
        spent = processor_seconds(resource.RUSAGE_SELF)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        call(frame.copy())
        again = time.perf_counter()
    print(
        json.dumps(
            {
                "first call": first - began,
                "again": again - first,
                "processor again": processor_seconds(resource.RUSAGE_SELF) - spent,
                "memory, GB": memory,
                "numbers": [float(value) for value in numbers],
            }
        )
    )


def processor_seconds(whose: int = resource.RUSAGE_CHILDREN) -> float:
    """Seconds of processor that finished children (or this process) have used."""
    used = resource.getrusage(whose)
    return used.ru_utime + used.ru_stime


def measure(python: str, task: str, tool: str, sites: int, repeats: int) -> dict | str:
    """Return medians over fresh processes, or why there are none."""
    if tool != "this project":
        asked = f"import importlib.util as i; exit(i.find_spec({tool!r}) is None)"
        if not python or subprocess.run([python, "-c", asked]).returncode:
            return "not installed"
    interpreter = sys.executable if tool == "this project" else python
    runs = []
    for _ in range(repeats):
        began, spent = time.perf_counter(), processor_seconds()
        try:
            done = subprocess.run(
                [interpreter, str(HERE / "peers.py"), "--child", task, tool, str(sites)],
                capture_output=True,
                text=True,
                timeout=LIMIT,
                env={**os.environ, "PYTHONWARNINGS": "ignore"},
            )
        except subprocess.TimeoutExpired:
            return f"longer than {LIMIT} s"
        if done.returncode:
            return f"failed: {done.stderr.strip().splitlines()[-1][:100]}"
        found = json.loads(done.stdout.splitlines()[-1])
        whole = time.perf_counter() - began - found["again"]
        spent = processor_seconds() - spent - found["processor again"]
        runs.append({"whole process": whole, "processor": spent, **found})
    names = ("whole process", "processor", "first call", "again", "memory, GB")
    medians = {name: statistics.median(run[name] for run in runs) for name in names}
    return medians | {"numbers": runs[0]["numbers"]}


def main(python: str, sizes: tuple[int, ...], repeats: int, tasks: list[str]) -> None:
    header = "task, sites, by, whole process, processor, ratio, first call, again, memory GB, found"
    print("| " + header.replace(", ", " | ") + " |")
    print("|" + "---|" * 10)
    for task in tasks:
        for sites in sizes:
            ours = None
            for tool in TASKS[task]:
                found = measure(python, task, tool, sites, repeats)
                start = f"| {task} | {sites:,} | {tool} |"
                if isinstance(found, str):
                    print(f"{start} {found} | | | | | | |", flush=True)
                    continue
                ours = ours or found["processor"]
                numbers = ", ".join(f"{value:.5f}" for value in found["numbers"])
                print(
                    f"{start} {found['whole process']:.2f} | {found['processor']:.2f} "
                    f"| {found['processor'] / ours:.1f} "
                    f"| {found['first call']:.2f} | {found['again']:.2f} "
                    f"| {found['memory, GB']:.2f} | {numbers} |",
                    flush=True,
                )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--child", nargs=3, metavar=("TASK", "TOOL", "SITES"))
    parser.add_argument("--peers", default="", help="interpreter that has the peers")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--sites", type=int, nargs="+", default=(60, 10_000))
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    chosen = parser.parse_args()
    if chosen.child:
        child(*chosen.child[:2], int(chosen.child[2]))
    else:
        main(chosen.peers, tuple(chosen.sites), chosen.repeats, chosen.tasks)
