"""What the evaluation is after: instruments, goals, choices, design and money."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from analysis.client.base import Bilingual, Part, Text, refused
from analysis.client.outcomes import Boxes
from analysis.settings import ALPHA


class Scale(Part):
    """Lowest and highest possible score."""

    min: float
    max: float

    @model_validator(mode="before")
    @classmethod
    def _pair(cls, value: Any) -> Any:
        if isinstance(value, list) and len(value) == 2:
            return {"min": value[0], "max": value[1]}
        return value

    @model_validator(mode="after")
    def _ordered(self) -> Scale:
        if self.min >= self.max:
            raise refused("scale", "a scale is written [lowest, highest], e.g. [1, 5]")
        return self


class Item(Part):
    """One question: ``role`` says whether it is the overall one, the NPS one or another.

    Of a course questionnaire ``useful``, ``lecturer`` and ``organisation`` name its domains.

    ``satisfied`` are the scores that count as satisfied, from the lowest to the best; those of
    the instrument without it. ``anchors`` are the words printed beside raw codes, those of the
    instrument without them; ``wording_en`` is the question as the English form asks it.
    """

    wording: str = ""
    wording_en: str = ""
    dimension: str | None = None
    role: Literal["overall", "nps", "useful", "lecturer", "organisation", "item"] = "item"
    scale: Scale | None = None
    reversed: bool = False
    satisfied: Boxes | None = None
    anchors: dict[int, Bilingual] = Field(default_factory=dict)


class Instrument(Part):
    """One version of one questionnaire or rating form.

    ``reversed: true`` on the instrument or on an item: the raw codes run from best to
    worst; ingest turns them round with ``scale.min + scale.max - code``. ``satisfied: [8, 10]``
    says which scores, turned round, count as satisfied: the two best points without it.
    ``anchors: {1: {zh_CN, en}, …}`` are the words printed beside raw codes. ``fills`` names the
    table that the answers go to, where no source tells it yet.
    """

    title: Bilingual | None = None
    fills: Literal["surveys", "reactions", "ratings"] | None = None
    scale: Scale
    reversed: bool = False
    satisfied: Boxes | None = None
    anchors: dict[int, Bilingual] = Field(default_factory=dict)
    items: dict[Text, Item] = Field(min_length=1)

    @model_validator(mode="after")
    def _anchors_on_their_scale(self) -> Instrument:
        for item in self.items:
            scale, own = self.scale_of(item), self.declared_anchors(item)
            words = [w for said in own.values() for w in {said.zh_CN, said.en}]
            if any(not scale.min <= code <= scale.max for code in own):
                raise refused("anchors", "anchors are words for codes of the scale")
            if len(words) != len(set(words)):
                raise refused("anchors_twice", "two codes cannot have the same words")
        return self

    def scale_of(self, item: str) -> Scale:
        """Return the scale of one item."""
        return self.items[item].scale or self.scale

    def satisfied_from(self, item: str) -> float | None:
        """Return the lowest score of one item that counts as satisfied, where it is declared."""
        question = self.items[item]
        boxes = question.satisfied
        if boxes is None and (question.scale is None or question.scale == self.scale):
            boxes = self.satisfied
        return None if boxes is None else boxes.min

    def declared_anchors(self, item: str) -> dict[int, Bilingual]:
        """Return the words declared for the raw codes of one item; empty without any."""
        question = self.items[item]
        shared = question.scale is None or question.scale == self.scale
        return question.anchors or (self.anchors if shared else {})

    def turned(self, item: str) -> bool:
        """Return whether the raw codes of one item run from best to worst."""
        return self.reversed or self.items[item].reversed


class Goal(Part):
    """One goal of the training.

    Attributes
    ----------
    indicator : str
        Registry identifier.
    target : float
        In the reading that ``unit`` names: a change in points of the indicator's unit
        (``points``), a relative change (``relative``, 0.15 is +15 %) or a level to reach. Left
        out, it is that of the chosen reading of a contradiction, and so is ``unit``.
    deadline : date
        Day by which it must be reached.
    horizon : str
        ``short``, ``mid`` or ``long``.
    aim : Bilingual or None
        What the company wants to reach.
    behaviour : Bilingual or None
        What trained staff do differently, so that the indicator moves.
    """

    indicator: str
    target: float
    unit: Literal["points", "relative", "level"]
    deadline: dt.date
    horizon: Literal["short", "mid", "long"] = "mid"
    stratum: str = ""
    baseline: float | None = None
    evaluator: str | None = None
    requirement: str | None = None
    aim: Bilingual | None = None
    behaviour: Bilingual | None = None


class Claim(Part):
    """A growth rate that a document of the client states, with the end points it gives.

    ``start`` grows to ``end`` over ``years``; ``stated`` is the yearly rate as a share.
    """

    name: Text
    start: float = Field(gt=0)
    end: float = Field(gt=0)
    years: float = Field(gt=0)
    stated: float


class UnitCosts(Part):
    """What one more of each costs, in CNY; None where it is not known."""

    site: float | None = Field(default=None, ge=0, description="to train one site")
    answer: float | None = Field(default=None, ge=0, description="one survey answer")
    visit: float | None = Field(default=None, ge=0, description="one mystery visit")


class Benefit(Part):
    """What one unit of an indicator's effect is worth.

    ``money_per_unit`` is what one unit of *improvement* (in the registry's unit and good
    direction) is worth, in CNY, for one ``basis`` (a site in a month, a household in a month,
    or once for the whole client). Its sign is ignored: 180 and -180 for a complaint mean the
    same. ``low`` and ``high`` bound it for the tornado and the simulation. ``margin: true``
    multiplies by the margin, because the money is revenue.
    """

    indicator: str
    money_per_unit: float
    basis: Literal["site_month", "household_month", "once"] = "site_month"
    low: float | None = None
    high: float | None = None
    margin: bool = False
    source: str = ""

    @model_validator(mode="after")
    def _bounds(self) -> Benefit:
        low = self.money_per_unit if self.low is None else self.low
        high = self.money_per_unit if self.high is None else self.high
        if not low <= self.money_per_unit <= high:
            raise refused("benefit_bounds", "money_per_unit lies between low and high")
        return self


class Value(Part):
    """Money: benefits, margin, horizon, discounting, Phillips' conservative rules."""

    benefits: tuple[Benefit, ...] = ()
    margin: float = Field(default=1.0, gt=0, le=1)
    horizon_months: int = Field(default=12, ge=1, le=60)
    discount_rate: float = Field(default=0.0, ge=0, lt=1)
    first_year_only: bool = True
    lower_bound_only: bool = False
    participant_time_cost: float | None = Field(default=None, ge=0)

    @property
    def months_counted(self) -> int:
        """Months after a site's training in which benefits count."""
        return min(self.horizon_months, 12) if self.first_year_only else self.horizon_months


