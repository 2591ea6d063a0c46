"""Plug-in registries: one folder per kind, one file per plug-in, found lazily, third parties through entry points.

What lives here is finding and naming. What a plug-in must do is said by the `base.py` of its folder.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import TYPE_CHECKING, Generic, TypeVar

from cyberpunk_ai.core import loading
from cyberpunk_ai.core.errors import NotFound, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")


@dataclass(frozen=True)
class Plugin:
    """What is known of a plug-in without loading its driver."""

    name: str
    kind: str
    summary: str
    available: bool
    reason: str = ""


@dataclass(frozen=True)
class _Entry(Generic[T]):
    target: T
    needs: tuple[str, ...]
    extra: str
    summary: str

    def missing(self) -> list[str]:
        packages = dict.fromkeys(module.partition(".")[0] for module in self.needs)
        return [package for package in packages if find_spec(package) is None]


class Registry(Generic[T]):
    """Plug-ins of one kind.

    Args:
        kind: Noun of the kind, e.g. `connector`; entry points are read from the group `cyberpunk_ai.<kind>s`.
        package: Dotted folder whose modules register themselves when imported; scanned at the first question.
    """

    def __init__(self, kind: str, package: str) -> None:
        self.kind, self.package = kind, package
        self._entries: dict[str, _Entry[T]] = {}
        self._broken: dict[str, str] = {}
        self._scanned = False

    def register(self, name: str, *, needs: Sequence[str] = (), extra: str = "", summary: str = "") -> Callable[[T], T]:
        """Decorate a class or function as the plug-in `name`.

        Args:
            name: What users type.
            needs: Modules that must be installed for it to work, as it imports them.
            extra: Extra of this package that installs them.
            summary: One line for lists; the first line of the docstring when empty.
        """

        def keep(target: T) -> T:
            line = summary or (target.__doc__ or "").strip().split("\n")[0]
            self._entries[name] = _Entry(target, tuple(needs), extra, line)
            return target

        return keep

    def names(self) -> list[str]:
        """Return all names, available or not, sorted."""
        self._scan()
        return sorted(self._entries)

    def get(self, name: str) -> T:
        """Return the plug-in.

        Raises:
            NotFound: No plug-in has this name.
            Unavailable: It exists, but what it needs is not installed.
        """
        self._scan()
        entry = self._entries.get(name)
        if entry is None:
            why = f" ({self._broken[name]})" if name in self._broken else ""
            raise NotFound(f"no {self.kind} is called {name!r}{why}", hint=f"known: {', '.join(sorted(self._entries))}")
        missing = entry.missing()
        if missing:
            raise Unavailable(f"{self.kind} {name!r} needs {', '.join(missing)}", hint=_install(entry.extra, missing))
        return entry.target

    def load_needs(self, name: str) -> None:
        """Load what a plug-in needs, which `get` leaves alone, while no other thread loads anything."""
        entry = self._entries.get(name)
        loading.load(*(entry.needs if entry is not None else ()))

    def plugins(self) -> list[Plugin]:
        """List every plug-in with whether it can be used, and if not, why."""
        self._scan()
        found = []
        for name, entry in sorted(self._entries.items()):
            missing = entry.missing()
            reason = f"needs {', '.join(missing)}: {_install(entry.extra, missing)}" if missing else ""
            found.append(Plugin(name, self.kind, entry.summary, not missing, reason))
        found += [Plugin(name, self.kind, "", available=False, reason=reason) for name, reason in sorted(self._broken.items())]
        return found

    def _scan(self) -> None:
        with loading.ALONE:
            if self._scanned:
                return
            folder = importlib.import_module(self.package)
            for module in pkgutil.iter_modules(folder.__path__):
                if not module.name.startswith("_"):
                    importlib.import_module(f"{self.package}.{module.name}")
            for point in entry_points(group=f"cyberpunk_ai.{self.kind}s"):
                try:
                    target = point.load()
                except Exception as error:  # noqa: BLE001 - a third party's broken plug-in must not take ours down; it is listed with its reason
                    self._broken[point.name] = f"entry point {point.value} failed: {error}"
                else:
                    self._entries.setdefault(point.name, _Entry(target, (), "", (target.__doc__ or "").strip().split("\n")[0]))
            self._scanned = True


def _install(extra: str, missing: Sequence[str]) -> str:
    return f"pip install 'cyberpunk-ai[{extra}]'" if extra else f"pip install {' '.join(missing)}"
