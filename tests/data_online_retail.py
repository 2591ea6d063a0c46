"""The UCI Online Retail lines as a file that nobody would want to receive, and the plain truth about them, computed without the product."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from pathlib import Path

# Each is put behind the line with this number; every one must end in quarantine, none may take its neighbours along.
BROKEN_ROWS = {
    10: "536365;85123A;BROKEN QUANTITY;abc;01.12.2010 08:26;2,55;17850;United Kingdom",
    500: "536400;71053;BROKEN DATE;6;31.02.2011 10:00;3,39;17850;United Kingdom",
    900: "536401;71053;BROKEN PRICE;6;02.12.2010 10:00;n/a;17850;United Kingdom",
    1500: "536402;71053;TOO FEW FIELDS;6",
    2000: "536403;71053;TOO;MANY;FIELDS;6;02.12.2010 10:00;3,39;17850;United Kingdom",
    2500: "536404;71053;NO DATE;6;;3,39;17850;United Kingdom",
}


@dataclass(frozen=True)
class MessyExport:
    """The file and what must come out of it.

    Attributes:
        path: The file: Windows-1252, semicolons, decimal comma, day first, empty customer ids.
        lines: The good lines as they must arrive: columns of Online Retail, `CustomerID` as text or None, and `amount`.
        broken: Number of rows that must be set aside.
    """

    path: Path
    lines: pd.DataFrame
    broken: int


@dataclass(frozen=True)
class RetailTruth:
    """Plain pandas answers over the good lines.

    Attributes:
        lines: Number of order lines, refunds included.
        revenue: Sum of all line amounts, refunds negative.
        weekly_revenue: Revenue by the Monday that starts the week.
        invoices: Distinct invoice numbers, cancellations included.
        orders: Distinct invoice numbers with at least one line that is no refund.
        refund_lines: Lines whose invoice starts with C or whose quantity is below zero.
        customers: Distinct customer ids.
        top_products: The ten products with the most revenue, by description (stock code where there is none).
        first_order: First line's time per customer.
        is_sale: Which of the lines are no refund.
    """

    lines: int
    revenue: float
    weekly_revenue: pd.Series
    invoices: int
    orders: int
    refund_lines: int
    customers: int
    top_products: pd.Series
    first_order: pd.Series
    is_sale: pd.Series


def export_messy_csv(shared_data: Path, target: Path, *, rows: int | None = None, one_in: int = 1) -> MessyExport:
    """Write the lines as a messy CSV file.

    Args:
        shared_data: Folder of the public data sets.
        target: File to write.
        rows: Only the first so many lines; all by default.
        one_in: Only one customer, or invoice without customer, in so many, with everything that they ever bought.
    """
    lines = pd.read_parquet(shared_data / "retention" / "online_retail.parquet")
    buyers, _ = pd.factorize(lines["CustomerID"].astype("string").fillna(lines["InvoiceNo"]))
    lines = lines[buyers % one_in == 0]
    lines = (lines if rows is None else lines.head(rows)).reset_index(drop=True)
    lines["Country"] = lines["Country"].replace("EIRE", "\u00c9ire")  # a letter that tells Windows-1252 from UTF-8
    lines["InvoiceDate"] = lines["InvoiceDate"].dt.floor("min")
    customer = lines["CustomerID"].astype("string")
    written = pd.DataFrame(
        {
            "InvoiceNo": lines["InvoiceNo"], "StockCode": lines["StockCode"], "Description": lines["Description"].fillna(""),
            "Quantity": lines["Quantity"], "InvoiceDate": lines["InvoiceDate"].dt.strftime("%d.%m.%Y %H:%M"),
            "UnitPrice": lines["UnitPrice"].map("{:.3f}".format).str.replace(".", ",", regex=False), "CustomerID": customer.fillna(""),
            "Country": lines["Country"],
        }
    )  # fmt: skip
    texts = written.to_csv(sep=";", index=False, lineterminator="\n").rstrip("\n").split("\n")
    broken = {position: text for position, text in BROKEN_ROWS.items() if position < len(texts)}
    for position, text in sorted(broken.items(), reverse=True):
        texts.insert(position + 1, text)
    target.write_bytes(("\r\n".join(texts) + "\r\n").encode("cp1252"))
    lines["CustomerID"] = customer.astype(object).where(customer.notna(), None)
    lines["amount"] = lines["Quantity"] * lines["UnitPrice"].round(3)
    return MessyExport(target, lines, len(broken))


def plain_truth(lines: pd.DataFrame) -> RetailTruth:
    """Compute the answers that the product must give for these lines."""
    refund = lines["InvoiceNo"].str.startswith("C") | (lines["Quantity"] < 0)
    product = lines["Description"].str.strip().replace("", None).fillna(lines["StockCode"])
    monday = lines["InvoiceDate"].dt.normalize() - pd.to_timedelta(lines["InvoiceDate"].dt.dayofweek, unit="D")
    return RetailTruth(
        lines=len(lines),
        revenue=float(lines["amount"].sum()),
        weekly_revenue=lines.groupby(monday)["amount"].sum(),
        invoices=int(lines["InvoiceNo"].nunique()),
        orders=int(lines.loc[~refund, "InvoiceNo"].nunique()),
        refund_lines=int(refund.sum()),
        customers=int(lines["CustomerID"].nunique()),
        top_products=lines.groupby(product)["amount"].sum().nlargest(10),
        first_order=lines.groupby("CustomerID")["InvoiceDate"].min(),
        is_sale=~refund,
    )
