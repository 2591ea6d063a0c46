"""The one error tree. Doors map `code` to a status or an exit code in one place; nothing else is raised on purpose.

CyberpunkError
  SettingsInvalid    environment or .env is wrong
  ContractBroken     a frame lacks a column, has a wrong type, or holds values out of range
  InvalidArgument    an argument is not one of those allowed
  NotFound           a named thing does not exist
  PermissionDenied   the caller may not do this
  NotBuilt           the engine behind this door is not built yet
  Unavailable        a driver, an extra or a server is missing
  TooLittleData      legal input, but not enough of it for an answer
  StoreFailed        a store refused or lost a request
  SourceFailed       a source refused, or sent what it should not
  Conflict           somebody else holds or changed this
  LimitReached       as much as is allowed is under way already
  RunFailed          a scheduled run ended with an error
"""

from __future__ import annotations

from cyberpunk_ai.core.jsonable import to_jsonable
from cyberpunk_ai.core.security.secrets import mask_text, mask_value


class CyberpunkError(Exception):
    """Base of every error raised on purpose. `code` is stable for clients, `hint` says what to do next; neither carries a secret."""

    code = "error"

    def __init__(self, message: str, *, hint: str = "", **details: object) -> None:
        self.message, self.hint, self.details = mask_text(message), mask_text(hint), mask_value(details)
        super().__init__(self.message)

    def to_dict(self) -> dict[str, object]:
        """Return the error as clients see it: code, message, hint and JSON-ready details."""
        return {"code": self.code, "message": self.message, "hint": self.hint, "details": to_jsonable(self.details)}


class SettingsInvalid(CyberpunkError):
    """The environment or the .env file holds values that cannot be used; all of them are listed at once."""

    code = "settings_invalid"


class ContractBroken(CyberpunkError):
    """A frame lacks a column, has a wrong dtype, or holds values out of range."""

    code = "contract_broken"


class InvalidArgument(CyberpunkError):
    """An argument is not one of those that are allowed."""

    code = "invalid_argument"


class NotFound(CyberpunkError):
    """A named thing does not exist."""

    code = "not_found"


class PermissionDenied(CyberpunkError):
    """The caller may not do this."""

    code = "permission_denied"


class NotBuilt(CyberpunkError):
    """The engine behind this door is not built yet."""

    code = "not_built"


class Unavailable(CyberpunkError):
    """A driver, an optional extra or a server is missing; the hint names what to install or start."""

    code = "unavailable"


class TooLittleData(CyberpunkError):
    """The input is legal, but there is not enough of it for an answer."""

    code = "too_little_data"


class StoreFailed(CyberpunkError):
    """A store refused or lost a request."""

    code = "store_failed"


class SourceFailed(CyberpunkError):
    """A source refused to answer, or sent what it should not."""

    code = "source_failed"


class Conflict(CyberpunkError):
    """Somebody else holds or has changed this."""

    code = "conflict"


class LimitReached(CyberpunkError):
    """As much as a setting allows is under way already; the hint says what to wait for, end or raise."""

    code = "limit_reached"


class RunFailed(CyberpunkError):
    """A scheduled run ended with an error."""

    code = "run_failed"
