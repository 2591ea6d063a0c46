"""The command line door over the demo company."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.doors.commands import cyberpunk, started


# The program itself, three times; all other commands are run by the same function inside of the tests' process.
def test_help_lists_every_command(tmp_path: Path) -> None:
    shown = started(tmp_path, "--help")
    assert (shown.returncode, shown.stderr) == (0, "")
    for name in ("demo", "import", "sync", "query", "forecast", "retention", "run", "health", "doctor", "version"):
        assert f" {name} " in shown.stdout


def test_the_program_answers_as_the_function_behind_it(demo_home: Path) -> None:
    asked = ("query", "revenue", "--by", "region", "--period", "last 12 months", "--json")
    done = started(demo_home, *asked)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == cyberpunk(demo_home, *asked).stdout
    assert {row["region"] for row in json.loads(done.stdout)["frame"]} == {"North America", "EMEA", "APAC", "LATAM"}


def test_the_program_ends_with_the_code_and_the_words_of_an_error(demo_home: Path) -> None:
    done, here = started(demo_home, "query", "revenu"), cyberpunk(demo_home, "query", "revenu")
    assert (done.returncode, done.stdout) == (66, "")
    assert done.stderr.startswith("error: no metric is called 'revenu'; did you mean revenue?\n  hint: metrics: ")
    assert (here.returncode, here.stdout, here.stderr) == (done.returncode, done.stdout, done.stderr)


def test_a_metric_is_printed_as_a_table_with_its_sql(demo_home: Path) -> None:
    table = cyberpunk(demo_home, "query", "revenue", "--by", "region", "--period", "last 12 months", "--sql")
    assert (table.returncode, table.stderr) == (0, "")
    for words in ("EMEA", "North America", "SELECT"):
        assert words in table.stdout


def test_an_error_is_json_where_json_was_asked_for(demo_home: Path) -> None:
    done = cyberpunk(demo_home, "query", "revenu", "--json")
    assert (done.returncode, done.stdout) == (66, "")
    assert json.loads(done.stderr)["error"]["code"] == "not_found"


def test_a_command_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    done = cyberpunk(tmp_path, "querry")
    assert done.returncode == 2
    assert "No such command 'querry'" in done.stderr


TELLS = {
    "metrics": "metrics",
    "quality": "datasets",
    "sources": "connectors",
    "runs": "runs",
    "health": "components",
    "doctor": "facts",
    "version": "version",
}


@pytest.mark.parametrize("name", TELLS)
def test_every_command_speaks_json(demo_home: Path, name: str) -> None:
    done = cyberpunk(demo_home, name, "--json")
    assert done.returncode == 0, done.stderr
    assert TELLS[name] in json.loads(done.stdout)


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


def test_an_unknown_parameter_is_refused_before_anything_runs(demo_home: Path) -> None:
    done = cyberpunk(demo_home, "run", "nightly", "--set", "colour=red", "--json")
    assert done.returncode == 64
    assert json.loads(done.stderr)["error"]["code"] == "invalid_argument"
    assert json.loads(cyberpunk(demo_home, "runs", "nightly", "--json").stdout)["runs"] == []


def test_doctor_names_the_database_that_is_used(tmp_path: Path) -> None:
    def database(**settings: str) -> str:
        return str(json.loads(cyberpunk(tmp_path / "home", "doctor", "--json", **settings).stdout)["facts"]["operational"])

    assert database() == "SQLite (embedded)"
    assert database(DATABASE_URL=f"sqlite:///{tmp_path}/elsewhere.sqlite3") == "SQLite"
