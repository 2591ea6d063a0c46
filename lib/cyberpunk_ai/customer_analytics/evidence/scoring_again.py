"""Scoring with a model that was learnt earlier: new frames are read, and their features are made as they were made in learning."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

import numpy as np

from cyberpunk_ai.core.errors import ContractBroken, StoreFailed
from cyberpunk_ai.customer_analytics.churn.features import NAMES, feature_table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cyberpunk_ai.customer_analytics.evidence.base import FittedChurn
    from cyberpunk_ai.customer_analytics.lifetime_value.base import PurchaseModel
    from cyberpunk_ai.customer_analytics.reading.inputs import Inputs
    from cyberpunk_ai.customer_analytics.reading.ledger import BoolArray, FloatArray, TextArray


def features_again(
    churn: FittedChurn, rhythm: PurchaseModel | None, inputs: Inputs, regime: str, horizon_days: int
) -> tuple[TextArray, FloatArray, BoolArray]:
    """Return ids, features as the model knows them (n, k), and who has left already (n,), in the order of the ids.

    Args:
        churn: The fitted churn model.
        rhythm: The purchase model behind its features.
        inputs: The new frames.
        regime: In which the model was learnt.
        horizon_days: For which it was learnt.

    Raises:
        ContractBroken: What the features are made of is missing.
        StoreFailed: The model knows features that this version does not make.
    """
    return _of_members(churn, inputs) if regime == "contractual" else _of_purchases(churn, rhythm, inputs, horizon_days)


def _of_purchases(
    churn: FittedChurn, rhythm: PurchaseModel | None, inputs: Inputs, horizon_days: int
) -> tuple[TextArray, FloatArray, BoolArray]:
    ledger = inputs.ledger
    if ledger is None or rhythm is None:
        raise ContractBroken("the saved model scores purchases and there are no transactions", hint="give transaction_data")
    features = feature_table(ledger, horizon_days, rhythm)
    _refuse_unknown(churn.names, NAMES)
    return ledger.customer_ids, features[:, [NAMES.index(name) for name in churn.names]], np.zeros(ledger.size, dtype=bool)


def _of_members(churn: FittedChurn, inputs: Inputs) -> tuple[TextArray, FloatArray, BoolArray]:
    members = inputs.members
    if members is None:
        raise ContractBroken("the saved model scores fields of customers and there are none", hint="give customer_data")
    known = {str(name) for name in members.fields.columns}
    fields = {name.partition("=")[0] for name in known}
    missing = dict.fromkeys(field for field in (name.partition("=")[0] for name in churn.names[1:]) if field not in fields)
    if missing:
        raise ContractBroken(
            f"customers: {', '.join(map(repr, missing))} of the saved model {'is' if len(missing) == 1 else 'are'} missing",
            hint=_renamed(missing, fields),
            frame="customers",
            missing=list(missing),
        )
    # A value that no customer of this frame has is no gap: nobody has it.
    columns = [
        members.fields[name].to_numpy(dtype=np.float64) if name in known else np.zeros(len(members.fields)) for name in churn.names[1:]
    ]
    features = np.column_stack([np.log1p(np.nan_to_num(members.tenure_days)), *columns])
    has_left = np.zeros(len(features), dtype=bool) if members.has_left is None else members.has_left
    return members.customer_ids, features, has_left


def _refuse_unknown(needed: Iterable[str], known: Iterable[str]) -> None:
    unknown = sorted(set(needed) - set(known))
    if unknown:
        raise StoreFailed(f"this version makes no {', '.join(unknown)}", hint="analyse the customers again and save the new model")


def _renamed(missing: Iterable[str], seen: Iterable[str]) -> str:
    plain = {name.lower(): name for name in seen}
    alike = {name: get_close_matches(name.lower(), plain, 1, 0.6) for name in missing}
    told = [f"{name} may be {plain[found[0]]} here" for name, found in alike.items() if found]
    return "; ".join(told) if told else f"columns seen: {', '.join(sorted(plain.values()))}"
