"""All planted effects of one company together, so that each generator takes the one that concerns it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cyberpunk_ai.demo.effects.asset_drift import AssetDrift
from cyberpunk_ai.demo.effects.demand_break import DemandBreak
from cyberpunk_ai.demo.effects.duplicate_customers import DuplicateCustomers
from cyberpunk_ai.demo.effects.price_rise import PriceRise
from cyberpunk_ai.demo.effects.stale_source import StaleSource
from cyberpunk_ai.demo.effects.working_campaign import WorkingCampaign

if TYPE_CHECKING:
    from cyberpunk_ai.demo.history import History


@dataclass(frozen=True)
class PlantedEffects:
    """What is planted where, for one history."""

    demand_break: DemandBreak
    price_rise: PriceRise
    drifts: tuple[AssetDrift, ...]
    campaign: WorkingCampaign = field(default_factory=WorkingCampaign)
    stale: StaleSource = field(default_factory=StaleSource)
    duplicates: DuplicateCustomers = field(default_factory=DuplicateCustomers)

    @classmethod
    def planned(cls, history: History) -> PlantedEffects:
        """Place every effect relative to the end of the history."""
        return cls(DemandBreak.planned(history), PriceRise.planned(history), AssetDrift.planned(history))
