"""The parameters of each notebook, typed and validated before a kernel is started.

Papermill only warns about a parameter no cell declares; here it is an error that names the
nearest known one. The fields of a model are the names in its notebook's ``parameters`` cell.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from analysis.errors import RunError
from analysis.keywords import meant
from analysis.settings import INFERENCE_DRAWS, MONEY_DRAWS, SEED, TRAINING, Programme


class StageParameters(BaseModel):
    """What every notebook takes.

    Attributes
    ----------
    client : str
        Folder name under ``data/``.
    run_dir : str
        Run folder to read from and write to; empty when the notebook is run by itself.
    language : {"zh_CN", "zh", "en"}
        Language of what the notebook displays; reports are written in both.
    seed : int
        Seed of every random draw of the stage.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    client: str = Field(default="demo", min_length=1)
    run_dir: str = ""
    language: Literal["zh_CN", "en"] = "zh_CN"
    seed: int = Field(default=SEED, ge=0)

    @field_validator("language", mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return "zh_CN" if value == "zh" else value


class DesignParameters(StageParameters):
    """Parameters of ``00_design.ipynb``."""


class BaselineParameters(StageParameters):
    """Parameters of ``01_baseline.ipynb``."""


class MonitoringParameters(StageParameters):
    """Parameters of ``02_monitoring.ipynb``.

    Attributes
    ----------
    as_of : str
        Day to look back to, e.g. ``2024-09-30``: only what was knowable in its evening counts.
        Empty to take everything.
    """

    as_of: str = Field(default="", examples=["2024-09-30"])

    @field_validator("as_of")
    @classmethod
    def _is_a_day(cls, value: str) -> str:
        written = re.fullmatch(r"\d{4}-\d{2}-\d{2}", value)
        if value and not (written and _day_or_none(value)):
            raise ValueError("not a day that exists, written year-month-day")
        return value


class TrackingParameters(StageParameters):
    """Parameters of ``03_tracking.ipynb``.

    Attributes
    ----------
    draws : int
        Draws of the bootstrap and of randomisation inference.
    """

    draws: int = Field(default=INFERENCE_DRAWS, ge=99)


class ValueParameters(StageParameters):
    """Parameters of ``04_value.ipynb``.

    Attributes
    ----------
    draws : int
        Draws of the simulation of costs and benefits.
    """

    draws: int = Field(default=MONEY_DRAWS, ge=100)


WORKSPACE = "analysis.workspace"
WITHOUT_ROLLOUT = "without_rollout"
"""Folder, among the notebooks, of those for programmes in which nothing is rolled out."""


class StageDeclaration(NamedTuple):
    """A stage: its name, its notebook's file name, parameters, and the stages it reads.

    ``opened_as`` names the classes of the stage and of its page, below ``analysis.workspace``, in
    a training; ``else_opened_as`` those in programmes in which nothing is rolled out.
    """

    name: str
    notebook: str
    parameters: type[StageParameters]
    opened_as: tuple[str, str]
    else_opened_as: tuple[str, str]
    reads: tuple[str, ...] = ()

    def source(self, programme: Programme) -> str:
        """Return where its notebook for a programme lies among the notebooks."""
        return self.notebook if programme == TRAINING else f"{WITHOUT_ROLLOUT}/{self.notebook}"

    def classes(self, programme: Programme) -> tuple[tuple[str, str], tuple[str, str]]:
        """Return module and name of the classes of the stage and of its page in a programme."""
        names = self.opened_as if programme == TRAINING else self.else_opened_as
        (stage, _, its), (page, _, of_page) = (name.rpartition(".") for name in names)
        return (f"{WORKSPACE}.{stage}", its), (f"{WORKSPACE}.{page}", of_page)

    def untaken(self, programme: Programme) -> frozenset[str]:
        """Return its parameters that its notebook for a programme has not: what effects need."""
        return frozenset() if programme == TRAINING else _OF_EFFECTS


_OF_EFFECTS = frozenset({"draws"})

STAGES: tuple[StageDeclaration, ...] = (
    StageDeclaration(
        "design",
        "00_design.ipynb",
        DesignParameters,
        ("wiring.design.DesignStage", "pages.design.DesignPage"),
        ("wiring.design.DesignStage", "pages.design.PlanPage"),
    ),
    StageDeclaration(
        "baseline",
        "01_baseline.ipynb",
        BaselineParameters,
        ("wiring.baseline.BaselineStage", "pages.baseline.BaselinePage"),
        ("wiring.baseline.BaselineStage", "pages.baseline.MeasurementPage"),
    ),
    StageDeclaration(
        "monitoring",
        "02_monitoring.ipynb",
        MonitoringParameters,
        ("wiring.monitoring.MonitoringStage", "pages.monitoring.MonitoringPage"),
        ("wiring.monitoring.WeekStage", "pages.monitoring.WeekPage"),
    ),
    StageDeclaration(
        "tracking",
        "03_tracking.ipynb",
        TrackingParameters,
        ("wiring.tracking.TrackingStage", "pages.tracking.TrackingPage"),
        ("wiring.scorecards.ScorecardStage", "pages.tracking.ScorecardPage"),
        ("baseline",),
    ),
    StageDeclaration(
        "value",
        "04_value.ipynb",
        ValueParameters,
        ("wiring.value.ValueStage", "pages.value.ValuePage"),
        ("wiring.value.ValueStage", "pages.value.TargetsPage"),
        ("baseline", "monitoring", "tracking"),
    ),
)
"""The stages in the order they are told; each runs as soon as those it reads have ended."""


def day(as_of: str) -> dt.date | None:
    """Return the day that a run looks back to, checked as a parameter; None for an empty one."""
    checked = validate("monitoring", {"as_of": as_of}).model_dump()["as_of"]
    return dt.date.fromisoformat(checked) if checked else None


def stage(name: str) -> StageDeclaration:
    """Return the declaration of a stage.

    Parameters
    ----------
    name : str
        ``design``, ``baseline``, ``monitoring``, ``tracking`` or ``value``.

    Raises
    ------
    RunError
        When there is no such stage; the nearest one is named.
    """
    known = {declaration.name: declaration for declaration in STAGES}
    if name not in known:
        raise RunError(f"No stage is called {name!r}{_nearest(name, known)}")
    return known[name]


def validate(stage_name: str, values: Mapping[str, Any]) -> StageParameters:
    """Check the parameters of a stage.

    Parameters
    ----------
    stage_name : str
        Name of the stage.
    values : Mapping[str, Any]
        Values by parameter; those left out take their default.

    Returns
    -------
    StageParameters
        The stage's own model, frozen.

    Raises
    ------
    RunError
        Names every unknown parameter with the nearest known one, and every value of the wrong
        type or range with the rule it breaks.

    Examples
    --------
    >>> validate("design", {"client": "demo"}).language
    'zh_CN'
    """
    model = stage(stage_name).parameters
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        problems = [_problem(model, detail) for detail in error.errors()]
    raise RunError(f"Parameters of stage {stage_name}: " + " ".join(problems))


def for_each_stage(values: Mapping[str, Any]) -> dict[str, StageParameters]:
    """Hand values to the stages that take them.

    Parameters
    ----------
    values : Mapping[str, Any]
        Values by parameter, each known to at least one stage.

    Returns
    -------
    dict of str to StageParameters
        Validated parameters by stage.

    Raises
    ------
    RunError
        As :func:`validate`; a parameter no stage knows is unknown.
    """
    known = {name: None for declared in STAGES for name in declared.parameters.model_fields}
    strangers = [name for name in values if name not in known]
    if strangers:
        told = (f"no parameter is called {name!r}{_nearest(name, known)}" for name in strangers)
        raise RunError("Parameters: " + " ".join(told))
    return {
        declared.name: validate(
            declared.name,
            {k: v for k, v in values.items() if k in declared.parameters.model_fields},
        )
        for declared in STAGES
    }


def _problem(model: type[StageParameters], detail: Mapping[str, Any]) -> str:
    name = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        return f"no parameter is called {name!r}{_nearest(name, model.model_fields)}"
    declared = model.model_fields[name]
    right = declared.examples[0] if declared.examples else declared.default
    message = detail["msg"].removeprefix("Value error, ")
    return f"{name} = {detail['input']!r}: {message}. Correct: {name} = {right!r}."


def _day_or_none(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _nearest(name: str, known: Mapping[str, Any]) -> str:
    return f"{meant(name, known) or '.'} Known: {', '.join(known)}."
