"""The city: plots never overlap, heights are in proportion, clicks find their building, shown labels never collide."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from cyberpunk_ai.charts.city_geometry import TRIANGLES_OF_A_BOX, box_index, boxes, live_array, merge
from cyberpunk_ai.charts.city_layout import LOWEST, PLOT, TALLEST, Building, plan_city, status_codes
from cyberpunk_ai.charts.labels import View, readable
from cyberpunk_ai.charts.scene3d import PRESETS, City, describe_city
from cyberpunk_ai.charts.scene3d.stage import towards_middle


def some_buildings(count: int, districts: int = 3) -> list[Building]:
    return [Building(f"e{n}", f"Building {n}", float(100 + 37 * n % 400), "measured", f"D{n % districts}", f"${n}") for n in range(count)]


@given(count=st.integers(1, 60), districts=st.integers(1, 7))
def test_no_two_buildings_share_a_plot(count: int, districts: int) -> None:
    plan = plan_city(some_buildings(count, districts))
    for one, other in combinations(plan.plots, 2):
        assert max(abs(one[0] - other[0]), abs(one[1] - other[1])) >= PLOT - 1e-4
    assert plan.plots[:, 2:].max() < PLOT


def test_heights_are_in_proportion_and_never_vanish() -> None:
    plan = plan_city([Building("a", "A", 100.0), Building("b", "B", 50.0), Building("c", "C", -5.0)])
    heights = plan.heights(np.array([100.0, 50.0, -5.0]))
    assert heights[0] == pytest.approx(TALLEST)
    assert heights[1] == pytest.approx(TALLEST / 2)
    assert heights[2] == pytest.approx(LOWEST)


def test_tallest_of_a_district_stands_nearest_to_the_middle() -> None:
    plan = plan_city(some_buildings(36))
    for name in {one.district for one in plan.buildings}:
        members = [index for index, one in enumerate(plan.buildings) if one.district == name]
        tallest = max(members, key=lambda index: plan.buildings[index].value)
        distances = {index: float(np.hypot(*plan.plots[index, :2])) for index in members}
        assert distances[tallest] == pytest.approx(min(distances.values()), abs=1e-3)


def test_every_triangle_to_click_belongs_to_its_building() -> None:
    plan = plan_city(some_buildings(9))
    corners, index = boxes(plan, plan.heights(np.array([one.value for one in plan.buildings]))), box_index(9).reshape(-1, 3)
    for place, triangle in enumerate(index):
        building = place // TRIANGLES_OF_A_BOX
        x, z, width, depth = plan.plots[building]
        assert np.all(np.abs(corners[triangle, 0] - x) <= width / 2 + 1e-5)
        assert np.all(np.abs(corners[triangle, 2] - z) <= depth / 2 + 1e-5)


def test_a_frame_is_one_array_that_repeats_per_building() -> None:
    plan = plan_city(some_buildings(4))
    merged = merge(plan)
    frame = live_array(np.ones(4, "f4"), np.zeros(4, "f4"), status_codes(["good"] * 4), 2, merged.vertices)
    assert frame.shape == (4 * merged.vertices, 4)
    assert frame.shape[0] == merged.position.shape[0] == merged.part.shape[0] == merged.plot.shape[0]
    assert merged.index.max() == frame.shape[0] - 1
    assert frame[:, 3].reshape(4, -1).any(axis=1).tolist() == [False, False, True, False]


VIEW = View((20.0, 14.0, 30.0), (0.0, 2.0, 0.0), 38.0, 2.2)


def test_what_the_camera_looks_at_is_in_the_middle_of_the_picture() -> None:
    seen = VIEW.project(np.array([[0.0, 2.0, 0.0], [20.0, 14.0, 31.0]]))
    assert seen[0, :2] == pytest.approx([0.0, 0.0], abs=1e-9)
    assert seen[1, 2] < 0


@given(st.lists(st.tuples(st.floats(-12, 12), st.floats(0, 9), st.floats(-12, 12)), min_size=1, max_size=20))
def test_shown_labels_never_overlap_and_the_greatest_is_kept(places: list[tuple[float, float, float]]) -> None:
    points, sizes = np.array(places), np.tile([5.0, 0.8], (len(places), 1))
    shown = readable(VIEW, points, sizes, [float(-place) for place in range(len(places))])
    seen = VIEW.project(points)
    half = sizes / 2 / (np.tan(np.radians(19.0)) * seen[:, 2:])
    half[:, 0] /= VIEW.aspect
    for one, other in combinations([place for place, is_shown in enumerate(shown) if is_shown], 2):
        assert np.any(np.abs(seen[one, :2] - seen[other, :2]) > half[one] + half[other])
    if bool(np.all(np.abs(seen[0, :2]) + half[0] <= 1.0)):
        assert shown[0]


def test_a_frame_is_sent_only_when_something_changed() -> None:
    buildings = some_buildings(12)
    city = City(buildings)
    values = np.array([one.value for one in buildings])
    assert not city.update(values)
    values[3] += 50
    assert city.update(values, np.eye(12)[3])
    city.close()


def test_selecting_marks_one_building_and_selecting_nothing_clears() -> None:
    city = City(some_buildings(5))
    chosen = city.select("e3")
    assert chosen is not None
    assert chosen.entity == "e3"
    assert city.select(None) is None
    assert city.selected == -1
    city.close()


def test_the_first_click_selects_and_the_click_that_ends_a_turn_does_not() -> None:
    chosen: list[Building | None] = []
    city = City(some_buildings(5), on_select=chosen.append)
    x, y, z = city._camera.position
    city._camera.position = (x + 1e-7, y, z)  # what a page sends with its first click, turned or not
    city._picker.set_state({"faceIndex": 3 * TRIANGLES_OF_A_BOX, "point": [1.0, 0.0, 0.0]})
    assert [one.entity for one in chosen if one] == ["e3"]
    city._camera.position = (-x, y, z)
    city._picker.set_state({"faceIndex": 1 * TRIANGLES_OF_A_BOX, "point": [2.0, 0.0, 0.0]})
    assert len(chosen) == 1
    city._turned = 0.0
    city._picker.set_state({"faceIndex": 1 * TRIANGLES_OF_A_BOX, "point": [2.1, 0.0, 0.0]})
    assert chosen[-1] is not None
    assert chosen[-1].entity == "e1", "a second click on the face that the turn ended on"
    city.close()


def test_description_says_what_a_reader_cannot_see() -> None:
    words = describe_city(
        [Building("a", "Lamps", 9.0, "failing", "EMEA", "$9"), Building("b", "Desks", 4.0, "good", "APAC", "$4")], "revenue"
    )
    assert words.startswith("2 buildings in 2 districts (EMEA, APAC); height is revenue.")
    assert "Tallest: Lamps in EMEA $9" in words
    assert "1 falling." in words


def test_closing_a_city_leaves_no_widget_behind() -> None:
    from ipywidgets.widgets.widget import _instances

    before = len(_instances)
    city = City(some_buildings(20))
    assert len(_instances) > before
    city.close()
    assert len(_instances) == before


@pytest.mark.parametrize("preset", PRESETS)
def test_a_camera_that_was_moved_looks_at_the_middle_upright(preset: str) -> None:
    city = City(some_buildings(4))
    city.look_from(preset)
    place = np.asarray(city._camera.position, float)
    turn = Rotation.from_quat(city._camera.quaternion)
    np.testing.assert_allclose(turn.apply((0.0, 0.0, -1.0)), -place / np.linalg.norm(place), atol=1e-6)
    assert turn.apply((0.0, 1.0, 0.0))[1] > 0, "its head is up"
    city.close()


def test_a_camera_before_the_middle_is_not_turned() -> None:
    assert towards_middle((0.0, 0.0, 5.0)) == pytest.approx((0.0, 0.0, 0.0, 1.0))
