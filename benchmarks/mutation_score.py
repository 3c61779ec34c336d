"""Change the code in small ways, one at a time, and count the changes that a room's tests notice.

A fixed sample of mutations by cosmic-ray's operators (a comparison, an operator, a constant, a
condition) is drawn over six rooms, as many for each. Every one is made in a copy of the repository,
and the room's own tests run on it: first the files that name the changed function or its module,
then the others, up to the first failure. Annotations, decorators and texts are not changed.

    .venv/bin/uv pip install --python .venv/bin/python --group mutation  # cosmic-ray
    .venv/bin/python benchmarks/mutation_score.py 100
    .venv/bin/python benchmarks/mutation_score.py --named  # kinds that survived once, near tests

Prints the score of each room and every survivor; ``--rooms causal value`` runs some rooms.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROOMS = {
    "causal": ("causal",),
    "measurement": ("measurement",),
    "monitoring": ("monitoring",),
    "value": ("value",),
    "ingest": ("ingest", "ingest_readers"),
    "findings": ("findings",),
}
"""Rooms of the package, with the folders of their tests."""
SEED, SECONDS = 20240101, 1800
COMPARISONS = ("Lt_LtE", "LtE_Lt", "Gt_GtE", "GtE_Gt", "Eq_NotEq", "NotEq_Eq", "Lt_Gt", "Gt_Lt")
BINARY = ("Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "Pow_Mul")
OPERATORS = (
    *(f"core/ReplaceComparisonOperator_{kind}" for kind in COMPARISONS),
    *(f"core/ReplaceBinaryOperator_{kind}" for kind in BINARY),
    "core/NumberReplacer", "core/AddNot", "core/ReplaceAndWithOr", "core/ReplaceOrWithAnd",
    "core/ReplaceTrueWithFalse", "core/ReplaceFalseWithTrue", "core/ReplaceUnaryOperator_USub_UAdd",
    "core/ReplaceUnaryOperator_Delete_Not", "core/ZeroIterationForLoop",
)  # fmt: skip


@dataclass(frozen=True)
class Mutation:
    """One change of one file: what it is, on which line, and the text of the whole file after."""

    room: str
    path: str
    line: int
    what: str
    code: str


NAMED = (
    ("wild bootstrap without + 1", "causal/resampling/few_clusters.py",
     "return above / len(drawn) if enumerated else (above + 1) / (len(drawn) + 1)",
     "return above / len(drawn)"),
    ("wild bootstrap of many panels without + 1", "causal/resampling/few_clusters.py",
     "return above / by.shape[1] if enumerated else (above + 1) / (by.shape[1] + 1)",
     "return above / by.shape[1]"),
    ("randomisation without + 1", "causal/lottery/lot.py",
     "(above + 1) / (len(labels) + 1)", "above / len(labels)"),
    ("random timing without + 1", "causal/lottery/random_timing.py",
     "(as_far + 1) / (total + 1)", "as_far / total"),
    ("pre-trends by draws without + 1", "causal/parallel_trends/pretrend_draws.py",
     "(above + 1) / (len(drawn) + 1)", "above / len(drawn)"),
    ("several outcomes without + 1", "causal/robustness/multiplicity.py",
     "(1 + above) / (1 + len(drawn))", "above / len(drawn)"),
    ("placebos without + 1", "causal/synthetic_control/synthetic.py",
     "(1 + np.sum(size >= abs(att) * (1 - 1e-12))) / (1 + len(placebo))",
     "np.sum(size >= abs(att) * (1 - 1e-12)) / len(placebo)"),
    ("Lee's bounds without the factor of few clusters", "causal/robustness/bounds.py",
     "(total**2).sum() * m / max(m - 1, 1)", "(total**2).sum()"),
    ("pre-trends never of little power", "causal/evaluation/checks.py",
     "elif lead.value is not None and bias > abs(lead.value):", "elif False:"),
    ("agreement by the wider side", "causal/evaluation/checks.py",
     "threshold=min(lead.value - lead.ci_low, lead.ci_high - lead.value),",
     "threshold=max(lead.value - lead.ci_low, lead.ci_high - lead.value),"),
    ("ICC by the mean size", "measurement/icc.py",
     "n0 = (size - (n**2).sum() / size) / (k - 1)", "n0 = size / k"),
    ("design effect of n, not n - 1", "monitoring/inference/dependence.py",
     "1 + np.asarray(correlation) * (alike - all_n) / all_n",
     "1 + np.asarray(correlation) * alike / all_n"),
    ("stale a month later", "measurement/timeliness.py", "else end - 2)", "else end - 3)"),
    ("stale a month earlier", "measurement/timeliness.py", "else end - 2)", "else end - 1)"),
    ("a round missed is not stale", "measurement/timeliness.py",
     "(newest - 1 if in_rounds", "(newest - 2 if in_rounds"),
    ("discounted from each site's own start", "value/roi.py",
     "-(kept[\"period\"] - first) / 12", "-(kept[\"period\"] - kept[\"cohort\"]) / 12"),
    ("the outlook discounted from each start", "value/outlook.py",
     "since = (trained - trained.min())", "since = (trained - trained)"),
    ("a mixed level carries the chain", "value/chain.py",
     '("no_change_found", "worsened", "mixed")', '("no_change_found", "worsened")'),
    ("better and worse is better", "value/chain.py",
     'if count["better"] and count["worse"]:', "if False:"),
    ("the first moment after the period counts", "ingest/crosschecks.py",
     "(days >= end)", "(days > end)"),
    ("the first day of the period does not count", "ingest/crosschecks.py",
     "(days < first)", "(days <= first)"),
    ("dates of one moment are out of order", "ingest/crosschecks.py",
     "draft.frame[later] < draft.frame[earlier]", "draft.frame[later] <= draft.frame[earlier]"),
    ("doubtful rows up to 2 %", "measurement/quality.py",
     "FAILED_SHARE = 0.01", "FAILED_SHARE = 0.02"),
    ("doubtful rows up to half a per cent", "measurement/quality.py",
     "FAILED_SHARE = 0.01", "FAILED_SHARE = 0.005"),
    ("newcombe beyond -1", "measurement/intervals.py",
     "max(-1.0, min(value, float(low)))", "min(value, float(low))"),
    ("newcombe beyond 1", "measurement/intervals.py",
     "max(-1.0, min(value, float(low))), min(1.0, max(value, float(high)))",
     "max(-1.0, min(value, float(low))), max(value, float(high))"),
)  # fmt: skip
"""Changes that survived once: what, in which file, the text and what takes its place."""


def named() -> list[Mutation]:
    """Return the kinds that once survived.

    Raises
    ------
    LookupError
        When a text is not in its file just once: the code has moved on, and so must the list.
    """
    found = []
    for what, name, old, new in NAMED:
        text = (ROOT / "analysis" / name).read_text(encoding="utf-8")
        if text.count(old) != 1:
            raise LookupError(f"{what}: {old!r} stands {text.count(old)} times in {name}")
        line = text[: text.index(old)].count("\n") + 1
        room = name.partition("/")[0]
        found.append(Mutation(room, f"analysis/{name}", line, what, text.replace(old, new)))
    return found


def sample(number: int, rooms: list[str]) -> list[Mutation]:
    """Draw mutations, as many of each room; the same ones for the same code."""
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    drawn = []
    for place, room in enumerate(rooms):
        files = sorted((ROOT / "analysis" / room).rglob("*.py"))
        spots = [spot for path in files for spot in _spots(path)]
        order = random.Random(f"{SEED} {room}")
        wanted = number // len(rooms) + (place < number % len(rooms))
        for path, operator, occurrence, line in order.sample(spots, wanted):
            text = path.read_text(encoding="utf-8")
            code = mutate_code(text, get_operator(operator)(), occurrence)
            name = path.relative_to(ROOT).as_posix()
            drawn.append(Mutation(room, name, line, operator.removeprefix("core/"), code))
    return drawn


def _spots(path: Path) -> Iterator[tuple[Path, str, int, int]]:
    """Give every place of a file where an operator applies: file, operator, its number, line."""
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.plugins import get_operator

    text = path.read_text(encoding="utf-8")
    nodes, left_out = list(ast_nodes(get_ast(text))), _left_out(ast.parse(text))
    for operator in OPERATORS:
        made, occurrence = get_operator(operator)(), 0
        for node in nodes:
            for start, _ in made.mutation_positions(node):
                if not any(low <= start < high for low, high in left_out):
                    yield path, operator, occurrence, start[0]
                occurrence += 1


def _left_out(tree: ast.Module) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Return the spans of annotations and decorators, which no test is about."""
    spans = []
    for node in ast.walk(tree):
        parts = [getattr(node, name, None) for name in ("annotation", "returns")]
        for part in (*parts, *getattr(node, "decorator_list", ())):
            if part is not None:
                spans.append(
                    ((part.lineno, part.col_offset), (part.end_lineno, part.end_col_offset))
                )
    return spans