class Benchmark(Part):
    """A published figure, shown beside the client's own and never compared with as a group.

    Attributes
    ----------
    indicator : str
        Of the registry, or a declared outcome.
    value : float
        In the indicator's unit; a share between 0 and 1.
    of : str
        A ``level``, or a ``change`` that somebody reports of a training.
    year : int or None
        Year of the figure; None where the source does not say.
    source : str
        Where it was published.
    definition : str
        How it is defined there; empty where the source does not say.
    comparable : bool
        Whether definition and scale are known to be the indicator's own.
    """

    indicator: Text
    value: float
    of: Literal["level", "change"] = "level"
    year: int | None = Field(default=None, ge=1980, le=2100)
    source: Text
    definition: str = ""
    comparable: bool = False

    @model_validator(mode="after")
    def _known(self) -> Benchmark:
        if self.comparable and not (self.definition and self.year):
            raise refused("benchmark", "only a figure with year and definition can be comparable")
        return self


class RegulatorColumn(Part):
    """One column of a regulator's form: its heading there, and the indicator that fills it.

    Attributes
    ----------
    indicator : str
        Of the registry, or a declared outcome.
    heading : str
        As the regulator writes it.
    definition : str or dict
        As the regulator defines it; that of the registry without it.
    """

    indicator: Text
    heading: Text
    definition: Bilingual | None = None


