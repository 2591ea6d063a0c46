"""Fitted churn models on disk: saved with what they were learnt from, loaded again to score new frames, and refused where those differ.

The files are those of `artefacts`: JSON, never a pickle. Which objects may be in it is decided by `evidence/plain_state`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cyberpunk_ai.core.errors import ContractBroken, InvalidArgument, StoreFailed, TooLittleData
from cyberpunk_ai.core.version import __version__
from cyberpunk_ai.customer_analytics.churn.reasons import risk_of
from cyberpunk_ai.customer_analytics.evidence.plain_state import from_plain, to_plain
from cyberpunk_ai.customer_analytics.evidence.rhythm import rhythm_of
from cyberpunk_ai.customer_analytics.evidence.scoring_again import features_again
from cyberpunk_ai.customer_analytics.reading.inputs import read_inputs
from cyberpunk_ai.customer_analytics.regimes import regime_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from cyberpunk_ai.customer_analytics.evidence.base import FittedChurn
    from cyberpunk_ai.customer_analytics.lifetime_value.base import PurchaseModel
    from cyberpunk_ai.customer_analytics.lifetime_value.gamma_gamma import SpendModel
    from cyberpunk_ai.customer_analytics.reading.inputs import Inputs
    from cyberpunk_ai.customer_analytics.results import RetentionReport
    from cyberpunk_ai.models.artefacts import Artefact, ArtefactStore

KIND = "churn"
PROBES = 16
SAME = 1e-9


@dataclass(frozen=True, eq=False)
class SavedChurn:
    """A churn model as it was saved.

    Attributes:
        card: Name, version, and in `meta` what it was learnt from: regime, horizon_days, training, features, metrics, currency, package.
        churn: The fitted churn model.
        purchases: The fitted purchase model, or None.
        spend: The fitted spend model, or None.
        rhythm: The purchase model behind the features of the churn model, or None.
    """

    card: Artefact
    churn: FittedChurn
    purchases: PurchaseModel | None
    spend: SpendModel | None
    rhythm: PurchaseModel | None

    def score(
        self,
        customer_data: pd.DataFrame | None,
        transaction_data: pd.DataFrame | None,
        *,
        as_of: date | datetime | str | None = None,
        mapping: Mapping[str, str] | None = None,
    ) -> pd.DataFrame:
        """Score customers without learning anew.

        Args:
            customer_data: One row per customer, or None.
            transaction_data: One row per order, or None.
            as_of: Last moment that counts; the last transaction when None.
            mapping: Canonical name to column, for names that are not recognised.

        Returns:
            customer_id, churn_probability (chance to leave within the horizon of the card), risk; sorted by id.

        Raises:
            ContractBroken: The frames are not like those that the model was learnt from; the message says what differs.
            TooLittleData: There is nobody to score.
        """
        return self.score_read(read_inputs(customer_data, transaction_data, as_of=as_of, mapping=mapping))

    def score_read(self, inputs: Inputs) -> pd.DataFrame:
        """Score customers that were read already, wherever they come from; as `score` otherwise."""
        meta = self.card.meta
        _refuse_other_frames(meta, inputs)
        ids, features, has_left = features_again(self.churn, self.rhythm, inputs, str(meta["regime"]), int(meta["horizon_days"]))
        chance = np.where(has_left, 1.0, self.churn.probability(features))
        return pd.DataFrame({"customer_id": ids, "churn_probability": chance, "risk": risk_of(chance)})


def save_churn(store: ArtefactStore, name: str, report: RetentionReport) -> Artefact:
    """Save the fitted models of a report as the next version of a name.

    Args:
        store: Where.
        name: Small letters, digits, `-` and `_`.
        report: A report that keeps its evidence.

    Returns:
        The card; its `meta` says what the model was learnt from and how it did.

    Raises:
        TooLittleData: The report has no churn model of its own.
        InvalidArgument: The name is not allowed.
    """
    evidence = report.evidence
    if evidence is None or evidence.churn is None or not len(evidence.features):
        raise TooLittleData(
            "the report has no churn model to save: its chances come from a curve over all customers",
            hint="give fields of the customers, or more history, so that a model can be learnt",
        )
    probe = evidence.features[np.linspace(0, len(evidence.features) - 1, min(PROBES, len(evidence.features))).astype(int)]
    payload = to_plain(
        {
            "churn": evidence.churn,
            "purchases": evidence.purchases,
            "spend": evidence.spend,
            "rhythm": rhythm_of(evidence, report.horizon_days),
            "probe": probe,
            "answers": evidence.churn.probability(probe),
        }
    )
    ledger, members = evidence.ledger, evidence.members
    meta = {
        "regime": report.regime,
        "regime_reason": report.regime_reason,
        "horizon_days": report.horizon_days,
        "training": {
            "from": None if ledger is None else str(np.datetime64(int(ledger.day.min()), "D")),
            "until": str(pd.Timestamp(report.as_of).date()),
            "customers": len(report.customers),
        },
        "model": evidence.churn.name,
        "features": list(evidence.churn.names),
        "fields": [] if members is None else sorted({str(field).partition("=")[0] for field in members.fields.columns}),
        "metrics": report.validation,
        "has_transactions": ledger is not None,
        "has_amounts": ledger is not None and ledger.has_amounts,
        "currency": None if ledger is None else ledger.currency,
        "package": __version__,
    }
    return store.save(name, payload, kind=KIND, meta=meta)


def load_churn(store: ArtefactStore, name: str, version: int | None = None) -> SavedChurn:
    """Load a saved churn model, the newest version where none is named.

    Args:
        store: Where.
        name: As it was saved.
        version: Of that name.

    Raises:
        NotFound: There is no such model or version.
        InvalidArgument: The name holds a model of another kind.
        StoreFailed: The file is damaged, or this version of the package answers otherwise than the one that saved it.
    """
    card = store.describe(name, version)
    if card.kind != KIND:
        raise InvalidArgument(f"{name!r} is a {card.kind} model, not a churn model", hint="name one that was saved from a retention report")
    card, payload = store.load(name, card.version)
    parts = from_plain(payload)
    if not isinstance(parts, dict) or not {"churn", "purchases", "spend", "rhythm", "probe", "answers"} <= set(parts):
        raise StoreFailed(f"{name!r} version {card.version} is no churn model", hint="train it again")
    try:
        answers = parts["churn"].probability(parts["probe"])
    except (AttributeError, TypeError, ValueError) as error:
        raise StoreFailed(
            f"{name!r} was saved by version {card.meta.get('package')} and cannot score here: {error}", hint=_AGAIN
        ) from error
    if not np.allclose(answers, parts["answers"], rtol=0, atol=SAME):
        raise StoreFailed(f"{name!r} was saved by version {card.meta.get('package')} and scores differently here", hint=_AGAIN)
    return SavedChurn(card, parts["churn"], parts["purchases"], parts["spend"], parts["rhythm"])


_AGAIN = "analyse the customers again and save the new model"


def _refuse_other_frames(meta: Mapping[str, Any], inputs: Inputs) -> None:
    """Say everything that differs at once."""
    differs = []
    ledger = inputs.ledger
    if meta["has_transactions"] and ledger is None:
        differs.append("it was learnt with transactions and there are none")
    regime, reason = regime_of(ledger, inputs.members, None)
    # Who chose the regime by hand then, chooses it now by naming the model.
    if meta["regime_reason"] != "as asked" and not _is_same_regime(meta, inputs, regime):
        differs.append(f"it was learnt on {meta['regime']} customers and these are {regime} ({reason})")
    if ledger is not None:
        if meta["has_amounts"] and not ledger.has_amounts:
            differs.append("it was learnt with amounts and there are none")
        ours, theirs = meta.get("currency"), ledger.currency
        if ours and theirs and ours != theirs:
            differs.append(f"it was learnt in {ours} and the amounts are in {theirs}")
    if differs:
        raise ContractBroken(
            f"the saved model does not fit these frames: {'; '.join(differs)}",
            hint="give frames like those it was learnt from, or analyse these anew",
            differs=differs,
        )


def _is_same_regime(meta: Mapping[str, Any], inputs: Inputs, regime: str) -> bool:
    # Customers of whom none has left yet show no sign of a contract; whom to score is mostly them.
    return regime == meta["regime"] or (meta["regime"] == "contractual" and inputs.members is not None)
