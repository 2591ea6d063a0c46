"""Saved churn models: the same probabilities after loading, a card that tells their story, and refusal of frames that differ."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from cyberpunk_ai.core.errors import ContractBroken, InvalidArgument, NotFound, StoreFailed, TooLittleData
from cyberpunk_ai.customer_analytics.results import RetentionReport
from cyberpunk_ai.customer_analytics.retention_analyzer import RetentionAnalyzer
from cyberpunk_ai.models.artefacts import ArtefactStore
from cyberpunk_ai.models.churn_artefacts import load_churn, save_churn
from tests.unit.customer_analytics.builders import contracts, orders, shop, subscriptions

TRANSACTIONS = shop(customers=600).assign(currency="EUR")


@pytest.fixture(scope="module")
def report() -> RetentionReport:
    return RetentionAnalyzer().analyze_customer_retention(None, TRANSACTIONS, horizon_days=60)


@pytest.fixture
def store(tmp_path) -> ArtefactStore:
    return ArtefactStore(tmp_path)


def test_a_loaded_model_gives_the_probabilities_of_the_report(store, report):
    save_churn(store, "shop", report)
    scored = load_churn(store, "shop").score(None, TRANSACTIONS)
    assert scored["customer_id"].tolist() == report.customers["customer_id"].tolist()
    assert np.array_equal(scored["churn_probability"], report.customers["churn_probability"])
    assert scored["risk"].tolist() == report.customers["risk"].tolist()


def test_new_customers_are_scored_without_learning(store, report):
    save_churn(store, "shop", report)
    scored = load_churn(store, "shop").score(None, shop(customers=5, seed=9))
    assert len(scored) == 5
    assert scored["churn_probability"].between(0, 1).all()


def test_the_card_tells_how_it_was_learnt(store, report):
    card = save_churn(store, "shop", report)
    assert (card.version, card.kind, card.format) == (1, "churn", "json")
    assert card.meta["regime"] == "non_contractual"
    assert card.meta["horizon_days"] == 60
    assert card.meta["training"]["until"] == str(report.as_of.date())
    assert card.meta["training"]["customers"] == 600
    assert card.meta["features"] == list(report.evidence.churn.names)
    assert card.meta["metrics"]["auc"] == report.validation["auc"]
    assert card.meta["currency"] == "EUR"
    assert card.meta["package"]
    assert save_churn(store, "shop", report).version == 2


def test_no_file_is_a_pickle(store, report):
    card = save_churn(store, "shop", report)
    for file in card.path.iterdir():
        json.loads(file.read_text())


def test_another_currency_no_amounts_and_another_regime_are_refused(store, report):
    save_churn(store, "shop", report)
    saved = load_churn(store, "shop")
    with pytest.raises(ContractBroken, match="in EUR and the amounts are in USD"):
        saved.score(None, TRANSACTIONS.assign(currency="USD"))
    with pytest.raises(ContractBroken, match="with amounts and there are none"):
        saved.score(None, TRANSACTIONS.drop(columns="amount"))
    with pytest.raises(ContractBroken, match="recur every 30 days"):
        saved.score(None, subscriptions())
    with pytest.raises(ContractBroken, match="with transactions and there are none"):
        saved.score(pd.DataFrame({"customer_id": ["a"], "tenure": [3]}), None)
    with pytest.raises(ContractBroken, match="ordered_at"):
        saved.score(None, TRANSACTIONS.drop(columns="ordered_at"))
    with pytest.raises(TooLittleData):
        saved.score(None, TRANSACTIONS.iloc[:0])


def test_without_a_model_there_is_nothing_to_save(store):
    from dataclasses import replace

    tiny = RetentionAnalyzer().analyze_customer_retention(None, orders(("a", "2024-01-01", 5.0)))
    with pytest.raises(TooLittleData):
        save_churn(store, "tiny", replace(tiny, evidence=None))


def test_unknown_names_other_kinds_and_changed_answers_are_typed_errors(store, report):
    with pytest.raises(NotFound):
        load_churn(store, "nothing")
    store.save("factors", {"a": 1}, kind="conformal")
    with pytest.raises(InvalidArgument, match="conformal"):
        load_churn(store, "factors")
    store.save("empty", {"a": 1}, kind="churn")
    with pytest.raises(StoreFailed):
        load_churn(store, "empty")


def test_a_model_that_answers_otherwise_here_is_refused(store, report):
    card = save_churn(store, "shop", report)
    _, payload = store.load("shop")
    answers = next(item for key, item in payload["items"] if key == "answers")
    answers["values"][0] = 0.123
    store.save("shop", payload, kind="churn", meta=card.meta)
    with pytest.raises(StoreFailed, match="scores differently"):
        load_churn(store, "shop")
    assert load_churn(store, "shop", 1).card.version == 1


def test_contracts_are_scored_again_and_renamed_fields_are_named(store):
    rows = contracts()
    report = RetentionAnalyzer().analyze_customer_retention(rows, None)
    save_churn(store, "contracts", report)
    saved = load_churn(store, "contracts")
    assert saved.card.meta["fields"] == ["Contract", "MonthlyCharges", "gender"]
    scored = saved.score(rows, None)
    again = report.evidence.churn.probability(report.evidence.features)
    assert np.array_equal(scored["churn_probability"], np.where(rows["Churn"] == "Yes", 1.0, again))
    few = saved.score(rows.head(3).drop(columns="Churn"), None)
    assert few["churn_probability"].to_numpy() == pytest.approx(again[:3])
    with pytest.raises(ContractBroken, match="'Contract' of the saved model is missing") as caught:
        saved.score(rows.rename(columns={"Contract": "Contracts"}), None)
    assert "Contract may be Contracts here" in caught.value.hint
    with pytest.raises(ContractBroken, match="non_contractual"):
        saved.score(None, shop(customers=200))
