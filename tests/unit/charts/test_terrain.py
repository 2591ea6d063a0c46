"""The forecast terrain: heights are in proportion, the band opens at the last measured day, a click finds its series and period."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberpunk_ai.charts.scene3d import Terrain, describe_terrain
from cyberpunk_ai.charts.terrain_layout import HISTORY_PER_STEP, TALL, plan_terrain, surface, thickened
from cyberpunk_ai.charts.theme import theme_names
from cyberpunk_ai.core.errors import ContractBroken, InvalidArgument


def a_forecast(names: tuple[str, ...] = ("a", "b", "c"), past: int = 30, horizon: int = 4) -> SimpleNamespace:
    days = pd.date_range("2024-01-01", periods=past + horizon, freq="D")
    history, ahead = [], []
    for place, name in enumerate(names):
        level = 10.0 * (place + 1)
        history.append(pd.DataFrame({"unique_id": name, "ds": days[:past], "y": np.linspace(level / 2, level, past)}))
        mean = np.full(horizon, level * 1.1)
        ahead.append(
            pd.DataFrame(
                {
                    "unique_id": name,
                    "ds": days[past:],
                    "mean": mean,
                    "lo-80": mean - 1,
                    "hi-80": mean + 1,
                    "lo-95": mean - 2,
                    "hi-95": mean + 2,
                }
            )
        )
    return SimpleNamespace(history=pd.concat(history), forecast=pd.concat(ahead), levels=(80, 95), horizon=horizon)


def test_heights_are_in_proportion_and_the_largest_series_comes_first() -> None:
    plan = plan_terrain(a_forecast())
    assert plan.names == ("c", "b", "a")
    assert plan.heights.max() == pytest.approx(TALL)
    assert plan.heights[0, plan.now] / plan.heights[2, plan.now] == pytest.approx(3.0, rel=1e-5)
    assert plan.heights.shape == (3, min(30, max(12, 4 * HISTORY_PER_STEP)) + 4)
    assert plan.dates[plan.now] == pd.Timestamp("2024-01-30")


def test_the_band_has_no_width_where_everything_is_known() -> None:
    plan = plan_terrain(a_forecast())
    assert np.allclose(plan.lows[:, 0], plan.heights[:, plan.now])
    assert np.allclose(plan.highs[:, 0], plan.heights[:, plan.now])
    assert (plan.highs[:, 1:] > plan.heights[:, plan.now + 1 :]).all()
    wider = plan_terrain(a_forecast(), level=95)
    assert (wider.highs[:, 1:] >= plan.highs[:, 1:]).all()


@given(rows=st.integers(2, 6), columns=st.integers(2, 9))
def test_a_surface_has_two_triangles_per_cell(rows: int, columns: int) -> None:
    corners, triangles = surface(np.arange(columns, dtype="f4"), np.arange(rows, dtype="f4"), np.zeros((rows, columns), "f4"))
    assert corners.shape == (rows * columns, 3)
    assert triangles.reshape(-1, 3).shape[0] == 2 * (rows - 1) * (columns - 1)
    assert triangles.max() == rows * columns - 1
    # Seen from above the triangles cover the whole floor.
    flat = corners[triangles.reshape(-1, 3)][:, :, [0, 2]]
    one, other = flat[:, 1] - flat[:, 0], flat[:, 2] - flat[:, 0]
    assert np.abs(one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]).sum() / 2 == pytest.approx((rows - 1) * (columns - 1))


def test_a_face_is_a_series_and_a_period() -> None:
    chosen = []
    terrain = Terrain(a_forecast(), on_select=chosen.append)
    cells = len(terrain.plan.dates) - 1
    first = terrain.point_of(0)
    assert (first.entity, first.date, first.is_predicted) == ("c", terrain.plan.dates[0], False)
    last = terrain.point_of(2 * 2 * cells - 1)
    assert (last.entity, last.is_predicted, last.value) == ("a", True, pytest.approx(11.0))
    terrain.picked(2 * cells)
    assert chosen[-1].entity == "b"
    assert terrain.selected == "b"
    terrain.picked(None)
    assert chosen[-1] is None
    assert terrain.selected is None
    terrain.close()


@pytest.mark.parametrize("theme", theme_names())
def test_one_series_is_a_strip_and_every_theme_and_preset_stands(theme: str) -> None:
    from cyberpunk_ai.charts.theme import load_theme

    terrain = Terrain(a_forecast(("only",)), theme=load_theme(theme), width=480, height=460)
    assert terrain.named.names == ("only",)
    assert len(terrain.plan.names) == 2
    for preset in ("front", "side", "above", "home"):
        terrain.look_from(preset)
    terrain.resize(900, 400)
    with pytest.raises(InvalidArgument, match="no camera preset"):
        terrain.look_from("below")
    terrain.close()


def test_series_that_began_later_are_flat_before() -> None:
    answer = a_forecast()
    is_late = (answer.history["unique_id"] == "a") & (answer.history["ds"] < "2024-01-25")
    answer.history = answer.history[~is_late]
    plan = thickened(plan_terrain(answer))
    assert plan.heights[2, 0] == 0
    assert np.isfinite(plan.heights).all()


def test_too_many_series_are_left_out_and_this_is_said() -> None:
    plan = plan_terrain(a_forecast(tuple("abcdef")), most=4)
    assert plan.left_out == 2
    words = describe_terrain(plan, "revenue")
    assert "4 series of revenue" in words
    assert "2 smaller series are not drawn." in words
    assert "Most growth" in words


def test_a_forecast_of_nothing_is_refused() -> None:
    empty = a_forecast()
    empty.forecast = empty.forecast.iloc[:0]
    with pytest.raises(ContractBroken, match="holds no series"):
        plan_terrain(empty)


def test_closing_a_terrain_leaves_no_widget_behind() -> None:
    from ipywidgets.widgets.widget import _instances

    before = len(_instances)
    terrain = Terrain(a_forecast())
    assert len(_instances) > before
    terrain.close()
    assert len(_instances) == before
