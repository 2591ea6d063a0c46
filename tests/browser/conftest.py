"""One browser and one server for all tests of pages: every test opens a context of its own in the one browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cyberpunk_ai import Workspace
from cyberpunk_ai.core.settings import Settings
from tests.browser.browsing import open_browser, page_server
from tests.doors.conftest import TODAY, built_demo, demo_home, shared_folder  # noqa: F401 - pytest finds fixtures by name


@pytest.fixture(scope="session")
def pages_home(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: F811
    """A copy of the demo home for the pages; tests may publish events there."""
    return Path(shutil.copytree(demo_home, tmp_path_factory.mktemp("pages") / "home"))


# Of the package and not of the session: while Playwright's loop is there, tests with a loop of their own cannot run.
@pytest.fixture(scope="package")
def pages(pages_home: Path) -> Iterator[str]:
    """Address of the pages over the demo company."""
    with page_server(pages_home, pages_home / "server.log", CYBERPUNK_TODAY=TODAY) as address:
        yield address


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    """The browser."""
    with open_browser() as opened:
        yield opened


@pytest.fixture
def workspace(pages_home: Path) -> Iterator[Workspace]:
    """The workspace that the pages show, for tests that publish events."""
    with Workspace.open(Settings.load(home=pages_home, today=TODAY)) as opened:
        yield opened
