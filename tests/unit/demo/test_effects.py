"""Each planted effect is really there: an independent statistic on the frames finds what the truth file says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

if TYPE_CHECKING:
    from cyberpunk_ai.demo import DemoCompany

Frames = "Mapping[str, pd.DataFrame]"


@pytest.fixture(scope="module")
def truth(company: DemoCompany) -> dict[str, Any]:
    return company.truth()


def test_demand_of_the_broken_product_falls_by_the_recorded_factor(frames: Frames, truth: dict[str, Any]) -> None:
    planted, demand = truth["demand_break"], frames["demand"]
    monthly = demand.pivot_table(index="ds", columns="product", values="units", aggfunc="sum")
    starts = pd.Timestamp(planted["starts"])
    same_months_before = monthly.loc[starts - pd.DateOffset(years=1) : starts - pd.DateOffset(years=1) + pd.DateOffset(months=6)]
    change = monthly.loc[starts:].mean() / same_months_before.mean()

    assert change[planted["product"]] == pytest.approx(planted["factor"], abs=0.12)
    assert change.idxmin() == planted["product"]
    assert change.drop(planted["product"]).min() > 0.65


def test_customers_leave_the_region_after_its_price_rise(frames: Frames, truth: dict[str, Any]) -> None:
    planted, sales = truth["price_rise"], frames["orders"].query("not is_refund")
    day = pd.Timestamp(planted["date"])

    def kept(moment: pd.Timestamp) -> pd.Series:
        before = sales[sales["ordered_at"].between(moment - pd.Timedelta(days=120), moment)]
        after = sales[sales["ordered_at"].between(moment + pd.Timedelta(days=50), moment + pd.Timedelta(days=170))]
        buyers = before.drop_duplicates("customer_id").set_index("customer_id")["region"]
        return pd.Series(buyers.index.isin(after["customer_id"]), index=buyers.to_numpy()).groupby(level=0).mean()

    loss = kept(day) / kept(day - pd.DateOffset(years=1))
    assert loss.idxmin() == planted["region"]
    assert loss[planted["region"]] < 1 - 0.6 * planted["leaving_share"]
    assert loss.drop(planted["region"]).min() > 0.85


def test_prices_rise_in_that_region_only(frames: Frames, truth: dict[str, Any]) -> None:
    planted, demand = truth["price_rise"], frames["demand"].query("not on_promotion")
    day = pd.Timestamp(planted["date"])
    price = demand.pivot_table(index="ds", columns=["region", "product"], values="price")
    ratio = (
        (price.loc[day:].median() / price.loc[day - pd.DateOffset(months=6) : day - pd.Timedelta(days=1)].median())
        .groupby(level=0)
        .median()
    )

    assert ratio[planted["region"]] == pytest.approx(planted["price_factor"], abs=0.01)
    assert ratio.drop(planted["region"]).to_numpy() == pytest.approx(1.0, abs=0.01)


def test_only_the_working_campaign_lifts_orders(frames: Frames, truth: dict[str, Any], company: DemoCompany) -> None:
    from cyberpunk_ai.demo.effects.working_campaign import burst_days

    planted = truth["working_campaign"]
    orders = frames["orders"].query("line_id == '1'")
    daily = orders.groupby([orders["ordered_at"].dt.normalize(), orders["region"].isin(planted["regions"])]).size().unstack(fill_value=0)
    days = pd.DatetimeIndex(company.history.dates)
    daily = daily.reindex(days, fill_value=0)
    bursts = pd.DataFrame({name: burst_days(company.history, name) for name in [planted["campaign"], *planted["without_lift"]]}, index=days)
    # The last half year is left out: customers leave the control regions there.
    known = days < pd.Timestamp(truth["price_rise"]["date"])
    lifts = {}
    for campaign, running in bursts.items():
        near = running.rolling(71, center=True, min_periods=1).max().astype(bool) & ~bursts.any(axis=1)
        during, beside = daily[running & known].sum(), daily[near & known].sum()
        lifts[campaign] = float(during[True] / during[False] / (beside[True] / beside[False]) - 1.0)

    assert lifts.pop(planted["campaign"]) == pytest.approx(planted["lift"], abs=0.12)
    assert max(map(abs, lifts.values())) < 0.12


def test_vibration_rises_before_the_planted_failures(frames: Frames, truth: dict[str, Any]) -> None:
    readings = frames["telemetry"].set_index("ts")
    daily = readings[readings["rpm"] > 0].groupby("asset")["vibration_mm_s"].resample("D").mean().unstack(level=0)
    for planted in truth["asset_drift"]:
        fails, starts = pd.Timestamp(planted["fails_at"]), pd.Timestamp(planted["drift_starts"])
        healthy = daily.loc[: starts - pd.Timedelta(days=1), planted["asset"]]
        last = daily.loc[starts:fails, planted["asset"]].iloc[-2:]
        assert (last.mean() - healthy.mean()) / healthy.std() > 20
    quiet = daily.drop(columns=[planted["asset"] for planted in truth["asset_drift"]])
    assert (quiet.max() / quiet.mean()).max() < 1.15


def test_the_past_failure_is_an_event_and_the_coming_one_is_not(frames: Frames, truth: dict[str, Any], company: DemoCompany) -> None:
    failures = frames["asset_events"].query("kind == 'failure'")
    for planted in truth["asset_drift"]:
        recorded = failures[(failures["asset"] == planted["asset"]) & (failures["started_at"] == pd.Timestamp(planted["fails_at"]))]
        assert len(recorded) == int(planted["in_history"])
    assert [planted["in_history"] for planted in truth["asset_drift"]] == [True, False]
    assert pd.Timestamp(truth["asset_drift"][1]["fails_at"]) > pd.Timestamp(company.end)


def test_the_stale_source_stops_early_and_the_others_do_not(frames: Frames, truth: dict[str, Any], company: DemoCompany) -> None:
    planted = truth["stale_source"]
    newest = {"marketing_ads": "ds", "orders": "ordered_at", "web_sessions": "started_at", "telemetry": "ts"}
    silent = {table: (pd.Timestamp(company.end) - frames[table][column].max().normalize()).days for table, column in newest.items()}

    assert silent == {"marketing_ads": planted["silent_days"], "orders": 0, "web_sessions": 0, "telemetry": 0}
    assert (frames["marketing_ads"]["source"] == planted["source"]).all()


def test_duplicates_are_one_person_written_in_two_ways(frames: Frames, truth: dict[str, Any]) -> None:
    planted, customers = truth["duplicate_customers"], frames["customers"].set_index("customer_id")
    crm, erp = (customers.loc[[pair[side] for pair in planted["pairs"]]] for side in (0, 1))

    assert len(planted["pairs"]) == planted["count"] == (customers["source"] == "erp").sum()
    assert (crm["source"] == "crm").all()
    assert (crm["email"].str.lower().to_numpy() == erp["email"].str.strip().str.lower().to_numpy()).all()
    digits = [[re.sub(r"^00|\D", "", phone) for phone in side["phone"]] for side in (crm, erp)]
    assert digits[0] == digits[1]
    assert (crm["email"].to_numpy() != erp["email"].to_numpy()).all()
    assert crm["email"].is_unique
    # Both records have orders, so that it matters to know that they are one person.
    assert set(erp.index) & set(frames["orders"]["customer_id"])
    assert set(crm.index) & set(frames["orders"]["customer_id"])


def test_the_truth_is_written_as_json(company: DemoCompany, truth: dict[str, Any], tmp_path: Any) -> None:
    import json

    company.write_truth(tmp_path / "demo_truth.json")

    assert json.loads((tmp_path / "demo_truth.json").read_text()) == truth
