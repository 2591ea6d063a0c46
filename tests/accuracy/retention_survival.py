"""How well durations are foreseen: our hazards beside those of `lifelines`, out of fold, without fields that are tenure in disguise."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cyberpunk_ai.customer_analytics.contractual.leaks import duration_proxies
from cyberpunk_ai.customer_analytics.reading.members import read_members
from cyberpunk_ai.customer_analytics.survival.evaluation import concordance, integrated_brier
from cyberpunk_ai.customer_analytics.survival.with_fields import fit_survival
from tests.accuracy.rows import Row, judged

if TYPE_CHECKING:
    from collections.abc import Iterable

FOLDS = 5


def survival_rows(name: str, customers: pd.DataFrame) -> Iterable[Row]:
    """Concordance and integrated Brier score on Telco."""
    members = read_members(customers, None, None)
    left = np.asarray(members.has_left, dtype=bool)
    kept = members.tenure_days > 0
    tenure, left, fields = members.tenure_days[kept], left[kept], members.fields[kept].reset_index(drop=True)
    proxies = duration_proxies(fields, tenure)
    fields = fields.drop(columns=list(proxies))
    # Evenly over all that was seen, but for the very end, where next to nobody is left to judge by.
    days = np.linspace(tenure.min(), np.quantile(tenure, 0.99) - 1, 40)
    fold = np.random.default_rng(0).permutation(len(tenure)) % FOLDS
    found: dict[str, list[tuple[float, float]]] = {"ours": [], "lifelines": []}
    for part in range(FOLDS):
        test, train = fold == part, fold != part
        seen = fields[test].reset_index(drop=True)
        model = fit_survival(tenure[train], left[train], fields[train].reset_index(drop=True))
        ours = (model.log_hazard(seen), model.survival(seen, days))
        for who, (risk, chance) in {"ours": ours, "lifelines": _lifelines(tenure, left, fields, train, test, days)}.items():
            found[who].append((concordance(tenure[test], left[test], risk), integrated_brier(tenure[test], left[test], chance, days)))
    ours_mean, theirs = np.mean(found["ours"], axis=0), np.mean(found["lifelines"], axis=0)
    unit = f"{FOLDS}-fold out of fold"
    yield judged(f"{name}: survival concordance without leak", unit, ours_mean[0], 0.865, 0.867, peer=(float(theirs[0]), "lifelines"))
    yield judged(
        f"{name}: integrated Brier score of survival",
        unit,
        ours_mean[1],
        0.081,
        0.080,
        better="lower",
        peer=(float(theirs[1]), "lifelines"),
    )
    yield judged(f"{name}: fields that are tenure in disguise and left out", "fields", len(proxies), 1)


def _lifelines(
    tenure: np.ndarray, left: np.ndarray, fields: pd.DataFrame, train: np.ndarray, test: np.ndarray, days: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from lifelines import CoxPHFitter

        plain = fields.set_axis([f"x{place}" for place in range(fields.shape[1])], axis=1)
        rows = plain.assign(days=tenure, left=left)
        model = CoxPHFitter(penalizer=0.01).fit(rows[train], "days", "left")
        return (
            model.predict_log_partial_hazard(plain[test]).to_numpy(),
            model.predict_survival_function(plain[test], times=days).T.to_numpy(),
        )
