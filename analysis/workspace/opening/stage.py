"""One client opened for one stage: what a notebook reads from and writes to.

What a stage's steps need besides the tables is wired in the module of that stage's name, so that
its notebook reads as a list of questions.
"""

from __future__ import annotations

import datetime as dt
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from analysis import results, wording
from analysis.causal import Evaluation
from analysis.design import BaseChoice, Lottery
from analysis.results import StageResults
from analysis.workspace.opening import decided, leading, locks
from analysis.workspace.opening.cell_steps import CellSteps, told
from analysis.workspace.opening.opened import Opened


@dataclass(frozen=True, repr=False)
class Stage(Opened):
    """One stage of one client: what leads in it, what was locked for it, and what it stores.

    Attributes
    ----------
    layout : callable, optional
        Makes the page of the stage from the stage and its stored results.
    steps : CellSteps, optional
        Tells in a notebook which step of a cell is running.
    """

    layout: Callable[[Any, StageResults], Any] | None = None
    steps: CellSteps | None = field(default=None, init=False, compare=False)

    def __init_subclass__(cls, **named: Any) -> None:
        """Let the public methods of a stage tell of themselves as steps."""
        super().__init_subclass__(**named)
        for name, method in list(vars(cls).items()):
            if not name.startswith("_") and inspect.isfunction(method):
                setattr(cls, name, told(method))

    def tell_steps(self, shell: Any) -> None:
        """Tell from now on which step of a cell is running."""
        object.__setattr__(self, "steps", CellSteps(self.language, self, shell))

    def page(self, found: StageResults) -> Any:
        """Return what the notebook shows of the stored results, one method per chapter."""
        if self.layout is None:
            raise TypeError(f"{self!r} was opened without a page. Correct: open_stage(...)")
        return self.layout(self, found)

    @cached_property
    def lottery(self) -> Lottery:
        """Whether a lottery decided who starts when, and the waves are those it drew."""
        return leading.lottery_of(self)

    def base(self, indicator: str = "", frame: pd.DataFrame | None = None) -> BaseChoice:
        """Return what an outcome's months with training are compared with, and why."""
        return leading.base_of(self, indicator or self.primary, frame)

    def base_words(self, indicator: str = "") -> Mapping[str, Any]:
        """Return what the sentence on an outcome's base names."""
        found = self.base(indicator)
        words = {
            language: wording.text(f"design.base.word.{found.base}", language)
            for language in wording.LANGUAGES
        }
        return {
            "base": words,
            "months": found.n_months,
            "autocorrelation": found.autocorrelation,
            "ratio": found.ratio,
        }

    @cached_property
    def commitments(self) -> StageResults:
        """What was locked before results were seen, compared with what stands now."""
        return locks.compare(self)

    def known(self, decisions: pd.DataFrame) -> pd.DataFrame:
        """Return decisions as the stage knows them: who looks back knows no later one."""
        if self.as_of is not None:
            return decisions
        return decided.known_by(decisions, self.decided_until)

    @property
    def decided_until(self) -> dt.date:
        """Day to which decisions made after it are dated."""
        return self.until

    def save(
        self,
        *items: Any,
        facts: Mapping[str, Any] | None = None,
        tables: Mapping[str, pd.DataFrame] | None = None,
    ) -> StageResults:
        """Store the stage's results, replacing what an earlier attempt stored.

        The comparison with what was locked is stored with them.

        Parameters
        ----------
        *items
            Results of steps, evaluations, or estimates, checks, alerts and findings.
        facts, tables : Mapping, optional
            Plain facts and tidy frames besides those of the steps.
        """
        parts = [
            item.results(self.name) if isinstance(item, Evaluation) else item
            for item in _flat(items)
        ]
        parts += [*self.asked.checks, *self._samples.values(), self.commitments]
        whole = results.merge(self.name, parts, facts=facts, tables=tables)
        results.save(whole, self.folder / "results")
        return whole


def _flat(items: Iterable[Any]) -> list[Any]:
    flat: list[Any] = []
    for item in items:
        flat += _flat(item) if isinstance(item, (list, tuple)) else [item]
    return flat
