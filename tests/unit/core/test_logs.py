import json

import pytest
import structlog

from cyberpunk_ai.core import logs


def test_a_line_is_json_with_its_request_and_without_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO")
    try:
        with logs.bind(request_id="r-1"):
            logs.get_logger("test").info("connected", password="hunter2", target="postgresql://bob:pw@host/db")
        line = json.loads(capsys.readouterr().err)
    finally:
        structlog.reset_defaults()
    assert line["request_id"] == "r-1"
    assert line["password"] == "***"
    assert line["target"] == "postgresql://bob:***@host/db"
    assert line["level"] == "info"


def test_a_password_without_a_user_is_masked_too() -> None:
    assert logs.mask_text("redis://:hunter2@host:6379/0 is down") == "redis://:***@host:6379/0 is down"
