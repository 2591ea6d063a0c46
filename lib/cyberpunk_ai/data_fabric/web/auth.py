"""How a request is signed: nothing, a token, user and password, an API key, or OAuth2 client credentials."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from cyberpunk_ai.core.errors import SourceFailed

if TYPE_CHECKING:
    import httpx

    from cyberpunk_ai.data_fabric.web.answers import Receiver


class _Auth(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NoAuth(_Auth):
    """Nothing is sent."""

    kind: Literal["none"] = "none"


class BearerAuth(_Auth):
    """A fixed token."""

    kind: Literal["bearer"]
    token: SecretStr


class BasicAuth(_Auth):
    """User and password."""

    kind: Literal["basic"]
    user: str
    password: SecretStr


class ApiKeyAuth(_Auth):
    """A key in a header or in the query."""

    kind: Literal["api_key"]
    key: SecretStr
    name: str = "X-API-Key"
    place: Literal["header", "query"] = "header"


class ClientCredentials(_Auth):
    """OAuth2 client credentials: a token is fetched, and fetched again when it was refused."""

    kind: Literal["client_credentials"]
    token_url: str
    client_id: str
    client_secret: SecretStr
    scope: str = ""


AnyAuth = Annotated[NoAuth | BearerAuth | BasicAuth | ApiKeyAuth | ClientCredentials, Field(discriminator="kind")]


class Signer:
    """Signs requests, and renews a token once for everybody who waits for it.

    Args:
        auth: How to sign.
    """

    def __init__(self, auth: AnyAuth) -> None:
        self.auth = auth
        self._token: str | None = None
        self._generation = 0
        self._lock = asyncio.Lock()

    @property
    def can_renew(self) -> bool:
        """Whether a refused token can be replaced."""
        return isinstance(self.auth, ClientCredentials)

    async def sign(self, request: httpx.Request, receiver: Receiver) -> int:
        """Sign a request; returns the generation of the token that was used."""
        import base64

        auth = self.auth
        if isinstance(auth, BearerAuth):
            request.headers["Authorization"] = f"Bearer {auth.token.get_secret_value()}"
        elif isinstance(auth, BasicAuth):
            pair = base64.b64encode(f"{auth.user}:{auth.password.get_secret_value()}".encode()).decode()
            request.headers["Authorization"] = f"Basic {pair}"
        elif isinstance(auth, ApiKeyAuth) and auth.place == "header":
            request.headers[auth.name] = auth.key.get_secret_value()
        elif isinstance(auth, ApiKeyAuth):
            request.url = request.url.copy_set_param(auth.name, auth.key.get_secret_value())
        elif isinstance(auth, ClientCredentials):
            if self._token is None:
                await self.renew(self._generation, receiver)
            request.headers["Authorization"] = f"Bearer {self._token}"
        return self._generation

    async def renew(self, generation: int, receiver: Receiver) -> None:
        """Fetch a new token, unless somebody else did since `generation`.

        Raises:
            SourceFailed: The vendor gives none, or answers beyond a limit.
        """
        import httpx

        auth = self.auth
        if not isinstance(auth, ClientCredentials):
            return
        async with self._lock:
            if self._token is not None and generation != self._generation:
                return
            form = {"grant_type": "client_credentials", "client_id": auth.client_id, "client_secret": auth.client_secret.get_secret_value()}
            form |= {"scope": auth.scope} if auth.scope else {}
            try:
                request = receiver.client.build_request("POST", auth.token_url, data=form)
                answer = await receiver.send(request, f"signing in: the answer of {request.url.host}")
                token = answer.json().get("access_token") if answer.is_success else None
            except (httpx.HTTPError, ValueError, AttributeError) as error:
                raise SourceFailed(f"signing in failed: {type(error).__name__}", hint="check token_url", url=auth.token_url) from error
            if not token:
                raise SourceFailed(
                    f"signing in was refused ({answer.status_code})", hint="check client_id, client_secret and scope", url=auth.token_url
                )
            self._token, self._generation = str(token), self._generation + 1
