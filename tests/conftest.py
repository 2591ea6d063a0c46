"""What every test has: its tier and worker, a home of its own, the public data beside the checkout, the real servers."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from tests.floors import budget

pytest_plugins = [
    name
    for name in ("tests.fixtures_servers", "tests.fixtures_clickhouse")
    if (Path(__file__).parent / f"{name.split('.')[1]}.py").exists()
]

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
OURS = ("DATABASE_URL", "REDIS_URL", "CLICKHOUSE_URL", "KAFKA_BOOTSTRAP_SERVERS", "PROMETHEUS_PORT", "LOG_LEVEL")

# No example depends on luck in the quick tier, and none on the clock in either.
_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
hypothesis_settings.register_profile("quick", derandomize=True, max_examples=25, deadline=None, database=None, suppress_health_check=_SLOW)
hypothesis_settings.register_profile("full", max_examples=500, deadline=None, print_blob=True, suppress_health_check=_SLOW)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="run the full tier: the quick one and every test marked `full`")
    parser.addoption("--record-budget", action="store_true", help="record what each file costs in tests/floors/budget.json")


def pytest_configure(config: pytest.Config) -> None:
    hypothesis_settings.load_profile("full" if config.getoption("--full") else "quick")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Costs(config), "costs")


class _Costs:
    """Adds up what each file costs, says at the end which cost most, and records it when asked."""

    def __init__(self, config: pytest.Config) -> None:
        self.config, self.seconds, self.began = config, dict[str, float](), time.monotonic()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        name = report.location[0]
        self.seconds[name] = self.seconds.get(name, 0.0) + report.duration

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, exitstatus: int) -> None:
        if self.config.getoption("--record-budget") and exitstatus in (0, 1):  # the floor that reads the table may be what failed
            budget.write(self.seconds)

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("slowest ten files")
        for name, seconds in sorted(self.seconds.items(), key=lambda each: -each[1])[:10]:
            terminalreporter.write_line(f"{seconds:7.1f} s  {name}")
        whole = time.monotonic() - self.began
        terminalreporter.write_line(f"{sum(self.seconds.values()):7.1f} s  in {len(self.seconds)} files; {whole:.0f} s by the clock")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the full tier out unless it is asked for; begin with the groups that cost most, so that no worker ends long after another."""
    if not config.getoption("--full"):
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("full")])
        items[:] = [item for item in items if not item.get_closest_marker("full")]
    seconds = budget.recorded() if budget.TABLE.exists() else {}
    cost: dict[str, float] = {}
    for name in {item.location[0] for item in items}:
        cost[_group(name)] = cost.get(_group(name), 0.0) + seconds.get(name, 5.0)
    items.sort(key=lambda item: (-cost[_group(item.location[0])], _group(item.location[0])))


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give every group of tests to one worker."""
    from xdist.scheduler import LoadScopeScheduling

    class Groups(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return _group(nodeid.partition("::")[0])

    return Groups(config, log)


def _group(file: str) -> str:
    """Return what a file shares its worker with: all pages one browser and one server, any other file nobody."""
    return "tests/browser" if file.startswith("tests/browser/") else file


@pytest.fixture(scope="session")
def is_full_tier(pytestconfig: pytest.Config) -> bool:
    """Whether everything is run, so that a test may take more of the same."""
    return bool(pytestconfig.getoption("--full"))


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test may touch, or be changed by, the stores and settings of whoever runs it."""
    for name in [*OURS, *(name for name in os.environ if name.startswith("CYBERPUNK_"))]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CYBERPUNK_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the public data sets. Without them the test is skipped; in CI only where `PUBLIC_DATA=none` says so."""
    if SHARED_DATA.is_dir():
        return SHARED_DATA
    if os.environ.get("CI") == "true" and os.environ.get("PUBLIC_DATA") != "none":
        pytest.fail(f"CI needs the public data sets in {SHARED_DATA}")
    pytest.skip(f"public data sets are not in {SHARED_DATA}")
