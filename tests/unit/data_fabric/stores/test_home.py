"""The home folder belongs to its owner alone."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from cyberpunk_ai.core.errors import StoreFailed
from cyberpunk_ai.core.settings import Settings
from cyberpunk_ai.data_fabric.stores.bundle import Stores
from cyberpunk_ai.data_fabric.stores.home import keep_private


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_home_is_closed_to_other_users(tmp_path: Path) -> None:
    home = tmp_path / "new"
    stores = Stores(Settings.load(home=home))
    _ = stores.cache
    stores.close()
    assert mode_of(home) == 0o700


def test_an_open_home_is_closed(tmp_path: Path) -> None:
    home = tmp_path / "old"
    home.mkdir(mode=0o755)
    home.chmod(0o755)
    keep_private(home)
    assert mode_of(home) == 0o700


def test_a_home_that_cannot_be_made_is_an_error_with_advice(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreFailed, match="cannot be made") as told:
        keep_private(tmp_path / "file" / "home")
    assert "CYBERPUNK_HOME" in told.value.hint
