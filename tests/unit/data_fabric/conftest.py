from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cyberpunk_ai.data_fabric.unified_connector import UnifiedDataConnector


@pytest.fixture
def fabric() -> Iterator[UnifiedDataConnector]:
    """Connector over the embedded stores of this test's own home."""
    from cyberpunk_ai.data_fabric.unified_connector import UnifiedDataConnector

    connector = UnifiedDataConnector()
    yield connector
    connector.close()
