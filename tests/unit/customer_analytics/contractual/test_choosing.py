"""The chance to leave of customers with fields: nobody is told of by a model that has seen its own outcome."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.customer_analytics.contractual.conftest import analyse, contracts


def test_every_customer_has_a_score_by_a_model_that_did_not_see_its_outcome(report):
    held = report.held_out
    assert list(held.columns) == ["customer_id", "cut_off", "probability", "left"]
    assert len(held) == len(report.customers)
    assert held["left"].mean() == pytest.approx(report.customers["churned"].astype(float).mean())
    stays = ~report.customers["churned"].astype(bool).to_numpy()
    assert np.allclose(held["probability"].to_numpy()[stays], report.customers["churn_probability"].to_numpy()[stays])
    assert report.customers["churn_probability"].to_numpy()[~stays].tolist() == [1.0] * int((~stays).sum())
    assert held["probability"].max() < 1.0


def test_the_fitted_model_and_its_features_stay_with_the_report(report):
    evidence = report.evidence
    assert evidence.churn.names[0] == "tenure"
    assert "Contract=Two year" in evidence.churn.names
    assert evidence.features.shape == (len(report.customers), len(evidence.churn.names))
    assert evidence.churn.contributions(evidence.features).shape == evidence.features.shape
    assert report.validation["auc"] > 0.7


def test_outcomes_drawn_by_lot_give_no_ranking_and_no_model():
    rows = contracts()
    rng = np.random.default_rng(1)
    found = analyse(rows.assign(Churn=rng.permutation(rows["Churn"].to_numpy())))
    assert found.validation == {}
    assert len(found.held_out) == 0
    assert any("say nothing about who leaves" in warning for warning in found.warnings)
