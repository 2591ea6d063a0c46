"""The customers: who they are, how often each would buy and when each stops (Pareto/NBD). What they order lives in `purchases.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cyberpunk_ai.demo.draws import numbered, pick, pick_by_group, stream, texts
from cyberpunk_ai.demo.history import DAY_SECONDS, YEARS
from cyberpunk_ai.demo.vocabulary import (
    COMPANY_FIRST,
    COMPANY_SECOND,
    COUNTRIES,
    DIAL_CODES,
    FIRST_NAMES,
    LAST_NAMES,
    REGION_SHARES,
    REGIONS,
    SEGMENT_SHARES,
    SEGMENTS,
)

if TYPE_CHECKING:
    from cyberpunk_ai.demo.draws import BoolArray, FloatArray, IntArray, TextArray
    from cyberpunk_ai.demo.effects import PlantedEffects
    from cyberpunk_ai.demo.history import History

COUNTRY_NAMES = tuple(country for region in REGIONS for country in COUNTRIES[region])
RATE_SHAPE = 0.8
"""Gamma shape of the buying rates: below 1, so that few buy much and many buy rarely."""
LEAVING_SHAPE, LEAVING_SCALE_DAYS = 0.6, 170.0
"""Gamma shape and scale of the leaving rates: half of the newcomers are gone within a year, a third stay beyond three."""
SEGMENT_RATE = np.array([2.2, 1.4, 0.8])
SEGMENT_LEAVING = np.array([0.45, 0.85, 1.2])
ALREADY_THERE = 0.3
NEVER_BUY = 0.05


@dataclass(frozen=True)
class People:
    """Everybody in the CRM, in the order of signing up; day numbers count from the start of the history.

    Attributes:
        region: Position in `REGIONS`, shape (n,).
        country: Position in `COUNTRY_NAMES`, shape (n,).
        segment: Position in `SEGMENTS`, shape (n,).
        signed_up: Day, negative for those who were customers before the history, shape (n,).
        first_order: Day of the first order; infinite for those who never buy and negative for old customers, shape (n,).
        leaves: Day from which the customer never orders again, shape (n,).
        rate: Relative orders per day while a customer, shape (n,).
        twin: Whether the ERP knows the same person again, shape (n,).
        crm_id: Id in the CRM, shape (n,).
        erp_id: Id of the second record, shape (n,), empty text for those without.
    """

    region: IntArray
    country: IntArray
    segment: IntArray
    signed_up: FloatArray
    first_order: FloatArray
    leaves: FloatArray
    rate: FloatArray
    twin: BoolArray
    crm_id: TextArray
    erp_id: TextArray

    def __len__(self) -> int:
        return len(self.region)


def draw_people(history: History, effects: PlantedEffects, seed: int, customers: int) -> People:
    """Draw `customers` people with rates and life spans."""
    rng = stream(seed, "people")
    region = pick(rng, REGION_SHARES, customers)
    segment = pick(rng, SEGMENT_SHARES, customers)

    # The company grows: newcomers arrive at a rate that rises by half over the history.
    joined = (np.sqrt(1.0 + 1.25 * rng.random(customers)) - 1.0) / 0.5 * history.days
    old = rng.random(customers) < ALREADY_THERE
    signed_up = np.sort(np.where(old, -365.0 * YEARS * rng.random(customers) ** 1.5, joined))
    old = signed_up < 0.0
    never = ~old & (rng.random(customers) < NEVER_BUY)
    first_order = np.where(old, signed_up, signed_up + rng.exponential(1.5, customers))

    # Gamma-mixed exponential life spans; those who were already there have survived their age, which is
    # the same Gamma with a larger scale (the conjugate update), so nothing has to be rejected.
    age = np.where(old, -signed_up, 0.0)
    leaving_rate = rng.gamma(LEAVING_SHAPE, 1.0, customers) / (LEAVING_SCALE_DAYS / SEGMENT_LEAVING[segment] + age)
    leaves = np.maximum(first_order, 0.0) + rng.exponential(1.0, customers) / np.maximum(leaving_rate, 1e-9)
    leaves = effects.price_rise.shorten(rng, leaves, first_order, region == REGIONS.index(effects.price_rise.region))
    rate = rng.gamma(RATE_SHAPE, 1.0, customers) * SEGMENT_RATE[segment]

    shares = np.zeros((len(REGIONS), len(COUNTRY_NAMES)))
    for row, name in enumerate(REGIONS):
        for rank, country in enumerate(COUNTRIES[name]):
            shares[row, COUNTRY_NAMES.index(country)] = 1.0 / (rank + 1)
    twin = effects.duplicates.twins(rng, customers)
    erp_id = np.full(customers, "", dtype=object)
    erp_id[twin] = numbered("E-", range(1, int(twin.sum()) + 1), 7)
    return People(
        region=region,
        country=pick_by_group(rng, shares, region),
        segment=segment,
        signed_up=signed_up,
        first_order=np.where(never, np.inf, first_order),
        leaves=leaves,
        rate=np.where(never, 0.0, rate),
        twin=twin,
        crm_id=numbered("C-", range(1, customers + 1), 7),
        erp_id=erp_id,
    )


def customer_rows(people: People, history: History, seed: int, first: int, last: int) -> pd.DataFrame:
    """Return the CRM's records of the people from `first` up to but without `last`, as the canonical table `customers`."""
    rows = np.arange(first, last)
    rng = stream(seed, "customer records", first)
    given = pick(rng, np.ones(len(FIRST_NAMES)), len(rows))
    family = pick(rng, np.ones(len(LAST_NAMES)), len(rows))
    firm_a = pick(rng, np.ones(len(COMPANY_FIRST)), len(rows))
    firm_b = pick(rng, np.ones(len(COMPANY_SECOND)), len(rows))
    line = rng.integers(1_000_000, 9_999_999, len(rows))
    business = people.segment[rows] != SEGMENTS.index("Consumer")

    names, emails, phones, companies = [], [], [], []
    for number, g, f, a, b, is_business, country, digits in zip(
        rows.tolist(), given.tolist(), family.tolist(), firm_a.tolist(), firm_b.tolist(), business.tolist(),
        people.country[rows].tolist(), line.tolist(), strict=True,
    ):  # fmt: skip
        first_name, last_name, firm = FIRST_NAMES[g], LAST_NAMES[f], f"{COMPANY_FIRST[a]} {COMPANY_SECOND[b]}"
        domain = f"{firm.lower().replace(' ', '-')}.example" if is_business else ("example.com", "example.org", "example.net")[number % 3]
        names.append(f"{first_name} {last_name}")
        emails.append(f"{first_name.lower()}.{last_name.lower()}{number + 1}@{domain}")
        # The prefix 555 is kept for invented numbers.
        phones.append(f"+{DIAL_CODES[COUNTRY_NAMES[country]]} 555 {digits // 10_000} {digits % 10_000:04d}")
        companies.append(firm if is_business else None)

    seconds = (people.signed_up[rows] * DAY_SECONDS).astype(np.int64)
    horizon = history.days * DAY_SECONDS - 1
    touched = np.minimum(seconds + (rng.exponential(90.0, len(rows)) * DAY_SECONDS).astype(np.int64), horizon)
    return pd.DataFrame(
        {
            "customer_id": people.crm_id[rows],
            "name": texts(names),
            "email": texts(emails),
            "phone": texts(phones),
            "company": texts(companies),
            "country": texts(COUNTRY_NAMES).take(people.country[rows]),
            "region": texts(REGIONS).take(people.region[rows]),
            "segment": texts(SEGMENTS).take(people.segment[rows]),
            "signed_up_at": history.timestamps(np.minimum(seconds, horizon)),
            "source": "crm",
            "updated_at": history.timestamps(touched),
        }
    )


def twin_rows(records: pd.DataFrame, people: People, effects: PlantedEffects, first: int) -> pd.DataFrame:
    """Return the ERP's second records of those in `records` who have one.

    Args:
        records: What `customer_rows` returned.
        people: Everybody.
        effects: Says how the second record is written.
        first: Position of the first of `records` among the people.
    """
    positions = np.flatnonzero(people.twin[first : first + len(records)])
    twins = records.iloc[positions].reset_index(drop=True)
    numbers = (positions + first).tolist()
    planted = effects.duplicates
    return twins.assign(
        customer_id=people.erp_id[positions + first],
        name=texts(planted.name(number, name) for number, name in zip(numbers, twins["name"], strict=True)),
        email=texts(planted.email(number, email) for number, email in zip(numbers, twins["email"], strict=True)),
        phone=texts(planted.phone(number, phone) for number, phone in zip(numbers, twins["phone"], strict=True)),
        source="erp",
    )
