"""Ugly but legal data never raises and keeps the report's promises; what is not legal is a typed error that says what to do."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberpunk_ai.core.errors import ContractBroken, CyberpunkError, InvalidArgument, TooLittleData
from cyberpunk_ai.customer_analytics.results import RetentionReport
from cyberpunk_ai.customer_analytics.retention_analyzer import RetentionAnalyzer
from cyberpunk_ai.customer_analytics.segments.rules import SEGMENTS
from tests.examples import examples
from tests.unit.customer_analytics.builders import orders, shop

MANY = [(f"c{number:03d}", f"2024-{1 + number % 6:02d}-{1 + number % 27:02d}", 10.0 + number % 7) for number in range(90)]
AGAIN = [(who, f"2024-{7 + number % 5:02d}-11", paid) for number, (who, _, paid) in enumerate(MANY) if number % 3]
PLAIN = orders(*MANY, *AGAIN)
FEW = PLAIN[PLAIN["customer_id"] < "c040"]
DAYS = pd.to_datetime(PLAIN["ordered_at"])

LEGAL: dict[str, pd.DataFrame] = {
    "one customer": orders(("a", "2024-01-01", 5.0)),
    "one customer on two days": orders(("a", "2024-01-01", 5.0), ("a", "2024-03-01", 5.0)),
    "no repeats at all": orders(*MANY),
    "all customers on one day": orders(*[(who, "2024-01-01", paid) for who, _, paid in MANY]),
    "one single day of history with several orders each": orders(*[(who, "2024-01-01", paid) for who, _, paid in [*MANY, *MANY]]),
    "zero spend": PLAIN.assign(amount=0.0),
    "negative and zero spend beside sales": pd.concat([PLAIN, orders(("c001", "2024-02-02", -3.0), ("c002", "2024-02-02", 0.0))]),
    "refunds larger than sales": pd.concat([PLAIN, orders(*[(who, "2024-11-20", -900.0) for who, _, _ in MANY])]),
    "one customer whose refunds exceed its sales": pd.concat([PLAIN, orders(("c003", "2024-11-20", -1e6))]),
    "a refund before any sale": pd.concat([orders(("c004", "2020-01-01", -50.0)), PLAIN]),
    "no amounts": PLAIN.drop(columns="amount"),
    "some amounts missing": PLAIN.assign(amount=PLAIN["amount"].where(PLAIN.index % 4 > 0)),
    "amounts as text": PLAIN.assign(amount=PLAIN["amount"].astype(str)),
    "amounts that are infinite": PLAIN.assign(amount=PLAIN["amount"].where(PLAIN.index != 5, np.inf)),
    "huge amounts": PLAIN.assign(amount=PLAIN["amount"] * 1e12),
    "tiny amounts": PLAIN.assign(amount=PLAIN["amount"] * 1e-9),
    "duplicated rows": pd.concat([PLAIN] * 3),
    "duplicated index": pd.concat([PLAIN, PLAIN.iloc[:5]]),
    "future dates": pd.concat([PLAIN, orders(("c000", "2200-01-01", 5.0))]),
    "times with a zone": PLAIN.assign(ordered_at=DAYS.dt.tz_localize("Europe/Berlin")),
    "times with a zone mixed with naive ones": PLAIN.assign(
        ordered_at=[day.tz_localize("Asia/Tokyo") if place % 2 else day for place, day in enumerate(DAYS)]
    ),
    "offsets as text": PLAIN.assign(
        ordered_at=[f"{day:%Y-%m-%dT%H:%M:%S}{'+09:00' if place % 2 else 'Z'}" for place, day in enumerate(DAYS)]
    ),
    "dates of Python": PLAIN.assign(ordered_at=[day.date() for day in DAYS]),
    "ids as ints": PLAIN.assign(customer_id=PLAIN["customer_id"].str[1:].astype(int)),
    "ids as floats with gaps": PLAIN.assign(customer_id=PLAIN["customer_id"].str[1:].astype(float).where(PLAIN.index > 2)),
    "ids missing or blank": PLAIN.assign(
        customer_id=[[None, "  ", np.nan][place % 3] if place < 6 else who for place, who in enumerate(PLAIN["customer_id"])]
    ),
    "ids of several types": PLAIN.assign(
        customer_id=[int(who[1:]) if place % 2 else who for place, who in enumerate(PLAIN["customer_id"])]
    ),
    "ids as categories": PLAIN.assign(customer_id=PLAIN["customer_id"].astype("category")),
    "ids beyond ASCII": PLAIN.assign(customer_id="Zoë 😀 客户 " + PLAIN["customer_id"]),
    "columns of Arrow": PLAIN.assign(ordered_at=DAYS).convert_dtypes(dtype_backend="pyarrow"),
    "identical customers": orders(
        *[(f"c{number}", day, 5.0) for number in range(200) for day in ("2024-01-01", "2024-02-01", "2024-03-07")]
    ),
    "one customer with very many purchases": pd.concat(
        [PLAIN, orders(*[("whale", str(day.date()), 9.0) for day in pd.date_range("2022-01-01", "2024-06-01")])]
    ),
    "one currency": PLAIN.assign(currency="EUR"),
    "history of a century": pd.concat([orders(("old", "1924-01-01", 1.0)), PLAIN]),
    "columns that mean nothing": PLAIN.assign(note="x", **{"0": 1}),
}


def analyse(transactions: Any, customers: Any = None, **options: Any) -> RetentionReport:
    return RetentionAnalyzer().analyze_customer_retention(customers, transactions, **options)


@cache
def report_of(name: str) -> RetentionReport:
    """The report of one kind of purchases; several tests read it."""
    return analyse({**LEGAL, "plain": PLAIN, "few": FEW}[name])


def keeps_its_promises(report: RetentionReport) -> None:
    customers = report.customers
    assert len(customers) >= 1
    assert customers["customer_id"].is_unique
    assert customers["customer_id"].map(type).eq(str).all()
    assert customers["segment"].isin(SEGMENTS).all()
    assert customers["churn_probability"].between(0, 1).all()
    assert customers["risk"].isin(["high", "medium", "low"]).all()
    assert np.isfinite(customers["expected_purchases"]).all()
    assert (customers["expected_purchases"] >= 0).all()
    value = customers[["lifetime_value", "lifetime_value_lo", "lifetime_value_hi"]].to_numpy(dtype=float)
    assert np.isfinite(value).all() or np.isnan(value).all(), "value is known for all, or the data has no amounts"
    if np.isfinite(value).all():
        assert (value[:, 0] >= 0).all()
        assert (value[:, 1] <= value[:, 2]).all()
    assert report.segments["customers"].sum() == len(customers)
    assert (np.diff(report.survival["survival"]) <= 1e-12).all()
    assert report.horizon_days >= 1
    json.dumps(report.to_dict(), allow_nan=False)


@pytest.mark.parametrize("name", LEGAL)
def test_ugly_but_legal_data_keep_the_promises_of_the_report(name: str) -> None:
    keeps_its_promises(report_of(name))


@pytest.mark.parametrize("name", ["one customer", "no repeats at all", "all customers on one day", "zero spend", "history of a century"])
@pytest.mark.parametrize("horizon_days", [1, 3650])
def test_any_horizon_is_answered_even_one_longer_than_history(name: str, horizon_days: int) -> None:
    keeps_its_promises(analyse(LEGAL[name], horizon_days=horizon_days))


def test_rows_without_a_customer_and_rows_in_the_future_are_said() -> None:
    assert any("6 of 150 rows have no customer" in note for note in report_of("ids missing or blank").warnings)
    assert any("1 rows lie in the future" in note for note in report_of("future dates").warnings)


def test_zones_do_not_move_a_purchase_to_another_customer_or_drop_it() -> None:
    plain = report_of("plain").customers
    for name in ("times with a zone", "times with a zone mixed with naive ones", "offsets as text", "dates of Python", "columns of Arrow"):
        found = report_of(name).customers
        assert found["customer_id"].tolist() == plain["customer_id"].tolist()
        assert found["frequency"].tolist() == plain["frequency"].tolist()
        assert found["monetary"].tolist() == pytest.approx(plain["monetary"].tolist())
        assert (found["recency_days"] - plain["recency_days"]).abs().max() <= 1


@pytest.mark.parametrize("pattern", ["%d/%m/%Y", "%d.%m.%Y", "%Y%m%d", "%d %b %Y", "%m/%d/%Y", "%b %d, %Y %H:%M"])
def test_dates_written_in_another_order_are_read_or_refused_never_swapped(pattern: str) -> None:
    written = FEW.assign(ordered_at=pd.to_datetime(FEW["ordered_at"]).dt.strftime(pattern))
    try:
        found = analyse(written)
    except (ContractBroken, TooLittleData) as refused:
        assert refused.hint
        return
    days = ["customer_id", "first_purchase", "last_purchase"]
    pd.testing.assert_frame_equal(found.customers[days], report_of("few").customers[days])


ILLEGAL: dict[str, tuple[Any, Any, dict[str, Any], type[CyberpunkError]]] = {
    "nothing at all": (None, None, {}, TooLittleData),
    "no rows": (PLAIN.iloc[:0], None, {}, TooLittleData),
    "no rows and no columns": (pd.DataFrame(), pd.DataFrame(), {}, TooLittleData),
    "no customer column": (PLAIN.drop(columns="customer_id"), None, {}, ContractBroken),
    "no time column": (PLAIN.drop(columns="ordered_at"), None, {}, ContractBroken),
    "a horizon of a day and a half": (PLAIN, None, {"horizon_days": 1.5}, InvalidArgument),
    "a horizon of millennia": (PLAIN, None, {"horizon_days": 10**9}, InvalidArgument),
    "no usable time": (PLAIN.assign(ordered_at="soon"), None, {}, TooLittleData),
    "no usable customer": (PLAIN.assign(customer_id=None), None, {}, TooLittleData),
    "several currencies": (PLAIN.assign(currency=np.where(PLAIN.index % 2, "EUR", "USD")), None, {}, ContractBroken),
    "the same column twice": (pd.concat([PLAIN, PLAIN[["amount"]]], axis=1), None, {}, ContractBroken),
    "refunds only": (PLAIN.assign(amount=-1.0), None, {}, TooLittleData),
    "only rows in the future": (PLAIN.assign(ordered_at="2200-01-01"), None, {}, TooLittleData),
    "as_of before everything": (PLAIN, None, {"as_of": "1999-12-31"}, TooLittleData),
    "as_of that is no date": (PLAIN, None, {"as_of": "yesterday-ish"}, InvalidArgument),
    "as_of that is missing": (PLAIN, None, {"as_of": pd.NaT}, InvalidArgument),
    "a horizon of nothing": (PLAIN, None, {"horizon_days": 0}, InvalidArgument),
    "a regime that is unknown": (PLAIN, None, {"regime": "freemium"}, InvalidArgument),
    "a mapping to a column that is not there": (PLAIN, None, {"mapping": {"amount": "price"}}, ContractBroken),
    "rows that are no frame": (PLAIN.to_dict("records"), None, {}, InvalidArgument),
    "customers that are no frame": (PLAIN, [{"customer_id": "a"}], {}, InvalidArgument),
    "customers without an id": (PLAIN, pd.DataFrame({"plan": ["a", "b"]}), {}, ContractBroken),
    "a churn flag that is neither yes nor no": (
        None, pd.DataFrame({"customer_id": [1, 2], "churned": ["yes", "perhaps"], "tenure": [1, 2]}), {}, ContractBroken
    ),
    "contracts without any tenure": (None, pd.DataFrame({"customer_id": [1, 2], "churned": [True, False]}), {}, ContractBroken),
    "contracts without leaving or payments": (None, pd.DataFrame({"customer_id": [1, 2], "tenure": [1, 2]}), {}, TooLittleData),
    "contracts forced on purchases that never repeat": (orders(*MANY), None, {"regime": "contractual"}, TooLittleData),
}  # fmt: skip


@pytest.mark.parametrize("name", ILLEGAL)
def test_what_is_not_legal_is_a_typed_error_with_advice(name: str) -> None:
    transactions, customers, options, kind = ILLEGAL[name]
    with pytest.raises(kind) as raised:
        analyse(transactions, customers, **options)
    assert raised.value.hint


MOMENTS = [
    "2024-09-30",
    date(2024, 9, 30),
    datetime(2024, 9, 30, 12, tzinfo=UTC),
    pd.Timestamp("2024-09-30T05:00", tz="US/Pacific"),
    np.datetime64("2024-09-30"),
]


@pytest.mark.parametrize("as_of", MOMENTS)
def test_a_moment_may_be_written_in_many_ways(as_of: Any) -> None:
    found = analyse(FEW, as_of=as_of)
    assert found.as_of.date() == date(2024, 9, 30)
    keeps_its_promises(found)


def contracts(count: int = 80, **fields: Any) -> pd.DataFrame:
    """Every other customer left; the tenures differ."""
    return pd.DataFrame({"customer_id": range(count), "churned": [True, False] * (count // 2), "tenure": range(count)} | fields)


CONTRACTS: dict[str, pd.DataFrame] = {
    "everybody left": contracts(plan=["a", "b"] * 40).assign(churned=True),
    "one customer who left": pd.DataFrame({"customer_id": [1], "churned": [True], "tenure": [3]}),
    "joined after the end": pd.DataFrame(
        {
            "customer_id": [1, 2, 3],
            "signed_up_at": ["2024-05-01", "2024-01-01", "2023-01-01"],
            "churned_at": ["2024-01-01", "2024-03-01", None],
        }
    ),
    "negative tenure": contracts().assign(tenure=np.arange(80.0) - 5),
    "fields that are all missing": contracts(x=np.nan, y=None),
    "fields that never vary": contracts(x=1.0, y="same"),
    "infinite fields": contracts(x=[np.inf, 1.0, -np.inf, 2.0] * 20),
    "huge fields": contracts(x=np.logspace(-300, 300, 80)),
    "a repeated customer": contracts(4).assign(customer_id=[1, 1, 2, 3]),
    "a repeated index": contracts(4).set_axis([7, 7, 7, 8]),
    "columns that are numbers": contracts().assign(x=1).rename(columns={"x": 0}),
    "names with an equals sign": contracts(**{"a=b": ["p=q", "r"] * 40}),
    "values of several types": contracts(x=[1, "one"] * 40),
    "values that are lists": contracts(x=[[1], [2]] * 40),
    "values of Arrow": contracts(x=["a", None] * 40).convert_dtypes(dtype_backend="pyarrow"),
}


@pytest.mark.parametrize("name", CONTRACTS)
def test_ugly_but_legal_contracts_are_answered(name: str) -> None:
    found = analyse(None, CONTRACTS[name])
    assert found.regime == "contractual"
    assert found.customers["customer_id"].is_unique
    assert found.customers["churn_probability"].between(0, 1).all()
    json.dumps(found.to_dict(), allow_nan=False)


@pytest.mark.parametrize(
    "name", ["fields that are all missing", "infinite fields", "a repeated index", "values that are lists", "values of Arrow"]
)
def test_fields_of_customers_may_come_with_purchases(name: str) -> None:
    fields = (
        CONTRACTS[name]
        .drop(columns=["churned", "churned_at"], errors="ignore")
        .assign(customer_id=lambda rows: "c" + rows["customer_id"].astype(str).str.zfill(3))
    )
    keeps_its_promises(analyse(PLAIN, fields))


def test_fields_of_other_customers_only_change_nothing_but_a_warning() -> None:
    alone = report_of("plain")
    others = analyse(PLAIN, pd.DataFrame({"customer_id": ["x1", "x2"], "plan": ["a", "b"]}))
    pd.testing.assert_frame_equal(others.customers[alone.customers.columns], alone.customers)


@pytest.mark.parametrize("count", [2_000, pytest.param(200_000, marks=pytest.mark.full)])
def test_many_identical_customers_are_one_history(count: int) -> None:
    numbers = np.arange(count)
    rows = pd.DataFrame(
        {
            "customer_id": np.concatenate([numbers, numbers]),
            "ordered_at": np.repeat(np.array(["2024-01-01", "2024-02-10"], dtype="datetime64[us]"), count),
            "amount": 5.0,
        }
    )
    found = analyse(rows)
    assert len(found.customers) == count
    assert found.customers["churn_probability"].nunique() == 1
    assert found.customers["segment"].nunique() == 1
    assert found.customers["lifetime_value"].nunique() == 1


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "ç", " ", "d e", "7", "007"]),
        st.dates(date(2019, 1, 1), date(2024, 12, 31)),
        st.one_of(st.none(), st.floats(-1e6, 1e6, allow_nan=False), st.sampled_from([0.0, -0.0, 1e-300, 1e15, float("inf"), float("nan")])),
        st.one_of(st.none(), st.sampled_from(["o1", "o2", "o3"])),
    ),
    max_size=40,
)


@given(
    rows=ROWS,
    horizon_days=st.one_of(st.none(), st.integers(1, 2000)),
    as_of=st.one_of(st.none(), st.dates(date(2018, 1, 1), date(2026, 1, 1))),
)
def test_any_rows_give_a_report_or_a_typed_error(rows: list[tuple[Any, ...]], horizon_days: int | None, as_of: date | None) -> None:
    frame = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "amount", "order_id"])
    try:
        found = analyse(frame, horizon_days=horizon_days, as_of=as_of)
    except TooLittleData as refused:
        assert refused.hint
        return
    keeps_its_promises(found)


FIELDS = st.lists(
    st.tuples(
        st.one_of(st.integers(0, 400), st.floats(0, 400), st.text(max_size=4), st.none()),
        st.one_of(st.none(), st.booleans(), st.sampled_from(["x", "y", "z"])),
        st.one_of(st.none(), st.floats(-1e9, 1e9)),
    ),
    min_size=1,
    max_size=30,
)


@examples(8, 120)
@given(fields=FIELDS)
def test_any_fields_of_customers_leave_the_report_whole(fields: list[tuple[Any, ...]]) -> None:
    customers = pd.DataFrame(fields, columns=["customer_id", "plan", "score"])
    customers["customer_id"] = [f"c{value:03d}" if isinstance(value, int) else value for value in customers["customer_id"]]
    keeps_its_promises(analyse(FEW, customers))


def test_numbers_do_not_depend_on_rows_order_or_index() -> None:
    rows = shop(customers=80)
    shuffled = rows.sample(frac=1.0, random_state=2)
    pd.testing.assert_frame_equal(analyse(shuffled).customers, analyse(rows).customers)


@pytest.mark.parametrize("clusters", [True, 3])
def test_clusters_put_every_customer_in_one_group(clusters: bool | int) -> None:
    found = analyse(PLAIN, clusters=clusters)
    assert found.customers["cluster"].isin(found.clusters["cluster"]).all()
    assert found.clusters["customers"].sum() == len(found.customers)
    keeps_its_promises(found)
    assert "cluster" not in report_of("few").customers
