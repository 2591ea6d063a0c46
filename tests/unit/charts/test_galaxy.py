"""The customer galaxy: the same customer at the same place, the farther out the likelier to leave, a click finds its customer."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cyberpunk_ai.charts.galaxy_layout import CORE, REACH, plan_galaxy, tetrahedra
from cyberpunk_ai.charts.scene3d import Galaxy, describe_galaxy
from cyberpunk_ai.charts.scene3d.galaxy import FACES_OF_A_POINT
from cyberpunk_ai.charts.theme import MEANINGS
from cyberpunk_ai.core.errors import ContractBroken


def customers(count: int = 300, seed: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    chance = rng.random(count)
    return pd.DataFrame(
        {
            "customer_id": [f"c{place}" for place in range(count)],
            "segment": rng.choice(["Champions", "At risk", "Lost"], count),
            "churn_probability": chance,
            "risk": np.select([chance > 0.7, chance > 0.4], ["high", "medium"], "low"),
            "lifetime_value": rng.gamma(2.0, 100.0, count),
        }
    )


def test_the_same_customer_is_at_the_same_place_in_every_session() -> None:
    rows = customers()
    one, other = plan_galaxy(rows), plan_galaxy(rows.sample(frac=1.0, random_state=1))
    places = dict(zip(other.entities, other.places, strict=True))
    assert all(np.allclose(places[name], place) for name, place in zip(one.entities, one.places, strict=True))


def test_who_may_leave_is_farther_out_and_who_is_worth_more_is_larger() -> None:
    rows = customers()
    plan = plan_galaxy(rows)
    out = np.hypot(plan.places[:, 0], plan.places[:, 2])
    assert np.corrcoef(out, rows["churn_probability"])[0, 1] > 0.95
    assert out.min() >= CORE - 0.9
    assert out.max() <= REACH + 0.9
    assert np.corrcoef(plan.sizes, np.sqrt(rows["lifetime_value"]))[0, 1] > 0.95
    assert {MEANINGS[int(code)] for code in plan.codes} == {"good", "warning", "failing"}


def test_customers_of_an_arm_stay_together() -> None:
    plan = plan_galaxy(customers(900))
    place, segments = plan.places[:, [0, 2]], np.array(plan.segments)
    turned = np.arctan2(place[:, 1], place[:, 0]) - 1.15 * np.hypot(*place.T) / REACH
    for name, angle in plan.arms.items():
        off = np.angle(np.exp(1j * (turned[segments == name] - angle)))
        assert np.abs(off).max() < 2 * np.pi / 3 * 0.75


def test_the_least_valuable_are_left_out_first() -> None:
    rows = customers(50)
    plan = plan_galaxy(rows, most=20)
    assert plan.left_out == 30
    assert set(plan.entities) == set(rows.nlargest(20, "lifetime_value")["customer_id"])
    assert "30 of least value are not drawn" in describe_galaxy(plan)


def test_every_face_belongs_to_its_customer() -> None:
    plan = plan_galaxy(customers(40))
    corners, faces = tetrahedra(plan)
    middles = corners[faces.reshape(-1, 3)].mean(axis=1)
    for face, middle in enumerate(middles):
        assert np.linalg.norm(middle - plan.places[face // FACES_OF_A_POINT]) < 1.0


def test_a_click_selects_and_filters_dim_the_others() -> None:
    chosen = []
    galaxy = Galaxy(customers(60), on_select=chosen.append)
    galaxy.picked(FACES_OF_A_POINT * 7 + 2)
    assert chosen == [galaxy.plan.entities[7]]
    assert galaxy.selected == galaxy.plan.entities[7]
    galaxy.picked(None)
    assert chosen[-1] is None
    assert galaxy.show_only({"c1", "c2", "nobody"}) == 2
    assert galaxy.show_only(None) == 60
    assert galaxy.select("nobody") is None
    galaxy.close()


def test_ten_thousand_customers_are_laid_out_and_no_more() -> None:
    plan = plan_galaxy(customers(10_050))
    assert len(plan.entities) == 10_000
    assert plan.left_out == 50


def test_missing_columns_are_named() -> None:
    with pytest.raises(ContractBroken, match="lack risk, segment"):
        plan_galaxy(customers().drop(columns=["risk", "segment"]))
    with pytest.raises(ContractBroken, match="there is no customer"):
        plan_galaxy(customers().iloc[:0])


def test_description_counts_segments_and_risks() -> None:
    words = describe_galaxy(plan_galaxy(customers(100)))
    assert words.startswith("100 customers in 3 segments")
    assert "high," in words
