"""The main job on real data: a messy file comes in, and notebook, app, scheduled run, API and command line give the same numbers.

The numbers that plain pandas can compute are computed with it, from the lines that were exported. The quick tier takes 20,000 lines of the
file, all that a part of its customers ever bought, and runs a notebook through the scheduled door; the full one takes every line and door.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

from tests.data_online_retail import MessyExport, RetailTruth, export_messy_csv, plain_truth
from tests.doors.commands import cyberpunk
from tests.doors.conftest import ROOT, TODAY, environment, serving
from tests.waiting import PATIENCE_S

HORIZON = 8  # weeks; another than those that notebooks look ahead by themselves
OF_THE_COCKPIT = 12
ONE_IN = 14
CUSTOMER_COLUMNS = ("customer_id", "churn_probability", "lifetime_value", "segment")


@dataclass(frozen=True)
class Shop:
    """A home that holds the shop, what was exported, and what plain pandas says about it."""

    home: Path
    export: MessyExport
    truth: RetailTruth
    imported: dict[str, Any]


def told(home: Path, *arguments: str) -> dict[str, Any]:
    done = cyberpunk(home, *arguments, "--json")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def shop(shared_data: Path, is_full_tier: bool, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    folder = tmp_path_factory.mktemp("shop")
    export = export_messy_csv(shared_data, folder / "online_retail.csv", one_in=1 if is_full_tier else ONE_IN)
    imported = told(folder / "home", "import", str(export.path), "--name", "shop", "--yes")
    return Shop(folder / "home", export, plain_truth(export.lines), imported)


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
    known = environment(shop.home, CYBERPUNK_TODAY=TODAY)
    done = subprocess.run(command, env=known, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return recorded(output)


@pytest.fixture(scope="module")
def run(shop: Shop) -> dict[str, Any]:
    """How a scheduled run ended."""
    return told(shop.home, "run", "nightly", "--set", f"horizon={HORIZON}")


@pytest.fixture(scope="module")
def by_pipeline(run: dict[str, Any]) -> dict[str, Any]:
    return recorded(Path(run["notebook_path"]))


@pytest.fixture(scope="module")
def by_api(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    log = tmp_path_factory.mktemp("api") / "log"
    with (
        serving(shop.home, log, CYBERPUNK_TODAY=TODAY, CYBERPUNK_MOUNTS="") as address,
        httpx.Client(base_url=address + "/api/v1", timeout=PATIENCE_S) as client,
    ):
        asked = {"metric": "revenue", "grain": "week"}
        forecast = client.post("/forecast", json=asked | {"horizon": HORIZON}).json()
        retention = client.post("/retention", json={"limit": 100_000}).json()
        return {
            "forecast": forecast["forecast"],
            "leaderboard": forecast["leaderboard"],
            "forecast_of_the_cockpit": client.post("/forecast", json=asked | {"horizon": OF_THE_COCKPIT}).json()["forecast"],
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
import json, sys
from cyberpunk_ai import Workspace
from cyberpunk_ai.core import loading
from cyberpunk_ai.core.results import to_jsonable
from apps.cockpit.store import CockpitStore
from tests.waiting import until

class Unguarded:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("scipy", "sklearn", "statsforecast", "statsmodels", "narwhals", "pmdarima") and path is not None:
            if not loading.ALONE._is_owned():
                found_alone.append(name)

found_alone = []
sys.meta_path.insert(0, Unguarded())
ws = Workspace.open()
store = CockpitStore(lambda: ws)

def shown(name):
    part = store.part(name)
    assert part.state in ("loading", "ready"), part.message
    return part.value

store.part("customers")  # both are loaded at once, as where a page is opened
forecast, report = (until(lambda: shown(name), name) for name in ("forecast", "customers"))
# One late part of a library that is there already can wait for nobody; hundreds would be a library that two threads load at once.
assert len(found_alone) < 20, found_alone
print(json.dumps(to_jsonable({"forecast": forecast.forecast, "segments": report.segments, "summary": report.summary})))
store.close()
ws.close()
"""
    known = environment(shop.home, CYBERPUNK_TODAY=TODAY)
    done = subprocess.run([sys.executable, "-c", program], env=known, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_every_line_is_either_in_or_in_quarantine(shop: Shop) -> None:
    source = shop.imported["sources"][0]
    assert source["quarantined"] == shop.export.broken
    assert source["rows"] == shop.truth.lines
    assert told(shop.home, "query", "revenue")["frame"][0]["revenue"] == pytest.approx(shop.truth.revenue, rel=1e-9)


def test_a_second_sync_brings_nothing_twice(shop: Shop) -> None:
    told(shop.home, "sync")
    assert told(shop.home, "query", "orders")["frame"][0]["orders"] == shop.truth.orders


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
    """Customers by the month in which something was first sold to them, whatever they sent back later."""
    sold = shop.export.lines[shop.truth.is_sale].dropna(subset=["CustomerID"])
    months = sold.groupby("CustomerID")["InvoiceDate"].min().dt.to_period("M")
    expected = {str(month): int(count) for month, count in months.value_counts().items()}
    assert {row["cohort"][:7]: row["customers"] for row in by_api["retention"]["cohorts"] if row["period"] == 0} == expected


def test_the_command_line_gives_the_numbers_of_the_api(shop: Shop, by_api: dict[str, Any]) -> None:
    assert told(shop.home, "query", "revenue", "--by", "product", "--limit", "10", "--order", "desc")["frame"] == by_api["top_products"]
    assert told(shop.home, "query", "revenue,orders,active_customers")["frame"] == by_api["totals"]


@pytest.mark.full
def test_a_forecast_at_the_command_line_is_that_of_the_api(shop: Shop, by_api: dict[str, Any]) -> None:
    assert told(shop.home, "forecast", "revenue", "--grain", "week", "--horizon", str(HORIZON))["forecast"] == by_api["forecast"]


@pytest.mark.full
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
    assert by_app["forecast"] == by_api["forecast_of_the_cockpit"]
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


def test_a_run_succeeds_and_is_recorded(shop: Shop, run: dict[str, Any]) -> None:
    assert run["status"] == "succeeded"
    kept = told(shop.home, "runs", "nightly")["runs"]
    assert [(row["run_id"], row["status"]) for row in kept] == [(run["run_id"], "succeeded")]
    assert kept[0]["parameters"]["horizon"] == HORIZON


def test_the_notebook_of_a_run_is_kept_with_its_parameters(run: dict[str, Any]) -> None:
    kept = json.loads(Path(run["notebook_path"]).read_text())
    injected = ["".join(cell["source"]) for cell in kept["cells"] if "injected-parameters" in cell["metadata"].get("tags", [])]
    assert [f"horizon = {HORIZON}\n" in source for source in injected] == [True]


def test_the_page_of_a_run_is_one_file_without_scripts_or_outside_requests(run: dict[str, Any]) -> None:
    page = Path(run["html_path"]).read_text()
    assert "What should we know this morning?" in page
    assert re.findall(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=\"https?://[^\"]*", page) == []
