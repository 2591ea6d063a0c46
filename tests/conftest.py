"""Fixtures for every test: a home of its own, the public data beside the checkout, the real servers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest_plugins = [
    name
    for name in ("tests.fixtures_servers", "tests.fixtures_clickhouse")
    if (Path(__file__).parent / f"{name.split('.')[1]}.py").exists()
]

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
OURS = ("DATABASE_URL", "REDIS_URL", "CLICKHOUSE_URL", "KAFKA_BOOTSTRAP_SERVERS", "PROMETHEUS_PORT", "LOG_LEVEL")


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test may touch, or be changed by, the stores and settings of whoever runs it."""
    for name in [*OURS, *(name for name in os.environ if name.startswith("CYBERPUNK_"))]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CYBERPUNK_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the public data sets. Elsewhere than beside a full checkout the test is skipped; in CI that is a failure."""
    if SHARED_DATA.is_dir():
        return SHARED_DATA
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI needs the public data sets in {SHARED_DATA}")
    pytest.skip(f"public data sets are not in {SHARED_DATA}")