def survives(mutation: Mutation, copy: Path, *, near_only: bool) -> bool:
    """Run tests on a copy that has the mutation; tell whether all of them pass.

    Those of the room, or only the files that name what is changed.
    """
    path = copy / mutation.path
    before = path.read_text(encoding="utf-8")
    path.write_text(mutation.code, encoding="utf-8")
    try:
        near, others = _tests(mutation, before)
        asked = [near or others] if near_only else [near, others]
        return all(_pass(files, copy) for files in asked if files)
    finally:
        path.write_text(before, encoding="utf-8")


def _tests(mutation: Mutation, text: str) -> tuple[list[str], list[str]]:
    """Return the room's test files: those that name what is changed, and the others."""
    around = [
        node.name
        for outer in ast.parse(text).body
        for node in (outer, *getattr(outer, "body", ()))
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and (node is outer or isinstance(outer, ast.ClassDef))
        and node.lineno <= mutation.line <= node.end_lineno
    ]
    words = "|".join(re.escape(word) for word in (*around, Path(mutation.path).stem))
    near, others = [], []
    for folder in ROOMS[mutation.room]:
        for path in sorted((ROOT / "tests" / folder).glob("test_*.py")):
            named = re.search(rf"\b({words})\b", path.read_text(encoding="utf-8"))
            (near if named else others).append(path.relative_to(ROOT).as_posix())
    return near, others


