"""The home folder of the embedded stores: made for its owner alone, since everything of the business lies in it."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from cyberpunk_ai.core.errors import StoreFailed
from cyberpunk_ai.core.logs import get_logger
from cyberpunk_ai.core.storage_errors import reason_of

if TYPE_CHECKING:
    from pathlib import Path

_log = get_logger(__name__)


def keep_private(home: Path) -> None:
    """Make the folder where it is missing, and close it to other users of the machine where it is ours and open to them.

    Raises:
        StoreFailed: It cannot be made.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = home.stat()
    except OSError as error:
        raise StoreFailed(
            f"the home folder {home} cannot be made: {error}", hint="set CYBERPUNK_HOME to a folder of yours", reason=reason_of(error)
        ) from error
    is_open = bool(found.st_mode & (stat.S_IRWXG | stat.S_IRWXO))
    if os.name != "posix" or not is_open or found.st_uid != os.geteuid():
        return
    try:
        home.chmod(stat.S_IMODE(found.st_mode) & 0o700)
    except OSError as error:  # such as a file system without permissions, or mounted for reading
        _log.warning("home folder stays open to other users of this machine", home=str(home), reason=str(error))
