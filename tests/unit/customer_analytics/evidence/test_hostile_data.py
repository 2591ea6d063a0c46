"""Every question to every report over hostile but legal data: an answer that becomes JSON, or a typed error with advice."""

from __future__ import annotations

import json

import pytest

from cyberpunk_ai.core.errors import CyberpunkError
from cyberpunk_ai.customer_analytics.results import RetentionReport
from cyberpunk_ai.customer_analytics.retention_analyzer import RetentionAnalyzer
from cyberpunk_ai.models.artefacts import ArtefactStore
from cyberpunk_ai.models.churn_artefacts import load_churn, save_churn
from tests.unit.customer_analytics.builders import subscriptions
from tests.unit.customer_analytics.test_retention_analyzer import HOSTILE

FRAMES = {**HOSTILE, "payments": subscriptions(customers=60)}
QUESTIONS = {
    "explain": lambda report, who: report.explain(who),
    "what_if": lambda report, who: report.what_if(who, purchases_today=1),
    "nothing changed": lambda report, who: report.what_if(who),
    "lift_curve": lambda report, _: report.lift_curve(),
    "calibration": lambda report, _: report.calibration(),
    "backtest": lambda report, _: report.backtest(origins=2),
    "validate": lambda report, _: report.validate(None),
}
ALWAYS = {"explain", "validate"}


@pytest.fixture(scope="module", params=FRAMES)
def hostile(request) -> RetentionReport:
    return RetentionAnalyzer().analyze_customer_retention(None, FRAMES[request.param])


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_is_answered_or_refused_with_advice(hostile, name):
    who = hostile.customers["customer_id"].iloc[-1]
    try:
        answer = QUESTIONS[name](hostile, who)
    except CyberpunkError as error:
        assert name not in ALWAYS
        assert error.hint
        return
    json.dumps(answer.to_dict(), allow_nan=False)
    assert answer.sentence
    answer.to_frame()


def test_a_model_that_can_be_saved_scores_its_own_frame_alike(hostile, tmp_path):
    store = ArtefactStore(tmp_path)
    if hostile.evidence.churn is None:
        with pytest.raises(CyberpunkError):
            save_churn(store, "it", hostile)
        return
    save_churn(store, "it", hostile)
    assert load_churn(store, "it").churn.probability(hostile.evidence.features) == pytest.approx(
        hostile.evidence.churn.probability(hostile.evidence.features)
    )
