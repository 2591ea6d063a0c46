"""The public customer data as frames that the product takes, and what really happened after the moment of the analysis.

Outcomes are worked out here in plain pandas, apart from the product's own reading, so that the two cannot share a mistake.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass(frozen=True, eq=False)
class Shop:
    """One shop, split at a day.

    Attributes:
        name: Name of the set.
        rows: customer_id (text), ordered_at, amount, and order_id where known; all of history.
        raw: The frame as it came, handed to the product as it is.
        customers: Fields of customers, or None.
        horizon_days: How far the product looks ahead.
        as_of: Last day that the product may read; the horizon ends where the data ends.
    """

    name: str
    rows: pd.DataFrame
    raw: pd.DataFrame
    customers: pd.DataFrame | None
    horizon_days: int

    @property
    def as_of(self) -> str:
        """The horizon ends with the last finished day: a day that breaks off in the morning would count its absent as gone."""
        last = self.rows["ordered_at"].max()
        end = last if (self.rows["ordered_at"] == self.rows["ordered_at"].dt.normalize()).all() else last - pd.Timedelta(days=1)
        return str((end.normalize() - pd.Timedelta(days=self.horizon_days)).date())

    @cached_property
    def later(self) -> pd.DataFrame:
        """Rows within the horizon after the moment."""
        cut = pd.Timestamp(self.as_of) + pd.Timedelta(days=1)
        is_later = (self.rows["ordered_at"] >= cut) & (self.rows["ordered_at"] < cut + pd.Timedelta(days=self.horizon_days))
        return self.rows[is_later]

    @cached_property
    def purchase_days(self) -> pd.Series:
        """Days with a purchase within the horizon, per customer who has any."""
        rows = self.later.assign(order=self.later["order_id"] if "order_id" in self.later else range(len(self.later)))
        orders = rows.groupby(["customer_id", "order", rows["ordered_at"].dt.normalize()])["amount"].agg(["sum", "max", "min"])
        is_purchase = (orders["sum"] > 0) | ((orders["max"] == 0) & (orders["min"] == 0))
        bought = orders[is_purchase].reset_index()
        return bought.groupby("customer_id")["ordered_at"].nunique()

    @cached_property
    def revenue(self) -> pd.Series:
        """Net revenue within the horizon, per customer who has any row there."""
        return self.later.groupby("customer_id")["amount"].sum()


def online_retail(folder: Path) -> Shop:
    """A gift wholesaler, a year of order lines with cancellations; 90 days ahead."""
    raw = pd.read_parquet(folder / "online_retail.parquet")
    known = raw[raw["CustomerID"].notna()]
    rows = pd.DataFrame(
        {
            "customer_id": known["CustomerID"].astype("int64").astype(str),
            "ordered_at": known["InvoiceDate"],
            "amount": known["Quantity"] * known["UnitPrice"],
            "order_id": known["InvoiceNo"].astype(str),
        }
    )
    return Shop("online_retail", rows, raw, None, 90)


def cdnow(folder: Path) -> Shop:
    """A seller of music, one quarter's cohort over eighteen months; 91 days ahead."""
    return _cdnow("cdnow", pd.read_parquet(folder / "cdnow_transactions.parquet"), 91)


def cdnow_sample(folder: Path) -> Shop:
    """The published sample of 2,357 of its customers, half of it to learn from and 39 weeks to foresee."""
    raw = pd.read_parquet(folder / "cdnow_transactions.parquet")
    return _cdnow("cdnow_sample", raw[raw["in_sample_2357"]], 273)


def complete_journey(folder: Path) -> Shop:
    """A grocer with household fields, a year of baskets; 28 days ahead."""
    raw = pd.read_parquet(folder / "complete_journey_baskets.parquet")
    fields = folder / "complete_journey_demographics.parquet"
    rows = pd.DataFrame(
        {"customer_id": raw["household_id"].astype(str), "ordered_at": raw["timestamp"], "amount": raw["sales_value"].astype(float)}
    )
    return Shop("complete_journey", rows, raw, pd.read_parquet(fields) if fields.exists() else None, 28)


def apparel(folder: Path) -> Shop:
    """One cohort of 600 customers of a clothes shop over six years, simulated by its publisher; a year ahead."""
    raw = pd.read_parquet(folder / "apparel_transactions.parquet")
    fields = folder / "apparel_static_covariates.parquet"
    customers = pd.read_parquet(fields).rename(columns={"Id": "customer_id"}) if fields.exists() else None
    rows = pd.DataFrame({"customer_id": raw["customer_id"].astype(str), "ordered_at": raw["date"], "amount": raw["amount"]})
    return Shop("apparel", rows, raw, customers, 365)


def _cdnow(name: str, raw: pd.DataFrame, horizon_days: int) -> Shop:
    rows = pd.DataFrame({"customer_id": raw["customer_id"].astype(str), "ordered_at": raw["date"], "amount": raw["amount"]})
    return Shop(name, rows, raw, None, horizon_days)


SHOPS: dict[str, Callable[[Path], Shop]] = {
    "online_retail": online_retail,
    "cdnow": cdnow,
    "complete_journey": complete_journey,
    "apparel": apparel,
    "cdnow_sample": cdnow_sample,
}


def telco(folder: Path) -> pd.DataFrame:
    """Contracts of a telephone company with a churn flag."""
    return pd.read_parquet(folder / "telco_churn.parquet")


def bigml(folder: Path) -> pd.DataFrame:
    """Contracts of another, which gives its customers no id."""
    rows = pd.read_parquet(folder / "telecom_churn_bigml_3333.parquet")
    return rows.assign(customer_id=[f"{number:05d}" for number in range(len(rows))])


CONTRACTS: dict[str, Callable[[Path], pd.DataFrame]] = {"telco": telco, "bigml": bigml}
