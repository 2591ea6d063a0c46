"""A page that cannot be built tells its visitor, in words and without a traceback."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from structlog.testing import capture_logs

from apps.kit.app import App
from apps.kit.guard import guarded
from cyberpunk_ai.core.errors import TooLittleData


def built(error: Exception) -> str:
    def build() -> Any:
        raise error

    host: Any = SimpleNamespace(theme=lambda: "neon")
    page = guarded(App("broken", "Broken", 9, lambda _host: build), host)()
    return str(page._render_items["problem"][0].object)


def test_an_error_on_purpose_keeps_its_words_and_its_advice() -> None:
    said = built(TooLittleData("three values are too few", hint="bring more with `cyberpunk import`"))
    assert "three values are too few" in said
    assert "<code>cyberpunk import</code>" in said


def test_anything_else_is_told_without_its_insides() -> None:
    with capture_logs() as kept:
        said = built(AttributeError("'View' object has no attribute 'secret'"))
    assert "Broken cannot be shown" in said
    assert "secret" not in said
    assert "Traceback" not in said
    assert [(line["event"], line["page"], line["exc_info"]) for line in kept] == [("page failed", "broken", True)]
