"""Results become 3D scenes by name, as they become figures."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from cyberpunk_ai.charts.buildings import buildings_of, relative_change
from cyberpunk_ai.charts.scene3d import Terrain
from cyberpunk_ai.core.errors import NotBuilt
from cyberpunk_ai.core.results import SCENES
from cyberpunk_ai.data_fabric.semantic.results import MetricSeries, QueryResult
from cyberpunk_ai.forecasting import forecast


def slices(**more: Any) -> Any:
    rows = pd.DataFrame(
        {
            "region": ["EMEA", "APAC", "LATAM"],
            "channel": ["Web", "Web", "Shop"],
            "revenue": [5e6, 3e6, None],
            "revenue_previous": [4e6, 4e6, 1e6],
        }
    )
    return SimpleNamespace(
        **{"by": ("region", "channel"), "grain": None, "metric": "revenue", "unit": "currency", "to_frame": lambda: rows} | more
    )


def test_every_scene_is_found_by_name() -> None:
    assert SCENES.names() == ["city", "galaxy", "terrain"]
    assert QueryResult.scene_name == "city"


def test_slices_of_a_query_become_buildings_that_tell_how_they_moved() -> None:
    chosen: list[Any] = []
    city = SCENES.get("city")(slices(), on_select=chosen.append)
    told = {one.entity: (one.district, one.label, one.text, one.status) for one in city.plan.buildings}
    assert told == {"EMEA|Web": ("EMEA", "Web", "$5M", "good"), "APAC|Web": ("APAC", "Web", "$3M", "failing")}
    city.picked(0)
    assert chosen[0].entity in told
    city.close()


@pytest.mark.parametrize("more", [{"by": ()}, {"grain": "month"}, {"to_frame": lambda: pd.DataFrame({"revenue": [None]})}])
def test_what_has_no_slices_has_no_city(more: dict[str, Any]) -> None:
    with pytest.raises(NotBuilt) as caught:
        SCENES.get("city")(slices(**more))
    assert caught.value.hint


def test_a_forecast_is_its_own_landscape() -> None:
    sales = pd.Series(range(30), pd.date_range("2020-01-01", periods=30, freq="MS"), dtype=float)
    scene = forecast(sales, horizon=4, models=("theta",)).scene(theme=None)
    assert isinstance(scene, Terrain)
    scene.close()


def test_a_result_without_a_scene_says_what_to_do_instead() -> None:
    answer = MetricSeries("revenue", "Revenue", "currency", "month", pd.DataFrame(), None, pd.Timestamp("2026-01-01").date())
    with pytest.raises(NotBuilt, match="no 3D scene"):
        answer.scene()


def test_a_change_needs_something_to_compare_with() -> None:
    assert relative_change(110.0, 100.0) == pytest.approx(0.1)
    assert relative_change(5.0, 0.0) is None
    assert buildings_of(pd.DataFrame({"region": ["EMEA"], "revenue": [2.0]}), ["region"], "revenue", str)[0].status == "measured"
