"""What routes are handed: the workspace of this process and who calls."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection  # noqa: TC002 - FastAPI reads the annotation at run time

from cyberpunk_ai import LOCAL_ADMIN, Caller, Workspace


def workspace(connection: HTTPConnection) -> Workspace:
    """Return the workspace that the application opened."""
    opened: Workspace = connection.app.state.workspace
    return opened


def caller(connection: HTTPConnection) -> Caller:  # noqa: ARG001 - an identity provider will read the connection
    """Return who calls. Until identities are configured, everybody who reaches this machine's loopback is its administrator."""
    return LOCAL_ADMIN


OpenWorkspace = Annotated[Workspace, Depends(workspace)]
WhoCalls = Annotated[Caller, Depends(caller)]