def _pass(files: list[str], copy: Path) -> bool:
    command = [sys.executable, "-m", "pytest", "-x", "-p", "no:cacheprovider", *files]
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": ""}
    try:
        done = subprocess.run(
            command, cwd=copy, env=environment, capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return False  # an endless loop is noticed, too
    return done.returncode == 0


def main() -> None:
    """Run the sample or the named kinds, and print the scores."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("number", nargs="?", type=int, default=100)
    asked.add_argument("--named", action="store_true")
    asked.add_argument("--rooms", nargs="+", choices=ROOMS, default=list(ROOMS))
    options = asked.parse_args()
    chosen = named() if options.named else sample(options.number, options.rooms)
    chosen = [mutation for mutation in chosen if mutation.room in options.rooms]
    score: dict[str, list[bool]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "crmeval"
        kept = shutil.ignore_patterns(".git", ".venv", "reports", "raw", "__pycache__")
        shutil.copytree(ROOT, copy, symlinks=True, ignore=kept)
        for number, mutation in enumerate(chosen, start=1):
            began = time.monotonic()
            alive = survives(mutation, copy, near_only=options.named)
            score[mutation.room].append(not alive)
            place = f"{mutation.path}:{mutation.line}"
            told = "SURVIVED" if alive else "killed"
            took = f"{time.monotonic() - began:.0f} s"
            print(f"{number}/{len(chosen)} {told} {place} {mutation.what} ({took})", flush=True)
    for room, kills in score.items():
        print(f"{room}: {sum(kills)} of {len(kills)} killed")
    every = [kill for kills in score.values() for kill in kills]
    print(f"all: {sum(every)} of {len(every)} killed ({sum(every) / len(every):.0%})")


if __name__ == "__main__":
    main()
