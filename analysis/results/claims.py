"""What a finding claims; each value is the wording key of its sentence."""

from __future__ import annotations

from enum import StrEnum


class Claim(StrEnum):
    """What may be said of an effect, of money or of targets."""

    BETTER = "findings.effect.better"
    WORSE = "findings.effect.worse"
    BETTER_WEAK = "findings.effect.better_weak"
    WORSE_WEAK = "findings.effect.worse_weak"
    BETTER_RANGE = "findings.effect.better_range"
    WORSE_RANGE = "findings.effect.worse_range"
    NONE = "findings.effect.none"
    ABSENT = "findings.effect.absent"
    UNDONE = "findings.effect.undone"
    UNDONE_IN_OTHER = "findings.effect.undone_in_other"
    DISPUTED = "findings.effect.disputed"
    DESCRIBED = "findings.effect.described"
    DESCRIBED_ALONE = "findings.effect.described_alone"
    UNBOUNDED = "findings.effect.unbounded"
    UNTESTED = "findings.effect.untested"
    NO_EFFECT_STATED = "findings.effect.not_possible"

    PAID = "findings.money.paid"
    LOST = "findings.money.lost"
    UNCLEAR = "findings.money.unclear"
    NOT_PRICED = "findings.money.not_priced"
    MONEY_WITHOUT_INTERVAL = "findings.money.no_interval"
    MONEY_DISPUTED = "findings.money.disputed"

    LEVEL_ROSE = "findings.periods.rose"
    LEVEL_FELL = "findings.periods.fell"
    LEVEL_HELD = "findings.periods.held"
    LEVEL_NOT_COMPARED = "findings.periods.not_compared"
    SITES_APART = "findings.sites.apart"
    SITES_ALIKE = "findings.sites.alike"
    SCORES_MAY_COUNT = "findings.consequence.fit"
    SCORES_MAY_NOT_COUNT = "findings.consequence.unfit"
    LINE_HELD = "findings.service.held"
    LINE_MISSED = "findings.service.missed"
    LINE_OPEN = "findings.service.open"
    SERVICE_DESCRIBED = "findings.service.described"

    TARGETS_COUNTED = "findings.targets.counted"
    SOME_TARGETS_COUNTED = "findings.targets.some_counted"
    NO_TARGET_ASSESSED = "findings.targets.not_possible"

    @property
    def action(self) -> str:
        """Wording key of what is advised after it."""
        if self is Claim.UNDONE_IN_OTHER:
            return Claim.UNDONE.action
        about, _, word = self.removeprefix("findings.").partition(".")
        return f"findings.action.{word}" if about == "effect" else f"findings.action.{about}.{word}"


WITHOUT_INTERVAL = frozenset({Claim.UNBOUNDED, Claim.UNTESTED})
"""They name an effect whose uncertainty is not known."""

UNDONE = frozenset({Claim.UNDONE, Claim.UNDONE_IN_OTHER})
"""Training changed who answers, so that the effect is open."""

NOT_PROVEN = frozenset({Claim.NONE, Claim.ABSENT, Claim.DISPUTED}) | UNDONE | WITHOUT_INTERVAL
"""After them no effect may be taken for granted."""
