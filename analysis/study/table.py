"""Several studies side by side, as a frame, LaTeX or Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import pandas as pd

from analysis import wording
from analysis.causal import Evaluation
from analysis.present import rich
from analysis.present.rich import figures
from analysis.results import Estimate

if TYPE_CHECKING:
    from analysis.study.study import Study

_ABSENT = "—"


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A table of text, rows named; what a notebook shows and a paper takes.

    Attributes
    ----------
    frame : DataFrame
        Text; the index names the rows, a column is a study.
    note : str
        What stands below.
    """

    frame: pd.DataFrame
    note: str

    def to_latex(self) -> str:
        """Write LaTeX with booktabs' rules and the note below."""
        escaped = self.frame.map(_latex).rename(index=_latex, columns=_latex)
        aligned = "l" + "r" * len(self.frame.columns)
        body = escaped.style.to_latex(hrules=True, column_format=aligned)
        return f"{body}\\par\\footnotesize {_latex(self.note)}\n"

    def to_markdown(self) -> str:
        """Write a Markdown table with the note below."""
        rows = [["", *map(str, self.frame.columns)], ["---"] + ["---:"] * len(self.frame.columns)]
        rows += [[str(name), *row] for name, row in zip(self.frame.index, self.frame.to_numpy(),
                                                        strict=True)]  # fmt: skip
        lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
        return "\n".join([*lines, "", self.note])

    def __str__(self) -> str:
        return f"{self.frame.to_string()}\n{self.note}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return f"{self.frame.to_html()}<p>{escape(self.note)}</p>"

    def _repr_latex_(self) -> str:
        return self.to_latex()


def etable(
    studies: Sequence[Study | Evaluation | Estimate],
    *,
    names: Sequence[str] | None = None,
    language: wording.Language | None = None,
) -> Table:
    """Set the overall effects of several studies side by side.

    Parameters
    ----------
    studies : sequence of Study, Evaluation or Estimate
        Of one's own panel, of a stage's ``evaluate``, or stored ones.
    names : sequence of str, optional
        Heads of the columns; the outcomes by default, numbered where they repeat.
    language : {"zh_CN", "en"}, optional
        That of the first study, else of the notebook, by default.

    Returns
    -------
    Table
        Effect with its standard error, interval and p-value, who was compared by which estimator
        and inference, and the counts. No stars: the p-value is there.
    """
    studies = list(studies)
    if not studies:
        raise ValueError("give at least one study, e.g. etable([evaluate(...), evaluate(...)])")
    if language is None:
        language = getattr(studies[0], "language", None)
    language = wording.read_language(language)
    columns = [_column(study, language) for study in studies]
    heads = list(names) if names is not None else _heads([_outcome(study) for study in studies])
    if len(heads) != len(studies):
        raise ValueError(f"{len(heads)} names for {len(studies)} studies")
    titles = {key: wording.text(f"study.row.{key}", language) for key in columns[0]}
    frame = pd.DataFrame(
        [[column[key] for column in columns] for key in titles], index=list(titles.values())
    )
    frame.columns = heads
    frame = frame[(frame != _ABSENT).any(axis=1)]
    effects = [_effect(study) for study in studies]
    told = ", ".join(f"{level:.0%}" for level in sorted({effect.level for effect in effects}))
    note = wording.text("study.table_note", language, level=told)
    if any(effect.simulated for effect in effects):
        note = f"{note} {wording.text('report.simulated_label', language)}"
    return Table(frame, note)


def _effect(found: Study | Evaluation | Estimate) -> Estimate:
    if isinstance(found, Estimate):
        return found
    return found.overall if isinstance(found, Evaluation) else found.effect


def _outcome(found: Study | Evaluation | Estimate) -> str:
    if isinstance(found, Estimate):
        return found.indicator or found.id
    return found.outcome if isinstance(found, Evaluation) else found.y


def _heads(outcomes: list[str]) -> list[str]:
    if len(set(outcomes)) == len(outcomes):
        return outcomes
    return [f"({place}) {name}" for place, name in enumerate(outcomes, 1)]


def _column(study: Study | Evaluation | Estimate, language: wording.Language) -> dict[str, str]:
    effect = _effect(study)
    own = not isinstance(study, Evaluation | Estimate) or rich.unregistered(effect.indicator)
    return {
        "effect": figures(effect.value),
        "std_error": _ABSENT if effect.se is None else f"({figures(effect.se)})",
        "interval": interval_of(effect),
        "p_value": _ABSENT if effect.p_value is None else p_text(effect.p_value),
        "measured_in": effect.unit or _ABSENT,
        "estimator": rich.named("method", effect.method, language, own=own),
        "inference": rich.named("interval_method", effect.interval_method, language, own=own),
        "units": str(effect.n_units),
        "treated_units": str(effect.n_treated),
        "clusters": str(effect.n_clusters),
        "n": str(effect.n),
    }


def interval_of(estimate: Estimate) -> str:
    """Write an interval; a dash where there is none."""
    if estimate.ci_low is None:
        return _ABSENT
    return f"[{figures(estimate.ci_low)}, {figures(estimate.ci_high)}]"


def p_text(p_value: float) -> str:
    """Write a p-value with three decimals, never as nought."""
    return "<0.001" if p_value < 0.001 else f"{p_value:.3f}"


def _latex(text: str) -> str:
    signs = {"\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
             "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
             "−": "$-$", "–": "--", "<": r"$<$"}  # fmt: skip
    return "".join(signs.get(sign, sign) for sign in str(text))
