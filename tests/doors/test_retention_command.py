"""The retention command over the demo company: each way to ask, and what is refused with which exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.doors.commands import cyberpunk

LATAM = ("--where", "region=LATAM")  # five hundred customers: enough to learn from


@pytest.fixture(scope="module")
def customers_file(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every customer, as the command writes them."""
    path = tmp_path_factory.mktemp("retention") / "customers.csv"
    done = cyberpunk(demo_home, "retention", *LATAM, "--clusters", "--segment", "Champions", "--limit", "3", "--csv", str(path))
    assert done.returncode == 0, done.stderr
    assert "Segment Champions" in done.stdout
    assert "Clusters" in done.stdout
    assert f"{len(pd.read_csv(path))} customers are in {path}\n" in done.stdout
    return path


def test_every_customer_is_written_with_its_cluster(customers_file: Path) -> None:
    customers = pd.read_csv(customers_file)
    assert customers["customer_id"].is_unique
    assert customers["churn_probability"].between(0, 1).all()
    assert customers["cluster"].notna().all()


def test_one_customer_is_explained(demo_home: Path, customers_file: Path) -> None:
    one = str(pd.read_csv(customers_file)["customer_id"].iloc[0])
    told = json.loads(cyberpunk(demo_home, "retention", *LATAM, "--explain", one, "--json").stdout)
    assert told["customer_id"] == one
    assert told["contributions"]


def test_held_out_figures_are_printed_with_a_verdict(demo_home: Path) -> None:
    judged = json.loads(cyberpunk(demo_home, "retention", *LATAM, "--validate", "--json").stdout)
    assert judged["verdict"]
    assert judged["sentence"]
    assert judged["figures"]


def test_a_saved_model_scores_as_the_report_does(own_demo_home: Path, customers_file: Path, tmp_path: Path) -> None:
    card = json.loads(cyberpunk(own_demo_home, "retention", *LATAM, "--save", "monthly", "--json").stdout)
    assert (card["name"], card["version"]) == ("monthly", 1)
    path = tmp_path / "scores.csv"
    done = cyberpunk(own_demo_home, "retention", *LATAM, "--with", "monthly", "--csv", str(path), "--limit", "2")
    assert done.returncode == 0, done.stderr
    scores = pd.read_csv(path).set_index("customer_id")["churn_probability"]
    told = pd.read_csv(customers_file).set_index("customer_id")["churn_probability"]
    pd.testing.assert_series_equal(scores.sort_index(), told.sort_index(), atol=1e-6)


REFUSED = {
    "nobody-at-all": (66, ["--explain", "nobody-at-all"]),
    "never-saved": (66, ["--with", "never-saved"]),
    "regime": (64, ["--regime", "monthly"]),
    "1901": (65, ["--as-of", "1901-01-01"]),
    "Not A Name": (64, ["--save", "Not A Name"]),
}


@pytest.mark.parametrize("said", REFUSED)
def test_what_cannot_be_done_is_a_message_with_an_exit_code(demo_home: Path, said: str) -> None:
    code, asked = REFUSED[said]
    done = cyberpunk(demo_home, "retention", *LATAM, *asked)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "\n  hint: " in done.stderr
    assert "Traceback" not in done.stderr
