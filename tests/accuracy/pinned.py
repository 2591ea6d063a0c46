"""What the product said of a few public series and shops when it was last looked at: `python -m tests.accuracy.pinned` writes it anew.

A number that moves is no mistake yet, but nobody moves it unawares. Whoever means to, runs the two accuracy programs beside this one, sees
that they are no worse, writes `pinned.json` anew, and says in the change why the numbers moved.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tests.accuracy.forecasting_scores import SetScores, measure
from tests.accuracy.retention import analysed, scores
from tests.accuracy.retention_sets import Shop, cdnow
from tests.conftest import SHARED_DATA

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.results import RetentionReport

FILE = Path(__file__).with_name("pinned.json")
COLUMNS = ("mean", "lo-95", "hi-95")
# Months, weeks, and months of which most hold no demand: series of each set, and the one that is pinned.
SERIES = {"m3_monthly": (3, "N2114"), "walmart_weekly_exog": (1, "W02"), "carparts_monthly": (3, "part1757")}
# Every so many customers of the shop.
STRIDE = 20


def forecasts(folder: Path, name: str) -> SetScores:
    """Return a few series of a set, forecast by the main ensemble."""
    return measure(folder / "forecast" / f"{name}.parquet", limit=SERIES[name][0])


def numbers_of(measured: SetScores) -> dict[str, list[float]]:
    """Return what is pinned of a forecast."""
    rows = measured.answer[measured.answer["unique_id"] == SERIES[measured.name][1]]
    return {column: rows[column].tolist() for column in COLUMNS}


def small_shop(folder: Path) -> Shop:
    """Return some customers of a public shop, with what they did later."""
    whole = cdnow(folder / "retention")
    kept = sorted(whole.rows["customer_id"].unique())[::STRIDE]
    return replace(
        whole,
        rows=whole.rows[whole.rows["customer_id"].isin(kept)],
        raw=whole.raw[whole.raw["customer_id"].astype(str).isin(kept)],
    )


def figures_of(shop: Shop, report: RetentionReport) -> dict[str, float]:
    """Return what is pinned of a report: its sums, and how well its churn score foresaw what came."""
    customers = report.customers
    left = (shop.purchase_days.reindex(customers["customer_id"], fill_value=0) == 0).to_numpy(dtype=float)
    sums = ("churn_probability", "expected_purchases", "lifetime_value", "lifetime_value_lo", "lifetime_value_hi", "monetary")
    found = {"customers": float(len(customers))} | {name: float(customers[name].sum()) for name in sums}
    newest = report.revenue_retention.iloc[-1]
    found |= {name: float(newest[name]) for name in ("nrr", "grr", "logo_retention")}
    return found | scores(left, customers["churn_probability"].to_numpy(dtype=float))


def main() -> None:
    """Write what the product says now."""
    shop = small_shop(SHARED_DATA)
    found = {
        "forecasts": {name: numbers_of(forecasts(SHARED_DATA, name)) for name in SERIES},
        "retention": figures_of(shop, analysed(shop)),
    }
    FILE.write_text(json.dumps(found, indent=1) + "\n")
    print(f"{FILE} is written anew")


if __name__ == "__main__":
    main()
