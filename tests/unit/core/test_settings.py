from pathlib import Path

import pytest

from cyberpunk_ai.core.errors import SettingsInvalid
from cyberpunk_ai.core.settings import Settings, variables


def test_without_configuration_every_store_is_embedded() -> None:
    settings = Settings.load()
    assert settings.database_url is None
    assert settings.kafka_bootstrap_servers is None
    assert settings.home.is_absolute()


def test_shared_names_carry_no_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:p@localhost/x")
    monkeypatch.setenv("LOG_LEVEL", "debug")
    monkeypatch.setenv("CYBERPUNK_API_PORT", "9001")
    settings = Settings.load()
    assert settings.database_url == "postgresql://u:p@localhost/x"
    assert settings.log_level == "DEBUG"
    assert settings.api_port == 9001


def test_all_errors_are_reported_at_once_with_the_variables_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://x")
    monkeypatch.setenv("CYBERPUNK_API_PORT", "99999")
    monkeypatch.setenv("CYBERPUNK_COLOUR", "pink")
    with pytest.raises(SettingsInvalid) as caught:
        Settings.load()
    assert {"DATABASE_URL", "CYBERPUNK_API_PORT", "CYBERPUNK_COLOUR"} <= {p.split(":")[0] for p in caught.value.details["problems"]}


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "")
    assert Settings.load().redis_url is None


def test_a_relative_home_becomes_absolute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CYBERPUNK_HOME", "somewhere")
    assert Settings.load().home == Path.cwd() / "somewhere"


def test_secrets_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:hunter2@localhost/x")
    assert "very-secret" not in repr(Settings.load())
    assert "hunter2" not in repr(Settings.load())


def test_each_field_has_a_variable() -> None:
    assert {"DATABASE_URL", "CYBERPUNK_HOME", "PROMETHEUS_PORT"} <= variables().keys()
