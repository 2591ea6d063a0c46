"""What is planted in a demo company, written down. Only tests may read it: the product has to find these things."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from cyberpunk_ai.core.results import to_jsonable
from cyberpunk_ai.demo.effects.broken_rows import BROKEN

if TYPE_CHECKING:
    from pathlib import Path

    from cyberpunk_ai.demo.company import DemoCompany


def truth(company: DemoCompany) -> dict[str, Any]:
    """Return everything that is planted, JSON-ready."""
    history, effects, people = company.history, company.effects, company.people
    twins = np.flatnonzero(people.twin)
    facts = {
        "company": {
            "size": company.size,
            "seed": company.seed,
            "start": history.start,
            "end": history.end,
            "orders": company.dimensions.orders,
            "customers": company.dimensions.customers,
        },
        "demand_break": effects.demand_break.to_truth(history),
        "price_rise": effects.price_rise.to_truth(history),
        "working_campaign": effects.campaign.to_truth(history),
        "asset_drift": [drift.to_truth(history) for drift in effects.drifts],
        "stale_source": effects.stale.to_truth(history),
        "duplicate_customers": effects.duplicates.to_truth(twins, people.crm_id[twins].tolist(), people.erp_id[twins].tolist()),
        "broken_rows": {stream: len(rows) for stream, rows in BROKEN.items()},
    }
    written: dict[str, Any] = to_jsonable(facts)
    return written


def write_truth(company: DemoCompany, path: Path) -> None:
    """Write the truth as JSON, usually to `demo_truth.json`."""
    path.write_text(json.dumps(truth(company), indent=1) + "\n", encoding="utf-8")
