"""The commands of forecasts over the demo company and over files."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from tests.doors.commands import cyberpunk
from tests.unit.forecasting.test_covariates import promoted


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own")
    demand, future, _ = promoted()
    demand.to_csv(folder / "sales.csv", index=False)
    future.to_csv(folder / "plan.csv", index=False)
    many = pd.concat([demand[["ds", "y"]].assign(unique_id=f"s{place}") for place in range(4)])
    many = pd.concat([many, many.head(1).assign(unique_id="bad"), many.head(1).assign(unique_id="bad")])
    many.to_csv(folder / "many.csv", index=False)
    demand.drop(columns="y").to_csv(folder / "no_y.csv", index=False)
    return folder


def test_a_metric_is_forecast_and_explained(demo_home: Path) -> None:
    done = cyberpunk(demo_home, "forecast", "revenue", "--grain", "month", "--horizon", "3", "--why")
    assert done.returncode == 0, done.stderr
    for words in ("Backtest", "ensemble", "from the last value in its season", "the other members"):
        assert words in done.stdout


def test_a_file_with_a_plan_is_forecast_and_written(demo_home: Path, files: Path) -> None:
    asked = ["forecast", "--csv", str(files / "sales.csv"), "--future", str(files / "plan.csv"), "--horizon", "6", "--model", "theta"]
    told = json.loads(cyberpunk(demo_home, *asked, "--json", "--output", str(files / "out.csv")).stdout)
    assert {row["covariate"] for row in told["effects"]} == {"promotion"}
    written = pd.read_csv(files / "out.csv")
    assert written["mean"].tolist() == pytest.approx([row["mean"] for row in told["forecast"]])
    # Whatever other pages of this process have loaded, the file links nothing of another server.
    import panel

    panel.extension("tabulator")
    page = cyberpunk(demo_home, *asked, "--output", str(files / "out.html"))
    assert page.returncode == 0, page.stderr
    html = (files / "out.html").read_text()
    assert html.count("docs_json = ") == 1
    assert re.findall(r"<(?:script|link|img)[^>]*(?:src|href)=\"https?://[^\"]*", html) == []


def test_many_series_are_written_and_bad_ones_put_aside(demo_home: Path, files: Path) -> None:
    done = cyberpunk(
        demo_home, "forecast-many", str(files / "many.csv"), "--output", str(files / "many.parquet"), "--tier", "fast", "--horizon", "3"
    )
    assert done.returncode == 0, done.stderr
    assert "4 series" in done.stdout
    assert len(pd.read_parquet(files / "many.parquet")) == 12
    aside = pd.read_csv(files / "many.quarantine.csv")
    assert aside["unique_id"].tolist() == ["bad"]


def test_past_points_in_time_and_unusual_days(demo_home: Path) -> None:
    done = cyberpunk(demo_home, "cross-validate", "--grain", "month", "--horizon", "3", "--windows", "2", "--model", "theta")
    assert done.returncode == 0, done.stderr
    assert "2 past points in time" in done.stdout
    found = cyberpunk(demo_home, "anomalies", "revenue", "--grain", "day")
    assert found.returncode == 0, found.stderr
    assert "values were not to be expected" in found.stdout


REFUSED = {
    "is not there": (64, ["forecast", "--csv", "nowhere.csv"]),
    "column y is missing": (65, ["forecast", "--csv", "{folder}/no_y.csv"]),
    "no kind of file": (64, ["forecast", "--csv", "{folder}/sales.csv", "--output", "x.docx", "--model", "theta"]),
    "no holidays": (64, ["forecast", "--holidays", "XX"]),
    "century": (64, ["anomalies", "--grain", "century"]),
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_cannot_be_done_says_what_to_do(demo_home: Path, files: Path, words: str) -> None:
    code, asked = REFUSED[words]
    done = cyberpunk(demo_home, *(each.format(folder=files) for each in asked))
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "\n  hint: " in done.stderr
    assert "Traceback" not in done.stderr
