"""The network that comes trained: its arithmetic equals torch's, and what it says keeps order, scale and shift."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberpunk_ai.forecasting.pretrained import network, training
from cyberpunk_ai.forecasting.pretrained.families import FAMILIES, Family, family_of
from cyberpunk_ai.forecasting.pretrained.synthetic import draw_series


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
def test_the_shipped_network_answers_as_torch_does(family: Family) -> None:
    torch = pytest.importorskip("torch")
    weights = network.shipped(family)
    examples = training.made_up_examples(family, 40, seed=5)
    reference = training.torch_network(family.seen, family.ahead, torch.Generator(), weights)
    with torch.no_grad():
        told = reference(torch.from_numpy(examples.seen.astype("float32")), torch.from_numpy(examples.facts.astype("float32"))).numpy()
    np.testing.assert_allclose(network.answer(weights, examples.seen, examples.facts), np.sort(told, axis=-1), atol=2e-4)


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
def test_the_shipped_network_beats_the_last_value_on_series_it_has_not_seen(family: Family) -> None:
    examples = training.made_up_examples(family, 400, seed=987)
    told = network.answer(network.shipped(family), examples.seen, examples.facts)[..., network.MEDIAN]
    # Everything is told as a departure from the last value, so the last value itself says zero.
    assert np.abs(examples.after - told).mean() < 0.95 * np.abs(examples.after).mean()


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
def test_the_shipped_quantiles_hold_what_they_say_on_series_it_has_not_seen(family: Family) -> None:
    examples = training.made_up_examples(family, 600, seed=321)
    told = network.answer(network.shipped(family), examples.seen, examples.facts)
    inside = (examples.after >= told[..., 1]) & (examples.after <= told[..., -2])
    # The loss weighs easy series as much as hard ones, so over all the 80% band holds a little less.
    assert 0.66 <= inside.mean() <= 0.86


def test_quantiles_never_cross() -> None:
    family = FAMILIES["monthly"]
    windows = np.random.default_rng(0).normal(size=(50, family.seen)) * 10
    told = network.answer(network.shipped(family), windows, np.tile([1.0, 0.9, 1.0], (50, 1)))
    assert (np.diff(told, axis=-1) >= 0).all()


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=80), st.floats(0.1, 1e6), st.integers(2, 60))
def test_a_window_ends_at_zero_and_keeps_within_bounds(values: list[float], scale: float, length: int) -> None:
    window = network.window_of(np.array(values), scale, length)
    assert window.shape == (length,)
    assert window[-1] == 0
    assert np.abs(window).max() <= network.MOST


def test_a_short_history_is_filled_with_its_first_value() -> None:
    window = network.window_of(np.array([1.0, 3.0, 2.0]), 0.5, 5)
    np.testing.assert_allclose(window, [-2.0, -2.0, -2.0, 2.0, 0.0])


NEAREST = {
    1: "yearly",
    3: "quarterly",
    4: "quarterly",
    5: "quarterly",
    7: "daily",
    12: "monthly",
    24: "hourly",
    52: "weekly",
    168: "weekly",
}


@pytest.mark.parametrize(("season", "name"), NEAREST.items())
def test_a_season_takes_the_nearest_network(season: int, name: str) -> None:
    assert family_of(season).name == name


def test_made_up_series_are_finite_and_repeat_with_the_seed() -> None:
    for family in FAMILIES.values():
        one, other = (draw_series(np.random.default_rng(7), 64, family.shortest + family.ahead, family.season_length) for _ in range(2))
        assert np.isfinite(one).all()
        np.testing.assert_array_equal(one, other)


def test_learning_repeats_with_the_seed_and_lowers_the_loss() -> None:
    family = FAMILIES["yearly"]
    examples = training.made_up_examples(family, 600, seed=2)
    losses: list[float] = []
    one = training.learn(examples, steps=40, seed=3, on_progress=lambda _step, loss: losses.append(loss))
    other = training.learn(examples, steps=40, seed=3)
    assert losses[-1] < losses[0]
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name])
