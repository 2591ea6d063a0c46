import pandas as pd
import pytest

from cyberpunk_ai.core.errors import PermissionDenied
from cyberpunk_ai.data_fabric.tables import TABLES
from cyberpunk_ai.governance.callers import ALL_PERMISSIONS, LOCAL_ADMIN, Caller
from cyberpunk_ai.governance.masking import mask


def test_the_local_administrator_may_do_everything() -> None:
    for permission in ALL_PERMISSIONS:
        LOCAL_ADMIN.require(permission)  # type: ignore[arg-type]


def test_a_caller_without_the_permission_is_refused() -> None:
    with pytest.raises(PermissionDenied, match="sync"):
        Caller("v", "Viewer", frozenset({"query"})).require("sync")


def test_callers_with_other_rows_have_another_scope() -> None:
    assert Caller("a", "A", row_filter={"region": "EMEA"}).scope != Caller("b", "B").scope


def test_personal_columns_are_masked_and_missing_stays_missing() -> None:
    customers = pd.DataFrame({"customer_id": ["1", "2"], "email": ["a@example.com", None], "country": ["DE", "FR"]})
    seen = mask(customers, TABLES["customers"].contract, Caller("v", "Viewer"))
    assert seen["email"].tolist() == ["***", None]
    assert seen["country"].tolist() == ["DE", "FR"]
    assert mask(customers, TABLES["customers"].contract, LOCAL_ADMIN) is customers
