"""Who calls a verb. Identity providers build callers; verbs only read them. No passwords or tokens live here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

from cyberpunk_ai.core.errors import PermissionDenied

if TYPE_CHECKING:
    from collections.abc import Mapping

Permission = Literal["query", "forecast", "customers", "sync", "sources", "quality", "health", "stream", "runs", "audit", "demo"]
ALL_PERMISSIONS: frozenset[str] = frozenset(get_args(Permission))


@dataclass(frozen=True)
class Caller:
    """Somebody or something that calls a verb of the workspace.

    Attributes:
        caller_id: Stable id, written to the audit log.
        name: For people to read.
        permissions: Verbs' permissions that are granted.
        row_filter: Dimension to allowed value(s); every query and extract is narrowed by it. Empty: all rows.
        sees_pii: Whether personal columns come unmasked.
    """

    caller_id: str
    name: str
    permissions: frozenset[str] = frozenset()
    row_filter: Mapping[str, object] = field(default_factory=dict)
    sees_pii: bool = False

    def require(self, permission: Permission) -> None:
        """Pass when the permission is granted.

        Raises:
            PermissionDenied: It is not.
        """
        if permission not in self.permissions:
            raise PermissionDenied(
                f"{self.name} may not do this: {permission!r} is not granted", hint="ask an administrator for it", permission=permission
            )

    @property
    def scope(self) -> str:
        """What decides which rows and columns the caller sees; answers are only shared between callers of one scope."""
        rows = ",".join(f"{name}={value}" for name, value in sorted(self.row_filter.items()))
        return f"{rows}|{'pii' if self.sees_pii else 'masked'}"


LOCAL_ADMIN = Caller("local-admin", "Local administrator", ALL_PERMISSIONS, sees_pii=True)
"""The identity of whoever runs the product on their own machine."""
