import sys
from pathlib import Path

import pytest

from cyberpunk_ai.core.errors import NotFound, Unavailable
from cyberpunk_ai.core.registry import Registry

PLUGINS = """
from toolbox_base import TOOLS

@TOOLS.register("saw")
class Saw:
    "Cuts."

@TOOLS.register("laser", needs=["no_such_driver"], extra="light")
class Laser:
    "Burns."
"""


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry[type]:
    (tmp_path / "toolbox_base.py").write_text("from cyberpunk_ai.core.registry import Registry\nTOOLS = Registry('tool', 'toolbox')\n")
    (tmp_path / "toolbox").mkdir()
    (tmp_path / "toolbox" / "__init__.py").write_text("")
    (tmp_path / "toolbox" / "cutting.py").write_text(PLUGINS)
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("toolbox", "toolbox.cutting", "toolbox_base"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    import toolbox_base  # type: ignore[import-not-found]

    return toolbox_base.TOOLS


def test_a_folder_is_scanned_at_the_first_question(tools: Registry[type]) -> None:
    assert "toolbox" not in sys.modules
    assert tools.names() == ["laser", "saw"]


def test_what_is_unavailable_is_listed_with_what_to_install(tools: Registry[type]) -> None:
    laser, saw = tools.plugins()
    assert saw.available
    assert saw.summary == "Cuts."
    assert not laser.available
    assert "cyberpunk-ai[light]" in laser.reason


def test_unknown_and_unavailable_names_raise_typed_errors(tools: Registry[type]) -> None:
    with pytest.raises(NotFound) as unknown:
        tools.get("hammer")
    assert "laser, saw" in unknown.value.hint
    with pytest.raises(Unavailable):
        tools.get("laser")