class Regulator(Part):
    """The form in which a regulator asks for indicators; none without columns.

    Attributes
    ----------
    title : str
        Title of the form.
    columns : sequence
        Its columns, from the left.
    """

    title: str = ""
    columns: tuple[RegulatorColumn, ...] = ()


class Finances(Part):
    """Amounts of one year from the company's books, in CNY.

    Attributes
    ----------
    revenue : float
        Operating revenue.
    training : float or None
        Budget of all training; without it the plan of the programme's costs stands in.
    costs, labour, upgrades : float or None
        All operating costs, and of them labour and upgrades of equipment.
    """

    revenue: float = Field(gt=0)
    training: float | None = Field(default=None, ge=0)
    costs: float | None = Field(default=None, gt=0)
    labour: float | None = Field(default=None, ge=0)
    upgrades: float | None = Field(default=None, ge=0)


class Design(Part):
    """What is tested and with what errors.

    Attributes
    ----------
    primary_outcome : str
        Registry identifier of the one outcome the answer rests on; never ``attendance``:
        coming to the training is the treatment taken, not its result.
    secondary_outcomes : tuple of str
        Tested as one family.
    alpha, power : float
        Two-sided error rate and wanted power.
    smallest_effect : float or None
        Smallest effect worth knowing, in the indicator's unit.
    measure_at_months : tuple of int
        Months after the training at which effects are read, each once; 0 is the starting month.
    anticipation_months : int
        Months before the start in which an effect may already show.
    base : str
        What months with training are compared with: the ``month_before`` each wave's start, or
        the mean of ``all_before`` anyone's start. ``auto``: chosen for each outcome by a rule on
        the months before training, and fixed when the plan is locked.
    assignment : str
        Who or what decides which site is trained when.
    min_evaluators : dict
        Least number of raters by role.
    evaluator_weights : dict
        Weight of each role's ratings; they add up to 1.
    can_draw_lots : bool or None
        Whether it may be drawn by lot which site is trained when; None while undecided.
    unit_costs : UnitCosts
        What one more site, answer or visit costs.
    visits_per_site : int
        Mystery visits and spot checks planned for each site.
    """

    primary_outcome: str = "csat_mean"
    secondary_outcomes: tuple[str, ...] = ()
    alpha: float = Field(default=ALPHA, gt=0, lt=0.5)
    power: float = Field(default=0.8, gt=0.5, lt=1)
    smallest_effect: float | None = Field(default=None, gt=0)
    measure_at_months: tuple[int, ...] = (1, 3, 6, 12)
    anticipation_months: int = Field(default=0, ge=0, le=12)
    base: Literal["auto", "month_before", "all_before"] = "auto"
    assignment: Literal["randomised", "management", "volunteered", "unknown"] = "unknown"
    min_evaluators: dict[str, int] = Field(default_factory=dict)
    evaluator_weights: dict[str, float] = Field(default_factory=dict)
    can_draw_lots: bool | None = None
    unit_costs: UnitCosts = UnitCosts()
    visits_per_site: int = Field(default=2, ge=0, le=52)

    @field_validator("evaluator_weights")
    @classmethod
    def _add_up(cls, value: dict[str, float]) -> dict[str, float]:
        if value and (min(value.values()) < 0 or abs(sum(value.values()) - 1) > 1e-6):
            raise refused("weights", "weights are positive and add up to 1, e.g. 0.5 and 0.5")
        return value

    @field_validator("measure_at_months")
    @classmethod
    def _months(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if not value or min(value) < 0 or len(set(value)) < len(value):
            raise refused("months_after", "months after the training, each once, e.g. 1, 3, 6, 12")
        return value

    @field_validator("primary_outcome")
    @classmethod
    def _is_an_outcome(cls, value: str) -> str:
        if value in ("attendance", "completion"):
            raise refused(
                "not_an_outcome",
                f"{value} is the treatment taken, not its result; "
                "choose an outcome of the customers, e.g. csat_mean",
            )
        return value
