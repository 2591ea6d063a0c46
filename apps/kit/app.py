"""What an app is to the server: one folder under `apps/` whose `app.py` holds `APP`. Found here, in the order of the navigation."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import apps

if TYPE_CHECKING:
    from collections.abc import Callable

    import panel as pn

    from apps.kit.live_feed import LiveFeed
    from cyberpunk_ai import Workspace


@dataclass
class Host:
    """What the process gives to every app: answers, the one stream, the standard theme, and a list of what to close at the end."""

    workspace: Callable[[], Workspace]
    feed: LiveFeed
    theme: Callable[[], str]
    closing: list[Callable[[], Any]] = field(default_factory=list)

    def close(self) -> None:
        """End the stream's thread and whatever the apps opened."""
        self.feed.close()
        for close in self.closing:
            close()


@dataclass(frozen=True)
class App:
    """One page.

    Args:
        name: Its address below the server's.
        title: For people.
        place: Position in the navigation.
        open: Called once per process; returns what builds the page of one visitor.
    """

    name: str
    title: str
    place: int
    open: Callable[[Host], Callable[[], pn.Template]]


@cache
def found_apps() -> tuple[App, ...]:
    """Return the apps of this package by their place."""
    found = []
    for folder in pkgutil.iter_modules(apps.__path__):
        name = f"apps.{folder.name}"
        if folder.ispkg and any(each.name == "app" for each in pkgutil.iter_modules(importlib.import_module(name).__path__)):
            app = getattr(importlib.import_module(f"{name}.app"), "APP", None)
            if app is not None:
                found.append(app)
    return tuple(sorted(found, key=lambda app: app.place))
