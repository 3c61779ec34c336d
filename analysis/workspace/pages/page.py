"""What the pages of all stages have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from analysis.present import Display, plots, views
from analysis.results import Check, Estimate, StageResults, Topic
from analysis.workspace.opening.stage import Stage


@dataclass(frozen=True)
class Page:
    """The page of one stage.

    Attributes
    ----------
    stage : Stage
        The client opened for the stage.
    found : StageResults
        What the stage stored; tables and figures are views of it.
    """

    stage: Stage
    found: StageResults

    def __repr__(self) -> str:
        """Name the stage whose page it is."""
        return f"<{type(self).__name__} of {self.stage!r}>"

    @property
    def show(self) -> Display:
        """What writes the outputs."""
        return self.stage.show

    def key(self, name: str) -> str:
        """Return the wording key of a name in the chapters of this stage."""
        return f"chapters.{self.stage.name}.{name}"

    def title(self, **params: Any) -> None:
        """Show the title, with the client's name."""
        self.show.title(self.key("title"), client=self.stage.titles, **params)

    def section(self, name: str, *, answer: bool = False, **params: Any) -> None:
        """Open a section; ``params`` fill its heading and its introduction.

        The page's ``answer`` is shown as a whole, a section with a key exhibit open, any other
        folded.
        """
        opened = "open" if views.is_open(self.stage.name, name) else "folded"
        self.show.section(self.key(name), place="answer" if answer else opened, **params)

    def view(self, name: str, **params: Any) -> None:
        """Show one view of the stored results; ``params`` fill its caption and its plot.

        Pages show the views of a section together; this is for those that stand by themselves,
        and for readers of a notebook.
        """
        self.show.view(f"{self.stage.name}.{name}", self.found, **params)

    def views(self, *sections: str) -> None:
        """Show the views that name a section as their place, in the order they give."""
        for section in sections:
            for name in views.of_section(self.stage.name, section):
                labels = views.get(name).labels
                told = {} if labels is None else self._labels(labels)
                self.show.view(name, self.found, **told)

    def _labels(self, name: str) -> Mapping[str, Any]:
        """Return what a property of the page, else of its stage, tells a caption and a plot."""
        return getattr(self if hasattr(type(self), name) else self.stage, name)

    def kpis(self, estimates: Iterable[Estimate], labels: str) -> None:
        """Show key figures, labelled by the wording under ``labels``.

        Effects of a round near a horizon, not at it, are labelled by ``<labels>_in_round``.
        """
        pairs = views.labelled(tuple(estimates), labels)
        self.show.kpis(tuple((f"{labels}_in_round" if _near(e) else key, e) for key, e in pairs))

    def estimates(self, chosen: Iterable[Estimate], name: str, **how: Any) -> None:
        """Show estimates as the view of that name declares: as a table, or drawn."""
        view = views.get(f"{self.stage.name}.{name}")
        shown = {"caption": view.caption, "fold": not view.key}
        if view.plot is None:
            self.show.estimates(chosen, **{"rows": view.rows, **shown, **how})
        else:
            told = {"says": view.said(self.found.checks), **shown, **how}
            self.show.figure(getattr(plots, view.plot), chosen, alt=view.alt, **told)

    def samples(self, *about: str) -> None:
        """Say of which results beside it a section's statistics rest on a sample."""
        drawn = [check for check in self.found.checks if check.topic is Topic.SAMPLED]
        if found := [check for check in drawn if check.dims["about"] in about]:
            self.checks(found, fold=False)

    def checks(self, *parts: StageResults | Iterable[Check], fold: bool = True) -> None:
        """Show the checks of steps, the worst first; passed ones are folded."""
        found = [c for part in parts for c in getattr(part, "checks", part)]
        self.show.checks(found, fold=fold)


def _near(estimate: Estimate) -> bool:
    """Tell whether an effect was measured in another month than the horizon names."""
    asked = estimate.dims.get("horizon")
    return asked is not None and estimate.dims.get("event_time", asked) != asked
