"""Masking of personal columns for callers who may not see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from cyberpunk_ai.core.contracts import FrameContract
    from cyberpunk_ai.governance.callers import Caller

MASK = "***"


def mask(frame: pd.DataFrame, contract: FrameContract, caller: Caller) -> pd.DataFrame:
    """Return the frame with personal columns replaced by `***` unless the caller may see them; missing stays missing."""
    if caller.sees_pii:
        return frame
    personal = [column.name for column in contract.columns if column.pii and column.name in frame.columns]
    return frame.assign(**{name: frame[name].where(frame[name].isna(), MASK) for name in personal})
