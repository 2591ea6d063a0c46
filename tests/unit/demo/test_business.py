"""The company behaves like one: shares, seasons, margins and customers within what a business would show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
import yaml

if TYPE_CHECKING:
    from pathlib import Path

Frames = "Mapping[str, pd.DataFrame]"
IN_TABLES = {
    "region": ("customers", "orders", "demand", "web_sessions"),
    "segment": ("customers",),
    "channel": ("orders",),
    "category": ("orders",),
    "campaign": ("orders", "marketing_ads", "web_sessions"),
    "marketing_channel": ("marketing_ads",),
    "traffic_source": ("web_sessions",),
    "device": ("web_sessions",),
    "asset_type": ("assets",),
    "site": ("assets",),
}


def test_values_are_exactly_those_of_the_semantic_vocabulary(frames: Frames, shared_data: Path) -> None:
    vocabulary = yaml.safe_load((shared_data / "chat" / "semantic.yml").read_text())

    for dimension, tables in IN_TABLES.items():
        for table in tables:
            assert set(frames[table][dimension].dropna()) == set(vocabulary["dimensions"][dimension]), (table, dimension)
    assert set(vocabulary["dimensions"]["asset"]) <= set(frames["assets"]["asset"])
    assert {source for rows in frames.values() for source in rows["source"].unique()} == set(vocabulary["sources"])


def test_margins_refunds_and_baskets_are_sane(frames: Frames) -> None:
    orders = frames["orders"]
    sales, refunds = orders.query("not is_refund"), orders.query("is_refund")
    margin = 1 - sales.groupby("category")["cost"].sum() / sales.groupby("category")["amount"].sum()

    assert margin.between(0.2, 0.6).all()
    assert 0.02 < -refunds["amount"].sum() / sales["amount"].sum() < 0.08
    assert 50 < sales["amount"].sum() / sales["order_id"].nunique() < 500
    assert (sales["amount"] == (sales["quantity"] * sales["unit_price"]).round(2)).all()
    assert (refunds[["quantity", "amount", "cost"]] < 0).all(axis=None)


def test_every_refund_takes_back_a_line_that_was_sold_before(frames: Frames) -> None:
    orders = frames["orders"].set_index(["order_id", "line_id"])
    refunds = orders.query("is_refund")
    sold = orders.loc[[(order, line.removeprefix("R")) for order, line in refunds.index]]

    assert (refunds["amount"].to_numpy() == -sold["amount"].to_numpy()).all()
    assert (refunds["ordered_at"].to_numpy() > sold["ordered_at"].to_numpy()).all()


def test_the_company_grows_and_sells_most_before_the_year_ends(frames: Frames) -> None:
    monthly = frames["orders"].groupby(frames["orders"]["ordered_at"].dt.to_period("M"))["amount"].sum()

    assert monthly["2024"].sum() > 1.1 * monthly["2023"].sum()
    assert set(monthly["2024"].nlargest(2).index.month) == {11, 12}
    assert monthly["2024"].idxmin().month == 2


def test_demand_is_seasonal_and_promotions_lift_it(frames: Frames) -> None:
    demand = frames["demand"]
    parasol = demand[demand["product"] == "Canopy Parasol"].groupby(demand["ds"].dt.month)["units"].sum()
    relative = demand["units"] / demand.groupby(["product", "region", demand["ds"].dt.year])["units"].transform("mean")

    assert parasol.idxmax() in {4, 5, 6}
    assert parasol.max() > 1.7 * parasol.min()
    assert relative[demand["on_promotion"]].mean() > 1.2 * relative[~demand["on_promotion"]].mean()
    assert 0.05 < demand["on_promotion"].mean() < 0.2
    assert demand["holiday_days"].max() >= 3


def test_customers_differ_and_drop_out(frames: Frames) -> None:
    sales = frames["orders"].query("not is_refund")
    per_customer = sales.groupby("customer_id")["order_id"].nunique().sort_values(ascending=False)
    assert per_customer.head(len(per_customer) // 5).sum() > 0.55 * per_customer.sum()
    assert (per_customer == 1).mean() > 0.1

    # Recency and frequency must tell who buys again: that is the signal of a churn model.
    cut = sales["ordered_at"].max() - pd.Timedelta(days=300)
    before, after = sales[sales["ordered_at"] < cut], sales[sales["ordered_at"].between(cut, cut + pd.Timedelta(days=90))]
    seen = before.groupby("customer_id").agg(last=("ordered_at", "max"), orders=("order_id", "nunique"))
    again = seen.index.isin(after["customer_id"])
    score = np.log1p(seen["orders"]) - (cut - seen["last"]).dt.days / 120
    ranks = score.rank()
    auc = (ranks[again].sum() - again.sum() * (again.sum() + 1) / 2) / (again.sum() * (~again).sum())
    assert 0.75 < auc < 0.95


def test_sessions_orders_and_ads_agree(frames: Frames) -> None:
    orders, sessions, ads = frames["orders"], frames["web_sessions"], frames["marketing_ads"]
    converted = sessions.query("converted").set_index("order_id")
    sold = orders.query("line_id == '1'").set_index("order_id").loc[converted.index]

    assert set(sold["channel"]) == {"Web", "Mobile"}
    assert (converted["started_at"].to_numpy() < sold["ordered_at"].to_numpy()).all()
    assert (converted["campaign"].fillna("") == sold["campaign"].fillna("")).all()
    assert sessions["converted"].mean() == pytest.approx(1 / 16)
    assert not (sessions["converted"] & sessions["bounced"]).any()
    assert (sessions.loc[sessions["bounced"], "page_views"] == 1).all()
    tagged = orders[
        (orders["line_id"] == "1") & orders["campaign"].notna() & (orders["ordered_at"] < ads["ds"].max() + pd.Timedelta(days=1))
    ]
    assert ads.groupby("campaign")["conversions"].sum().to_dict() == tagged.groupby("campaign").size().to_dict()
    assert (ads["clicks"] >= ads["conversions"]).all()
    assert (ads["conversions"] >= ads["new_customers"]).all()


def test_every_reference_leads_somewhere(frames: Frames) -> None:
    customers = set(frames["customers"]["customer_id"])

    assert set(frames["orders"]["customer_id"]) <= customers
    assert set(frames["web_sessions"]["customer_id"].dropna()) <= customers
    assert set(frames["telemetry"]["asset"]) == set(frames["assets"]["asset"])
    assert set(frames["asset_events"]["asset"]) <= set(frames["assets"]["asset"])
    assert set(frames["demand"]["product"]) == set(frames["orders"]["product"])


def test_people_are_invented(frames: Frames) -> None:
    customers = frames["customers"]

    assert customers["email"].str.strip().str.lower().str.contains(r"@(?:.+\.)?example(?:\.com|\.org|\.net)?$").all()
    assert customers["phone"].str.contains("555").all()
