"""What the forecast page says, from plain values."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd

from apps.forecasts import pieces


def result(names: list[str]) -> SimpleNamespace:
    """Two past and two coming periods per series: 10 and 20, then 30 and 40."""
    both = {"unique_id": [name for name in names for _ in range(2)]}
    ahead = {"mean": [30.0, 40.0] * len(names), "lo-95": [25.0, 30.0] * len(names), "hi-95": [35.0, 50.0] * len(names)}
    board = pd.DataFrame(
        {
            "model": ["ensemble", "seasonal_naive", "arima"],
            "mase": [0.5, 1.0, float("nan")],
            "smape": [12.34, 20.0, float("nan")],
            "note": ["", None, "the time budget was used up <before> it landed"],
        }
    )
    history = pd.DataFrame(both | {"y": [10.0, 20.0] * len(names)})
    return SimpleNamespace(forecast=pd.DataFrame(both | ahead), history=history, leaderboard=board, levels=(80, 95), season_length=1)


def test_sums_are_those_of_the_series_that_is_named() -> None:
    told = pieces.headline(result(["EMEA", "<b>"]), "", "<b>")
    assert "&lt;b&gt;: Next 2 periods" in told
    assert "&lt;b&gt;: The next one" in told
    assert ">70<" in told
    assert "95 % sure: 25 to 35" in told
    assert "12.3 %" in told


def test_the_only_series_is_not_named() -> None:
    assert ">Next 2 periods<" in pieces.headline(result(["value"]), "", None)


def test_who_was_left_out_has_no_error_and_tells_why() -> None:
    board = pieces.board(result(["value"]).leaderboard)
    assert "nan" not in board
    assert board.count("\u2013") == 2
    assert "used up &lt;before&gt; it landed" in board
    assert '<td class="num">0.50</td><td class="num">12.3 %</td>' in board


def test_members_tell_who_is_at_work_and_who_was_left_out() -> None:
    growing = pieces.members(["seasonal_naive", "theta"], ["arima"], is_last=False, elapsed_s=1.26)
    assert "2 of 3 after 1.3 s" in growing
    assert "is at work" in growing
    done = pieces.members(["seasonal_naive", "theta"], ["arima"], is_last=True, elapsed_s=60.0)
    assert "was left out" in done
    assert "is at work" not in done
