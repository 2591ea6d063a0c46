"""The command line door over the demo company."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.doors.commands import Done, cyberpunk, one_after_another


def test_help_lists_every_command() -> None:
    shown = cyberpunk(Path("/nowhere"), "--help")
    assert shown.returncode == 0
    for name in ("demo", "import", "sync", "query", "forecast", "retention", "run", "health", "doctor", "version"):
        assert name in shown.stdout


def test_a_metric_is_printed_as_a_table_or_as_json(demo_home: Path) -> None:
    table = cyberpunk(demo_home, "query", "revenue", "--by", "region", "--period", "last 12 months", "--sql")
    assert "EMEA" in table.stdout
    assert "SELECT" in table.stdout
    plain = json.loads(cyberpunk(demo_home, "query", "revenue", "--by", "region", "--period", "last 12 months", "--json").stdout)
    assert {row["region"] for row in plain["frame"]} == {"North America", "EMEA", "APAC", "LATAM"}


def test_a_typing_error_is_answered_with_the_right_word(demo_home: Path) -> None:
    done = cyberpunk(demo_home, "query", "revenu")
    assert done.returncode == 66
    assert "revenue" in done.stderr
    assert "Traceback" not in done.stderr


TELLING = ("metrics", "quality", "sources", "runs", "health", "doctor", "version")


@pytest.fixture(scope="module")
def told(demo_home: Path) -> dict[str, Done]:
    return dict(zip(TELLING, one_after_another(demo_home, [[name, "--json"] for name in TELLING]), strict=True))


@pytest.mark.parametrize("name", TELLING)
def test_every_command_speaks_json(told: dict[str, Done], name: str) -> None:
    assert told[name].returncode == 0, told[name].stderr
    assert json.loads(told[name].stdout)


def test_a_file_is_planned_then_taken_in(tmp_path: Path) -> None:
    sales = tmp_path / "sales.csv"
    days = [f"{number};{number + 9}.01.2024;A;Lamp;2;9,50" for number in range(1, 20)]
    sales.write_text("\n".join(["Order No;Date;Customer;Article;Qty;Price", *days, "20;32.02.2024;B;Desk;1;120,00"]) + "\n")
    home = tmp_path / "home"
    plan = json.loads(cyberpunk(home, "import", str(sales), "--dry-run", "--json").stdout)
    assert plan["table"] == "orders"
    done = cyberpunk(home, "import", str(sales), "--yes", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    source = json.loads(done.stdout)["sources"][0]
    assert (source["rows"], source["quarantined"]) == (19, 1)
    assert json.loads(cyberpunk(home, "query", "revenue", "--json").stdout)["frame"][0]["revenue"] == pytest.approx(19 * 19.0)


def test_a_missing_file_is_a_message_not_a_traceback(tmp_path: Path) -> None:
    done = cyberpunk(tmp_path, "import", str(tmp_path / "no.csv"))
    assert done.returncode == 65
    assert "hint:" in done.stderr
    assert "Traceback" not in done.stderr
