"""No error and no log line carries a secret."""

from __future__ import annotations

import pytest

from cyberpunk_ai.core.errors import SourceFailed
from cyberpunk_ai.core.logs import mask_secrets
from cyberpunk_ai.core.security.secrets import mask_text, mask_value

SECRET = "hunter2"


@pytest.mark.parametrize(
    "text",
    [
        f"postgresql://bob:{SECRET}@host/db is down",
        f"redis://:{SECRET}@host:6379/0",
        f"postgresql://host/db?user=bob&password={SECRET}",
        f"https://api.example/v1?api_key={SECRET}&page=2 answered 500",
        f"GET https://api.example/v1?page=2&access_token={SECRET}",
        f"https://api.example/?appid={SECRET}#top",
        f"https://bucket.example/file?X-Amz-Signature={SECRET}&X-Amz-Date=1",
    ],
)
def test_a_secret_is_masked_wherever_it_stands(text: str) -> None:
    error = SourceFailed(text, hint=text, url=text, tried=[text], more={"at": (text,)})
    for told in (
        mask_text(text),
        error.message,
        error.hint,
        str(error),
        str(error.to_dict()),
        str(mask_secrets(None, "", {"event": text})),
    ):
        assert SECRET not in told
        assert "***" in told


@pytest.mark.parametrize("text", ["https://api.example/v1?page=2&monkey_count=3", "orders: amount: not a float", "1:2@3"])
def test_what_is_no_secret_stays(text: str) -> None:
    masked = mask_text(text)
    assert masked.replace("***", "3") == text


def test_values_that_are_no_text_stay() -> None:
    assert mask_value({"rows": 3, "where": [1, None]}) == {"rows": 3, "where": [1, None]}
