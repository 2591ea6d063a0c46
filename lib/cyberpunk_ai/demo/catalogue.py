"""The forty products of the demo company: names, list prices and what they cost to make. How they sell over time lives in `market.py`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Product:
    """One product.

    Attributes:
        product_id: Stable id, `SKU-1001`.
        name: Invented name.
        category: One of the five categories.
        list_price: Price at the start of the history, in the company's currency.
        unit_cost: Cost of making one at the start of the history.
        popularity: Relative share of the lines that it is on.
        yearly_growth: Trend of its demand, 0.1 for ten per cent a year.
    """

    product_id: str
    name: str
    category: str
    list_price: float
    unit_cost: float
    popularity: float
    yearly_growth: float


# category: (share of price that making it costs, products as name, list price, popularity, yearly growth)
_RANGES: dict[str, tuple[float, tuple[tuple[str, float, float, float], ...]]] = {
    "Electronics": (0.68, (
        ("Halo Monitor 27", 329.0, 1.2, 0.06), ("Pulse Earbuds", 89.0, 2.6, 0.18), ("Vector Keyboard", 74.0, 1.8, 0.04),
        ("Orbit Webcam", 59.0, 1.4, -0.12), ("Flux Power Bank", 39.0, 2.2, 0.09), ("Nova Tablet 11", 449.0, 0.8, 0.12),
        ("Ion Dock", 129.0, 1.0, 0.15), ("Glide Mouse", 34.0, 2.0, 0.01),
    )),
    "Furniture": (0.58, (
        ("Arc Standing Desk", 489.0, 0.6, 0.08), ("Mesh Task Chair", 259.0, 0.9, 0.05), ("Slate Bookcase", 179.0, 0.5, -0.04),
        ("Lowline Sofa", 899.0, 0.25, 0.02), ("Fold Meeting Table", 349.0, 0.35, 0.0), ("Perch Stool", 79.0, 0.8, 0.1),
        ("Harbor Cabinet", 219.0, 0.45, -0.06), ("Beam Floor Lamp", 99.0, 0.9, 0.07),
    )),
    "Office Supplies": (0.52, (
        ("Inkwell Gel Pens", 9.5, 3.4, -0.02), ("Ledger Notebook", 12.0, 3.2, 0.01), ("Copper Paper Clips", 4.5, 2.4, -0.05),
        ("Quartz Copy Paper", 27.0, 2.8, -0.08), ("Stack Desk Tray", 19.0, 1.4, 0.03), ("Marker Set Eight", 15.0, 2.0, 0.04),
        ("Label Maker Mini", 45.0, 1.0, 0.06), ("Archive Box Pack", 23.0, 1.2, -0.03),
    )),
    "Apparel": (0.45, (
        ("Drift Rain Shell", 119.0, 1.1, 0.05), ("Neon Running Tee", 32.0, 2.2, 0.11), ("Granite Hoodie", 64.0, 1.8, 0.07),
        ("Tidal Swim Shorts", 38.0, 1.2, 0.03), ("Loom Wool Scarf", 42.0, 1.1, 0.0), ("Transit Backpack", 88.0, 1.6, 0.09),
        ("Kinetic Sneakers", 109.0, 1.5, 0.13), ("Alpine Beanie", 24.0, 1.3, -0.01),
    )),
    "Home & Garden": (0.55, (
        ("Fern Planter Trio", 54.0, 1.4, 0.1), ("Ember Fire Bowl", 189.0, 0.5, 0.04), ("Dew Garden Hose", 36.0, 1.3, 0.0),
        ("Solace Duvet", 139.0, 0.8, 0.05), ("Kettle Classic", 49.0, 1.7, 0.02), ("Citrus Juicer", 69.0, 1.0, -0.07),
        ("Canopy Parasol", 159.0, 0.6, 0.06), ("Cedar Bird House", 29.0, 1.1, 0.08),
    )),
}  # fmt: skip


def _catalogue() -> tuple[Product, ...]:
    products: list[Product] = []
    for category, (cost_share, rows) in _RANGES.items():
        for name, price, popularity, growth in rows:
            number = 1001 + len(products)
            # A spread of four points around the category keeps margins apart without a random draw.
            unit_cost = round(price * (cost_share + 0.02 * (number % 5 - 2)), 2)
            products.append(Product(f"SKU-{number}", name, category, price, unit_cost, popularity, growth))
    return tuple(products)


PRODUCTS = _catalogue()
