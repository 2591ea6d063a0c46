"""One small company for all tests of the room: it is the same every time, so it is generated once."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from cyberpunk_ai.demo import DemoCompany

if TYPE_CHECKING:
    import pandas as pd


@pytest.fixture(scope="session")
def company() -> DemoCompany:
    """A small company whose last day is 13 August 2025."""
    return DemoCompany("small", seed=7, end=date(2025, 8, 13))


@pytest.fixture(scope="session")
def frames(company: DemoCompany) -> dict[str, pd.DataFrame]:
    """All its tables."""
    return company.frames()
