"""What is planted in the demo company on purpose, one file per effect. Each effect says where it acts and what the truth file records."""

from __future__ import annotations

from cyberpunk_ai.demo.effects.asset_drift import AssetDrift
from cyberpunk_ai.demo.effects.demand_break import DemandBreak
from cyberpunk_ai.demo.effects.duplicate_customers import DuplicateCustomers
from cyberpunk_ai.demo.effects.plan import PlantedEffects
from cyberpunk_ai.demo.effects.price_rise import PriceRise
from cyberpunk_ai.demo.effects.stale_source import StaleSource
from cyberpunk_ai.demo.effects.working_campaign import WorkingCampaign

__all__ = ["AssetDrift", "DemandBreak", "DuplicateCustomers", "PlantedEffects", "PriceRise", "StaleSource", "WorkingCampaign"]
