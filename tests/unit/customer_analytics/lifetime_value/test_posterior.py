"""The optional posterior: what it says of its draws, and what it says where pymc-marketing is missing."""

from __future__ import annotations

import importlib.util

import numpy as np
import pandas as pd
import pytest

from cyberpunk_ai.core.errors import TooLittleData, Unavailable
from cyberpunk_ai.customer_analytics.lifetime_value.base import histories_of
from cyberpunk_ai.customer_analytics.lifetime_value.bg_nbd import BgNbd
from cyberpunk_ai.customer_analytics.lifetime_value.posterior import PurchasePosterior, purchase_posterior
from cyberpunk_ai.customer_analytics.reading.frames import read_transactions
from tests.unit.customer_analytics.builders import ledger_of, shop


@pytest.mark.skipif(importlib.util.find_spec("pymc_marketing") is not None, reason="pymc-marketing is installed")
def test_without_the_extra_the_error_says_what_to_install() -> None:
    with pytest.raises(Unavailable) as raised:
        purchase_posterior(read_transactions(shop(100))[0])
    assert "cyberpunk-ai[bayes]" in raised.value.hint


def test_too_few_repeats_are_said_before_anything_is_loaded() -> None:
    with pytest.raises(TooLittleData):
        purchase_posterior(ledger_of(("a", "2024-01-01", 1), ("b", "2024-01-05", 1)))


def test_totals_of_the_draws_are_those_of_the_model() -> None:
    ledger, _, _ = read_transactions(shop(100))
    draws = pd.DataFrame({"r": [0.5, 0.6], "alpha": [30.0, 40.0], "a": [0.8, 0.9], "b": [2.0, 3.0]})
    totals = PurchasePosterior(draws).expected_total(ledger, 60)
    assert totals.tolist() == [
        pytest.approx(BgNbd(*row).expected_purchases(*histories_of(ledger), 60.0).sum()) for row in draws.itertuples(index=False)
    ]
    table = PurchasePosterior(draws).to_frame().set_index("parameter")
    assert table.loc["r", "mean"] == pytest.approx(0.55)
    assert np.isfinite(table.to_numpy(dtype=float)).all()
