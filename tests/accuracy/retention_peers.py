"""What a churn notebook, `lifetimes` and `lifelines` make of the same rows; each is called as its own documentation shows."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from tests.accuracy.retention_sets import Shop

FOLDS = 5


def spline_logistic(rows: pd.DataFrame, left: np.ndarray) -> np.ndarray:
    """Out-of-fold chance of scikit-learn's logistic regression with splines on the numbers."""
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, SplineTransformer, StandardScaler

    numbers = [name for name in rows if pd.api.types.is_numeric_dtype(rows[name]) and rows[name].nunique() > 5]
    others = [name for name in rows if name not in numbers]
    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), SplineTransformer(5)), numbers),
        (OneHotEncoder(handle_unknown="ignore"), others),
    )
    model = make_pipeline(columns, LogisticRegression(max_iter=3000))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return cross_val_predict(model, rows.astype(dict.fromkeys(others, str)), left, cv=folds, method="predict_proba")[:, 1]


def boosted_trees(rows: pd.DataFrame, left: np.ndarray) -> np.ndarray:
    """Out-of-fold chance of XGBoost as it comes."""
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from xgboost import XGBClassifier

    features = rows.apply(lambda column: column if pd.api.types.is_numeric_dtype(column) else column.astype("category").cat.codes)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    return cross_val_predict(XGBClassifier(n_jobs=1), features.astype(float), left, cv=folds, method="predict_proba")[:, 1]


def lifetimes_forecast(shop: Shop) -> pd.DataFrame | None:
    """Expected purchases and value per customer of `lifetimes` over the shop's horizon, or None where it does not converge."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from lifetimes import BetaGeoFitter, GammaGammaFitter
        from lifetimes.utils import ConvergenceError, summary_data_from_transaction_data

        sales = shop.rows[shop.rows["amount"] >= 0]
        history = summary_data_from_transaction_data(
            sales[["customer_id", "ordered_at", "amount"]],
            "customer_id",
            "ordered_at",
            "amount",
            observation_period_end=shop.as_of,
            freq="D",
        )
        weeks = history["frequency"], history["recency"] / 7, history["T"] / 7
        try:
            purchases = BetaGeoFitter(penalizer_coef=0.0).fit(*weeks)
            expected = purchases.conditional_expected_number_of_purchases_up_to_time(shop.horizon_days / 7, *weeks)
            spenders = history[(history["frequency"] > 0) & (history["monetary_value"] > 0)]
            spend = GammaGammaFitter().fit(spenders["frequency"], spenders["monetary_value"])
            amount = spend.conditional_expected_average_profit(history["frequency"], history["monetary_value"])
        except ConvergenceError:
            return None
        return pd.DataFrame({"expected_purchases": expected, "value": (expected * amount).fillna(0.0)})


def lifetimes_parameters(x: np.ndarray, t_x: np.ndarray, age: np.ndarray) -> tuple[dict[str, float], float]:
    """BG/NBD parameters and log-likelihood of `lifetimes`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from lifetimes import BetaGeoFitter

        model = BetaGeoFitter().fit(x, t_x, age)
        logs, even = np.log(model.params_[["r", "alpha", "a", "b"]].to_numpy()), np.ones(len(x))
        likelihood = -float(model._negative_log_likelihood(logs, x, t_x, age, even, 0.0)) * len(x)
        return {name: float(value) for name, value in model.params_.items()}, likelihood
