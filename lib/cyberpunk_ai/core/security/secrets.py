"""Secrets in text: found by how they are written, and masked before a text leaves the process in an error or a log line."""

from __future__ import annotations

import re
from typing import Any

SECRET_NAMES = re.compile(r"password|passwd|secret|token|api_?key|appid|authorization|signature|dsn|_url$", re.IGNORECASE)
_IN_URL = re.compile(r"(\w+://[^:/\s@]*:)[^@\s]+@")
_IN_QUERY = re.compile(
    r"([?&;](?:[\w.-]*(?:password|passwd|pwd|secret|token|key|appid|signature|sig|auth|code)[\w.-]*)=)[^&\s#'\"<>)]+", re.IGNORECASE
)


def mask_text(text: str) -> str:
    """Replace passwords inside the URLs of a text, and values of a query that are called like a secret, as drivers' messages quote them."""
    return _IN_QUERY.sub(r"\1***", _IN_URL.sub(r"\1***@", text))


def mask_value(value: Any) -> Any:
    """Do the same in every text of a value; what is neither text nor made of text stays as it is."""
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, dict):
        return {key: mask_value(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(mask_value(each) for each in value) if type(value) in (list, tuple) else value
    return value
