"""The main job on real data: a messy file comes in, and notebook, app, scheduled run, API and command line give the same numbers.

The numbers that plain pandas can compute are computed with it, from the lines that were exported.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

from tests.data_online_retail import MessyExport, RetailTruth, export_messy_csv, plain_truth
from tests.doors.conftest import ROOT, environment, locked, serving

HORIZON = 12  # weeks; what the cockpit shows
CUSTOMER_COLUMNS = ("customer_id", "churn_probability", "lifetime_value", "segment")


@dataclass(frozen=True)
class Shop:
    """A home that holds the shop, what was exported, and what plain pandas says about it."""

    home: Path
    export: MessyExport
    truth: RetailTruth
    imported: dict[str, Any]


def cyberpunk(home: Path, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "cyberpunk_ai.cli", *arguments, "--json"]
    done = subprocess.run(command, env=environment(home), cwd=ROOT, capture_output=True, text=True, check=False, timeout=290)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def shop(shared_data: Path, shared_folder: Path) -> Shop:
    home, file, report = shared_folder / "home-shop", shared_folder / "online_retail.csv", shared_folder / "imported.json"
    with locked(shared_folder / "shop.lock"):
        export = export_messy_csv(shared_data, file)
        if not report.exists():
            report.write_text(json.dumps(cyberpunk(home, "import", str(file), "--name", "shop", "--yes")))
    return Shop(home, export, plain_truth(export.lines), json.loads(report.read_text()))


def recorded(notebook: Path) -> dict[str, Any]:
    """What the cells of an executed notebook left as JSON."""
    found: dict[str, Any] = {}
    for cell in json.loads(notebook.read_text())["cells"]:
        for output in cell.get("outputs", []):
            found |= output.get("data", {}).get("application/json", {})
    return found


@pytest.fixture(scope="module")
def by_notebook(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    output = tmp_path_factory.mktemp("notebook") / "start_here.ipynb"
    command = [sys.executable, "-m", "papermill", "notebooks/start_here.ipynb", str(output), "-p", "horizon", str(HORIZON), "-k", "python3"]
    done = subprocess.run(command, env=environment(shop.home), cwd=ROOT, capture_output=True, text=True, check=False, timeout=290)
    assert done.returncode == 0, done.stderr[-4000:]
    return recorded(output)


@pytest.fixture(scope="module")
def by_pipeline(shop: Shop) -> dict[str, Any]:
    outcome = cyberpunk(shop.home, "run", "nightly", "--set", f"horizon={HORIZON}")
    return recorded(Path(outcome["notebook_path"]))


@pytest.fixture(scope="module")
def by_api(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    log = tmp_path_factory.mktemp("api") / "log"
    with serving(shop.home, log, CYBERPUNK_MOUNTS="") as address, httpx.Client(base_url=address + "/api/v1", timeout=200) as client:
        forecast = client.post("/forecast", json={"metric": "revenue", "grain": "week", "horizon": HORIZON}).json()
        retention = client.post("/retention", json={"limit": 100_000}).json()
        return {
            "forecast": forecast["forecast"],
            "leaderboard": forecast["leaderboard"],
            "retention": {name: retention[name] for name in ("summary", "segments", "cohorts")},
            "customers": sorted(
                ({name: row[name] for name in CUSTOMER_COLUMNS} for row in retention["customers"]), key=lambda row: row["customer_id"]
            ),
            "top_products": client.get("/metrics/revenue", params={"by": "product", "limit": 10, "order": "desc"}).json()["frame"],
            "weekly": client.get("/metrics/revenue", params={"grain": "week"}).json()["frame"],
            "totals": client.get("/metrics/revenue,orders,active_customers").json()["frame"],
        }


@pytest.fixture(scope="module")
def by_app(shop: Shop) -> dict[str, Any]:
    """What the page is drawn from, asked in a process of its own as the page's server does."""
    program = """
import json, sys, time
from cyberpunk_ai import Workspace
from cyberpunk_ai.core import loading
from cyberpunk_ai.core.results import to_jsonable
from apps.cockpit.store import CockpitStore

class Unguarded:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("scipy", "sklearn", "statsforecast", "statsmodels", "narwhals", "pmdarima") and path is not None:
            if not loading.ALONE._is_owned():
                found_alone.append(name)

found_alone = []
sys.meta_path.insert(0, Unguarded())
ws = Workspace.open()
store = CockpitStore(lambda: ws)
found = {}
while len(found) < 2:
    for name in ("forecast", "customers"):
        part = store.part(name)
        assert part.state in ("loading", "ready"), part.message
        if part.value is not None:
            found[name] = part.value
    time.sleep(0.2)
report = found["customers"]
# One late part of a library that is there already can wait for nobody; hundreds would be a library that two threads load at once.
assert len(found_alone) < 20, found_alone
print(json.dumps(to_jsonable({"forecast": found["forecast"].forecast, "segments": report.segments, "summary": report.summary})))
store.close()
ws.close()
"""
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment(shop.home), cwd=ROOT, capture_output=True, text=True, check=False, timeout=290
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_every_line_is_either_in_or_in_quarantine(shop: Shop) -> None:
    source = shop.imported["sources"][0]
    assert source["quarantined"] == shop.export.broken
    assert source["rows"] >= shop.truth.lines
    assert cyberpunk(shop.home, "query", "revenue")["frame"][0]["revenue"] == pytest.approx(shop.truth.revenue, rel=1e-9)


