"""What the command line prints of data that nobody chose the words of."""

import json
from datetime import date

import pandas as pd
import pytest

from cyberpunk_ai.cli import app
from cyberpunk_ai.cli.output import print_table
from cyberpunk_ai.core.errors import NotFound


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("[/x]", "[/x]"),
        ("[b]hey", "[b]hey"),
        (pd.NA, ""),
        (pd.NaT, ""),
        (date(2024, 1, 2), "2024-01-02"),
        (1.5, "1.50"),
        ({"code": "x", "message": "it ended"}, "it ended"),
    ],
)
def test_any_value_can_be_printed_as_it_is(capsys: pytest.CaptureFixture[str], value: object, shown: str) -> None:
    print_table(pd.DataFrame({"what": pd.Series([value], dtype=object)}), title="[/title]")
    printed = capsys.readouterr().out
    assert shown in printed
    assert "[/title]" in printed


def test_a_surprise_is_one_line_without_a_traceback(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fails(*_asked: object, **_more: object) -> None:
        raise RuntimeError("no way to postgresql://bob:hunter2@db/x")

    monkeypatch.setattr(app, "app", fails)
    with pytest.raises(SystemExit) as ended:
        app.main()
    told = capsys.readouterr().err
    assert ended.value.code == 1
    assert "RuntimeError: no way" in told
    assert "hunter2" not in told
    assert "Traceback" not in told


@pytest.mark.parametrize("given", [None, ["version", "--json"]])
def test_an_error_is_json_where_the_arguments_ask_for_it(
    given: list[str] | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_asked: object, **_more: object) -> None:
        raise NotFound("nothing is there")

    monkeypatch.setattr(app, "app", fails)
    monkeypatch.setattr("sys.argv", ["cyberpunk", "version", "--json"] if given is None else ["cyberpunk"])
    with pytest.raises(SystemExit) as ended:
        app.main(given)
    assert ended.value.code == 66
    assert json.loads(capsys.readouterr().err)["error"]["message"] == "nothing is there"
