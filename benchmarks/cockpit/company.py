"""The company whose pages are measured: the demo company with a city of 144 buildings, and a stream of orders at a steady rate."""

from __future__ import annotations

import argparse
import csv
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cyberpunk_ai import Workspace
from cyberpunk_ai.core.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

BUILDINGS = 144
MARK = ("Far North", "Books", "Kiosk")
"""The building that nobody else orders from: when it grows, the marked order has been drawn."""
MARK_EVERY_S = 1.0
MARK_AMOUNT = 2_000.0
BATCHES_PER_SECOND = 10
_REGIONS = ("Far North", "Far South", "Isles", "Highlands")
_CATEGORIES = ("Books", "Games", "Garden", "Sports")
_CHANNELS = ("Kiosk", "Phone", "Fair", "Post")


def prepare(home: Path) -> None:
    """Load the demo company and 64 further groups of orders beside its 80."""
    with Workspace.open(Settings.load(home=home)) as workspace:
        workspace.load_demo("small")
        path = home / "further_orders.csv"
        first = datetime.now(UTC).date() - timedelta(days=700)
        with path.open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(("order_id", "ordered_at", "customer_id", "region", "category", "channel", "product", "quantity", "amount"))
            for number, (region, category, channel) in enumerate(further_groups()):
                for month in range(24):
                    day = first + timedelta(days=29 * month)
                    name = f"F{number}-{month}"
                    rows.writerow((name, day.isoformat(), f"C{number}", region, category, channel, category, 1, 900 + 40 * number + month))
        workspace.import_file(path)


def further_groups() -> list[tuple[str, str, str]]:
    """Return the groups that `prepare` adds."""
    return [(region, category, channel) for region in _REGIONS for category in _CATEGORIES for channel in _CHANNELS]


def publish(home: Path, rate: int, seconds: float) -> None:
    """Publish orders at a steady rate, one marked order a second; print when each marked one was handed over, in ms since 1970."""
    groups = further_groups()[1:]
    with Workspace.open(Settings.load(home=home)) as workspace:
        size, started, sent, marked = max(rate // BATCHES_PER_SECOND, 1), time.monotonic(), 0, 0
        while (elapsed := time.monotonic() - started) < seconds:
            if sent >= elapsed * rate:
                time.sleep(0.005)
                continue
            batch = [_order(sent + place, groups[(sent + place) % len(groups)], 1.0) for place in range(size)]
            if elapsed >= (marked + 1) * MARK_EVERY_S:
                marked += 1
                batch.append(_order(sent + size, MARK, MARK_AMOUNT))
                print(int(time.time() * 1000), flush=True)
            workspace.publish("orders", batch)
            sent += size
        print(f"{sent / (time.monotonic() - started):.0f} events per second", file=sys.stderr)


def _order(number: int, group: tuple[str, str, str], amount: float) -> dict[str, Any]:
    region, category, channel = group
    name = f"{time.time_ns()}-{number}"
    return {
        "event_id": name,
        "order_id": f"L{name}",
        "line_id": "1",
        "product": category,
        "region": region,
        "category": category,
        "channel": channel,
        "amount": amount,
    }


def main() -> None:
    """Publish until the time is over."""
    asked = argparse.ArgumentParser(description="Publish orders at a steady rate.")
    asked.add_argument("--rate", type=int, default=1000)
    asked.add_argument("--seconds", type=float, default=60.0)
    chosen = asked.parse_args()
    publish(Settings.load().home, chosen.rate, chosen.seconds)


if __name__ == "__main__":
    main()