def test_a_second_sync_brings_nothing_twice(shop: Shop) -> None:
    cyberpunk(shop.home, "sync")
    assert cyberpunk(shop.home, "query", "orders")["frame"][0]["orders"] == shop.truth.orders


def test_totals_weeks_and_products_are_those_of_plain_pandas(shop: Shop, by_api: dict[str, Any]) -> None:
    totals = by_api["totals"][0]
    assert totals["orders"] == shop.truth.orders
    assert totals["revenue"] == pytest.approx(shop.truth.revenue, rel=1e-9)
    weekly = pd.Series({pd.Timestamp(row["period"]): row["revenue"] for row in by_api["weekly"]}).sort_index()
    expected = shop.truth.weekly_revenue.sort_index()
    both = pd.concat([weekly, expected], axis=1).fillna(0.0)
    assert (both[0] - both.iloc[:, 1]).abs().max() < 0.01
    assert [row["product"] for row in by_api["top_products"]] == list(shop.truth.top_products.index)
    assert [row["revenue"] for row in by_api["top_products"]] == pytest.approx(shop.truth.top_products.tolist(), rel=1e-9)


def test_cohorts_are_those_of_plain_pandas(shop: Shop, by_api: dict[str, Any]) -> None:
    """Customers by the month of their first purchase; only days with money coming in count as purchases, as the report says."""
    lines = shop.export.lines.dropna(subset=["CustomerID"])
    days = lines.groupby(["CustomerID", lines["InvoiceDate"].dt.normalize()])["amount"].sum().reset_index()
    first = days[days["amount"] > 0].groupby("CustomerID")["InvoiceDate"].min().dt.to_period("M")
    expected = {str(month): int(count) for month, count in first.value_counts().items()}
    ours = {row["cohort"][:7]: row["customers"] for row in by_api["retention"]["cohorts"] if row["period"] == 0}
    assert sum(ours.values()) == pytest.approx(sum(expected.values()), rel=0.02)
    assert all(abs(ours[month] - expected[month]) <= max(3, 0.03 * expected[month]) for month in expected)


def test_the_notebook_gives_the_numbers_of_the_api(by_notebook: dict[str, Any], by_api: dict[str, Any]) -> None:
    assert by_notebook["start_here"]["forecast"] == by_api["forecast"]
    assert by_notebook["start_here"]["top_products"] == by_api["top_products"]
    assert by_notebook["retention"] == by_api["retention"]
    assert by_notebook["customers"] == by_api["customers"]


def test_the_scheduled_run_gives_the_numbers_of_the_api(by_pipeline: dict[str, Any], by_api: dict[str, Any]) -> None:
    assert by_pipeline["forecast"] == by_api["forecast"]
    assert [{**row, "seconds": None} for row in by_pipeline["leaderboard"]] == [{**row, "seconds": None} for row in by_api["leaderboard"]]
    assert by_pipeline["top_products"] == by_api["top_products"]
    assert by_pipeline["retention"] == by_api["retention"]
    assert by_pipeline["customers"] == by_api["customers"]


def test_the_app_gives_the_numbers_of_the_api(by_app: dict[str, Any], by_api: dict[str, Any]) -> None:
    assert by_app["forecast"] == by_api["forecast"]
    assert by_app["segments"] == by_api["retention"]["segments"]
    assert by_app["summary"] == by_api["retention"]["summary"]


def test_the_forecast_and_churn_make_sense(by_api: dict[str, Any], shop: Shop) -> None:
    recent = shop.truth.weekly_revenue.iloc[-9:-1].mean()
    points = by_api["forecast"]
    assert len(points) == HORIZON
    assert 0.3 * recent < sum(point["mean"] for point in points) / HORIZON < 2.0 * recent
    assert all(point["lo-95"] <= point["lo-80"] <= point["mean"] <= point["hi-80"] <= point["hi-95"] for point in points)
    assert {row["model"] for row in by_api["leaderboard"]} >= {"arima", "ces", "ets", "theta", "xgboost", "lstm", "ensemble"}
    assert all(0 <= row["churn_probability"] <= 1 for row in by_api["customers"])
