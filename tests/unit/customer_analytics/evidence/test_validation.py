"""Whether to trust a report: the verdict follows the held-out figures, and says so in a sentence."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from cyberpunk_ai.customer_analytics.evidence.validation import validate
from cyberpunk_ai.customer_analytics.evidence.verdicts import auc_error
from tests.examples import examples


def held_out(size: int = 4000, strength: float = 1.5, shift: float = 0.0, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    truth = rng.normal(-1.0, strength, size)
    left = rng.random(size) < expit(truth)
    return pd.DataFrame({"customer_id": np.arange(size).astype(str), "probability": expit(truth + shift), "left": left.astype(int)})


def judged(report, **parts):
    return validate(replace(report, **{"validation": {}, "warnings": (), "totals": pd.DataFrame(), **parts}))


def test_true_chances_that_rank_well_are_trusted(shop_report):
    found = judged(shop_report, held_out=held_out())
    assert found.verdict == "trust"
    assert found.sentence.startswith("Trust it: ")
    assert set(found.figures["verdict"]) == {"good"}
    assert found.customers == 4000


def test_a_wrong_level_keeps_the_ranking(shop_report):
    found = judged(shop_report, held_out=held_out(shift=0.7))
    assert found.verdict == "take the level with care"
    assert "Trust the ranking" in found.sentence
    assert "expected to leave" in found.sentence


def test_a_score_that_says_nothing_is_not_trusted(shop_report):
    rows = held_out()
    rows["probability"] = np.random.default_rng(9).permutation(rows["probability"].to_numpy())
    found = judged(shop_report, held_out=rows)
    assert found.verdict == "do not trust"
    assert "no better than a coin" in found.sentence


def test_a_score_that_knows_too_much_is_suspected(shop_report):
    rows = held_out()
    rows["probability"] = np.where(rows["left"] == 1, 0.99, 0.01)
    assert "too good" in judged(shop_report, held_out=rows).sentence


def test_leaks_drift_and_worse_than_a_simple_rule_ask_for_care(shop_report):
    for parts in (
        {"warnings": ("field 'TotalCharges' looks like a leak of the tenure",)},
        {"warnings": ("drift: customers differ from those learnt from",)},
        {"validation": {"auc_recency_only": 0.99}},
    ):
        found = judged(shop_report, held_out=held_out(), **parts)
        assert found.verdict == "take with care", parts
    gone = judged(shop_report, held_out=held_out(), warnings=("field 'x' knows the outcome (AUC above 0.95) and is not used",))
    assert gone.verdict == "trust"


def test_totals_that_were_not_checked_are_said(shop_report):
    totals = pd.DataFrame(
        [["revenue", 100.0, 90.0, 120.0, 0.9, "not validated", "too little history to check past totals"]],
        columns=["what", "expected", "lo", "hi", "level", "status", "note"],
    )
    found = judged(shop_report, held_out=held_out(), totals=totals)
    assert found.verdict == "trust"
    assert "Totals: revenue not validated, too little history" in found.sentence


def test_totals_with_a_wide_interval_are_said(shop_report):
    def told(lo: float, hi: float) -> str:
        row = ["revenue", 100.0, lo, hi, 0.9, "validated", "4 finished periods were missed by at most 60%"]
        totals = pd.DataFrame([row], columns=["what", "expected", "lo", "hi", "level", "status", "note"])
        return judged(shop_report, held_out=held_out(), totals=totals).sentence

    assert "Totals: revenue may lie anywhere from 30 to 240" in told(30.0, 240.0)
    assert "Totals" not in told(80.0, 120.0)


def test_few_customers_say_little(shop_report):
    assert judged(shop_report, held_out=held_out(size=60)).verdict == "not tested"
    assert judged(shop_report, held_out=held_out(size=300)).verdict in {"take with care", "trust"}


def test_nothing_held_out_is_not_tested(untested_report):
    found = untested_report.validate(None)
    assert found.verdict == "not tested"
    assert "no held-out predictions" in found.sentence
    json.dumps(found.to_dict(), allow_nan=False)


@pytest.mark.parametrize("kind", ["shop_report", "contract_report", "untested_report"])
def test_every_report_prints_its_table_and_sentence(kind, request, capsys):
    found = request.getfixturevalue(kind).validate()
    printed = capsys.readouterr().out
    assert printed == f"{found.text}\n"
    assert printed.rstrip().endswith(found.sentence)
    assert str(found) == found.text


@examples(20, 160)
@given(st.floats(-3, 3), st.floats(0.1, 3))
def test_a_wronger_level_is_never_judged_better(shop_report, shift, strength):
    order = ["trust", "take the level with care", "take with care", "do not trust", "not tested"]
    right, wrong = (judged(shop_report, held_out=held_out(strength=strength, shift=each)).verdict for each in (0.0, shift))
    assert order.index(right) <= order.index(wrong)


def test_error_of_the_area_is_that_of_resampling():
    rows = held_out(size=800, strength=1.0)
    rng = np.random.default_rng(3)
    from cyberpunk_ai.customer_analytics.churn.scoring import area_under_curve

    left, score = rows["left"].to_numpy(float), logit(rows["probability"].to_numpy())
    again = [area_under_curve(left[take], score[take]) for take in (rng.integers(0, 800, 800) for _ in range(300))]
    assert auc_error(area_under_curve(left, score), int(left.sum()), int(800 - left.sum())) == pytest.approx(np.std(again), rel=0.2)
